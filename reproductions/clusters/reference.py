"""Monte Carlo of a cluster from several starts: the reference, and the training data."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import sampling
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters.case import Case, Sizes
from boltzmann_tf.systems import ParticleSystem

__all__ = ["Reference", "simulate", "symmetrised", "virial"]

FRAMES = 200_000  # configurations that are kept, at most


class Reference(NamedTuple):
    """What Monte Carlo measured; the chains of one start are together, in the order of the case.

    Attributes:
      x: configurations, [chains, frames, event_size], of evenly spaced draws.
      energy: [chains, draws], kT.
      square: sum of squared distances from the centre, [chains, draws].
      energies: share of the draws of each chain in the bins of energy, [chains, bins].
      distances: share of the pairs of each chain in the bins of distance, [chains, bins].
      acceptance: of the moves, by the steps of the case.
      seconds: that it took.
    """

    x: np.ndarray
    energy: np.ndarray
    square: np.ndarray
    energies: np.ndarray
    distances: np.ndarray
    acceptance: list[float]
    seconds: float


def simulate(context: Context, case: Case, sizes: Sizes) -> Reference:
    """Sweeps of single-particle moves; a tenth of the draws more at the beginning, thrown away."""
    system = case.system
    each = sizes.chains // len(case.starts)
    start = np.repeat([system.initial_state(name) for name in case.starts], each, axis=0)
    state = sampling.particle_state(start, seed=context.seed)
    burn_in = sizes.draws // 10
    every = max(1, sizes.draws * len(start) // FRAMES)
    pairs = system.n * (system.n - 1) // 2
    distances = np.zeros((len(start), case.distances.size + 1))  # with those beyond both ends
    offset = np.arange(len(start))[:, None] * distances.shape[1]
    frames, energy, square = [], [], []
    begun = 0.0
    for draw in range(-burn_in, sizes.draws):
        if draw == 0:
            begun = time.perf_counter()  # compiled, and in equilibrium
        acceptance = []
        for step in case.steps:
            state, info = sampling.particle_sweeps(
                state, case.stride, system=system, step_size=step
            )
            acceptance.append(float(info.acceptance.mean()))
        if draw < 0:
            continue
        energy.append(sampling.particle_energies(state.x, system))
        square.append(np.sum(state.x**2, axis=1))  # an orthonormal basis
        bins = np.searchsorted(case.distances, system.pair_distances(state.x).numpy(), "right")
        counts = np.bincount((bins + offset).ravel(), minlength=distances.size)
        distances += counts.reshape(distances.shape)
        if draw % every == 0:
            frames.append(state.x)
    sweeps = case.stride * len(case.steps) * (sizes.draws + burn_in)
    context.count_energy_evaluations(len(start) * sweeps)  # a sweep costs about one energy
    u = np.transpose(energy)
    return Reference(
        np.stack(frames, axis=1),
        u,
        np.transpose(square),
        np.stack([np.histogram(row, case.energies)[0] / sizes.draws for row in u]),
        distances[:, 1:-1] / (pairs * sizes.draws),
        acceptance,
        time.perf_counter() - begun,
    )


def symmetrised(system: ParticleSystem, x: np.ndarray, n: int, seed: int) -> np.ndarray:
    """n of the configurations, each turned, mirrored and relabelled at random, `[n, event_size]`.

    The density has these symmetries, whether chains have seen them all or not.
    """
    rng = np.random.default_rng(seed)
    r = system.positions(x[rng.integers(len(x), size=n)]).numpy()
    r = np.take_along_axis(r, rng.random((n, system.n)).argsort(axis=1)[..., None], axis=1)
    turn, upper = np.linalg.qr(rng.standard_normal((n, system.dimension, system.dimension)))
    # With these signs it is uniform over all turns (Mezzadri 2007).
    turn *= np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None]
    return system.configuration(r @ turn)


def virial(system: ParticleSystem, x: np.ndarray) -> np.ndarray:
    """x . grad u of configurations `[..., event_size]`, whose mean at T = 1 is the event size."""
    inputs = tf.constant(x.reshape(-1, x.shape[-1]))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        u = system.energy(inputs)
    return np.sum(x * tape.gradient(u, inputs).numpy().reshape(x.shape), axis=-1)
