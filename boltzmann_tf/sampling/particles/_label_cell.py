"""One order of identical particles: the cell of configurations that sites claim in that order.

Of the n! orders of n particles, one has the least sum of squared distances to n sites. The
configurations whose own order that is, particle i to site i, are a cell; its n! copies tile all of
space. Potentials v_b of the sites prove that a configuration is inside,

    c_ab - v_b >= c_aa - v_a   for all particles a and sites b,   c_ab = |x_a - s_b|^2,

as the dual variables of the assignment do. A move of one particle changes one row of c: mostly the
old potentials still prove it, in one pass over the sites; else Dijkstra's algorithm finds new ones,
or the cycle of exchanges that gains.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["find_potentials", "leaves"]


@numba.njit
def find_potentials(x: np.ndarray, sites: np.ndarray, v: np.ndarray) -> bool:
    """Fills v by the Bellman-Ford algorithm; False where the configuration is outside.

    Args:
      x: positions, rows of x and of y, [2, n].
      sites: theirs, [2, n].
      v: to fill, [n].
    """
    n = x.shape[1]
    v[:] = 0.0
    for _ in range(n):
        changed = False
        for a in range(n):
            base = v[a] - (x[0, a] - sites[0, a]) ** 2 - (x[1, a] - sites[1, a]) ** 2
            for b in range(n):
                value = base + (x[0, a] - sites[0, b]) ** 2 + (x[1, a] - sites[1, b]) ** 2
                if value < v[b] - 1e-12:
                    v[b] = value
                    changed = True
        if not changed:
            return True
    return False


@numba.njit(fastmath=True, inline="always")
def _deficit(i: int, px: float, py: float, sites: np.ndarray, v: np.ndarray) -> float:
    """By how much particle i at (px, py) breaks its worst inequality; negative if none."""
    least = np.inf
    for b in range(v.size):
        least = min(least, (px - sites[0, b]) ** 2 + (py - sites[1, b]) ** 2 - v[b])
    return (px - sites[0, i]) ** 2 + (py - sites[1, i]) ** 2 - v[i] - least


@numba.njit
def leaves(
    i: int,
    px: float,
    py: float,
    x: np.ndarray,
    sites: np.ndarray,
    v: np.ndarray,
    reach: np.ndarray,
    done: np.ndarray,
) -> bool:
    """Whether moving particle i to (px, py) leaves the cell; if not, v holds for the new place.

    `reach[b]` is the least cost, in slacks c_ab - v_b - c_aa + v_a, of a chain of exchanges that
    ends at site i and begins with the particle of site b losing its place. Lowering v_b by
    min(m, reach[b]), m the deficit of particle i, repairs its inequalities and keeps the others.

    Args:
      i: the particle.
      px: its new place.
      py: its new place.
      x: positions before the move, [2, n].
      sites: of the order, [2, n].
      v: potentials that hold for x, [n].
      reach: to work in, [n].
      done: to work in, bool [n].
    """
    deficit = _deficit(i, px, py, sites, v)
    if deficit <= 0:
        return False
    own = (px - sites[0, i]) ** 2 + (py - sites[1, i]) ** 2 - v[i]
    reach[:] = np.inf
    done[:] = False
    reach[i] = 0.0
    while True:
        nearest, k = np.inf, -1
        for a in range(v.size):
            if not done[a] and reach[a] < nearest:
                nearest, k = reach[a], a
        if nearest >= deficit:  # further ones cannot close a cycle that gains
            break
        done[k] = True
        if k != i and (px - sites[0, k]) ** 2 + (py - sites[1, k]) ** 2 - v[k] - own + nearest < 0:
            return True
        for a in range(v.size):
            if not done[a]:
                slack = (x[0, a] - sites[0, k]) ** 2 + (x[1, a] - sites[1, k]) ** 2 - v[k]
                slack -= (x[0, a] - sites[0, a]) ** 2 + (x[1, a] - sites[1, a]) ** 2 - v[a]
                reach[a] = min(reach[a], nearest + slack)
    for b in range(v.size):
        v[b] -= min(deficit, reach[b])
    return False
