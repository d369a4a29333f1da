"""Monotone rational-quadratic splines with linear tails: the maths, without networks.

Durkan, Bekasov, Murray, Papamakarios, "Neural spline flows", NeurIPS 2019 (equations 4 to 8).
Outside [-bound, bound] the map is the identity. Inputs are clipped to the interval *before* the
spline arithmetic, not only selected away after it: otherwise gradients outside are NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import positive_int

__all__ = [
    "Knots",
    "check_bins",
    "free_knots",
    "knots",
    "parameter_count",
    "positive_slope",
    "spline_forward",
    "spline_inverse",
]

MIN_BIN = 1e-3  # smallest bin width and height, as a fraction of the interval
MIN_SLOPE = 1e-3  # smallest slope at a knot


class Knots(NamedTuple):
    """Bins of a monotone spline.

    Attributes:
      x: left edges of the bins in the input, `[..., bins]`.
      y: left edges of the bins in the output, `[..., bins]`.
      width: bin widths, `[..., bins]`.
      height: bin heights, `[..., bins]`.
      slope: slopes at the left edge of each bin, `[..., bins]`.
      slope_right: slopes at the right edge of each bin, `[..., bins]`.
    """

    x: tf.Tensor
    y: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    slope: tf.Tensor
    slope_right: tf.Tensor


def check_bins(bins: int) -> int:
    """Returns the number of bins, or raises unless the smallest bin width leaves room for them."""
    bins = positive_int("bins", bins, minimum=2)
    if bins * MIN_BIN >= 0.5:
        raise ValueError(f"bins must be less than {int(0.5 / MIN_BIN)}, got {bins}")
    return bins


def parameter_count(bins: int) -> int:
    """Free parameters of one spline: widths, heights and inner slopes."""
    return 3 * bins - 1


def knots(parameters: tf.Tensor, bins: int, bound: float) -> Knots:
    """Turns unconstrained parameters into knots; zeros give the identity.

    Args:
      parameters: `[..., 3 * bins - 1]`, any real numbers.
      bins: number of bins.
      bound: half width of the interval; the slopes at its ends are 1, as in the tails.
    """
    raw_w, raw_h, raw_s = tf.split(parameters, [bins, bins, bins - 1], axis=-1)

    def partition(raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        size = 2 * bound * (MIN_BIN + (1 - MIN_BIN * bins) * tf.nn.softmax(raw, axis=-1))
        return -bound + tf.cumsum(size, axis=-1, exclusive=True), size

    x, width = partition(raw_w)
    y, height = partition(raw_h)
    inner = positive_slope(raw_s)
    end = tf.ones_like(raw_w[..., :1])
    return Knots(
        x,
        y,
        width,
        height,
        tf.concat([end, inner], axis=-1),
        tf.concat([inner, end], axis=-1),
    )


def free_knots(parameters: tf.Tensor, bins: int, bound: float) -> Knots:
    """Knots whose slopes at the ends are parameters, too; zeros give the identity.

    Args:
      parameters: `[..., 3 * bins + 1]`: widths, heights, slopes from the left end to the right.
      bins: number of bins.
      bound: half width of the interval.
    """
    sizes, slopes = tf.split(parameters, [2 * bins, bins + 1], axis=-1)
    k = knots(tf.concat([sizes, slopes[..., 1:-1]], axis=-1), bins, bound)
    low, high = positive_slope(slopes[..., :1]), positive_slope(slopes[..., -1:])
    return k._replace(
        slope=tf.concat([low, k.slope[..., 1:]], axis=-1),
        slope_right=tf.concat([k.slope_right[..., :-1], high], axis=-1),
    )


def positive_slope(raw: tf.Tensor) -> tf.Tensor:
    """A slope from any number, by a softplus shifted so that zero is a slope of one."""
    return MIN_SLOPE + tf.nn.softplus(raw + float(np.log(np.expm1(1 - MIN_SLOPE))))


def _select(value: tf.Tensor, edges: tf.Tensor, k: Knots) -> list[tf.Tensor]:
    """The six numbers of the bin that holds each value, by a mask: no gather, so XLA fuses it."""
    inside = tf.cast(value[..., None] >= edges, value.dtype)
    mask = inside - tf.concat([inside[..., 1:], tf.zeros_like(inside[..., :1])], axis=-1)
    return [tf.reduce_sum(part * mask, axis=-1) for part in k]


def spline_forward(value: tf.Tensor, k: Knots, bound: float) -> tuple[tf.Tensor, tf.Tensor]:
    """The spline and the log of its slope.

    Args:
      value: `[...]`, one number a spline.
      k: knots with parts of shape `[..., bins]`.
      bound: half width of the interval.

    Returns:
      y and log dy/dx, both of the shape of `value`.
    """
    clipped = tf.clip_by_value(value, -bound, bound)
    x, y, width, height, slope, slope_right = _select(clipped, _open_left(k.x), k)
    t = tf.clip_by_value((clipped - x) / width, 0.0, 1.0)
    secant = height / width
    t1 = t * (1 - t)
    denominator = secant + (slope_right + slope - 2 * secant) * t1
    out = y + height * (secant * t**2 + slope * t1) / denominator
    log_slope = _log_slope(t, t1, secant, slope, slope_right, denominator)
    inside = tf.abs(value) < bound
    return tf.where(inside, out, value), tf.where(inside, log_slope, tf.zeros_like(value))


def spline_inverse(value: tf.Tensor, k: Knots, bound: float) -> tuple[tf.Tensor, tf.Tensor]:
    """The inverse of `spline_forward` and the log of its slope.

    The quadratic's root is taken in the form free of cancellation, with the discriminant clamped
    at zero (it can fall below by rounding).
    """
    clipped = tf.clip_by_value(value, -bound, bound)
    x, y, width, height, slope, slope_right = _select(clipped, _open_left(k.y), k)
    secant = height / width
    rise = tf.clip_by_value(clipped - y, tf.zeros_like(height), height)
    curve = slope_right + slope - 2 * secant
    a = height * (secant - slope) + rise * curve
    b = height * slope - rise * curve
    c = -secant * rise
    discriminant = tf.maximum(b**2 - 4 * a * c, tf.cast(1e-30, value.dtype))
    t = tf.clip_by_value(2 * c / (-b - tf.sqrt(discriminant)), 0.0, 1.0)
    t1 = t * (1 - t)
    log_slope = -_log_slope(t, t1, secant, slope, slope_right, secant + curve * t1)
    inside = tf.abs(value) < bound
    return tf.where(inside, x + t * width, value), tf.where(inside, log_slope, tf.zeros_like(value))


def _open_left(edges: tf.Tensor) -> tf.Tensor:
    """Lowers the first edge, so that rounding never leaves a value without a bin."""
    return tf.concat([edges[..., :1] - 1.0, edges[..., 1:]], axis=-1)


def _log_slope(
    t: tf.Tensor,
    t1: tf.Tensor,
    secant: tf.Tensor,
    slope: tf.Tensor,
    slope_right: tf.Tensor,
    denominator: tf.Tensor,
) -> tf.Tensor:
    numerator = slope_right * t**2 + 2 * secant * t1 + slope * (1 - t) ** 2
    return 2 * tf.math.log(secant) + tf.math.log(numerator) - 2 * tf.math.log(denominator)
