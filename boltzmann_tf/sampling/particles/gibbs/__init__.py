"""Gibbs-ensemble Monte Carlo: two boxes that exchange particles and volume; one file a move."""

from boltzmann_tf.sampling.particles.gibbs.configurations import gibbs_configurations
from boltzmann_tf.sampling.particles.gibbs.phases import (
    GibbsPhases,
    Phase,
    gibbs_phases,
    gibbs_pressure,
)
from boltzmann_tf.sampling.particles.gibbs.rounds import gibbs_rounds
from boltzmann_tf.sampling.particles.gibbs.states import GibbsInfo, GibbsState, gibbs_state

__all__ = [
    "GibbsInfo",
    "GibbsPhases",
    "GibbsState",
    "Phase",
    "gibbs_configurations",
    "gibbs_phases",
    "gibbs_pressure",
    "gibbs_rounds",
    "gibbs_state",
]
