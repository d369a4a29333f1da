"""A generator of couplings over the coordinates without the mean, and what its weights say."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, estimators, sampling
from boltzmann_tf.estimators import Coverage, Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters.case import Case, Sizes
from boltzmann_tf.reproductions.clusters.reference import Reference, symmetrised
from boltzmann_tf.reproductions.ensembles import Trainers, Variant
from boltzmann_tf.training import Member
from boltzmann_tf.training.schedules import Cosine

__all__ = ["Generated", "bridge", "generate"]

TRAINING, HELD_OUT = 200_000, 20_000  # configurations
SHARED = 5.0  # samples, from which BAR is calibrated


class Generated(NamedTuple):
    """A trained generator and its samples.

    Attributes:
      generator: with its final weights.
      run: the training.
      samples: at T = 1.
      reference: log-weights of configurations of Monte Carlo that it was not trained on.
      coverage: of the bins of the isomers' observable.
      seconds: of the sampling.
    """

    generator: BoltzmannGenerator
    run: Member
    samples: Samples
    reference: np.ndarray
    coverage: Coverage
    seconds: float


def recipe(iterations: int, by_energy: float) -> list[Stage]:
    """By example; then by energy too."""
    safe: dict[str, Any] = {"energy_high": 1e3, "clip_norm": 100.0}
    return [
        Stage(iterations, 512, Cosine(2e-3, 1e-3, warmup=0.05), **safe),
        Stage(iterations // 2, 512, Cosine(1e-3), ml=1.0, kl=by_energy, **safe),
    ]


def generate(context: Context, case: Case, sizes: Sizes, reference: Reference) -> Generated:
    """Trains on half of the chains of each start, and weighs the other half."""
    size = case.system.event_size
    seen, unseen = (reference.x[k::2].reshape(-1, size) for k in (0, 1))

    def data(seed: int) -> np.ndarray:
        return symmetrised(case.system, seen, TRAINING, seed).astype(np.float32)

    trainers = Trainers(context, case.system, quick_xla=True)
    variant = Variant("couplings", case.build, recipe(sizes.iterations, case.by_energy), seeds=1)
    ensemble = trainers.train(variant, data)
    generator = ensemble.use(ensemble.members[0])
    generator.sample(1024, seed=context.seed)  # compiled before the clock starts
    start = time.perf_counter()
    samples = generator.sample(sizes.samples, seed=context.seed + 1)
    seconds = time.perf_counter() - start
    fresh = symmetrised(case.system, unseen, HELD_OUT, context.seed + 2)
    context.count_energy_evaluations(sizes.samples + HELD_OUT)
    log_q = np.asarray(generator.log_prob(fresh.astype(np.float32)), np.float64)
    log_weight = -sampling.particle_energies(fresh, case.system) - log_q
    name, edges = case.isomers
    observable = case.system.observables[name]
    share, _ = np.histogram(observable(unseen).numpy(), edges)
    coverage = estimators.coverage(
        observable(samples.x).numpy(), edges=edges, reference_probability=share / share.sum()
    )
    return Generated(generator, ensemble.members[0], samples, log_weight, coverage, seconds)


def bridge(generated: Generated) -> tuple[Estimate | None, float]:
    """log Z by BAR between generated and Monte Carlo samples, and how many samples they share.

    None where they share fewer than it takes for an error that can be believed.
    """
    forward, reverse = -generated.samples.log_weight, generated.reference
    shared = estimators.bar_overlap(forward, reverse)
    if shared < SHARED:
        return None, shared
    return estimators.log_z_bar(-forward, reverse), shared
