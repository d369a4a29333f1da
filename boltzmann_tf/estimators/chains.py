"""Convergence and errors of Markov chains, by ArviZ; functions of their means by jackknife.

Chains are arrays [chain, draw, ...], ArviZ's order. `tfp.mcmc` returns [draw, chain, ...]: pass
`chain_axis=1, draw_axis=0`. Trailing axes are separate quantities; the results have their shape,
or are floats when there are none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._arviz import backend
from boltzmann_tf.estimators._common import Estimate, Estimates, flag, jackknife_error

__all__ = [
    "autocorrelation_time",
    "blocks_per_chain",
    "chain_ess",
    "function_of_means",
    "mean_with_error",
    "r_hat",
]

_MINIMUM_DRAWS = 4  # a split chain needs two draws in each half
_CHAINS_FOR_BETWEEN = 20  # the spread of 20 chain means knows the error to 1/sqrt(38) = 16 %
# A chain of a twentieth of its autocorrelation time looks like 2 effective samples, at most 19 of
# them (150 seeds), and the error from them is too small by a factor of 14; from 50 on it is right
# within a tenth. Chains that started independently see each other: four of them are enough.
_FEWEST, _FEW = 20, 50
_CHAINS_FOR_FEW = 4
_TIMES_A_BLOCK = 10  # a block of 10 autocorrelation times is as independent as 1 - 1 / 20
_BLOCKS = 40  # so many know an error to 1/sqrt(78) = 11 %
_FEWEST_BLOCKS, _FEW_BLOCKS = 4, 10


def _chains(
    chains: ArrayLike, chain_axis: int, draw_axis: int, minimum_chains: int = 1
) -> np.ndarray:
    """Returns finite chains as [chain, draw, ...], or raises."""
    values = finite_array("chains", chains)
    if values.ndim < 2:
        raise ValueError(f"chains must have shape [chain, draw, ...], got {values.shape}")
    for name, axis in (("chain_axis", chain_axis), ("draw_axis", draw_axis)):
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise TypeError(
                f"{name} must be an integer, got {axis!r} of type {type(axis).__name__}"
            )
        if not -values.ndim <= axis < values.ndim:
            raise ValueError(f"{name} must be an axis of shape {values.shape}, got {axis}")
    if chain_axis % values.ndim == draw_axis % values.ndim:
        raise ValueError(f"chain_axis and draw_axis must differ, got {chain_axis} and {draw_axis}")
    values = np.moveaxis(values, (chain_axis, draw_axis), (0, 1))
    if values.shape[0] < minimum_chains or values.shape[1] < _MINIMUM_DRAWS:
        raise ValueError(
            f"chains must have at least {minimum_chains} chain(s) of {_MINIMUM_DRAWS} draws, got "
            f"{values.shape[0]} of {values.shape[1]}"
        )
    return values


def _each(function: Callable[[np.ndarray], float], chains: np.ndarray) -> float | np.ndarray:
    """Applies a function of [chain, draw] to each quantity; NaN for one that never moved."""
    shape = chains.shape[2:]
    columns = chains.reshape(*chains.shape[:2], -1)
    results = [
        math.nan if np.ptp(columns[..., i]) == 0 else function(columns[..., i])
        for i in range(columns.shape[2])
    ]
    return float(results[0]) if not shape else np.array(results, np.float64).reshape(shape)


def r_hat(chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1) -> float | np.ndarray:
    """Returns the rank-normalised split R-hat, 1 for converged chains and above 1.01 suspicious.

    Source: Vehtari, Gelman, Simpson, Carpenter, Buerkner, Bayesian Analysis 16, 667 (2021).

    Args:
      chains: [chain, draw, ...], at least 2 chains of 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      R-hat of each quantity, shape [...]; NaN for one that never moved.

    Examples:
      >>> chains = np.random.default_rng(0).normal(size=(4, 1000))
      >>> round(bg.estimators.r_hat(chains), 2)
      1.0
      >>> chains[0] += 2.0  # one is elsewhere
      >>> round(bg.estimators.r_hat(chains), 1)
      1.3
    """
    values = _chains(chains, chain_axis, draw_axis, minimum_chains=2)
    return _each(backend().r_hat, values)


def chain_ess(chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1) -> float | np.ndarray:
    """Returns the number of independent samples worth as much for a mean, over all chains.

    Chains that disagree count as little as they deserve (between-chain variance is included).
    Source: as `r_hat`; ArviZ's method "mean".

    Args:
      chains: [chain, draw, ...], at least 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      effective sample size of each quantity, shape [...]; NaN for one that never moved.
    """
    values = _chains(chains, chain_axis, draw_axis)
    ess = backend().ess
    return _each(lambda pair: ess(pair, "mean"), values)


def autocorrelation_time(
    chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1
) -> float | np.ndarray:
    """Returns the integrated autocorrelation time tau in draws.

    Defined by var(mean of N draws) = var * tau / N: 1 for independent draws, (1 + a) / (1 - a) for
    an AR(1) process with coefficient a.

    Args:
      chains: [chain, draw, ...], at least 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      tau of each quantity, shape [...]; NaN for one that never moved. Chains that are not several
      times longer show a part of it only: with fewer than 20 effective samples, or 4 a chain, a
      `CalibrationWarning` says so.

    Examples:
      >>> chains = np.random.default_rng(0).normal(size=(8, 10_000))
      >>> for i in range(1, 10_000):
      ...     chains[:, i] += 0.5 * chains[:, i - 1]
      >>> round(bg.estimators.autocorrelation_time(chains), 1)  # (1 + 0.5) / (1 - 0.5)
      3.0
    """
    values = _chains(chains, chain_axis, draw_axis)
    ess = chain_ess(values)
    fewest = max(_FEWEST, 4 * values.shape[0])
    if np.any(np.less(ess, fewest)):
        flag(
            f"autocorrelation_time: the chains must hold {fewest} effective samples to tell how "
            f"long they remember, got {np.nanmin(ess):.3g}; the time is a lower bound"
        )
    return values.shape[0] * values.shape[1] / ess


def mean_with_error(
    chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1
) -> Estimate | Estimates:
    """Returns the mean over all chains and draws with an error that counts the correlations.

    With C >= 20 chains the error comes from the spread of the chain means, which is right however
    slowly the chains move, as long as they started independently in equilibrium; deviations over
    it follow Student's t with C - 1 degrees of freedom. With fewer chains it is the standard
    deviation over sqrt(`chain_ess`). What a chain much shorter than its autocorrelation time has
    seen says nothing about the rest: below 20 effective samples in fewer than 4 chains there is no
    error (NaN). With 4 to 19 chains there is one, which rests on C - 1 degrees of freedom at least.
    Both cases, and 20 to 50 effective samples of a single chain, come with a `CalibrationWarning`.

    Args:
      chains: [chain, draw, ...], at least 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      an `Estimate` for one quantity, `Estimates` of shape [...] for several; the error of one that
      never moved is NaN.

    Examples:
      >>> chains = np.random.default_rng(0).normal(size=(4, 1000))
      >>> value, error = bg.estimators.mean_with_error(chains)
      >>> round(value, 2), round(error, 2)
      (-0.02, 0.02)
    """
    values = _chains(chains, chain_axis, draw_axis)
    n_chains = values.shape[0]
    mean = values.mean(axis=(0, 1))
    if n_chains >= _CHAINS_FOR_BETWEEN:
        error = values.mean(axis=1).std(axis=0, ddof=1) / math.sqrt(n_chains)
        error = np.where(np.ptp(values, axis=(0, 1)) == 0, np.nan, error)
    else:
        # ddof as for the pooled sample: the between-chain part is in the effective size
        ess = np.asarray(chain_ess(values))
        error = values.std(axis=(0, 1), ddof=1) / np.sqrt(ess)
        if n_chains < _CHAINS_FOR_FEW:
            error = np.where(ess < _FEWEST, np.nan, error)
        wanted = _FEW if n_chains == 1 else _FEWEST
        if np.any(ess < wanted):
            flag(
                f"mean_with_error: an error from {n_chains} chain(s) must rest on {wanted} "
                f"effective samples, got {np.nanmin(ess):.3g}"
            )
    if values.ndim == 2:
        return Estimate(float(mean), float(error))
    return Estimates(mean, error)


def blocks_per_chain(chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1) -> int:
    """Returns into how many blocks `function_of_means` cuts each chain.

    One for 20 chains or more; else so many that there are 40 in all, if blocks are then ten
    autocorrelation times long or more (of the quantity that moves slowest), and fewer if not. With
    B of them, deviations over the stated error follow Student's t with C B - 1 degrees of freedom.

    Args:
      chains: [chain, draw, ...], at least 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.
    """
    values = _chains(chains, chain_axis, draw_axis)
    n_chains, draws = values.shape[:2]
    if n_chains >= _CHAINS_FOR_BETWEEN:
        return 1
    time = n_chains * draws / np.ravel(chain_ess(values))
    time = time[np.isfinite(time)]
    longest = max(1.0, float(time.max())) if time.size else 1.0
    wanted = -(-_BLOCKS // n_chains)
    return max(1, min(wanted, int(draws / (_TIMES_A_BLOCK * longest))))


def function_of_means(
    chains: ArrayLike,
    function: Callable[[np.ndarray], np.ndarray],
    *,
    chain_axis: int = 0,
    draw_axis: int = 1,
) -> Estimate | Estimates:
    """Returns a function of several means, a heat capacity say, with an error by jackknife.

    Blocks are whole chains where there are 20 or more, and otherwise parts of chains: see
    `blocks_per_chain`. A jackknife over two or four chains alone would have one or three degrees of
    freedom.

    Args:
      chains: [chain, draw, k], at least 4 draws.
      function: of the k means, to a number or an array.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      an `Estimate` where the result is one number, else `Estimates`. The error is NaN from fewer
      than 4 blocks and where nothing ever moved; from fewer than 10 it comes with a
      `CalibrationWarning`.

    Examples:
      >>> chains = np.random.default_rng(0).normal(1.0, 0.5, size=(4, 1000))
      >>> moments = np.stack([chains, chains**2], axis=-1)
      >>> variance = bg.estimators.function_of_means(moments, lambda m: m[..., 1] - m[..., 0] ** 2)
      >>> round(float(variance.value), 2)
      0.25
    """
    values = _chains(chains, chain_axis, draw_axis)
    if values.ndim != 3:
        raise ValueError(f"chains must have shape [chain, draw, k], got {values.shape}")
    n_chains, draws, k = values.shape
    each = blocks_per_chain(values)
    value = np.asarray(function(values.mean(axis=(0, 1))), np.float64)
    blocks = n_chains * each
    if blocks < _FEWEST_BLOCKS:
        error = np.full(value.shape, np.nan)
    else:
        length = draws // each
        parts = values[:, draws - each * length :].reshape(blocks, length, k).mean(axis=1)
        left_out = (parts.sum(axis=0) - parts) / (blocks - 1)
        error = jackknife_error(np.stack([np.asarray(function(m), np.float64) for m in left_out]))
        error = np.where(error == 0, np.nan, error)
    if blocks < _FEW_BLOCKS:
        flag(
            f"function_of_means: a jackknife must have {_FEW_BLOCKS} blocks of {_TIMES_A_BLOCK} "
            f"autocorrelation times, got {blocks} from {n_chains} chain(s) of {draws} draws"
        )
    return Estimate(float(value), float(error)) if value.ndim == 0 else Estimates(value, error)
