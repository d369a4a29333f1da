"""Free energies from overlapping samples of two states, by BAR; of several in `multistate`.

Conventions: u is a reduced energy (kT), f = -log Z. Samples must be independent: thin chains by
their `autocorrelation_time` first.

Both are maximum-likelihood estimates, and both rest on the samples that states share: see
`bar_overlap` and `mbar_overlap`. Five shared samples are enough for a calibrated error; between a
tenth of a sample and five a `CalibrationWarning` says so; below, the states do not overlap, and a
`RuntimeError` says which.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._common import (
    Estimate,
    as_float64,
    check_energies,
    check_log_weights,
    flag,
    resolution_of,
)
from boltzmann_tf.estimators._connection import CALIBRATED, DISCONNECTED
from boltzmann_tf.estimators.multistate import mbar, mbar_overlap

__all__ = ["bar", "bar_overlap", "log_z_bar", "mbar", "mbar_overlap"]


def _work(name: str, value: ArrayLike) -> np.ndarray:
    """Returns work values [n], or raises; +inf is a configuration the other state forbids."""
    work = as_float64(name, value)
    if work.ndim != 1 or work.size == 0:
        raise ValueError(f"{name} must be a non-empty 1-D array, got shape {work.shape}")
    check_energies(name, work)
    if not np.any(work < np.inf):
        raise ValueError(f"{name} must hold a finite value, got {work.size} values of +inf")
    return work


def _bennett(forward: np.ndarray, reverse: np.ndarray) -> tuple[Estimate, float]:
    """Returns (f_1 - f_0 with its error, number of shared samples)."""
    n, m = forward.size, reverse.size
    ratio = math.log(n / m)
    # log-odds of each sample to be of its own state, but for the unknown difference
    ahead, back = forward + ratio, reverse - ratio

    def excess(difference: float) -> float:
        """Samples of 0 that might be of 1, over samples of 1 that might be of 0; increasing."""
        return float(
            logsumexp(-np.logaddexp(0.0, ahead - difference))
            - logsumexp(-np.logaddexp(0.0, back + difference))
        )

    finite = np.concatenate([forward[forward < np.inf], -reverse[reverse < np.inf]])
    margin = abs(ratio) + 2.0 + math.log(2.0 + max(n / m, m / n))
    low, high = float(finite.min()) - margin, float(finite.max()) + margin
    value = brentq(excess, low, high, xtol=1e-13 * (high - low), rtol=1e-15, maxiter=1000)
    share = m / (n + m)
    p = np.concatenate([expit(value - ahead), expit(back + value)])
    # sum p (1 - p) and its distance from that of perfect overlap, n m / (n + m); their inverses'
    # difference is the variance, without the cancellation
    lost = float(np.sum((p - share) ** 2))
    shared = float(np.sum(p * (1.0 - p)))
    perfect = n * m / (n + m)
    error = math.nan  # a single sample says nothing of the spread
    if min(n, m) > 1:
        error = math.sqrt(lost / (shared * perfect)) if shared > 0 else math.inf
    return Estimate(float(value), error), shared


def bar(
    work_forward: ArrayLike, work_reverse: ArrayLike, *, resolution: float | None = None
) -> Estimate:
    """Returns f_1 - f_0 by Bennett's acceptance ratio, in kT.

    Source: Bennett, J. Comput. Phys. 22, 245 (1976), with the maximum-likelihood error of Shirts,
    Bair, Hooker, Pande, Phys. Rev. Lett. 91, 140601 (2003), which is that of MBAR for two states.
    It stays calibrated where the overlap is a few samples and the error of Bennett's own formula
    is too small.

    Args:
      work_forward: [n] u_1(x) - u_0(x) at samples x of state 0; +inf allowed.
      work_reverse: [m] u_0(x) - u_1(x) at samples x of state 1; +inf allowed.
      resolution: rounding of a work in kT, common to all, part of the error; None for that of the
        arrays' dtype.

    Returns:
      the difference and its error; the error is NaN with a single sample on either side. Fewer
      than 5 shared samples (`bar_overlap`) give a `CalibrationWarning`.

    Raises:
      ValueError: on bad arguments.
      RuntimeError: when the two sets share less than a tenth of a sample.

    Examples:
      >>> rng = np.random.default_rng(0)
      >>> forward, reverse = rng.normal(2.5, 1.0, 10_000), rng.normal(-1.5, 1.0, 10_000)
      >>> value, error = bg.estimators.bar(forward, reverse)  # exactly 2.5 - 1 / 2
      >>> round(value, 2), round(error, 2)
      (2.0, 0.01)
    """
    estimate, message = _bar(work_forward, work_reverse, resolution, "bar")
    if message is not None:
        flag(message)
    return estimate


def _bar(
    work_forward: ArrayLike, work_reverse: ArrayLike, resolution: float | None, name: str
) -> tuple[Estimate, str | None]:
    forward, reverse = _work("work_forward", work_forward), _work("work_reverse", work_reverse)
    rounding = max(
        resolution_of(given, -work, resolution)
        for given, work in ((work_forward, forward), (work_reverse, reverse))
    )
    (value, error), shared = _bennett(forward, reverse)
    if shared < DISCONNECTED:
        raise RuntimeError(
            f"{name}: the two sets do not overlap, they must share {DISCONNECTED} samples at "
            f"least, got {shared:.2g}"
        )
    message = None
    if shared < CALIBRATED and not error <= 4 * rounding:
        message = (
            f"{name}: the two sets must share {CALIBRATED:g} samples for a calibrated error, got "
            f"{shared:.2g}"
        )
    return Estimate(value, math.hypot(error, rounding)), message


def bar_overlap(work_forward: ArrayLike, work_reverse: ArrayLike) -> float:
    """Returns the number of samples that two states share, on which `bar` rests.

    It is sum p (1 - p) over all samples, p the probability that a sample is of state 1, and grows
    with the number of samples: n m / (n + m) for equal states, 0 without overlap. The error of the
    difference is at least 1 / sqrt of it, but for what perfect overlap saves.

    Args:
      work_forward: [n], as for `bar`.
      work_reverse: [m], as for `bar`.

    Returns:
      the number of samples.
    """
    return _bennett(_work("work_forward", work_forward), _work("work_reverse", work_reverse))[1]


def log_z_bar(
    log_weights_generated: ArrayLike,
    log_weights_reference: ArrayLike,
    *,
    resolution: float | None = None,
) -> Estimate:
    """Returns log Z from samples of the generator and of the target together.

    The optimal bridge between the normalised generator (log Z = 0) and the target. Unlike
    `log_z` it does not need weights of finite variance, and unlike the bounds it has no gap.

    Args:
      log_weights_generated: [n] log w = -u - log q at samples of the generator; -inf allowed.
      log_weights_reference: [m] log w at independent samples of the target, unseen in training
        (a generator gives its training data too much density), finite.
      resolution: rounding of a log-weight in kT, such as `Samples.resolution`; None for that of
        the arrays' dtype.

    Returns:
      log Z in nats with its error, as `bar`.

    Raises:
      RuntimeError: when generator and target share less than a tenth of a sample.
    """
    generated = check_log_weights("log_weights_generated", log_weights_generated)
    reference = finite_array("log_weights_reference", log_weights_reference, ndim=1)
    if resolution is None:
        resolution = max(
            resolution_of(log_weights_generated, generated, None),
            resolution_of(log_weights_reference, reference, None),
        )
    difference, message = _bar(-generated, reference, resolution, "log_z_bar")
    if message is not None:
        flag(message)
    return Estimate(-difference.value, difference.standard_error)
