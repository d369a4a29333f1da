"""Potentials of charges: Coulomb's, whole or cut with a reaction field.

A strength is the Coulomb constant times the product of two charges, in kT times length. With
lengths in nm and charges in e the constant is 138.93545764438198 kJ/mol nm over kT (55.7 at 300 K).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.potentials.ops import formula, sqrt
from boltzmann_tf.potentials.pairs import Pairs

__all__ = ["Coulomb", "ReactionField", "strengths"]


def strengths(charges: Any, constant: float = 1.0) -> np.ndarray:
    """constant q_i q_j of all pairs, `[n, n]`.

    Args:
      charges: `[n]`.
      constant: energy of two unit charges at distance one, in kT times length.
    """
    q = finite_array("charges", charges, ndim=1)
    return positive("constant", constant) * np.outer(q, q)


@formula
def coulomb(r2: Any, strength: Any) -> Any:
    """strength / r."""
    return strength / sqrt(r2)


class Coulomb(Pairs):
    """strength / r.

    Args:
      strength: in kT times length, a number or [n, n]; see `strengths`.
      **options: `cut`, `shifted`, `core`, `exclude`, `name`, see `Pairs`. Unlike charges have no
        lower bound where nothing else keeps them apart: `training_energy` then needs a `core`.

    Examples:
      >>> salt = bg.potentials.Coulomb(bg.potentials.strengths([1.0, -1.0], constant=2.0))
      >>> pair = bg.systems.ParticleSystem(n=2, dimension=3, terms=[salt])
      >>> pair.energy(pair.configuration([[0.0, 0.0, 0.0], [0.0, 0.0, 4.0]])[None]).numpy()
      array([-0.5])
    """

    def __init__(self, strength: Any = 1.0, **options: Any) -> None:
        super().__init__(coulomb, strength=strength, **options)


@formula
def reaction_field(r2: Any, strength: Any, quadratic: Any, constant: Any) -> Any:
    """strength (1 / r + quadratic r^2 - constant)."""
    return strength * (1 / sqrt(r2) + quadratic * r2 - constant)


class ReactionField(Pairs):
    """Charges in a sphere, with a dielectric around it: 0 at the cut and beyond.

    strength (1 / r + k r^2 - c) with k = (d - 1) / (2 d + 1) / cut^3 and c = 3 d / (2 d + 1) / cut,
    as in OpenMM's `NonbondedForce` with a cutoff. For d = 1 it is Coulomb's law, cut and shifted.

    Source: Tironi et al., J. Chem. Phys. 102, 5451 (1995).

    Args:
      strength: in kT times length, a number or [n, n]; see `strengths`.
      cut: the sphere's radius.
      dielectric: constant d >= 1 of what is around it.
      **options: `core`, `exclude`, `name`, see `Pairs`.
    """

    def __init__(
        self, strength: Any = 1.0, *, cut: float, dielectric: float = 78.3, **options: Any
    ) -> None:
        if positive("dielectric", dielectric) < 1:
            raise ValueError(f"dielectric must be >= 1, got {dielectric!r}")
        if "shifted" in options:
            raise TypeError("shifted must not be given: this potential is 0 at its cut")
        d, radius = float(dielectric), positive("cut", cut)
        super().__init__(
            reaction_field,
            strength=strength,
            quadratic=(d - 1) / (2 * d + 1) / radius**3,
            constant=3 * d / (2 * d + 1) / radius,
            cut=radius,
            **options,
        )
