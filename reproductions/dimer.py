"""The bistable dimer in a dense fluid: figure 3 of Noé et al. 2019.

A dimer among 36 repulsive particles in two dimensions, closed or open, with 20 kT between. The
reference is umbrella sampling, which agrees with a second method and, at T = 1, with the authors'
own windows. `published` follows the authors' notebook: whitening, likelihood, then likelihood,
energy and a reaction-coordinate loss. `ours` generates the length by a fixed map and all else given
it, by couplings that move particles given their neighbours; energy alone then trains it, since no
loss can take the barrier away. Preset paper also trains one on hot particles with the solvent
tethered, and anneals its samples from there to the fluid, which gives exact weights.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import sampling
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.solvated_dimer import (
    figures,
    generators,
    measured,
    published_profiles,
    reference,
    tables,
    targets,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted
from boltzmann_tf.reproductions.solvated_dimer.plan import DimerPlan
from boltzmann_tf.reproductions.solvated_dimer.reference import SYSTEM


@reproduction("dimer", "Solvated dimer: figure 3 of Noé et al. 2019", minutes=3)
def run(context: Context) -> None:
    """Samples the reference, trains the generators, anneals, and compares."""
    plan = DimerPlan(context.preset)
    windows = reference.umbrella(context, plan.reference, plan.rounds)
    other = reference.exchange(context, plan.exchange_rounds)
    frames = reference.both_states(context, plan.frames)
    data = np.concatenate(list(frames.values()))
    held = reference.frames_along(plan.frames // 4, seed=context.seed_of("frames, transition"))
    simulated = {
        region: sampling.particle_energies(x, SYSTEM)
        for region, x in (frames | {"transition": held}).items()
    }
    published = generators.published(context, data) if plan.snapshots else None
    ours = generators.ours(context, data, plan)
    closed = None
    if plan.equilibrium_steps:
        closed = generators.equilibrium(context, ours, frames["closed"], plan.equilibrium_steps)
    trained = [own for own in (published, ours, closed) if own]

    context.log("evaluation")
    samples = {own.name: measured.sampled(context, own, plan.samples) for own in trained}
    alone = {
        t: measured.alone(context, measured.sampled(context, ours, plan.samples, t))
        for t in sorted({*plan.temperatures, *plan.scanned})
    }
    judged = {t: {"ours, alone": alone[t]} for t in plan.temperatures}
    averages = published_profiles.snapshots(context, published, data, plan) if published else {}
    for t, average in averages.items():
        judged[t][f"published, {plan.snapshots} snapshots averaged"] = average.mean
    shown = {t: dict(own) for t, own in judged.items()}
    nine = published_profiles.of_nine(context, data, plan) if published else None
    if nine:
        for t, result in nine.found.items():
            shown[t]["published, nine temperatures, shortened"] = result
    annealed = _annealed(context, data, held, plan) if plan.annealed else {}
    for t, result in annealed.items():
        shown[t]["ours, annealed"] = result
    costs = {t: measured.cost(windows, t, result) for t, result in annealed.items()}
    tried = [frames[s][: min(2000, plan.frames)] for s in reference.STATES]
    path, fine = measured.best_path(ours.generator, *tried)

    context.log("figures")
    context.section("The reference")
    figures.umbrella(context, windows)
    tables.published(context, windows)
    tables.umbrella(context, windows)
    tables.explain(context, windows, other)
    context.section("Training, and what is generated")
    figures.training(context, trained)
    if closed:
        context.text(generators.ABOUT_CLOSED)
    figures.configurations(context, samples["ours"])
    spread = {name: s for name, s in samples.items() if name != generators.CLOSED}
    figures.energies(context, spread, simulated)
    figures.path(context, path, fine, len(tried[0]))
    context.section("Free energies")
    figures.profiles(context, windows, shown)
    tables.weights(context, shown)
    without = gaussian_baseline(SYSTEM, data, 20_000, parts=2, seed=context.seed).log_weight
    weights = {"a Gaussian a state": without} | {n: s.log_weight for n, s in spread.items()}
    context.buys_table(
        "a Gaussian fitted to the frames of each state, mixed evenly (log Z of one order of the "
        "solvent, up to a constant)",
        [({"proposal, T = 1": name}, log_weight) for name, log_weight in weights.items()],
    )
    if plan.scanned:
        scanned = {t: alone[t].difference for t in plan.scanned}
        reached = {t: r.difference for t, r in annealed.items()}
        figures.temperatures(context, windows, scanned, reached)
    if annealed:
        tables.cost(context, costs)
    if nine:
        published_profiles.explain(context, averages[1.0], nine, plan)

    context.section("Numbers")
    targets.reference(context, windows, other, simulated)
    targets.coverage(context, samples["ours"], simulated)
    if not context.quick:  # half a thousand iterations say little by themselves
        targets.alone(context, windows, judged, {t: own.each for t, own in averages.items()})
    if annealed:
        targets.annealed(context, windows, annealed, costs[1.0]["ratio"])
    targets.path(context, float(path.energy.max()))
    if published:
        targets.published(context, published, samples["published"])
    context.save(ours.generator, "generator", "the trained generator, spread along the length")
    if closed:
        targets.equilibrium(context, samples[closed.name], simulated["closed"])
        context.save(
            closed.generator, "generator_closed", "the same with the lengths of the closed state"
        )


def _annealed(
    context: Context, data: np.ndarray, held: np.ndarray, plan: DimerPlan
) -> dict[float, Reweighted]:
    """Temperature -> free energies from hot, tethered particles of all lengths."""
    name, few = "all lengths", data[:: max(1, len(data) // 16_000)]
    lengths = generators.spread_lengths(data, context.seed_of("annealed, lengths"))
    every = np.concatenate([few, reference.in_order(held)])
    hot = tethered.train(context, name, every, lengths, plan)
    found = tethered.anneal(context, name, hot, sorted(plan.temperatures, reverse=True), plan)
    return {t: measured.annealed(context, own) for t, own in found.items()}


if __name__ == "__main__":
    main_for("dimer")
