"""The second virial coefficient of a pair potential, by quadrature."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import quad
from scipy.special import gamma

from boltzmann_tf._support.checks import finite_array, non_negative, positive, positive_int

__all__ = ["second_virial_coefficient"]


def second_virial_coefficient(
    potential: Callable[[np.ndarray], np.ndarray],
    temperature: float,
    *,
    dimension: int = 3,
    core: float = 0.0,
    breaks: Sequence[float] = (1.0,),
    cut: float | None = None,
) -> float:
    """B2 of p / T = rho + B2 rho^2 + ...: -1/2 the integral of exp(-u / T) - 1 over all places.

    Source: Hansen and McDonald, Theory of Simple Liquids, 4th edition.

    Args:
      potential: u of distances > 0, in kT at T = 1.
      temperature: T > 0.
      dimension: 1, 2, 3, ...
      core: distance below which u is infinite.
      breaks: distances at which u changes quickly or jumps; quadrature is split there.
      cut: distance beyond which u is 0; None where it goes on for ever.

    Examples:
      >>> lennard_jones = lambda r: 4 * (r**-12 - r**-6)
      >>> b2 = bg.exact.second_virial_coefficient(lennard_jones, 1.0)
      >>> round(float(b2 / (2 * np.pi / 3)), 4)
      -2.5381
    """
    if not callable(potential):
        raise TypeError(f"potential must be a function, got {potential!r}")
    tau, d = positive("temperature", temperature), positive_int("dimension", dimension)
    inside = non_negative("core", core)
    end = np.inf if cut is None else positive("cut", cut)
    places = finite_array("breaks", breaks, ndim=1, dtype=np.float64)
    if end <= inside:
        raise ValueError(f"cut must be above core, {core!r}, got {cut!r}")
    sphere = 2 * np.pi ** (d / 2) / gamma(d / 2)  # of radius 1
    ends = [inside, *sorted(float(r) for r in places if inside < r < end), end]

    def weighted(r: float) -> float:
        with np.errstate(over="ignore", divide="ignore"):
            u = float(potential(np.asarray(r, np.float64)))
        return float(np.expm1(-u / tau)) * r ** (d - 1)

    total = -(inside**d) / d  # where nothing else fits
    for low, high in itertools.pairwise(ends):
        if low < high:
            total += quad(weighted, low, high, epsabs=1e-12, epsrel=1e-12, limit=400)[0]
    return float(-0.5 * sphere * total)
