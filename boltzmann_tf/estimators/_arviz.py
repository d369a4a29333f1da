"""The only place that knows which ArviZ is installed.

ArviZ 1.x moved its array functions to `arviz_stats`; 0.x keeps them at the top and takes seconds
to import. Both are imported on first use.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["backend"]


class Backend(NamedTuple):
    """Array functions of the installed ArviZ.

    Attributes:
      tail_shape: (logarithms of a tail [m], m >= 5, all above the second; logarithm of its
        cutoff) -> k-hat of the generalised Pareto law fitted to the tail.
      ess: (chains [chain, draw], method) -> effective sample size.
      r_hat: chains [chain, draw] -> rank-normalised split R-hat.
    """

    tail_shape: Callable[[np.ndarray, float], float]
    ess: Callable[[np.ndarray, str], float]
    r_hat: Callable[[np.ndarray], float]


class _Functions(NamedTuple):
    """What an ArviZ brings: `psis_k` takes (log-weights [n], relative efficiency)."""

    psis_k: Callable[[np.ndarray, float], float]
    ess: Callable[[np.ndarray, str], float]
    r_hat: Callable[[np.ndarray], float]


def _modern() -> _Functions:
    array_stats = importlib.import_module("arviz_stats.base").array_stats

    return _Functions(
        psis_k=lambda w, r_eff: float(np.asarray(array_stats.psislw(w, r_eff=r_eff)[1])),
        ess=lambda c, method: float(array_stats.ess(c, chain_axis=0, draw_axis=1, method=method)),
        r_hat=lambda c: float(array_stats.rhat(c, chain_axis=0, draw_axis=1, method="rank")),
    )


def _legacy() -> _Functions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the announcement of 1.x at import
        arviz = importlib.import_module("arviz")

    return _Functions(
        psis_k=lambda w, r_eff: float(np.asarray(arviz.psislw(w, reff=r_eff)[1])),
        ess=lambda c, method: float(arviz.ess(c, method=method)),
        r_hat=lambda c: float(arviz.rhat(c, method="rank")),
    )


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    @functools.wraps(function)
    def call(*args: np.ndarray | str | float) -> float:
        # ArviZ divides by zero on constant input and says so twice; callers treat that case.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args)

    return call


@functools.cache
def backend() -> Backend:
    """Returns the functions of ArviZ 1.x where present, else those of 0.x."""
    try:
        found = _modern()
    except ImportError:
        found = _legacy()
    return _adapted(found)


def _adapted(found: _Functions) -> Backend:
    quiet = _Functions(*(_quiet(function) for function in found))
    sign = _psis_sign(quiet.psis_k)

    def tail_shape(tail: np.ndarray, cutoff: float) -> float:
        # The versions choose and cut the tail differently (ties, short tails). So they get no
        # choice: four times the tail's number at the cutoff, and an efficiency so low that a
        # fifth of the samples, the tail and nothing else, is fitted.
        values = np.concatenate([np.full(4 * tail.size, cutoff), tail])
        return quiet.psis_k(sign * values, _NO_LIMIT)

    return Backend(tail_shape, quiet.ess, quiet.r_hat)


_NO_LIMIT = 1e-9  # relative efficiency; the tail is then min(n / 5, 3 sqrt(n / efficiency)) = n / 5


def _psis_sign(psis_k: Callable[[np.ndarray, float], float]) -> float:
    """Returns 1 if `psis_k` takes log-weights, -1 if it takes log-likelihoods (minus those).

    `arviz.psislw` of 0.23 takes the first and `arviz_stats` 0.8 the second, under the same name
    and description. So ask: quantiles of a Pareto law of shape 0.8 must give a positive k-hat,
    and their inverses, which are bounded, a negative one.
    """
    pareto = -0.8 * np.log1p(-(np.arange(1000) + 0.5) / 1000)
    return 1.0 if psis_k(pareto - pareto.max(), 1.0) > 0 else -1.0
