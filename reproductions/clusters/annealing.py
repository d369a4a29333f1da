"""log Z of a cluster without a network: annealing from particles in a trap, and back.

Without their energy, particles in a harmonic trap are a Gaussian, whose log Z is known. On the way
the energy comes in by a factor that goes from 0 to 1 and the trap is let go, with a sweep of
single-particle moves in each density. The work of many such walks gives the difference (Neal 2001),
and with that of walks back, from configurations of Monte Carlo, it does so better (Crooks 2000).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.potentials import CentreTether
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters.case import Case, Sizes, quietly
from boltzmann_tf.reproductions.clusters.reference import Reference
from boltzmann_tf.systems import ParticleSystem

__all__ = ["Walks", "anneal"]

POWER = 4  # factors are (k / steps)^POWER: particles that overlap must part at the beginning


class Walks(NamedTuple):
    """Walks from the trap and back to it.

    Attributes:
      log_weight: of those from the trap, for the cluster, [walks].
      both: log Z from walks in both directions, by BAR.
    """

    log_weight: np.ndarray
    both: Estimate


def anneal(context: Context, case: Case, sizes: Sizes, reference: Reference) -> Walks:
    """Walks in both directions, as many of each."""
    n, steps = sizes.annealed
    size = case.system.event_size
    trapped = np.random.default_rng(context.seed).standard_normal((n, size)) / case.trap**0.5
    # Of every chain as many, far from each other.
    chains, frames, _ = reference.x.shape
    spread = np.linspace(0, frames - 1, -(-n // chains)).round().astype(int)
    drawn = reference.x[:, spread].reshape(-1, size)
    context.count_energy_evaluations(2 * (n + len(drawn)) * steps)
    forward = work(case, trapped, steps, context.seed)
    back = work(case, drawn, steps, context.seed + 1, "back")
    log_z = 0.5 * size * np.log(2 * np.pi / case.trap)
    difference = quietly(estimators.bar, forward, back)
    return Walks(log_z - forward, Estimate(log_z - difference.value, difference.standard_error))


def work(
    case: Case, x: np.ndarray, steps: int, seed: int, direction: str = "to the cluster"
) -> np.ndarray:
    """Work of walks from configurations `[walks, event_size]` of the density they start in, kT.

    On the way back the particles move in the same order. That order belongs to the reversed walk of
    the same particles by other numbers, which has the same work.
    """
    system = case.system
    trap = CentreTether(system.n, case.trap, name="trap")
    both = ParticleSystem(n=system.n, dimension=system.dimension, terms=[*system.terms, trap])
    own = [name for name in both.moving_terms if name != trap.name]
    share = (np.arange(steps + 1) / steps) ** POWER
    state = sampling.particle_state(x, seed=seed)
    total = np.zeros(len(x))

    def switch(start: float, end: float) -> np.ndarray:
        in_trap = 0.5 * case.trap * np.sum(state.x**2, axis=1)
        return (end - start) * (sampling.particle_energies(state.x, system) - in_trap)

    def sweep(k: int) -> sampling.ParticleState:
        factors = {name: share[k] for name in own} | {trap.name: 1 - share[k]}
        step = case.steps[k % len(case.steps)]
        return sampling.particle_sweeps(state, 1, system=both, step_size=step, factors=factors)[0]

    if direction == "to the cluster":
        for k in range(1, steps + 1):
            total += switch(share[k - 1], share[k])
            state = sweep(k)
    else:
        for k in range(steps, 0, -1):
            state = sweep(k)
            total += switch(share[k], share[k - 1])
    return total
