"""A molecule: atoms with names and bonds, and a force field as a sum of potentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive, sequence
from boltzmann_tf.potentials import Coordinate
from boltzmann_tf.potentials.base import index_of
from boltzmann_tf.systems._openmm_terms import GAS_CONSTANT, masses_of, terms_of
from boltzmann_tf.systems.particles import ParticleSystem

__all__ = ["Molecule", "scaled"]

CALORIE = 4.184  # J


class Molecule(ParticleSystem):
    """A molecule with a force field, in kT at a temperature, lengths in nm.

        from openmm import app

        pdb = app.PDBFile("molecule.pdb")
        force_field = app.ForceField("amber96.xml", "implicit/obc1.xml")
        system = force_field.createSystem(pdb.topology, constraints=None)
        molecule = bg.systems.Molecule.from_openmm(system, pdb.topology, kelvin=300)

    The energy is that of OpenMM, but of a whole batch at once, with gradients, in float32 or
    float64. Once read it needs no OpenMM: it is saved with a generator, and loads without.
    Configurations are those of a `ParticleSystem`: `configuration(positions)` has them, and
    `positions(x)` leads back.

    Args:
      terms: potentials of the force field, in kT and nm.
      names: of the atoms, "CA" for instance, `[n]`.
      elements: their chemical symbols, "C" for instance, `[n]`.
      residues: name and number of the residue that each atom belongs to, "ALA2" for instance,
        `[n]`.
      masses: in g/mol, `[n]`.
      bonds: pairs of atoms that are bonded, `[m, 2]`.
      kelvin: the temperature that energies are relative to.
      coordinates: reaction coordinates by name.
      training_terms: those of `training_energy`; None for the same.

    Attributes:
      kt: k_B T in kJ/mol.
    """

    def __init__(
        self,
        *,
        terms: Sequence[Any],
        names: Sequence[str],
        elements: Sequence[str],
        residues: Sequence[str],
        masses: Any,
        bonds: Any,
        kelvin: float = 300.0,
        coordinates: Mapping[str, Coordinate] | None = None,
        training_terms: Sequence[Any] | None = None,
    ) -> None:
        self.names = [str(v) for v in sequence("names", names)]
        n = len(self.names)
        self.elements = _texts("elements", elements, n)
        self.residues = _texts("residues", residues, n)
        self.masses = finite_array("masses", masses, ndim=1)
        if self.masses.shape != (n,) or np.any(self.masses <= 0):
            raise ValueError(f"masses must be {n} numbers > 0, got {self.masses.tolist()}"[:300])
        self.kelvin = positive("kelvin", kelvin)
        self.kt = GAS_CONSTANT * self.kelvin
        super().__init__(
            n=n,
            dimension=3,
            terms=terms,
            coordinates=coordinates,
            training_terms=training_terms,
        )
        self.bonds = index_of("bonds", bonds, 2, n=n)

    @classmethod
    def from_openmm(
        cls,
        system: Any,
        topology: Any,
        *,
        kelvin: float = 300.0,
        coordinates: Mapping[str, Coordinate] | None = None,
    ) -> Self:
        """Reads a force field from OpenMM, force by force.

        Known are bonds and angles (harmonic), periodic torsions, `NonbondedForce` without a cutoff
        or with one and a reaction field, `GBSAOBCForce`, and the `CustomGBForce` of OpenMM's files
        `implicit/obc1.xml` and `implicit/obc2.xml`.

        Args:
          system: an `openmm.System` without constraints.
          topology: the `openmm.app.Topology` it was created from.
          kelvin: the temperature that energies are relative to.
          coordinates: reaction coordinates by name.

        Raises:
          ValueError: for a force or a method that is not known, with its name.
        """
        positive("kelvin", kelvin)
        atoms, n = list(topology.atoms()), system.getNumParticles()
        if len(atoms) != n:
            raise ValueError(f"topology must have {n} atoms, as system, got {len(atoms)}")
        for atom in atoms:
            if atom.element is None:
                raise ValueError(f"topology must give the element of each atom, got {atom} without")
        return cls(
            terms=terms_of(system, kelvin),
            names=[a.name for a in atoms],
            elements=[a.element.symbol for a in atoms],
            residues=[f"{a.residue.name}{a.residue.index + 1}" for a in atoms],
            masses=masses_of(system),
            bonds=[sorted((a.index, b.index)) for a, b in topology.bonds()],
            kelvin=kelvin,
            coordinates=coordinates,
        )

    def at(self, kelvin: float) -> Molecule:
        """The same force field in kT at another temperature.

        Args:
          kelvin: the temperature.
        """
        positive("kelvin", kelvin)
        config = Molecule.get_config(self)
        terms = scaled(config.pop("terms"), self.kelvin / kelvin)
        if config["training_terms"]:
            config["training_terms"] = scaled(config["training_terms"], self.kelvin / kelvin)
        return Molecule(**config | {"terms": terms, "kelvin": kelvin})

    def kilojoules(self, u: Any) -> Any:
        """Energies of kT in kJ/mol."""
        return u * self.kt

    def kilocalories(self, u: Any) -> Any:
        """Energies of kT in kcal/mol."""
        return u * (self.kt / CALORIE)

    def atom(self, name: str) -> int:
        """Number of an atom by its residue and name, as in "ALA2:CA"."""
        instance("name", name, str)
        known = [f"{r}:{a}" for r, a in zip(self.residues, self.names, strict=True)]
        if known.count(name) != 1:
            raise ValueError(f"name must be one of {known}, got {name!r}"[:600])
        return known.index(name)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        config = super().get_config()
        return {key: config[key] for key in ("terms", "coordinates", "training_terms")} | {
            "names": self.names,
            "elements": self.elements,
            "residues": self.residues,
            "masses": self.masses.tolist(),
            "bonds": self.bonds.tolist(),
            "kelvin": self.kelvin,
        }


# Parameters that are energies, by the class of a potential: what another temperature changes.
ENERGIES = {
    "HarmonicBond": ("stiffness",),
    "HarmonicAngle": ("stiffness",),
    "PeriodicTorsion": ("barrier",),
    "PointCharges": ("constant", "special_strength"),
    "ReactionFieldCharges": ("constant",),
    "CoulombOfPairs": ("strength",),
    "LorentzBerthelot": ("epsilon", "special_epsilon"),
    "LennardJonesOfPairs": ("epsilon",),
    "GeneralizedBorn": ("constant", "surface"),
}


def scaled(terms: Sequence[Mapping[str, Any]], factor: float) -> list[dict[str, Any]]:
    """Documents of a force field's terms, with all energies multiplied by a factor.

    Raises:
      ValueError: for a potential that no force field is read as.
    """
    found = []
    for term in sequence("terms", terms):
        names = ENERGIES[choice("class of terms", term["class"], ENERGIES)]
        config = dict(term["config"])
        config |= {name: (factor * np.asarray(config[name])).tolist() for name in names}
        found.append({"class": term["class"], "config": config})
    return found


def _texts(name: str, values: Any, n: int) -> list[str]:
    found = [str(v) for v in sequence(name, values)]
    if len(found) != n:
        raise ValueError(f"{name} must be {n} texts, one an atom, got {len(found)}")
    return found
