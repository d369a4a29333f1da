"""Systems by their energies, each with its reaction coordinates and exact reference."""

from __future__ import annotations

from boltzmann_tf.systems.alanine_dipeptide import AlanineDipeptide
from boltzmann_tf.systems.at_temperature import AtTemperature
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.centres import CentresAlong
from boltzmann_tf.systems.combined import Combination, FromEnergy
from boltzmann_tf.systems.documents import (
    REGISTRY,
    WRAPPERS,
    from_document,
    get,
    to_document,
)
from boltzmann_tf.systems.double_well import DoubleWell
from boltzmann_tf.systems.double_well_4 import DoubleWell4
from boltzmann_tf.systems.fluid_box import FluidBox
from boltzmann_tf.systems.gibbs import GibbsBoxes
from boltzmann_tf.systems.ising import Ising
from boltzmann_tf.systems.ising_field import IsingField
from boltzmann_tf.systems.lennard_jones_cluster import LennardJonesCluster
from boltzmann_tf.systems.molecule import Molecule
from boltzmann_tf.systems.mueller_brown import MuellerBrown
from boltzmann_tf.systems.neighbour_line import NeighbourLine
from boltzmann_tf.systems.nematic import Nematic
from boltzmann_tf.systems.nematic_angles import NematicAngles
from boltzmann_tf.systems.particles import ParticleSystem
from boltzmann_tf.systems.polymer import Polymer
from boltzmann_tf.systems.solvated_dimer import SolvatedDimer
from boltzmann_tf.systems.spring_in_box import SpringInBox
from boltzmann_tf.systems.tethered import Tethered
from boltzmann_tf.systems.within import Within

# One line a system: its name on the command line and in files.
REGISTRY |= {
    "alanine_dipeptide": AlanineDipeptide,
    "double_well": DoubleWell,
    "double_well_4": DoubleWell4,
    "fluid_box": FluidBox,
    "ising": Ising,
    "ising_field": IsingField,
    "lennard_jones_cluster": LennardJonesCluster,
    "molecule": Molecule,
    "mueller_brown": MuellerBrown,
    "nematic": Nematic,
    "neighbour_line": NeighbourLine,
    "nematic_angles": NematicAngles,
    "particle_system": ParticleSystem,
    "polymer": Polymer,
    "solvated_dimer": SolvatedDimer,
    "spring_in_box": SpringInBox,
}
# Those that are made of another one: their names in files.
WRAPPERS |= {
    "at_temperature": AtTemperature,
    "tethered": Tethered,
    "within": Within,
}

__all__ = [
    "REGISTRY",
    "WRAPPERS",
    "AlanineDipeptide",
    "AtTemperature",
    "CentresAlong",
    "Combination",
    "DoubleWell",
    "DoubleWell4",
    "FluidBox",
    "FromEnergy",
    "GibbsBoxes",
    "Ising",
    "IsingField",
    "LennardJonesCluster",
    "Molecule",
    "MuellerBrown",
    "Nematic",
    "NematicAngles",
    "NeighbourLine",
    "ParticleSystem",
    "Polymer",
    "SolvatedDimer",
    "SpringInBox",
    "System",
    "Tethered",
    "Within",
    "from_document",
    "get",
    "to_document",
]
