"""Reptation: the chain creeps on by one bead, like a snake.

Wall and Mandel, J. Chem. Phys. 63, 4592 (1975).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles.polymers._vectors import VECTORS

__all__ = ["reptation"]


@functools.lru_cache(maxsize=32)
def reptation(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """The last bond is taken away and put to the other end, in a direction of chance.

    It keeps its length, so that the way back is as likely: the bond that was taken has the length
    of that which was put. In a periodic box a bond that is not its own nearest image is refused.
    Arguments as of `bead_move`; the step is not used.
    """
    space, vectors = SPACES[dimension, periodic], VECTORS[dimension, periodic]
    point, rows_of, difference = space.point, space.rows, space.difference
    plus, times, length = vectors.plus, vectors.times, vectors.length
    direction, inside = vectors.direction, vectors.inside
    total = compiled.total

    @formula
    def move(x: Any, chain: Any, step: Any, t: Any, model: Any, group: Any, stream: Any) -> Any:
        a, b, c, d = stream
        n, rows, sides, to = chain.size, rows_of(x), model[2], group[2]
        word, a, b, c, d = next_word(a, b, c, d)
        # The end that creeps on, and the way from there to the other.
        head, back = (0, 1) if word < np.uint64(2**63) else (n - 1, -1)
        tail = n - 1 - head
        bond = difference(point(rows, chain[tail]), point(rows, chain[tail - back]), sides)
        u, stream = direction((a, b, c, d))
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        bond = times(length(bond), u)
        if not inside(bond, sides):
            return 0, 0, (a, b, c, d)
        new = plus(point(rows, chain[head]), bond)
        before = total(x, model[0], model[1])
        for k in range(dimension):
            for i in range(n):
                to[k, i] = x[k, chain[i]]
            for i in range(n - 1):
                x[k, chain[head + back * (i + 1)]] = to[k, head + back * i]
            x[k, chain[head]] = new[k]
        log_ratio = (before - total(x, model[0], model[1])) / t
        if log_ratio >= 0 or uniform_open(word) < np.exp(log_ratio):
            return 1, 0, (a, b, c, d)
        for k in range(dimension):
            for i in range(n):
                x[k, chain[i]] = to[k, i]
        return 0, (1 if np.isnan(log_ratio) else 0), (a, b, c, d)

    return move
