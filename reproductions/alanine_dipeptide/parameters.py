"""Writes `boltzmann_tf/systems/alanine_dipeptide.json`: parameters and two shapes.

    python -m boltzmann_tf.reproductions.alanine_dipeptide.parameters [FILE]

The force field is AMBER ff96 with the generalized Born model OBC1, as OpenMM has them
(`pip install '.[molecules]'`): the target that is published as `AlanineDipeptideImplicit` of
openmmtools. Shapes are made of atom names, bonds, and the force field's own lengths and angles.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf import bijectors, systems
from boltzmann_tf.systems import Molecule

FILES = ("amber96.xml", "implicit/obc1.xml")
KELVIN = 300.0
RESIDUES = (
    ("ACE", "H1 CH3 H2 H3 C O"),
    ("ALA", "N H CA HA CB HB1 HB2 HB3 C O"),
    ("NME", "N H C H1 H2 H3"),
)
PHI, PSI = (
    ("ACE1:C", "ALA2:N", "ALA2:CA", "ALA2:C"),
    ("ALA2:N", "ALA2:CA", "ALA2:C", "NME3:N"),
)
# phi and psi, in degrees, of what the two states are near.
SHAPES = {"C7eq": (-80.0, 80.0), "alpha_L": (55.0, 45.0)}
FLAT = {"C", "N"}  # names of atoms with three neighbours in a plane


def topology() -> Any:
    """OpenMM's, made of the names of the atoms."""
    from openmm import app  # type: ignore[import-untyped]

    made = app.Topology()
    chain = made.addChain()
    for name, atoms in RESIDUES:
        residue = made.addResidue(name, chain)
        for atom in atoms.split():
            made.addAtom(atom, app.Element.getBySymbol(atom[0]), residue)
    made.createStandardBonds()
    return made


def molecule() -> Molecule:
    """Read from OpenMM."""
    from openmm import app

    made = topology()
    force_field = app.ForceField(*FILES)
    system = force_field.createSystem(made, nonbondedMethod=app.NoCutoff, constraints=None)
    return Molecule.from_openmm(system, made, kelvin=KELVIN)


def shape(of: Molecule, phi: float, psi: float) -> np.ndarray:
    """Positions `[n, 3]`, nm: lengths and angles at rest, peptide bonds trans, L.

    Args:
      of: the molecule.
      phi: in degrees.
      psi: in degrees.
    """
    z = bijectors.z_matrix(of.n, of.bonds, of.elements)
    terms = {term.name: term for term in of.terms}
    lengths = _at_rest(terms["bonds"], "length")
    angles = _at_rest(terms["angles"], "angle")
    given = {tuple(map(of.atom, PHI)): phi, tuple(map(of.atom, PSI)): psi}
    bonds, bends, turns = [], [], []
    for atom, bond, angle, torsion in z.rows.tolist():
        if bond >= 0:
            bonds.append(lengths[_either(atom, bond)])
        if angle >= 0:
            bends.append(angles[_either(atom, bond, angle)])
        if torsion >= 0:
            turns.append(np.radians(_turn(of, (atom, bond, angle, torsion), given)))
    q = np.array([*bonds, *bends, *turns, 0.0, 0.0, 0.0])
    x = bijectors.InternalCoordinates(z, dtype="float64").forward(q[None])
    found: np.ndarray = of.positions(x)[0].numpy()
    return found


def _at_rest(term: Any, parameter: str) -> dict[tuple[int, ...], float]:
    config = term.get_config()
    return {
        _either(*members): value
        for members, value in zip(config["particles"], config[parameter], strict=True)
    }


def _either(*members: int) -> tuple[int, ...]:
    """Particles read from the end that has the lower number."""
    return min(members, members[::-1])


def _turn(of: Molecule, row: tuple[int, ...], given: dict[tuple[int, ...], float]) -> float:
    """The torsion of a row, in degrees."""
    if row in given or row[::-1] in given:
        return given.get(row, given.get(row[::-1], 0.0))
    atom, bond, _, torsion = row
    bonded = {tuple(sorted(pair)) for pair in of.bonds.tolist()}
    if tuple(sorted((torsion, bond))) not in bonded:
        return 180.0  # along the chain: trans, and staggered
    if of.names[bond] in FLAT and of.residues[bond] + of.names[bond] != "NME3C":
        return 180.0  # two at one end of a plane
    if of.names[bond] == "CA":
        return -120.0 if of.names[atom] == "CB" else 120.0  # L
    return 120.0 if of.names[atom] in ("H2", "HB2") else -120.0


def main(file: Path) -> None:
    """Writes the file."""
    read = molecule()
    content = {
        "source": f"{', '.join(FILES)} of OpenMM; shapes from lengths and angles at rest",
        "molecule": systems.to_document(read)["config"],  # type: ignore[index]
        "states": {name: np.round(shape(read, *at), 5).tolist() for name, at in SHAPES.items()},
    }
    text = json.dumps(content, indent=1)
    # Lists of numbers and of names in a line each.
    text = re.sub(r"\[[^][{}]+\]", lambda found: " ".join(found[0].split()), text)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    here = Path(systems.__file__).with_name("alanine_dipeptide.json")
    main(Path(sys.argv[1]) if sys.argv[1:] else here)
