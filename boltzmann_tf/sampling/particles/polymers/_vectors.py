"""Vectors and turns in the plane and in space, for Numba's code; a turn is a matrix as a tuple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import symmetric, uniform_open

__all__ = ["VECTORS", "Vectors"]


class Vectors(NamedTuple):
    """Functions of one dimension.

    Attributes:
      plus: a + b.
      length: |a|.
      direction: a unit vector of any direction, and the stream: (stream).
      any_turn: a turn by an angle, in space about an axis of any direction, and the stream: (angle,
        stream). The turn back is as likely.
      turn_about: a turn by an angle about a unit vector; in the plane, the reflection in it.
      turned: a vector after a turn: (turn, a).
      times: a number times a.
      inside: whether a is its own nearest image in a box of these sides; always in none.
    """

    plus: Callable[..., Any]
    length: Callable[..., float]
    direction: Callable[..., Any]
    any_turn: Callable[..., Any]
    turn_about: Callable[..., Any]
    turned: Callable[..., Any]
    times: Callable[..., Any]
    inside: Callable[..., bool]


@formula
def _plus2(a: Any, b: Any) -> Any:
    return a[0] + b[0], a[1] + b[1]


@formula
def _plus3(a: Any, b: Any) -> Any:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@formula
def _times2(s: Any, a: Any) -> Any:
    return s * a[0], s * a[1]


@formula
def _times3(s: Any, a: Any) -> Any:
    return s * a[0], s * a[1], s * a[2]


@formula
def _length2(a: Any) -> float:
    return np.sqrt(a[0] * a[0] + a[1] * a[1])


@formula
def _length3(a: Any) -> float:
    return np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


@formula
def _direction2(stream: Any) -> Any:
    a, b, c, d = stream
    word, a, b, c, d = next_word(a, b, c, d)
    phi = 2 * np.pi * uniform_open(word)
    return (np.cos(phi), np.sin(phi)), (a, b, c, d)


@formula
def _direction3(stream: Any) -> Any:
    a, b, c, d = stream
    first, a, b, c, d = next_word(a, b, c, d)
    second, a, b, c, d = next_word(a, b, c, d)
    z, phi = symmetric(first), 2 * np.pi * uniform_open(second)
    s = np.sqrt(1 - z * z)
    return (s * np.cos(phi), s * np.sin(phi), z), (a, b, c, d)


@formula
def _any_turn2(angle: Any, stream: Any) -> Any:
    c, s = np.cos(angle), np.sin(angle)
    return (c, -s, s, c), stream


@formula
def _turn_about2(u: Any, angle: Any) -> Any:
    both = 2 * u[0] * u[1]
    return 2 * u[0] * u[0] - 1, both, both, 2 * u[1] * u[1] - 1


@formula
def _turn_about3(u: Any, angle: Any) -> Any:
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = u
    r = 1 - c
    return (
        *(c + x * x * r, x * y * r - z * s, x * z * r + y * s),
        *(y * x * r + z * s, c + y * y * r, y * z * r - x * s),
        *(z * x * r - y * s, z * y * r + x * s, c + z * z * r),
    )


@formula
def _any_turn3(angle: Any, stream: Any) -> Any:
    u, stream = _direction3(stream)
    return _turn_about3(u, angle), stream


@formula
def _turned2(m: Any, a: Any) -> Any:
    return m[0] * a[0] + m[1] * a[1], m[2] * a[0] + m[3] * a[1]


@formula
def _turned3(m: Any, a: Any) -> Any:
    return (
        m[0] * a[0] + m[1] * a[1] + m[2] * a[2],
        m[3] * a[0] + m[4] * a[1] + m[5] * a[2],
        m[6] * a[0] + m[7] * a[1] + m[8] * a[2],
    )


@formula
def _always(a: Any, sides: Any) -> bool:
    return True


@formula
def _inside(a: Any, sides: Any) -> bool:
    for k in range(len(sides)):
        if abs(a[k]) > 0.5 * sides[k]:
            return False
    return True


_PLANE = (_plus2, _length2, _direction2, _any_turn2, _turn_about2, _turned2, _times2)
_SPACE = (_plus3, _length3, _direction3, _any_turn3, _turn_about3, _turned3, _times3)

# (dimension, whether periodic) -> functions
VECTORS = {
    (dimension, periodic): Vectors(*own, _inside if periodic else _always)
    for dimension, own in ((2, _PLANE), (3, _SPACE))
    for periodic in (False, True)
}
