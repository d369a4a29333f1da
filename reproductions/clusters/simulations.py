"""What needs no network: Monte Carlo of a cluster, and log Z by walks from a trap and back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.potentials import CentreTether
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.systems import ParticleSystem

POWER = 4  # factors are (k / densities)^POWER: particles that overlap must part at the beginning


class Reference(NamedTuple):
    """What Monte Carlo measured, chain after chain of the first start, then of the second."""

    x: np.ndarray  # configurations, [chains, draws, event_size]
    energy: np.ndarray  # kT, [chains, draws]
    energies: np.ndarray  # share of each chain's draws in the bins of energy, [chains, bins]
    distances: np.ndarray  # share of each chain's pairs in the bins of distance, [chains, bins]
    acceptance: list[float]  # of the moves, by the steps of the plan
    seconds: float  # that it took


def simulate(context: Context, plan: Plan) -> Reference:
    """Sweeps of single-particle moves; a tenth of the draws more at the beginning, thrown away."""
    system = plan.system
    starts = [system.initial_state(name) for name in plan.starts]
    start = np.repeat(starts, plan.chains // len(starts), axis=0)
    state = sampling.particle_state(start, seed=context.seed_of("Monte Carlo"))
    frames, energy, begun = [], [], 0.0
    for draw in range(-(plan.draws // 10), plan.draws):
        if draw == 0:
            begun = time.perf_counter()  # compiled, and in equilibrium
        acceptance = []
        for step in plan.steps:
            state, info = sampling.particle_sweeps(
                state, plan.stride, system=system, step_size=step
            )
            acceptance.append(float(info.acceptance.mean()))
        if draw >= 0:
            frames.append(state.x)
            energy.append(sampling.particle_energies(state.x, system))
    seconds = time.perf_counter() - begun
    x, u = np.stack(frames, axis=1), np.stack(energy, axis=1)
    d = (system.pair_distances(chain).numpy() for chain in x)
    return Reference(
        x, u, _shares(u, plan.energies), _shares(d, plan.distances), acceptance, seconds
    )


def _shares(chains: Iterable[np.ndarray], edges: np.ndarray) -> np.ndarray:
    """The share of each chain's values in the bins, [chains, bins]."""
    return np.stack([np.histogram(values, edges)[0] / values.size for values in chains])


def histogram(edges: np.ndarray, shares: np.ndarray, style: str = "") -> Series:
    """The mean over chains of their shares `[chains, bins]`, with its error."""
    error = np.std(shares, axis=0, ddof=1) / len(shares) ** 0.5
    return Series.binned("Monte Carlo", edges, shares.mean(axis=0), error, style=style)


def anneal(context: Context, plan: Plan, reference: Reference) -> tuple[np.ndarray, Estimate]:
    """Walks from particles in a trap alone, a Gaussian whose log Z is known, and back to it.

    Returns:
      log-weights for the cluster of those from the trap, and log Z from both, by BAR.
    """
    system, size = plan.system, plan.system.event_size
    trap = CentreTether(system.n, plan.trap, name="trap")
    both = ParticleSystem(n=system.n, dimension=system.dimension, terms=[*system.terms, trap])
    share = (np.arange(plan.densities + 1) / plan.densities) ** POWER
    factors = dict.fromkeys(both.moving_terms, share) | {trap.name: 1 - share}
    steps = np.resize(plan.steps, share.size)

    rng = np.random.default_rng(context.seed_of("trapped particles"))
    trapped = rng.standard_normal((plan.walks, size)) / plan.trap**0.5
    state = sampling.particle_state(trapped, seed=context.seed_of("walks"))
    _, there = sampling.switch_particles(state, system=both, factors=factors, step_size=steps)

    # Of every chain as many, far from each other.
    chains, draws, _ = reference.x.shape
    spread = np.linspace(0, draws - 1, -(-plan.walks // chains)).round().astype(int)
    drawn = reference.x[:, spread].reshape(-1, size)
    state = sampling.particle_state(drawn, seed=context.seed_of("walks back"))
    state, _ = sampling.particle_sweeps(state, 1, system=system, step_size=steps[-1])
    factors = {name: values[::-1] for name, values in factors.items()}
    _, back = sampling.switch_particles(state, system=both, factors=factors, step_size=steps[::-1])

    log_z = 0.5 * size * np.log(2 * np.pi / plan.trap)
    difference = estimators.bar(there.work, back.work)
    return log_z - there.work, Estimate(log_z, 0.0) - difference
