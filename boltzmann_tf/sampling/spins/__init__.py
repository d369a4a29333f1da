"""Monte Carlo of the two-dimensional Ising model, many replicas at once, compiled by Numba.

H = -J sum over bonds s_i s_j - h sum s_i on an L x L torus with 2 L^2 bonds (for L = 2 each pair
of neighbours has two), k_B = 1. Updates take a `LatticeState` and return the next one with an
info; the caller owns the loop, and `ising_chain` is the usual one. All randomness comes from the
streams in the state, so that a run depends on its seed and not on the number of threads.

Kernels are compiled when first called and run on `numba.get_num_threads()` threads. Numba's
"workqueue" threading layer, its last resort where neither TBB nor OpenMP is found, must not be
entered from two Python threads at once; and a process that has used GNU OpenMP must not fork.
"""

from __future__ import annotations

from boltzmann_tf.sampling.spins._state import (
    LatticeState,
    lattice_energies,
    lattice_observables,
    lattice_state,
)
from boltzmann_tf.sampling.spins.clusters import ClusterInfo, swendsen_wang_updates, wolff_updates
from boltzmann_tf.sampling.spins.fields import (
    FieldAverages,
    FieldSpins,
    equilibrium_fields,
    pooled_averages,
    spins_of_fields,
)
from boltzmann_tf.sampling.spins.measure import IsingChain, IsingSummary, ising_chain
from boltzmann_tf.sampling.spins.multispin import multispin_sweeps
from boltzmann_tf.sampling.spins.sweeps import SweepInfo, heat_bath_sweeps, metropolis_sweeps
from boltzmann_tf.sampling.spins.tempering import (
    TemperingInfo,
    TemperingState,
    tempering_rounds,
    tempering_state,
)
from boltzmann_tf.sampling.spins.wang_landau import (
    WangLandauInfo,
    WangLandauState,
    wang_landau_state,
    wang_landau_sweeps,
)

__all__ = [
    "ClusterInfo",
    "FieldAverages",
    "FieldSpins",
    "IsingChain",
    "IsingSummary",
    "LatticeState",
    "SweepInfo",
    "TemperingInfo",
    "TemperingState",
    "WangLandauInfo",
    "WangLandauState",
    "equilibrium_fields",
    "lattice_energies",
    "heat_bath_sweeps",
    "ising_chain",
    "lattice_state",
    "metropolis_sweeps",
    "multispin_sweeps",
    "lattice_observables",
    "pooled_averages",
    "spins_of_fields",
    "swendsen_wang_updates",
    "tempering_rounds",
    "tempering_state",
    "wang_landau_state",
    "wang_landau_sweeps",
    "wolff_updates",
]
