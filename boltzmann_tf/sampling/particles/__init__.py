"""Monte Carlo of particles, for any sum of potentials.

Sweeps, umbrella sampling, annealing, switching of terms, and the symmetries of identical particles.
"""

from boltzmann_tf.sampling.particles.annealing import AnnealedParticles, anneal_particles
from boltzmann_tf.sampling.particles.chains import ParticleChain, particle_chain
from boltzmann_tf.sampling.particles.gibbs import (
    GibbsInfo,
    GibbsPhases,
    GibbsState,
    Phase,
    gibbs_configurations,
    gibbs_phases,
    gibbs_pressure,
    gibbs_rounds,
    gibbs_state,
)
from boltzmann_tf.sampling.particles.hamiltonians import (
    HamiltonianExchange,
    hamiltonian_exchange,
)
from boltzmann_tf.sampling.particles.permutation import Relabelled, relabel
from boltzmann_tf.sampling.particles.polymers import (
    PolymerInfo,
    PolymerState,
    polymer_rounds,
    polymer_state,
    switch_polymers,
)
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleInfo,
    ParticleState,
    particle_energies,
    particle_state,
    particle_sweeps,
)
from boltzmann_tf.sampling.particles.switching import SwitchInfo, switch_particles
from boltzmann_tf.sampling.particles.symmetries import symmetrised
from boltzmann_tf.sampling.particles.tethers import (
    WeightedParticles,
    anneal_tethered,
    tether_path,
)
from boltzmann_tf.sampling.particles.umbrella import (
    UmbrellaInfo,
    UmbrellaState,
    umbrella_rounds,
    umbrella_state,
)
from boltzmann_tf.sampling.particles.umbrella_ladders import UmbrellaLadders, umbrella_sampling

__all__ = [
    "AnnealedParticles",
    "GibbsInfo",
    "GibbsPhases",
    "GibbsState",
    "HamiltonianExchange",
    "ParticleChain",
    "ParticleInfo",
    "ParticleState",
    "Phase",
    "PolymerInfo",
    "PolymerState",
    "Relabelled",
    "SwitchInfo",
    "UmbrellaInfo",
    "UmbrellaLadders",
    "UmbrellaState",
    "WeightedParticles",
    "anneal_particles",
    "anneal_tethered",
    "gibbs_configurations",
    "gibbs_phases",
    "gibbs_pressure",
    "gibbs_rounds",
    "gibbs_state",
    "hamiltonian_exchange",
    "particle_chain",
    "particle_energies",
    "particle_state",
    "particle_sweeps",
    "polymer_rounds",
    "polymer_state",
    "relabel",
    "switch_particles",
    "switch_polymers",
    "symmetrised",
    "tether_path",
    "umbrella_rounds",
    "umbrella_sampling",
    "umbrella_state",
]
