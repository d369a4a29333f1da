"""Convergence and errors of Markov chains, by ArviZ.

Chains are arrays [chain, draw, ...], ArviZ's order. `tfp.mcmc` returns [draw, chain, ...]: pass
`chain_axis=1, draw_axis=0`. Trailing axes are separate quantities; the results have their shape,
or are floats when there are none.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._checks import finite_array
from boltzmann_tf.estimators._arviz import backend
from boltzmann_tf.estimators._common import Estimate, Estimates

__all__ = ["autocorrelation_time", "chain_ess", "mean_with_error", "r_hat"]

_MINIMUM_DRAWS = 4  # a split chain needs two draws in each half
_CHAINS_FOR_BETWEEN = 20  # the spread of 20 chain means knows the error to 1/sqrt(38) = 16 %


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
      tau of each quantity, shape [...]; NaN for one that never moved.
    """
    values = _chains(chains, chain_axis, draw_axis)
    return values.shape[0] * values.shape[1] / chain_ess(values)


def mean_with_error(
    chains: ArrayLike, *, chain_axis: int = 0, draw_axis: int = 1
) -> Estimate | Estimates:
    """Returns the mean over all chains and draws with an error that counts the correlations.

    With 20 chains or more the error comes from the spread of the chain means, which is right
    however slowly the chains move, as long as they started independently in equilibrium. With
    fewer it is the standard deviation over sqrt(`chain_ess`).

    Args:
      chains: [chain, draw, ...], at least 4 draws.
      chain_axis: axis of the chains.
      draw_axis: axis of the draws.

    Returns:
      an `Estimate` for one quantity, `Estimates` of shape [...] for several; the error of one that
      never moved is NaN.
    """
    values = _chains(chains, chain_axis, draw_axis)
    n_chains = values.shape[0]
    mean = values.mean(axis=(0, 1))
    if n_chains >= _CHAINS_FOR_BETWEEN:
        error = values.mean(axis=1).std(axis=0, ddof=1) / math.sqrt(n_chains)
        error = np.where(np.ptp(values, axis=(0, 1)) == 0, np.nan, error)
    else:
        # ddof as for the pooled sample: the between-chain part is in the effective size
        error = values.std(axis=(0, 1), ddof=1) / np.sqrt(chain_ess(values))
    if values.ndim == 2:
        return Estimate(float(mean), float(error))
    return Estimates(mean, error)
