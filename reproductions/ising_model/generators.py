"""The generators of `ising`: flows with the lattice's symmetries, and two without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, System, Trainer, realnvp, sampling
from boltzmann_tf.bijectors import LatticeFlow
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, FIELD, name_of
from boltzmann_tf.systems import IsingField
from boltzmann_tf.training import History
from boltzmann_tf.training.conditions import LogUniform

BY_ENERGY: dict[str, Any] = {"kl": 1.0, "energy_high": 1e6, "clip_norm": 20.0}


class Trained(NamedTuple):
    """A generator of the field, in steps as trained and smaller ones, and its training."""

    halving: sampling.StepHalving
    history: History


def is_cold(temperature: float) -> bool:
    """Whether there are two states, clearly: below T_c, to rounding and more."""
    return temperature < 0.99 * CRITICAL


def train(
    context: Context,
    length: int,
    temperature: float | tuple[float, float],
    *,
    steps: int,
    batch_size: int = 256,
    cold_steps: int = 12,
    start: Trained | None = None,
) -> Trained:
    """Trains one flow by energy alone: its symmetries leave no state to be lost.

    Where a temperature is below the critical one, the flow must part the noise in two, and is
    integrated in more steps, `cold_steps`; evaluation takes as many as it needs. A cold flow of its
    own is best annealed, from a hotter one at `start`. One flow serves all temperatures between,
    where they are (low, high).
    """
    low, high = float(np.min(temperature)), float(np.max(temperature))
    family = low < high
    name = f"L = {length}, " + (f"T = {low:g} to {high:g}" if family else name_of(low))
    context.log(f"{name}: {steps} steps of training")
    system, seed = IsingField(length, temperature), context.seed_of(f"{name}, training")
    options: dict[str, Any] = {"steps": cold_steps if is_cold(low) else 6, "seed": seed}
    if family:
        options |= {"condition_size": 1, "condition_range": (low, high), "degree": 4}
    flow = LatticeFlow(length, **options)
    if start is None:
        t = np.repeat(np.geomspace(low, high, 9), 444) if family else np.full(4000, low)
        noise = context.seed_of(f"{name}, equilibrium")
        fields = sampling.equilibrium_fields(system, len(t), temperature=t, seed=noise)
        flow.match_modes(fields, t[:, None])
    else:
        flow.assign_from(start.halving.generator.bijector)
    generator = BoltzmannGenerator(system, flow)
    rate = Cosine(4e-3 if start is None else 2e-3, warmup=0.05)
    options = {"condition": LogUniform((low,), (high,))} if family else {}
    stage = Stage(steps, batch_size, rate, ml=0.0, path_cost=0.03, **options, **BY_ENERGY)
    history = Trainer(generator, seed=seed).fit(None, stage, verbose=0)
    return Trained(sampling.StepHalving(generator), history)


def train_each(
    context: Context, length: int, temperatures: Iterable[float], **options: Any
) -> dict[float, Trained]:
    """One flow a temperature, from hot to cold; below T_c each starts from the one before it."""
    found: dict[float, Trained] = {}
    for t in sorted(temperatures, reverse=True):
        start = found[min(found)] if is_cold(t) and found else None
        found[t] = train(context, length, t, start=start, **options)
    return dict(sorted(found.items()))


def train_dense(
    context: Context, fields: np.ndarray, steps: int
) -> tuple[BoltzmannGenerator, History]:
    """The baseline: a plain dense RealNVP on the field at T_c, by example and by energy."""
    context.log(f"dense RealNVP: {steps} steps of training")
    seed = context.seed_of("dense RealNVP, training")
    flow = realnvp(64, blocks=6, hidden=(128, 128), zero_shift=True, seed=seed)
    generator = BoltzmannGenerator(FIELD, flow)
    stage = Stage(steps, 256, Cosine(1e-3, warmup=0.05), ml=0.5, **BY_ENERGY)
    return generator, Trainer(generator, seed=seed).fit(fields, stage, verbose=0)


def train_on_spins(context: Context, steps: int) -> History:
    """Training by example on raw spins in equilibrium, which has no optimum; no energy is asked."""
    seed = context.seed_of("raw spins, equilibrium")
    state = sampling.lattice_state(20_000, 4, start="random", seed=seed)
    spins = sampling.swendsen_wang_updates(state, 100, temperature=CRITICAL)[0].spins
    system = System.from_energy(lambda x: 0.0 * x[:, 0, 0], (4, 4))
    seed = context.seed_of("raw spins, training")
    flow = realnvp(16, blocks=4, hidden=(64, 64), scale_bound=None, seed=seed)
    trainer = Trainer(BoltzmannGenerator(system, flow), seed=seed)
    stage = Stage(steps, 256, 1e-3, clip_norm=100.0)
    return trainer.fit(spins.astype(np.float32), stage, verbose=0)
