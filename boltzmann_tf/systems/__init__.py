"""Systems by their energies, each with its reaction coordinates and exact reference."""

from __future__ import annotations

from typing import Any

from boltzmann_tf._support.checks import choice
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.combined import Combination, FromEnergy
from boltzmann_tf.systems.double_well import DoubleWell
from boltzmann_tf.systems.double_well_4 import DoubleWell4
from boltzmann_tf.systems.ising import Ising
from boltzmann_tf.systems.ising_field import IsingField
from boltzmann_tf.systems.lennard_jones_cluster import LennardJonesCluster
from boltzmann_tf.systems.mueller_brown import MuellerBrown
from boltzmann_tf.systems.nematic import Nematic
from boltzmann_tf.systems.nematic_angles import NematicAngles
from boltzmann_tf.systems.particles import ParticleSystem
from boltzmann_tf.systems.solvated_dimer import SolvatedDimer
from boltzmann_tf.systems.spring_in_box import SpringInBox

# One line a system: its name on the command line and in files.
REGISTRY: dict[str, type[System]] = {
    "double_well": DoubleWell,
    "double_well_4": DoubleWell4,
    "ising": Ising,
    "ising_field": IsingField,
    "lennard_jones_cluster": LennardJonesCluster,
    "mueller_brown": MuellerBrown,
    "nematic": Nematic,
    "nematic_angles": NematicAngles,
    "particle_system": ParticleSystem,
    "solvated_dimer": SolvatedDimer,
    "spring_in_box": SpringInBox,
}

__all__ = [
    "REGISTRY",
    "Combination",
    "DoubleWell",
    "DoubleWell4",
    "FromEnergy",
    "Ising",
    "IsingField",
    "LennardJonesCluster",
    "MuellerBrown",
    "Nematic",
    "NematicAngles",
    "ParticleSystem",
    "SolvatedDimer",
    "SpringInBox",
    "System",
    "get",
]


def get(name: str, **parameters: Any) -> System:
    """A system by its registered name, with the given constructor arguments."""
    return REGISTRY[choice("system", name, REGISTRY)](**parameters)
