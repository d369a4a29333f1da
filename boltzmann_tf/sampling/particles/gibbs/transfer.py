"""A move of one particle from one box to the other, and Widom's average by the way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word, random_below
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles.gibbs._pairs import PairSums

__all__ = ["transfer"]


@formula
def _anywhere1(low: Any, room: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    word, a, b, c, d = next_word(a, b, c, d)
    return (low + room * uniform_open(word),), a, b, c, d


@formula
def _anywhere2(low: Any, room: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    first, a, b, c, d = next_word(a, b, c, d)
    second, a, b, c, d = next_word(a, b, c, d)
    return (low + room * uniform_open(first), low + room * uniform_open(second)), a, b, c, d


@formula
def _anywhere3(low: Any, room: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    first, a, b, c, d = next_word(a, b, c, d)
    second, a, b, c, d = next_word(a, b, c, d)
    third, a, b, c, d = next_word(a, b, c, d)
    q = (
        low + room * uniform_open(first),
        low + room * uniform_open(second),
        low + room * uniform_open(third),
    )
    return q, a, b, c, d


ANYWHERE = {1: _anywhere1, 2: _anywhere2, 3: _anywhere3}


@functools.lru_cache(maxsize=32)
def transfer(sums: PairSums, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """A particle of one box, each as likely, goes to a point anywhere in the other.

    Accepted with N1 V2 / ((N2 + 1) V1) exp(-dU / T) from 1 to 2. The chemical potential of a box
    is -T ln <V / (N + 1) exp(-dU / T)> of insertions, be they accepted or not. Takes what
    `displacement` takes, in the place of steps `widom` `[2, 2]`, to which V / (N + 1) exp(-dU / T)
    and 1 are added; returns 1 for accepted, 1 for NaN, the stream.
    """
    of_point, anywhere = sums.of_point, ANYWHERE[dimension]
    held, added, dropped = sums.cells.held, sums.cells.added, sums.cells.dropped
    space = SPACES[dimension, periodic]
    rows_of, point = space.rows, space.point

    @formula
    def move(boxes: Any, widom: Any, t: Any, model: Any, stream: Any) -> Any:
        (x, n, volume, energy, cells), (own, told) = boxes, model
        uniform, margin, _, densest, _ = told
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        source = 0 if word < np.uint64(2**63) else 1
        target = 1 - source
        many, few = n[source], n[target]
        side, other = volume[target] ** (1 / dimension), volume[source] ** (1 / dimension)
        room, left = max(side - 2 * margin, 0.0), other - 2 * margin
        q, a, b, c, d = anywhere(margin, room, a, b, c, d)
        into, out = held(cells, target), held(cells, source)
        inserted = of_point(rows_of(x[target]), few, q, few, own, side, into)
        more = uniform * (2 * few + 1) / volume[target]
        free = room**dimension / (few + 1)
        gained = free * np.exp(-(inserted + more) / t)
        if room == 0 or few + 1 > densest * volume[target]:
            gained = 0.0
        if np.isnan(gained):
            return 0, 1, (a, b, c, d)
        widom[target, 0] += gained
        widom[target, 1] += 1
        if many == 0 or gained == 0:
            return 0, 0, (a, b, c, d)
        word, a, b, c, d = next_word(a, b, c, d)
        i = random_below(word, many)
        word, a, b, c, d = next_word(a, b, c, d)
        rows = rows_of(x[source])
        removed = of_point(rows, many, point(rows, i), i, own, other, out)
        less = uniform * (1 - 2 * many) / volume[source]
        ratio = gained * many / left**dimension * np.exp((removed - less) / t)
        if np.isnan(ratio):
            return 0, 1, (a, b, c, d)
        if ratio < 1 and uniform_open(word) >= ratio:
            return 0, 0, (a, b, c, d)
        xs, xt = x[source], x[target]
        for k in range(dimension):
            xt[k, few] = q[k]
            xs[k, i] = xs[k, many - 1]
        added(into, few, q, side)
        dropped(out, i, many - 1)
        n[source], n[target] = many - 1, few + 1
        energy[source] -= removed
        energy[target] += inserted
        return 1, 0, (a, b, c, d)

    return move
