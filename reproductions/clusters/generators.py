"""A generator of couplings over numbered particles, trained on Monte Carlo."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

import boltzmann_tf as bg
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.simulations import Reference
from boltzmann_tf.training import History

HELD_OUT = 20_000  # configurations
SAFE: dict[str, Any] = {"energy_high": 1e3, "clip_norm": 100.0}


class Generated(NamedTuple):
    """A trained generator and its samples."""

    generator: bg.BoltzmannGenerator
    history: History
    samples: bg.Samples  # at T = 1
    held_out: np.ndarray  # log-weights of configurations of Monte Carlo that it has not seen
    coverage: bg.estimators.Coverage  # of the isomers' bins
    seconds: float  # of the sampling


def generate(context: Context, plan: Plan, reference: Reference) -> Generated:
    """Trains on half of the chains of each start, by example and then by energy too."""
    context.log("a generator")
    system, size = plan.system, plan.system.event_size
    seen, unseen = (reference.x[k::2].reshape(-1, size) for k in (0, 1))
    seed = context.seed_of("training data")
    data = bg.sampling.symmetrised(seen, system, plan.data, seed=seed).astype(np.float32)
    shape: dict[str, Any] = {"blocks": plan.blocks, "hidden": plan.hidden}
    whitening = bg.bijectors.Whitening.from_data(data)
    flow = bg.realnvp(size, last=[whitening], seed=context.seed_of("network"), **shape)
    generator = bg.BoltzmannGenerator(system, flow)
    stages = [
        bg.Stage(plan.iterations, 512, bg.Cosine(2e-3, 1e-3, warmup=0.05), **SAFE),
        bg.Stage(plan.iterations // 2, 512, bg.Cosine(1e-3), ml=1.0, kl=plan.by_energy, **SAFE),
    ]
    trainer = bg.Trainer(generator, seed=context.seed_of("training"))
    history = bg.recipes.follow(trainer, stages, data, verbose=0)

    generator.sample(1024)  # compiled before the clock starts
    start = time.perf_counter()
    samples = generator.sample(plan.samples, seed=context.seed_of("samples"))
    seconds = time.perf_counter() - start
    seed = context.seed_of("held-out configurations")
    held_out = generator.log_weight(bg.sampling.symmetrised(unseen, system, HELD_OUT, seed=seed))
    name, edges = plan.isomers
    own, others = (system.observables[name](x).numpy() for x in (samples.x, unseen))
    shares = np.histogram(others, edges)[0]
    coverage = bg.estimators.coverage(own, edges=edges, reference_probability=shares)
    return Generated(generator, history, samples, held_out, coverage, seconds)
