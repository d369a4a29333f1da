"""Points, differences and what is invariant of them, for both engines.

A point is a tuple with one number, array or tensor for each dimension. `lengths` are the sides of
a periodic box; differences are then those to the nearest image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from boltzmann_tf.potentials.ops import arctan2, floor, formula, maximum, sqrt, where

__all__ = ["INVARIANTS", "SPACES", "Space", "check_dimension", "squared_distance_of"]

Point = tuple

TINY = 1e-24  # squared sines, by which products of squared lengths are kept off 0


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


@formula
def _cross1(u: Point, v: Point) -> Point:
    return (u[0] * v[0] * 0.0,)


@formula
def _cross2(u: Point, v: Point) -> Point:
    return u[0] * v[1] - u[1] * v[0], u[0] * 0.0


@formula
def _cross3(u: Point, v: Point) -> Point:
    return (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )


class Space(NamedTuple):
    """The functions of one dimension, in an open or a periodic box."""

    difference: Callable[[Point, Point, Any], Point]
    dot: Callable[[Point, Point], Any]
    cross: Callable[[Point, Point], Point]
    point: Callable[[Any, Any], Point]
    wrapped: Callable[[Point, Any], Point]  # the image in the box
    rows: Callable[[Any], Any]


_DOT, _POINT = {1: _dot1, 2: _dot2, 3: _dot3}, {1: _point1, 2: _point2, 3: _point3}
_CROSS = {1: _cross1, 2: _cross2, 3: _cross3}
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
        _DIFFERENCE[periodic][d],
        _DOT[d],
        _CROSS[d],
        _POINT[d],
        _WRAPPED[periodic][d],
        _ROWS[d],
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


def angle_of(space: Space) -> Callable[[Point, Point, Point, Any], Any]:
    """The angle at b between a and c, in [0, pi], from three points and the sides of the box.

    By the arc tangent of sine and cosine: the arc cosine loses half of the digits where the angle
    is nearly 0 or pi, and has no derivative there. The squared sine is kept off 0.
    """
    difference, dot, cross_product = space.difference, space.dot, space.cross

    @formula
    def angle(a: Point, b: Point, c: Point, lengths: Any) -> Any:
        u, v = difference(a, b, lengths), difference(c, b, lengths)
        normal = cross_product(u, v)
        return arctan2(sqrt(maximum(dot(normal, normal), TINY)), dot(u, v))

    return angle


def torsion_of(space: Space) -> Callable[[Point, Point, Point, Point, Any], Any]:
    """The torsion about the bond from b to c, in (-pi, pi], from four points and the box.

    Zero where a and d are on the same side (cis), positive where d is turned clockwise from a as
    one looks from b to c (IUPAC). Only in three dimensions.
    """
    difference, dot, cross_product = space.difference, space.dot, space.cross

    @formula
    def torsion(a: Point, b: Point, c: Point, d: Point, lengths: Any) -> Any:
        u, v, w = (
            difference(b, a, lengths),
            difference(c, b, lengths),
            difference(d, c, lengths),
        )
        m, n = cross_product(u, v), cross_product(v, w)
        sine = dot(u, n) * sqrt(maximum(dot(v, v), TINY))
        # Where three of the points are on a line the torsion is 0, with a gradient of 0.
        cosine = dot(m, n)
        flat = sine * sine + cosine * cosine < TINY
        return arctan2(where(flat, sine * 0.0, sine), where(flat, cosine * 0.0 + 1.0, cosine))

    return torsion


class Invariant(NamedTuple):
    """What a formula is of.

    Attributes:
      members: number of particles.
      of: from a space to the function of their points and of the sides of the box.
      dimensions: in which there is one.
    """

    members: int
    of: Callable[[Space], Callable[..., Any]]
    dimensions: tuple[int, ...] = (1, 2, 3)


INVARIANTS = {
    "squared distance": Invariant(2, squared_distance_of),
    "cosine": Invariant(3, cosine_of),
    "angle": Invariant(3, angle_of),
    "torsion": Invariant(4, torsion_of, (3,)),
}


def check_dimension(name: str, invariant: str, dimension: int) -> None:
    """Raises unless what `name` is of exists in that dimension."""
    known = INVARIANTS[invariant].dimensions if invariant in INVARIANTS else (dimension,)
    if dimension not in known:
        raise ValueError(f"dimension must be {known[0]} for {name}, got {dimension}")
