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
from typing import Any

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.solvated_dimer import (
    figures,
    generators,
    measured,
    published_pairs,
    reference,
    tables,
    targets,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer.generators import SPREAD, Trained
from boltzmann_tf.reproductions.solvated_dimer.plan import PairPlan
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, SYSTEM
from boltzmann_tf.sampling import WeightedParticles

WITHIN = {"closed": (SPREAD[0], CUT), "open": (CUT, SPREAD[1])}  # d


@reproduction(
    "free_energies",
    "Dimer, two generators, one state each: figure 6e of Noé et al. 2019",
    minutes=1.5,
)
def run(context: Context) -> None:
    """Trains the pairs, scans the temperature, and compares."""
    plan = PairPlan(context.preset)
    windows = reference.umbrella(context, plan.reference, plan.rounds)
    known = {t: windows.difference(t) for t in plan.reference}
    frames = reference.both_states(context, plan.frames)
    published = published_pairs.train(context, plan.published, plan.frames)
    ours = {s: generators.ours_state(context, s, x, plan) for s, x in frames.items()}

    context.log("evaluation")
    results, each = {}, [_scan(context, pair, plan) for pair in published]
    if published:
        results["published, bounds"] = published_pairs.averaged(each)
    results["ours, bounds"] = _scan(context, ours, plan)
    annealed = {}
    if plan.annealed:
        annealed = {s: _annealed(context, s, x, plan) for s, x in frames.items()}
        closed, opened = (
            {t: estimators.log_z(own.log_weight) for t, own in found.items()}
            for found in annealed.values()
        )
        results["ours, annealed"] = {t: closed[t] - opened[t] for t in plan.temperatures}
    bought: list[tuple[dict[str, Any], np.ndarray]] = []
    for state, x in frames.items():
        without = gaussian_baseline(SYSTEM, x, plan.samples, seed=context.seed).log_weight
        drawn = measured.sampled(context, ours[state], plan.samples).log_weight
        bought.append(({"state": state, "proposal, T = 1": "a Gaussian"}, without))
        bought.append(({"state": state, "proposal, T = 1": "ours"}, drawn))

    figures.differences(context, known, results, len(published))
    if annealed:
        tables.annealed(context, annealed)
    if published:
        published_pairs.explain(context, each)
        published_pairs.table(context, published, each)
    tables.published(context, windows)
    tables.differences(context, known, results)
    context.buys_table(
        "a Gaussian fitted to the frames of the state (log Z of one order of the solvent, up to a "
        "constant)",
        bought,
    )

    context.section("Numbers")
    targets.differences(context, known, results)
    named = {f"published {i + 1}": pair for i, pair in enumerate(published)}
    targets.pairs(context, published, named | {"ours": ours})


def _scan(context: Context, pair: Mapping[str, Trained], plan: PairPlan) -> dict[float, Estimate]:
    """Differences of bounds at every temperature."""
    found = {}
    for t in sorted({*plan.scanned, *plan.reference}):
        samples = [measured.sampled(context, own, plan.samples, t) for own in pair.values()]
        closed, opened = (measured.bound(s, t, over=measured.OVER) for s in samples)
        found[t] = opened - closed
    return found


def _annealed(
    context: Context, state: str, frames: np.ndarray, plan: PairPlan
) -> dict[float, WeightedParticles]:
    """A state at three temperatures, annealed within it from hot, tethered particles."""
    seed = context.seed_of(f"{state}, annealed, lengths")
    lengths = generators.lengths_within(frames, WITHIN[state], seed)
    hot = tethered.train(context, state, frames, lengths, plan)
    return tethered.anneal(context, state, hot, plan.temperatures, plan)


if __name__ == "__main__":
    main_for("free_energies")
