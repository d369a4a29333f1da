"""A pivot: all beads on one side of a bead are turned about it.

Lal, Mol. Phys. 17, 57 (1969); Madras and Sokal, J. Stat. Phys. 50, 109 (1988): of all known moves,
the one after which the size of a long chain is forgotten soonest.
"""

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

__all__ = ["pivot"]


@functools.lru_cache(maxsize=32)
def pivot(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """The shorter side of a bead is turned about it, by an angle of chance up to `step`.

    Bond vectors are turned, each to the nearest image; a turn after which one is no longer its own
    nearest image would not be undone by the turn back, and is refused. Arguments as of `bead_move`.
    """
    space, vectors = SPACES[dimension, periodic], VECTORS[dimension, periodic]
    point, rows_of, difference = space.point, space.rows, space.difference
    plus, any_turn = vectors.plus, vectors.any_turn
    turned, inside = vectors.turned, vectors.inside
    accept = accepted_group(compiled, dimension)

    @formula
    def move(x: Any, chain: Any, step: Any, t: Any, model: Any, group: Any, stream: Any) -> Any:
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        n, rows, sides = chain.size, rows_of(x), model[2]
        if n < 3:
            return 0, 0, (a, b, c, d)
        at = 1 + random_below(word, n - 2)
        word, a, b, c, d = next_word(a, b, c, d)
        turn, stream = any_turn(step * symmetric(word), (a, b, c, d))
        a, b, c, d = stream
        word, a, b, c, d = next_word(a, b, c, d)
        size, away = (at, -1) if at < n - 1 - at else (n - 1 - at, 1)
        last = point(rows, chain[at])
        new, stays = last, True
        for g in range(size):
            here = point(rows, chain[at + away * (g + 1)])
            bond = turned(turn, difference(here, last, sides))
            stays = stays and inside(bond, sides)
            last, new = here, plus(new, bond)
            put(group, g, chain[at + away * (g + 1)], new)
        if not stays:
            for g in range(size):
                group[1][group[0][g]] = -1
            return 0, 0, (a, b, c, d)
        yes, bad = accept(x, size, group, t, model, word)
        return yes, bad, (a, b, c, d)

    return move
