"""Potentials of the torsion about the bond between the second and the third of four particles."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.potentials.base import Few
from boltzmann_tf.potentials.ops import cos, formula

__all__ = ["PeriodicTorsion", "Torsions"]


class Torsions(Few):
    """A formula of the torsion of four particles, for proper and improper ones.

    The torsion is in (-pi, pi], 0 for cis and positive clockwise (IUPAC). The same four particles
    may have several terms. Only in three dimensions.

    Args:
      function: of the torsion in radians and of the parameters, by name; periodic.
      particles: four each, `[torsions, 4]`.
      name: of the term; None for the formula's.
      **parameters: of the formula, numbers or [torsions].
    """

    invariant = "torsion"
    members = 4
    several = True
    anchors = False


@formula
def periodic_torsion(torsion: Any, barrier: Any, periodicity: Any, phase: Any) -> Any:
    """barrier (1 + cos(periodicity torsion - phase))."""
    return barrier * (1 + cos(periodicity * torsion - phase))


class PeriodicTorsion(Torsions):
    """barrier (1 + cos(periodicity torsion - phase)), as in the AMBER and CHARMM force fields.

    OpenMM's `PeriodicTorsionForce` and LAMMPS' `dihedral_style charmm` have the same convention.

    Args:
      particles: four each, `[torsions, 4]`.
      barrier: half the height, in kT, a number or [torsions].
      periodicity: whole number of minima in a turn, a number or [torsions].
      phase: in radians, a number or [torsions].
      name: of the term.

    Examples:
      >>> turn = bg.potentials.PeriodicTorsion([(0, 1, 2, 3)], barrier=2.0, periodicity=3)
      >>> butane = bg.systems.ParticleSystem(n=4, dimension=3, terms=[turn])
      >>> cis = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]
      >>> butane.energy(butane.configuration(cis)[None]).numpy()
      array([4.])
    """

    def __init__(
        self,
        particles: Any,
        barrier: Any,
        periodicity: Any = 1,
        phase: Any = 0.0,
        *,
        name: str = "periodic_torsion",
    ) -> None:
        whole = finite_array("periodicity", periodicity)
        if np.any(whole < 1) or np.any(whole != np.round(whole)):
            raise ValueError(f"periodicity must be whole and >= 1, got {periodicity!r}"[:300])
        super().__init__(
            periodic_torsion,
            particles,
            name=name,
            barrier=barrier,
            periodicity=periodicity,
            phase=phase,
        )
