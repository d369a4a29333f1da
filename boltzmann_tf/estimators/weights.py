"""What importance weights say: effective size, tail, normalisation constant and its bounds.

A log-weight is log w = -u(x) - log q(x) for x ~ q, with u the reduced energy and q the normalised
density of the generator, so that E_q[w] = Z. All functions take log-weights [n] in any float
dtype, compute in float64, read -inf as a weight of zero and refuse NaN and +inf.

Their `resolution` is the rounding that a log-weight carries, in kT. The rounding of energies is
common to all samples (a constant, an order of summation), so it does not average out, and is part
of every stated error. The float64 of a log-weight does not show that its energy was a float32:
`Samples.resolution` of a generator does, and by default only the rounding of the array's own dtype
is counted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._common import (
    Estimate,
    bin_index,
    check_coordinate,
    check_edges,
    check_log_weights,
    flag,
    resolution_of,
)
from boltzmann_tf.estimators._tails import kish, pareto_shape, tail_message

__all__ = [
    "LogZBounds",
    "effective_sample_size",
    "ess_fraction",
    "ess_fraction_along",
    "log_z",
    "log_z_bounds",
    "normalized_weights",
    "pareto_k",
]


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
    """Returns the weights [n] scaled to sum to one.

    Examples:
      >>> bg.estimators.normalized_weights(np.log([1.0, 1.0, 2.0]))
      array([0.25, 0.25, 0.5 ])
    """
    # States no error, so that dependent ones may pass without a word.
    values = check_log_weights("log_weights", np.asarray(log_weights))
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def effective_sample_size(log_weights: ArrayLike) -> float:
    """Returns Kish's effective sample size (sum w)^2 / sum w^2, between 1 and n.

    It sees only where the generator has been: a generator that misses a mode has a high value.
    Read it beside `coverage`.

    Examples:
      >>> round(bg.estimators.effective_sample_size(np.log([1.0, 1.0, 2.0])), 4)
      2.6667
    """
    return kish(check_log_weights("log_weights", log_weights))


def ess_fraction(log_weights: ArrayLike) -> float:
    """Returns the effective sample size divided by the number of samples, in (0, 1].

    Examples:
      >>> bg.estimators.ess_fraction([0.0, 0.0, -np.inf, -np.inf])
      0.5
    """
    return effective_sample_size(log_weights) / np.size(log_weights)


def ess_fraction_along(coordinate: ArrayLike, log_weights: ArrayLike, *, edges: ArrayLike) -> float:
    """Returns the effective fraction for the target that keeps the coordinate as generated.

    A generator that is spread along a reaction coordinate on purpose has few effective samples of
    the Boltzmann density, most of which is in one state, however good it is. Free energies along
    the coordinate rest on the weights at each value of it. This is the effective fraction of
    log w - log <w>(coordinate): 1 where all weights at the same value are equal.

    The mean weight in each bin is taken from every other sample and used, between the bins'
    middles, for the rest, and then the other way round.

    Args:
      coordinate: of the samples, [n].
      log_weights: [n], -inf allowed.
      edges: of the bins, [bins + 1]; samples outside have the mean weight of the nearest bin.
    """
    r, log_w = check_coordinate("coordinate", coordinate, log_weights)
    edges = check_edges("edges", edges)
    middles = 0.5 * (edges[1:] + edges[:-1])
    # Without a weight a coordinate need not be a number.
    which = np.where(log_w > -np.inf, bin_index(r, edges), len(middles))
    fractions = []
    for k in (0, 1):
        mean = _mean_log_weights(which[1 - k :: 2], log_w[1 - k :: 2], len(middles))
        known = np.isfinite(mean)
        if not known.any():
            raise ValueError(
                "coordinate must have samples of weight between the edges in both halves, got none"
            )
        bias = np.interp(r[k::2], middles[known], mean[known])
        fractions.append(ess_fraction(np.where(log_w[k::2] > -np.inf, log_w[k::2] - bias, -np.inf)))
    return float(np.mean(fractions))


def _mean_log_weights(which: np.ndarray, log_weights: np.ndarray, bins: int) -> np.ndarray:
    """log of the mean weight in each bin, [bins]; NaN in empty ones, and `bins` is outside."""
    mean = np.full(bins, np.nan)
    for k in np.unique(which[which < bins]):
        own = log_weights[which == k]
        mean[k] = logsumexp(own) - math.log(own.size)
    return mean


def pareto_k(log_weights: ArrayLike, *, resolution: float | None = None) -> float:
    """Returns the shape k-hat of a generalised Pareto fitted to the largest weights.

    Below 0.5 the weights have a finite variance; above 0.7 neither averages nor their errors can
    be trusted at any affordable n. Source: Vehtari, Simpson, Gelman, Yao, Gabry, JMLR 25(72),
    2024; fitted by ArviZ.

    Args:
      log_weights: [n].
      resolution: rounding of a log-weight in kT, such as `Samples.resolution`; None for that of
        the array's dtype.

    Returns:
      k-hat; NaN below 25 samples, or five of positive weight, where the tail is too short to fit;
      -inf where there is no tail: all weights are equal to rounding, as those of an exact
      generator, or the largest is shared by so many samples that it is a bound.

    Examples:
      >>> heavy = np.random.default_rng(0).pareto(1.0, 10_000)  # of infinite mean
      >>> round(bg.estimators.pareto_k(np.log(heavy)), 1)
      1.0
    """
    values = check_log_weights("log_weights", log_weights)
    return pareto_shape(values, resolution_of(log_weights, values, resolution))


def log_z(log_weights: ArrayLike, *, resolution: float | None = None) -> Estimate:
    """Returns log Z = log mean w with its error by the delta method.

    The squared error is the variance of the mean of w over its square, (n / ESS - 1) / (n - 1),
    plus the squared resolution. The estimate is low by half of the first on average (Jensen),
    which is negligible beside the error whenever the error is small enough to be believed.

    The error is calibrated where Pareto k-hat is at most 0.5 - 4 / sqrt(n) and the effective size
    is at least 20; elsewhere, and for at least 200 samples, a `CalibrationWarning` says so.

    Args:
      log_weights: [n].
      resolution: rounding of a log-weight in kT, such as `Samples.resolution`; None for that of
        the array's dtype.

    Returns:
      log Z in nats; the error is NaN for n = 1.

    Examples:
      >>> log_weights = np.random.default_rng(0).normal(2.98, 0.2, 10_000)  # log Z = 3
      >>> value, error = bg.estimators.log_z(log_weights)
      >>> round(value, 2), round(error, 3)
      (3.0, 0.002)
    """
    values = check_log_weights("log_weights", log_weights)
    estimate, message = judged_log_z(
        "log_z", values, resolution_of(log_weights, values, resolution)
    )
    if message is not None:
        flag(message)
    return estimate


def judged_log_z(
    estimator: str, values: np.ndarray, rounding: float
) -> tuple[Estimate, str | None]:
    """Returns log Z of checked log-weights, and what is to be flagged by the estimator, or None."""
    n = values.size
    value = float(logsumexp(values) - math.log(n))
    if n == 1:
        return Estimate(value, math.nan), None
    message = tail_message(estimator, pareto_shape(values, rounding), kish(values), n)
    # Centred on the mean weight: n / ESS - 1 itself cancels when the weights are nearly equal.
    weights = n * normalized_weights(values) - 1.0
    variance = float(np.sum(weights**2)) / (n * (n - 1.0))
    return Estimate(value, math.hypot(math.sqrt(variance), rounding)), message


def _mean(values: np.ndarray, rounding: float) -> Estimate:
    n = values.size
    if n == 1 or not np.all(np.isfinite(values)):
        return Estimate(float(values.mean()), math.nan)
    error = float(values.std(ddof=1)) / math.sqrt(n)
    return Estimate(float(values.mean()), math.hypot(error, rounding))


_CROSSED = 4.0  # standard errors; by chance less than once in 30,000


def bounds_crossed(bounds: LogZBounds) -> str | None:
    """Returns what is wrong where the upper bound is below the lower one beyond their errors."""
    lower, upper = bounds
    if upper is None:
        return None
    error = math.hypot(lower.standard_error, upper.standard_error)
    if not lower.value - upper.value > _CROSSED * error:
        return None
    return (
        f"log_z_bounds: the upper bound must not be below the lower one, got {upper.value:.6g} and "
        f"{lower.value:.6g}: reference_log_weights are not at independent samples of the target, "
        "or the generator was trained on them"
    )


def log_z_bounds(
    log_weights: ArrayLike,
    reference_log_weights: ArrayLike | None = None,
    *,
    resolution: float | None = None,
) -> LogZBounds:
    """Returns a lower and, with samples of the target, an upper bound of log Z.

    Args:
      log_weights: [n] of samples of the generator; a weight of zero makes the bound -inf.
      reference_log_weights: [m] log w at independent samples of the *target* (conventional Monte
        Carlo) that are unseen in training, finite; or None. A generator gives its training data
        too much density, and the mean over them is no bound. Correlated samples make the stated
        error too small: see `boltzmann_tf.estimators.mean_with_error`.
      resolution: rounding of a log-weight in kT, such as `Samples.resolution`; None for that of
        the array's dtype.

    Returns:
      the two bounds in nats, each with its error. A `CalibrationWarning` says where the upper one
      lies below the lower one by more than four of their joint errors.

    Examples:
      >>> rng = np.random.default_rng(0)
      >>> generated, reference = rng.normal(2.98, 0.2, 10_000), rng.normal(3.02, 0.2, 10_000)
      >>> bounds = bg.estimators.log_z_bounds(generated, reference)  # log Z = 3
      >>> round(bounds.lower.value, 2), round(bounds.upper.value, 2)
      (2.98, 3.02)
    """
    values = check_log_weights("log_weights", log_weights)
    rounding = resolution_of(log_weights, values, resolution)
    lower = _mean(values, rounding)
    if reference_log_weights is None:
        return LogZBounds(lower, None)
    reference = finite_array("reference_log_weights", reference_log_weights, ndim=1)
    bounds = LogZBounds(lower, _mean(reference, rounding))
    crossed = bounds_crossed(bounds)
    if crossed is not None:
        flag(crossed)
    return bounds
