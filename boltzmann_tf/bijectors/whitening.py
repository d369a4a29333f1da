"""PCA whitening: a fixed linear map, fitted once from data."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import Parameters

__all__ = ["Whitening"]


@register
class Whitening(Bijector):
    """`z = (x - mean) V / std` with the principal axes V of the data: the paper's "W" layer.

    The map is exact in both directions and its log-determinant is -sum log std, also after
    loading (the published code lost it there). Mean, axes and standard deviations are
    non-trainable variables, hence part of a checkpoint; a new object is the identity until
    `fit` is called.

    Args:
      event_size: number of coordinates.
      rotate: whether to turn to the principal axes; False only shifts and scales each coordinate.
      dtype: "float32" or "float64".
      name: of the bijector.

    Examples:
      >>> data = np.random.default_rng(0).normal(3.0, [2.0, 0.1], size=(1000, 2))
      >>> whitening = bg.bijectors.Whitening.from_data(data)
      >>> whitening.inverse(tf.constant(data, tf.float32)).numpy().std(axis=0).round(2)
      array([1., 1.], dtype=float32)
    """

    small_batch = 1024

    def __init__(
        self,
        event_size: int,
        *,
        rotate: bool = True,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        parts = {
            "mean": Parameters(event_size, trainable=False, dtype=dtype),
            "log_std": Parameters(event_size, trainable=False, dtype=dtype),
            "axes": Parameters(event_size**2, trainable=False, dtype=dtype),
        }
        super().__init__(
            event_size,
            layers=list(parts.values()),
            dtype=dtype,
            is_constant_jacobian=True,
            name=name,
        )
        self._rotate = bool(rotate)
        self._parts = self._no_dependency(parts)
        parts["axes"].vector.assign(np.eye(event_size).reshape(-1))

    @classmethod
    def from_data(cls, data: Any, **kwargs: Any) -> Whitening:
        """A new whitening fitted to `data` of shape `[n, D]`; `kwargs` as in the constructor."""
        data = finite_array("data", data, ndim=2)
        return cls(data.shape[1], **kwargs).fit(data)

    def fit(self, data: Any) -> Whitening:
        """Fits mean and covariance.

        Args:
          data: `[n, D]` with n > D.

        Returns:
          self.

        Raises:
          ValueError: if the data do not span all D directions: the map would not be invertible.
        """
        data = finite_array("data", data, ndim=2, last=self.event_size)
        if len(data) <= self.event_size:
            raise ValueError(
                f"data must hold more than {self.event_size} configurations, got {len(data)}"
            )
        mean = data.mean(axis=0)
        covariance = np.cov(data, rowvar=False).reshape([self.event_size] * 2)
        variance, axes = np.linalg.eigh(covariance)
        if variance[0] <= 1e-12 * variance[-1]:
            raise ValueError(
                f"data must span all {self.event_size} directions, got a covariance whose "
                f"eigenvalues reach from {variance[0]:.3g} to {variance[-1]:.3g}"
            )
        if not self._rotate:
            variance, axes = np.diag(covariance), np.eye(self.event_size)
        self._parts["mean"].vector.assign(mean)
        self._parts["log_std"].vector.assign(0.5 * np.log(variance))
        self._parts["axes"].vector.assign(axes.reshape(-1))
        return self

    def _variables_cast(self) -> None:
        # The inverse is the transposed: as exact as the axes are orthogonal. In float32 they were
        # to 1e-7; the nearest orthogonal matrix is so to the precision of today's numbers.
        axes = self._parts["axes"].vector
        given = np.reshape(axes.numpy(), [self.event_size] * 2).astype(np.float64)
        u, _, vh = np.linalg.svd(given)
        if np.allclose(u @ vh, given, atol=1e-4):  # else they were never orthogonal
            axes.assign((u @ vh).reshape(-1))

    def _values(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        axes = tf.reshape(self._parts["axes"](), [self.event_size, self.event_size])
        return self._parts["mean"](), self._parts["log_std"](), axes

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x = mean + (z std) V^T."""
        mean, log_std, axes = self._values()
        x = mean + tf.linalg.matvec(axes, z * tf.exp(log_std))
        return x, tf.fill(tf.shape(z)[:-1], tf.reduce_sum(log_std))

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z = (x - mean) V / std."""
        mean, log_std, axes = self._values()
        z = tf.linalg.matvec(axes, x - mean, transpose_a=True) * tf.exp(-log_std)
        return z, tf.fill(tf.shape(x)[:-1], -tf.reduce_sum(log_std))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rotate": self._rotate}
