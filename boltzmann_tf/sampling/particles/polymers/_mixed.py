"""A round of mixed moves of one replica, part of kernels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles.polymers.beads import bead_move
from boltzmann_tf.sampling.particles.polymers.crankshafts import crankshaft
from boltzmann_tf.sampling.particles.polymers.pivots import pivot
from boltzmann_tf.sampling.particles.polymers.reptation import reptation

__all__ = ["MOVES", "mixed_round"]

MOVES = ("particles", "pivots", "crankshafts", "reptation")


@functools.lru_cache(maxsize=32)
def mixed_round(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """n moves, each drawn by its weight.

    Takes x, beads of the chain, steps `[3]`, T, (terms, factors, sides), arrays for a group, sums
    of the weights up to each move, n, a stream, and counts to add to: tried and accepted moves of
    each kind, `[4]`. Returns how many were not finite, and the stream.
    """
    bead, turn, crank, creep = (
        make(compiled, dimension, periodic) for make in (bead_move, pivot, crankshaft, reptation)
    )

    @formula
    def mixed(
        x: Any,
        chain: Any,
        step: Any,
        t: Any,
        model: Any,
        group: Any,
        cumulated: Any,
        n_moves: Any,
        stream: Any,
        tried: Any,
        accepted: Any,
    ) -> Any:
        not_finite = 0
        for _ in range(n_moves):
            word, a, b, c, d = next_word(stream[0], stream[1], stream[2], stream[3])
            stream = (a, b, c, d)
            u = uniform_open(word)
            if u < cumulated[0]:
                kind = 0
                yes, bad, stream = bead(x, chain, step[0], t, model, group, stream)
            elif u < cumulated[1]:
                kind = 1
                yes, bad, stream = turn(x, chain, step[1], t, model, group, stream)
            elif u < cumulated[2]:
                kind = 2
                yes, bad, stream = crank(x, chain, step[2], t, model, group, stream)
            else:
                kind = 3
                yes, bad, stream = creep(x, chain, 0.0, t, model, group, stream)
            tried[kind] += 1
            accepted[kind] += yes
            not_finite += bad
        return not_finite, stream

    return mixed
