"""Free energies from overlapping samples of several states: MBAR, solved by pymbar.

Conventions, and what overlap is needed, as in `overlap`: samples must be independent.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf.estimators._common import Estimates, as_float64, check_energies, flag
from boltzmann_tf.estimators._connection import CALIBRATED, DISCONNECTED, weakest_cut
from boltzmann_tf.estimators._tails import kish, pareto_shape, tail_message

__all__ = ["mbar", "mbar_overlap"]

_CONVERGED = 1e-6  # relative, of the number of samples that the mixture gives to each state


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
    check_energies("reduced_energies", energies)
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
