"""A sum of potentials as Numba's code: the energy, and what a move of one particle adds to it.

The formulas of all terms become one function, by closures: nothing is looked up while particles
move. Positions are rows of x, of y (and of z), `[dimension, n]`: neighbours in memory are what a
vector unit wants.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from boltzmann_tf.potentials._space import SPACES, Space, cosine_of, squared_distance_of
from boltzmann_tf.potentials.base import Bound
from boltzmann_tf.potentials.ops import formula

__all__ = ["Compiled", "compiled", "invariant_of", "packed", "places_of"]


class Compiled(NamedTuple):
    """Functions of rows `[dimension, n]` and what `packed` returns, for Numba's code.

    Attributes:
      total: energy, from (x, terms, factors).
      change: what a move of particle i to the point q adds, from (x, i, q, terms, factors); x is as
        before the move.
      group_change: what a move of several particles adds, from (x, members, slot, to, terms,
        factors): particle members[g] goes to to[:, g], and slot[members[g]] is g, elsewhere -1.
      version: of the formulas, for caches on disk; None where some are not the package's own, and
        may change without a trace.
    """

    total: Callable[..., float]
    change: Callable[..., float]
    group_change: Callable[..., float]
    version: str | None


@functools.cache
def _own_sources() -> str:
    """Digest of what kernels call: Numba's cache sees only the file that a kernel is in."""
    package = Path(__file__).parents[1]
    rooms = ("potentials", "sampling", "systems")
    files = [file for room in rooms for file in sorted((package / room).rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compiled(terms: Sequence[Bound], dimension: int, *, periodic: bool) -> Compiled:
    """The functions of a sum of terms; systems of the same formulas share them."""
    shapes = tuple(
        (
            t.function,
            len(t.parameters),
            t.invariant,
            0 if t.index is None else t.index.shape[1],
            t.cut is not None,
        )
        for t in terms
        if t.invariant != "constant"
    )
    return _compiled(shapes, dimension, periodic)


def packed(terms: Sequence[Bound], n: int, lengths: np.ndarray | None) -> tuple[Any, ...]:
    """Parameters and particles of the terms, as the functions of `compiled` take them."""
    sides = () if lengths is None else tuple(float(v) for v in lengths)
    out: list[Any] = []
    for t in terms:
        if t.invariant == "constant":
            continue
        if t.invariant == "pairs":
            cut = 0.0 if t.cut is None else t.cut
            out.append((t.mask, t.parameters, cut, t.shift, sides))
        elif t.index is None:
            out.append((t.parameters, sides))
        else:
            # Which terms particle i is in: items[start[i] : start[i + 1]].
            members = np.argsort(t.index.ravel(), kind="stable")
            start = np.searchsorted(t.index.ravel()[members], np.arange(n + 1))
            items = (members // t.index.shape[1]).astype(np.int64)
            out.append((t.index, start.astype(np.int64), items, t.parameters, sides))
    return tuple(out)


@functools.lru_cache(maxsize=64)
def _compiled(shapes: tuple, dimension: int, periodic: bool) -> Compiled:  # noqa: FBT001
    space = SPACES[dimension, periodic]
    functions = [_nothing_total, _nothing_change, _nothing_of_group]
    for place, (function, count, invariant, k, cut) in reversed(list(enumerate(shapes))):
        if invariant == "pairs":
            own = _pairs(function, count, space, cut)
        elif k == 0:
            own = _every(function, count, space)
        else:
            own = _few(function, count, invariant, k, space)
        functions = [
            add(one, rest, place)
            for add, one, rest in zip(
                (_with_total, _with_change, _with_group), own, functions, strict=True
            )
        ]
    own_code = all(f.__module__.startswith("boltzmann_tf.") for f, *_ in shapes)
    total, change, group_change = functions
    return Compiled(total, change, group_change, _own_sources() if own_code else None)


@formula
def _nothing_total(x: Any, terms: Any, factors: Any) -> float:
    return 0.0


@formula
def _nothing_change(x: Any, i: Any, q: Any, terms: Any, factors: Any) -> float:
    return 0.0


@formula
def _nothing_of_group(x: Any, members: Any, slot: Any, to: Any, terms: Any, factors: Any) -> float:
    return 0.0


# By place in the tuple, and not by what is left of it: a tuple that is cut is copied, with all its
# arrays.


def _with_total(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def total(x: Any, terms: Any, factors: Any) -> float:
        return factors[place] * own(x, terms[place]) + rest(x, terms, factors)

    return total


def _with_change(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def change(x: Any, i: Any, q: Any, terms: Any, factors: Any) -> float:
        return factors[place] * own(x, i, q, terms[place]) + rest(x, i, q, terms, factors)

    return change


def _with_group(own: Callable, rest: Callable, place: int) -> Callable:
    @formula
    def group_change(x: Any, members: Any, slot: Any, to: Any, terms: Any, factors: Any) -> float:
        here = factors[place] * own(x, members, slot, to, terms[place])
        return here + rest(x, members, slot, to, terms, factors)

    return group_change


Three = tuple[Callable, Callable, Callable]  # total, change, group_change of one term


def _pairs(function: Callable, count: int, space: Space, cut: bool) -> Three:  # noqa: FBT001
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


def _every(function: Callable, count: int, space: Space) -> Three:
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


def _few(function: Callable, count: int, invariant: str, k: int, space: Space) -> Three:
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
    if invariant == "squared distance":
        squared_distance = squared_distance_of(space)

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            return squared_distance(points[0], points[1], sides)

    elif invariant == "cosine":
        cosine = cosine_of(space)

        @formula
        def of_points(points: Any, sides: Any) -> Any:
            return cosine(points[0], points[1], points[2], sides)

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
