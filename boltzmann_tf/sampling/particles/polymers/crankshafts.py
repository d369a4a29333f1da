"""A crankshaft: the beads between two beads are turned about the line through these."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word, random_below
from boltzmann_tf.sampling._uniform import symmetric
from boltzmann_tf.sampling.particles.polymers._groups import accepted_group, put
from boltzmann_tf.sampling.particles.polymers._vectors import VECTORS

__all__ = ["crankshaft"]


@functools.lru_cache(maxsize=32)
def crankshaft(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """Beads between two others, two to eight bonds apart, are turned about the line through them.

    By an angle of chance up to `step` in space, in the plane to the other side of the line; both
    ends stay. Bonds as in `pivot`, arguments as of `bead_move`.
    """
    space, vectors = SPACES[dimension, periodic], VECTORS[dimension, periodic]
    point, rows_of, difference = space.point, space.rows, space.difference
    plus, times, length = vectors.plus, vectors.times, vectors.length
    turn_about, turned, inside = vectors.turn_about, vectors.turned, vectors.inside
    accept = accepted_group(compiled, dimension)

    @formula
    def move(x: Any, chain: Any, step: Any, t: Any, model: Any, group: Any, stream: Any) -> Any:
        a, b, c, d = stream
        n, rows, sides = chain.size, rows_of(x), model[2]
        if n < 3:
            return 0, 0, (a, b, c, d)
        word, a, b, c, d = next_word(a, b, c, d)
        size = 1 + random_below(word, min(7, n - 2))
        word, a, b, c, d = next_word(a, b, c, d)
        at = random_below(word, n - 1 - size)
        angle, a, b, c, d = next_word(a, b, c, d)
        word, a, b, c, d = next_word(a, b, c, d)
        last = point(rows, chain[at])
        first = difference(point(rows, chain[at + 1]), last, sides)
        line, last = first, point(rows, chain[at + 1])
        for g in range(1, size + 1):
            here = point(rows, chain[at + g + 1])
            line, last = plus(line, difference(here, last, sides)), here
        r = length(line)
        if r == 0:
            return 0, 0, (a, b, c, d)
        turn = turn_about(times(1 / r, line), step * symmetric(angle))
        last = point(rows, chain[at])
        new, stays = last, True
        for g in range(size):
            here = point(rows, chain[at + g + 1])
            bond = turned(turn, difference(here, last, sides))
            stays = stays and inside(bond, sides)
            last, new = here, plus(new, bond)
            put(group, g, chain[at + g + 1], new)
        bond = turned(turn, difference(point(rows, chain[at + size + 1]), last, sides))
        if not (stays and inside(bond, sides)):
            for g in range(size):
                group[1][group[0][g]] = -1
            return 0, 0, (a, b, c, d)
        yes, bad = accept(x, size, group, t, model, word)
        return yes, bad, (a, b, c, d)

    return move
