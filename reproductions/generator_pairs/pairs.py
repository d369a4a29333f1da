"""Pairs of networks that each saw one state, and the free-energy differences that they give."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import Stage, System, estimators, realnvp, reproduction, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import BoltzmannGenerator, Samples
from boltzmann_tf.reproduction import Context, by_preset
from boltzmann_tf.reproductions.recipes import end_state_data
from boltzmann_tf.training import Ensemble, EnsembleTrainer, Observer

STATES = ("left", "right")
CHECKED = (0.5, 1.0, 2.0)  # temperatures of every pair; the first one makes the figure
SAMPLES = 100_000  # of each network at each temperature
SCANNED = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    pairs = by_preset((1, 5), (20, 20))  # of networks of each system: more where pairs differ much
    batch_size = by_preset(250, 1000)  # of the training by energy; published: 1000
    # One short training is over before XLA would have compiled its steps.
    jit_compile: Any = by_preset(quick=False, paper="auto")


class Case(NamedTuple):
    """One of the two systems."""

    name: str  # in figures
    system: System
    network: dict[str, Any]  # blocks and widths
    metropolis: dict[str, Any]  # steps and their size; 1001 frames a state are kept
    temperatures: tuple[float, ...]  # of the energy training
    scanned: tuple[float, ...]  # temperatures of the figure
    cuts: tuple[float, float]  # where the left state ends and the right one begins

    def build(self, seed: int, _: np.ndarray) -> Bijector:
        """The published network: affine blocks with unbounded scales."""
        return realnvp(2, scale_bound=None, seed=seed, **self.network)

    def data(self, state: str, seed: int) -> np.ndarray:
        """Training configurations of one state."""
        stride = self.metropolis["n_steps"] // 1000
        both = end_state_data(self.system, seed, stride=stride, **self.metropolis)
        return np.split(both, 2)[STATES.index(state)]

    def inside(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which configurations lie in the left and in the right state."""
        r = np.asarray(self.system.reaction_coordinate()(x))
        return r < self.cuts[0], r > self.cuts[1]


CASES = (
    Case(
        "double well",
        systems.DoubleWell(),
        network={"blocks": 4, "hidden": (100,)},
        metropolis={"n_steps": 10_000, "step_size": 0.1},
        temperatures=(0.5, 1.0, 2.0, 4.0),
        scanned=(*SCANNED, 4.0),
        cuts=(0.0, 0.0),
    ),
    Case(
        "Müller-Brown",
        systems.MuellerBrown(),
        network={"blocks": 5, "hidden": (100, 100)},
        metropolis={"n_steps": 1000, "step_size": 0.05},
        temperatures=(0.25, 0.5, 1.0, 2.0, 3.0),
        scanned=SCANNED,
        cuts=(-1.0, 0.0),
    ),
)


Estimates = dict[float, dict[str, Estimate]]  # T -> estimator -> F(right) - F(left) in kT


class Pairs(NamedTuple):
    """Networks of each state of a system, and what each pair of them gives."""

    case: Case
    ensembles: dict[str, Ensemble]  # by state
    estimates: list[Estimates]  # of each pair


def run_pairs(context: Context, case: Case, n: int, plan: Plan) -> Pairs:
    """Trains `n` pairs and draws from them."""
    trainer = EnsembleTrainer(
        case.system, log=context.log, executor=context.executor, jit_compile=plan.jit_compile
    )
    ensembles = {s: train(context, trainer, case, s, n, plan.batch_size) for s in STATES}
    context.log(f"{case.name}: evaluation")
    estimates: list[Estimates] = [{} for _ in range(n)]
    for i, found in enumerate(estimates):
        for k, t in enumerate(CHECKED if i else case.scanned):
            terms, drawn = [], []
            for ensemble in ensembles.values():
                member = ensemble.members[i]
                terms.append(np.concatenate([seen[t] for seen in member.watch.seen]))
                seed = context.seed_of(f"{ensemble.name}: samples", i, k)
                drawn.append(ensemble.use(member).sample(SAMPLES, t, seed=seed))
            published = estimators.two_generator_difference(*terms)
            found[t] = {"published": published} | within_states(case, *drawn)
    return Pairs(case, ensembles, estimates)


def train(
    context: Context, trainer: EnsembleTrainer, case: Case, state: str, n: int, batch_size: int
) -> Ensemble:
    """200 iterations by example, 500 by example and energy at several temperatures.

    While the energy trains, each network collects the terms u / tau - log|dx/dz| of the published
    estimator. The authors drew 1000 samples every 10 iterations and used those after iteration 200;
    here it is 5000 every 50. Later samples come from a better density, earlier ones from one that
    had less time to leave its state.
    """
    name = f"{case.name}, {state}"
    mixed: dict[str, Any] = {"ml": 1.0, "kl": 1.0, "temperatures": case.temperatures}
    recipe = [Stage(200, 128, 1e-3), Stage(500, batch_size, 1e-4, energy_high=1e4, **mixed)]
    streams = context.seeds

    def terms(generator: BoltzmannGenerator, step: int) -> dict[float, np.ndarray]:
        found = {}
        for k, t in enumerate(case.scanned):
            seed = streams.of(f"{name}: in training", step, k)
            each = generator.sample(5000, t, seed=seed).kl_terms(generator.prior, t)
            found[t] = each[near(each)]
        return found

    seeds = [context.seed_of(name, i) for i in range(n)]
    options: dict[str, Any] = {"watch": lambda _: Observer(terms, every=50, after=200)}
    data = partial(case.data, state)
    return trainer.train(case.build, recipe, data, seeds=seeds, name=name, **options)


def near(terms: np.ndarray) -> np.ndarray:
    """False for far outliers, which go, as published."""
    return np.abs(terms - np.median(terms)) < 100


def within_states(case: Case, left: Samples, right: Samples) -> dict[str, Estimate]:
    """F(right) - F(left) in kT by what lies in the state of its generator."""
    weights = left.log_weight, right.log_weight
    inside = case.inside(left.x)[0], case.inside(right.x)[1]
    bounded = (mask & near(weight) for mask, weight in zip(inside, weights, strict=True))
    return {
        "bounds within the states": estimators.bound_difference(*weights, *bounded),
        "reweighted": estimators.reweighted_difference(*weights, *inside),
    }
