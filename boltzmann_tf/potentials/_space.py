"""Points, differences and what is invariant of them, for both engines.

A point is a tuple with one number, array or tensor for each dimension. `lengths` are the sides of
a periodic box; differences are then those to the nearest image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from boltzmann_tf.potentials.ops import floor, formula, maximum, sqrt

__all__ = ["SPACES", "Space", "cosine_of", "squared_distance_of"]

Point = tuple


@formula
def _nearest(d: Any, length: Any) -> Any:
    return d - length * floor(d / length + 0.5)


@formula
def _open1(a: Point, b: Point, lengths: Any) -> Point:
    return (a[0] - b[0],)


@formula
def _open2(a: Point, b: Point, lengths: Any) -> Point:
    return a[0] - b[0], a[1] - b[1]


@formula
def _open3(a: Point, b: Point, lengths: Any) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@formula
def _periodic1(a: Point, b: Point, lengths: Any) -> Point:
    return (_nearest(a[0] - b[0], lengths[0]),)


@formula
def _periodic2(a: Point, b: Point, lengths: Any) -> Point:
    return _nearest(a[0] - b[0], lengths[0]), _nearest(a[1] - b[1], lengths[1])


@formula
def _periodic3(a: Point, b: Point, lengths: Any) -> Point:
    return (
        _nearest(a[0] - b[0], lengths[0]),
        _nearest(a[1] - b[1], lengths[1]),
        _nearest(a[2] - b[2], lengths[2]),
    )


@formula
def _dot1(u: Point, v: Point) -> Any:
    return u[0] * v[0]


@formula
def _dot2(u: Point, v: Point) -> Any:
    return u[0] * v[0] + u[1] * v[1]


@formula
def _dot3(u: Point, v: Point) -> Any:
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@formula
def _point1(rows: Any, j: Any) -> Point:
    return (rows[0][j],)


@formula
def _point2(rows: Any, j: Any) -> Point:
    return rows[0][j], rows[1][j]


@formula
def _point3(rows: Any, j: Any) -> Point:
    return rows[0][j], rows[1][j], rows[2][j]


@formula
def _as_it_is(a: Point, lengths: Any) -> Point:
    return a


@formula
def _wrapped1(a: Point, lengths: Any) -> Point:
    return (_nearest(a[0], lengths[0]),)


@formula
def _wrapped2(a: Point, lengths: Any) -> Point:
    return _nearest(a[0], lengths[0]), _nearest(a[1], lengths[1])


@formula
def _wrapped3(a: Point, lengths: Any) -> Point:
    return (
        _nearest(a[0], lengths[0]),
        _nearest(a[1], lengths[1]),
        _nearest(a[2], lengths[2]),
    )


@formula
def _rows1(x: Any) -> Any:
    return (x[0],)


@formula
def _rows2(x: Any) -> Any:
    return x[0], x[1]


@formula
def _rows3(x: Any) -> Any:
    return x[0], x[1], x[2]


class Space(NamedTuple):
    """The functions of one dimension, in an open or a periodic box."""

    difference: Callable[[Point, Point, Any], Point]
    dot: Callable[[Point, Point], Any]
    point: Callable[[Any, Any], Point]
    wrapped: Callable[[Point, Any], Point]  # the image in the box
    rows: Callable[[Any], Any]


_DOT, _POINT = {1: _dot1, 2: _dot2, 3: _dot3}, {1: _point1, 2: _point2, 3: _point3}
_ROWS = {1: _rows1, 2: _rows2, 3: _rows3}
_WRAPPED = {
    False: {1: _as_it_is, 2: _as_it_is, 3: _as_it_is},
    True: {1: _wrapped1, 2: _wrapped2, 3: _wrapped3},
}
_DIFFERENCE = {
    False: {1: _open1, 2: _open2, 3: _open3},
    True: {1: _periodic1, 2: _periodic2, 3: _periodic3},
}

# (dimension, whether periodic) -> functions
SPACES = {
    (d, periodic): Space(
        _DIFFERENCE[periodic][d], _DOT[d], _POINT[d], _WRAPPED[periodic][d], _ROWS[d]
    )
    for d in (1, 2, 3)
    for periodic in (False, True)
}


def squared_distance_of(space: Space) -> Callable[[Point, Point, Any], Any]:
    """|a - b|^2 of two points and the sides of the box."""
    difference, dot = space.difference, space.dot

    @formula
    def squared_distance(a: Point, b: Point, lengths: Any) -> Any:
        d = difference(a, b, lengths)
        return dot(d, d)

    return squared_distance


def cosine_of(space: Space) -> Callable[[Point, Point, Point, Any], Any]:
    """Cosine of the angle at b between a and c, from three points and the sides of the box.

    The lengths are kept off 0: where two of the points coincide it is 0, with a finite gradient.
    """
    difference, dot = space.difference, space.dot

    @formula
    def cosine(a: Point, b: Point, c: Point, lengths: Any) -> Any:
        u, v = difference(a, b, lengths), difference(c, b, lengths)
        return dot(u, v) / sqrt(maximum(dot(u, u) * dot(v, v), 1e-12))

    return cosine
