"""The critical point of a fluid from coexisting densities below it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.estimators._common import Estimate

__all__ = ["CriticalPoint", "critical_point"]

BETA = 0.326  # of fluids in three dimensions, Ising's universality class


class CriticalPoint(NamedTuple):
    """Where the two phases become one.

    Attributes:
      temperature: T_c.
      density: rho_c.
      chi_square: of both straight lines, a degree of freedom; NaN for two temperatures.
    """

    temperature: Estimate
    density: Estimate
    chi_square: float


def critical_point(
    temperatures: ArrayLike, vapour: ArrayLike, liquid: ArrayLike, *, beta: float = BETA
) -> CriticalPoint:
    """T_c and rho_c by the law of rectilinear diameters and the order parameter's power.

    (rho_l - rho_v)^(1 / beta) and (rho_l + rho_v) / 2 are taken as straight lines over T, which
    holds near the critical point and is off by a per cent further away: stated errors are those of
    the densities alone.

    Source: Frenkel and Smit, Understanding Molecular Simulation, chapter 8 (Gibbs ensemble).

    Args:
      temperatures: below T_c, `[n]`, at least two.
      vapour: densities and their standard errors, `[n, 2]`.
      liquid: likewise.
      beta: critical exponent of the difference.

    Examples:
      >>> T = np.array([1.0, 1.1, 1.2])
      >>> half = 0.5 * (1.3 - T) ** 0.326
      >>> mean, error = 0.3 + 0.2 * (1.3 - T), np.full(3, 1e-4)
      >>> phases = (np.stack([mean + sign * half, error], 1) for sign in (-1, 1))
      >>> found = bg.estimators.critical_point(T, *phases)
      >>> round(found.temperature.value, 6), round(found.density.value, 6)
      (1.3, 0.3)
    """
    t = finite_array("temperatures", temperatures, ndim=1, dtype=np.float64)
    power = 1 / positive("beta", beta)
    low, high = (
        finite_array(name, value, ndim=2, last=2, dtype=np.float64)
        for name, value in (("vapour", vapour), ("liquid", liquid))
    )
    if not len(t) == len(low) == len(high) or len(t) < 2:
        raise ValueError(
            "temperatures, vapour and liquid must be two or more, as many of each, got "
            f"{len(t)}, {len(low)} and {len(high)}"
        )
    if np.any(low[:, 1] <= 0) or np.any(high[:, 1] <= 0) or np.any(high[:, 0] <= low[:, 0]):
        raise ValueError(
            "liquid must be denser than vapour at each temperature, all errors above 0, got "
            f"{high.tolist()} and {low.tolist()}"
        )
    gap, spread = high[:, 0] - low[:, 0], np.hypot(low[:, 1], high[:, 1])
    order, first = _line(t, gap**power, power * gap ** (power - 1) * spread)
    middle, second = _line(t, 0.5 * (high[:, 0] + low[:, 0]), 0.5 * spread)
    (a, b), cov = order
    if b >= 0:
        raise ValueError(
            "liquid and vapour must approach each other with T, got a difference that grows"
        )
    critical = -a / b
    slope = np.array([-1 / b, a / b**2])
    (c, d), other = middle
    at = np.array([1.0, critical])
    error = slope @ cov @ slope
    density = at @ other @ at + d**2 * error
    degrees = 2 * (len(t) - 2)
    chi = (first + second) / degrees if degrees else np.nan
    return CriticalPoint(
        Estimate(float(critical), float(np.sqrt(error))),
        Estimate(float(c + d * critical), float(np.sqrt(density))),
        float(chi),
    )


def _line(
    x: np.ndarray, y: np.ndarray, error: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], float]:
    """The weighted straight line: (coefficients, their covariance), and chi^2."""
    design = np.stack([np.ones_like(x), x], axis=1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    found = covariance @ design.T @ (y / error)
    return (found, covariance), float(np.sum((y / error - design @ found) ** 2))
