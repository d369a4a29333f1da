"""What differs between the clusters, and between the presets."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import reproduction
from boltzmann_tf.reproduction import by_preset
from boltzmann_tf.systems import ParticleSystem


class Plan(reproduction.Plan):
    """One cluster, and how much a preset does: quick, paper."""

    system: ParticleSystem
    energies: np.ndarray  # edges of their histogram, kT
    distances: np.ndarray  # of pairs, edges of their histogram
    isomers: tuple[str, np.ndarray]  # the observable that tells them apart, edges of its bins

    starts: tuple[str, str]  # of Monte Carlo, each of half of the chains
    steps: tuple[float, ...]  # half sides of the moves, one after the other
    stride: int  # sweeps with each of them between two measurements
    chains = by_preset(256, 1024)
    draws: int  # measurements of each chain

    trap: float  # that annealing starts from, stiffness in kT per length squared
    walks: int  # in each direction
    densities: int  # on their way

    blocks = 4  # of couplings
    hidden: tuple[int, ...]
    data = 200_000  # training configurations
    iterations: int  # by example; by energy half as many
    # Weight of J_KL in the end. Where particles clash, more of it spreads them out: a vapour has
    # lower energies than what a poor flow makes of a droplet.
    by_energy: float
    samples = by_preset(20_000, 200_000)
