"""Monte Carlo of particles, for any sum of potentials.

Sweeps, umbrella sampling, annealing, switching of terms, and the symmetries of identical particles.
"""

from boltzmann_tf.sampling.particles.annealing import AnnealedParticles, anneal_particles
from boltzmann_tf.sampling.particles.permutation import Relabelled, relabel
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleInfo,
    ParticleState,
    particle_energies,
    particle_state,
    particle_sweeps,
)
from boltzmann_tf.sampling.particles.switching import SwitchInfo, switch_particles
from boltzmann_tf.sampling.particles.symmetries import symmetrised
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
    "SwitchInfo",
    "UmbrellaInfo",
    "UmbrellaState",
    "anneal_particles",
    "particle_energies",
    "particle_state",
    "particle_sweeps",
    "relabel",
    "switch_particles",
    "symmetrised",
    "umbrella_rounds",
    "umbrella_state",
]
