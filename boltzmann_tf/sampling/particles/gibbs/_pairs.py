"""Sums over pairs of one potential, for moves in boxes whose size changes: Numba's code.

Particles of a box are rows of x, of y (and of z); the first n of them are there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf.potentials._space import SPACES, squared_distance_of
from boltzmann_tf.potentials._term_kernels import _with_parameters
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling.particles.gibbs._cells import NO_CELLS, Cells, cells_of, most_cells
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["PairSums", "pair_numbers", "pair_sums"]

STEP = 1e-6  # relative, of r^2, of the differences that forces come from
WINDOW = 0.04  # of the cut, to both sides, in which pairs at the cut are counted


@formula
def nothing(r2: Any) -> Any:
    """The ideal gas."""
    return r2 * 0.0


class PairSums(NamedTuple):
    """Functions of rows, the number of particles, parameters, and `hold`, the cells of the box.

    Attributes:
      of_point: energy of a point with all particles but one: (rows, n, point, skip, own, side,
        hold).
      total: energy of all pairs, their squared distances multiplied: (rows, n, own, side, factor,
        hold).
      forces: sums of -r du/dr, and of pairs per unit of r / cut at the cut, of y = g exp(u / T):
        (rows, n, own, side, temperature, hold).
      cells: functions of `hold`.
    """

    of_point: Callable[..., float]
    total: Callable[..., float]
    forces: Callable[..., tuple[float, float]]
    cells: Cells


def pair_numbers(system: GibbsBoxes) -> tuple[Any, ...]:
    """What the functions of `pair_sums` take as `own`: parameters, cut^2, shift."""
    pairs = system.pairs
    if pairs is None:
        return ((), np.inf, 0.0)
    parameters = tuple(float(v) for v in pairs.parameters.values())
    cut2 = np.inf if pairs.cut is None else float(pairs.cut) ** 2
    shift = float(pairs.value(np.float64(cut2))) if pairs.shifted else 0.0
    return (parameters, cut2, shift)


def pair_sums(system: GibbsBoxes) -> PairSums:
    """The functions of a system's potential; systems of the same formula share them."""
    pairs = system.pairs
    function, count = (nothing, 0) if pairs is None else (pairs.function, len(pairs.parameters))
    cells = cells_of(system.dimension) if most_cells(system) else NO_CELLS
    return _pair_sums(function, count, system.dimension, system.boundary == "periodic", cells)


@functools.lru_cache(maxsize=32)
def _pair_sums(
    function: Callable,
    count: int,
    dimension: int,
    periodic: bool,  # noqa: FBT001
    cells: Cells,
) -> PairSums:
    near, wide = cells.near, cells.wide
    space = SPACES[dimension, periodic]
    squared_distance, point = squared_distance_of(space), space.point
    call = _with_parameters(function, count)

    @formula
    def value(r2: Any, own: Any) -> Any:
        inside = call(r2, own[0], 0, 0) - own[2]
        return inside if r2 < own[1] else 0.0

    @formula
    def of_point(rows: Any, n: Any, q: Any, skip: Any, own: Any, side: Any, hold: Any) -> float:
        sides = (side, side, side)
        result = 0.0
        there = near(hold, q, side)
        if there >= 0:
            for c in range(there):
                j = hold[3][c]
                if j != skip:
                    result += value(squared_distance(point(rows, j), q, sides), own)
            return result
        for j in range(skip):
            result += value(squared_distance(point(rows, j), q, sides), own)
        for j in range(skip + 1, n):
            result += value(squared_distance(point(rows, j), q, sides), own)
        return result

    @formula
    def total(rows: Any, n: Any, own: Any, side: Any, factor: Any, hold: Any) -> float:
        sides = (side, side, side)
        result = 0.0
        if wide(hold, side * np.sqrt(factor), np.sqrt(own[1])):
            for i in range(n):
                p = point(rows, i)
                for c in range(near(hold, p, side)):
                    j = hold[3][c]
                    if j < i:
                        result += value(factor * squared_distance(point(rows, j), p, sides), own)
            return result
        for i in range(n):
            p = point(rows, i)
            for j in range(i):
                result += value(factor * squared_distance(point(rows, j), p, sides), own)
        return result

    @formula
    def of_pair(r2: Any, own: Any, temperature: Any) -> tuple[float, float]:
        cut2, virial, share = own[1], 0.0, 0.0
        if r2 < cut2:
            up, down = call(r2 * (1 + STEP), own[0], 0, 0), call(r2 * (1 - STEP), own[0], 0, 0)
            virial = -(up - down) / STEP
        if cut2 * (1 - WINDOW) ** 2 < r2 < cut2 * (1 + WINDOW) ** 2:
            ratio = np.sqrt(r2 / cut2)
            s = (ratio - 1) / WINDOW
            # Errs in the fourth order of the window; densities as at the cut itself.
            share = (9 - 15 * s * s) / (8 * WINDOW) * ratio ** (1 - dimension)
            if r2 < cut2:
                share *= np.exp((call(r2, own[0], 0, 0) - own[2]) / temperature)
        return virial, share

    @formula
    def forces(
        rows: Any, n: Any, own: Any, side: Any, temperature: Any, hold: Any
    ) -> tuple[float, float]:
        sides = (side, side, side)
        virial, shell = 0.0, 0.0
        celled = wide(hold, side, (1 + WINDOW) * np.sqrt(own[1]))
        for i in range(n):
            p = point(rows, i)
            for c in range(near(hold, p, side) if celled else i):
                j = hold[3][c] if celled else c
                if j < i:
                    r2 = squared_distance(point(rows, j), p, sides)
                    one, other = of_pair(r2, own, temperature)
                    virial += one
                    shell += other
        return virial, shell

    return PairSums(of_point, total, forces, cells)
