"""Averages over weighted samples, and functions of averages, with errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import positive_int
from boltzmann_tf.estimators._common import (
    Estimate,
    Estimates,
    as_float64,
    check_log_weights,
    flag,
    jackknife_error,
)
from boltzmann_tf.estimators._tails import (
    MINIMUM_TO_JUDGE,
    NEGLIGIBLE,
    kish,
    pareto_shape,
    tail_message,
    term_shape,
)

__all__ = ["weighted_average"]

_BLOCKS = 400


def weighted_average(
    values: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    function: Callable[[np.ndarray], np.ndarray] | None = None,
    n_blocks: int = _BLOCKS,
) -> Estimate | Estimates:
    """Returns <f> = sum w f / sum w, or a function of several such averages, with its error.

    A heat capacity, say, is `function=lambda m: m[1] - m[0] ** 2` of the averages of E and E^2.
    The error is that of a jackknife over blocks of consecutive samples; it contains the noise of
    the weights' sum, to which numerator and denominator are correlated. With weights it is
    calibrated where the Pareto k-hat of the weights and of both tails of the terms w (f - <f>), of
    each f, is at most 0.5 - 4 / sqrt(n) (w x^2 has a heavier tail than w) and the effective size is
    at least 20; elsewhere, and for at least 200 samples, a `CalibrationWarning` says so.

    Args:
      values: [n] or [n, k], finite where the weight is not zero.
      log_weights: [n], -inf allowed; None for equal weights.
      function: of the k averages, to a number or an array; the identity for None.
      n_blocks: blocks at most; samples correlated over m steps need n / n_blocks well above m.

    Returns:
      an `Estimate` where the result is one number, else `Estimates` of its shape.

    Examples:
      >>> x = np.random.default_rng(0).normal(size=10_000)
      >>> value, error = bg.estimators.weighted_average(x, 0.1 * x)  # of a Gaussian about 0.1
      >>> round(value, 2), round(error, 2)
      (0.11, 0.01)
    """
    table = as_float64("values", values)
    if table.ndim not in (1, 2) or table.size == 0:
        raise ValueError(f"values must have shape [n] or [n, k], got {table.shape}")
    n = len(table)
    logs = np.zeros(n) if log_weights is None else log_weights
    logs = check_log_weights("log_weights", logs, size=n)
    blocks = min(positive_int("n_blocks", n_blocks, minimum=2), n)
    weights = np.exp(logs - logs.max())
    columns = table.reshape(n, -1)
    bad = int(np.count_nonzero(~np.isfinite(columns[weights > 0])))
    if bad:
        raise ValueError(
            f"values must be finite wherever the weight is not zero, got {bad} NaN or infinite"
        )
    columns = np.where(weights[:, None] > 0, columns, 0.0)
    means, left = block_means(columns, weights, blocks)
    if log_weights is not None:
        message = _tails(logs, columns - means)
        if message is not None:
            flag(message)

    def result(mean: np.ndarray) -> np.ndarray:
        own = mean if table.ndim == 2 else mean[0]
        return np.asarray(own if function is None else function(own), np.float64)

    value = result(means)
    if blocks < 2:
        error = np.full(value.shape, np.nan)
    else:
        replicas = np.stack([result(mean) for mean in left])
        error = jackknife_error(replicas)
    if value.ndim == 0:
        return Estimate(float(value), float(error))
    return Estimates(value, error)


def block_means(
    columns: np.ndarray, weights: np.ndarray, blocks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns weighted means, and those without one block each, for a jackknife.

    Args:
      columns: [n, k].
      weights: [n], >= 0.
      blocks: of consecutive samples, at most n.

    Returns:
      means [k]; means without each block [blocks, k], NaN where one block has all weight.
    """
    starts = np.arange(blocks) * len(weights) // blocks
    total = np.add.reduceat(weights, starts)
    sums = np.add.reduceat(weights[:, None] * columns, starts, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (sums.sum(axis=0) - sums) / (total.sum() - total)[:, None]
    return sums.sum(axis=0) / total.sum(), left


def _tails(logs: np.ndarray, centred: np.ndarray) -> str | None:
    """What to flag of the tails of the weights and of the terms w (f - <f>), or None."""
    n = logs.size
    if n < MINIMUM_TO_JUDGE:
        return None
    shapes = [pareto_shape(logs, NEGLIGIBLE), *(term_shape(logs, f) for f in centred.T)]
    worst = max((k for k in shapes if not np.isnan(k)), default=np.nan)
    return tail_message("weighted_average", worst, kish(logs), n)
