"""Data and schedules that several reproductions share."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import Stage, System, sampling
from boltzmann_tf.training.schedules import Cosine, Linear

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


def annealed() -> list[Stage | int]:
    """What this package trains with: example and energy, on data that come to equilibrium.

    Short runs from each state are not in equilibrium, so a likelihood on them and the energy pull
    different ways. After a first stage the data are replaced, twice, by the generator's own
    samples resampled by their weights; then both losses have one optimum, the energy narrowing
    what the likelihood keeps wide, and the learning rate goes to 0. The likelihood keeps its weight
    to the end, since it is what punishes a region given up; by energy alone the weights had rare
    outliers, and with a weight that fell on the way they had more of them.
    """
    safe: dict[str, Any] = {"energy_high": 1e3, "clip_norm": 100.0, "kl": 1.0}
    return [
        Stage(200, 256, Cosine(2e-3, 2e-3, warmup=0.2)),
        Stage(800, 1024, Cosine(2e-3, 1e-3), ml=Linear(1.0, 0.3), **safe | {"kl": Linear(0.2, 1)}),
        65_536,
        Stage(1000, 1024, Cosine(2e-3, 1e-3), ml=1.0, **safe),
        65_536,
        Stage(1500, 1024, Cosine(1.5e-3), ml=1.0, **safe),
    ]


def spread(**weights: Any) -> list[Stage | int]:
    """After `annealed`: spreads the samples along a reaction coordinate, for barriers to be seen.

    The likelihood on equilibrium data stays on, so that no region of the target is given up and
    the weights remain bounded.

    Args:
      **weights: `rc`, `rc_loss`, and what else a `Stage` takes.
    """
    safe: dict[str, Any] = {"energy_high": 1e3, "clip_norm": 100.0, "kl": 1.0, "ml": 0.2}
    return [65_536, Stage(1000, 1024, Cosine(2e-3), **safe | weights)]
