"""Two generators of the dimer that never saw each other's state: figure 6e of Noé et al. 2019.

One generator is trained on the closed state, one on the open; the difference of their losses J_KL,
each an upper bound of its state's free energy, estimates F(open) - F(closed) at every temperature
without any path between the states. `published` follows the authors' notebook, with several pairs.
`ours` holds each state's length by a fixed map and trains the rest by energy; preset paper also
anneals, within each state, from hot and tethered particles. The reference is umbrella sampling: the
authors' own points agree with it at T = 1 only (see the report of `dimer`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.priors import Normal
from boltzmann_tf.reproduction import Context, Metric, diagnose, main_for, reproduction
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.solvated_dimer import (
    figure6e,
    flows,
    generators,
    published_pairs,
    reference,
    reference_figures,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer.flows import SPREAD
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT
from boltzmann_tf.reproductions.solvated_dimer.tethered import AnnealedDimer

STATES = ("closed", "open")


@dataclass(frozen=True)
class Plan:
    """How much a preset does.

    Attributes:
      reference: temperatures of umbrella sampling.
      rounds: of each of its ladders, 5 sweeps each.
      scanned: temperatures of the figure.
      frames: of each state.
      published: pairs of the published variant.
      steps: of the energy training of each of ours.
      hidden: widths of the hidden layers of ours.
      samples: at each temperature.
      tethered_steps: of the energy training of the generators that are annealed.
      annealed: samples annealed in each state, to T = 2, 1 and 0.5; 0 for none.
      annealing_sweeps: for each fall of the temperature by e.
    """

    reference: tuple[float, ...]
    rounds: int
    scanned: tuple[float, ...]
    frames: int
    published: int
    steps: int
    hidden: tuple[int, ...]
    samples: int
    tethered_steps: int
    annealed: int
    annealing_sweeps: int


SCANNED = (0.2, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
PLANS = {
    "quick": Plan(
        reference=(1.0, 2.0),
        rounds=1500,
        scanned=(0.7, 1.0, 1.4, 2.0),
        frames=10_048,
        published=0,
        steps=300,
        hidden=(128, 128),
        samples=20_000,
        tethered_steps=0,
        annealed=0,
        annealing_sweeps=0,
    ),
    "paper": Plan(
        reference=(0.25, 0.5, 1.0, 2.0),
        rounds=2500,
        scanned=SCANNED,
        frames=10_048,
        published=3,
        steps=600,
        hidden=(200, 200),
        samples=20_000,
        tethered_steps=600,
        annealed=2048,
        annealing_sweeps=6000,
    ),
}


def bound(samples: Samples, temperature: float) -> Estimate:
    """J_KL at T with its error, as published: energies over the median + 50 kT left out."""
    terms = samples.kl_terms(Normal(samples.z.shape[1]), temperature)
    low = samples.energy < np.median(samples.energy[samples.energy < 1000]) + 50
    kept = terms[low]
    return Estimate(float(np.mean(kept)), float(np.std(kept) / np.sqrt(len(kept))))


def difference(pair: dict[str, Estimate]) -> Estimate:
    """Open minus closed."""
    closed, opened = pair["closed"], pair["open"]
    return Estimate(
        opened.value - closed.value, float(np.hypot(opened.standard_error, closed.standard_error))
    )


def scan(context: Context, pair: Mapping[str, Trained], plan: Plan) -> dict[float, Estimate]:
    """Differences of bounds at every temperature."""
    found = {}
    for i, t in enumerate(sorted({*plan.scanned, *plan.reference})):
        found[t] = difference(
            {
                s: bound(g.generator.sample(plan.samples, t, seed=context.seed + i), t)
                for s, g in pair.items()
            }
        )
        context.count_energy_evaluations(2 * plan.samples)
    return found


def by_annealing(
    context: Context, frames: dict[str, np.ndarray], plan: Plan
) -> dict[str, dict[float, AnnealedDimer]]:
    """Each state at three temperatures, annealed within it from hot, tethered particles."""
    annealed = {}
    ranges = {"closed": (SPREAD[0], CUT), "open": (CUT, SPREAD[1])}
    for i, (state, x) in enumerate(frames.items()):
        seed = context.seed + 100 * i
        context.log(f"{state}:")
        hot = tethered.train(
            context,
            x,
            flows.lengths_within(x, *ranges[state], seed),
            iterations=plan.tethered_steps,
            blocks=4,
            hidden=plan.hidden,
            seed=seed,
        )
        temperatures = (2.0, 1.0, 0.5)
        annealed[state] = tethered.anneal(
            context, hot, plan.annealed, temperatures, sweeps=plan.annealing_sweeps, seed=seed
        )
    return annealed


def annealed_differences(
    context: Context, annealed: dict[str, dict[float, AnnealedDimer]]
) -> dict[float, Estimate]:
    """Differences of log Z, and a table of the weights that they come from."""
    log_z = {s: {t: a.log_z() for t, a in own.items()} for s, own in annealed.items()}
    context.table(
        "Annealed weights of each state",
        [
            {"state": s, "T": f"{t:g}",
             "log Z, up to a constant": f"{log_z[s][t].value:.3f} ± "
             f"{log_z[s][t].standard_error:.3f}",
             "ESS fraction": diagnose("ESS fraction", estimators.ess_fraction(a.log_weight),
                                      n=len(a.log_weight)),
             "of the spread target": f"{a.spread_ess():.2g}",
             "k-hat": diagnose("k-hat", estimators.pareto_k(a.log_weight)),
             "energies": f"{a.energies:,}"}
            for s, own in annealed.items()
            for t, a in own.items()
        ],
    )  # fmt: skip
    return {
        t: difference({s: Estimate(-z[t].value, z[t].standard_error) for s, z in log_z.items()})
        for t in log_z["closed"]
    }


def what_the_networks_buy(
    context: Context, frames: Mapping[str, np.ndarray], pair: Mapping[str, Trained], n: int
) -> None:
    """Weights at T = 1 of each state's generator, and of a Gaussian fitted to its frames."""
    rows = []
    for state, x in frames.items():
        drawn = pair[state].generator.sample(n, seed=context.seed + 20).log_weight
        context.count_energy_evaluations(n)
        for name, log_weight in (
            ("a Gaussian", gaussian(context, reference.SYSTEM, x, n)),
            ("ours", drawn),
        ):
            rows.append(({"state": state, "proposal, T = 1": name}, log_weight))
    buys_table(
        context,
        "a Gaussian fitted to the frames of the state (log Z of one order of the solvent, up to a "
        "constant)",
        rows,
    )


@reproduction(
    "free_energies", "Dimer, two generators, one state each: figure 6e of Noé et al. 2019"
)
def run(context: Context) -> None:
    """Trains the pairs, scans the temperature, and compares."""
    plan, seed = PLANS[context.preset], context.seed
    windows = reference.umbrella(context, plan.reference, plan.rounds)
    known = {t: windows.difference(t) for t in plan.reference}
    frames = {s: reference.frames(s, plan.frames, seed=seed) for s in STATES}
    published = published_pairs.train(context, plan.published, plan.frames, seed=seed)
    ours = {
        s: generators.ours_state(
            context, s, x, iterations=plan.steps, hidden=plan.hidden, seed=seed
        )
        for s, x in frames.items()
    }  # fmt: skip
    context.log("evaluation")
    results, each = {}, [scan(context, pair, plan) for pair in published]
    if published:
        results["published, bounds"] = published_pairs.averaged(each)
    results["ours, bounds"] = scan(context, ours, plan)
    if plan.annealed:
        annealed = by_annealing(context, frames, plan)
        results["ours, annealed"] = annealed_differences(context, annealed)
    figure6e.show(context, known, results, len(published))
    if published:
        published_pairs.explain(context, each)
        published_pairs.table(context, published, each)
    reference_figures.published_table(context, windows)
    context.table(
        "F(open) - F(closed) in kT",
        [
            {"T": f"{t:g}"}
            | {n: f"{r[t].value:.2f} ± {r[t].standard_error:.2f}" if t in r else "–"
               for n, r in results.items()}
            | {"umbrella sampling": f"{own.value:.3f} ± {own.standard_error:.3f}"}
            for t, own in known.items()
        ],
    )  # fmt: skip
    what_the_networks_buy(context, frames, ours, plan.samples)
    context.section("Numbers")
    add_numbers(context, known, results)
    if published:
        published_pairs.add_numbers(context, published)
    pairs = {f"published {i + 1}": pair for i, pair in enumerate(published)} | {"ours": ours}
    for name, pair in pairs.items():
        for state, trained in pair.items():
            context.add(
                Metric.at_most(f"{name}, {state}: steps skipped", trained.history.skipped, 0,
                               justification="no gradient may be NaN")
            )  # fmt: skip


def add_numbers(
    context: Context,
    known: dict[float, Estimate],
    results: dict[str, dict[float, Estimate]],
) -> None:
    """Differences of bounds to the published scatter, annealed ones to a target set before."""
    wide = 2.0 if context.quick else 1.0
    for name, found in results.items():
        bounds = name.endswith("bounds")
        for t in (1.0,) if bounds else tuple(found):
            context.add(
                Metric.close(
                    f"{name}: F(open) - F(closed) at T = {t:g} (kT)",
                    found[t].value,
                    known[t].value,
                    (1.5 if bounds else 0.2) * wide,
                    standard_error=found[t].standard_error,
                    reference_kind="simulation",
                    source="umbrella sampling, this run",
                    justification="the published curve's scatter, ±1.5; quick: twice as wide"
                    if bounds
                    else "a target set before any run",
                ),
                headline=t == 1.0,
            )
    held = {t for found in results.values() for t in found} & {0.5, 1.0, 2.0}
    for t in sorted(held & set(known)):
        context.add(
            Metric.at_most(
                f"umbrella sampling, T = {t:g}: stated error of F(open) - F(closed) (kT)",
                known[t].standard_error,
                0.1 * wide,
                justification="half of what the generators are held to",
            )
        )


if __name__ == "__main__":
    main_for("free_energies")
