"""The transition of the infinite lattice from the heat-capacity peaks of finite ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate

__all__ = ["Extrapolation", "HeatCurve", "extrapolate", "heat_curve", "peak"]

GRID = 121  # temperatures between the ends of a ladder
BLOCKS = 5  # of each ladder's rounds, left out in turn for the errors
# Energies are rounded to so many levels. What counts is the width of one times the span of 1 / T,
# which weights are exponentials of: it is small against one.
LEVELS = 2000
DIMENSION = 3


def peak(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Place and height of the maximum, by the parabola through the largest value's neighbours.

    Returns:
      both; NaN where the largest value is at an end, which is no peak.
    """
    i = int(np.argmax(y))
    if i in (0, len(y) - 1):
        return np.nan, np.nan
    a, b, c = np.polyfit(x[i - 1 : i + 2] - x[i], y[i - 1 : i + 2], 2)
    return float(x[i] - b / (2 * a)), float(c - b * b / (4 * a))


@dataclass(frozen=True)
class HeatCurve:
    """The heat capacity a site between the temperatures of a ladder.

    Attributes:
      temperatures: a fine grid.
      value: C a site on it.
      position: of the peak.
      height: of the peak.
    """

    temperatures: np.ndarray
    value: np.ndarray
    position: Estimate
    height: Estimate


def heat_curve(energy: np.ndarray, temperatures: np.ndarray, sites: int) -> HeatCurve:
    """C from the energies of all temperatures of replica exchange: multiple histograms.

    Args:
      energy: H, `[ladders, temperatures, rounds]`.
      temperatures: increasing.
      sites: N.

    Returns:
      the curve, with errors of the peak by a jackknife that leaves out one part of one ladder, at
      all temperatures, or one ladder, whichever is larger: a ladder that stayed in one phase knows
      of it only beside the others (`estimators.ladder_error`).
    """
    grid = np.linspace(temperatures[0], temperatures[-1], GRID)
    width = np.ptp(energy) / LEVELS
    rounds = energy.shape[-1] // BLOCKS * BLOCKS
    parts = np.round(energy[..., -rounds:] / width) * width
    ladders, size, _ = parts.shape
    parts = parts.transpose(1, 0, 2).reshape(size, ladders * BLOCKS, -1)

    def curve(kept: np.ndarray) -> np.ndarray:
        each = [e.ravel() for e in kept]
        moments = [np.stack([e, e * e], axis=-1) for e in each]
        found = estimators.multi_histogram(
            each,
            moments,
            temperatures,
            at=grid,
            function=lambda m, t: (m[1] - m[0] ** 2) / (sites * t**2),
            n_blocks=2,
        )
        return found.value

    def without(blocks: np.ndarray) -> np.ndarray:
        return np.array([peak(grid, curve(np.delete(parts, b, axis=1))) for b in blocks])

    whole = curve(parts)
    every = np.arange(ladders * BLOCKS)
    error = estimators.ladder_error(
        without(every[:, None]),
        without(every.reshape(ladders, BLOCKS)) if ladders > 1 else None,
        quantity="heat_curve, the peak's place or height",
    )
    position, height = peak(grid, whole)
    return HeatCurve(
        grid, whole, Estimate(position, float(error[0])), Estimate(height, float(error[1]))
    )


@dataclass(frozen=True)
class Extrapolation:
    """T_peak(L) = T_NI + a / L^3, a straight line through the peaks.

    Attributes:
      transition: T_NI with its error from those of the peaks, widened by the root of chi_square
        where that is above one: what a line does not fit, its errors do not describe.
      slope: a, likewise.
      chi_square: of the line, over its degrees of freedom; NaN for two peaks.
    """

    transition: Estimate
    slope: Estimate
    chi_square: float

    def __call__(self, inverse_volume: np.ndarray) -> np.ndarray:
        """T_peak at 1 / L^3."""
        return self.transition.value + self.slope.value * inverse_volume


def extrapolate(peaks: Mapping[int, Estimate]) -> Extrapolation:
    """Weighted least squares through the peaks of lattices of side L.

    A first-order transition of two phases in a box rounds over a range of temperatures in which
    their free energies, proportional to the volume, differ by kT: all shifts go as 1 / L^3
    (Challa, Landau, Binder, Phys. Rev. B 34, 1841 (1986)).
    """
    if len(peaks) < 2:
        raise ValueError(f"peaks must be of at least 2 lattices, got {sorted(peaks)}")
    lengths = np.array(list(peaks), np.float64)
    value, error = np.array(list(peaks.values())).T
    design = np.stack([np.ones_like(lengths), lengths**-DIMENSION], axis=1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    found = covariance @ design.T @ (value / error)
    deviation = value / error - design @ found
    freedom = len(lengths) - 2
    chi_square = float(deviation @ deviation / freedom) if freedom else np.nan
    # Of two peaks nothing is known of the fit; NaN of a peak that is none comes through.
    spread = np.sqrt(np.diag(covariance) * (max(1.0, chi_square) if freedom else 1.0))
    return Extrapolation(
        Estimate(float(found[0]), float(spread[0])),
        Estimate(float(found[1]), float(spread[1])),
        chi_square,
    )
