"""One potential as Numba's code: its energy, and what a move of one or several particles adds.

A term's formula, with its pairs or particles and parameters, becomes three functions by closures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from boltzmann_tf.potentials._space import INVARIANTS, Space, squared_distance_of
from boltzmann_tf.potentials.ops import formula

__all__ = ["Places", "Three", "invariant_of", "of_each", "of_few", "of_pairs", "places_of"]

Three = tuple[Callable, Callable, Callable]  # total, change, group_change of one term


def of_pairs(function: Callable, count: int, space: Space, cut: bool) -> Three:  # noqa: FBT001
    squared_distance, point, rows_of = squared_distance_of(space), space.point, space.rows
    call = _with_parameters(function, count)
    if cut:

        @formula
        def value(r2: Any, own: Any, i: Any, j: Any) -> Any:
            inside = call(r2, own[1], i, j) - _at(own[3], i, j)
            return inside if r2 < _at(own[2], i, j) else 0.0

    else:

        @formula
        def value(r2: Any, own: Any, i: Any, j: Any) -> Any:
            return call(r2, own[1], i, j)

    @formula
    def total(x: Any, own: Any) -> float:
        rows, sides = rows_of(x), own[4]
        result = 0.0
        for i in range(x.shape[1]):
            p, mask = point(rows, i), own[0][i]
            for j in range(i):
                u = value(squared_distance(point(rows, j), p, sides), own, i, j)
                result += u if mask[j] else 0.0
        return result

    @formula
    def change(x: Any, i: Any, q: Any, own: Any) -> float:
        rows, sides, mask = rows_of(x), own[4], own[0][i]
        p = point(rows, i)
        result = 0.0
        for j in range(x.shape[1]):
            o = point(rows, j)
            new = value(squared_distance(o, q, sides), own, i, j)
            old = value(squared_distance(o, p, sides), own, i, j)
            result += new - old if mask[j] else 0.0
        return result

    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, own: Any) -> float:
        rows, after, sides = rows_of(x), rows_of(to), own[4]
        result = 0.0
        for g in range(members.size):
            i = members[g]
            p, q, mask = point(rows, i), point(after, g), own[0][i]
            for j in range(x.shape[1]):
                o = point(rows, j)
                new = value(squared_distance(o, q, sides), own, i, j)
                old = value(squared_distance(o, p, sides), own, i, j)
                result += new - old if mask[j] and slot[j] < 0 else 0.0
            for h in range(g):
                j = members[h]
                if mask[j]:
                    result += value(squared_distance(point(after, h), q, sides), own, i, j)
                    result -= value(squared_distance(point(rows, j), p, sides), own, i, j)
        return result

    return total, change, group_change


def of_each(function: Callable, count: int, space: Space) -> Three:
    point, rows_of, wrapped = space.point, space.rows, space.wrapped
    formula_of = _with_parameters(function, count)

    @formula
    def call(p: Any, own: Any, i: Any) -> float:
        return formula_of(wrapped(p, own[1]), own[0], i, 0)

    @formula
    def total(x: Any, own: Any) -> float:
        rows = rows_of(x)
        result = 0.0
        for i in range(x.shape[1]):
            result += call(point(rows, i), own, i)
        return result

    @formula
    def change(x: Any, i: Any, q: Any, own: Any) -> float:
        rows = rows_of(x)
        return call(q, own, i) - call(point(rows, i), own, i)

    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, own: Any) -> float:
        rows, after = rows_of(x), rows_of(to)
        result = 0.0
        for g in range(members.size):
            i = members[g]
            result += call(point(after, g), own, i) - call(point(rows, i), own, i)
        return result

    return total, change, group_change


def of_few(function: Callable, count: int, invariant: str, k: int, space: Space) -> Three:
    now, moved, regrouped = places_of(k, space)
    of_points = invariant_of(invariant, k, space)
    rows_of = space.rows
    call = _with_parameters(function, count)

    @formula
    def total(x: Any, own: Any) -> float:
        rows = rows_of(x)
        result = 0.0
        for m in range(own[0].shape[0]):
            result += call(of_points(now(rows, own[0], m), own[4]), own[3], m, 0)
        return result

    @formula
    def change(x: Any, i: Any, q: Any, own: Any) -> float:
        rows, index, start, items = rows_of(x), own[0], own[1], own[2]
        result = 0.0
        for s in range(start[i], start[i + 1]):
            m = items[s]
            new = of_points(moved((rows, i, q), index, m), own[4])
            old = of_points(now(rows, index, m), own[4])
            result += call(new, own[3], m, 0) - call(old, own[3], m, 0)
        return result

    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, own: Any) -> float:
        rows, after, index, start, items = rows_of(x), rows_of(to), own[0], own[1], own[2]
        result = 0.0
        for g in range(members.size):
            i = members[g]
            for s in range(start[i], start[i + 1]):
                m = items[s]
                first = 0  # a term of several members is counted with its first
                while slot[index[m, first]] < 0:
                    first += 1
                if index[m, first] == i:
                    new = of_points(regrouped((rows, slot, after), index, m), own[4])
                    old = of_points(now(rows, index, m), own[4])
                    result += call(new, own[3], m, 0) - call(old, own[3], m, 0)
        return result

    return total, change, group_change


class Places(NamedTuple):
    """The points of term m of an index, as tuples.

    Attributes:
      now: from (rows, index, m).
      moved: with particle i at q, from ((rows, i, q), index, m).
      regrouped: with a group at `after`, from ((rows, slot, after), index, m).
    """

    now: Callable[..., Any]
    moved: Callable[..., Any]
    regrouped: Callable[..., Any]


def places_of(k: int, space: Space) -> Places:
    """The points of terms of k particles."""
    point = space.point

    @formula
    def moved(source: Any, j: Any) -> Any:
        rows, i, q = source
        return q if j == i else point(rows, j)

    @formula
    def regrouped(source: Any, j: Any) -> Any:
        rows, slot, after = source
        return point(rows, j) if slot[j] < 0 else point(after, slot[j])

    return Places(*(_gathered(k, one) for one in (point, moved, regrouped)))


def _gathered(k: int, point: Callable) -> Callable:
    if k == 1:

        def points(source: Any, index: Any, m: Any) -> Any:
            return (point(source, index[m, 0]),)

    elif k == 2:

        def points(source: Any, index: Any, m: Any) -> Any:
            return point(source, index[m, 0]), point(source, index[m, 1])

    elif k == 3:

        def points(source: Any, index: Any, m: Any) -> Any:
            i, j, k = index[m, 0], index[m, 1], index[m, 2]
            return point(source, i), point(source, j), point(source, k)

    elif k == 4:

        def points(source: Any, index: Any, m: Any) -> Any:
            i, j, k, n = index[m, 0], index[m, 1], index[m, 2], index[m, 3]
            return point(source, i), point(source, j), point(source, k), point(source, n)

    else:
        raise ValueError(f"particles of a term must be at most 4, got {k}")
    return formula(points)


def invariant_of(invariant: str, k: int, space: Space) -> Callable:
    """What the formula is of, from the points of a term and the sides of the box."""
    wrapped = space.wrapped
    if invariant in INVARIANTS:
        of = INVARIANTS[invariant].of(space)
        if k == 2:

            @formula
            def of_points(points: Any, sides: Any) -> Any:
                return of(points[0], points[1], sides)

        elif k == 3:

            @formula
            def of_points(points: Any, sides: Any) -> Any:
                return of(points[0], points[1], points[2], sides)

        else:

            @formula
            def of_points(points: Any, sides: Any) -> Any:
                return of(points[0], points[1], points[2], points[3], sides)

    elif k == 1:

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            return wrapped(points[0], sides)

    elif k == 2:

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            return wrapped(points[0], sides), wrapped(points[1], sides)

    elif k == 3:

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            a, b, c = points
            return wrapped(a, sides), wrapped(b, sides), wrapped(c, sides)

    else:

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            a, b, c, d = points
            return wrapped(a, sides), wrapped(b, sides), wrapped(c, sides), wrapped(d, sides)

    return of_points


# Parameters: one number for all, or one for each pair or term.


def _at(parameter: Any, i: Any, j: Any) -> Any:
    # Python runs the kernels as they stand, which tests make use of.
    return parameter[(i, j)[: np.ndim(parameter)]] if np.ndim(parameter) else parameter


@overload(_at, strict=False, jit_options={"forceinline": True})
def _at_compiled(parameter: Any, i: Any, j: Any) -> Callable:
    if isinstance(parameter, types.Array):
        if parameter.ndim == 2:
            return lambda parameter, i, j: parameter[i, j]
        return lambda parameter, i, j: parameter[i]
    return lambda parameter, i, j: parameter


def _with_parameters(function: Callable, count: int) -> Callable:
    """The formula of its invariant and of the parameters of i and j."""
    if count == 0:

        def call(v: Any, p: Any, i: Any, j: Any) -> Any:
            return function(v)

    elif count == 1:

        def call(v: Any, p: Any, i: Any, j: Any) -> Any:
            return function(v, _at(p[0], i, j))

    elif count == 2:

        def call(v: Any, p: Any, i: Any, j: Any) -> Any:
            return function(v, _at(p[0], i, j), _at(p[1], i, j))

    elif count == 3:

        def call(v: Any, p: Any, i: Any, j: Any) -> Any:
            return function(v, _at(p[0], i, j), _at(p[1], i, j), _at(p[2], i, j))

    else:

        def call(v: Any, p: Any, i: Any, j: Any) -> Any:
            return function(v, _at(p[0], i, j), _at(p[1], i, j), _at(p[2], i, j), _at(p[3], i, j))

    return formula(call)
