"""The transition of the infinite system from the heat-capacity peaks of finite ones.

From the energies of replica exchange to the heat capacity between its temperatures, from there to
its peak, and from the peaks of several sizes to the temperature at which the infinite system has a
first-order transition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf.estimators._common import Estimate
from boltzmann_tf.estimators.ladders import ladder_error
from boltzmann_tf.estimators.multi_histogram import multi_histogram

__all__ = [
    "Extrapolation",
    "HeatCurve",
    "extrapolate_peaks",
    "heat_capacity",
    "heat_curve",
    "peak",
]

# Energies are rounded to so many levels. What counts is the width of one times the span of 1 / T,
# which weights are exponentials of: it is small against one.
_LEVELS = 2000

Averages = TypeVar("Averages", float, np.ndarray)


def heat_capacity(
    energy: Averages, square: Averages, temperature: float, sites: int = 1
) -> Averages:
    """Returns the heat capacity a site, (<E^2> - <E>^2) / (N T^2), from averages a site.

    It is what averages of samples are turned into by the `function` of `weighted_average` and of
    `multi_histogram`, which then know its error:

        values = np.stack([energy / sites, energy**2 / sites], axis=-1)
        estimators.weighted_average(
            values, log_weight, function=lambda m: estimators.heat_capacity(*m, temperature, sites)
        )

    Args:
      energy: <E> / N, the energy a site.
      square: <E^2> / N.
      temperature: T, in the unit of the energies.
      sites: N; 1 for averages of the whole, <E> and <E^2>, and the whole's heat capacity.
    """
    t, n = positive("temperature", temperature), positive_int("sites", sites)
    return (square - n * energy**2) / t**2


def peak(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Returns place and height of a maximum, by a parabola through the largest and its neighbours.

    Args:
      x: increasing, evenly spaced or not, [n].
      y: [n].

    Returns:
      both; NaN where the largest value is at an end, which is no peak.
    """
    x, y = finite_array("x", x, ndim=1), finite_array("y", y, ndim=1)
    if x.shape != y.shape or len(x) < 3 or np.any(np.diff(x) <= 0):
        raise ValueError(
            f"x must be increasing, with one value of y each, at least 3, got {x.size} and {y.size}"
        )
    i = int(np.argmax(y))
    if i in (0, len(y) - 1):
        return np.nan, np.nan
    a, b, c = np.polyfit(x[i - 1 : i + 2] - x[i], y[i - 1 : i + 2], 2)
    return float(x[i] - b / (2 * a)), float(c - b * b / (4 * a))


class HeatCurve(NamedTuple):
    """The heat capacity a site between the temperatures of a ladder.

    Attributes:
      temperatures: a fine grid, [points].
      value: C a site on it, [points].
      position: of the peak.
      height: of the peak.
    """

    temperatures: np.ndarray
    value: np.ndarray
    position: Estimate
    height: Estimate


def heat_curve(
    energies: ArrayLike,
    temperatures: ArrayLike,
    sites: int,
    *,
    points: int = 121,
    n_blocks: int = 5,
) -> HeatCurve:
    """Returns C from the energies of all temperatures of replica exchange: multiple histograms.

    Args:
      energies: H, [ladders, temperatures, rounds].
      temperatures: T > 0 in the unit of the energies, increasing, [temperatures].
      sites: N.
      points: of the grid between the lowest and the highest temperature.
      n_blocks: parts of each ladder's rounds, left out in turn for the errors.

    Returns:
      the curve, with errors of the peak by a jackknife that leaves out one part of one ladder, at
      all temperatures, or one ladder, whichever is larger: a ladder that stayed in one phase knows
      of it only beside the others (`estimators.ladder_error`). Position and height are NaN where
      the curve is largest at an end.
    """
    energies = finite_array("energies", energies, ndim=3)
    temperatures = finite_array("temperatures", temperatures, ndim=1)
    sites = positive_int("sites", sites)
    points, n_blocks = (
        positive_int(name, value, minimum=least)
        for name, value, least in (("points", points, 3), ("n_blocks", n_blocks, 2))
    )
    ladders, size, rounds = energies.shape
    if temperatures.shape != (size,) or temperatures[0] <= 0 or np.any(np.diff(temperatures) <= 0):
        raise ValueError(
            f"temperatures must be {size} increasing numbers > 0, as many as energies has, got "
            f"{temperatures.tolist()}"
        )
    if rounds < n_blocks:
        raise ValueError(f"energies must have at least {n_blocks} rounds, got {rounds}")
    if not np.ptp(energies) > 0:
        raise ValueError(f"energies must differ, got {energies.flat[0]:g} alone")
    grid = np.linspace(temperatures[0], temperatures[-1], points)
    width = np.ptp(energies) / _LEVELS
    parts = np.round(energies[..., -(rounds // n_blocks * n_blocks) :] / width) * width
    parts = parts.transpose(1, 0, 2).reshape(size, ladders * n_blocks, -1)

    def curve(kept: np.ndarray) -> np.ndarray:
        each = [e.ravel() for e in kept]
        moments = [np.stack([e, e * e], axis=-1) for e in each]
        found = multi_histogram(
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
    every = np.arange(ladders * n_blocks)
    error = ladder_error(
        without(every[:, None]),
        without(every.reshape(ladders, n_blocks)) if ladders > 1 else None,
        quantity="heat_curve, the peak's place or height",
    )
    position, height = peak(grid, whole)
    return HeatCurve(
        grid, whole, Estimate(position, float(error[0])), Estimate(height, float(error[1]))
    )


class Extrapolation(NamedTuple):
    """T_peak(L) = T_infinite + a / L^d, a straight line through the peaks.

    Attributes:
      transition: T_infinite with its error from those of the peaks, widened by the root of
        chi_square where that is above one: what a line does not fit, its errors do not describe.
      slope: a, likewise.
      chi_square: of the line, over its degrees of freedom; NaN for two peaks.
    """

    transition: Estimate
    slope: Estimate
    chi_square: float

    def __call__(self, inverse_volume: ArrayLike) -> np.ndarray:
        """T_peak at 1 / L^d."""
        return self.transition.value + self.slope.value * np.asarray(inverse_volume)


def extrapolate_peaks(peaks: Mapping[int, Estimate], *, dimension: int) -> Extrapolation:
    """Returns the weighted least-squares line through the peaks of systems of side L.

    A first-order transition of two phases in a box rounds over a range of temperatures in which
    their free energies, proportional to the volume, differ by kT: all shifts go as 1 / L^d
    (Challa, Landau, Binder, Phys. Rev. B 34, 1841 (1986)). Those of a continuous transition do not.

    Args:
      peaks: L -> T_peak with its error, such as `HeatCurve.position`; two or more.
      dimension: d of space.
    """
    instance("peaks", peaks, Mapping)
    dimension = positive_int("dimension", dimension)
    if len(peaks) < 2:
        raise ValueError(f"peaks must be of at least 2 sizes, got {sorted(peaks)}")
    lengths = np.array([positive("a size of peaks", length) for length in peaks])
    value, error = np.array(list(peaks.values()), np.float64).T
    if np.any(error <= 0):
        raise ValueError(f"peaks must have errors > 0, got {error.tolist()}")
    design = np.stack([np.ones_like(lengths), lengths**-dimension], axis=1) / error[:, None]
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
