"""Systematic resampling of weighted samples, in TensorFlow."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.random import uniform

__all__ = ["resampled"]


def resampled(
    log_weight: tf.Tensor, below: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Indices by systematic resampling, and the weights after it; as they were if all is well."""
    n = log_weight.shape[0]
    log_mean = tf.reduce_logsumexp(log_weight) - np.log(n)
    ess = tf.exp(2 * log_mean - tf.reduce_logsumexp(2 * log_weight) + np.log(n))
    weight = tf.exp(log_weight - log_mean)
    index = systematic(weight, uniform([], seed, tf.float64))
    poor = ess < tf.cast(below, tf.float64)
    return (
        tf.where(poor, index, tf.range(n)),
        tf.where(poor, tf.fill([n], log_mean), log_weight),
    )


def systematic(weight: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """For positions `offset`, 1 + offset, .. the sample in whose share of [0, n) each falls.

    Not `tf.searchsorted`, for which XLA compares each position with each edge. How many positions
    lie below an edge is known without looking, and the sample of position i is the number of edges
    with at most i positions below them.
    """
    n = weight.shape[0]
    edges = tf.cumsum(weight)
    below = tf.math.ceil(edges / edges[-1] * n - offset)  # all n of them below the last edge
    below = tf.cast(tf.clip_by_value(below, 0.0, n), tf.int32)
    here = tf.math.unsorted_segment_sum(tf.ones([n], tf.int32), below, n + 1)
    return tf.cumsum(here)[:n]
