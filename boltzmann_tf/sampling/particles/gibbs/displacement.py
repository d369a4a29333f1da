"""A move of one particle within its box."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word, random_below
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles._kernels import PROPOSED
from boltzmann_tf.sampling.particles.gibbs._pairs import PairSums

__all__ = ["displacement"]


@functools.lru_cache(maxsize=32)
def displacement(sums: PairSums, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """A particle, any of all, goes to a point uniform in a cube about where it is.

    Takes (x `[2, dimension, N]`, n, volume, energy, cells) of the boxes, half sides of the cubes,
    T, the (pair's numbers, system's), and a stream; returns the box, 1 if accepted, 1 if NaN, the
    stream.
    """
    of_point, proposed = sums.of_point, PROPOSED[dimension]
    held, moved = sums.cells.held, sums.cells.moved
    space = SPACES[dimension, periodic]
    rows_of, point = space.rows, space.point

    @formula
    def move(boxes: Any, step: Any, t: Any, model: Any, stream: Any) -> Any:
        (x, n, volume, energy, cells), (own, told) = boxes, model
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        i, box = random_below(word, n[0] + n[1]), 0
        if i >= n[0]:
            i, box = i - n[0], 1
        side = volume[box] ** (1 / dimension)
        xb = x[box]
        q, a, b, c, d = proposed(xb, i, step[box], a, b, c, d)
        word, a, b, c, d = next_word(a, b, c, d)
        if not periodic:
            for k in range(dimension):
                if not told[1] <= q[k] <= side - told[1]:
                    return box, 0, 0, (a, b, c, d)
        rows, hold = rows_of(xb), held(cells, box)
        new = of_point(rows, n[box], q, i, own, side, hold)
        old = of_point(rows, n[box], point(rows, i), i, own, side, hold)
        change = new - old
        if np.isnan(change):
            return box, 0, 1, (a, b, c, d)
        if change > 0 and uniform_open(word) >= np.exp(-change / t):
            return box, 0, 0, (a, b, c, d)
        for k in range(dimension):
            xb[k, i] = q[k] - side * np.floor(q[k] / side) if periodic else q[k]
        moved(hold, i, q, side)
        energy[box] += change
        return box, 1, 0, (a, b, c, d)

    return move
