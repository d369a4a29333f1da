"""Independent runs of particles, with configurations kept on the way."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import positive_int
from boltzmann_tf.sampling.particles.sweeps import ParticleState, particle_state, particle_sweeps
from boltzmann_tf.systems import ParticleSystem

__all__ = ["ParticleChain", "particle_chain"]


class ParticleChain(NamedTuple):
    """What was kept of independent runs.

    Attributes:
      x: configurations after each stride, float64 [replicas, draws, event_size].
      acceptance: of the moves between them, [replicas].
      state: at the end, from which `particle_sweeps` goes on.
    """

    x: np.ndarray
    acceptance: np.ndarray
    state: ParticleState


def particle_chain(
    x: Any,
    n_draws: int,
    *,
    system: ParticleSystem,
    step_size: Any,
    stride: int = 1,
    burn_in: int = 0,
    seed: int = 0,
    **options: Any,
) -> ParticleChain:
    """Runs each replica by itself: training data, and averages of one state.

        start = np.tile(system.initial_state("closed"), (64, 1))
        chain = particle_chain(start, 300, system=system, step_size=0.2, stride=40, burn_in=2000)
        frames = chain.x.reshape(-1, system.event_size)  # walker after walker

    Args:
      x: to start from, [replicas, event_size].
      n_draws: configurations that are kept of each replica.
      system: its true energy is used.
      step_size: half the side of the square or cube of a move, a number or [replicas].
      stride: sweeps before each of them.
      burn_in: sweeps before the first stride, from 0 on.
      seed: of all moves.
      **options: what else `particle_sweeps` takes: a temperature, a bias, factors of terms.

    Returns:
      `ParticleChain`.
    """
    n = positive_int("n_draws", n_draws)
    stride = positive_int("stride", stride)
    burn_in = positive_int("burn_in", burn_in, minimum=0)
    options |= {"system": system, "step_size": step_size}
    state = particle_state(x, seed=seed)
    if burn_in:
        state, _ = particle_sweeps(state, burn_in, **options)
    kept, accepted = np.empty((len(state.x), n, state.x.shape[1])), np.zeros(len(state.x))
    for draw in range(n):
        state, info = particle_sweeps(state, stride, **options)
        kept[:, draw] = state.x
        accepted += info.acceptance
    return ParticleChain(kept, accepted / n, state)
