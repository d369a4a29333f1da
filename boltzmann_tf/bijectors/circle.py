"""Circular splines: smooth monotone maps of the angle onto itself, and couplings of angles.

Rezende, Papamakarios, Racanière, Albergo, Kanwar, Shanahan, Cranmer, "Normalizing flows on tori and
spheres", ICML 2020, section 2.1. A rational-quadratic spline whose slopes at -pi and pi are one
parameter closes smoothly; a rotation after it moves the point where it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import register
from boltzmann_tf.bijectors.coupling import Coupling, Transformed, conditioner_sizes, network

__all__ = ["CircularSplineCoupling", "circular_knots", "circular_parameter_count", "wrap"]

PI = float(np.pi)


def wrap(angle: tf.Tensor) -> tf.Tensor:
    """The same direction in [-pi, pi]; the slope is one everywhere."""
    turns = tf.stop_gradient(tf.round(angle / (2 * PI)))
    # Rounding may leave a bit more than pi.
    return tf.clip_by_value(angle - 2 * PI * turns, -PI, PI)


def circular_parameter_count(bins: int) -> int:
    """Free parameters of one circular spline: widths, heights and slopes."""
    return 3 * bins


def circular_knots(parameters: tf.Tensor, bins: int) -> splines.Knots:
    """Turns unconstrained parameters into knots on [-pi, pi]; zeros give the identity.

    Args:
      parameters: `[..., 3 * bins]`, any real numbers.
      bins: number of bins.
    """
    # The first slope stands at the right end, too.
    closed = tf.concat([parameters, parameters[..., 2 * bins : 2 * bins + 1]], axis=-1)
    return splines.free_knots(closed, bins, PI)


@register
class CircularSplineCoupling(Coupling):
    """A coupling of angles by circular splines and rotations.

    All coordinates are angles; those that move come out in [-pi, pi]. The network sees cosines and
    sines of the fixed ones, so that nothing happens where they are cut. It starts as the identity.

    Args:
      event_size: number of angles, at least 2.
      transformed: "even", "odd" or one boolean a coordinate.
      bins: number of bins of each spline.
      hidden: widths of the hidden layers.
      activation: of the hidden layers; a smooth one keeps the density smooth.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.

    Raises:
      ValueError: for fewer than 2 bins, or more than the minimum bin width allows.
    """

    def __init__(
        self,
        event_size: int,
        *,
        transformed: Transformed = "odd",
        bins: int = 8,
        hidden: Sequence[int] = (64, 64),
        activation: str = "silu",
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        n_in, n_moving = conditioner_sizes(transformed, event_size, condition_size)
        bins = splines.check_bins(bins)
        self._fixed = n_in - condition_size
        sizes = (n_in + self._fixed, n_moving * (circular_parameter_count(bins) + 1))
        spline = network(sizes, hidden, "activation", activation, seed, dtype, zero_output=True)
        options = {
            "bins": bins,
            "hidden": list(hidden),
            "activation": activation,
            "seed": seed,
        }
        super().__init__(
            event_size,
            transformed=transformed,
            networks={"spline": spline},
            options=options,
            condition_size=condition_size,
            dtype=dtype,
            name=name,
        )

    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        bins = self._options["bins"]
        angles, condition = seen[..., : self._fixed], seen[..., self._fixed :]
        raw = self._networks["spline"](
            tf.concat([tf.cos(angles), tf.sin(angles), condition], axis=-1)
        )
        count = circular_parameter_count(bins) + 1
        raw = tf.reshape(raw, tf.concat([tf.shape(moving), [count]], axis=0))
        return rotated_spline(moving, raw[..., 1:], raw[..., 0], bins, inverse=inverse)


def rotated_spline(
    angle: tf.Tensor, parameters: tf.Tensor, turn: tf.Tensor, bins: int, *, inverse: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """A circular spline followed by a rotation, or the inverse of both.

    Args:
      angle: `[...]`.
      parameters: of the splines, `[..., 3 * bins]`.
      turn: of the rotations, `[...]`.
      bins: number of bins.
      inverse: the other way round.

    Returns:
      The new angle in [-pi, pi] and the log of the slope, `[...]`.
    """
    k = circular_knots(parameters, bins)
    # An end of the interval counts as outside, where the slope is one.
    edge = PI * (1 - 2 * np.finfo(angle.dtype.as_numpy_dtype).eps)
    if inverse:
        start = tf.clip_by_value(wrap(angle - turn), -edge, edge)
        return splines.spline_inverse(start, k, PI)
    out, log_slope = splines.spline_forward(tf.clip_by_value(wrap(angle), -edge, edge), k, PI)
    return wrap(out + turn), log_slope
