"""One row of the table of calibration: an estimator in a stated regime, and its z-scores."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from boltzmann_tf.estimators import CalibrationWarning

__all__ = ["Case", "Measured", "Row", "evaluate", "normal_scores"]

COVERED = 1.959964  # a normal deviate lies within it in 95 % of all cases


class Measured(NamedTuple):
    """What one run states, and the truth.

    Attributes:
      value: of the estimator, a number or [k] for k quantities of one run.
      standard_error: as stated, the same shape.
      exact: the same shape, or a number.
      degrees_of_freedom: of the stated error; infinite where it comes from many blocks.
    """

    value: np.ndarray | float
    standard_error: np.ndarray | float
    exact: np.ndarray | float
    degrees_of_freedom: float = math.inf


@dataclass(frozen=True)
class Case:
    """An estimator in a regime.

    Attributes:
      name: of the estimator, as a user calls it.
      regime: what is measured, and how far inside its regime.
      measure: seeds -> one `Measured` a seed, in order; of a sampler, of as many independent parts
        of one run.
      runs: seeds 0 .. runs - 1.
      limits: of the standard deviation of the z-scores.
      coverage: limits of the share of 95 % intervals that hold the exact value.
    """

    name: str
    regime: str
    measure: Callable[[range], Iterator[Measured]]
    runs: int = 1000
    limits: tuple[float, float] = (0.9, 1.1)
    coverage: tuple[float, float] = (0.93, 0.97)

    @classmethod
    def of(cls, name: str, regime: str, measure: Callable, *arguments: Any) -> Case:
        """A case whose `measure` has these arguments before the seeds."""
        return cls(name, regime, functools.partial(measure, *arguments))


class Row(NamedTuple):
    """What the runs of a case showed.

    Attributes:
      name: of the estimator.
      regime: that it was in.
      runs: number of independent runs.
      mean: of the z-scores.
      deviation: of the z-scores, their standard deviation.
      coverage: share of 95 % intervals that hold the exact value.
      flagged: share of the runs that raised a `CalibrationWarning`.
      limits: of the standard deviation.
      coverage_limits: of the coverage.
    """

    name: str
    regime: str
    runs: int
    mean: float
    deviation: float
    coverage: float
    flagged: float
    limits: tuple[float, float]
    coverage_limits: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Whether the stated errors are right; a NaN among the scores is no."""
        within = self.limits[0] <= self.deviation <= self.limits[1]
        covers = self.coverage_limits[0] <= self.coverage <= self.coverage_limits[1]
        return within and covers


def normal_scores(z: np.ndarray, degrees_of_freedom: float) -> np.ndarray:
    """Scores of Student's law, as an error from few blocks gives them, as normal ones."""
    if math.isinf(degrees_of_freedom):
        return z
    tail = stats.t.logsf(np.abs(z), degrees_of_freedom)
    return np.sign(z) * stats.norm.isf(np.exp(tail))


def evaluate(case: Case, runs: int | None = None) -> Row:
    """Runs a case on the seeds 0 .. runs - 1.

    Args:
      case: the estimator in its regime.
      runs: seeds; those of the case for None.
    """
    n = case.runs if runs is None else runs
    scores, flagged = [], 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrationWarning)
        for one in case.measure(range(n)):
            with np.errstate(invalid="ignore", divide="ignore"):
                z = (np.asarray(one.value) - one.exact) / np.asarray(one.standard_error)
            scores.append(normal_scores(np.atleast_1d(z), one.degrees_of_freedom))
            flagged += any(issubclass(w.category, CalibrationWarning) for w in caught)
            caught.clear()
    z = np.stack(scores)
    if len(z) != n:
        raise ValueError(f"measure must give {n} results, one a seed, got {len(z)}")
    return Row(
        case.name,
        case.regime,
        n,
        float(z.mean()),
        # about each quantity's own mean: a bias is shown beside it, and in the coverage
        float(np.sqrt(np.mean(z.var(axis=0, ddof=1)))),
        float(np.mean(np.abs(z) < COVERED)),
        flagged / n,
        case.limits,
        case.coverage,
    )
