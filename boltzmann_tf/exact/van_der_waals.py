"""Van der Waals' fluid: the limit of large boxes of rods with Kac's attraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from boltzmann_tf._support.checks import finite_array, positive

__all__ = ["VanDerWaals"]


@dataclass(frozen=True)
class VanDerWaals:
    """p = T rho / (1 - b rho) - a rho^2, with k_B = 1.

    In one dimension it is the equation of state of hard rods with a weak and long attraction,
    exactly (Kac, Uhlenbeck and Hemmer, J. Math. Phys. 4, 216, 1963), with Maxwell's construction.

    Attributes:
      a: > 0.
      b: > 0.

    Examples:
      >>> fluid = bg.exact.VanDerWaals()
      >>> vapour, liquid = fluid.coexistence(0.8 * fluid.critical_temperature)
      >>> round(vapour, 6), round(liquid, 6)
      (0.079889, 0.644235)
    """

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        positive("a", self.a)
        positive("b", self.b)

    @property
    def critical_temperature(self) -> float:
        """8 a / (27 b)."""
        return 8 * self.a / (27 * self.b)

    @property
    def critical_density(self) -> float:
        """1 / (3 b)."""
        return 1 / (3 * self.b)

    def pressure(self, density: ArrayLike, temperature: float) -> np.ndarray:
        """p of densities below 1 / b."""
        rho = self._density(density)
        tau = positive("temperature", temperature)
        return tau * rho / (1 - self.b * rho) - self.a * rho**2

    def chemical_potential(self, density: ArrayLike, temperature: float) -> np.ndarray:
        """mu, without what depends on the temperature alone."""
        rho, tau = self._density(density), positive("temperature", temperature)
        free = rho / (1 - self.b * rho)
        return tau * (np.log(free) + self.b * free) - 2 * self.a * rho

    def spinodal(self, temperature: float) -> tuple[float, float]:
        """Densities between which the fluid is unstable, below the critical temperature."""
        tau = self._below(temperature)
        critical, top = self.critical_density, 1 / self.b

        def slope(rho: float) -> float:
            return tau / (1 - self.b * rho) ** 2 - 2 * self.a * rho

        return (
            float(brentq(slope, 0.0, critical, xtol=1e-15)),
            float(brentq(slope, critical, top * (1 - 1e-12), xtol=1e-15)),
        )

    def coexistence(self, temperature: float) -> tuple[float, float]:
        """Densities of vapour and liquid with the same pressure and chemical potential."""
        tau = self._below(temperature)
        low, high = self.spinodal(tau)

        def vapour(p: float) -> float:
            return float(brentq(lambda r: self.pressure(r, tau) - p, 0.0, low, xtol=1e-15))

        def liquid(p: float) -> float:
            end = (1 - 1e-12) / self.b
            return float(brentq(lambda r: self.pressure(r, tau) - p, high, end, xtol=1e-15))

        def gap(p: float) -> float:
            mu = (self.chemical_potential(r, tau) for r in (vapour(p), liquid(p)))
            first, second = mu
            return float(first - second)

        most = float(self.pressure(low, tau))
        least = max(float(self.pressure(high, tau)), 0.0) + 1e-12 * most
        p = brentq(gap, least, most * (1 - 1e-12), xtol=1e-16)
        return vapour(p), liquid(p)

    def _density(self, density: ArrayLike) -> np.ndarray:
        rho = finite_array("density", density)
        if np.any(rho < 0) or np.any(rho * self.b >= 1):
            raise ValueError(f"density must be in 0 .. {1 / self.b:g}, got {rho.tolist()}"[:300])
        return rho

    def _below(self, temperature: float) -> float:
        tau = positive("temperature", temperature)
        if tau >= self.critical_temperature:
            raise ValueError(
                f"temperature must be below the critical one, {self.critical_temperature:.6g}, "
                f"got {temperature!r}"
            )
        return tau
