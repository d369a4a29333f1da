"""A move of one particle: a bead of the chain, or one of the solvent."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word, random_below
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles._kernels import PROPOSED

__all__ = ["bead_move"]


@functools.lru_cache(maxsize=32)
def bead_move(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """A particle, any of all, goes to a point uniform in a cube about where it is.

    Takes x `[dimension, N]`, beads of the chain, half the side of the cube, T, (terms, factors,
    sides), arrays for a group that moves together, and a stream; returns 1 if accepted, 1 if NaN,
    and the stream.
    """
    change, proposed = compiled.change, PROPOSED[dimension]
    del periodic

    @formula
    def move(x: Any, chain: Any, step: Any, t: Any, model: Any, group: Any, stream: Any) -> Any:
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        i = random_below(word, x.shape[1])
        q, a, b, c, d = proposed(x, i, step, a, b, c, d)
        word, a, b, c, d = next_word(a, b, c, d)
        log_ratio = -change(x, i, q, model[0], model[1]) / t
        if np.isnan(log_ratio):
            return 0, 1, (a, b, c, d)
        if log_ratio < 0 and uniform_open(word) >= np.exp(log_ratio):
            return 0, 0, (a, b, c, d)
        for k in range(dimension):
            x[k, i] = q[k]
        return 1, 0, (a, b, c, d)

    return move
