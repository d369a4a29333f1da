"""What every exact planar density shares: integrals along its reaction coordinate.

A density exp(-u/T) in the plane is reduced to its marginal m(r) = ∫ exp(-u/T) δ(r(x) - r) dx along
a linear reaction coordinate r. Then log Z, energies, entropies, basins, profiles and the optimal
losses are one-dimensional integrals, done by composite Gauss-Legendre quadrature.

Conventions: k_B = 1; the energy u is in units of kT at the reference temperature 1; the relative
temperature T is dimensionless; free-energy differences and profiles are in units of kT at the
temperature asked for; entropies are in nats and relative to the coordinates as given.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, positive
from boltzmann_tf.exact._arguments import bin_edges, interval, state_weights
from boltzmann_tf.exact._quadrature import composite_nodes, grouped_logsumexp

__all__ = ["ProjectedDensity", "StationaryPoint"]

_INFINITE = (-math.inf, math.inf)
_CACHE_SIZE = 64
State = str | tuple[float, float] | None


class StationaryPoint(NamedTuple):
    """A zero of the gradient of the energy.

    Attributes:
      position: the point (x, y).
      energy: u there, in kT at T = 1.
      kind: "minimum", "saddle" or "maximum".
    """

    position: tuple[float, float]
    energy: float
    kind: str


class ProjectedDensity(abc.ABC):
    """The Boltzmann density exp(-u(x)/T)/Z(T) in two dimensions, seen along r(x).

    A subclass gives the marginal along r, the range of r, and the energy. Beyond that range the
    weight is taken as zero: bins that lie there have probability 0 and free energy +inf.
    """

    dimension = 2
    # Instances are immutable, so what depends on the temperature alone is kept.
    _cache: dict[Any, Any]

    @abc.abstractmethod
    def energy(self, points: Any) -> np.ndarray:
        """Energy u in kT at T = 1: points [..., 2] to [...], float64."""

    @abc.abstractmethod
    def reaction_coordinate(self, points: Any) -> np.ndarray:
        """Reaction coordinate r: points [..., 2] to [...], float64."""

    @property
    @abc.abstractmethod
    def states(self) -> Mapping[str, tuple[float, float]]:
        """Named states as intervals (lower, upper) of r."""

    @abc.abstractmethod
    def _marginal(self, r: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Log of the unnormalised marginal m(r), [n], and mean energy given r, [n]."""

    @abc.abstractmethod
    def _range(self, temperature: float) -> np.ndarray:
        """Increasing [lower, kinks..., upper] of r: nothing counts outside the two ends."""

    @abc.abstractmethod
    def _panel(self, temperature: float) -> float:
        """A width in r over which 16 Gauss-Legendre nodes resolve the marginal."""

    def _kept(self, key: Any, make: Any) -> Any:
        if key not in self._cache:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = make()
        return self._cache[key]

    def _integrate(self, edges: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Log integral of exp(-u/T) over each bin of r, [n], and mean energy in it, [n]."""
        support = self._range(temperature)
        inner = np.clip(edges, support[0], support[-1])
        inside = np.diff(inner) > 0
        log_z = np.full(edges.size - 1, -np.inf)
        energy = np.full(edges.size - 1, np.nan)
        if not inside.any():
            return log_z, energy
        fine = np.unique(np.concatenate([inner, support]))
        fine = fine[(fine >= inner[0]) & (fine <= inner[-1])]
        nodes, log_weights, first = composite_nodes(fine, self._panel(temperature))
        log_marginal, conditional = self._marginal(nodes, temperature)
        # Pieces of one bin cut by a kink are consecutive, so their first pieces delimit the bins.
        start = first[np.searchsorted(fine, inner[:-1][inside])]
        log_z[inside], energy[inside] = grouped_logsumexp(
            log_marginal + log_weights, conditional, start
        )
        return log_z, energy

    def _interval(self, temperature: float, ends: tuple[float, float]) -> tuple[float, float]:
        """Log integral and mean energy over one interval of r, kept per temperature."""

        def make() -> tuple[float, float]:
            log_z, energy = self._integrate(np.array(ends), temperature)
            return float(log_z[0]), float(energy[0])

        return self._kept(("interval", temperature, ends), make)

    def _state(self, state: State) -> tuple[float, float]:
        if state is None:
            return _INFINITE
        if isinstance(state, str):
            return self.states[choice("state", state, self.states)]
        return interval("state", state)

    def log_z(self, temperature: float = 1.0) -> float:
        """Returns ln Z(T) = ln ∫ exp(-u(x)/T) dx."""
        return self._interval(positive("temperature", temperature), _INFINITE)[0]

    def free_energy(self, temperature: float = 1.0) -> float:
        """F(T) = -T ln Z(T), in kT at T = 1 (the units of u)."""
        return -positive("temperature", temperature) * self.log_z(temperature)

    def mean_energy(self, temperature: float = 1.0, state: State = None) -> float:
        """<u> at temperature T, over the plane or over one state (name or interval of r)."""
        return self._interval(positive("temperature", temperature), self._state(state))[1]

    def entropy(self, temperature: float = 1.0, state: State = None) -> float:
        """Differential entropy ln Z + <u>/T in nats, over the plane or within one state.

        It is the negative log-likelihood of a perfect generator for data at temperature T.
        """
        log_z, energy = self._interval(positive("temperature", temperature), self._state(state))
        return log_z + energy / temperature

    def basin_log_z(
        self, temperature: float = 1.0, lower: float = -math.inf, upper: float = math.inf
    ) -> float:
        """Log of the part of Z(T) with lower < r < upper."""
        ends = interval("(lower, upper)", (lower, upper))
        return self._interval(positive("temperature", temperature), ends)[0]

    def probability(
        self, temperature: float = 1.0, lower: float = -math.inf, upper: float = math.inf
    ) -> float:
        """P(lower < r < upper) at temperature T."""
        return math.exp(self.basin_log_z(temperature, lower, upper) - self.log_z(temperature))

    def probabilities(self, temperature: float = 1.0) -> dict[str, float]:
        """Probability of each named state at temperature T."""
        return {name: self.probability(temperature, *ends) for name, ends in self.states.items()}

    def _difference(
        self, temperature: float, left: tuple[float, float], right: tuple[float, float]
    ) -> float:
        """F(right) - F(left) = -ln(Z_right/Z_left) in kT at T."""
        return self.basin_log_z(temperature, *left) - self.basin_log_z(temperature, *right)

    def bin_probabilities(self, edges: Any, temperature: float = 1.0) -> np.ndarray:
        """Probability of each bin of r, [n], float64: what a normalised histogram estimates.

        Args:
          edges: [n + 1] increasing edges of the bins of r.
          temperature: relative temperature T.
        """
        return np.exp(-self.free_energy_profile(edges, temperature))

    def free_energy_profile(self, edges: Any, temperature: float = 1.0) -> np.ndarray:
        """-ln P(bin) in kT at T, [n], float64, with P the exact integral over each bin of r.

        The limit of -ln of a normalised weighted histogram on the same edges; no shift is made.

        Args:
          edges: [n + 1] increasing edges of the bins of r.
          temperature: relative temperature T.
        """
        temperature = positive("temperature", temperature)
        log_bins, _ = self._integrate(bin_edges("edges", edges), temperature)
        return self.log_z(temperature) - log_bins

    def free_energy_profile_density(self, points: Any, temperature: float = 1.0) -> np.ndarray:
        """-ln p(r), p the normalised density of r (per unit of r), [n] to [n], float64."""
        temperature = positive("temperature", temperature)
        log_marginal, _ = self._marginal(finite_array("points", points, ndim=1), temperature)
        return self.log_z(temperature) - log_marginal

    def optimal_kl_loss(self, temperature: float = 1.0, state: State = None) -> float:
        """Lower bound of J_KL(T) = <u(F(z))/T - log|dF/dz|>, z ~ N(0, T I).

        J_KL = KL(q || p) + H_Z(T) - ln Z(T) with the entropy of the prior *at T*,
        H_Z = (d/2) ln(2 pi e T); the bound is reached when the generator is exact.
        Source: Noé et al. 2019, supplement p. 2-3.

        Args:
          temperature: relative temperature T.
          state: a state's name, or an interval of r, for a generator confined to it, whose bound
            has the state's Z; None for the whole density.
        """
        temperature = positive("temperature", temperature)
        prior_entropy = 0.5 * self.dimension * math.log(2.0 * math.pi * math.e * temperature)
        return prior_entropy - self._interval(temperature, self._state(state))[0]

    def optimal_ml_loss(self, temperature: float = 1.0, weights: Any = None) -> float:
        """Lower bound of J_ML = <|z|^2/2 - log|dz/dx|> over data at temperature T.

        The entropy of the data less the constant (d/2) ln 2 pi that J_ML leaves out; the prior in
        J_ML is N(0, I) at every T. Source: Noé et al. 2019, supplement p. 2.

        Args:
          temperature: relative temperature T of the data.
          weights: one probability for each of `states`, for data that mix the equilibrium
            densities of the states in these proportions; None for equilibrium data.
        """
        temperature = positive("temperature", temperature)
        constant = 0.5 * self.dimension * math.log(2.0 * math.pi)
        if weights is None:
            return self.entropy(temperature) - constant
        shares = state_weights("weights", weights, len(self.states))
        # The states do not overlap: the mixing entropy adds to the mean entropy.
        return -constant + sum(
            float(share) * (self.entropy(temperature, ends) - math.log(share))
            for share, ends in zip(shares, self.states.values(), strict=True)
            if share > 0
        )
