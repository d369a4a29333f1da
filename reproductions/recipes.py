"""Data and schedules that several reproductions share."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import Stage, System, sampling
from boltzmann_tf.schedules import Cosine, Linear

__all__ = ["annealed", "end_state_data", "published"]


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


def published(batch_size: int = 1000, **weights: Any) -> list[Stage]:
    """200 iterations by example, then 500 with the given weights (Noé et al. 2019, figure 2)."""
    return [Stage(200, 128, 1e-3), Stage(500, batch_size, 1e-3, **weights)]


def annealed(**weights: Any) -> list[Stage]:
    """By example, then from example to energy, then by energy with a learning rate that ends at 0.

    The likelihood fades out because the data, half of them in each state, are not in equilibrium.
    """
    safe = {"energy_high": 1e3, "clip_norm": 100.0}
    return [
        Stage(200, 256, Cosine(2e-3, 2e-3, warmup=0.2)),
        Stage(1000, 1024, Cosine(3e-3, 2e-3), ml=Linear(1.0, 0.0), kl=Linear(0.2, 1.0), **safe),
        Stage(1500, 1024, Cosine(2e-3), **{"ml": 0.0, "kl": 1.0, **safe, **weights}),
    ]
