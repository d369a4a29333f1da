"""Closed forms and quadrature: what the answers must be. NumPy and SciPy only, no TensorFlow."""

from __future__ import annotations

from boltzmann_tf.exact.double_well import DoubleWell
from boltzmann_tf.exact.double_well_4 import DoubleWell4
from boltzmann_tf.exact.ising import IsingTorus
from boltzmann_tf.exact.maier_saupe import MaierSaupe
from boltzmann_tf.exact.mueller_brown import MuellerBrown
from boltzmann_tf.exact.nematic import FullyConnectedNematic, NematicChain
from boltzmann_tf.exact.onsager import OnsagerIsing
from boltzmann_tf.exact.planar import PlanarDensity
from boltzmann_tf.exact.projected import ProjectedDensity, StationaryPoint
from boltzmann_tf.exact.spring_in_box import SpringInBox

__all__ = [
    "DoubleWell",
    "DoubleWell4",
    "FullyConnectedNematic",
    "IsingTorus",
    "MaierSaupe",
    "MuellerBrown",
    "NematicChain",
    "OnsagerIsing",
    "PlanarDensity",
    "ProjectedDensity",
    "SpringInBox",
    "StationaryPoint",
]
