"""What is measured of a generator of the dimer, alone and annealed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, sampling
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.priors import Normal
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, EDGES, Windows
from boltzmann_tf.samples import Samples
from boltzmann_tf.sampling import Path, WeightedParticles
from boltzmann_tf.systems.solvated_dimer import dimer_distance

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


def sampled(context: Context, trained: Trained, n: int, temperature: float = 1.0) -> Samples:
    """Samples of a generator, always the same ones at the same temperature."""
    seed = context.seed_of(f"samples of {trained.name} at T = {temperature:g}")
    return trained.generator.sample(n, temperature, seed=seed)


def bound(samples: Samples, temperature: float = 1.0, *, over: float = np.inf) -> Estimate:
    """J_KL by the true energy with its error, an upper bound of the free energy, kT.

    Energies higher by `over` than the median of those below 1000 kT are left out, as published
    with `OVER`.
    """
    terms, u = samples.kl_terms(Normal(samples.z.shape[1]), temperature), samples.energy
    if np.isfinite(over):
        terms = terms[u < np.median(u[u < 1000]) + over]
    return Estimate(float(np.mean(terms)), float(np.std(terms) / np.sqrt(len(terms))))


class Reweighted(NamedTuple):
    """Free energies from weighted samples."""

    profile: Profile  # F(d) in kT, the lowest bin at zero
    difference: Estimate  # F(open) - F(closed), kT
    ess: float  # effective fraction of the weights
    pareto_k: float  # of the weights
    samples: int  # that the weights are of
    energies: int  # that it took
    spread_ess: float = np.nan  # of annealed samples: see below


def reweighted(d: np.ndarray, log_weight: np.ndarray, seed: int) -> Reweighted:
    """Of lengths `[n]` and their log-weights, with bootstrap errors over at most 200 blocks."""
    options: dict[str, Any] = {"seed": seed, "n_blocks": 200}
    return Reweighted(
        estimators.free_energy_profile(d, log_weight, edges=EDGES, **options),
        estimators.free_energy_difference(d, log_weight, cut=CUT, **options),
        estimators.ess_fraction(log_weight),
        estimators.pareto_k(log_weight),
        samples=len(d),
        energies=len(d),
    )


def alone(context: Context, samples: Samples) -> Reweighted:
    """Free energies from a generator's own samples and weights."""
    return reweighted(dimer_distance(samples.x), samples.log_weight, context.seed_of("bootstrap"))


def annealed(context: Context, found: WeightedParticles) -> Reweighted:
    """Free energies from annealed samples."""
    own = reweighted(dimer_distance(found.x), found.log_weight, context.seed_of("bootstrap"))
    return own._replace(energies=found.energy_evaluations, spread_ess=spread_ess(found))


def spread_ess(found: WeightedParticles) -> float:
    """Effective fraction of the weights for the target with the generated spread along d."""
    return estimators.ess_fraction_along(dimer_distance(found.x), found.log_weight, edges=EDGES)


def cost(windows: Windows, temperature: float, found: Reweighted) -> dict[str, float]:
    """Energies of annealing and of umbrella sampling at the same error, by the names of a table."""
    known = windows.profile(temperature)
    use, energies = compared(known), windows.ladders[temperature].energy_evaluations
    stated, reached = (
        float(np.sqrt(np.mean(p.standard_error[use] ** 2))) for p in (found.profile, known)
    )
    actual = estimators.profile_rmse(found.profile, known.free_energy, mask=use)
    # Stated errors of heavy-tailed weights are too small: the larger of the two counts.
    equal = energies * (reached / max(stated, actual)) ** 2
    return {
        "annealing: energies": found.energies,
        "RMS error of F(d), stated (kT)": stated,
        "to umbrella sampling (kT)": actual,
        "umbrella sampling: energies": energies,
        "its RMS error (kT)": reached,
        "its energies at the error of annealing": equal,
        "ratio": found.energies / equal,
    }


def best_path(
    generator: BoltzmannGenerator, closed: np.ndarray, opened: np.ndarray
) -> tuple[Path, Path]:
    """The straight line in latent space whose highest energy at 9 points is the lowest of many.

    From closed to open configurations `[n, 76]` in their order; its 9 points, and 65 of it.
    """
    paths = sampling.interpolate(generator, closed, opened, n_points=9)
    best = int(np.argmin(paths.energy.max(axis=1)))
    own = slice(best, best + 1)
    fine = sampling.interpolate(generator, closed[own], opened[own], n_points=65)
    return Path(*(part[best] for part in paths)), Path(*(part[0] for part in fine))
