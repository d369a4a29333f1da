"""Coordinates of a few particles: distances, angles, positions, and functions of a user's own.

For reaction coordinates, for umbrella sampling and replica exchange along them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive_int
from boltzmann_tf._support.documents import plain
from boltzmann_tf.potentials._space import INVARIANTS, SPACES, check_dimension
from boltzmann_tf.potentials._term_kernels import invariant_of, places_of
from boltzmann_tf.potentials.base import Particles, few, index_of
from boltzmann_tf.potentials.ops import formula, maximum, sqrt

__all__ = ["Angle", "Coordinate", "CoordinateKernel", "Distance", "Position", "Torsion"]


class CoordinateKernel(NamedTuple):
    """A coordinate for Numba's code.

    Attributes:
      now: from (rows, index, sides).
      moved: with particle i at q, from (rows, index, sides, i, q).
      own: whether its function is the package's.
    """

    now: Callable[..., float]
    moved: Callable[..., float]
    own: bool


class Coordinate:
    """A function of the positions of a few particles, at most four.

    Args:
      function: of a point (a tuple with one number for each dimension), or of a tuple of points
        where there are more; with the functions of `boltzmann_tf.potentials.ops`, and marked with
        `ops.formula`.
      particles: their numbers.
    """

    invariant = "positions"
    _config: dict[str, Any]

    def __init__(self, function: Callable[[Any], Any], particles: Any) -> None:
        if not callable(function):
            raise TypeError(f"function must be a function, got {function!r}")
        self.function = function
        members = [np.atleast_1d(particles)]
        self.particles = index_of("particles", members, few("particles", np.size(particles)))[0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        return plain(self._config, f"get_config() of {type(self).__name__}")

    def check(self, particles: Particles) -> None:
        """Raises unless the particles exist, and the coordinate in their dimension."""
        index_of("particles", self.particles[None], self.particles.size, n=particles.n)
        check_dimension(type(self).__name__, self.invariant, particles.dimension)

    def __call__(self, rows: Any, lengths: Any) -> tf.Tensor:
        """Its values from rows of x, y (and z), `[..., n]` each, to `[...]`."""
        space = SPACES[len(rows), lengths is not None]
        points = [tuple(row[..., int(j)] for row in rows) for j in self.particles]
        sides = None if lengths is None else [tf.constant(v, rows[0].dtype) for v in lengths]
        if self.invariant in INVARIANTS:
            return self.function(INVARIANTS[self.invariant].of(space)(*points, sides))
        inside = tuple(space.wrapped(p, sides) for p in points)
        return self.function(inside[0] if len(inside) == 1 else inside)

    def kernel(self, dimension: int, *, periodic: bool) -> CoordinateKernel:
        """The coordinate for Numba's code."""
        space = SPACES[dimension, periodic]
        k = self.particles.size
        places, places_moved, _ = places_of(k, space)
        of_points = invariant_of(self.invariant, k, space)
        rows_of, function = space.rows, self.function

        @formula
        def now(x: Any, index: Any, sides: Any) -> float:
            return function(of_points(places(rows_of(x), index, 0), sides))

        @formula
        def moved(x: Any, index: Any, sides: Any, i: Any, q: Any) -> float:
            return function(of_points(places_moved((rows_of(x), i, q), index, 0), sides))

        return CoordinateKernel(now, moved, function.__module__ == __name__)


@formula
def distance(r2: Any) -> Any:
    """r, kept off 0, where the square root has no gradient."""
    return sqrt(maximum(r2, 1e-12))


class Distance(Coordinate):
    """Distance of particles i and j."""

    invariant = "squared distance"

    def __init__(self, i: int, j: int) -> None:
        super().__init__(distance, [i, j])
        self._config = {"i": i, "j": j}


@formula
def itself(angle: Any) -> Any:
    """The angle, in radians."""
    return angle


class Angle(Coordinate):
    """Angle at particle j between i and k, in radians, in [0, pi]."""

    invariant = "angle"

    def __init__(self, i: int, j: int, k: int) -> None:
        super().__init__(itself, [i, j, k])
        self._config = {"i": i, "j": j, "k": k}


class Torsion(Coordinate):
    """Torsion of particles i, j, k and l about the bond from j to k, in radians, in (-pi, pi].

    0 where i and l are on the same side (cis), and positive where l is turned clockwise from i as
    one looks from j to k (IUPAC; OpenMM, MDTraj and MDAnalysis have the same sign).
    """

    invariant = "torsion"

    def __init__(self, i: int, j: int, k: int, l: int) -> None:  # noqa: E741 - as in every textbook
        super().__init__(itself, [i, j, k, l])
        self._config = {"i": i, "j": j, "k": k, "l": l}


@formula
def _first(point: Any) -> Any:
    return point[0]


@formula
def _second(point: Any) -> Any:
    return point[1]


@formula
def _third(point: Any) -> Any:
    return point[2]


class Position(Coordinate):
    """Coordinate number `axis` (0, 1 or 2) of particle i."""

    def __init__(self, i: int, axis: int = 0) -> None:
        if positive_int("axis", axis, minimum=0) > 2:
            raise ValueError(f"axis must be 0, 1 or 2, got {axis}")
        super().__init__((_first, _second, _third)[axis], [i])
        self.axis = axis
        self._config = {"i": i, "axis": axis}

    def check(self, particles: Particles) -> None:
        """Raises unless particle and axis exist."""
        super().check(particles)
        if self.axis >= instance("particles", particles, Particles).dimension:
            raise ValueError(
                f"axis must be below the dimension, {particles.dimension}, got {self.axis}"
            )
