"""Gibbs-ensemble Monte Carlo: two boxes that exchange particles and volume; one file a move."""

from boltzmann_tf.sampling.particles.gibbs.rounds import (
    GibbsInfo,
    GibbsState,
    gibbs_rounds,
    gibbs_state,
)

__all__ = ["GibbsInfo", "GibbsState", "gibbs_rounds", "gibbs_state"]
