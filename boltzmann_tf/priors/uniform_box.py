"""Uniform numbers in a box."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf._support.random import uniform
from boltzmann_tf.priors.base import Prior

__all__ = ["UniformBox"]

WALL = 200.0  # of training, in units of kT and of the box: as that of systems
ROUNDING = 8  # units in the last place that a point may be outside


class UniformBox(Prior):
    """The uniform density between two corners; a temperature changes nothing.

    Points that rounding has put outside count as inside. Training sees a harmonic wall around the
    box in the place of the density's end, which has no gradient to learn from.

    Args:
      low: lower end of each coordinate, `[D]`.
      high: upper end of each.

    Examples:
      >>> prior = bg.priors.UniformBox([0.0, 0.0], [2.0, 4.0])
      >>> prior.log_prob(tf.ones([1, 2]), 1.0).numpy().round(4)  # -log 8
      array([-2.0794], dtype=float32)
    """

    def __init__(self, low: Any, high: Any) -> None:
        self._low, self._high = (
            finite_array(name, value, ndim=1) for name, value in (("low", low), ("high", high))
        )
        if self._low.shape != self._high.shape or not np.all(self._low < self._high):
            raise ValueError(
                "low and high must have as many components, low below high in each, got "
                f"{low!r} and {high!r}"
            )
        super().__init__(len(self._low))

    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws, `[n, event_size]`."""
        low, high = (tf.constant(v, dtype) for v in (self._low, self._high))
        u = uniform([n, self.event_size], seed, dtype)
        return tf.minimum(low + (high - low) * u, high)  # rounding may lift it above

    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Minus the logarithm of the volume, `[n]`; -inf outside."""
        margin = ROUNDING * np.finfo(z.dtype.as_numpy_dtype).eps
        margin = margin * np.maximum(np.abs(self._low), np.abs(self._high))
        low, high = (tf.constant(v, z.dtype) for v in (self._low - margin, self._high + margin))
        inside = tf.reduce_all((z >= low) & (z <= high), axis=-1)
        return tf.where(inside, self._log_density(z), tf.cast(-np.inf, z.dtype))

    def energy(
        self, z: tf.Tensor, temperature: Any = 1.0, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The logarithm of the volume, and a harmonic wall outside, `[n]`."""
        low, high = (tf.constant(v, z.dtype) for v in (self._low, self._high))
        outside = (z - tf.clip_by_value(z, low, high)) / (high - low)
        return WALL * tf.reduce_sum(outside**2, axis=-1) - self._log_density(z)

    def _log_density(self, z: tf.Tensor) -> tf.Tensor:
        return tf.cast(-np.sum(np.log(self._high - self._low)), z.dtype)
