"""Monte Carlo of chains: moves of beads, pivots, crankshafts and reptation; one file a move."""

from boltzmann_tf.sampling.particles.polymers.rounds import polymer_rounds
from boltzmann_tf.sampling.particles.polymers.states import (
    PolymerInfo,
    PolymerState,
    polymer_state,
)
from boltzmann_tf.sampling.particles.polymers.switching import switch_polymers

__all__ = ["PolymerInfo", "PolymerState", "polymer_rounds", "polymer_state", "switch_polymers"]
