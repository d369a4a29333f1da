"""Systematic resampling of weighted samples, in TensorFlow."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from boltzmann_tf._random import uniform

__all__ = ["resampled"]


def resampled(
    log_weight: tf.Tensor, below: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Indices by systematic resampling, and the weights after it; as they were if all is well."""
    n = log_weight.shape[0]
    log_mean = tf.reduce_logsumexp(log_weight) - np.log(n)
    ess = tf.exp(2 * log_mean - tf.reduce_logsumexp(2 * log_weight) + np.log(n))
    edges = tf.cumsum(tf.exp(log_weight - log_mean))
    positions = tf.range(n, dtype=tf.float64) + uniform([], seed, tf.float64)
    index = tf.minimum(tf.searchsorted(edges, positions, side="right"), n - 1)
    poor = ess < tf.cast(below, tf.float64)
    return (
        tf.where(poor, index, tf.range(n)),
        tf.where(poor, tf.fill([n], log_mean), log_weight),
    )
