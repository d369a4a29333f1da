"""A move of volume from one box to the other, the particles scaled along."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import symmetric, uniform_open
from boltzmann_tf.sampling.particles.gibbs._pairs import PairSums

__all__ = ["volume_exchange"]


@functools.lru_cache(maxsize=32)
def volume_exchange(sums: PairSums, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """V1 is changed by a step that is uniform in ln(V1 / V2).

    The density of ln(V1 / V2) has a power of each volume more than that of V1, which is that of
    V1^N1 V2^N2: N1 + 1 and N2 + 1 (a step that is uniform in V1 has N1 and N2). Takes what
    `displacement` takes, and the power more, 1; returns 1 for accepted, 1 for NaN, 1 where a box
    would not hold the cut-off or be too dense.
    """
    total, held, wide, build = sums.total, sums.cells.held, sums.cells.wide, sums.cells.build
    rows_of = SPACES[dimension, periodic].rows

    @formula
    def move(boxes: Any, step: Any, t: Any, model: Any, stream: Any, more: Any) -> Any:
        (x, n, volume, energy, cells), (own, told) = boxes, model
        uniform, margin, least, densest, both = told
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        shifted = np.log(volume[0] / volume[1]) + step * symmetric(word)
        word, a, b, c, d = next_word(a, b, c, d)
        first = both / (1 + np.exp(-shifted))
        new = (first, both - first)
        log_ratio, energies, factors = 0.0, (0.0, 0.0), (1.0, 1.0)
        for k in range(2):
            if new[k] < least or n[k] > densest * new[k]:
                return 0, 0, 1, (a, b, c, d)
            side, factor = volume[k] ** (1 / dimension), 1.0
            if n[k] > 0:
                factor = (new[k] ** (1 / dimension) - 2 * margin) / (side - 2 * margin)
                if factor <= 0:  # no room between the margins
                    return 0, 0, 1, (a, b, c, d)
            u = total(rows_of(x[k]), n[k], own, side, factor * factor, held(cells, k))
            change = u - energy[k] + uniform * n[k] * n[k] * (1 / new[k] - 1 / volume[k])
            log_ratio += dimension * n[k] * np.log(factor) - change / t
            log_ratio += more * np.log(new[k] / volume[k])
            if k == 0:
                energies, factors = (u, 0.0), (factor, 1.0)
            else:
                energies, factors = (energies[0], u), (factors[0], factor)
        if np.isnan(log_ratio):
            return 0, 1, 0, (a, b, c, d)
        if log_ratio < 0 and uniform_open(word) >= np.exp(log_ratio):
            return 0, 0, 0, (a, b, c, d)
        for k in range(2):
            xk = x[k]
            for i in range(n[k]):
                for m in range(dimension):
                    xk[m, i] = margin + factors[k] * (xk[m, i] - margin)
            volume[k], energy[k] = new[k], energies[k]
            side, cut, hold = new[k] ** (1 / dimension), np.sqrt(own[1]), held(cells, k)
            if not wide(hold, side, cut):
                build(hold, rows_of(xk), n[k], side, cut)
        return 1, 0, 0, (a, b, c, d)

    return move
