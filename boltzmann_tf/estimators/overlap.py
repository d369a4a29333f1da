"""Free energies from overlapping samples of several states: BAR and MBAR, by pymbar.

Conventions: u is a reduced energy (kT), f = -log Z. Samples must be independent: thin chains by
their `autocorrelation_time` first.
"""

from __future__ import annotations

import functools
import logging
import math
import warnings
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._checks import finite_array
from boltzmann_tf.estimators._common import Estimate, Estimates, as_float64, check_log_weights

__all__ = ["bar", "log_z_bar", "mbar"]


_NEGLIGIBLE = 200.0  # kT; e^-200 of the leading term


@functools.cache
def _pymbar() -> ModuleType:
    # On import pymbar logs a banner about JAX at warning level, which reaches the terminal.
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import pymbar
    finally:
        logger.setLevel(level)
    return pymbar


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


def _allowed(work: np.ndarray) -> tuple[np.ndarray, Estimate]:
    """Splits off samples that cannot matter: work of +inf or far above the smallest.

    Restricting a state to the fraction p of its samples that remain raises its f by -log p. This
    keeps the estimate consistent and pymbar, which turns exp(work) of a clash into NaN, working.

    Returns:
      (remaining work, log p with its binomial error).
    """
    kept = work[work <= work.min() + _NEGLIGIBLE]
    fraction = kept.size / work.size
    return kept, Estimate(math.log(fraction), math.sqrt((1.0 - fraction) / kept.size))


def bar(work_forward: ArrayLike, work_reverse: ArrayLike) -> Estimate:
    """Returns f_1 - f_0 by Bennett's acceptance ratio, in kT.

    Source: Bennett, J. Comput. Phys. 22, 245 (1976); solved by pymbar, whose error it states.

    Args:
      work_forward: [n] u_1(x) - u_0(x) at samples x of state 0; +inf allowed.
      work_reverse: [m] u_0(x) - u_1(x) at samples x of state 1; +inf allowed.

    Returns:
      the difference and its asymptotic error.

    Raises:
      ValueError: on bad arguments.
      RuntimeError: when pymbar finds no solution, which means no overlap.
    """
    forward, allowed_forward = _allowed(_work("work_forward", work_forward))
    reverse, allowed_reverse = _allowed(_work("work_reverse", work_reverse))
    # Far from zero pymbar's exponentials overflow; the difference shifts with the work.
    shift = 0.5 * (forward.min() - reverse.min())
    package = _pymbar()
    message = "BAR found no solution, the two sets do not overlap"
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = package.other_estimators.bar(forward - shift, reverse + shift)
    except (package.utils.BoundsError, package.utils.ConvergenceError) as error:
        raise RuntimeError(f"{message}: {error}") from error
    value, standard_error = float(result["Delta_f"]), float(result["dDelta_f"])
    if not math.isfinite(value):
        raise RuntimeError(message)
    return Estimate(
        float(value + shift - allowed_forward.value + allowed_reverse.value),
        math.hypot(standard_error, allowed_forward.standard_error, allowed_reverse.standard_error),
    )


def log_z_bar(log_weights_generated: ArrayLike, log_weights_reference: ArrayLike) -> Estimate:
    """Returns log Z from samples of the generator and of the target together.

    The optimal bridge between the normalised generator (log Z = 0) and the target. Unlike
    `log_z` it does not need weights of finite variance, and unlike the bounds it has no gap.

    Args:
      log_weights_generated: [n] log w = -u - log q at samples of the generator; -inf allowed.
      log_weights_reference: [m] log w at independent samples of the target, finite.

    Returns:
      log Z in nats with its error.
    """
    generated = check_log_weights("log_weights_generated", log_weights_generated)
    reference = finite_array("log_weights_reference", log_weights_reference, ndim=1)
    difference = bar(-generated, reference)
    return Estimate(-difference.value, difference.standard_error)


def mbar(reduced_energies: ArrayLike, n_k: ArrayLike) -> Estimates:
    """Returns f_k - f_0 of K states by the multistate Bennett acceptance ratio, in kT.

    Source: Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008); solved by pymbar.

    Args:
      reduced_energies: u_kn [K, N], reduced energy in state k of sample n, with the samples of
        state 0 first, then those of state 1, and so on; +inf allowed where state k forbids a
        sample.
      n_k: [K] number of samples of each state, summing to N; 0 allowed.

    Returns:
      f_k - f_0 [K] and the errors of these differences [K]; the first of each is 0.
    """
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
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solver = _pymbar().MBAR(energies, counts)
        result = solver.compute_free_energy_differences()
    return Estimates(
        np.asarray(result["Delta_f"][0], np.float64), np.asarray(result["dDelta_f"][0], np.float64)
    )
