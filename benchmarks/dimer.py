"""The solvated dimer: energies with gradients, and single-particle moves."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import sampling, systems

__all__ = ["run"]

CONFIGURATIONS = 1000
CALLS = 20
WALKERS, SWEEPS = 64, 500


def _seconds(work: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def run(repeats: int = 5) -> dict[str, Any]:
    """Times energies and gradients, compiled, and sweeps.

    Args:
      repeats: rounds, of which the median is taken.

    Returns:
      milliseconds for energies and gradients of 1000 configurations of 38 particles; and
      microseconds of wall time for each sweep of 38 moves, 64 walkers on all cores.
    """
    system = systems.SolvatedDimer()
    noise = np.random.default_rng(0).standard_normal((CONFIGURATIONS, system.event_size))
    x = tf.constant(system.lattice(1.5) + 0.05 * noise, tf.float32)

    @tf.function(jit_compile=True)
    def both(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = system.training_energy(x)
        return u, tape.gradient(u, x)

    start = np.tile(system.initial_state("closed"), (WALKERS, 1))
    state = sampling.particle_state(start, seed=0)

    def sweeps() -> None:
        sampling.particle_sweeps(state, SWEEPS, system=system, step_size=0.2)

    both(x)
    sweeps()
    energies = [_seconds(lambda: both(x), CALLS) for _ in range(repeats)]
    moves = [_seconds(sweeps, 1) / (WALKERS * SWEEPS) for _ in range(repeats)]
    return {
        "energies_and_gradients_ms": statistics.median(energies) * 1e3,
        "sweep_us": statistics.median(moves) * 1e6,
    }
