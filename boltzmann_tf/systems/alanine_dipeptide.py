"""Alanine dipeptide, the field's first molecule: AMBER ff96 with generalized Born, OBC1."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import positive
from boltzmann_tf.potentials import Torsion
from boltzmann_tf.systems.molecule import Molecule, scaled

__all__ = ["AlanineDipeptide"]

FILE = Path(__file__).with_name("alanine_dipeptide.json")


@functools.cache
def _parameters() -> dict[str, Any]:
    """Written by `python -m boltzmann_tf.reproductions.alanine_dipeptide.parameters`."""
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


class AlanineDipeptide(Molecule):
    """N-acetyl-alanine-N'-methylamide in implicit water: 22 atoms, L.

    The target of most published flows of molecules, `AlanineDipeptideImplicit(constraints=None)`
    of openmmtools: AMBER ff96, generalized Born (OBC1) with a surface term, dielectric constants 1
    and 78.5, no cutoff. Not OpenMM's `amber96_obc.xml`, which is another model. It needs neither
    OpenMM nor a file. The energy of its mirror image is the same: what is sampled from one state
    stays L unless a move turns it over.

    Args:
      kelvin: the temperature that energies are relative to.

    Attributes:
      reaction_coordinates: "phi" and "psi", in radians.
      initial_states: "C7eq" and "alpha_L", of lengths and angles at rest.

    Examples:
      >>> molecule = bg.systems.AlanineDipeptide()
      >>> x = molecule.initial_state("C7eq")[None]
      >>> molecule.kilojoules(molecule.energy(x)).numpy().round(1)
      array([-154.6])
    """

    def __init__(self, kelvin: float = 300.0) -> None:
        stored = _parameters()["molecule"]
        positive("kelvin", kelvin)
        super().__init__(
            **{key: stored[key] for key in ("names", "elements", "residues", "masses", "bonds")},
            terms=scaled(stored["terms"], stored["kelvin"] / kelvin),
            kelvin=kelvin,
            coordinates={"phi": Torsion(4, 6, 8, 14), "psi": Torsion(6, 8, 14, 16)},
        )
        self.initial_states = {
            name: self.configuration(np.array(r)) for name, r in _parameters()["states"].items()
        }

    def at(self, kelvin: float) -> AlanineDipeptide:
        """The same molecule in kT at another temperature.

        Args:
          kelvin: the temperature.
        """
        return AlanineDipeptide(kelvin)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        return {"kelvin": self.kelvin}
