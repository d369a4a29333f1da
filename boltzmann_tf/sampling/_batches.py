"""Errors of weighted samples that are independent from batch to batch only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate, Estimates

__all__ = ["FEW", "average_of_parts", "log_z_of_parts"]

FEW = 10  # independent parts, below which their spread knows an error to 24 % at best


def log_z_of_parts(log_weight: np.ndarray, parts: int) -> Estimate:
    """log-mean-exp of log-weights `[n]` in independent, equal, consecutive parts, with its error.

    By the delta method from the spread of the parts' mean weights; NaN for a single part.
    """
    sums = logsumexp(np.asarray(log_weight).reshape(parts, -1), axis=1)
    value = float(logsumexp(sums) - np.log(log_weight.size))
    if parts < 2:
        return Estimate(value, math.nan)
    means = np.exp(sums - sums.max())
    error = means.std(ddof=1) / means.mean() / np.sqrt(parts)
    return Estimate(value, float(error))


def average_of_parts(
    values: Any,
    log_weight: np.ndarray,
    parts: int,
    function: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Estimate | Estimates:
    """As `estimators.weighted_average`, by a jackknife over the parts; NaN for a single one."""
    # Blocks of consecutive samples, as many as parts, are the parts.
    found = estimators.weighted_average(
        values, np.asarray(log_weight), function=function, n_blocks=max(parts, 2)
    )
    if parts > 1:
        return found
    if isinstance(found, Estimate):
        return Estimate(found.value, math.nan)
    return Estimates(found.value, np.full_like(found.value, np.nan))
