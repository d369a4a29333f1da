"""Four particles in the plane, each pair with two lengths: the benchmark DW4."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import non_negative, positive
from boltzmann_tf.potentials import Distance, Pairs
from boltzmann_tf.potentials.ops import formula, maximum, sqrt
from boltzmann_tf.systems.particles import ParticleSystem

__all__ = ["DoubleWell4"]


@formula
def double_well_pair(r2: Any, quartic: Any, quadratic: Any, distance: Any) -> Any:
    """quartic (r - distance)^4 - quadratic (r - distance)^2."""
    q = sqrt(maximum(r2, 1e-12)) - distance  # off 0, where the square root has no gradient
    return q * q * (quartic * q * q - quadratic)


class DoubleWell4(ParticleSystem):
    """u = sum over pairs, each once, of quartic (d - distance)^4 - quadratic (d - distance)^2.

    In kT, of four particles in the plane. x holds the six orthonormal coordinates of their
    positions without the mean, and log Z is with respect to the volume of these. Not all pairs can
    have their best lengths; the minima (rectangles, rhombi, stars) differ in how many are long.

    Source: Köhler, Klein, Noé, "Equivariant flows: exact likelihood generative learning for
    symmetric densities", ICML 2020; with the numbers of that code.

    Args:
      quartic: > 0.
      quadratic: >= 0.
      distance: between the two lengths of a pair.
    """

    def __init__(self, quartic: float = 0.9, quadratic: float = 4.0, distance: float = 4.0) -> None:
        self.quartic = positive("quartic", quartic)
        self.quadratic = non_negative("quadratic", quadratic)
        self.distance = positive("distance", distance)
        super().__init__(
            n=4,
            dimension=2,
            terms=[Pairs(double_well_pair, **self.get_config())],
            coordinates={"distance": Distance(0, 1)},
        )
        # Of pairs at their two best lengths, as far as they fit together.
        q = np.sqrt(self.quadratic / (2 * self.quartic))
        short, long, h = self.distance - q, self.distance + q, np.sqrt(3)
        states = {
            "rectangle": [[0, 0], [short, 0], [short, long], [0, long]],
            "rhombus": short / 2 * np.array([[0, -1], [0, 1], [h, 0], [-h, 0]]),
            "star": long / h * np.array([[0, 0], [0, 1], [h / 2, -0.5], [-h / 2, -0.5]]),
        }
        self.initial_states = {name: self.configuration(r) for name, r in states.items()}
        self.observables = {"long pairs": self.long_pairs, "gyration": self.radius_of_gyration}

    def long_pairs(self, x: Any) -> tf.Tensor:
        """How many of the six pairs are longer than `distance`, `[..., 6]` to `[...]`."""
        d = self.pair_distances(x)
        return tf.reduce_sum(tf.cast(d > self.distance, d.dtype), axis=-1)

    @functools.cached_property
    def exact(self) -> exact.DoubleWell4:
        """Quadrature reference."""
        return exact.DoubleWell4(self.quartic, self.quadratic, self.distance)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {k: getattr(self, k) for k in ("quartic", "quadratic", "distance")}
