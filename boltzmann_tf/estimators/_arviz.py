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
      psis_k: log-weights [n] -> Pareto k-hat.
      ess: (chains [chain, draw], method) -> effective sample size.
      r_hat: chains [chain, draw] -> rank-normalised split R-hat.
    """

    psis_k: Callable[[np.ndarray], float]
    ess: Callable[[np.ndarray, str], float]
    r_hat: Callable[[np.ndarray], float]


def _modern() -> Backend:
    array_stats = importlib.import_module("arviz_stats.base").array_stats

    return Backend(
        psis_k=lambda w: float(np.asarray(array_stats.psislw(w)[1])),
        ess=lambda c, method: float(array_stats.ess(c, chain_axis=0, draw_axis=1, method=method)),
        r_hat=lambda c: float(array_stats.rhat(c, chain_axis=0, draw_axis=1, method="rank")),
    )


def _legacy() -> Backend:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the announcement of 1.x at import
        arviz = importlib.import_module("arviz")

    return Backend(
        psis_k=lambda w: float(np.asarray(arviz.psislw(w)[1])),
        ess=lambda c, method: float(arviz.ess(c, method=method)),
        r_hat=lambda c: float(arviz.rhat(c, method="rank")),
    )


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    @functools.wraps(function)
    def call(*args: np.ndarray | str) -> float:
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
    found = Backend(*(_quiet(function) for function in found))
    sign = _psis_sign(found.psis_k)
    return found._replace(psis_k=lambda w: found.psis_k(sign * w))


def _psis_sign(psis_k: Callable[[np.ndarray], float]) -> float:
    """Returns 1 if `psis_k` takes log-weights, -1 if it takes log-likelihoods (minus those).

    `arviz.psislw` of 0.23 takes the first and `arviz_stats` 0.8 the second, under the same name
    and description. So ask: quantiles of a Pareto law of shape 0.8 must give a positive k-hat,
    and their inverses, which are bounded, a negative one.
    """
    pareto = -0.8 * np.log1p(-(np.arange(1000) + 0.5) / 1000)
    return 1.0 if psis_k(pareto - pareto.max()) > 0 else -1.0
