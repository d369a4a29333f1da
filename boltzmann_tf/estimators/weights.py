"""What importance weights say: effective size, tail, normalisation constant and its bounds.

A log-weight is log w = -u(x) - log q(x) for x ~ q, with u the reduced energy and q the normalised
density of the generator, so that E_q[w] = Z. All functions take log-weights [n] in any float
dtype, compute in float64, read -inf as a weight of zero and refuse NaN and +inf.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf._checks import finite_array
from boltzmann_tf.estimators._arviz import backend
from boltzmann_tf.estimators._common import Estimate, check_log_weights

__all__ = [
    "LogZBounds",
    "effective_sample_size",
    "ess_fraction",
    "log_z",
    "log_z_bounds",
    "normalized_weights",
    "pareto_k",
]

_MINIMUM_FOR_PARETO = 25  # below, the tail of ceil(n / 5) holds fewer than the 5 a fit needs


class LogZBounds(NamedTuple):
    """Estimates of numbers that enclose log Z in expectation.

    Attributes:
      lower: E_q[log w] = log Z - KL(q || p), the evidence lower bound (ELBO).
      upper: E_p[log w] = log Z + KL(p || q), the evidence upper bound (EUBO), or None without
        samples of p. A generator that misses a mode shows in `upper` alone.
    """

    lower: Estimate
    upper: Estimate | None


def normalized_weights(log_weights: ArrayLike) -> np.ndarray:
    """Returns the weights [n] scaled to sum to one."""
    # States no error, so that dependent ones may pass without a word.
    values = check_log_weights("log_weights", np.asarray(log_weights))
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def effective_sample_size(log_weights: ArrayLike) -> float:
    """Returns Kish's effective sample size (sum w)^2 / sum w^2, between 1 and n.

    It sees only where the generator has been: a generator that misses a mode has a high value.
    Read it beside `coverage`.
    """
    weights = normalized_weights(log_weights)
    return float(1.0 / np.sum(weights**2))


def ess_fraction(log_weights: ArrayLike) -> float:
    """Returns the effective sample size divided by the number of samples, in (0, 1]."""
    return effective_sample_size(log_weights) / np.size(log_weights)


def pareto_k(log_weights: ArrayLike) -> float:
    """Returns the shape k-hat of a generalised Pareto fitted to the largest weights.

    Below 0.5 the weights have a finite variance; above 0.7 neither averages nor their errors can
    be trusted at any affordable n. Source: Vehtari, Simpson, Gelman, Yao, Gabry, JMLR 25(72),
    2024; fitted by ArviZ.

    Args:
      log_weights: [n].

    Returns:
      k-hat; NaN below 25 samples, where the tail is too short to fit; -inf when all weights are
      equal to rounding, that is for an exact generator.
    """
    values = check_log_weights("log_weights", log_weights)
    if values.size < _MINIMUM_FOR_PARETO:
        return math.nan
    peak = values.max()
    # log-weights carry the rounding of the energies they are differences of, about 1e-16 of them
    if peak - values.min() <= 1e-12 * max(1.0, abs(peak)):
        return -math.inf
    # Scaled here because a large offset would cost digits inside; weights of exactly zero become
    # ones far below any tail, since some versions of ArviZ turn -inf into NaN.
    return backend().psis_k(np.maximum(values - peak, -700.0))


def log_z(log_weights: ArrayLike) -> Estimate:
    """Returns log Z = log mean w with its error by the delta method.

    The squared error is the variance of the mean of w over its square, (n / ESS - 1) / (n - 1).
    The estimate is low by half of that on average (Jensen), which is negligible beside the error
    whenever the error is small enough to be believed.

    Args:
      log_weights: [n].

    Returns:
      log Z in nats; the error is NaN for n = 1.
    """
    values = check_log_weights("log_weights", log_weights)
    n = values.size
    value = float(logsumexp(values) - math.log(n))
    if n == 1:
        return Estimate(value, math.nan)
    variance = (n / effective_sample_size(values) - 1.0) / (n - 1)
    return Estimate(value, math.sqrt(max(variance, 0.0)))


def _mean(values: np.ndarray) -> Estimate:
    n = values.size
    if n == 1 or not np.all(np.isfinite(values)):
        return Estimate(float(values.mean()), math.nan)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(n)))


def log_z_bounds(
    log_weights: ArrayLike, reference_log_weights: ArrayLike | None = None
) -> LogZBounds:
    """Returns a lower and, with samples of the target, an upper bound of log Z.

    Args:
      log_weights: [n] of samples of the generator; a weight of zero makes the bound -inf.
      reference_log_weights: [m] log w at independent samples of the *target* (conventional Monte
        Carlo), finite; or None. Correlated samples make the stated error too small: see
        `boltzmann_tf.estimators.mean_with_error`.

    Returns:
      the two bounds in nats, each with its error.
    """
    lower = _mean(check_log_weights("log_weights", log_weights))
    if reference_log_weights is None:
        return LogZBounds(lower, None)
    reference = finite_array("reference_log_weights", reference_log_weights, ndim=1)
    return LogZBounds(lower, _mean(reference))
