"""Means of Markov chains, and the heat capacity and cumulants of lattice chains."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from benchmarks.calibration.case import Case, Measured
from boltzmann_tf import estimators, exact, sampling
from boltzmann_tf.systems import System

__all__ = ["CASES"]

MEMORY = 0.9  # of the autoregressive process; its autocorrelation time is 19 draws


def _autoregressive(chains: int, draws: int, seeds: range) -> Iterator[Measured]:
    """x' = a x + sqrt(1 - a^2) noise, from equilibrium."""
    own = math.sqrt(1 - MEMORY**2)
    for seed in seeds:
        noise = np.random.default_rng(seed).normal(size=(draws, chains))
        x = np.empty((chains, draws))
        x[:, 0] = noise[0]
        for t in range(1, draws):
            x[:, t] = MEMORY * x[:, t - 1] + own * noise[t]
        freedom = chains - 1 if chains >= 20 else math.inf
        yield Measured(*estimators.mean_with_error(x), 0.0, freedom)


class _Spring(System):
    event_shape = (1,)

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        return 0.5 * x[..., 0] ** 2


def _metropolis(walkers: int, seeds: range) -> Iterator[Measured]:
    """<x^2> of a spring, by walkers that start in equilibrium; all runs are one call."""
    start = np.random.default_rng(0).normal(size=(walkers * len(seeds), 1))
    found = sampling.metropolis(_Spring(), start, n_steps=200, stride=4, step_size=1.5)
    for square in np.split(found.x[..., 0].astype(np.float64) ** 2, len(seeds)):
        yield Measured(*estimators.mean_with_error(square), 1.0, walkers - 1)


def _ising(replicas: int, measurements: int, seeds: range) -> Iterator[Measured]:
    """u, <|m|>, C, susceptibility and Binder's cumulant of 4 x 4 lattices, all runs in one call."""
    T, n = 2.6, 4
    chain = sampling.ising_chain(
        n, T, n_replicas=replicas * len(seeds), n_measurements=measurements, burn_in=30
    )
    model = exact.IsingTorus(n)
    sites = n**2
    truth = np.array(
        [
            model.energy(T) / sites,
            model.mean_abs_magnetization(T),
            model.heat_capacity(T) / sites,
            model.mean_square_magnetization(T) * sites / T,
            model.binder_cumulant(T),
        ]
    )
    fields = ("energy", "abs_magnetization", "heat_capacity", "susceptibility", "binder_cumulant")
    for i in range(len(seeds)):
        own = slice(i * replicas, (i + 1) * replicas)
        found = chain._replace(
            energy=chain.energy[own], magnetization=chain.magnetization[own]
        ).summary()
        each = [getattr(found, name) for name in fields]
        values, errors = (np.array(x) for x in zip(*each, strict=True))
        freedom = found.degrees_of_freedom
        yield Measured(values, errors, truth, freedom)


CASES = (
    Case.of("mean_with_error", "1 chain of 200 autocorrelation times", _autoregressive, 1, 3800),
    Case.of("mean_with_error", "4 chains of 50 autocorrelation times", _autoregressive, 4, 950),
    Case.of("mean_with_error", "30 chains of 2 autocorrelation times", _autoregressive, 30, 38),
    Case.of("metropolis and mean_with_error", "24 walkers", _metropolis, 24),
    Case.of(
        "ising_chain, five averages", "4 x 4, 32 replicas of 100 measurements", _ising, 32, 100
    ),
    Case.of("ising_chain, five averages", "4 x 4, 4 replicas of 500 measurements", _ising, 4, 500),
)
