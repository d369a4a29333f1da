"""Configurations of single boxes out of a run of two, for generators of a box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boltzmann_tf._support.checks import instance, seed_int, sequence
from boltzmann_tf.sampling.particles.gibbs.states import GibbsState

__all__ = ["gibbs_configurations"]


def gibbs_configurations(
    states: Sequence[GibbsState], *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Both boxes of all replicas, each as a configuration of its own.

    Particles come in an order of chance, moved together by a shift of chance where the box is
    periodic, as a generator that knows them one by one has to see them. Boxes that are empty are
    left out.

    Args:
      states: of one system in periodic boxes, from `gibbs_rounds`, as far apart as they are to be
        independent.
      seed: of order, shifts, and of what stands where there is no particle.

    Returns:
      positions over the side as of `systems.FluidBox`, float64 `[samples, N * dimension]`, and
      (n, v) of each, `[samples, 2]`.
    """
    given = sequence("states", states)
    if not given:
        raise ValueError("states must hold at least one, got none")
    rng = np.random.default_rng(seed_int("seed", seed))
    found, conditions = [], []
    for i, state in enumerate(given):
        instance(f"states[{i}]", state, GibbsState)
        replicas, _, dimension, most = state.x.shape
        side = state.volume ** (1 / dimension)
        x = state.x / side[..., None, None]
        x = (x + rng.uniform(size=(replicas, 2, dimension, 1))) % 1.0
        x = x.transpose(0, 1, 3, 2).reshape(2 * replicas, most, dimension)
        n, v = state.n.reshape(-1), state.volume.reshape(-1)
        there = np.arange(most) < n[:, None]
        key = rng.uniform(size=there.shape) + ~there
        x = np.take_along_axis(x, np.argsort(key, axis=1)[..., None], axis=1)
        x = np.where(there[..., None], x, rng.uniform(size=x.shape))
        found.append(x.reshape(len(x), -1)[n > 0])
        conditions.append(np.stack([n, v], axis=1)[n > 0].astype(np.float64))
    return np.concatenate(found), np.concatenate(conditions)
