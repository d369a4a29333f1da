"""Data, networks and schedules of figure 2 in the publication."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import Stage, System, realnvp, sampling
from boltzmann_tf.bijectors import Bijector


def end_state_data(
    system: System, seed: int, *, n_steps: int, stride: int, step_size: float
) -> np.ndarray:
    """Two short Metropolis runs, from the left and from the right state; left half first.

    The frame it starts from is the first of each, as in the published data.
    """
    start = np.stack([system.initial_state("left"), system.initial_state("right")])
    chains = sampling.metropolis(
        system, start, n_steps=n_steps, stride=stride, step_size=step_size, seed=seed
    )
    frames = np.concatenate([start[:, None].astype(chains.x.dtype), chains.x], axis=1)
    return frames.reshape(-1, *system.event_shape)


def network(seed: int, _: np.ndarray, **options: Any) -> Bijector:
    """Layers of two times 100: the published nl_layers = 3 counts the output layer."""
    return realnvp(2, hidden=(100, 100), seed=seed, **options)


def published(batch_size: int = 1000, **weights: Any) -> list[Stage]:
    """200 iterations by example, then 500 with the given weights."""
    return [Stage(200, 128, 1e-3), Stage(500, batch_size, 1e-3, **weights)]
