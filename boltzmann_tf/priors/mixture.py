"""Mixtures of normals."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf._support.random import normal, uniform
from boltzmann_tf.priors.base import Prior, as_tensor

__all__ = ["Mixture"]


class Mixture(Prior):
    """A mixture of normals with diagonal covariances: sum_k w_k N(z; m_k, s_k^2).

    At temperature tau the variances are tau s_k^2, centres and weights what they are at 1. This is
    a definition: the mixture to the power 1 / tau is none, and has no normalisation in closed form.
    Weights of a generator are exact with either, for `sample` and `log_prob` are of one density. It
    is close to the power where components are far apart for their widths, and have weights that
    are proportional to the product of their widths.

    Args:
      centres: m_k, `[components, D]`.
      scales: s_k, a number, `[components]` or `[components, D]`.
      weights: w_k, `[components]`, positive; divided by their sum. None for equal ones.
    """

    def __init__(self, centres: Any, scales: Any = 1.0, weights: Any = None) -> None:
        self._centres = finite_array("centres", centres, ndim=2)
        k, size = self._centres.shape
        s = finite_array("scales", scales)
        if s.shape not in ((), (k,), (k, size)) or np.any(s <= 0):
            raise ValueError(
                f"scales must be > 0, a number, [{k}] or [{k}, {size}], got {s.tolist()}"
            )
        self._scales = np.broadcast_to(s[:, None] if s.ndim == 1 else s, (k, size))
        w = np.ones(k) if weights is None else finite_array("weights", weights)
        if w.shape != (k,) or np.any(w <= 0):
            raise ValueError(f"weights must be > 0, one for each of the {k} centres, got {weights}")
        self._weights = w / w.sum()
        super().__init__(size)

    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws, `[n, event_size]`."""
        first, second = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        # In float64, for weights that are exact to its digits.
        ends = tf.constant(np.cumsum(self._weights)[:-1])
        u = uniform([n], first, tf.float64)
        which = tf.reduce_sum(tf.cast(u[:, None] >= ends, tf.int32), axis=1)
        centres, scales = (
            tf.gather(tf.constant(v, dtype), which) for v in (self._centres, self._scales)
        )
        noise = normal([n, self.event_size], second, dtype)
        return centres + scales * noise * tf.sqrt(as_tensor(temperature, dtype))[..., None]

    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Log density, `[n]`."""
        tau = tf.reshape(as_tensor(temperature, z.dtype), [-1, 1])
        centres, scales = (tf.constant(v, z.dtype) for v in (self._centres, self._scales))
        square = tf.reduce_sum(((z[:, None] - centres) / scales) ** 2, axis=-1)
        height = np.log(self._weights) - np.sum(np.log(self._scales), axis=1)
        norm = 0.5 * self.event_size * tf.math.log(tf.constant(2 * np.pi, z.dtype) * tau)
        terms = tf.constant(height, z.dtype) - square / (2 * tau) - norm
        return tf.reduce_logsumexp(terms, axis=-1)
