"""Angles: uniform on circles, or von Mises."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf._support.random import uniform
from boltzmann_tf.bijectors.circle import wrap
from boltzmann_tf.priors.base import Prior, as_tensor

tfd = tfp.distributions

__all__ = ["Circles"]

MOST = 1e8  # of the concentration: beyond, float32 hardly tells the angles apart


class Circles(Prior):
    """Independent angles in [-pi, pi], each von Mises or uniform: p ~ exp(kappa cos(z - mean)).

    At temperature tau the concentration is kappa / tau, which is the density at 1 to the power
    1 / tau, normalised. The density is with respect to the angle and has its period: give it to a
    bijector of angles, such as `CircularSplineCoupling`, which keeps them in one period.

    Args:
      event_size: number D of angles.
      concentration: kappa, 0 to 1e8, a number or one for each angle; 0 for uniform.
      mean: where the density is largest, in radians, a number or one for each angle.
    """

    def __init__(self, event_size: int, concentration: Any = 0.0, mean: Any = 0.0) -> None:
        super().__init__(event_size)
        self._kappa, self._mean = (
            finite_array(name, value)
            for name, value in (("concentration", concentration), ("mean", mean))
        )
        for name, value in (("concentration", self._kappa), ("mean", self._mean)):
            if value.shape not in ((), (self.event_size,)):
                raise ValueError(
                    f"{name} must be a number or have shape [{self.event_size}], got {value.shape}"
                )
        if np.any((self._kappa < 0) | (self._kappa > MOST)):
            raise ValueError(f"concentration must be in 0 .. {MOST:g}, got {concentration!r}")

    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws, `[n, event_size]` in [-pi, pi]."""
        shape = [n, self.event_size]
        if not np.any(self._kappa):
            return tf.constant(np.pi, dtype) * (2 * uniform(shape, seed, dtype) - 1)
        # By rejection (Best and Fisher 1979), in float64: TFP draws the cosine, and that of a small
        # angle has lost its digits in float32.
        mean, kappa = (
            tf.broadcast_to(v, shape)
            for v in (tf.constant(self._mean), self._tempered(temperature, tf.float64))
        )
        # Rounded, -pi may be a bit more than pi.
        return wrap(tf.cast(tfd.VonMises(mean, kappa).sample(seed=seed), dtype))

    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Log density over one period, `[n]`."""
        kappa = self._tempered(temperature, z.dtype)
        # 1 - cos as a square: near the mean the difference would lose its digits.
        half = tf.sin(0.5 * (z - tf.constant(self._mean, z.dtype)))
        norm = tf.math.log(tf.math.bessel_i0e(kappa)) + tf.cast(np.log(2 * np.pi), z.dtype)
        return -tf.reduce_sum(2 * kappa * half**2 + norm, axis=-1)

    def _tempered(self, temperature: Any, dtype: tf.DType) -> tf.Tensor:
        """kappa / tau, `[1 or n, 1 or event_size]`."""
        kappa = tf.constant(np.atleast_1d(self._kappa), dtype)
        return kappa / tf.reshape(as_tensor(temperature, dtype), [-1, 1])
