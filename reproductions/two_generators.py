"""Free-energy differences from two generators that each saw one state: figure 6c,d.

One generator is trained in the left state, another in the right one; neither ever sees the other
state. The published estimate is the difference of their mean energies minus log-Jacobians, that
is, of two upper bounds of the free energy: its error is the difference of two Kullback-Leibler
divergences. It counts what each generator covers; `bound_difference` keeps the bounds to the
states, and reweighting each generator within its own state removes the error altogether. Networks
and schedules are those of the authors' notebooks (one hidden layer for the double well, which the
supplement does not say), at several temperatures at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    System,
    estimators,
    realnvp,
    systems,
)
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.priors import Normal
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.reproductions.ensembles import Trainers, Variant
from boltzmann_tf.reproductions.evaluation import median
from boltzmann_tf.reproductions.recipes import end_state_data
from boltzmann_tf.reproductions.generator_pairs.figures import (
    show_differences,
    show_losses,
    what_the_networks_buy,
)
from boltzmann_tf.training import Ensemble

CHECKED = (0.5, 1.0, 2.0)
# In kT, targets set before any run: 0.15 for a difference of bounds, 0.05 reweighted.
TOLERANCES = {"published": 0.15, "bounds within the states": 0.15, "reweighted": 0.05}
STATES = ("left", "right")


@dataclass(frozen=True)
class Case:
    """One of the two systems.

    Attributes:
      name: in figures.
      system: what is sampled.
      blocks: RealNVP blocks of each network.
      hidden: widths of the hidden layers.
      step_size: of the Metropolis data; 1001 frames a state.
      n_steps: Metropolis steps of each state.
      temperatures: of the energy training.
      inside: configurations -> which lie in the left and in the right state.
      scanned: temperatures of the figure.
      pairs: of networks in preset quick, whose median is judged: several where pairs differ much.
    """

    name: str
    system: System
    blocks: int
    hidden: tuple[int, ...]
    step_size: float
    n_steps: int
    temperatures: tuple[float, ...]
    inside: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    scanned: tuple[float, ...]
    pairs: int = 1

    def build(self, seed: int, data: np.ndarray) -> Bijector:
        """The published network: affine blocks with unbounded scales."""
        del data
        return realnvp(2, blocks=self.blocks, hidden=self.hidden, scale_bound=None, seed=seed)

    def data(self, state: str, seed: int) -> np.ndarray:
        """Training configurations of one state."""
        stride = self.n_steps // 1000
        both = end_state_data(
            self.system, seed, n_steps=self.n_steps, stride=stride, step_size=self.step_size
        )
        half = len(both) // 2
        return both[:half] if state == "left" else both[half:]

    def recipe(self) -> list[Stage]:
        """200 iterations by example, 500 by example and energy at several temperatures."""
        return [
            Stage(200, 128, 1e-3),
            Stage(500, 1000, 1e-4, ml=1.0, kl=1.0, temperatures=self.temperatures, energy_high=1e4),
        ]


def _double_well_states(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[:, 0] < 0, x[:, 0] >= 0


def _mueller_states(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = 0.7 * (x[:, 0] - x[:, 1])
    return r < -1, r > 0


SCANNED = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
CASES = (
    Case(
        "double well",
        systems.DoubleWell(),
        blocks=4,
        hidden=(100,),
        step_size=0.1,
        n_steps=10_000,
        temperatures=(0.5, 1.0, 2.0, 4.0),
        inside=_double_well_states,
        scanned=(*SCANNED, 4.0),
    ),
    Case(
        "Müller-Brown",
        systems.MuellerBrown(),
        blocks=5,
        hidden=(100, 100),
        step_size=0.05,
        n_steps=1000,
        temperatures=(0.25, 0.5, 1.0, 2.0, 3.0),
        inside=_mueller_states,
        scanned=SCANNED,
        pairs=5,
    ),
)


def _near(terms: np.ndarray) -> np.ndarray:
    """False for far outliers, which go, as published."""
    return np.abs(terms - np.median(terms)) < 100


def bound_terms(samples: Samples, temperature: float) -> np.ndarray:
    """u / tau - log|dx/dz| of each sample, whose mean is J_KL; without far outliers."""
    terms = samples.kl_terms(Normal(samples.z.shape[1]), temperature)
    return terms[_near(terms)]


class Accumulate(keras.callbacks.Callback):
    """Collects u / tau - log|dx/dz| while the energy trains, as the published estimator does.

    The authors drew 1000 samples every 10 iterations and used those after iteration 200; here it
    is 5000 every 50. Later samples come from a better density, earlier ones from one that had less
    time to leave its state.
    """

    def __init__(self, generator: BoltzmannGenerator, temperatures: tuple[float, ...]) -> None:
        super().__init__()
        self._generator = generator
        self.terms: dict[float, list[np.ndarray]] = {t: [] for t in temperatures}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Samples after iteration 200 of a stage."""
        del logs
        if batch > 200:
            for i, (temperature, terms) in enumerate(self.terms.items()):
                samples = self._generator.sample(5000, temperature, seed=100 * batch + i)
                terms.append(bound_terms(samples, temperature))


def estimates(
    case: Case, pair: dict[str, Samples], watched: dict[str, Accumulate], temperature: float
) -> dict[str, Estimate]:
    """F(right) - F(left) in kT by each estimator."""
    weights = [pair[state].log_weight for state in STATES]
    inside = [case.inside(pair[state].x)[i] for i, state in enumerate(STATES)]
    bounded = [mask & _near(weight) for mask, weight in zip(inside, weights, strict=True)]
    return {
        "published": estimators.two_generator_difference(
            *(np.concatenate(watched[state].terms[temperature]) for state in STATES)
        ),
        "bounds within the states": estimators.bound_difference(*weights, *bounded),
        "reweighted": estimators.reweighted_difference(*weights, *inside),
    }


def scan(
    context: Context, case: Case, ensembles: dict[str, Ensemble], samples: int
) -> list[dict[float, dict[str, Estimate]]]:
    """All estimates at every temperature, a dictionary for each pair of networks."""
    found = []
    pairs = len(ensembles["left"].members)
    for i in range(pairs):
        # The first pair makes the figure; the others are judged at three temperatures.
        temperatures = case.scanned if i == 0 else CHECKED
        drawn: dict[str, dict[float, Samples]] = {}
        for state, ensemble in ensembles.items():
            generator = ensemble.use(ensemble.members[i])
            drawn[state] = {
                t: generator.sample(samples, t, seed=1000 * i + k)
                for k, t in enumerate(temperatures)
            }
        found.append(
            {
                t: estimates(
                    case,
                    {s: drawn[s][t] for s in STATES},
                    {s: ensembles[s].members[i].watch for s in STATES},
                    t,
                )
                for t in temperatures
            }
        )
        context.count_energy_evaluations(2 * samples * len(temperatures))
    return found


@reproduction("two_generators", "Two generators, one state each: figure 6c,d of Noé et al. 2019")
def run(context: Context) -> None:
    """Trains the pairs, scans the temperature, and checks the estimators."""
    wide = 2.0 if context.quick else 1.0
    results, trained = {}, {}
    for case in CASES:
        trainers = Trainers(context, case.system)
        # One function object for both states, so that they share one compilation.
        build = case.build
        trained[case.name] = {
            state: trainers.train(
                Variant(f"{case.name}, {state}", build, case.recipe()),
                lambda seed, case=case, state=state: case.data(state, seed),  # type: ignore[misc]
                watch=lambda generator, case=case: Accumulate(  # type: ignore[misc]
                    generator, case.scanned
                ),
                seeds=case.pairs if context.quick else None,
            )
            for state in STATES
        }
        context.log(f"{case.name}: evaluation")
        results[case.name] = scan(context, case, trained[case.name], 100_000)
    show_differences(context, CASES, {name: found[0] for name, found in results.items()})
    show_losses(context, CASES, trained)
    what_the_networks_buy(context, CASES, results, CHECKED, 100_000)
    context.text(
        "The published estimator counts what each generator covers, not what its state is. Above "
        "T = 1 the Müller-Brown right state and the middle basin are hardly separated, and the "
        "right generator, trained at T up to 3, spreads into it to a degree that differs from "
        "network to network: at T = 2 the estimate lies anywhere between the exact difference and "
        "that of both basins together (1.42 kT), and its median misses the target. The published "
        "curve, one pair of networks, reads 1.8. Bounds within the states "
        "(log Z of a state is at least the mean log-weight in it plus the logarithm of the share "
        "of the samples there) answer for the right basin alone, again without reweighting; "
        "reweighting within each state has no such error at all."
    )
    context.section("Numbers")
    for case in CASES:
        for t in CHECKED:
            exact = case.system.exact.free_energy_difference(t)
            for kind, tolerance in TOLERANCES.items():
                found = [pair[t][kind] for pair in results[case.name]]
                context.add(
                    Metric.close(
                        f"{case.name}: ΔF at T = {t:g}, {kind} (kT)",
                        median([e.value for e in found]),
                        exact,
                        tolerance * wide,
                        standard_error=median([e.standard_error for e in found]),
                        source="quadrature, boltzmann_tf.exact",
                        justification="a target set before any run; quick: twice as wide",
                    ),
                    headline=t == 1.0 and kind == "reweighted",
                )
        for state in STATES:
            ensemble = trained[case.name][state]
            context.add(
                Metric.at_most(
                    f"{case.name}, {state}: networks that ended in NaN, of {len(ensemble.members)}",
                    ensemble.nan_count,
                    0,
                    justification="none may",
                )
            )


if __name__ == "__main__":
    main_for("two_generators")
