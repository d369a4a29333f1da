"""Invertible maps between latent z and configuration x, and the base class to write more."""

from boltzmann_tf.bijectors.base import Bijector, deserialize, register, serialize
from boltzmann_tf.bijectors.chain import ChainFlow
from boltzmann_tf.bijectors.circle import CircularSplineCoupling
from boltzmann_tf.bijectors.conditioner import MLP, Parameters, split_seed
from boltzmann_tf.bijectors.coupling import (
    AdditiveCoupling,
    AffineCoupling,
    Coupling,
)
from boltzmann_tf.bijectors.dimer import DimerCoordinates
from boltzmann_tf.bijectors.dimer_flow import dimer_flow, with_lengths
from boltzmann_tf.bijectors.director import DirectorFlow
from boltzmann_tf.bijectors.elementwise import Box, ElementwiseSpline, Scaling
from boltzmann_tf.bijectors.gaps import GapFlow
from boltzmann_tf.bijectors.insertion import InsertionFlow
from boltzmann_tf.bijectors.internal_coordinates import InternalCoordinates
from boltzmann_tf.bijectors.lattice import LatticeFlow
from boltzmann_tf.bijectors.marginals import Marginals
from boltzmann_tf.bijectors.realnvp import RealNVPBlock, realnvp
from boltzmann_tf.bijectors.repeated import Repeated
from boltzmann_tf.bijectors.sequence import Sequence
from boltzmann_tf.bijectors.solvated import SolvatedChainFlow
from boltzmann_tf.bijectors.sphere import SphereCoupling, SpheresFromPlanes
from boltzmann_tf.bijectors.spline_coupling import SplineCoupling
from boltzmann_tf.bijectors.triangular import Triangular
from boltzmann_tf.bijectors.whitening import Whitening
from boltzmann_tf.bijectors.z_matrix import ZMatrix, z_matrix

__all__ = [
    "MLP",
    "AdditiveCoupling",
    "AffineCoupling",
    "Bijector",
    "ChainFlow",
    "Box",
    "CircularSplineCoupling",
    "Coupling",
    "DimerCoordinates",
    "DirectorFlow",
    "ElementwiseSpline",
    "GapFlow",
    "InsertionFlow",
    "InternalCoordinates",
    "LatticeFlow",
    "Marginals",
    "Parameters",
    "RealNVPBlock",
    "Repeated",
    "Scaling",
    "Sequence",
    "SolvatedChainFlow",
    "SphereCoupling",
    "SpheresFromPlanes",
    "SplineCoupling",
    "Triangular",
    "Whitening",
    "ZMatrix",
    "deserialize",
    "dimer_flow",
    "realnvp",
    "register",
    "serialize",
    "split_seed",
    "with_lengths",
    "z_matrix",
]
