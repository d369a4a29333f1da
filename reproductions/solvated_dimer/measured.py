"""What is measured of a generator of the dimer, alone and annealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators, sampling
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.priors import Normal
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, EDGES, Windows
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = [
    "COMPARED",
    "OVER",
    "REGIONS",
    "TOP",
    "BestPath",
    "Cost",
    "Reweighted",
    "alone",
    "best_path",
    "bound",
    "compared",
    "costs",
    "inversion_error",
    "regions",
    "reweighted",
    "sampled",
]

# d of each.
REGIONS = {"closed": (0.0, 1.3), "transition": (1.3, 1.7), "open": (1.7, np.inf)}
TOP = REGIONS["transition"]  # where the barrier is
COMPARED = (0.8, 2.2)  # d of the bins that count in a profile's errors
OVER = 50.0  # kT over the median, above which energies are left out of the published bounds


def compared(profile: Profile) -> np.ndarray:
    """Bins of a profile that count in its errors."""
    low, high = COMPARED
    return (profile.centers > low) & (profile.centers < high)


def regions(x: np.ndarray) -> dict[str, np.ndarray]:
    """Which of configurations `[n, 76]` are in each region, `[n]`."""
    d = dimer_distance(x)
    return {name: (d > low) & (d <= high) for name, (low, high) in REGIONS.items()}


def bound(samples: Samples, temperature: float = 1.0, *, over: float = np.inf) -> Estimate:
    """J_KL by the true energy with its error, an upper bound of the free energy, kT.

    Args:
      samples: of a generator at T.
      temperature: T.
      over: energies that are higher than the median of those below 1000 kT by more are left out;
        `OVER` as published.
    """
    terms, u = samples.kl_terms(Normal(samples.z.shape[1]), temperature), samples.energy
    if np.isfinite(over):
        terms = terms[u < np.median(u[u < 1000]) + over]
    return Estimate(float(np.mean(terms)), float(np.std(terms) / np.sqrt(len(terms))))


def inversion_error(generator: BoltzmannGenerator, z: np.ndarray) -> float:
    """Largest |z - F^-1(F(z))|."""
    x, _ = generator.to_configuration(tf.constant(z))
    back, _ = generator.to_latent(x)
    return float(np.max(np.abs(back.numpy() - z)))


class Reweighted(NamedTuple):
    """Free energies from weighted samples.

    Attributes:
      profile: F(d) in kT, the lowest bin at zero.
      difference: F(open) - F(closed), kT.
      ess: effective fraction of the weights.
      pareto_k: of the weights.
      samples: that the weights are of.
      energies: number of energies that it took.
      spread_ess: of annealed samples, the effective fraction for the target that spreads them along
        d as they were generated; NaN without annealing.
    """

    profile: Profile
    difference: Estimate
    ess: float
    pareto_k: float
    samples: int
    energies: int
    spread_ess: float = np.nan


def reweighted(
    x: np.ndarray, log_weight: np.ndarray, *, energies: int | None = None, seed: int
) -> Reweighted:
    """Of weighted samples, with bootstrap errors over at most 200 blocks.

    Args:
      x: configurations, `[n, 4 or more]`: those of the dimer are enough.
      log_weight: `[n]`.
      energies: that they took; None for one a sample.
      seed: of the bootstrap.
    """
    d = dimer_distance(x).astype(np.float64)
    options: dict[str, Any] = {"seed": seed, "n_blocks": 200}
    n = len(log_weight)
    return Reweighted(
        estimators.free_energy_profile(d, log_weight, edges=EDGES, **options),
        estimators.free_energy_difference(d, log_weight, cut=CUT, **options),
        estimators.ess_fraction(log_weight),
        estimators.pareto_k(log_weight),
        n,
        n if energies is None else energies,
    )


def sampled(context: Context, trained: Trained, n: int, temperature: float = 1.0) -> Samples:
    """Samples of a generator, always the same ones at the same temperature."""
    seed = context.seed_of(f"samples of {trained.name} at T = {temperature:g}")
    return trained.generator.sample(n, temperature, seed=seed)


def alone(context: Context, trained: Trained, n: int, temperature: float) -> Reweighted:
    """Free energies from a generator's own samples and weights."""
    s = sampled(context, trained, n, temperature)
    return reweighted(s.x, s.log_weight, seed=context.seed_of("bootstrap"))


class Cost(NamedTuple):
    """Energies that annealing takes, and umbrella sampling at the same error.

    Attributes:
      energies: of annealing.
      stated: its RMS error of F(d), kT.
      actual: its RMS deviation from umbrella sampling.
      of_umbrella: energies of umbrella sampling.
      known: its RMS error.
    """

    energies: int
    stated: float
    actual: float
    of_umbrella: int
    known: float

    @property
    def equal(self) -> float:
        """Energies of umbrella sampling at the error of annealing.

        Stated errors of heavy-tailed weights are too small: the larger of the two counts.
        """
        return self.of_umbrella * (self.known / max(self.stated, self.actual)) ** 2

    @property
    def ratio(self) -> float:
        """Of the energies, annealing over umbrella sampling."""
        return self.energies / self.equal


def costs(windows: Windows, annealed: Mapping[float, Reweighted]) -> dict[float, Cost]:
    """At each temperature, over the bins that are compared."""
    found = {}
    for t, r in annealed.items():
        known = windows.profile(t)
        use = compared(known)
        stated, reached = (
            float(np.sqrt(np.mean(p.standard_error[use] ** 2))) for p in (r.profile, known)
        )
        actual = estimators.profile_rmse(r.profile, known.free_energy, mask=use)
        energies = windows.ladders[t].energy_evaluations
        found[t] = Cost(r.energies, stated, actual, energies, reached)
    return found


class BestPath(NamedTuple):
    """The straight line in latent space whose highest energy is the lowest of many.

    Attributes:
      x: configurations at its 9 points.
      energy: theirs.
      fine_x: the same at 65 points.
      fine_energy: theirs.
      tried: lines.
    """

    x: np.ndarray
    energy: np.ndarray
    fine_x: np.ndarray
    fine_energy: np.ndarray
    tried: int


def best_path(generator: BoltzmannGenerator, closed: np.ndarray, opened: np.ndarray) -> BestPath:
    """From closed to open configurations `[n, 76]` in their order, 2000 pairs at most."""
    n = min(len(closed), len(opened), 2000)
    path = sampling.interpolate(generator, closed[:n], opened[:n], n_points=9)
    best = int(np.argmin(path.energy.max(axis=1)))
    ends = closed[best : best + 1], opened[best : best + 1]
    fine = sampling.interpolate(generator, *ends, n_points=65)
    return BestPath(path.x[best], path.energy[best], fine.x[0], fine.energy[0], n)
