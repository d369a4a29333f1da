"""Free energies from overlapping samples of several states: BAR and MBAR.

Conventions: u is a reduced energy (kT), f = -log Z. Samples must be independent: thin chains by
their `autocorrelation_time` first.

Both are maximum-likelihood estimates, and both rest on the samples that states share: see
`bar_overlap` and `mbar_overlap`. Five shared samples are enough for a calibrated error; between a
tenth of a sample and five a `CalibrationWarning` says so; below, the states do not overlap, and a
`RuntimeError` says which.
"""

from __future__ import annotations

import contextlib
import logging
import math
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from boltzmann_tf._checks import finite_array
from boltzmann_tf.estimators._common import (
    Estimate,
    Estimates,
    as_float64,
    check_log_weights,
    flag,
    resolution_of,
)
from boltzmann_tf.estimators._connection import CALIBRATED, DISCONNECTED, weakest_cut
from boltzmann_tf.estimators._tails import kish, pareto_shape, tail_message

__all__ = ["bar", "bar_overlap", "log_z_bar", "mbar", "mbar_overlap"]

_CONVERGED = 1e-6  # relative, of the number of samples that the mixture gives to each state


def _work(name: str, value: ArrayLike) -> np.ndarray:
    """Returns work values [n], or raises; +inf is a configuration the other state forbids."""
    work = as_float64(name, value)
    if work.ndim != 1 or work.size == 0:
        raise ValueError(f"{name} must be a non-empty 1-D array, got shape {work.shape}")
    bad = int(np.count_nonzero(np.isnan(work) | (work == -np.inf)))
    if bad:
        raise ValueError(
            f"{name} must be finite or +inf, got {bad} NaN or -inf of {work.size} values"
        )
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


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keeps pymbar's banner, its log and NumPy's warnings from the terminal."""
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _checked(reduced_energies: ArrayLike, n_k: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Returns reduced energies [K, N], float64, and counts [K], or raises."""
    energies = as_float64("reduced_energies", reduced_energies)
    if energies.ndim != 2 or energies.size == 0:
        raise ValueError(f"reduced_energies must have shape [K, N], got {energies.shape}")
    bad = int(np.count_nonzero(np.isnan(energies) | (energies == -np.inf)))
    if bad:
        raise ValueError(
            f"reduced_energies must be finite or +inf, got {bad} NaN or -inf of {energies.size}"
        )
    counts = np.asarray(n_k)
    if not np.issubdtype(counts.dtype, np.integer):
        raise TypeError(f"n_k must be an array of integers, got dtype {counts.dtype}")
    states, samples = energies.shape
    if counts.shape != (states,) or counts.min() < 0 or counts.sum() != samples:
        raise ValueError(
            f"n_k must be {states} counts >= 0 that sum to {samples}, got {counts.tolist()}"
        )
    owner = np.repeat(np.arange(states), counts)
    if not np.all(np.isfinite(energies[owner, np.arange(samples)])):
        raise ValueError("reduced_energies must be finite for a sample in its own state, got +inf")
    empty = np.flatnonzero(~np.any(energies < np.inf, axis=1))
    if empty.size:
        raise ValueError(
            f"reduced_energies must be finite somewhere in each state, got +inf for all samples in "
            f"{empty.tolist()}"
        )
    return energies, counts


def _mixture(energies: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns f_k [K] and log W [K, N], the weight of each sample in each state; their sum is 1.

    Raises:
      RuntimeError: where pymbar did not solve the equations, which it only logs.
    """
    message = "mbar: the equations were not solved, which often means that states do not overlap"
    try:
        with _silent():
            import pymbar

            f = np.asarray(pymbar.MBAR(energies, counts).f_k, np.float64)
    except (ArithmeticError, RuntimeError, ValueError, np.linalg.LinAlgError) as error:
        raise RuntimeError(f"{message}: {error}") from error
    with np.errstate(all="ignore"):
        log_w = f[:, None] - energies
        log_w -= logsumexp(log_w, axis=0, b=counts[:, None])
        off = np.abs(np.exp(logsumexp(log_w, axis=1)) - 1.0)
    if not np.all(off <= _CONVERGED):
        raise RuntimeError(f"{message}: the weights of a state must sum to 1, off by {off.max():g}")
    return f, log_w


def _shared(log_w: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns samples shared by each pair of states [K, K], 0 with a state of no samples."""
    p = counts[:, None] * np.exp(log_w)
    return np.asarray(p @ p.T)


def _difference_errors(log_w: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the asymptotic errors of f_k - f_0 [K].

    The covariance W^T (1 - W N W^T)^+ W of Shirts and Chodera, with W centred on 1 / N_total: what
    is left out is a constant, which cancels in differences, and with it go the pseudo-inverse and
    the cancellation where states are nearly equal.
    """
    centred = np.exp(log_w) - 1.0 / log_w.shape[1]
    gram = centred @ centred.T
    roots = np.sqrt(counts[counts > 0])
    columns = gram[:, counts > 0] * roots
    within = columns[counts > 0] * roots[:, None]
    theta = gram + columns @ np.linalg.solve(np.eye(roots.size) - within, columns.T)
    variance = np.diag(theta) - 2.0 * theta[0] + theta[0, 0]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def mbar(reduced_energies: ArrayLike, n_k: ArrayLike) -> Estimates:
    """Returns f_k - f_0 of K states by the multistate Bennett acceptance ratio, in kT.

    Source: Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008); solved by pymbar.

    Args:
      reduced_energies: u_kn [K, N], reduced energy in state k of sample n, with the samples of
        state 0 first, then those of state 1, and so on; +inf allowed where state k forbids a
        sample.
      n_k: [K] number of samples of each state, summing to N; 0 allowed.

    Returns:
      f_k - f_0 [K] and the errors of these differences [K]; the first of each is 0. Where the
      fewest samples that connect a group of states to the others (`mbar_overlap`) are below 5, or
      the weights of a state without samples have a heavy tail (as for `log_z`), a
      `CalibrationWarning` names the states.

    Raises:
      ValueError: on bad arguments.
      RuntimeError: when a group of states shares less than a tenth of a sample with the others, or
        the equations were not solved.
    """
    energies, counts = _checked(reduced_energies, n_k)
    f, log_w = _mixture(energies, counts)
    sampled = np.flatnonzero(counts)
    across, group = np.inf, [0]
    if sampled.size > 1:
        across, group = weakest_cut(_shared(log_w, counts)[np.ix_(sampled, sampled)])
    states = sampled[group].tolist()
    if across < DISCONNECTED:
        raise RuntimeError(
            f"mbar: states {states} do not overlap with the others, they must share {DISCONNECTED} "
            f"samples at least, got {across:.2g}"
        )
    errors = _difference_errors(log_w, counts)
    rounding = np.finfo(np.float64).eps * max(1.0, float(np.max(np.abs(f))))
    if across < CALIBRATED and np.max(errors) > 4 * rounding:
        flag(
            f"mbar: states {states} must share {CALIBRATED:g} samples with the others for a "
            f"calibrated error, got {across:.2g}"
        )
    for k in np.flatnonzero(counts == 0):
        shape, size = pareto_shape(log_w[k], 0.0), kish(log_w[k])
        message = tail_message(f"mbar, state {k}", shape, size, log_w.shape[1])
        if message is not None:
            flag(message)
    return Estimates(f - f[0], errors)


def mbar_overlap(reduced_energies: ArrayLike, n_k: ArrayLike) -> np.ndarray:
    """Returns the number of samples that each pair of states shares, on which `mbar` rests.

    It is sum p_i p_j over all samples, p_k the probability that a sample is of state k. The sum
    over the pairs between two groups of states is what connects them.

    Args:
      reduced_energies: u_kn [K, N], as for `mbar`.
      n_k: [K], as for `mbar`.

    Returns:
      [K, K], symmetric; rows sum to n_k. A state without samples shares none.

    Raises:
      RuntimeError: when the equations were not solved.
    """
    energies, counts = _checked(reduced_energies, n_k)
    return _shared(_mixture(energies, counts)[1], counts)
