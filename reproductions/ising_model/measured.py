"""What is measured: spins that generators draw, and those of conventional Monte Carlo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from boltzmann_tf import BoltzmannGenerator, sampling
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ising_model.generators import Trained
from boltzmann_tf.reproductions.ising_model.plan import FIELD, name_of
from boltzmann_tf.sampling import FieldAverages, FieldSpins, IsingChain, Refined, WangLandauState
from boltzmann_tf.systems import IsingField

BATCH = 1024  # fields at a time: their features fit into the processor's cache


class Measured(NamedTuple):
    """Spins at one temperature, and the generator, as integrated, that their fields are from."""

    spins: FieldSpins
    refined: Refined


ByT: TypeAlias = Mapping[float, Measured]
Chains: TypeAlias = Mapping[float, IsingChain]


def measure(
    context: Context, name: str, generators: Mapping[float, Trained], n: int
) -> dict[float, Measured]:
    """Spins of `n` fields at each temperature, integrated as finely as they need."""
    found = {}
    for t, trained in generators.items():
        halving, stream = trained.halving, f"{name}, {name_of(t)}"
        system = cast(IsingField, halving.generator.system)
        condition = [t] if system.condition_size else None
        options: dict[str, Any] = {"condition": condition, "batch_size": BATCH}
        refined = halving.refined(seed=context.seed_of(f"{stream}, step halving"), **options)
        samples = refined.generator.sample(n, seed=context.seed_of(f"{stream}, fields"), **options)
        seed = context.seed_of(f"{stream}, spins")
        spins = sampling.spins_of_fields(system, samples, temperature=t, seed=seed)
        found[t] = Measured(spins, refined)
    return found


def averages(found: ByT) -> dict[float, FieldAverages]:
    """Averages at each temperature from the spins of all: they help the coldest most.

    Where temperatures share too few samples to be joined, from those of each alone.
    """
    spins = [m.spins for m in found.values()]
    try:
        return dict(zip(found, sampling.pooled_averages(spins), strict=True))
    except RuntimeError:
        return {each.temperature: each.averages() for each in spins}


def measure_gaussian(context: Context, fields: np.ndarray, n: int = 50_000) -> FieldSpins:
    """With a Gaussian fitted to fields at T_c as the proposal: what there is without a network."""
    samples = gaussian_baseline(FIELD, fields, n, seed=context.seed_of("Gaussian, fields"))
    return sampling.spins_of_fields(FIELD, samples, seed=context.seed_of("Gaussian, spins"))


def measure_symmetrised(context: Context, generator: BoltzmannGenerator, n: int) -> FieldSpins:
    """For the density q(x) / 2 + q(-x) / 2 of the dense network: the flip changes no energy."""
    seed = context.seed_of("dense RealNVP, fields")
    samples = generator.sample(n, seed=seed, batch_size=BATCH)
    log_q = np.logaddexp(samples.log_q.astype(np.float64), generator.log_prob(-samples.x))
    log_weight = -samples.energy.astype(np.float64) - (log_q - np.log(2))
    # The sign is drawn too, as the density says.
    rng = np.random.default_rng(context.seed_of("dense RealNVP, signs"))
    sign = rng.choice(np.array([-1, 1], np.float32), (n, 1, 1))
    samples = samples._replace(x=sign * samples.x, log_weight=log_weight)
    system, seed = cast(IsingField, generator.system), context.seed_of("dense RealNVP, spins")
    return sampling.spins_of_fields(system, samples, seed=seed)


def propose(context: Context, measured: ByT, n: int) -> dict[float, tuple[float, np.ndarray]]:
    """Metropolis chains of a family's proposals: acceptance, and spins along them `[n, L, L]`."""
    found = {}
    for t, (_, refined) in measured.items():
        name = f"independence chain, {name_of(t)}"
        system = cast(IsingField, refined.generator.system)
        seed = context.seed_of(f"{name}, proposals")
        chain = sampling.independence_chain(refined.generator, n, condition=[t], seed=seed)
        seed = context.seed_of(f"{name}, spins")
        found[t] = (chain.acceptance, system.draw_spins(chain.x, temperature=t, seed=seed))
    return found


def simulate(
    context: Context, name: str, lengths: Iterable[int], temperatures: Iterable[float], n: int
) -> dict[int, dict[float, IsingChain]]:
    """Swendsen and Wang's algorithm at each L and T: 64 replicas of `n` measurements each."""
    usual: dict[str, Any] = {"method": "swendsen_wang", "n_replicas": 64, "burn_in": 200}
    found: dict[int, dict[float, IsingChain]] = {length: {} for length in lengths}
    for length, chains in found.items():
        for i, t in enumerate(temperatures):
            seed = context.seed_of(f"{name}, L = {length}", i)
            chains[t] = sampling.ising_chain(length, t, n_measurements=n, seed=seed, **usual)
    return found


def wang_landau(
    context: Context, variable: str, sweeps: int, temperature: float | None = None
) -> WangLandauState:
    """Four walkers on the 8 x 8 lattice, over energies, or over magnetizations at T."""
    seed = context.seed_of(f"Wang-Landau, {variable}, T = {temperature}")
    walk = sampling.wang_landau_state(variable, 8, n_walkers=4, temperature=temperature, seed=seed)
    return sampling.wang_landau_sweeps(walk, sweeps)[0]
