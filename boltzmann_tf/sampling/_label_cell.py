"""One order of identical particles: the cell of configurations that sites claim in that order.

Of the n! orders of n particles, one has the least sum of squared distances to n sites. The
configurations whose own order that is, particle i to site i, are a cell; its n! copies tile all of
space. Potentials v_b of the sites prove that a configuration is inside,

    c_ab - v_b >= c_aa - v_a   for all particles a and sites b,   c_ab = |x_a - s_b|^2,

as the dual variables of the assignment do. A move of one particle changes one row of c: mostly the
old potentials still prove it, in one pass over the sites; else Dijkstra's algorithm finds new ones,
or the cycle of exchanges that gains. In a periodic box distances are those to the nearest image.
Where all sites and particles are shifted alike, or all particles alone in open space, orders differ
by as much as before: the cell knows no place of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from boltzmann_tf.potentials._space import SPACES, squared_distance_of

__all__ = ["LabelCell", "label_cell"]


class LabelCell(NamedTuple):
    """The functions of one dimension, for Numba's code.

    `x` are the positions of all particles, `[dimension, n]`; `free` says which of them have sites,
    `[m]`; `sites` are theirs, `[dimension, m]`, and `sides` those of a periodic box, else ().

    Attributes:
      find: from (x, free, sites, sides, v); fills v, `[m]`, by the Bellman-Ford algorithm. False
        where the configuration is outside.
      leaves: from (a, q, x, free, sites, sides, v, reach, done): whether moving particle free[a] to
        the point q leaves the cell; if not, v holds for the new place. x is as before the move, v
        holds for it; `reach` and bool `done`, `[m]`, are to work in.
    """

    find: Callable[..., bool]
    leaves: Callable[..., bool]


@functools.cache
def label_cell(dimension: int, *, periodic: bool) -> LabelCell:
    """The functions of a dimension, in an open or a periodic box."""
    space = SPACES[dimension, periodic]
    point, rows_of, squared_distance = space.point, space.rows, squared_distance_of(space)

    @register_jitable(error_model="numpy")
    def find(x: Any, free: Any, sites: Any, sides: Any, v: Any) -> bool:
        rows, places = rows_of(x), rows_of(sites)
        m = v.size
        v[:] = 0.0
        for _ in range(m):
            changed = False
            for a in range(m):
                p = point(rows, free[a])
                base = v[a] - squared_distance(p, point(places, a), sides)
                for b in range(m):
                    value = base + squared_distance(p, point(places, b), sides)
                    if value < v[b] - 1e-12:
                        v[b] = value
                        changed = True
            if not changed:
                return True
        return False

    # No place is NaN, and a least number of vector units wants to know.
    @register_jitable(fastmath=True, forceinline=True)
    def least_of(q: Any, places: Any, sides: Any, v: Any) -> float:
        least = np.inf
        for b in range(v.size):
            least = min(least, squared_distance(q, point(places, b), sides) - v[b])
        return least

    @register_jitable(error_model="numpy")
    def leaves(
        a: Any, q: Any, x: Any, free: Any, sites: Any, sides: Any, v: Any, reach: Any, done: Any
    ) -> bool:
        # reach[b] is the least cost, in slacks c_ab - v_b - c_aa + v_a, of a chain of exchanges
        # that ends at site a and begins with the particle of site b losing its place. Lowering v_b
        # by min(deficit, reach[b]) repairs the inequalities of particle a and keeps the others.
        rows, places = rows_of(x), rows_of(sites)
        own = squared_distance(q, point(places, a), sides) - v[a]
        deficit = own - least_of(q, places, sides, v)
        if deficit <= 0:
            return False
        reach[:] = np.inf
        done[:] = False
        reach[a] = 0.0
        while True:
            nearest, k = np.inf, -1
            for b in range(v.size):
                if not done[b] and reach[b] < nearest:
                    nearest, k = reach[b], b
            if nearest >= deficit:  # further ones cannot close a cycle that gains
                break
            done[k] = True
            site = point(places, k)
            if k != a and squared_distance(q, site, sides) - v[k] - own + nearest < 0:
                return True
            for b in range(v.size):
                if not done[b]:
                    p = point(rows, free[b])
                    slack = squared_distance(p, site, sides) - v[k]
                    slack -= squared_distance(p, point(places, b), sides) - v[b]
                    reach[b] = min(reach[b], nearest + slack)
        for b in range(v.size):
            v[b] -= min(deficit, reach[b])
        return False

    return LabelCell(find, leaves)
