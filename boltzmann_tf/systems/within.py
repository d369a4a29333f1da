"""A system in one of its states."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import choice, finite
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.wrapped import Wrapped

__all__ = ["Within"]


class Within(Wrapped):
    """A system within an interval of a coordinate: the energy is infinite outside.

    Of a Metropolis run in it all draws belong to the state, and R-hat and effective sizes are of
    what is used. Walkers of the whole system leave a state now and then, one by one: those numbers
    then tell of the crossings.

        left = systems.Within(systems.DoubleWell(), "x1", (-np.inf, 0.0))

    Training sees a harmonic wall in the coordinate, `wall_stiffness` times the squared distance
    from the interval, in the place of the infinite one, which has no gradient to learn from.

    Args:
      system: the whole, or its document.
      coordinate: name of one of its reaction coordinates, or a function from `[..., *event_shape]`
        to `[...]`, in TF ops.
      interval: (low, high) of the coordinate, the ends excluded; infinite or None for no end.
    """

    def __init__(
        self,
        system: System | Mapping[str, Any],
        coordinate: str | Callable[[tf.Tensor], tf.Tensor],
        interval: tuple[float | None, float | None],
    ) -> None:
        super().__init__(system)
        if not callable(coordinate):
            known = self.inner.reaction_coordinates
            self._of: Callable[[tf.Tensor], tf.Tensor] = known[
                choice("coordinate", coordinate, known)
            ]
        else:
            self._of = coordinate
        self.coordinate = coordinate
        self.interval = _ends(interval)

    @property
    def name(self) -> str:
        """Name in reports."""
        low, high = self.interval
        return f"{self.inner.name} within {low:g} to {high:g}"

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """u(x) within, +inf outside: `[batch, *event_shape]` to `[batch]`."""
        r, u = self._of(x), self.inner.energy(x, *condition)
        low, high = (tf.constant(v, r.dtype) for v in self.interval)
        return tf.where((r > low) & (r < high), u, tf.constant(np.inf, u.dtype))

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The inner system's training energy, and a wall in the coordinate."""
        r, u = self._of(x), self.inner.training_energy(x, *condition)
        low, high = (tf.constant(v, r.dtype) for v in self.interval)
        outside = tf.nn.relu(low - r) + tf.nn.relu(r - high)
        return u + self.wall_stiffness * tf.cast(outside * outside, u.dtype)

    @functools.cached_property
    def initial_states(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        """Those of the inner system that are within."""
        low, high = self.interval
        states = self.inner.initial_states.items()
        return {k: v for k, v in states if low < float(self._of(tf.constant([v]))[0]) < high}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; None for what JSON cannot say, a function for instance."""
        return {
            **super().get_config(),
            "coordinate": None if callable(self.coordinate) else self.coordinate,
            "interval": [v if np.isfinite(v) else None for v in self.interval],
        }


def _ends(interval: Any) -> tuple[float, float]:
    try:
        low, high = interval
    except (TypeError, ValueError):
        raise ValueError(f"interval must be (low, high), got {interval!r}") from None
    low = -np.inf if low is None or low == -np.inf else finite("interval[0]", low)
    high = np.inf if high is None or high == np.inf else finite("interval[1]", high)
    if not low < high:
        raise ValueError(f"interval must be (low, high), low < high, got {interval!r}")
    return low, high
