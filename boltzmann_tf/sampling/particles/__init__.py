"""Monte Carlo of particles, for any sum of potentials: sweeps, umbrella sampling, annealing."""

from boltzmann_tf.sampling.particles.annealing import AnnealedParticles, anneal_particles
from boltzmann_tf.sampling.particles.permutation import Relabelled, relabel
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleInfo,
    ParticleState,
    particle_energies,
    particle_state,
    particle_sweeps,
)
from boltzmann_tf.sampling.particles.umbrella import (
    UmbrellaInfo,
    UmbrellaState,
    umbrella_rounds,
    umbrella_state,
)

__all__ = [
    "AnnealedParticles",
    "ParticleInfo",
    "ParticleState",
    "Relabelled",
    "UmbrellaInfo",
    "UmbrellaState",
    "anneal_particles",
    "particle_energies",
    "particle_state",
    "particle_sweeps",
    "relabel",
    "umbrella_rounds",
    "umbrella_state",
]
