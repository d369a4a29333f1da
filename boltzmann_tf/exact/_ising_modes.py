"""What the finite and the infinite Ising lattice share: ln sinh 2K and the excitation energies."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from boltzmann_tf._support.checks import positive

__all__ = ["Modes", "critical_temperature", "log_sinh", "modes", "softest_mode"]

# Onsager's critical point sinh(2 J/T) = 1.
_CRITICAL = math.asinh(1.0)


def critical_temperature(coupling: float = 1.0) -> float:
    """T_c = 2 J/ln(1 + sqrt 2) of the square lattice, in the units of `coupling` (k_B = 1).

    Source: Kramers and Wannier, Phys. Rev. 60, 252 (1941); Onsager, Phys. Rev. 65, 117 (1944).
    """
    return 2.0 * positive("coupling", coupling) / _CRITICAL


def log_sinh(coupling: float, temperature: float) -> float:
    """v = ln sinh(2 J/T): 0 at T_c, positive below it; duality (Kramers, Wannier) is v -> -v.

    Accurate relative to v near T_c too, and exactly 0 at T = `critical_temperature`.
    """
    x = 2.0 * coupling / temperature
    if abs(x - _CRITICAL) < 0.5:
        critical = critical_temperature(coupling)
        # 2J/T - 2J/T_c from the difference of the temperatures, which is exact near T_c.
        gap = x * (critical - temperature) / critical
        return math.log1p(2.0 * math.cosh(_CRITICAL + 0.5 * gap) * math.sinh(0.5 * gap))
    if x < 1.0:
        return math.log(math.sinh(x))
    return x + math.log1p(-math.exp(-2.0 * x)) - math.log(2.0)


class Modes(NamedTuple):
    """Excitation energies γ(ω) of the transfer matrix at u = |ln sinh 2K|, arrays [n].

    Attributes:
      excess: γ - u, which stays finite as T goes to 0 or to infinity.
      slope: dγ/du - 1.
      curvature: d²γ/du².
    """

    excess: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


def modes(u: float, omega: np.ndarray) -> Modes:
    """γ and its derivatives for 0 < ω < 2 pi.

    Onsager's cosh γ = cosh 2K coth 2K - cos ω is sinh²(γ/2) = 2 sinh²(v/2) + sin²(ω/2) in
    v = ln sinh 2K, u = |v|: no differences of large numbers, and even in v, so that one form
    serves both phases. All is multiplied by powers of q = e^-u, so that nothing overflows.

    Args:
      u: |ln sinh 2K|, >= 0.
      omega: ω [n], in radians; 0 itself has a kink at T_c, see `softest_mode`.
    """
    q = math.exp(-u)
    eta = 0.5 * math.expm1(-u) ** 2  # q (cosh v - 1)
    versine = 2.0 * np.sin(0.5 * omega) ** 2  # 1 - cos ω
    cosine = 1.0 - versine
    w = eta + 0.5 * q * versine  # q sinh²(γ/2)
    sinh = 2.0 * np.sqrt(w * (w + q))  # q sinh γ
    # Differentiating cosh γ twice; with the powers of q cancelled between the terms by hand.
    mixed = versine * (2.0 + versine)  # (1 - cos ω)(3 - cos ω)
    slope = q * (4.0 * cosine * eta - q * mixed) / (sinh * (-math.expm1(-2.0 * u) + sinh))
    bend = mixed * q * q * (1.0 + q * q) - 4.0 * cosine * q * eta**2
    return Modes(np.log(q + 2.0 * w + sinh), slope, bend / sinh**3)


def softest_mode(u: float) -> tuple[float, float, float]:
    """`Modes` at ω = 0, where sinh(γ_0/2) = sqrt 2 sinh(u/2), as (excess, slope, curvature).

    γ_0 = |2K + ln tanh K|, the tension of a domain wall: 0 at T_c, where dγ_0/du = sqrt 2.
    """
    q = math.exp(-u)
    eta = 0.5 * math.expm1(-u) ** 2
    root = math.sqrt(0.5 * (1.0 + q * q))  # sqrt(q cosh v)
    excess = math.log(q + 2.0 * eta + 2.0 * math.sqrt(eta) * root)
    slope = q / (root * ((1.0 + q) / math.sqrt(2.0) + root))
    return excess, slope, -0.5 * q * math.sqrt(eta) / root**3
