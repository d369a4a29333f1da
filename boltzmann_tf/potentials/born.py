"""Generalized Born: the free energy of charges in a solvent that is a dielectric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, non_negative, positive
from boltzmann_tf.potentials.base import Bound, Particles, Potential
from boltzmann_tf.potentials.ops import exp, formula, log, maximum, power, sqrt, tanh, where

__all__ = ["BornFormulas", "GeneralizedBorn"]

# alpha, beta, gamma of the effective radius, by the name of the model.
MODELS = {"OBC1": (0.8, 0.0, 2.909125), "OBC2": (1.0, 0.8, 4.85)}
OFFSET = 0.009  # nm, from a radius to that of the sphere that is left out
PROBE = 0.14  # nm, the radius of a solvent molecule


class BornFormulas(NamedTuple):
    """What the energy is made of.

    Attributes:
      descreening: how much an atom's field is screened less for the volume of another one.
      radius: the effective radius of an atom.
      pair: the energy of a pair.
      self: the energy of an atom by itself, with its surface.
    """

    descreening: Callable[..., Any]
    radius: Callable[..., Any]
    pair: Callable[..., Any]
    self: Callable[..., Any]


@formula
def descreening(r2: Any, sphere: Any, other: Any) -> Any:
    """How much less an atom's field is screened for the volume of another atom, over length.

    An integral over the part of the other atom's sphere, of radius `other`, that lies outside of
    the atom's own, of radius `sphere`.
    """
    r = sqrt(r2)
    gap = r - other
    lower, upper = 1 / maximum(sphere, maximum(gap, -gap)), 1 / (r + other)
    whole = lower - upper + 0.25 * (r - other * other / r) * (upper * upper - lower * lower)
    # Of spheres that are apart the same is shorter, and keeps more digits.
    part = where(gap > sphere, other / (r2 - other * other), whole)
    return where(r + other > sphere, 0.5 * part + 0.25 * log(upper / lower) / r, r * 0.0)


@formula
def descreening_inside(r2: Any, sphere: Any, other: Any) -> Any:
    """The same; where an atom lies within the other sphere, with the shell around it."""
    around = 1 / sphere - 1 / maximum(sphere, other - sqrt(r2))
    return descreening(r2, sphere, other) + maximum(around, r2 * 0.0)


@formula
def born_radius(integral: Any, sphere: Any, radius: Any, model: Any) -> Any:
    """The effective radius: the smaller, the more an atom is in contact with the solvent."""
    alpha, beta, gamma = model
    psi = integral * sphere
    return 1 / (1 / sphere - tanh(psi * (alpha - psi * (beta - psi * gamma))) / radius)


@formula
def born_pair(r2: Any, a: Any, b: Any, strength: Any, shift: Any) -> Any:
    """-strength (1 / sqrt(r^2 + a b exp(-r^2 / 4 a b)) - shift)."""
    product = a * b
    return -strength * (1 / sqrt(r2 + product * exp(-0.25 * r2 / product)) - shift)


@formula
def born_self(effective: Any, strength: Any, radius: Any, surface: Any) -> Any:
    """-strength / 2 B, and the surface: surface (radius / B)^6."""
    return -0.5 * strength / effective + surface * power(radius / effective, 6)


# By whether atoms within another are counted.
BORN = {
    False: BornFormulas(descreening, born_radius, born_pair, born_self),
    True: BornFormulas(descreening_inside, born_radius, born_pair, born_self),
}


class GeneralizedBorn(Potential):
    """Charges in a solvent that is a dielectric: the model of Onufriev, Bashford and Case.

    The sum over pairs of -q_i q_j (1 / d_in - 1 / d_out) / sqrt(r^2 + B_i B_j exp(-r^2 / 4 B_i
    B_j)) and half of it for each atom by itself, with effective radii B that depend on where all
    other atoms are, and a surface energy 4 pi gamma (R + probe)^2 (R / B)^6. With a cut, pairs that
    are farther apart have none, the others of it less its value for r at the cut.

    Source: Onufriev, Bashford and Case, Proteins 55, 383 (2004), OBC1 and OBC2; Hawkins, Cramer
    and Truhlar, J. Phys. Chem. 100, 19824 (1996), for the integral; Schaefer, Bartels and Karplus,
    J. Mol. Biol. 284, 835 (1998), for the surface.

    Args:
      charges: `[n]`.
      radii: R, in nm, `[n]`.
      scales: factors of the radii of others in the integral, `[n]`.
      constant: energy of two unit charges at distance one in vacuum, in kT nm.
      solute_dielectric: d_in.
      solvent_dielectric: d_out.
      surface: 4 pi gamma, in kT / nm^2; 0 for none.
      model: "OBC1" or "OBC2", or the three coefficients of psi, -psi^2 and psi^3.
      counts_inside: whether an atom within the sphere of another has the shell around it counted.
        OpenMM's `GBSAOBCForce` does, the files of its `implicit` folder do not.
      cut: in nm, or None.
      core: nm; pairs that are closer count as this far apart in `training_energy`; None for not.
      name: of the term.
    """

    def __init__(
        self,
        charges: Any,
        radii: Any,
        scales: Any,
        *,
        constant: float,
        solute_dielectric: float = 1.0,
        solvent_dielectric: float = 78.5,
        surface: float = 0.0,
        model: Any = "OBC2",
        counts_inside: bool = False,
        cut: float | None = None,
        core: float | None = None,
        name: str = "generalized_born",
    ) -> None:
        self.charges = finite_array("charges", charges, ndim=1)
        n = len(self.charges)
        self.radii, self.scales = finite_array("radii", radii), finite_array("scales", scales)
        for argument, value in (("radii", self.radii), ("scales", self.scales)):
            if value.shape != (n,):
                raise ValueError(f"{argument} must have shape [{n}], got {value.shape}")
        if np.any(self.radii <= OFFSET):
            raise ValueError(f"radii must be > {OFFSET} nm, got {float(self.radii.min())!r}")
        inner, outer = (
            positive(key, value)
            for key, value in (
                ("solute_dielectric", solute_dielectric),
                ("solvent_dielectric", solvent_dielectric),
            )
        )
        self.strength = positive("constant", constant) * (1 / inner - 1 / outer)
        self.surface = non_negative("surface", surface)
        if isinstance(model, str):
            model = MODELS[choice("model", model, MODELS)]
        coefficients = finite_array("model", model)
        if coefficients.shape != (3,):
            raise ValueError(f"model must be three coefficients, got shape {coefficients.shape}")
        self.model = tuple(float(v) for v in coefficients)
        self.counts_inside = instance("counts_inside", counts_inside, bool)
        self.cut = None if cut is None else positive("cut", cut)
        self.core = None if core is None else positive("core", core)
        self.name = instance("name", name, str)

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""
        n = instance("particles", particles, Particles).n
        if n != len(self.charges):
            raise ValueError(f"charges must have shape [{n}], got {self.charges.shape}")
        if particles.box.lengths(particles.dimension) is not None:
            raise ValueError(f"box must be open for {self.name}, got {particles.box!r}")
        spheres = self.radii - OFFSET
        per_atom = (
            spheres,
            self.scales * spheres,
            self.radii,
            self.strength * self.charges**2,
            self.surface * (self.radii + PROBE) ** 2,
        )
        return Bound(
            self.name,
            BORN[self.counts_inside],
            (
                *map(np.ascontiguousarray, per_atom),
                self.strength * np.outer(self.charges, self.charges),
                self.model,
            ),
            "born",
            cut=None if self.cut is None else self.cut**2,
            low=None if self.core is None else self.core**2,
        )
