"""The Gibbs ensemble of a fluid whose Q(n, V) is known: two boxes that share N and V."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf.exact._arguments import bin_edges
from boltzmann_tf.exact.line_fluids import StateCount

__all__ = ["GibbsJoint"]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
CELLS = 64  # of V1 where no bins are asked for


class GibbsJoint:
    """P(N1, V1) = Q(N1, V1) Q(N - N1, V - V1) / Z, with Z = sum over N1 of the integral over V1.

    For the ideal gas, and for rods between walls, P(N1) = 1 / (N + 1).

    Source: Panagiotopoulos, Mol. Phys. 61, 813 (1987).

    Args:
      fluid: whose Q is known.
      n: particles in both boxes, N.
      volume: of both, V.
      temperature: T.

    Examples:
      >>> rods = bg.exact.GibbsJoint(bg.exact.HardRods(), 10, 25.0)
      >>> round(rods.log_z, 4), round(float(rods.number_probabilities()[3]), 4)
      (14.6841, 0.0909)
    """

    def __init__(self, fluid: StateCount, n: int, volume: float, temperature: float = 1.0) -> None:
        self.fluid = instance("fluid", fluid, StateCount)
        self.n = positive_int("n", n)
        self.volume = positive("volume", volume)
        self.temperature = positive("temperature", temperature)
        least = min(fluid.least_volume(k) + fluid.least_volume(n - k) for k in range(n + 1))
        if least >= self.volume:
            raise ValueError(f"volume must be above {least:g} for {n} particles, got {volume!r}")

    def log_density(self, n1: int, v1: ArrayLike) -> np.ndarray:
        """log of Q(N1, V1) Q(N - N1, V - V1), without 1 / Z."""
        v1 = np.asarray(v1, np.float64)
        first = self.fluid.log_q(n1, v1, self.temperature)
        return first + self.fluid.log_q(self.n - n1, self.volume - v1, self.temperature)

    @functools.cached_property
    def log_z(self) -> float:
        """log Z."""
        return float(logsumexp(self._log_masses(self._cells(CELLS))))

    def bin_probabilities(self, edges: ArrayLike) -> np.ndarray:
        """P(N1, V1 in each bin), `[N + 1, bins]`."""
        return np.exp(self._log_masses(bin_edges("edges", edges)) - self.log_z)

    def number_probabilities(self) -> np.ndarray:
        """P(N1), `[N + 1]`."""
        return np.exp(logsumexp(self._log_masses(self._cells(CELLS)), axis=1) - self.log_z)

    def expectation(self, function: Callable[[Any, np.ndarray], np.ndarray]) -> float:
        """The average of a function of N1 and of V1, an array."""
        total = 0.0
        for n1 in range(self.n + 1):
            v, log_weight = self._nodes(n1, self._cells(CELLS))
            seen = np.isfinite(log_weight)
            weight = np.exp(log_weight[seen] - self.log_z)
            total += float(np.sum(weight * function(n1, v[seen])))
        return total

    @property
    def mean_densities(self) -> tuple[float, float]:
        """Means of the density of the denser and of the thinner box."""

        def density(n1: int, v1: np.ndarray, which: Callable[..., np.ndarray]) -> np.ndarray:
            return which(n1 / v1, (self.n - n1) / (self.volume - v1))

        return (
            self.expectation(functools.partial(density, which=np.maximum)),
            self.expectation(functools.partial(density, which=np.minimum)),
        )

    def _cells(self, number: int) -> np.ndarray:
        return np.linspace(0, self.volume, number + 1)

    def _nodes(self, n1: int, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """V1 in each bin, `[bins, nodes]`, and log of weight times density there."""
        low = self.fluid.least_volume(n1)
        high = self.volume - self.fluid.least_volume(self.n - n1)
        ends = np.clip(edges, low, max(low, high))
        half = 0.5 * np.diff(ends)[:, None]
        v = 0.5 * (ends[1:] + ends[:-1])[:, None] + half * NODES
        with np.errstate(divide="ignore"):
            log_weight = np.log(half * WEIGHTS)
        return v, np.where(half > 0, log_weight + self.log_density(n1, v), -np.inf)

    def _log_masses(self, edges: np.ndarray) -> np.ndarray:
        """log of the integral of the density over each bin, `[N + 1, bins]`."""
        each = [logsumexp(self._nodes(k, edges)[1], axis=1) for k in range(self.n + 1)]
        return np.array(each)
