"""What is known of one lattice: Monte Carlo, and a generator, at the same temperatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate, Estimates
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.generators import Trained, walk
from boltzmann_tf.reproductions.nematics.plan import Plan, Walk
from boltzmann_tf.reproductions.nematics.simulations import (
    Averages,
    Simulated,
    averages,
    simulate,
)
from boltzmann_tf.systems import Nematic


@dataclass(frozen=True)
class Measured:
    """Configurations of a generator at one temperature, with their weights.

    Attributes:
      vectors: `[n, N, 3]`.
      energy: H, `[n]`.
      log_weight: `[n]`.
      log_z: of all directions.
      upper: bound of log Z, from configurations of Monte Carlo; None without them.
      ess: effective fraction of the weights.
      averages: <S>, energy and heat capacity a site.
      evaluations: of the energy: training up to here, and these samples.
    """

    vectors: np.ndarray
    energy: np.ndarray
    log_weight: np.ndarray
    log_z: Estimate
    upper: Estimate | None
    ess: float
    averages: Averages
    evaluations: int


@dataclass(frozen=True)
class Lattice:
    """What is known of one lattice.

    Attributes:
      name: in tables.
      kind: in figures, where there are several of its kind.
      system: the lattice.
      simulated: by Monte Carlo.
      measured: of the generator, temperatures increasing.
      trained: the generator, at the lowest temperature.
    """

    name: str
    kind: str
    system: Nematic
    simulated: Simulated
    measured: dict[float, Measured]
    trained: Trained


def run_lattice(
    context: Context, name: str, kind: str, system: Nematic, steps: Walk, plan: Plan
) -> Lattice:
    """Simulates at the temperatures of the walk, walks, and measures at each of them."""
    context.log(f"{name}: Monte Carlo")
    seed = context.seed_of(f"{name}, Monte Carlo")
    simulated = simulate(system, steps.temperatures, rounds=plan.rounds, seed=seed)
    context.log("training and sampling")
    seed, noise = context.seed_of(f"{name}, training"), context.seed_of(f"{name}, samples")
    measured = {}
    for t, trained in walk(system, steps, seed=seed):
        measured[t] = measure(trained, plan.samples, noise, simulated.vectors[t])
    return Lattice(name, kind, system, simulated, dict(sorted(measured.items())), trained)


def measure(trained: Trained, n: int, seed: int, reference: np.ndarray | None = None) -> Measured:
    """Draws `n` configurations and weighs them; `reference`: of Monte Carlo, `[m, N, 3]`."""
    system, t = trained.angles.nematic, trained.temperature
    samples = trained.generator.sample(n, seed=seed)
    vectors = trained.angles.vectors(samples.x).numpy()
    energy = samples.energy.astype(np.float64) * t
    upper = None
    if reference is not None:
        own = trained.generator.log_weight(coordinates(reference).astype(np.float32))
        upper = estimators.log_z_bounds(samples.log_weight, own).upper
    order = sampling.vector_order(vectors)
    return Measured(
        vectors=vectors,
        energy=energy,
        log_weight=samples.log_weight,
        log_z=estimators.log_z(samples.log_weight),
        upper=upper,
        ess=estimators.ess_fraction(samples.log_weight),
        averages=averages(order, energy / system.sites, samples.log_weight, t, system.sites),
        evaluations=trained.evaluations + n,
    )


def coordinates(vectors: np.ndarray) -> np.ndarray:
    """(cos theta, phi) of unit vectors `[..., N, 3]`, `[..., 2 N]`."""
    phi = np.arctan2(vectors[..., 1], vectors[..., 0])
    pairs = np.stack([np.clip(vectors[..., 2], -1, 1), phi], axis=-1)
    return pairs.reshape(*vectors.shape[:-2], -1)


def correlations(vectors: np.ndarray, log_weight: np.ndarray | None = None) -> Estimates:
    """<P2(u_i . u_(i+r))> for r = 1 .. N - 1, averaged along an open chain."""
    size = vectors.shape[-2]
    products = np.einsum("nia,nja->nij", vectors, vectors, optimize=True)
    p2 = 1.5 * products.astype(np.float64) ** 2 - 0.5
    each = [np.trace(p2, offset=r, axis1=1, axis2=2) / (size - r) for r in range(1, size)]
    return cast(Estimates, estimators.weighted_average(np.stack(each, axis=-1), log_weight))


def pair_order(system: Nematic, measured: Measured) -> Estimate:
    """The root of <P2(u_i . u_j)> on a complete graph: an S without the bias of few spins."""
    p2 = -measured.energy / (system.bond_strength * system.bonds)
    found = estimators.weighted_average(
        p2, measured.log_weight, function=lambda m: np.sqrt(np.maximum(m, 0.0))
    )
    return cast(Estimate, found)


def in_director_frame(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors `[..., N, 3]` along the eigenvectors of their Q, the director last."""
    u = np.asarray(vectors, np.float64)
    return u @ np.linalg.eigh(np.swapaxes(u, -1, -2) @ u)[1]


def orientation_density(
    vectors: np.ndarray, log_weight: np.ndarray | None, edges: np.ndarray
) -> Estimates:
    """Density of |cos| of the angle to each configuration's own director, in bins of [0, 1]."""
    cosine = np.abs(in_director_frame(vectors)[..., 2])
    place = np.clip(np.searchsorted(edges, cosine, side="right") - 1, 0, len(edges) - 2)
    share = np.stack([np.mean(place == k, axis=-1) for k in range(len(edges) - 1)], axis=-1)
    return cast(Estimates, estimators.weighted_average(share / np.diff(edges), log_weight))
