"""What is measured of the vectors that a generator draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate, Estimates
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.generators import Trained
from boltzmann_tf.reproductions.nematics.simulations import observables
from boltzmann_tf.systems import Nematic

__all__ = [
    "Measured",
    "coordinates",
    "correlations",
    "in_director_frame",
    "measure",
    "orientation_density",
    "pair_order",
]


@dataclass(frozen=True)
class Measured:
    """Configurations of a generator at one temperature, with their weights.

    Attributes:
      system: the lattice.
      temperature: T.
      vectors: `[n, N, 3]`.
      energy: H, `[n]`.
      log_weight: `[n]`.
      log_z: of all directions.
      upper: bound of log Z, from configurations of Monte Carlo; None without them.
      ess: effective fraction of the weights.
      pareto_k: of the weights.
      averages: <S>, energy and heat capacity a site.
      evaluations: of the energy: training up to here, and these samples.
    """

    system: Nematic
    temperature: float
    vectors: np.ndarray
    energy: np.ndarray
    log_weight: np.ndarray
    log_z: Estimate
    upper: Estimate | None
    ess: float
    pareto_k: float
    averages: Estimates
    evaluations: int

    @property
    def lower(self) -> float:
        """Lower bound of log Z: the mean log-weight."""
        return float(np.mean(self.log_weight))


def coordinates(vectors: np.ndarray) -> np.ndarray:
    """(cos theta, phi) of unit vectors `[..., N, 3]`, `[..., 2 N]`."""
    phi = np.arctan2(vectors[..., 1], vectors[..., 0])
    pairs = np.stack([np.clip(vectors[..., 2], -1, 1), phi], axis=-1)
    return pairs.reshape(*vectors.shape[:-2], -1)


def measure(
    context: Context, trained: Trained, n: int, seed: int, reference: np.ndarray | None = None
) -> Measured:
    """Draws configurations and weighs them.

    Args:
      context: of the report.
      trained: at its temperature.
      n: configurations.
      seed: of the noise.
      reference: configurations of Monte Carlo at this temperature, `[m, N, 3]`, or None.
    """
    angles, t = trained.angles, trained.temperature
    system = angles.nematic
    samples = trained.generator.sample(n, seed=seed)
    context.count_energy_evaluations(n)
    vectors = angles.vectors(samples.x).numpy()
    energy = samples.energy.astype(np.float64) * t
    order = sampling.vector_order(vectors)
    density = energy / system.sites
    upper = None
    if reference is not None:
        own = trained.generator.log_weight(coordinates(reference).astype(np.float32))
        context.count_energy_evaluations(len(own))
        upper = estimators.log_z_bounds(samples.log_weight, own).upper
    return Measured(
        system=system,
        temperature=t,
        vectors=vectors,
        energy=energy,
        log_weight=samples.log_weight,
        log_z=estimators.log_z(samples.log_weight),
        upper=upper,
        ess=estimators.ess_fraction(samples.log_weight),
        pareto_k=estimators.pareto_k(samples.log_weight),
        averages=cast(
            Estimates,
            estimators.weighted_average(
                np.stack([order, density, system.sites * density**2], axis=-1),
                samples.log_weight,
                function=lambda m: observables(m, t, system.sites),
            ),
        ),
        evaluations=trained.evaluations + n,
    )


def correlations(vectors: np.ndarray, log_weight: np.ndarray | None = None) -> Estimates:
    """<P2(u_i . u_(i+r))> for r = 1 .. N - 1, averaged along an open chain."""
    size = vectors.shape[-2]
    products = np.einsum("nia,nja->nij", vectors, vectors, optimize=True)
    p2 = 1.5 * products.astype(np.float64) ** 2 - 0.5
    each = [np.trace(p2, offset=r, axis1=1, axis2=2) / (size - r) for r in range(1, size)]
    return cast(Estimates, estimators.weighted_average(np.stack(each, axis=-1), log_weight))


def pair_order(measured: Measured) -> Estimate:
    """The root of <P2(u_i . u_j)> on a complete graph: an S without the bias of few spins."""
    system = measured.system
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
