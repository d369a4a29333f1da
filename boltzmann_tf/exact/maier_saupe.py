"""Maier and Saupe's mean-field theory of nematics: each spin in the field of the mean one."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.optimize import brentq

from boltzmann_tf._support.checks import choice, positive
from boltzmann_tf.exact.nematic import bond_moments

__all__ = ["MaierSaupe"]


@dataclass(frozen=True)
class MaierSaupe:
    """u = -U S P2(cos theta) for each spin, with S = <P2>: a first-order transition. k_B = 1.

    With a = U S / T and q(a) the mean of P2 under exp(a P2), S = q(a) and T / U = q(a) / a: one
    parameter gives all states. Per spin, f = U S^2 / 2 - T ln z(a), zero in the isotropic phase.

    Source: Maier and Saupe, Z. Naturforsch. A 14, 882 (1959); 15, 287 (1960).

    Attributes:
      coupling: U > 0.

    Examples:
      >>> theory = bg.exact.MaierSaupe()
      >>> round(theory.transition, 6), round(theory.transition_order, 5)
      (0.220194, 0.42903)
    """

    coupling: float = 1.0

    def __post_init__(self) -> None:
        positive("coupling", self.coupling)

    @property
    def supercooling(self) -> float:
        """T below which the isotropic phase is unstable, U / 5."""
        return self.coupling / 5

    @property
    def superheating(self) -> float:
        """T above which there is no nematic phase."""
        a = _limit()
        return self.coupling * bond_moments(a)[1] / a

    @property
    def transition(self) -> float:
        """T_NI, where both phases have the same free energy."""
        a = _coexistence()
        return self.coupling * bond_moments(a)[1] / a

    @property
    def transition_order(self) -> float:
        """S of the nematic phase at T_NI."""
        return bond_moments(_coexistence())[1]

    def _parameter(self, temperature: float, phase: str) -> float:
        """a of a phase, 0 where there is none."""
        t = positive("temperature", temperature) / self.coupling
        choice("phase", phase, ("stable", "nematic"))
        limit = self.transition if phase == "stable" else self.superheating
        if temperature > limit:
            return 0.0
        # q < 1, so a < 1 / t.
        low = _coexistence() if phase == "stable" else _limit()
        # At the limit itself the difference is zero, or of either sign by rounding.
        low *= 1 - 1e-9 if phase == "stable" else 1.0
        excess = bond_moments(low)[1] / low - t
        if excess <= 0:
            return low
        return float(brentq(lambda a: bond_moments(a)[1] / a - t, low, 1 / t + 1, xtol=1e-14))

    def order_parameter(self, temperature: float, *, phase: str = "stable") -> float:
        """S at T.

        Args:
          temperature: T > 0.
          phase: "stable", or "nematic" up to the limit of superheating; S is 0 beyond.
        """
        a = self._parameter(temperature, phase)
        return bond_moments(a)[1] if a > 0 else 0.0

    def energy(self, temperature: float, *, phase: str = "stable") -> float:
        """Per spin, -U S^2 / 2."""
        return -0.5 * self.coupling * self.order_parameter(temperature, phase=phase) ** 2

    def free_energy(self, temperature: float, *, phase: str = "stable") -> float:
        """Per spin, without -T ln 4 pi: zero in the isotropic phase."""
        a = self._parameter(temperature, phase)
        if a == 0:
            return 0.0
        log_z, order, _ = bond_moments(a)
        return 0.5 * self.coupling * order**2 - temperature * log_z


def _coexistence() -> float:
    """a of the nematic phase at T_NI: ln z = a q / 2."""

    def difference(a: float) -> float:
        log_z, order, _ = bond_moments(a)
        return log_z - 0.5 * a * order

    return float(brentq(difference, 1.5, 3.0, xtol=1e-15))


def _limit() -> float:
    """a where T / U = q(a) / a is largest: a q'(a) = q(a)."""

    def slope(a: float) -> float:
        _, order, variance = bond_moments(a)
        return a * variance - order

    return float(brentq(slope, 0.5, 2.0, xtol=1e-15))
