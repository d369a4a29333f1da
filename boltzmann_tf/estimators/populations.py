"""Populations of named regions from weighted samples, with their errors and differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import positive, positive_int
from boltzmann_tf.estimators._common import (
    DEFAULT_BLOCKS,
    Estimate,
    as_float64,
    check_log_weights,
    check_mask,
    flag,
)
from boltzmann_tf.estimators._states import inside, interval
from boltzmann_tf.estimators._tails import (
    CALIBRATED_SIZE,
    NEGLIGIBLE,
    kish,
    pareto_shape,
    tail_message,
)
from boltzmann_tf.estimators.averages import block_means

__all__ = ["Populations", "populations"]


class Populations(NamedTuple):
    """Probabilities of R named regions.

    Attributes:
      names: of the regions.
      probability: of each, [R].
      standard_error: of each, [R]; NaN for a region that holds no sample, or all.
      covariance: of the probabilities, [R, R]; NaN as above.
      effective_samples: Kish's effective number of the samples in each region, [R].
    """

    names: tuple[str, ...]
    probability: np.ndarray
    standard_error: np.ndarray
    covariance: np.ndarray
    effective_samples: np.ndarray

    def _of(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"name must be one of {', '.join(self.names)}, got {name!r}")
        return self.names.index(name)

    def population(self, name: str) -> Estimate:
        """Returns the probability of a region."""
        i = self._of(name)
        return Estimate(float(self.probability[i]), float(self.standard_error[i]))

    def free_energy_difference(self, start: str, end: str) -> Estimate:
        """Returns F(end) - F(start) = -log(p(end) / p(start)), in kT.

        The error knows how the two populations vary together. A region without samples gives an
        infinite difference (NaN if both are empty) and an error of NaN.
        """
        i, j = self._of(start), self._of(end)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(np.log(self.probability[i]) - np.log(self.probability[j]))
            slope = np.zeros(len(self.names))
            slope[i] += 1.0 / self.probability[i]
            slope[j] -= 1.0 / self.probability[j]
        pair = np.array([i, j]) if i != j else np.array([i])
        variance = float(slope[pair] @ self.covariance[np.ix_(pair, pair)] @ slope[pair])
        return Estimate(value, math.sqrt(max(variance, 0.0)) if variance == variance else math.nan)


def populations(
    coordinate: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    regions: Mapping[str, Any],
    period: float | Sequence[float | None] | None = None,
    n_blocks: int = DEFAULT_BLOCKS,
) -> Populations:
    """Returns the probability of each region, with errors and covariances, in one call.

    A region is an interval (low, high) of the coordinate, closed below and open above; for d
    coordinates a box, d intervals; or a boolean mask [n]. Regions may overlap and need not fill
    the space: each is measured on its own, against all samples.

    The error is a jackknife's over blocks of consecutive samples. It is calibrated where each
    region, and what is outside of it, holds 20 effective samples and k-hat of the weights is at
    most 0.5 - 4 / sqrt(n); else a `CalibrationWarning` names the region.

    Args:
      coordinate: [n] or [n, d], finite where the weight is not zero.
      log_weights: [n], -inf allowed; None for samples of the target itself.
      regions: name to interval, box or mask.
      period: of the coordinate, or of each of the d (None for one without); an interval may then
        run across the period's end, as (3, 4) or (3, -2.28) does for an angle in -pi .. pi.
      n_blocks: blocks at most; samples correlated over m steps need n / n_blocks well above m.

    Returns:
      `Populations`, in the order of `regions`.

    Examples:
      >>> x = np.random.default_rng(0).normal(size=100_000)
      >>> found = bg.estimators.populations(x, regions={"left": (-np.inf, 1), "right": (1, np.inf)})
      >>> round(found.population("right").value, 2)  # exactly 0.1587
      0.16
    """
    values = as_float64("coordinate", coordinate)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(f"coordinate must have shape [n] or [n, d], got {values.shape}")
    columns = values.reshape(len(values), -1)
    n, d = columns.shape
    logs = np.zeros(n) if log_weights is None else log_weights
    logs = check_log_weights("log_weights", logs, size=n)
    bad = int(np.count_nonzero(~np.isfinite(columns[logs > -np.inf])))
    if bad:
        raise ValueError(
            f"coordinate must be finite wherever the weight is not zero, got {bad} NaN or infinite"
        )
    blocks = min(positive_int("n_blocks", n_blocks, minimum=2), n)
    periods = _periods(period, d)
    if not isinstance(regions, Mapping) or not regions:
        raise TypeError(f"regions must be a mapping of names to regions, got {regions!r}")
    names = tuple(regions)
    member = (
        np.stack([_inside(name, regions[name], columns, periods) for name in names], axis=1)
        & (logs > -np.inf)[:, None]
    )
    weights = np.exp(logs - logs.max())
    probability, left = block_means(member.astype(np.float64), weights, blocks)
    square = weights**2
    effective = probability**2 * weights.sum() ** 2 / np.maximum(square @ member, 1e-300)
    outside = (weights @ ~member) ** 2 / np.maximum(square @ ~member, 1e-300)
    spread = left - left.mean(axis=0)
    covariance = (blocks - 1) / blocks * (spread.T @ spread)
    unknown = (effective == 0) | (outside == 0)
    covariance[unknown] = covariance[:, unknown] = np.nan
    weighted = log_weights is not None
    for message in _flags(names, effective, outside, logs, weighted=weighted):
        flag(message)
    return Populations(names, probability, np.sqrt(np.diag(covariance)), covariance, effective)


def _flags(
    names: tuple[str, ...],
    effective: np.ndarray,
    outside: np.ndarray,
    logs: np.ndarray,
    *,
    weighted: bool,
) -> Iterator[str]:
    """What to flag: all that leaves the calibrated regime."""
    for name, own, other in zip(names, effective, outside, strict=True):
        least = min(own, other)
        if 0 < least < CALIBRATED_SIZE:
            where = "in" if own == least else "outside"
            yield (
                f"populations: {CALIBRATED_SIZE:g} effective samples must be {where} region "
                f"{name!r} for a calibrated error, got {least:.1f}"
            )
    if weighted:
        heavy = tail_message("populations", pareto_shape(logs, NEGLIGIBLE), kish(logs), logs.size)
        if heavy is not None:
            yield heavy


def _periods(period: float | Sequence[float | None] | None, d: int) -> list[float | None]:
    given = [period] * d if period is None or np.ndim(period) == 0 else list(period)  # type: ignore[arg-type]
    if len(given) != d:
        raise ValueError(f"period must be one number, or {d}, one a coordinate, got {len(given)}")
    return [None if p is None else positive("period", p) for p in given]


def _inside(name: str, region: Any, columns: np.ndarray, periods: list[float | None]) -> np.ndarray:
    """Which samples [n] lie in a region."""
    label = f"regions[{name!r}]"
    n, d = columns.shape
    if getattr(region, "dtype", None) == np.bool_:
        return check_mask(label, region, n)
    box = as_float64(label, region)
    if box.shape == (2,):
        box = box[None]
    if box.shape != (d, 2):
        raise ValueError(
            f"{label} must be {d} interval(s) (low, high) or a boolean mask [{n}], got shape "
            f"{np.shape(region)}"
        )
    found = np.ones(n, bool)
    for pair, values, period in zip(box.tolist(), columns.T, periods, strict=True):
        found &= inside(values, interval(label, tuple(pair), period), period)
    return found
