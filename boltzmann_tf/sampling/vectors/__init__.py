"""Monte Carlo of unit vectors on lattices: single moves, clusters, replica exchange."""

from boltzmann_tf.sampling.vectors.ladders import (
    VectorAverages,
    VectorLadders,
    nematic_tempering,
    vector_averages,
)
from boltzmann_tf.sampling.vectors.sweeps import (
    VectorInfo,
    VectorState,
    vector_energies,
    vector_state,
    vector_sweeps,
    vector_wolff_updates,
)
from boltzmann_tf.sampling.vectors.tempering import (
    VectorTemperingInfo,
    VectorTemperingState,
    vector_order,
    vector_tempering_rounds,
    vector_tempering_state,
)

__all__ = [
    "VectorAverages",
    "VectorInfo",
    "VectorLadders",
    "VectorState",
    "VectorTemperingInfo",
    "VectorTemperingState",
    "nematic_tempering",
    "vector_averages",
    "vector_energies",
    "vector_order",
    "vector_state",
    "vector_sweeps",
    "vector_tempering_rounds",
    "vector_tempering_state",
    "vector_wolff_updates",
]
