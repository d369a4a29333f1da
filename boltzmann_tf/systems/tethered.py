"""A system whose coordinates are held near places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.wrapped import Wrapped

__all__ = ["Tethered"]


class Tethered(Wrapped):
    """u(x) + stiffness * sum of (x_i - centre_i)^2 over the coordinates that are held.

    Held particles keep their order and their packing, and a flow learns them easily; annealing then
    lets them go (`sampling.anneal_particles`). With `AtTemperature` inside, tethers stay as stiff
    as they are:

        hot = systems.Tethered(systems.AtTemperature(system, 4.0), positions, 40.0)

    Args:
      system: u, or its document; not in a periodic box, whose images have no place.
      centres: a number or array that broadcasts to `event_shape`, or a function of configurations
        `[batch, *event_shape]` to as many centres, in TF ops, differentiable: tethers may follow
        the coordinates that are not held.
      stiffness: > 0, in kT per length squared.
      coordinates: which indices of the last axis are held, as a slice (or the three numbers of
        one); None for all.
    """

    def __init__(
        self,
        system: System | Mapping[str, Any],
        centres: float | np.ndarray | Callable[[tf.Tensor], tf.Tensor],
        stiffness: float,
        *,
        coordinates: slice | Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(system)
        if self.domain == "torus":
            raise ValueError(
                f"system must not be periodic to have tethers, got the torus of {self.inner.name}"
            )
        self.centres: np.ndarray | Callable[[tf.Tensor], tf.Tensor] = (
            centres if callable(centres) else _places(centres, self.event_shape)
        )
        self.stiffness = positive("stiffness", stiffness)
        self.coordinates = _slice(coordinates)
        if not np.arange(self.event_shape[-1])[self.coordinates].size:
            raise ValueError(
                f"coordinates must be some of {self.event_shape[-1]}, got {coordinates!r}"
            )

    @property
    def name(self) -> str:
        """Name in reports."""
        return f"tethered {self.inner.name}"

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """u(x) and the tethers, in kT: `[batch, *event_shape]` to `[batch]`."""
        return self.inner.energy(x, *condition) + self.tethers(x)

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The inner system's training energy and the tethers."""
        return self.inner.training_energy(x, *condition) + self.tethers(x)

    def tethers(self, x: tf.Tensor) -> tf.Tensor:
        """Energy of the tethers alone, kT: `[batch, *event_shape]` to `[batch]`."""
        given = self.centres
        centres = given(x) if callable(given) else tf.constant(given, x.dtype)
        held = (x - centres)[..., self.coordinates]
        axes = list(range(-len(self.event_shape), 0))
        return self.stiffness * tf.reduce_sum(held**2, axis=axes)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; None for what JSON cannot say, a function for instance."""
        found = {
            **super().get_config(),
            "centres": None if callable(self.centres) else self.centres.tolist(),
            "stiffness": self.stiffness,
        }
        held = self.coordinates
        if held != slice(None):
            found["coordinates"] = [held.start, held.stop, held.step]
        return found


def _places(centres: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = finite_array("centres", centres)
    try:
        fits = np.broadcast_shapes(found.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"centres must broadcast to {shape}, got {found.shape}")
    return found


def _slice(coordinates: Any) -> slice:
    if coordinates is None or isinstance(coordinates, slice):
        return coordinates or slice(None)
    if isinstance(coordinates, list | tuple) and len(coordinates) == 3:
        if all(i is None or (isinstance(i, int) and not isinstance(i, bool)) for i in coordinates):
            return slice(*coordinates)
    raise TypeError(f"coordinates must be a slice, got {coordinates!r}")
