"""The double well: figure 2a-f, S1a,b and S2 of Noé et al. (2019).

Generators trained by example and by energy on two short Metropolis runs, one in each well, and
judged against quadrature: losses against their bounds, weights, free-energy differences and
profiles. `published` variants follow the authors' notebook (two hidden layers of 100, unbounded
scales, no clipping, a fresh Adam at each stage); `ours` is the best that this package does in
about the same time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from boltzmann_tf import Stage, bijectors, realnvp, sampling, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.schedules import Cosine, Linear
from reproductions.ensembles import Variant
from reproductions.evaluation import Target
from reproductions.figure2 import Case, Results, add_common_metrics, reproduce

SYSTEM = systems.DoubleWell()
RC = ReactionCoordinate(SYSTEM.reaction_coordinate("x1"), -2.5, 2.5)
EDGES = np.linspace(-2.5, 2.5, 101)
CENTERS = 0.5 * (EDGES[1:] + EDGES[:-1])


def published_realnvp(seed: int, data: np.ndarray) -> Bijector:
    """R4 with nl_layers = 3, which counts the output layer; scales unbounded."""
    del data
    return realnvp(2, blocks=4, hidden=(100, 100), scale_bound=None, seed=seed)


def published_nice(seed: int, data: np.ndarray) -> Bijector:
    """N4S: four NICE blocks and a diagonal scaling."""
    del data
    return realnvp(2, blocks=4, hidden=(100, 100), coupling="additive", scaling=True, seed=seed)


def metropolis_data(seed: int) -> np.ndarray:
    """The published data: 10 000 steps of size 0.1 in each well, every tenth frame."""
    chains = sampling.metropolis(
        SYSTEM,
        np.stack([SYSTEM.initial_state("left"), SYSTEM.initial_state("right")]),
        n_steps=10_000,
        stride=10,
        step_size=0.1,
        seed=seed,
    )
    return chains.configurations


def second_stage(batch_size: int = 1000, **weights: Any) -> list[Stage]:
    """200 iterations by example, then 500 with the given weights, as published."""
    return [Stage(200, 128, 1e-3), Stage(500, batch_size, 1e-3, **weights)]


BY_RC = {"ml": 0.01, "kl": 1.0, "rc": 1.0, "rc_loss": RC}
