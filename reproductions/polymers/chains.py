"""Monte Carlo and generators of one chain."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from boltzmann_tf import (
    BoltzmannGenerator,
    Cosine,
    Samples,
    Stage,
    Trainer,
    estimators,
    exact,
    priors,
    sampling,
)
from boltzmann_tf.bijectors import ChainFlow
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.polymers.plan import MOVES, Training
from boltzmann_tf.sampling import PolymerInfo, PolymerState
from boltzmann_tf.systems import Polymer

BURN_IN = 1000  # rounds


class Simulated(NamedTuple):
    """A run of Monte Carlo."""

    system: Polymer
    info: PolymerInfo
    state: PolymerState  # at the end
    seconds: float  # of processor time

    def mean(self, name: str) -> Estimate:
        """Of a series, such as "end_to_end_squared"."""
        return Estimate(*estimators.mean_with_error(getattr(self.info, name)))

    @property
    def ideal(self) -> exact.IdealChain:
        """The chain of these bonds without pairs."""
        return ideal_of(self.system)


def simulate(
    context: Context,
    name: str,
    system: Polymer,
    rounds: int,
    *,
    replicas: int,
    temperature: Any = 1.0,
    weights: Sequence[float] = MOVES,
    n_moves: int | None = None,
) -> Simulated:
    """Replicas of a chain, after a burn-in in which steps are tuned."""
    context.log(f"{name}: Monte Carlo")
    start = np.tile(system.initial_state("stretched"), (replicas, 1))
    state = sampling.polymer_state(start, seed=context.seed_of(f"{name}, Monte Carlo"))
    options: dict[str, Any] = {
        "system": system,
        "temperature": temperature,
        "weights": weights,
        "n_moves": n_moves,
    }
    state, _ = sampling.polymer_rounds(state, BURN_IN, tune=True, **options)
    begun = time.process_time()
    state, info = sampling.polymer_rounds(state, rounds, **options)
    return Simulated(system, info, state, time.process_time() - begun)


def frames(
    run: Simulated, n: int, *, temperature: Any = 1.0, weights: Sequence[float] = MOVES
) -> np.ndarray:
    """n configurations of each replica, `[n, replicas, event_size]`."""
    state, found = run.state, []
    for _ in range(n):
        state, _ = sampling.polymer_rounds(
            state, 60, system=run.system, temperature=temperature, weights=weights
        )
        found.append(state.x)
    return np.stack(found)


class Grown(NamedTuple):
    """A generator of a chain, and samples of it."""

    name: str
    generator: BoltzmannGenerator
    samples: Samples
    seconds: float  # of processor time, of the samples
    system: Polymer

    @property
    def ess(self) -> float:
        """Effective fraction of the weights."""
        return float(estimators.ess_fraction(self.samples.log_weight))

    @property
    def log_z(self) -> Estimate:
        """By the weights."""
        return estimators.log_z(self.samples.log_weight)

    def mean(self, name: str) -> Estimate:
        """Weighted: "end_to_end_squared" or "gyration_squared"."""
        system = self.system
        size = {"end_to_end_squared": system.end_to_end, "gyration_squared": system.gyration}[name]
        value = size(self.samples.x).numpy().astype(np.float64) ** 2
        found = estimators.weighted_average(value, self.samples.log_weight)
        return Estimate(*found)


def together(
    context: Context, runs: Mapping[float, Simulated], n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Configurations at all temperatures of `runs`, n of each replica, and which these are."""
    each = {t: frames(run, n, temperature=t) for t, run in runs.items()}
    x = np.concatenate([v.reshape(-1, v.shape[-1]) for v in each.values()])
    t = np.concatenate([np.full(v.shape[0] * v.shape[1], k) for k, v in each.items()])
    order = np.random.default_rng(context.seed_of("order", len(x))).permutation(len(x))
    return x[order], t[order, None].astype(np.float32)


def generator_of(
    system: Polymer, *, jit_compile: Any = "auto", **options: Any
) -> BoltzmannGenerator:
    """A chain grown bond by bond."""
    flow = ChainFlow(**system.growth, **options)
    prior = priors.UniformBox(np.zeros(flow.event_size), np.ones(flow.event_size))
    return BoltzmannGenerator(system, flow, prior, jit_compile=jit_compile)


def train(
    context: Context,
    name: str,
    generator: BoltzmannGenerator,
    x: np.ndarray,
    training: Training,
    condition: np.ndarray | None = None,
) -> None:
    """By example, on configurations `[n, event_size]`."""
    context.log(f"{name}: training")
    stage = Stage(training.steps, training.batch, Cosine(3e-3, warmup=0.1), ml=1.0, clip_norm=10.0)
    trainer = Trainer(
        generator, seed=context.seed_of(f"{name}, training"), jit_compile=generator.jit_compile
    )
    trainer.fit(x.astype(np.float32), stage, data_condition=condition, verbose=0)


def grow(
    context: Context,
    name: str,
    generator: BoltzmannGenerator,
    n: int,
    temperature: float | None = None,
) -> Grown:
    """Samples of a generator; one for all temperatures is told which."""
    context.log(f"{name}: growth")
    options: dict[str, Any] = {"seed": context.seed_of(f"{name}, samples")}
    if temperature is not None:
        options |= {"temperature": temperature, "condition": np.full((n, 1), temperature)}
    begun = time.process_time()
    samples = generator.sample(n, **options)
    seconds = time.process_time() - begun
    return Grown(name, generator, samples, seconds, cast(Polymer, generator.system))


def ideal_of(system: Polymer) -> exact.IdealChain:
    """The chain of a system's bonds alone."""
    own = system.spring

    def energy(r: np.ndarray) -> np.ndarray:
        return np.asarray(own.function(r * r, system.stiffness, system.length))

    return exact.IdealChain(len(system.chain), energy, dimension=system.dimension)
