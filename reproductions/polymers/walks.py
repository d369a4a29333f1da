"""Annealing of chains, from generators and without, and log Z of walks there and back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.plan import MOVES, coming_up
from boltzmann_tf.sampling import PolymerState
from boltzmann_tf.systems import Polymer

LOOK = 10  # sweeps between two looks at a generator's density


class Walked(NamedTuple):
    """Annealed samples."""

    name: str
    sweeps: int
    x: np.ndarray
    log_weight: np.ndarray
    seconds: float  # of processor time
    looks: int = 1  # energies of whole configurations a sweep

    @property
    def ess(self) -> float:
        """Effective fraction of the weights."""
        return float(estimators.ess_fraction(self.log_weight))


def walk(
    context: Context,
    name: str,
    system: Polymer,
    step: np.ndarray,
    x: np.ndarray,
    log_weight: np.ndarray,
    factors: dict[str, np.ndarray],
    *,
    weights: Sequence[float] = MOVES,
    n_moves: int | None = None,
) -> Walked:
    """Weighted samples after a walk through the densities of `factors`: `switch_polymers`.

    A sweep is a move of each bead, on average, and as many of parts of the chain.
    """
    sweeps = len(next(iter(factors.values()))) - 1
    context.log(f"{name}: {sweeps} sweeps")
    state = sampling.polymer_state(x, seed=context.seed_of(f"{name}, walks", sweeps))
    state = state._replace(step=np.tile(step, (len(x), 1)))
    begun = time.process_time()
    state, info = sampling.switch_polymers(
        state,
        system=system,
        factors=factors,
        weights=weights,
        n_moves=2 * system.n if n_moves is None else n_moves,
    )
    seconds = time.process_time() - begun
    return Walked(name, sweeps, state.x, log_weight - info.work, seconds)


def from_ideal(context: Context, name: str, run: Simulated, n: int, sweeps: int) -> Walked:
    """Annealed from the ideal chain, whose log Z is known."""
    system, free = run.system, run.ideal
    seed = context.seed_of(f"{name}, ideal chains", sweeps)
    x = system.configuration(free.sample(n, seed=seed))
    known = np.full(n, free.log_z())
    factors = {"pairs": coming_up(sweeps)}
    name = f"{name}, from the ideal chain"
    return walk(context, name, system, run.state.step.mean(axis=0), x, known, factors)


def from_generator(
    context: Context,
    name: str,
    runs: Mapping[float, Simulated],
    grown: Grown,
    hot: float,
    sweeps: int,
) -> Walked:
    """Annealed from a generator's weighted samples at a higher temperature.

    Steps are halfway between those of runs at both temperatures.
    """
    run = runs[1.0]
    beta = np.linspace(1 / hot, 1, sweeps + 1)
    factors = dict.fromkeys(run.system.moving_terms, beta)
    name = f"{name}, from the generator at T = {hot:g}"
    x = grown.samples.x.astype(np.float64)
    step = (run.state.step + runs[hot].state.step).mean(axis=0) / 2
    return walk(context, name, run.system, step, x, grown.samples.log_weight, factors)


def from_own_density(
    context: Context,
    name: str,
    run: Simulated,
    generator: BoltzmannGenerator,
    x: np.ndarray,
    sweeps: int,
) -> Walked:
    """Annealed from a generator's density at T = 1, which is looked at after each ten sweeps."""
    system = run.system
    context.log(f"{name}, from the generator's density: {sweeps} sweeps")
    state = sampling.polymer_state(x, seed=context.seed_of(f"{name}, own density", sweeps))
    state = state._replace(step=np.tile(run.state.step.mean(axis=0), (len(x), 1)))
    begun = time.process_time()

    def moves(state: PolymerState) -> PolymerState:
        options: dict[str, Any] = {"system": system, "weights": MOVES, "n_moves": 2 * system.n}
        return sampling.polymer_rounds(state, LOOK, **options)[0]

    def log_weight(x: np.ndarray) -> np.ndarray:
        condition = np.ones((len(x), 1), np.float32)
        return generator.log_weight(x.astype(np.float32), condition=condition)

    state, info = sampling.anneal_moves(
        state,
        log_weight=log_weight,
        moves=moves,
        n_steps=sweeps // LOOK + 1,
        seed=context.seed_of(f"{name}, delayed", sweeps),
    )
    seconds = time.process_time() - begun
    return Walked(
        f"{name}, from the generator's density", sweeps, state.x, info.log_weight, seconds
    )


def log_z_both_ways(
    context: Context, name: str, run: Simulated, x: np.ndarray, walks: int, sweeps: int
) -> Estimate:
    """log Z by walks from the ideal chain and back to it, without a network."""
    there = from_ideal(context, f"{name}, log Z", run, walks, sweeps)
    known = run.ideal.log_z()
    back = walk(
        context,
        f"{name}, log Z, back",
        run.system,
        run.state.step.mean(axis=0),
        x,
        np.zeros(len(x)),
        {"pairs": coming_up(sweeps)[::-1]},
    )
    difference = estimators.bar(known - there.log_weight, -back.log_weight)
    return Estimate(known, 0.0) - difference
