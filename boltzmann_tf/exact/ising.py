"""The Ising model on a finite torus: Kaufman's formula, and exact counts of states up to L = 8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf._support.checks import finite, positive, positive_int
from boltzmann_tf.exact._ising_counts import MAX_LENGTH, count_states, log_counts
from boltzmann_tf.exact._kaufman import kaufman_log_z
from boltzmann_tf.exact.onsager import OnsagerIsing

__all__ = ["IsingTorus"]

# Below this T/J the terms of Kaufman's heat capacity, e^(-2K), cancel to their sum, e^(-8K),
# with less than 12 digits left; while a torus too large to count has the heat capacity of the
# infinite lattice to e^(-4K(L - 2)) relative, below 1e-17.
_COLD = 0.6


@dataclass(frozen=True)
class IsingTorus:
    """H = -J sum over bonds of s_i s_j - h sum of s_i, s = ±1, on the periodic L x L lattice.

    N = L² sites and 2 N bonds, four to a site; for L = 2 neighbours share two bonds. k_B = 1;
    energies, temperatures and fields are in the same units. ln Z, energy and heat capacity are
    those of the whole lattice; M is the sum of the spins.

    Without a field `log_z`, `energy` and `heat_capacity` are Kaufman's formula, for any L. All
    else is a sum over the exact numbers of states g(E, M), for L <= 8: they are counted once in a
    process, which takes a second for L = 8, and every temperature and field is fast after that.
    The terms are positive, so that every probability is accurate relative to itself, to about
    1e-13, however small.

    Source: Kaufman, Phys. Rev. 76, 1232 (1949); Binder, Physica 62, 508 (1972) for the counts.

    Attributes:
      length: L >= 2.
      coupling: J > 0.
      field: h.

    Examples:
      >>> lattice = bg.exact.IsingTorus(2)  # energies -8, 0 and 8 in 2, 12 and 2 configurations
      >>> round(lattice.log_z(4.0), 6)
      3.297642
      >>> round(float(np.log(2 * np.exp(2) + 12 + 2 * np.exp(-2))), 6)
      3.297642
    """

    length: int
    coupling: float = 1.0
    field: float = 0.0

    def __post_init__(self) -> None:
        positive_int("length", self.length, minimum=2)
        positive("coupling", self.coupling)
        finite("field", self.field)

    @property
    def sites(self) -> int:
        """N = L²."""
        return int(self.length) ** 2

    def log_z(self, temperature: float) -> float:
        """Returns ln Z = ln sum over states of exp(-H/T)."""
        temperature = positive("temperature", temperature)
        if self.field == 0:
            return kaufman_log_z(int(self.length), self.coupling, temperature).value
        ground = 2.0 * self.sites * self.coupling / temperature
        return ground + float(logsumexp(self._log_weights("log_z in a field", temperature)))

    def free_energy(self, temperature: float) -> float:
        """F = -T ln Z, in the units of J."""
        return -positive("temperature", temperature) * self.log_z(temperature)

    def energy(self, temperature: float) -> float:
        """<H>, the field's part included, in the units of J."""
        temperature = positive("temperature", temperature)
        if self.field == 0:
            slope = kaufman_log_z(int(self.length), self.coupling, temperature).slope
            return -2.0 * self.coupling * slope
        return self._energy_moments("energy in a field", temperature)[0]

    def heat_capacity(self, temperature: float) -> float:
        """d<H>/dT = (<H²> - <H>²)/T², dimensionless.

        By Kaufman's formula; below T = 0.6 J, where its digits cancel, from the counts for
        L <= 8 and as that of the infinite lattice for larger L, which is the same to rounding.
        """
        temperature = positive("temperature", temperature)
        if self.field == 0 and temperature > _COLD * self.coupling:
            x = 2.0 * self.coupling / temperature
            return x * x * kaufman_log_z(int(self.length), self.coupling, temperature).curvature
        if self.field == 0 and self.length > MAX_LENGTH:
            return self.sites * OnsagerIsing(self.coupling).heat_capacity_per_site(temperature)
        return self._energy_moments("heat_capacity in a field", temperature)[1] / temperature**2

    # As those of `OnsagerIsing`, whose lattice is infinite.

    def log_z_per_site(self, temperature: float) -> float:
        """(1/N) ln Z."""
        return self.log_z(temperature) / self.sites

    def free_energy_per_site(self, temperature: float) -> float:
        """F/N, in the units of J."""
        return self.free_energy(temperature) / self.sites

    def energy_per_site(self, temperature: float) -> float:
        """<H>/N, in the units of J."""
        return self.energy(temperature) / self.sites

    def heat_capacity_per_site(self, temperature: float) -> float:
        """d<H>/dT/N, dimensionless."""
        return self.heat_capacity(temperature) / self.sites

    def counts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of states with every energy of the bonds and magnetization, for L <= 8.

        Returns:
          energies of the bonds -J sum s_i s_j [n], increasing, without those that no state has,
          float64; magnetizations M = -N, -N + 2 .. N [N + 1], int64; g [n, N + 1], uint64.
        """
        g = self._counted("counts")
        occupied = np.flatnonzero(g.any(axis=1))
        energies = self.coupling * (4.0 * occupied - 2.0 * self.sites)
        return energies, self._magnetizations(), g[occupied]

    def density_of_states(self) -> tuple[np.ndarray, np.ndarray]:
        """Energies of the bonds [n] as in `counts` and their numbers of states [n], uint64.

        The field has no part in them. For L = 8 the sum of g is 2^64, one too many for uint64.
        """
        energies, _, g = self.counts()
        return energies, g.sum(axis=1, dtype=np.uint64)

    def magnetization_distribution(self, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """M = -N, -N + 2 .. N [N + 1], int64, and their probabilities [N + 1], for L <= 8."""
        magnetizations, profile = self._profile("magnetization_distribution", temperature)
        return magnetizations, np.exp(-profile)

    def magnetization_free_energy(self, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """M [N + 1] as above and F(M) = -ln P(M), [N + 1], in kT at T, for L <= 8.

        Finite where P(M) itself is too small for float64.
        """
        return self._profile("magnetization_free_energy", temperature)

    def mean_magnetization(self, temperature: float) -> float:
        """<M>/N, for L <= 8; without a field 0 by symmetry, for any L."""
        temperature = positive("temperature", temperature)
        if self.field == 0:
            return 0.0
        return self._moment("mean_magnetization", temperature, lambda m: m)

    def mean_abs_magnetization(self, temperature: float) -> float:
        """<|M|>/N, for L <= 8."""
        return self._moment("mean_abs_magnetization", temperature, np.abs)

    def mean_square_magnetization(self, temperature: float) -> float:
        """<M²>/N², for L <= 8."""
        return self._moment("mean_square_magnetization", temperature, np.square)

    def binder_cumulant(self, temperature: float) -> float:
        """1 - <M^4>/(3 <M²>²), for L <= 8: 2/3 in order, near 0 in disorder.

        Source: Binder, Z. Phys. B 43, 119 (1981).
        """
        square = self._moment("binder_cumulant", temperature, np.square)
        fourth = self._moment("binder_cumulant", temperature, lambda m: m**4)
        return 1.0 - fourth / (3.0 * square**2)

    def _counted(self, quantity: str) -> np.ndarray:
        """`count_states`, or raises where L is too large for it."""
        if self.length > MAX_LENGTH:
            raise ValueError(
                f"length must be at most {MAX_LENGTH} for {quantity}, got {self.length}"
            )
        return count_states(int(self.length))

    def _magnetizations(self) -> np.ndarray:
        return np.arange(-self.sites, self.sites + 1, 2)

    def _excitations(self) -> np.ndarray:
        """H + 2 N J of the states with 2 m unequal bonds and k spins up, [N + 1, N + 1]."""
        bonds = 4.0 * self.coupling * np.arange(self.sites + 1)
        return bonds[:, None] - self.field * self._magnetizations()

    def _log_weights(self, quantity: str, temperature: float) -> np.ndarray:
        """Log of g(E, M) exp(-(H + 2 N J)/T), [N + 1, N + 1]; -inf where there is no state."""
        self._counted(quantity)
        return log_counts(int(self.length)) - self._excitations() / temperature

    def _energy_moments(self, quantity: str, temperature: float) -> tuple[float, float]:
        """Mean and variance of H."""
        log_weights = self._log_weights(quantity, temperature)
        probability = np.exp(log_weights - logsumexp(log_weights))
        energies = self._excitations()
        mean = float(np.sum(probability * energies))
        variance = float(np.sum(probability * (energies - mean) ** 2))
        return mean - 2.0 * self.sites * self.coupling, variance

    def _profile(self, quantity: str, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """M [N + 1] and -ln P(M) [N + 1]."""
        temperature = positive("temperature", temperature)
        log_weights = logsumexp(self._log_weights(quantity, temperature), axis=0)
        return self._magnetizations(), logsumexp(log_weights) - log_weights

    def _moment(
        self,
        quantity: str,
        temperature: float,
        function: Callable[[np.ndarray], np.ndarray],
    ) -> float:
        """Mean of `function` of m = M/N, [N + 1] to [N + 1]."""
        magnetizations, profile = self._profile(quantity, temperature)
        return float(np.exp(-profile) @ function(magnetizations / self.sites))
