"""Linked cells of a box: the particles near a point, where a box is many cut-offs wide.

A box has the arrays (first particle of each cell, next of each particle, cell of each particle,
particles found near a point, number of cells a side). They count in units of the side, so that a
change of volume leaves them as they are, until cells are no wider than the cut-off.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["NO_CELLS", "Cells", "cells_of", "most_cells"]

ROOM = 1.06  # width of a cell when it is made, in cut-offs: pairs at 1.04 are counted, and a margin
LEAST = 4  # cells a side
# In units of a pair in a loop over all particles, as measured in the plane and in space: a look at
# 3^d cells, and a pair in them. Energies of all pairs see each twice by cells, once without.
LOOK, EACH = 90.0, 2.8


class Cells(NamedTuple):
    """Functions of the arrays of one box, `hold`, for Numba's code.

    Attributes:
      held: the arrays of box k among those of both: (cells, k).
      build: puts all particles into cells, or into none where that does not pay: (hold, rows, n,
        side, cut).
      wide: whether there are cells, and wider than a reach: (hold, side, reach).
      near: how many particles are in the cells about a point; they are in hold[3]. -1 without
        cells: (hold, point, side).
      moved: particle i is at a point: (hold, i, point, side).
      added: particle i is new: (hold, i, point, side).
      dropped: particle i is gone, and the last one has its number: (hold, i, last).
    """

    held: Callable[..., Any]
    build: Callable[..., None]
    wide: Callable[..., bool]
    near: Callable[..., int]
    moved: Callable[..., None]
    added: Callable[..., None]
    dropped: Callable[..., None]


def most_cells(system: GibbsBoxes) -> int:
    """Cells a side that a box may have; 0 where they would not pay for all particles in one."""
    pairs, d = system.pairs, system.dimension
    if pairs is None or pairs.cut is None or d < 2 or system.least_volume == 0:
        return 0
    widest = int(system.volume ** (1 / d) / (ROOM * float(pairs.cut)))
    most = min(widest, int((4 * system.n) ** (1 / d)))
    return most if _pays(system.n, most, d) else 0


@formula
def _pays(n: Any, m: Any, dimension: Any) -> bool:
    return m >= LEAST and LOOK + EACH * n * (3.0 / m) ** dimension < n / 2


@formula
def _held(cells: Any, k: Any) -> Any:
    first, following, where, found, size = cells
    return first[k], following[k], where[k], found, size[k : k + 1]


@formula
def _wide(hold: Any, side: Any, reach: Any) -> bool:
    return hold[4][0] > 0 and side >= hold[4][0] * reach


@formula
def _cell2(point: Any, side: Any, m: Any) -> Any:
    return int(np.floor(point[0] / side * m)), int(np.floor(point[1] / side * m)), 0


@formula
def _cell3(point: Any, side: Any, m: Any) -> Any:
    return (
        int(np.floor(point[0] / side * m)),
        int(np.floor(point[1] / side * m)),
        int(np.floor(point[2] / side * m)),
    )


@formula
def _link(hold: Any, i: Any, k: Any) -> None:
    first, following, where, _, _ = hold
    following[i], first[k], where[i] = first[k], i, k


@formula
def _unlink(hold: Any, i: Any) -> None:
    first, following, where, _, _ = hold
    k = where[i]
    j = first[k]
    if j == i:
        first[k] = following[i]
    else:
        while following[j] != i:
            j = following[j]
        following[j] = following[i]


@formula
def _dropped(hold: Any, i: Any, last: Any) -> None:
    if hold[4][0] > 0:
        _unlink(hold, i)
        if last != i:
            k = hold[2][last]
            _unlink(hold, last)
            _link(hold, i, k)


@functools.cache
def cells_of(dimension: int) -> Cells:
    """Cells in the plane or in space."""
    cell, deep = {2: (_cell2, 0), 3: (_cell3, 1)}[dimension]

    @formula
    def index(point: Any, side: Any, m: Any) -> int:
        a, b, c = cell(point, side, m)
        # A particle at the very side of the box is at 0, too.
        k = (a % m) * m + b % m
        return k * m + c % m if deep else k

    @formula
    def build(hold: Any, rows: Any, n: Any, side: Any, cut: Any) -> None:
        m = min(int(side / (ROOM * cut)), int(round(hold[0].size ** (1 / dimension))))
        hold[4][0] = m if _pays(n, m, dimension) else 0
        if hold[4][0] > 0:
            hold[0][:] = -1
            for i in range(n):
                x = rows[0][i], rows[1][i], rows[dimension - 1][i]
                _link(hold, i, index(x, side, m))

    @formula
    def near(hold: Any, point: Any, side: Any) -> int:
        first, following, _, found, size = hold
        m = size[0]
        if m == 0:
            return -1
        a, b, c = cell(point, side, m)
        count = 0
        for i in range(a - 1, a + 2):
            for j in range(b - 1, b + 2):
                row = (i % m) * m + j % m
                for layer in range(c - deep, c + deep + 1):
                    p = first[row * m + layer % m if deep else row]
                    while p >= 0:
                        found[count] = p
                        count += 1
                        p = following[p]
        return count

    @formula
    def moved(hold: Any, i: Any, point: Any, side: Any) -> None:
        if hold[4][0] > 0:
            k = index(point, side, hold[4][0])
            if k != hold[2][i]:
                _unlink(hold, i)
                _link(hold, i, k)

    @formula
    def added(hold: Any, i: Any, point: Any, side: Any) -> None:
        if hold[4][0] > 0:
            _link(hold, i, index(point, side, hold[4][0]))

    return Cells(_held, build, _wide, near, moved, added, _dropped)


@formula
def _never(hold: Any, side: Any, reach: Any) -> bool:
    return False


@formula
def _all(hold: Any, point: Any, side: Any) -> int:
    return -1


@formula
def _nothing3(hold: Any, i: Any, last: Any) -> None:
    pass


@formula
def _nothing4(hold: Any, i: Any, point: Any, side: Any) -> None:
    pass


@formula
def _nothing5(hold: Any, rows: Any, n: Any, side: Any, cut: Any) -> None:
    pass


NO_CELLS = Cells(_held, _nothing5, _never, _all, _nothing4, _nothing4, _nothing3)
