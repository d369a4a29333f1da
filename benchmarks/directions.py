"""What either direction of a flow costs: `python -m benchmarks directions`.

Each flow is of the kind and the size that a study has, with its first weights: what they are costs
nothing. A batch goes from z to x by `forward_and_log_det` and back by `inverse_and_log_det`, each
compiled as a generator compiles it. Times are CPU seconds of all threads, which other work on the
machine changes least, taken in turns.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import Bijector, Prior, bijectors, potentials, priors, realnvp, systems
from boltzmann_tf._support.graph import with_xla

__all__ = ["run"]

BATCH = 1024
AT_LEAST = 0.4  # seconds of calls in a row


class Case(NamedTuple):
    """A flow, what it begins with, and its condition."""

    flow: Bijector
    prior: Prior
    condition: tuple[float, ...] = ()


def _uniform(flow: Bijector, *condition: float) -> Case:
    n = flow.event_size
    return Case(flow, priors.UniformBox(np.zeros(n), np.ones(n)), condition)


def _normal(flow: Bijector) -> Case:
    return Case(flow, priors.Normal(flow.event_size))


def _director() -> Bijector:
    couplings = 1.5 * systems.Nematic("cubic", 3).bond_matrix
    planes = bijectors.SpheresFromPlanes(2 * len(couplings))
    return bijectors.Sequence([planes, bijectors.DirectorFlow(couplings)])


FLUID = potentials.LennardJones()
CASES = {
    "realnvp, affine, D = 76": lambda: _normal(realnvp(76, blocks=8, hidden=(200, 200, 200))),
    "realnvp, spline, D = 76": lambda: _normal(
        realnvp(76, blocks=8, hidden=(200, 200, 200), coupling="spline")
    ),
    "LatticeFlow, 8 x 8": lambda: _normal(bijectors.LatticeFlow(8)),
    "DirectorFlow, 27 vectors": lambda: _normal(_director()),
    "GapFlow, 12 gaps": lambda: _uniform(bijectors.GapFlow(12, FLUID, core=0.8), 12, 20.0),
    "InsertionFlow, 8 particles": lambda: _uniform(bijectors.InsertionFlow(8, FLUID), 8, 20.0),
    "ChainFlow, 16 beads": lambda: _uniform(
        bijectors.ChainFlow(**systems.Polymer(16, pairs=FLUID).growth)
    ),
}


def _seconds(one: Any, given: tf.Tensor) -> float:
    calls, start = 0, time.process_time()
    while time.process_time() - start < AT_LEAST:
        one(given)[1].numpy()
        calls += 1
    return (time.process_time() - start) / calls


class _Ready:
    """Both directions of a flow, compiled, with what they take."""

    def __init__(self, case: Case) -> None:
        flow, options = case.flow, {}
        if case.condition:
            options = {"condition": tf.constant([case.condition] * BATCH, tf.float32)}
        xla = with_xla(flow, jit_compile="auto")
        self.forward = tf.function(
            lambda z: flow.forward_and_log_det(z, **options), jit_compile=xla
        )
        self.inverse = tf.function(
            lambda x: flow.inverse_and_log_det(x, **options), jit_compile=xla
        )
        self.z = case.prior.sample(BATCH, tf.ones([BATCH]), tf.constant([0, 1]))
        self.x, log_det = self.forward(self.z)
        _, back = self.inverse(self.x)
        self.log_det_error = float(tf.reduce_max(tf.abs(log_det + back)))

    def seconds(self) -> tuple[float, float]:
        return _seconds(self.forward, self.z), _seconds(self.inverse, self.x)


def run(repeats: int = 7) -> dict[str, Any]:
    """Times both directions of each flow, all in turns.

    Returns:
      for each flow the time z to x as a multiple of that of the first flow, the time x to z as a
      multiple of that z to x, medians over the rounds with their ranges; microseconds of a
      configuration z to x; and by how much the log-determinants of there and back differ at most.
    """
    ready = {name: _Ready(make()) for name, make in CASES.items()}
    rounds = [{name: one.seconds() for name, one in ready.items()} for _ in range(repeats)]
    first = next(iter(ready))
    found = {}
    for name, one in ready.items():
        beside = sorted(each[name][0] / each[first][0] for each in rounds)
        ratio = sorted(each[name][1] / each[name][0] for each in rounds)
        found[name] = {
            "forward, of the first flow's": statistics.median(beside),
            "range": f"{beside[0]:.3g} to {beside[-1]:.3g}",
            "inverse over forward": statistics.median(ratio),
            "its range": f"{ratio[0]:.2f} to {ratio[-1]:.2f}",
            "us forward": 1e6 * statistics.median(each[name][0] for each in rounds) / BATCH,
            "error of log_det": one.log_det_error,
        }
    return found
