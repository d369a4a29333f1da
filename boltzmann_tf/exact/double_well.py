"""Exact answers for the two-dimensional double well: one-dimensional quadrature in x."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import erf

from boltzmann_tf._support.checks import finite_array, positive, positive_int
from boltzmann_tf.exact._arguments import bin_edges, finite_number, generator
from boltzmann_tf.exact._quadrature import composite_nodes
from boltzmann_tf.exact._rejection import EnvelopeSampler
from boltzmann_tf.exact.projected import ProjectedDensity, StationaryPoint

__all__ = ["DoubleWell"]

# Energies up to this many T (or kT) above the barrier count: more costs nothing in one dimension.
_WINDOW = 600.0
_CELLS = 2048


@dataclass(frozen=True)
class DoubleWell(ProjectedDensity):
    """u(x, y) = a4 x^4 - a2 x^2 + a1 x + (k/2) y^2, in kT at T = 1.

    x and y are independent: the marginal of x is exp(-u_1(x)/T) sqrt(2 pi T/k) in closed form and
    everything else is a one-dimensional integral. Reaction coordinate r = x; states left (x < 0)
    and right (x > 0).

    Source: Noé et al. 2019, eq. 18, with the prefactors that their code and figures use (the
    paper prints a/4 and b/2).

    Attributes:
      a4: coefficient of x^4, > 0.
      a2: coefficient of -x^2.
      a1: coefficient of x; positive makes the left well the deeper.
      k: spring constant along y, > 0.

    Examples:
      >>> well = bg.exact.DoubleWell()
      >>> round(well.free_energy_difference(1.0), 4)  # right - left, kT
      3.3799
    """

    a4: float = 1.0
    a2: float = 6.0
    a1: float = 1.0
    k: float = 1.0
    _cache: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("a4", self.a4)
        finite_number("a2", self.a2)
        finite_number("a1", self.a1)
        positive("k", self.k)

    @property
    def states(self) -> Mapping[str, tuple[float, float]]:
        """The states left and right as intervals (lower, upper) of x."""
        return {"left": (-math.inf, 0.0), "right": (0.0, math.inf)}

    def _along_x(self, x: np.ndarray) -> np.ndarray:
        return ((self.a4 * x * x - self.a2) * x + self.a1) * x

    def energy(self, points: Any) -> np.ndarray:
        """Energy u in kT at T = 1: points [..., 2] to [...], float64."""
        array = finite_array("points", points, last=2)
        return self._along_x(array[..., 0]) + 0.5 * self.k * array[..., 1] ** 2

    def reaction_coordinate(self, points: Any) -> np.ndarray:
        """The coordinate r = x: points [..., 2] to [...], float64."""
        return finite_array("points", points, last=2)[..., 0]

    def _level(self, energy: float) -> np.ndarray:
        """Increasing real roots of u(x, 0) = energy."""
        roots = np.roots([self.a4, 0.0, -self.a2, self.a1, -energy])
        scale = 1.0 + np.abs(roots.real)
        return np.sort(roots.real[np.abs(roots.imag) < 1e-7 * scale])

    def stationary_points(self) -> tuple[StationaryPoint, ...]:
        """Minima and saddles of u, in order of increasing x; all have y = 0."""

        def make() -> tuple[StationaryPoint, ...]:
            roots = np.roots([4 * self.a4, 0.0, -2 * self.a2, self.a1])
            real = np.unique(roots.real[np.abs(roots.imag) < 1e-9 * (1 + np.abs(roots.real))])
            points = []
            for x in real:
                kind = "minimum" if 12 * self.a4 * x * x - 2 * self.a2 >= 0 else "saddle"
                points.append(StationaryPoint((float(x), 0.0), float(self._along_x(x)), kind))
            return tuple(points)

        return self._kept("stationary", make)

    def minima(self) -> tuple[StationaryPoint, ...]:
        """The minima, left to right (one, if a1 is too large for two wells)."""
        return tuple(p for p in self.stationary_points() if p.kind == "minimum")

    def saddles(self) -> tuple[StationaryPoint, ...]:
        """The saddle between the wells, if there is one."""
        return tuple(p for p in self.stationary_points() if p.kind == "saddle")

    def _range(self, temperature: float) -> np.ndarray:
        """Where u(x, 0) is within max(600 T, 600) above the highest stationary point."""
        top = max(p.energy for p in self.stationary_points())
        ends = self._level(top + _WINDOW * max(temperature, 1.0))
        return np.array([ends[0], ends[-1]])

    def _panel(self, temperature: float) -> float:
        """About one standard deviation of the narrowest well, at most 1/32 of the range."""
        ends = self._range(temperature)
        steepest = max(12 * self.a4 * p.position[0] ** 2 - 2 * self.a2 for p in self.minima())
        coarse = float(ends[1] - ends[0]) / 32.0
        return min(coarse, math.sqrt(temperature / steepest)) if steepest > 0 else coarse

    def _marginal(self, r: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        u = self._along_x(r)
        log_y = 0.5 * math.log(2.0 * math.pi * temperature / self.k)
        return log_y - u / temperature, u + 0.5 * temperature

    def free_energy_difference(self, temperature: float = 1.0, cut: float = 0.0) -> float:
        """F(x > cut) - F(x < cut) = -ln(Z_right/Z_left) in kT at T.

        Args:
          temperature: relative temperature T.
          cut: the x that divides left from right.
        """
        cut = finite_number("cut", cut)
        return self._difference(temperature, (-math.inf, cut), (cut, math.inf))

    def energy_histogram(self, edges: Any, temperature: float = 1.0) -> np.ndarray:
        """Probability that u falls in each bin, [n], float64.

        Given x, k y^2/2 over T is Gamma(1/2), so P(u < E) = ∫ p(x) erf(sqrt((E - u_1(x))/T)) dx
        where u_1(x) < E. The integrand has square-root ends, which x = centre + half sin(theta)
        removes: exact to rounding.

        Args:
          edges: [n + 1] increasing edges of the bins of u, in kT at T = 1.
          temperature: relative temperature T.
        """
        temperature = positive("temperature", temperature)
        return np.diff([self._energy_cdf(e, temperature) for e in bin_edges("edges", edges)])

    def _energy_cdf(self, energy: float, temperature: float) -> float:
        log_z = self.log_z(temperature)
        # At a level this high all of the density is below; it bounds the number of panels.
        ends = self._range(temperature)
        roots = self._level(min(energy, float(self._along_x(ends).max())))
        total = 0.0
        for low, high in zip(roots[:-1], roots[1:], strict=True):
            if self._along_x(0.5 * (low + high)) >= energy:
                continue
            half = 0.5 * (high - low)
            theta, log_weights, _ = composite_nodes(
                0.5 * math.pi * np.array([-1.0, 1.0]), self._panel(temperature) / half
            )
            x = 0.5 * (low + high) + half * np.sin(theta)
            weights = np.exp(log_weights) * half * np.cos(theta)
            gap = np.maximum(energy - self._along_x(x), 0.0)
            log_density = self._marginal(x, temperature)[0] - log_z
            total += float(np.sum(weights * np.exp(log_density) * erf(np.sqrt(gap / temperature))))
        return total

    def sample(
        self, n: int, temperature: float = 1.0, seed: int | np.random.Generator = 0
    ) -> np.ndarray:
        """Independent configurations [n, 2], float64, at temperature T, without bias.

        x by rejection from a piecewise constant envelope (which starts from its inverse
        cumulative), y normal with variance T/k. Only x with u more than 40 T above the minimum
        are left out.

        Args:
          n: number of configurations.
          temperature: relative temperature T.
          seed: integer seed or NumPy generator.
        """
        n = positive_int("n", n)
        temperature = positive("temperature", temperature)
        rng = generator("seed", seed)

        def make() -> EnvelopeSampler:
            lowest = min(p.energy for p in self.stationary_points())
            ends = self._level(lowest + 40.0 * temperature)
            return EnvelopeSampler(
                lambda points: -self._along_x(points[:, 0]) / temperature,
                ((float(ends[0]), float(ends[-1])),),
                _CELLS,
            )

        x = self._kept(("sampler", temperature), make).sample(n, rng)[:, 0]
        y = math.sqrt(temperature / self.k) * rng.standard_normal(n)
        return np.stack([x, y], axis=-1)
