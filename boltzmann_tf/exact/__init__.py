"""Closed forms and quadrature: what the answers must be. NumPy and SciPy only, no TensorFlow."""

from __future__ import annotations

from boltzmann_tf.exact.double_well import DoubleWell
from boltzmann_tf.exact.double_well_4 import DoubleWell4
from boltzmann_tf.exact.gaussian_chain import GaussianChain
from boltzmann_tf.exact.gibbs import GibbsJoint
from boltzmann_tf.exact.ideal_chain import IdealChain, harmonic_bond
from boltzmann_tf.exact.ising import IsingTorus
from boltzmann_tf.exact.lennard_jones_fluid import Coexistence, lennard_jones_coexistence
from boltzmann_tf.exact.line_fluids import (
    HardRods,
    IdealGas,
    NeighbourPoints,
    SquareWellRods,
    StateCount,
)
from boltzmann_tf.exact.maier_saupe import MaierSaupe
from boltzmann_tf.exact.mueller_brown import MuellerBrown
from boltzmann_tf.exact.nematic import FullyConnectedNematic, NematicChain
from boltzmann_tf.exact.onsager import OnsagerIsing
from boltzmann_tf.exact.planar import PlanarDensity
from boltzmann_tf.exact.projected import ProjectedDensity, StationaryPoint
from boltzmann_tf.exact.spring_in_box import SpringInBox
from boltzmann_tf.exact.trimer import Trimer
from boltzmann_tf.exact.van_der_waals import VanDerWaals
from boltzmann_tf.exact.virial import second_virial_coefficient

__all__ = [
    "Coexistence",
    "DoubleWell",
    "DoubleWell4",
    "FullyConnectedNematic",
    "GaussianChain",
    "GibbsJoint",
    "HardRods",
    "IdealChain",
    "IdealGas",
    "IsingTorus",
    "MaierSaupe",
    "MuellerBrown",
    "NeighbourPoints",
    "NematicChain",
    "OnsagerIsing",
    "PlanarDensity",
    "ProjectedDensity",
    "SpringInBox",
    "SquareWellRods",
    "StateCount",
    "StationaryPoint",
    "Trimer",
    "VanDerWaals",
    "harmonic_bond",
    "lennard_jones_coexistence",
    "second_virial_coefficient",
]
