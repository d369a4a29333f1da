"""Generalized Born as Numba's code: every atom's radius depends on where all others are."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf.potentials._space import Space, squared_distance_of
from boltzmann_tf.potentials._term_kernels import Three
from boltzmann_tf.potentials.born import BornFormulas
from boltzmann_tf.potentials.ops import formula

__all__ = ["of_born"]


def of_born(formulas: BornFormulas, space: Space) -> Three:
    """Total, change and group_change; a move changes all, and costs two totals."""
    squared_distance, point, rows_of = squared_distance_of(space), space.point, space.rows
    descreening, radius_of, pair, alone = formulas

    @formula
    def total(x: Any, own: Any) -> float:
        spheres, scaled, radii, charges, surfaces, strengths, model, cut, shift, sides = own
        rows, n = rows_of(x), x.shape[1]
        effective = np.empty(n)
        result = 0.0
        for i in range(n):
            integral = 0.0
            for j in range(n):
                if j != i:
                    r2 = squared_distance(point(rows, j), point(rows, i), sides)
                    if r2 < cut:
                        integral += descreening(r2, spheres[i], scaled[j])
            effective[i] = radius_of(integral, spheres[i], radii[i], model)
            result += alone(effective[i], charges[i], radii[i], surfaces[i])
            for j in range(i):
                r2 = squared_distance(point(rows, j), point(rows, i), sides)
                if r2 < cut:
                    result += pair(r2, effective[i], effective[j], strengths[i, j], shift)
        return result

    @formula
    def change(x: Any, i: Any, q: Any, own: Any) -> float:
        moved = x.copy()
        for k in range(x.shape[0]):
            moved[k, i] = q[k]
        return total(moved, own) - total(x, own)

    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, own: Any) -> float:
        moved = x.copy()
        for g in range(members.size):
            for k in range(x.shape[0]):
                moved[k, members[g]] = to[k, g]
        return total(moved, own) - total(x, own)

    return total, change, group_change
