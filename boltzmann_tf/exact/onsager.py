"""The Ising model on the infinite square lattice without a field: Onsager's solution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ellipe, ellipkm1

from boltzmann_tf._support.checks import positive
from boltzmann_tf.exact._ising_modes import critical_temperature, log_sinh, modes
from boltzmann_tf.exact._quadrature import composite_nodes

__all__ = ["OnsagerIsing", "critical_temperature"]

# Below this modulus the elliptic integrals less pi/2 are summed as series, which keeps digits.
_SERIES_BELOW = 0.5
_ORDERS = np.arange(1, 33)
_SERIES = np.cumprod(((2 * _ORDERS - 1) / (2 * _ORDERS)) ** 2)


@lru_cache(maxsize=1)
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on 0 < ω < pi in panels that halve towards 0.

    γ(ω) has its nearest branch points at ω = ±i γ_0, any distance from 0; a panel [a, 2a] is at
    least a away from them, for which 16 nodes are exact to rounding.
    """
    edges = np.concatenate([[0.0], math.pi * 0.5 ** np.arange(52, -1, -1)])
    nodes, log_weights, _ = composite_nodes(edges, math.inf)
    return nodes, np.exp(log_weights)


def _elliptic(k: float, complement: float) -> tuple[float, float]:
    """((2/pi) K(k) - 1)/k² and (1 - (2/pi) E(k))/k² for 0 <= k <= 1; the first is inf at 1.

    Args:
      k: modulus.
      complement: 1 - k, with its own digits.
    """
    if k < _SERIES_BELOW:
        terms = _SERIES * k ** (2.0 * (_ORDERS - 1))
        return float(terms.sum()), float((terms / (2 * _ORDERS - 1)).sum())
    first = 2.0 / math.pi * float(ellipkm1(complement * (1.0 + k)))
    second = 2.0 / math.pi * float(ellipe(k * k))
    return (first - 1.0) / k**2, (1.0 - second) / k**2


@dataclass(frozen=True)
class OnsagerIsing:
    """H = -J sum over nearest neighbours of s_i s_j, s = ±1, on the infinite square lattice.

    k_B = 1; energies and temperatures are in the units of J; all quantities are per site.

    Onsager's formulas in the modulus 2 sinh 2K/cosh² 2K, K = J/T, are used after Landen's
    transformation to k = sinh^±2 2K < 1, where their terms no longer cancel: energy and heat
    capacity are accurate relative to themselves at every T, near T_c too.

    Source: Onsager, Phys. Rev. 65, 117 (1944); Yang, Phys. Rev. 85, 808 (1952), magnetization.

    Attributes:
      coupling: J > 0.

    Examples:
      >>> lattice = bg.exact.OnsagerIsing()
      >>> round(lattice.critical_temperature, 6), round(lattice.magnetization(2.0), 6)
      (2.269185, 0.911319)
    """

    coupling: float = 1.0

    def __post_init__(self) -> None:
        positive("coupling", self.coupling)

    @property
    def critical_temperature(self) -> float:
        """T_c = 2 J/ln(1 + sqrt 2)."""
        return critical_temperature(self.coupling)

    def _v(self, temperature: float) -> float:
        return log_sinh(self.coupling, positive("temperature", temperature))

    def log_z_per_site(self, temperature: float) -> float:
        """Returns ln z = lim (1/N) ln Z, as (1/2)(ln 2 + v) + (1/2 pi) ∫_0^pi γ(ω) dω.

        v = ln sinh 2K; the integral by quadrature to rounding, at T_c too.
        """
        v = self._v(temperature)
        nodes, weights = _nodes()
        excess = float(weights @ modes(abs(v), nodes).excess)
        return 0.5 * math.log(2.0) + max(v, 0.0) + 0.5 * excess / math.pi

    def free_energy_per_site(self, temperature: float) -> float:
        """f = -T ln z, in the units of J."""
        return -positive("temperature", temperature) * self.log_z_per_site(temperature)

    def energy_per_site(self, temperature: float) -> float:
        """<H>/N in the units of J; -sqrt(2) J at T_c."""
        v = self._v(temperature)
        k, complement = math.exp(-2.0 * abs(v)), -math.expm1(-2.0 * abs(v))
        first, _ = _elliptic(k, complement)
        coth = 1.0 / math.tanh(2.0 * self.coupling / temperature)
        # (1 - k) (2/pi) K(k), of which the limit at k = 1 is 0.
        product = complement * (1.0 + k * k * first) if v else 0.0
        if v >= 0:
            return -self.coupling * coth * (1.0 + product)
        if k < _SERIES_BELOW:
            return -self.coupling * coth * k * (1.0 - k * (1.0 - k) * first)
        return -self.coupling * coth * (1.0 - product)

    def heat_capacity_per_site(self, temperature: float) -> float:
        """d<H>/dT/N, dimensionless; inf at T_c, where it diverges as -ln|T - T_c|."""
        v = self._v(temperature)
        k, complement = math.exp(-2.0 * abs(v)), -math.expm1(-2.0 * abs(v))
        first, second = _elliptic(k, complement)
        reduced = self.coupling / temperature
        if v >= 0:
            inner = 2.0 * (first + second) + k * first + 1.0 + k * k * first
            return 2.0 * (reduced * k) * (reduced * k * inner)  # so that no square overflows
        return 2.0 * reduced**2 * (1.0 + k * k * first + k * (3.0 * first + 2.0 * second))

    def magnetization(self, temperature: float) -> float:
        """Spontaneous |<s>| = (1 - sinh(2K)^-4)^(1/8) below T_c, 0 at and above it."""
        v = self._v(temperature)
        return (-math.expm1(-4.0 * v)) ** 0.125 if v > 0 else 0.0
