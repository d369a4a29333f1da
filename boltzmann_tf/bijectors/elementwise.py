"""Maps that act on each coordinate by itself: scaling, splines, and the box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import positive
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import Parameters

__all__ = ["Box", "ElementwiseSpline", "Scaling"]


@register
class Scaling(Bijector):
    """Learned diagonal scaling, `z = exp(k) * x`, with k = 0 at the start (the paper's "S").

    Args:
      event_size: number of coordinates.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    small_batch = 1024

    def __init__(self, event_size: int, *, dtype: str = "float32", name: str | None = None) -> None:
        self._log_scale = self._no_dependency(Parameters(event_size, dtype=dtype))
        super().__init__(
            event_size,
            layers=[self._log_scale],
            dtype=dtype,
            is_constant_jacobian=True,
            name=name,
        )

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x = exp(-k) z."""
        k = self._log_scale()
        return z * tf.exp(-k), tf.fill(tf.shape(z)[:-1], -tf.reduce_sum(k))

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """z = exp(k) x."""
        k = self._log_scale()
        return x * tf.exp(k), tf.fill(tf.shape(x)[:-1], tf.reduce_sum(k))


@register
class ElementwiseSpline(Bijector):
    """A learned monotone rational-quadratic spline for each coordinate, with linear tails.

    Starts as the identity. Together with couplings that move a coordinate given those before it,
    it makes a triangular (Knothe-Rosenblatt) flow.

    Args:
      event_size: number of coordinates.
      bins: number of bins of each spline.
      bound: half width of the spline's interval; outside, the map is the identity.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        event_size: int,
        *,
        bins: int = 16,
        bound: float = 5.0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._bins = splines.check_bins(bins)
        self._bound = positive("bound", bound)
        count = splines.parameter_count(bins)
        self._raw = self._no_dependency(Parameters(event_size * count, dtype=dtype))
        super().__init__(event_size, layers=[self._raw], dtype=dtype, name=name)

    def _knots(self) -> splines.Knots:
        return splines.knots(
            tf.reshape(self._raw(), [self.event_size, -1]), self._bins, self._bound
        )

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Passes each coordinate of z through its spline."""
        x, log_slope = splines.spline_forward(z, self._knots(), self._bound)
        return x, tf.reduce_sum(log_slope, axis=-1)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Passes each coordinate of x through the inverse of its spline."""
        z, log_slope = splines.spline_inverse(x, self._knots(), self._bound)
        return z, tf.reduce_sum(log_slope, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "bins": self._bins, "bound": self._bound}


@register
class Box(Bijector):
    """Maps the real line onto bounded coordinates, `x = lower + (upper - lower) sigmoid(z)`.

    A flow that ends in it cannot leave the box, so hard walls need no energy. Coordinates with
    infinite bounds pass unchanged.

    Args:
      lower: lower bound of each coordinate, `[D]`; -inf for none.
      upper: upper bound of each coordinate, `[D]`; inf for none (both or neither).
      dtype: "float32" or "float64".
      name: of the bijector.

    Examples:
      >>> box = bg.bijectors.Box([0.0, -1.0], [1.0, 1.0])
      >>> box.forward(tf.zeros([1, 2])).numpy()
      array([[0.5, 0. ]], dtype=float32)
    """

    small_batch = 1024

    def __init__(
        self,
        lower: Sequence[float],
        upper: Sequence[float],
        *,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        try:
            low, high = np.asarray(lower, np.float64), np.asarray(upper, np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"lower and upper must be vectors of numbers, got {lower!r} and {upper!r}"
            ) from error
        if low.ndim != 1 or low.shape != high.shape or low.size == 0:
            raise ValueError(
                "lower and upper must be vectors of one length, got shapes "
                f"{low.shape} and {high.shape}"
            )
        if not np.all(low < high):
            raise ValueError(
                f"lower must be below upper in each coordinate, got {lower} and {upper}"
            )
        bounded = np.isfinite(low)
        if np.any(bounded != np.isfinite(high)):
            raise ValueError(f"lower and upper must be finite together, got {lower} and {upper}")
        super().__init__(low.size, dtype=dtype, name=name)
        self._bounded = bounded
        # As given, for the configuration: low + (high - low) differs from high in the last bit.
        self._bounds = self._no_dependency((low.tolist(), high.tolist()))
        self._low = np.where(bounded, low, 0.0)
        self._size = np.where(bounded, high, 1.0) - self._low

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps the line into the box."""
        log_slope = (
            tf.math.log_sigmoid(z)
            + tf.math.log_sigmoid(-z)
            + tf.constant(np.log(self._size), self.dtype)
        )
        inside = tf.constant(self._low, self.dtype) + tf.constant(
            self._size, self.dtype
        ) * tf.sigmoid(z)
        # low + (high - low) may round to beyond high, where a hard wall's energy is infinite.
        inside = tf.minimum(inside, tf.constant(self._bounds[1], self.dtype))
        x = tf.where(self._bounded, inside, z)
        return x, tf.reduce_sum(tf.where(self._bounded, log_slope, 0.0 * z), axis=-1)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps the box onto the line; x outside is taken to the nearest point inside."""
        unit = (x - tf.constant(self._low, self.dtype)) / tf.constant(self._size, self.dtype)
        # Sanitised before the logarithms: data may lie on the wall itself.
        tiny = 1e-7 if self.dtype == tf.float32 else 1e-15
        unit = tf.clip_by_value(tf.where(self._bounded, unit, 0.5), tiny, 1 - tiny)
        log_u, log_v = tf.math.log(unit), tf.math.log1p(-unit)
        log_slope = -(log_u + log_v + tf.constant(np.log(self._size), self.dtype))
        z = tf.where(self._bounded, log_u - log_v, x)
        return z, tf.reduce_sum(tf.where(self._bounded, log_slope, 0.0 * x), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; infinite bounds as strings, for JSON has no infinity."""
        low, high = self._bounds
        return {
            "lower": [v if np.isfinite(v) else "-inf" for v in low],
            "upper": [v if np.isfinite(v) else "inf" for v in high],
            "dtype": self.dtype.name,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Box:
        """Builds the bijector from `get_config()`."""
        bounds = {key: [float(v) for v in config[key]] for key in ("lower", "upper")}
        return cls(**{**config, **bounds})
