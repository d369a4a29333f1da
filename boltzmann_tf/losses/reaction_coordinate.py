"""Samples spread along reaction coordinates, so that barriers are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import choice, finite_array, positive, positive_int
from boltzmann_tf.losses.base import Generated, Loss

__all__ = ["ReactionCoordinate"]


class ReactionCoordinate(Loss):
    """J_RC, which spreads generated samples evenly along one or two reaction coordinates.

    Samples are binned softly: Gaussian kernels at `bins` centres a coordinate, from `lower` to
    `upper`, of width (upper - lower) / bins, normalised over the bins, then averaged over the
    batch to h. Two forms:

    - "entropy", the paper's: J_RC = sum h ln h, with minimum -ln(number of bins);
    - "log_bins", what the authors ran for the one-dimensional cases: J_RC = -sum ln h, which
      punishes empty bins harder; its minimum is n ln n (26.377 for 11 bins).

    With several temperatures, h is taken for each and the losses are averaged.

    Along a coordinate with a period, `upper` is `lower` plus the period, the centres are the
    middles of equal bins, and kernels reach around: each is the sum of its nearest three images.

    Args:
      coordinates: one or two functions from `[batch, ...]` to `[batch]`.
      lower: lower end of the range of each coordinate.
      upper: upper end of the range of each coordinate.
      bins: number of bins a coordinate.
      form: "log_bins" or "entropy".
      period: of each coordinate, None for a line: one value, or one for each coordinate.
      weight: factor in the objective, a number or a schedule.
    """

    name = "rc"
    sees = "generated"
    needs_energy = False

    def __init__(
        self,
        coordinates: Callable | Sequence[Callable],
        lower: float | Sequence[float],
        upper: float | Sequence[float],
        *,
        bins: int = 11,
        form: str = "log_bins",
        period: float | None | Sequence[float | None] = None,
        weight: Any = 1.0,
    ) -> None:
        super().__init__(weight=weight)
        given = coordinates if isinstance(coordinates, list | tuple) else (coordinates,)
        if len(given) not in (1, 2) or not all(map(callable, given)):
            raise TypeError(f"coordinates must be one or two functions, got {coordinates!r}")
        self.coordinates = tuple(given)
        self.lower = np.atleast_1d(finite_array("lower", lower))
        self.upper = np.atleast_1d(finite_array("upper", upper))
        shape = (len(self.coordinates),)
        if self.lower.shape != shape or self.upper.shape != shape:
            raise ValueError(
                f"lower and upper must have one value for each of the {shape[0]} coordinates, got "
                f"{lower!r} and {upper!r}"
            )
        if not np.all(self.lower < self.upper):
            raise ValueError(f"lower must be below upper, got {lower!r} and {upper!r}")
        self.period = self._checked_period(period)
        self.bins = positive_int("bins", bins, minimum=2)
        self.form = choice("form", form, ("log_bins", "entropy"))
        # The published floors under the kernels, so that a sample far outside has some bin.
        self.floor = positive("floor", 1e-6 if len(self.coordinates) == 1 else 1e-8)

    def _checked_period(
        self, period: float | None | Sequence[float | None]
    ) -> tuple[float | None, ...]:
        n = len(self.coordinates)
        each: tuple[Any, ...] = tuple(period) if isinstance(period, list | tuple) else (period,) * n
        if len(each) != n:
            raise ValueError(
                f"period must have one value for each of the {n} coordinates, got {period!r}"
            )
        for i, own in enumerate(each):
            if own is None:
                continue
            own = positive("period", own)
            span = self.upper[i] - self.lower[i]
            if not np.isclose(span, own, rtol=1e-6, atol=0.0):
                raise ValueError(f"period must be upper - lower, {span:.8g}, got {own!r}")
        return tuple(None if own is None else float(own) for own in each)

    @property
    def minimum(self) -> float:  # type: ignore[override]
        """The value for evenly filled bins."""
        n = self.bins ** len(self.coordinates)
        return float(n * np.log(n) if self.form == "log_bins" else -np.log(n))

    def histogram(self, x: tf.Tensor, temperatures: int = 1) -> tf.Tensor:
        """The soft histogram h, `[temperatures, bins ** number of coordinates]`."""
        kernel: tf.Tensor | None = None
        for coordinate, low, high, period in zip(
            self.coordinates, self.lower, self.upper, self.period, strict=True
        ):
            places = np.linspace(low, high, self.bins)
            if period is not None:
                places = low + period * (np.arange(self.bins) + 0.5) / self.bins
            centres = tf.constant(places, x.dtype)
            width = tf.constant((high - low) / self.bins, x.dtype)
            # The coordinate is clipped so that its square cannot overflow.
            r = tf.clip_by_value(coordinate(x), -1e6, 1e6)
            away = r[:, None] - centres
            if period is None:
                part = tf.exp(-(away**2) / (2 * width**2))
            else:
                away -= period * tf.stop_gradient(tf.round(away / period))
                images = [(away + k * period) ** 2 for k in (-1.0, 0.0, 1.0)]
                part = tf.add_n([tf.exp(-image / (2 * width**2)) for image in images])
            kernel = part if kernel is None else kernel[:, :, None] * part[:, None, :]
        flat = tf.reshape(kernel, [-1, self.bins ** len(self.coordinates)]) + self.floor
        flat /= tf.reduce_sum(flat, axis=1, keepdims=True)
        return tf.reduce_mean(tf.reshape(flat, [-1, temperatures, flat.shape[1]]), axis=0)

    def __call__(self, batch: Generated) -> tf.Tensor:
        """The loss averaged over temperatures, a scalar."""
        h = self.histogram(batch.x, batch.temperatures)
        terms = -tf.math.log(h) if self.form == "log_bins" else h * tf.math.log(h)
        return tf.reduce_mean(tf.reduce_sum(terms, axis=1))
