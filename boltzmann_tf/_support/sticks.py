"""Points in order on a line from independent uniform numbers: a stick, broken from its left end.

With m points uniform on what is left of it, the first of them is at 1 - (1 - t)^(1 / m) of that,
t uniform on [0, 1]. So the ideal gas in order is a uniform density of the breaks.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

__all__ = ["log_rests", "points_left", "smallest"]


def smallest(dtype: tf.DType) -> float:
    """How far breaks are kept off 1, where nothing would be left."""
    return 4 * float(np.finfo(tf.as_dtype(dtype).as_numpy_dtype).eps)


def points_left(points: tf.Tensor, most: int) -> tf.Tensor:
    """How many points are to come at each of `most` breaks: `[...]` to `[..., most]`, from 0 on."""
    place = tf.range(most, dtype=points.dtype)
    return tf.maximum(points[..., None] - place, 0)


def log_rests(breaks: tf.Tensor, left: tf.Tensor) -> tf.Tensor:
    """log of what is left after each break, of a stick of length 1: `[..., most]`.

    Args:
      breaks: in [0, 1], `[..., most]`.
      left: of `points_left`; breaks without points to come leave all there is.
    """
    share = tf.where(left > 0, 1 / tf.maximum(left, 1), tf.zeros_like(left))
    kept = tf.maximum(1 - breaks, smallest(breaks.dtype))
    return tf.cumsum(share * tf.math.log(kept), axis=-1)
