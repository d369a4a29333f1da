"""Networks in bfloat16 against float32: speed here, and what they cost in ESS and round trip.

`realnvp(..., dtype="mixed_bfloat16")`. XLA's products on CPUs widen bfloat16 to float32, so that
nothing is won there, and the package takes TensorFlow's own; both are shown.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.peers import OURS, build
from benchmarks.work import WORKS
from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    Trainer,
    estimators,
    exact,
    realnvp,
    systems,
)
from boltzmann_tf.schedules import Cosine

__all__ = ["ratio", "run"]

POLICIES = ("float32", "mixed_bfloat16")
STEPS = 1500
SAMPLES = 100_000


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(repeats: int, numerator: Callable[[], Any], denominator: Callable[[], Any]) -> float:
    """The median of the ratios of neighbouring times."""
    numerator(), denominator()  # warm
    pairs = [(_seconds(numerator), _seconds(denominator)) for _ in range(repeats)]
    return statistics.median(a / b for a, b in pairs)


def _product(dtype: str, *, xla: bool) -> Callable[[], Any]:
    """Eight products of the size of the dimer's networks."""
    work = WORKS["D = 76"]
    rng = np.random.default_rng(0)
    width = work.hidden[0]
    a = tf.cast(rng.standard_normal((work.batch, width)), dtype)
    b = tf.cast(rng.standard_normal((width, width)) / np.sqrt(width), dtype)

    @tf.function(jit_compile=xla, autograph=False)
    def products(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        for _ in range(8):
            a = tf.matmul(a, b)
        return a

    return lambda: [products(a, b) for _ in range(20)][-1].numpy()


def _quality(policy: str) -> dict[str, float]:
    """A double-well generator on equilibrium data and energy: ESS, and how it returns to z."""
    flow = realnvp(2, blocks=4, hidden=(100, 100), dtype=policy)
    generator = BoltzmannGenerator(systems.DoubleWell(), flow)
    data = exact.DoubleWell().sample(SAMPLES, seed=0)
    stage = Stage(STEPS, 1000, Cosine(2e-3, 1e-5, warmup=0.1), ml=1, kl=1, clip_norm=100.0)
    Trainer(generator, seed=0).fit(data, stage, verbose=0)
    samples = generator.sample(SAMPLES, seed=1)
    z = tf.constant(np.random.default_rng(2).standard_normal((SAMPLES, 2)), tf.float32)
    x, _ = generator.to_configuration(z)
    back, _ = generator.to_latent(x)
    error = np.abs(back - z).max(-1)
    return {
        "ess_fraction": estimators.ess_fraction(samples.log_weight),
        "round_trip_above_1e-4": float(np.mean(error > 1e-4)),
        "round_trip_median": float(np.median(error)),
        "round_trip_worst": float(error.max()),
    }


def run(repeats: int = 7) -> dict[str, Any]:
    """Measures speed at both sizes of `flows`, and quality on the double well.

    Args:
      repeats: alternating pairs of each ratio.

    Returns:
      times in bfloat16 as multiples of those in float32: of training steps, weighted samples, bare
      products in XLA and in TensorFlow; and for each policy the effective fraction of the weights
      and the errors of the round trip z -> x -> z.
    """
    times = {}
    for name, work in WORKS.items():
        single, mixed = (build(OURS, work, dtype=policy) for policy in POLICIES)
        for what, n in (("steps", work.steps), ("sample", work.samples)):
            pair = [functools.partial(getattr(flow, what), n) for flow in (mixed, single)]
            times[f"{what}, {name}"] = ratio(repeats, *pair)
    for title, xla in (("product, XLA", True), ("product, TensorFlow", False)):
        pair = [_product(dtype, xla=xla) for dtype in ("bfloat16", "float32")]
        times[title] = ratio(repeats, *pair)
    return {"time in bfloat16 / in float32": times} | {p: _quality(p) for p in POLICIES}
