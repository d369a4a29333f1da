"""Potentials of bonded pairs: formulas of the squared distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.potentials.base import Few
from boltzmann_tf.potentials.ops import formula, log, maximum, power, sqrt, where

__all__ = ["FENE", "Bonds", "DoubleWellBond", "HarmonicBond"]


class Bonds(Few):
    """A formula of the squared distance of bonded pairs.

    Args:
      function: of r^2 and of the parameters, by name.
      particles: the pairs, `[bonds, 2]`.
      name: of the term; None for the formula's.
      **parameters: of the formula, numbers or [bonds].
    """

    invariant = "squared distance"
    members = 2
    anchors = False

    @property
    def bonds(self) -> np.ndarray:
        """Pairs that the term joins, int64 [m, 2]."""
        return np.empty((0, 2), np.int64) if self._index is None else self._index


@formula
def distance(r2: Any) -> Any:
    """r, kept off 0, where the square root has no gradient."""
    return sqrt(maximum(r2, 1e-12))


@formula
def harmonic_bond(r2: Any, stiffness: Any, length: Any) -> Any:
    """stiffness / 2 (r - length)^2."""
    d = distance(r2) - length
    return 0.5 * stiffness * d * d


class HarmonicBond(Bonds):
    """stiffness / 2 (r - length)^2, with the factor 1/2 (OpenMM's; LAMMPS has none).

    Args:
      particles: the pairs, `[bonds, 2]`.
      stiffness: in kT per length squared, a number or [bonds].
      length: at rest, a number or [bonds].
      name: of the term.

    Examples:
      >>> bond = bg.potentials.HarmonicBond([(0, 1)], stiffness=2.0, length=1.0)
      >>> pair = bg.systems.ParticleSystem(n=2, dimension=1, terms=[bond])
      >>> pair.energy(pair.configuration([[0.0], [3.0]])[None]).numpy()  # 2 / 2 (3 - 1)^2
      array([4.])
    """

    def __init__(
        self, particles: Any, stiffness: Any, length: Any = 0.0, *, name: str = "harmonic_bond"
    ) -> None:
        super().__init__(harmonic_bond, particles, name=name, stiffness=stiffness, length=length)


@formula
def fene(r2: Any, stiffness: Any, extension: Any) -> Any:
    """-stiffness / 2 extension^2 log(1 - (r / extension)^2), +infinity from there on."""
    room = 1 - r2 / (extension * extension)
    inside = room > 0
    return where(
        inside,
        -0.5 * stiffness * extension * extension * log(where(inside, room, room * 0.0 + 1.0)),
        room * 0.0 + np.inf,
    )


class FENE(Bonds):
    """-stiffness / 2 extension^2 log(1 - (r / extension)^2), infinite beyond the extension.

    The springs of Kremer and Grest, J. Chem. Phys. 92, 5057 (1990), who have stiffness = 30,
    extension = 1.5 and between all pairs, bonded ones too, `WeeksChandlerAndersen`. LAMMPS caps
    its own beyond the extension, and adds that repulsion itself.

    Args:
      particles: the pairs, `[bonds, 2]`.
      stiffness: in kT per length squared, a number or [bonds].
      extension: the largest, a number or [bonds].
      name: of the term.

    Examples:
      >>> bond = bg.potentials.FENE([(0, 1)], stiffness=30.0, extension=1.5)
      >>> pair = bg.systems.ParticleSystem(n=2, dimension=1, terms=[bond])
      >>> pair.energy(pair.configuration([[0.0], [0.97]])[None]).numpy().round(2)
      array([18.28])
    """

    REACH = 0.98  # of the extension: beyond, training continues by the tangent

    def __init__(
        self, particles: Any, stiffness: Any = 30.0, extension: Any = 1.5, *, name: str = "fene"
    ) -> None:
        if np.any(finite_array("extension", extension) <= 0):
            raise ValueError(f"extension must be > 0, got {extension!r}")
        super().__init__(fene, particles, name=name, stiffness=stiffness, extension=extension)

    def training_range(self) -> tuple[Any, Any]:
        """Where training continues by the tangent: below, above."""
        high = (self.REACH * self.parameters["extension"]) ** 2
        return None, float(high) if high.ndim == 0 else high


@formula
def double_well_bond(r2: Any, slope: Any, quadratic: Any, quartic: Any, barrier: Any) -> Any:
    """slope q - quadratic q^2 + quartic q^4 with q = 2 (r - barrier)."""
    q = 2 * (distance(r2) - barrier)
    return slope * q - quadratic * power(q, 2) + quartic * power(q, 4)


class DoubleWellBond(Bonds):
    """A bond of two lengths: slope q - quadratic q^2 + quartic q^4 with q = 2 (r - barrier).

    Args:
      particles: the pairs, `[bonds, 2]`.
      slope: c, a number or [bonds].
      quadratic: a.
      quartic: b.
      barrier: distance between the two lengths.
      name: of the term.
    """

    def __init__(
        self,
        particles: Any,
        *,
        slope: Any = 0.0,
        quadratic: Any = 25.0,
        quartic: Any = 10.0,
        barrier: Any = 1.5,
        name: str = "double_well_bond",
    ) -> None:
        super().__init__(
            double_well_bond,
            particles,
            name=name,
            slope=slope,
            quadratic=quadratic,
            quartic=quartic,
            barrier=barrier,
        )
