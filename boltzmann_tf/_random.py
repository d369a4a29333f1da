"""Random numbers from a seed, by the generator that XLA compiles well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["normal", "uniform"]

# Under XLA, TensorFlow's default ("auto_select") works out Philox's key anew for each number, which
# takes most of the time (TensorFlow 2.21). Naming Philox avoids that. The numbers are the same if
# the seed is extended by zeros, as the default does, and not by its sign.
ALGORITHM = "philox"


def normal(shape: Any, seed: tf.Tensor, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Standard normal numbers, a function of the int32 seed `[2]`."""
    return tf.random.stateless_normal(shape, _extended(seed), dtype=dtype, alg=ALGORITHM)


def uniform(
    shape: Any, seed: tf.Tensor, dtype: tf.DType = tf.float32, maxval: Any = None
) -> tf.Tensor:
    """Numbers below `maxval`, 1 if not given, a function of the int32 seed `[2]`."""
    seed = _extended(seed)
    return tf.random.stateless_uniform(shape, seed, maxval=maxval, dtype=dtype, alg=ALGORITHM)


def _extended(seed: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.cast(seed, tf.uint32), tf.int64)
