"""What is measured of a generator of the dimer, alone and annealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.priors import Normal
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, EDGES
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = [
    "REGIONS",
    "Region",
    "Reweighted",
    "barrier",
    "compared",
    "extrema",
    "inversion_error",
    "kl_loss",
    "minima",
    "regions",
    "reweighted",
]

# d of each.
REGIONS = {"closed": (0.0, 1.3), "transition": (1.3, 1.7), "open": (1.7, np.inf)}


@dataclass(frozen=True)
class Region:
    """Generated configurations of one range of d.

    Attributes:
      share: of all samples.
      median: of their true energies, kT; NaN where there are none.
      low: share of them with u < 80 kT.
    """

    share: float
    median: float
    low: float


def regions(x: np.ndarray, energy: np.ndarray) -> dict[str, Region]:
    """By range of d."""
    d = dimer_distance(x)
    found = {}
    for name, (low, high) in REGIONS.items():
        u = energy[(d > low) & (d <= high)].astype(np.float64)
        some = len(u) > 0
        found[name] = Region(
            len(u) / len(d),
            float(np.median(u)) if some else np.nan,
            float(np.mean(u < 80)) if some else np.nan,
        )
    return found


def kl_loss(samples: Samples) -> Estimate:
    """J_KL by the true energy at T = 1, in kT: mean of u - log|dx/dz|."""
    terms = samples.kl_terms(Normal(samples.z.shape[1]))
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
      spread_ess: the same of annealed samples for the target that spreads them along d as they were
        generated; NaN without annealing.
      pareto_k: of the weights.
      energies: number of energies that it took.
      samples: that the weights are of.
    """

    profile: Profile
    difference: Estimate
    ess: float
    spread_ess: float
    pareto_k: float
    energies: int
    samples: int


def reweighted(
    x: np.ndarray,
    log_weight: np.ndarray,
    energies: int,
    *,
    batches: int = 200,
    seed: int,
) -> Reweighted:
    """Profile and difference with bootstrap errors over blocks, at most `batches` of them."""
    d = dimer_distance(x).astype(np.float64)
    options: dict[str, Any] = {"seed": seed, "n_blocks": batches}
    return Reweighted(
        estimators.free_energy_profile(d, log_weight, edges=EDGES, **options),
        estimators.free_energy_difference(
            d, log_weight, left=(-np.inf, CUT), right=(CUT, np.inf), **options
        ),
        estimators.ess_fraction(log_weight),
        np.nan,
        estimators.pareto_k(log_weight),
        energies,
        len(log_weight),
    )


def compared(d: np.ndarray) -> np.ndarray:
    """Bins of a profile that count in its errors: 0.8 < d < 2.2."""
    return (d > 0.8) & (d < 2.2)


def barrier(profile: Profile, at: Profile | None = None) -> Estimate:
    """F at the top between 1.3 and 1.7 minus F at the minimum below 1.3.

    Args:
      profile: F(d).
      at: the profile that says in which bins top and minima are, without which it is the profile
        itself: of one with noise, the highest of many bins lies too high and the lowest too low.

    Returns:
      the difference, NaN where one of the bins is empty, and its error from those of both.
    """
    closed, top, _ = extrema(at or profile)
    return _between(profile, closed, top)


def minima(profile: Profile, at: Profile | None = None) -> Estimate:
    """F at the minimum above 1.7 minus F at that below 1.3; arguments as of `barrier`."""
    closed, _, opened = extrema(at or profile)
    return _between(profile, closed, opened)


def extrema(profile: Profile) -> tuple[int, int, int]:
    """Bins of the minimum below 1.3, the top between 1.3 and 1.7, and the minimum above 1.7."""
    d, f = profile.centers, profile.free_energy
    return (
        int(np.nanargmin(np.where(d < 1.3, f, np.nan))),
        int(np.nanargmax(np.where((d > 1.3) & (d < 1.7), f, np.nan))),
        int(np.nanargmin(np.where(d > 1.7, f, np.nan))),
    )


def _between(profile: Profile, first: int, last: int) -> Estimate:
    f, error = profile.free_energy, profile.standard_error
    return Estimate(float(f[last] - f[first]), float(np.hypot(error[first], error[last])))
