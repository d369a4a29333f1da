"""Configurations and log-weights of whatever a user has, and the positions of particles in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from boltzmann_tf.sampling.particles import ParticleState
from boltzmann_tf.sampling.random_walk import Chains
from boltzmann_tf.systems import ParticleSystem, System

__all__ = ["Read", "batches", "particle_positions", "positions_of"]

PART = 4096  # configurations whose positions are made at a time
Read = tuple[np.ndarray, Any]  # x and log-weights, or None

FORMS = (
    "weighted samples (x and log_weight), Chains, a ParticleState, configurations "
    "[samples, event_size] or [chains, draws, event_size], or an iterator over batches of them"
)


def read(samples: Any, log_weights: Any, system: System) -> Read:
    """x, `[samples, event_size]` or `[chains, draws, event_size]`, and log-weights or None."""
    x, logs = samples, log_weights
    if hasattr(samples, "x") or hasattr(samples, "_fields"):
        weighted = hasattr(samples, "log_weight") and hasattr(samples, "x")
        if not weighted and not isinstance(samples, ParticleState | Chains):
            # States of umbrella sampling and of replica exchange are of other densities.
            raise TypeError(f"samples must be {FORMS}, got {type(samples).__name__}")
        x = samples.x
        if weighted:
            if log_weights is not None:
                raise ValueError("log_weights must be None where samples have their own, got both")
            logs = samples.log_weight
    if isinstance(x, Iterator):
        raise TypeError("samples must be an array, got an iterator")
    x = np.asarray(x)
    if x.ndim not in (2, 3) or x.shape[-1] != system.event_size or not x.size:
        raise ValueError(
            f"samples must be {FORMS}, with event_size {system.event_size}, got shape {x.shape}"
        )
    if x.dtype.kind not in "fiu":
        raise TypeError(f"samples must be numbers, got dtype {x.dtype}")
    if x.ndim == 3 and logs is not None:
        raise ValueError("log_weights must be None for chains, got an array")
    return x, logs


def batches(samples: Any, log_weights: Any, system: System) -> Iterator[Read]:
    """The same, a batch after the other; a single one for what is no iterator."""
    if not isinstance(samples, Iterator):
        yield read(samples, log_weights, system)
        return
    if log_weights is not None:
        raise ValueError("log_weights must be None where samples are an iterator, got an array")
    for batch in samples:
        x, logs = read(batch, None, system)
        if x.ndim != 2:
            raise ValueError(f"samples must yield batches [samples, event_size], got {x.shape}")
        yield x, logs


def particle_positions(x: np.ndarray, system: ParticleSystem) -> np.ndarray:
    """Positions `[..., n, dimension]` of configurations, as `system.positions` has them."""
    r = x.reshape(*x.shape[:-1], -1, system.dimension)
    return r if system.anchored else system.basis.T @ r


def positions_of(samples: Any, log_weights: Any, system: ParticleSystem) -> tuple[Any, Any]:
    """Positions and log-weights, as the estimators take them: arrays, or an iterator and None."""
    if isinstance(samples, Iterator):
        given = batches(samples, log_weights, system)
        return ((particle_positions(x, system), logs) for x, logs in given), None
    x, logs = read(samples, log_weights, system)
    if system.anchored or x.ndim == 3 or len(x) <= PART:
        return particle_positions(x, system), logs
    return _in_parts(x, logs, system), None


def _in_parts(x: np.ndarray, logs: Any, system: ParticleSystem) -> Iterator[Read]:
    if logs is not None and np.shape(logs) != (len(x),):
        raise ValueError(
            f"log_weights must have {len(x)} values, one a sample, got {np.size(logs)}"
        )
    for start in range(0, len(x), PART):
        part = slice(start, start + PART)
        yield particle_positions(x[part], system), None if logs is None else logs[part]
