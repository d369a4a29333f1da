"""What is measured of each trained network of figure 2, and the medians over networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, sampling, systems
from boltzmann_tf.estimators import Coverage, Estimate, Profile, WeightReport
from boltzmann_tf.reproduction import Context, chain_columns
from boltzmann_tf.reproductions.figure2.case import STATES, Case
from boltzmann_tf.samples import Samples
from boltzmann_tf.training import Ensemble

LOSSES = {"J_KL": "kl", "J_ML": "ml", "J_RC": "rc"}  # as in the history
TEMPERATURES = (0.5, 1.0, 2.0)
EVALUATED = 10  # networks of a variant at most; all of them count as runs that may end in NaN
SAMPLES = 200_000
SHOWN = 100_000  # of the first network
# Of the profiles: what lies beside the paths of the prior at T = 1 is reached by the hotter ones.
PRIORS = (1.0, 2.0, 4.0, 8.0)


class Evaluation(NamedTuple):
    """One network, seen through `SAMPLES` configurations at each temperature."""

    weights: Mapping[float, WeightReport]  # at each temperature
    difference: Mapping[float, Estimate]  # reweighted, at each temperature
    coverage: Coverage  # of the basins, at T = 1 as what follows
    profile: Profile  # reweighted, from priors at all of `PRIORS`
    plain: Profile  # reweighted, from the prior at T = 1 alone, as published
    generated: Profile  # without weights


class Trained(NamedTuple):
    """The networks of a variant, and what is known of them."""

    case: Case
    ensemble: Ensemble
    evaluations: Sequence[Evaluation]  # of the first networks
    shown: Samples  # of the first, at T = 1

    def median(self, of: Callable[[Evaluation], float]) -> float:
        """Median over networks; NaN if one is."""
        return float(np.median([of(each) for each in self.evaluations]))

    def ess(self, temperature: float = 1.0) -> float:
        """Median effective fraction of the weights."""
        return self.median(lambda e: e.weights[temperature].ess_fraction)

    def difference(self, temperature: float) -> Estimate:
        """Medians of the free-energy difference and of its stated error."""
        return Estimate(*np.median([e.difference[temperature] for e in self.evaluations], axis=0))

    def gap(self) -> float:
        """Median of KL(generated, Boltzmann), which is J_KL minus its bound, by true energies."""
        return self.median(lambda e: self.case.exact.log_z(1.0) - e.weights[1.0].lower.value)

    def rmse(self) -> float:
        """Median RMSE of the profile, in kT."""
        return self.median(lambda e: self.case.rmse(e.profile))


Found = Mapping[str, Trained]  # by the name of the variant


def measure(context: Context, case: Case, ensemble: Ensemble) -> Trained:
    """Evaluates the first networks of a variant."""
    context.log(f"{ensemble.name}: evaluation")
    evaluated = enumerate(ensemble.members[:EVALUATED])
    evaluations = [evaluate(context, case, ensemble.use(member), k) for k, member in evaluated]
    shown = ensemble.use().sample(SHOWN, seed=context.seed_of("samples shown"))
    return Trained(case, ensemble, evaluations, shown)


def evaluate(context: Context, case: Case, generator: BoltzmannGenerator, k: int) -> Evaluation:
    """Evaluates the k-th network."""
    samples = {
        t: generator.sample(SAMPLES, t, seed=context.seed_of("evaluation", k, i))
        for i, t in enumerate(TEMPERATURES)
    }
    seed = context.seed_of("evaluation from hot priors", k)
    hot, one = sampling.tempered(generator, PRIORS, SAMPLES, seed=seed), samples[1.0]
    seed = context.seed_of("bootstrap", k)
    profiles = [
        estimators.free_energy_profile(case.along(x), log_weight, edges=case.edges, seed=seed)
        for x, log_weight in ((hot.x, hot.log_weight), (one.x, one.log_weight), (one.x, None))
    ]
    return Evaluation(
        {t: estimators.weight_report(s.log_weight) for t, s in samples.items()},
        {t: case.difference(s, seed) for t, s in samples.items()},
        case.coverage(one),
        *profiles,
    )


def calibration(context: Context, trained: Trained, *, n: int = 16_384) -> np.ndarray:
    """z-scores of the first network's free-energy differences, 20 at each temperature, `[60]`.

    Honest errors give them a standard deviation of one. `n`: samples of each, enough for some to
    fall into the rarer state, as a state without samples has no error to be judged.
    """
    case, generator, scores = trained.case, trained.ensemble.use(), []
    for i, t in enumerate(TEMPERATURES):
        exact = case.exact.free_energy_difference(t)
        for k in range(20):
            samples = generator.sample(n, t, seed=context.seed_of("calibration", i, k))
            found = case.difference(samples, context.seed_of("calibration, bootstrap", i, k))
            scores.append((found.value - exact) / found.standard_error)
    return np.array(scores)


def in_each_state(context: Context, case: Case) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Metropolis within each state: energies, as many of each as its exact share; how it fared."""
    rng = np.random.default_rng(context.seed_of("Metropolis, energies"))
    shares = np.array([case.exact.probability(1.0, *case.exact.states[s]) for s in STATES])
    energies, rows = [], []
    for k, (state, share) in enumerate(zip(STATES, shares / shares.sum(), strict=True)):
        chains = sampling.metropolis(
            systems.Within(case.system, case.coordinate, case.exact.states[state]),
            np.tile(case.system.initial_state(state), (128, 1)),
            n_steps=8000,
            stride=20,
            burn_in=1000,
            target_acceptance=0.4,
            step_size=0.2,
            seed=context.seed_of("Metropolis", k),
        )
        energies.append(rng.choice(-chains.log_prob.ravel(), int(50_000 * share)))
        along = case.along(chains.configurations).reshape(chains.log_prob.shape)
        fared = chain_columns(chains, {case.label: along, "u": chains.log_prob})
        rows.append({"state": state} | fared)
    return np.concatenate(energies), rows
