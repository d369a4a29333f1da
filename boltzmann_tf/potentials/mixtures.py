"""Particles of many kinds, each with its own parameters: all pairs follow by a mixing rule.

As in the force fields of molecules, some pairs, those that are close along bonds, are special and
have parameters of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.potentials.base import Few, index_of
from boltzmann_tf.potentials.charges import Coulomb, ReactionField, coulomb, strengths
from boltzmann_tf.potentials.pairs import CORE, LennardJones, lennard_jones

__all__ = [
    "CoulombOfPairs",
    "LennardJonesOfPairs",
    "LorentzBerthelot",
    "PointCharges",
    "ReactionFieldCharges",
]


class LorentzBerthelot(LennardJones):
    """Lennard-Jones particles of many kinds: arithmetic means of sigma, geometric ones of epsilon.

    Args:
      epsilon: depths, in kT, `[n]`.
      sigma: where the energy of two equal ones crosses zero, > 0, `[n]`.
      special: pairs with parameters of their own, `[m, 2]`.
      special_epsilon: theirs, `[m]`; 0 for none at all.
      special_sigma: theirs, `[m]`.
      **options: `cut`, `shifted`, `core`, `exclude`, `name`, see `Pairs`.
    """

    def __init__(
        self,
        epsilon: Any,
        sigma: Any,
        *,
        special: Any = (),
        special_epsilon: Any = (),
        special_sigma: Any = (),
        **options: Any,
    ) -> None:
        e, s = finite_array("epsilon", epsilon, ndim=1), finite_array("sigma", sigma, ndim=1)
        if e.shape != s.shape:
            raise ValueError(f"sigma must have shape [{len(e)}], as epsilon, got {s.shape}")
        if np.any(e < 0):
            raise ValueError(f"epsilon must be >= 0, got {float(e.min())!r}")
        depths, widths = np.sqrt(np.outer(e, e)), 0.5 * (s[:, None] + s[None, :])
        _put(depths, "epsilon", special, special_epsilon)
        _put(widths, "sigma", special, special_sigma)
        options.setdefault("core", (CORE * widths).tolist())
        super().__init__(depths, widths, **options)


class PointCharges(Coulomb):
    """Charges: constant q_i q_j / r.

    Args:
      charges: `[n]`.
      constant: energy of two unit charges at distance one, in kT times length.
      special: pairs with strengths of their own, `[m, 2]`.
      special_strength: theirs, in kT times length, `[m]`; 0 for none.
      **options: `cut`, `shifted`, `core`, `exclude`, `name`, see `Coulomb`.
    """

    def __init__(
        self,
        charges: Any,
        constant: float = 1.0,
        *,
        special: Any = (),
        special_strength: Any = (),
        **options: Any,
    ) -> None:
        table = strengths(charges, positive("constant", constant))
        _put(table, "strength", special, special_strength)
        super().__init__(table, **options)


class ReactionFieldCharges(ReactionField):
    """Charges in a sphere, with a dielectric around it; see `ReactionField`.

    Args:
      charges: `[n]`.
      constant: energy of two unit charges at distance one, in kT times length.
      **options: `cut`, `dielectric`, `core`, `exclude`, `name`, see `ReactionField`.
    """

    def __init__(self, charges: Any, constant: float = 1.0, **options: Any) -> None:
        super().__init__(strengths(charges, positive("constant", constant)), **options)


class _OfPairs(Few):
    """A formula of the squared distance of some pairs, which no bond joins and no cut reaches."""

    invariant = "squared distance"
    members = 2
    anchors = False

    core: Any  # distance below which training continues by the tangent, a number or [pairs]

    def training_range(self) -> tuple[Any, Any]:
        """Where training continues by the tangent: below, above."""
        count = 0 if self._index is None else len(self._index)
        return np.broadcast_to(self.core, (count,)) ** 2, None


class CoulombOfPairs(_OfPairs):
    """strength / r of some pairs.

    Args:
      particles: the pairs, `[pairs, 2]`.
      strength: in kT times length, a number or [pairs].
      core: distance below which training continues by the tangent.
      name: of the term.
    """

    def __init__(
        self, particles: Any, strength: Any, *, core: float = 0.05, name: str = "coulomb_of_pairs"
    ) -> None:
        self.core = positive("core", core)
        super().__init__(coulomb, particles, name=name, strength=strength)


class LennardJonesOfPairs(_OfPairs):
    """4 epsilon [(sigma / r)^12 - (sigma / r)^6] of some pairs.

    Args:
      particles: the pairs, `[pairs, 2]`.
      epsilon: depth, in kT, a number or [pairs].
      sigma: where it crosses zero, a number or [pairs]; in training, below 0.3 of it the energy
        continues by the tangent.
      name: of the term.
    """

    def __init__(
        self, particles: Any, epsilon: Any, sigma: Any, *, name: str = "lennard_jones_of_pairs"
    ) -> None:
        super().__init__(lennard_jones, particles, name=name, epsilon=epsilon, sigma=sigma)
        self.core = CORE * self.parameters["sigma"]


def _put(table: np.ndarray, name: str, special: Any, values: Any) -> None:
    """Writes the parameters of special pairs into a table, or raises where a number is missing."""
    count = len(special)
    if np.shape(values) != (count,):
        raise ValueError(f"special_{name} must have shape [{count}], got {np.shape(values)}")
    if count:
        pairs = index_of("special", special, 2, n=len(table))
        given = finite_array(f"special_{name}", values)
        table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = given
