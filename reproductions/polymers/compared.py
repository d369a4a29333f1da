"""A chain with pairs by Monte Carlo, by a generator and by annealing, and one at many T."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.polymers import chains, plan, walks
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.plan import Effort, Plan, Training
from boltzmann_tf.reproductions.polymers.walks import Walked
from boltzmann_tf.systems import Polymer

HIDDEN = (64, 64)  # layers of networks that are trained


class Compared(NamedTuple):
    """All ways to the same distribution."""

    run: Simulated
    seen: np.ndarray  # configurations of Monte Carlo
    grown: Grown
    log_z: Estimate  # without a network
    begun: list[Walked]  # annealed from the generator
    ideal_chain: list[Walked]  # annealed from the ideal chain


def compare(context: Context, name: str, system: Polymer, effort: Effort, own: Plan) -> Compared:
    """All of them; annealing where the generator is trained, and where the preset has it."""
    run = simulated(context, name, system, own)
    runs = {1.0: run}
    anneal = bool(effort.training.steps and own.from_generator)
    if anneal and not effort.own_density:
        runs[own.hot] = chains.simulate(
            context,
            f"{name}, T = {own.hot:g}",
            system,
            own.warming,
            replicas=own.replicas,
            temperature=own.hot,
        )
    x, t = chains.together(context, runs, effort.training.frames)
    seen = x[t[:, 0] == 1]
    if effort.training.steps:
        generator = trained(context, name, system, x, t, effort.training)
    else:
        generator = chains.generator_of(system, seed=0, temperature=None)
    grown = chains.grow(context, name, generator, effort.drawn, 1.0)
    back = seen[: effort.walks // 4].astype(np.float64)
    log_z = walks.log_z_both_ways(context, name, run, back, effort.walks, effort.both_ways)
    begun, ideal_chain = [], []
    if anneal:
        if effort.own_density:
            # Looks at the generator's density are dear: the longest walk alone.
            first, sweeps = grown.samples.x[: effort.own_density], max(own.from_generator)
            begun.append(walks.from_own_density(context, name, run, generator, first, sweeps))
        else:
            hot = chains.grow(context, f"{name}, hot", generator, effort.walks, own.hot)
            for sweeps in own.from_generator:
                walk = walks.from_generator(context, name, runs, hot, own.hot, sweeps)
                begun.append(walk)
        for sweeps in own.from_ideal:
            ideal_chain.append(walks.from_ideal(context, name, run, effort.walks, sweeps))
    return Compared(run, seen, grown, log_z, begun, ideal_chain)


def tempered(context: Context, own: Plan) -> tuple[dict[float, Grown], dict[float, Simulated]]:
    """One generator for many temperatures, and Monte Carlo at each."""
    if own.tempered is None:
        return {}, {}
    system = plan.collapsed(plan.TEMPERED)
    name = f"collapsed, N = {plan.TEMPERED}, any T"
    runs = {
        t: simulated(context, f"{name}: {t:g}", system, own, temperature=t)
        for t in own.temperatures
    }
    x, t = chains.together(context, runs, own.tempered.frames)
    generator = trained(context, name, system, x, t, own.tempered)
    found = {
        k: chains.grow(context, f"{name}: {k:g}", generator, own.tempered_drawn, k)
        for k in own.temperatures
    }
    return found, runs


def simulated(
    context: Context, name: str, system: Polymer, own: Plan, *, temperature: float = 1.0
) -> Simulated:
    """Monte Carlo as long as the preset has it for short chains."""
    return chains.simulate(
        context, name, system, own.rounds, replicas=own.replicas, temperature=temperature
    )


def trained(
    context: Context,
    name: str,
    system: Polymer,
    x: np.ndarray,
    t: np.ndarray,
    training: Training,
) -> BoltzmannGenerator:
    """A generator with the temperature as its condition, by example."""
    generator = chains.generator_of(
        system,
        seed=context.seed_of(f"{name}, network"),
        # Preset quick is over before XLA would pay.
        jit_compile=False if context.quick else "auto",
        temperature=None,
        hidden=HIDDEN,
        grid=training.grid,
    )
    chains.train(context, name, generator, x, training, t)
    return generator
