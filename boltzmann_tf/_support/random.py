"""Random numbers from a seed, by the generator that XLA compiles well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["log_uniform", "normal", "uniform"]

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


def log_uniform(shape: Any, seed: tf.Tensor) -> tf.Tensor:
    """log u of u even on (0, 1), float64: what an acceptance is decided by. Never 0, never -inf.

    A uniform number of float32 is 0 once in 2^23 draws, and below e^-15 it comes in three values:
    a decision by its logarithm lets the impossible happen once in 10^7 times. Here u is the middle
    of one of 2^52 equal pieces, so that the smallest is 1e-16 and log u at least -36.7.
    """
    return tf.math.log(uniform(shape, seed, tf.float64) + 2.0**-53)


def _extended(seed: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.cast(seed, tf.uint32), tf.int64)
