"""Fixed monotone maps that give each coordinate the distribution of data."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import Parameters

__all__ = ["Marginals"]

_PARTS = ("center", "scale", "height", "slope")


@register
class Marginals(Bijector):
    """Maps a standard normal to given marginals: for each coordinate a spline through quantiles.

    The k-th knot z_k of the normal goes to the quantile Phi(z_k) of the data, with the slopes of
    PCHIP (Fritsch and Butland 1984) and linear tails beyond the last knots. Nothing of it is
    trained: what it says about the marginals stays (see `Triangular`). A new object is the
    identity until `fit` is called.

    Args:
      event_size: number of coordinates.
      bins: between the knots.
      bound: of the outermost knots, in standard deviations.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        event_size: int,
        *,
        bins: int = 48,
        bound: float = 3.0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._bins = splines.check_bins(bins)
        self._bound = positive("bound", bound)
        sizes = {"center": 1, "scale": 1, "height": bins, "slope": bins + 1}
        parts = {
            part: Parameters(event_size * sizes[part], trainable=False, dtype=dtype)
            for part in _PARTS
        }
        super().__init__(event_size, layers=list(parts.values()), dtype=dtype, name=name)
        self._parts = self._no_dependency(parts)
        self._sizes = self._no_dependency(sizes)
        self._assign(
            center=np.zeros(event_size),
            scale=np.ones(event_size),
            height=np.full((event_size, bins), 2 * bound / bins),
            slope=np.ones((event_size, bins + 1)),
        )

    @classmethod
    def from_data(cls, data: Any, **kwargs: Any) -> Marginals:
        """A new map fitted to `data` of shape `[n, D]`; `kwargs` as in the constructor."""
        data = finite_array("data", data, ndim=2)
        return cls(data.shape[1], **kwargs).fit(data)

    def fit(self, data: Any) -> Marginals:
        """Fits the quantiles.

        Args:
          data: `[n, D]`, at least ten for each bin.

        Returns:
          self.

        Raises:
          ValueError: for few data, or where quantiles coincide, as in discrete data.
        """
        data = finite_array("data", data, ndim=2, last=self.event_size, dtype=np.float64)
        if len(data) < 10 * self._bins:
            raise ValueError(
                f"data must hold at least {10 * self._bins} configurations, got {len(data)}"
            )
        z = np.linspace(-self._bound, self._bound, self._bins + 1)
        x = np.quantile(data, ndtr(z), axis=0)
        center = 0.5 * (x[-1] + x[0])
        scale = 0.5 * (x[-1] - x[0]) / self._bound
        height = np.diff(x, axis=0)
        if not np.all(height > 1e-6 * scale):
            raise ValueError("data must have distinct quantiles, got some that coincide")
        slope = PchipInterpolator(z, (x - center) / scale, axis=0).derivative()(z)
        self._assign(
            center=center,
            scale=scale,
            height=(height / scale).T,
            slope=np.maximum(slope, splines.MIN_SLOPE).T,
        )
        return self

    def _assign(self, **values: np.ndarray) -> None:
        for part, value in values.items():
            self._parts[part].vector.assign(np.ravel(value))

    def _knots(self) -> tuple[tf.Tensor, tf.Tensor, splines.Knots]:
        center, scale, height, slope = (
            tf.reshape(self._parts[part](), [self.event_size, self._sizes[part]]) for part in _PARTS
        )
        width = tf.fill(tf.shape(height), tf.constant(2 * self._bound / self._bins, self.dtype))
        x = -self._bound + tf.cumsum(width, axis=-1, exclusive=True)
        y = -self._bound + tf.cumsum(height, axis=-1, exclusive=True)
        knots = splines.Knots(x, y, width, height, slope[:, :-1], slope[:, 1:])
        return center[:, 0], scale[:, 0], knots

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Passes each coordinate through its spline, then to the scale of the data."""
        center, scale, knots = self._knots()
        y, log_slope = splines.spline_forward(z, knots, self._bound)
        return center + scale * y, tf.reduce_sum(log_slope + tf.math.log(scale), axis=-1)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Undoes both."""
        center, scale, knots = self._knots()
        z, log_slope = splines.spline_inverse((x - center) / scale, knots, self._bound)
        return z, tf.reduce_sum(log_slope - tf.math.log(scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "bins": self._bins, "bound": self._bound}
