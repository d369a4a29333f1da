"""Potentials that hold particles: walls, springs to places, and to their common centre."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf.potentials.base import Bound, Few, Particles
from boltzmann_tf.potentials.ops import formula, maximum
from boltzmann_tf.potentials.pairs import Pairs

__all__ = ["CentreTether", "Tether", "Wall"]


@formula
def wall(point: Any, half_width: Any, stiffness: Any) -> Any:
    """stiffness sum over coordinates of max(|c| - half_width, 0)^2."""
    total = 0.0
    for c in point:
        outside = maximum(abs(c) - half_width, 0.0)
        total = total + outside * outside
    return stiffness * total


class Wall(Few):
    """Soft walls on all sides: stiffness max(|c| - half_width, 0)^2 for each coordinate.

    Args:
      half_width: from the origin, a number.
      stiffness: in kT per length squared, without a factor 1/2.
      name: of the term.
    """

    def __init__(self, half_width: float, stiffness: float = 200.0, *, name: str = "wall") -> None:
        super().__init__(
            wall,
            name=name,
            half_width=positive("half_width", half_width),
            stiffness=positive("stiffness", stiffness),
        )


@formula
def tether1(point: Any, stiffness: Any, x: Any) -> Any:
    """stiffness / 2 (distance from a place on a line)^2."""
    return 0.5 * stiffness * (point[0] - x) * (point[0] - x)


@formula
def tether2(point: Any, stiffness: Any, x: Any, y: Any) -> Any:
    """stiffness / 2 (distance from a place in the plane)^2."""
    return 0.5 * stiffness * ((point[0] - x) * (point[0] - x) + (point[1] - y) * (point[1] - y))


@formula
def tether3(point: Any, stiffness: Any, x: Any, y: Any, z: Any) -> Any:
    """stiffness / 2 (distance from a place in space)^2."""
    return (
        0.5
        * stiffness
        * (
            (point[0] - x) * (point[0] - x)
            + (point[1] - y) * (point[1] - y)
            + (point[2] - z) * (point[2] - z)
        )
    )


class Tether(Few):
    """Springs from particles to places: stiffness / 2 |x - place|^2.

    In a periodic box x is the image in the box, and the energy jumps at its sides: let places be
    far from them.

    Args:
      places: `[particles, dimension]`, or one `[dimension]` for all of them.
      stiffness: in kT per length squared, a number or [particles].
      particles: their numbers; None for all.
      name: of the term.

    Examples:
      >>> held = bg.potentials.Tether([1.0, 0.0], stiffness=4.0)
      >>> pair = bg.systems.ParticleSystem(n=2, dimension=2, terms=[held])
      >>> pair.energy(tf.constant([[1.0, 0.0, 0.0, 0.0]])).numpy()  # 4 / 2 * 1^2
      array([2.], dtype=float32)
    """

    def __init__(
        self, places: Any, stiffness: Any, *, particles: Any = None, name: str = "tether"
    ) -> None:
        at = finite_array("places", places)
        if at.ndim not in (1, 2) or not 1 <= at.shape[-1] <= 3:
            raise ValueError(
                f"places must have shape [particles, dimension] or [dimension], got {at.shape}"
            )
        self._dimension = at.shape[-1]
        function = {1: tether1, 2: tether2, 3: tether3}[self._dimension]
        coordinates = dict(zip("xyz", np.moveaxis(at, -1, 0), strict=False))
        super().__init__(function, particles, name=name, stiffness=stiffness, **coordinates)

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""
        instance("particles", particles, Particles)
        if particles.dimension != self._dimension:
            raise ValueError(
                f"places must have {particles.dimension} coordinates each, got {self._dimension}"
            )
        return super().bind(particles)


@formula
def centre_tether(r2: Any, stiffness: Any, n: Any) -> Any:
    """stiffness / (2 n) r^2: summed over all pairs, stiffness / 2 sum |x_i - mean|^2."""
    return 0.5 * stiffness / n * r2


class CentreTether(Pairs):
    """Springs to the common centre: stiffness / 2 sum over particles of |x_i - mean|^2.

    The same as stiffness / (2 n) sum over pairs of r^2, which is how it is summed.

    Args:
      n: number of particles.
      stiffness: in kT per length squared.
      name: of the term.
    """

    def __init__(self, n: int, stiffness: float = 1.0, *, name: str = "centre_tether") -> None:
        positive_int("n", n, minimum=2)
        super().__init__(centre_tether, name=name, stiffness=positive("stiffness", stiffness), n=n)

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where their number is another."""
        n = instance("particles", particles, Particles).n
        if self.parameters["n"] != n:
            given = int(self.parameters["n"])
            raise ValueError(f"n of {self.name} must be the number of particles, {n}, got {given}")
        return super().bind(particles)
