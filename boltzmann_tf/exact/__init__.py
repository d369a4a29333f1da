"""Closed forms and quadrature: what the answers must be. NumPy and SciPy only, no TensorFlow."""

from __future__ import annotations

from boltzmann_tf.exact.double_well import DoubleWell
from boltzmann_tf.exact.mueller_brown import MuellerBrown
from boltzmann_tf.exact.planar import PlanarDensity
from boltzmann_tf.exact.projected import ProjectedDensity, StationaryPoint
from boltzmann_tf.exact.spring_in_box import SpringInBox

__all__ = [
    "DoubleWell",
    "MuellerBrown",
    "PlanarDensity",
    "ProjectedDensity",
    "SpringInBox",
    "StationaryPoint",
]
