"""What weights look like without a network: Gaussians fitted to data as the proposal.

A generator is worth its training where its weights are better than these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.samples import Samples
from boltzmann_tf.systems.base import System

__all__ = ["gaussian_baseline"]


def gaussian_baseline(
    system: System, data: Any, n: int, *, temperature: float = 1.0, parts: int = 1, seed: int = 0
) -> Samples:
    """Draws from Gaussians of the data's mean and full covariance, with importance weights.

    Args:
      system: what is sampled; its true energy is used, in float64.
      data: configurations, [m, *event_shape]; m / parts must be greater than their size D, as the
        covariance would have no inverse.
      n: samples.
      temperature: relative temperature tau of the weights; covariances are scaled by it.
      parts: equal pieces that the data are cut into, one after the other, say one a state: each
        gets a Gaussian of its own, and the proposal is their mixture, in equal shares of the n
        samples as near as they come.
      seed: of the samples.

    Returns:
      `Samples` as of a generator: `log_weight` is -u / tau - log q, so that
      `estimators.weight_report` compares both.

    Raises:
      ValueError: where a covariance has no inverse.
    """
    instance("system", system, System)
    x = finite_array("data", data, dtype=np.float64)
    if x.shape[1:] != system.event_shape:
        raise ValueError(f"data must have shape [m, *{system.event_shape}], got {x.shape}")
    n, pieces = positive_int("n", n), positive_int("parts", parts)
    tau = positive("temperature", temperature)
    size = system.event_size
    if len(x) // pieces <= size:
        raise ValueError(
            f"data must be more than {size} configurations for each of {pieces} part(s), got "
            f"{len(x)}"
        )
    rng = np.random.default_rng(seed_int("seed", seed))
    fitted = [_fit(part, tau) for part in np.array_split(x.reshape(len(x), size), pieces)]
    z = rng.standard_normal((n, size))
    which = np.arange(n) * pieces // n
    y = np.concatenate([mean + z[which == k] @ root.T for k, (mean, root) in enumerate(fitted)])
    each = [_log_density(y, mean, root) for mean, root in fitted]
    # In the shares that were drawn: a part may have one sample more than the next.
    log_q = logsumexp(each, axis=0, b=np.bincount(which, minlength=pieces)[:, None] / n)
    y = y.reshape(n, *system.event_shape)
    energy = np.concatenate(
        [system.energy(tf.constant(part)).numpy() for part in np.array_split(y, -(-n // 10_000))]
    ).astype(np.float64)
    count_energies(n)
    # A NaN energy is of a configuration outside the support, as for a generator.
    log_weight = np.where(np.isnan(energy), -np.inf, -energy / tau - log_q)
    return Samples(z, y, log_q, energy, log_weight)


def _fit(x: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and the lower triangular root of the covariance times tau."""
    try:
        return x.mean(axis=0), np.linalg.cholesky(tau * np.cov(x.T).reshape(x.shape[1], -1))
    except np.linalg.LinAlgError as error:
        raise ValueError(
            "data must have a covariance with an inverse, got coordinates that depend on others"
        ) from error


def _log_density(x: np.ndarray, mean: np.ndarray, root: np.ndarray) -> np.ndarray:
    z = np.linalg.solve(root, (x - mean).T)
    constant = 0.5 * x.shape[1] * np.log(2 * np.pi) + np.sum(np.log(np.diag(root)))
    return -0.5 * np.sum(z * z, axis=0) - constant
