"""A nematic in cylindrical coordinates, which a flow can generate."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.nematic import (
    Nematic,
    check_event_shape,
    check_unit_vectors,
    nematic_order,
)

__all__ = ["NematicAngles"]


class NematicAngles(System):
    """`Nematic` with each unit vector given by (c, phi), c = cos theta: x = (c_1, phi_1, c_2, ...).

    The solid angle of a vector is dc dphi, so that the Boltzmann density in these coordinates is
    that of the unit vectors, and log Z that of all directions, (4 pi)^N where H = 0.
    The energy is +inf outside c in [-1, 1] and phi in [-pi, pi]: more would be more than all
    directions. `bijectors.circle.wrap` brings angles of several turns there.

    `bijectors.SpheresFromPlanes`, `SphereCoupling` and `DirectorFlow` speak the same coordinates.

    A generator's own temperature widens Gaussian noise, which says nothing on a sphere. So a
    temperature comes by the energy: a generator of `NematicAngles("cubic", 3, coupling=1 / T)`,
    whose energy is H / T with eps = 1, is one at temperature T (with a field, h / T as well).

    Args:
      lattice: as of `Nematic`.
      length: as of `Nematic`.
      coupling: eps.
      field: h, along z.
    """

    domain = "box"

    def __init__(
        self, lattice: str, length: int, coupling: float = 1.0, field: float = 0.0
    ) -> None:
        self.nematic = Nematic(lattice, length, coupling, field)
        self.event_shape = (2 * self.nematic.sites,)
        high = np.tile([1.0, np.pi], self.nematic.sites)
        self.bounds = (-high, high)
        self.reaction_coordinates = {"order": self._order}
        self.observables = {"order": self._order}

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        """Unit vectors of configurations `[..., 2 N]`: `[..., N, 3]`."""
        c, phi = x[..., 0::2], x[..., 1::2]
        c = tf.clip_by_value(c, -1.0, 1.0)
        # Kept off 0, where the square root has no slope.
        s = tf.sqrt(tf.maximum((1 - c) * (1 + c), tf.constant(1e-12, x.dtype)))
        return tf.stack([s * tf.cos(phi), s * tf.sin(phi), c], axis=-1)

    def coordinates(self, vectors: Any) -> np.ndarray:
        """(c_1, phi_1, c_2, ...) of unit vectors `[..., N, 3]`: float64 `[..., 2 N]`."""
        u = check_unit_vectors("vectors", vectors, self.nematic.sites)
        phi = np.arctan2(u[..., 1], u[..., 0])
        return np.stack([np.clip(u[..., 2], -1, 1), phi], axis=-1).reshape(*u.shape[:-2], -1)

    def _order(self, x: tf.Tensor) -> tf.Tensor:
        return nematic_order(self.vectors(x))

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """H in the unit of eps: `[..., 2 N]` to `[...]`; +inf outside the domain.

        Raises:
          ValueError: for another number of coordinates.
        """
        return self.confined(x, self._of_directions(x))

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The same with a harmonic wall in place of the infinite one."""
        return self.walled(x, self._of_directions(x))

    def _of_directions(self, x: tf.Tensor) -> tf.Tensor:
        """H of the vectors, wherever x is: c is clipped and phi periodic."""
        check_event_shape("x", x, self.event_shape)
        return self.nematic.energy(self.vectors(x))

    @functools.cached_property
    def initial_states(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        """All along z, and independent directions."""
        return {name: self.coordinates(u) for name, u in self.nematic.initial_states.items()}

    @property
    def exact(self) -> Any:
        """As of `Nematic`."""
        return self.nematic.exact

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self.nematic.get_config()
