"""The generators of `toy`: the first attempts, three kinds, and how each is trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import Cosine, Linear, Stage, bijectors, realnvp, reproduction, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.reproduction import Context, by_preset
from boltzmann_tf.training import Ensemble, EnsembleTrainer, Observer

SYSTEM = systems.SpringInBox()
EXACT = SYSTEM.exact
BOX = ([0.0, -np.inf], [EXACT.length, np.inf])
USUAL = 1000  # iterations of a usual training of (a)


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper."""

    long = by_preset(2 * USUAL, 10 * USUAL)  # iterations of (a), of first attempts and of cures
    generic = by_preset(1, 5)  # networks of (a)
    others = by_preset(1, 20)  # networks of (b), and of (c)
    usual = by_preset(0, 20)  # networks of (a) trained for the usual time
    # One short training is over before XLA would have compiled its steps.
    jit_compile: Any = by_preset(quick=False, paper="auto")


class HardWall(systems.SpringInBox):
    """The system as first tried: the wall is infinite in training too, and has no gradient."""

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The true energy."""
        return self.energy(x)


def unbounded(seed: int, _: np.ndarray) -> Bijector:
    """The first attempt: RealNVP with unbounded scales."""
    return realnvp(2, blocks=4, hidden=(32, 32), scale_bound=None, seed=seed)


def generic(seed: int, _: np.ndarray) -> Bijector:
    """(a): RealNVP on the whole plane, scales bounded."""
    return realnvp(2, blocks=4, hidden=(32, 32), seed=seed)


def boxed(seed: int, _: np.ndarray) -> Bijector:
    """(b): RealNVP that ends in the box."""
    return realnvp(
        2, blocks=3, hidden=(48, 48), zero_shift=True, last=[bijectors.Box(*BOX)], seed=seed
    )


def triangular(seed: int, _: np.ndarray) -> Bijector:
    """(c): z1 from x1 alone by a spline, z2 increasing in x2 given x1 by one coupling."""
    # tanh: the shift must level off where x1 nears a wall and its logit runs away.
    coupling = bijectors.AffineCoupling(
        2, transformed="odd", hidden=(32, 32), shift_activation="tanh", seed=seed
    )
    spline = bijectors.ElementwiseSpline(2, bins=16, bound=5.0)
    return bijectors.Sequence([spline, bijectors.Scaling(2), coupling, bijectors.Box(*BOX)])


def data(seed: int) -> np.ndarray:
    """Independent draws from the exact density."""
    return EXACT.sample(20_000, 1.0, seed)


# By example and by the energy with the regularised wall, whose gradient is clipped.
BOTH = Stage(USUAL, 512, Cosine(2e-3), ml=1.0, kl=0.5, clip_norm=50.0)
# By example at first, by energy in the end.
RATE = Cosine(4e-3, warmup=0.05)
TO_ENERGY = Stage(1500, 512, RATE, ml=Linear(1.0, 0.2), kl=Linear(0.2, 1.0), clip_norm=50.0)
# By both throughout: the tails of the spline are reached by few samples of either kind.
TAILS = Stage(3000, 512, Cosine(8e-3, warmup=0.05), ml=0.5, kl=1.0, clip_norm=50.0)
# As it was at first: nothing stopped it.
ENERGY = Stage(USUAL, 512, 2e-3, ml=0.0, kl=1.0, max_bad_steps=None)


def train(context: Context, plan: Plan) -> dict[str, Ensemble]:
    """Trains all networks, by the names of their kinds; the long trainings are watched."""
    streams = context.seeds

    def variance(generator: BoltzmannGenerator, step: int) -> float:
        x1 = generator.sample(4096, seed=streams.of("variance of x1", step)).x[:, 0]
        with np.errstate(invalid="ignore"):  # of a flow that has diverged
            return float(np.var(x1.astype(np.float64)))

    watched: dict[str, Any] = {"watch": lambda _: Observer(variance, every=100)}
    long = partial(replace, iterations=plan.long)
    hard, steep = HardWall(), systems.SpringInBox(wall_stiffness=1e5)
    ways: dict[str, Any] = {
        "jit_compile": plan.jit_compile,
        "log": context.log,
        "executor": context.executor,
    }
    trainers = {system: EnsembleTrainer(system, **ways) for system in (SYSTEM, hard, steep)}
    found = {}
    for name, n, system, build, stage in (
        ("(a) generic", plan.generic, SYSTEM, generic, long(BOTH)),
        ("(b) ends in the box", plan.others, SYSTEM, boxed, TO_ENERGY),
        ("(c) triangular", plan.others, SYSTEM, triangular, TAILS),
        ("(b) trained for longer", 1, SYSTEM, boxed, long(TO_ENERGY)),
        # The wall without a gradient, and the wall with too much of it.
        ("infinite wall, unbounded", 1, hard, unbounded, long(ENERGY)),
        ("steep wall, energy only", 1, steep, generic, long(ENERGY)),
        ("(a) usual length", plan.usual, SYSTEM, generic, BOTH),
    ):
        if n:
            options = watched if stage.iterations == plan.long else {}
            seeds = [context.seed_of(name, i) for i in range(n)]
            trainer = trainers[system]
            found[name] = trainer.train(build, [stage], data, seeds=seeds, name=name, **options)
    return found
