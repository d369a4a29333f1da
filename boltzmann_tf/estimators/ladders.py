"""Errors of several independent runs ("ladders"), each cut into blocks.

Blocks of one run know only of what that run has passed through. Where it is slower than the run is
long (a frozen solvent, a phase that it never left), all of its blocks share the same deviation, and
only independent runs show it.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

from boltzmann_tf.estimators._common import CalibrationWarning, jackknife_error

__all__ = ["ladder_error"]

_FALSE_ALARM = 0.005  # of a warning, in all quantities of one call together


def ladder_error(
    blocks: np.ndarray, ladders: np.ndarray | None, *, quantity: str, stacklevel: int = 2
) -> np.ndarray:
    """Returns the larger of two jackknife errors: over blocks, and over whole ladders.

    Under-estimates of the first are what the second finds: with `CalibrationWarning` where ladders
    differ by more than their blocks let one expect. The ratio of the two variances is then beyond
    the quantile of F(ladders - 1, blocks - ladders) that chance exceeds once in 200 calls.

    Args:
      blocks: values without one block each, as many of each ladder, ladder after ladder,
        [blocks, ...].
      ladders: values without one ladder each, [ladders, ...]; None, or a single one, for the error
        over blocks alone.
      quantity: its name in the warning.
      stacklevel: of the warning.

    Returns:
      the standard error, [...]; NaN where a single block or ladder makes the value.

    Raises:
      ValueError: unless there are at least two blocks of each ladder.
    """
    error = jackknife_error(blocks)
    if ladders is None or len(ladders) < 2:
        return error
    runs, parts = len(ladders), len(blocks) // len(ladders)
    if parts < 2 or runs * parts != len(blocks):
        raise ValueError(
            f"blocks must be two or more of each of the {runs} ladders, got {len(blocks)}"
        )
    between = jackknife_error(ladders)
    each = blocks.reshape(runs, parts, *blocks.shape[1:])
    freedom = runs * (parts - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Within a ladder: of means over all, the differences between ladders left out.
        spread = np.sum((each - each.mean(axis=1, keepdims=True)) ** 2, axis=(0, 1))
        within = np.sqrt((len(blocks) - 1) ** 2 / len(blocks) / freedom * spread)
        ratio = between / within
    known = ratio[np.isfinite(ratio)]
    if known.size:
        limit = np.sqrt(stats.f.isf(_FALSE_ALARM / known.size, runs - 1, freedom))
        if known.max() > limit:
            warnings.warn(
                f"{quantity}: the spread between {runs} ladders must be at most {limit:.1f} times "
                f"what their blocks let one expect, got {known.max():.1f}: they have not all seen "
                "the same, and the stated error, of the spread, is itself uncertain",
                CalibrationWarning,
                stacklevel=stacklevel,
            )
    return np.maximum(error, between)
