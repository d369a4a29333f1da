"""What is measured of each trained network of figure 2, and the medians over networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators
from boltzmann_tf.estimators import Coverage, Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import tempered
from boltzmann_tf.training import Ensemble

__all__ = ["TEMPERATURES", "Evaluation", "Target", "calibration", "evaluate", "median"]

TEMPERATURES = (0.5, 1.0, 2.0)
EVALUATED = 10  # networks of an ensemble at most; all of them count as runs that may end in NaN
SAMPLES = 200_000
# Of the profiles: what lies beside the paths of the prior at T = 1 is reached by the hotter ones.
PRIORS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Target:
    """The reaction coordinate of a profile, its states, and the exact answers.

    Attributes:
      coordinate: configurations `[n, D]` -> `[n]`.
      left: interval of the left state.
      right: interval of the right state.
      edges: of the profile's bins.
      exact: reference with `log_z(T)`, `free_energy_difference(T)`, `bin_probabilities(edges, T)`.
    """

    coordinate: Callable[[np.ndarray], np.ndarray]
    left: tuple[float, float]
    right: tuple[float, float]
    edges: np.ndarray
    exact: Any

    @property
    def profile(self) -> np.ndarray:
        """Exact free energy of each bin at T = 1, minus log density, lowest bin at zero."""
        f = self.exact.free_energy_profile(self.edges, 1.0) + np.log(np.diff(self.edges))
        return f - np.min(f)

    def difference(self, samples: Samples, seed: int) -> Estimate:
        """Reweighted free-energy difference, right minus left, in kT."""
        return estimators.free_energy_difference(
            self.coordinate(samples.x),
            samples.log_weight,
            left=self.left,
            right=self.right,
            seed=seed,
        )

    def coverage(self, samples: Samples) -> Coverage:
        """Coverage of the basins at T = 1."""
        edges = np.unique([-np.inf, *self.left, *self.right, np.inf])
        edges = edges[np.isfinite(edges)]
        edges = np.concatenate([[self.edges[0] - 10], edges, [self.edges[-1] + 10]])
        return estimators.coverage(
            self.coordinate(samples.x),
            edges=edges,
            reference_probability=self.exact.bin_probabilities(edges, 1.0),
        )


@dataclass(frozen=True)
class Evaluation:
    """One network, seen through `SAMPLES` configurations at each temperature.

    Attributes:
      gap: J_KL minus its bound, the Kullback-Leibler divergence of the generated from the
        Boltzmann density, at T = 1, by the true energy.
      ess: effective fraction of the weights at each temperature.
      pareto_k: at T = 1.
      difference: reweighted free-energy difference at each temperature.
      proposal: the same at T = 1 without weights.
      coverage: of the basins at T = 1.
      profile: reweighted, at T = 1, from priors at all of `PRIORS`.
      rmse: of that profile against the exact one, given the bins to compare.
      plain_profile: reweighted, at T = 1, from the prior at T = 1 alone, as published.
      plain_rmse: of that profile.
      proposal_profile: without weights.
    """

    gap: Estimate
    ess: dict[float, float]
    pareto_k: float
    difference: dict[float, Estimate]
    proposal: Estimate
    coverage: Coverage
    profile: Profile
    rmse: float
    plain_profile: Profile
    plain_rmse: float
    proposal_profile: Profile


def evaluate(
    context: Context, ensemble: Ensemble, target: Target, compared: np.ndarray
) -> list[Evaluation]:
    """Evaluates the first networks of an ensemble; `compared` marks the bins of the RMSE."""
    context.log(f"{ensemble.name}: evaluation")
    results = []
    for run in ensemble.members[:EVALUATED]:
        generator = ensemble.use(run)
        samples = {
            t: generator.sample(SAMPLES, t, seed=1000 * run.seed + i)
            for i, t in enumerate(TEMPERATURES)
        }
        wide = tempered(generator, PRIORS, SAMPLES, seed=1000 * run.seed + 500)
        context.count_energy_evaluations(SAMPLES * (len(TEMPERATURES) + 1))
        results.append(_evaluate(samples, wide, target, compared, run.seed))
    return results


def _evaluate(
    samples: dict[float, Samples],
    wide: Samples,
    target: Target,
    compared: np.ndarray,
    seed: int,
) -> Evaluation:
    one = samples[1.0]
    r = target.coordinate(one.x)
    lower = estimators.log_z_bounds(one.log_weight).lower
    profile, plain = (
        estimators.free_energy_profile(
            target.coordinate(s.x), s.log_weight, edges=target.edges, seed=seed
        )
        for s in (wide, one)
    )
    return Evaluation(
        gap=Estimate(target.exact.log_z(1.0) - lower.value, lower.standard_error),
        ess={t: estimators.ess_fraction(s.log_weight) for t, s in samples.items()},
        pareto_k=estimators.pareto_k(one.log_weight),
        difference={t: target.difference(s, seed) for t, s in samples.items()},
        proposal=estimators.free_energy_difference(
            r, left=target.left, right=target.right, seed=seed
        ),
        coverage=target.coverage(one),
        profile=profile,
        rmse=estimators.profile_rmse(profile, target.profile, mask=compared),
        plain_profile=plain,
        plain_rmse=estimators.profile_rmse(plain, target.profile, mask=compared),
        proposal_profile=estimators.free_energy_profile(r, edges=target.edges, seed=seed),
    )


def median(values: Sequence[float]) -> float:
    """Median, NaN if any value is."""
    return float(np.median(np.asarray(values, np.float64)))


def calibration(
    generator: BoltzmannGenerator, target: Target, *, seeds: int = 20, samples: int = 16_384
) -> np.ndarray:
    """z-scores of the free-energy differences of `seeds` independent evaluations at each T.

    Honest errors give them a standard deviation of one.
    """
    scores = []
    for t in TEMPERATURES:
        exact = target.exact.free_energy_difference(t)
        for seed in range(seeds):
            draw = generator.sample(samples, t, seed=500_000 + 1000 * seed + int(10 * t))
            estimate = target.difference(draw, seed)
            scores.append((estimate.value - exact) / estimate.standard_error)
    return np.array(scores)
