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

from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.solvated_dimer import (
    figures,
    flows,
    free_energy_figures,
    generators,
    hamiltonian_exchange,
    measured,
    numbers,
    published_profiles,
    reference,
    reference_figures,
    reference_numbers,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer.plan import PLANS


@reproduction("dimer", "Solvated dimer: figure 3 of Noé et al. 2019")
def run(context: Context) -> None:
    """Samples the reference, trains the generators, anneals, and compares."""
    plan, seed = PLANS[context.preset], context.seed
    wide = 2.0 if context.quick else 1.0
    windows = reference.umbrella(context, plan.reference, plan.rounds)
    other = hamiltonian_exchange.exchange(context, plan.exchange_rounds)
    context.log("Monte Carlo of both states")
    states = {s: reference.frames(s, plan.frames, seed=seed) for s in ("closed", "open")}
    data = np.concatenate(list(states.values()))
    held = reference.frames_along(plan.frames // 4, seed=seed)
    energies = {s: reference.energies(x) for s, x in (states | {"transition": held}).items()}

    trained = {}
    if plan.published:
        trained["published"] = generators.published(context, data, seed=seed)
    trained["ours"] = generators.ours(
        context,
        data,
        iterations=plan.steps,
        blocks=plan.blocks,
        hidden=plan.hidden,
        coupling=plan.coupling,
        seed=seed,
    )
    closed = None
    if plan.equilibrium_steps:
        closed = generators.equilibrium(
            context,
            trained["ours"],
            states["closed"],
            iterations=plan.equilibrium_steps,
            seed=seed,
        )
    context.log("evaluation")
    samples = {name: t.generator.sample(plan.samples, seed=seed) for name, t in trained.items()}
    context.count_energy_evaluations(plan.samples * len(samples))
    ours = trained["ours"].generator
    alone = {}
    for i, t in enumerate(plan.temperatures):
        drawn = {n: g.generator.sample(plan.samples, t, seed=seed + i) for n, g in trained.items()}
        alone[t] = {
            n: measured.reweighted(s.x, s.log_weight, plan.samples, seed=seed)
            for n, s in drawn.items()
        }
        context.count_energy_evaluations(plan.samples * len(drawn))
    scanned = {}
    for i, t in enumerate(plan.scanned):
        s = ours.sample(plan.samples, t, seed=seed + 10 + i)
        scanned[t] = measured.reweighted(s.x, s.log_weight, plan.samples, seed=seed).difference
    context.count_energy_evaluations(plan.samples * len(scanned))
    annealed = {}
    if plan.annealed:
        hot = tethered.train(
            context,
            np.concatenate([data[:: max(1, len(data) // 16_000)], reference.in_order(held)]),
            flows.spread_lengths(data, seed),
            iterations=plan.tethered_steps,
            blocks=4,
            hidden=plan.hidden,
            seed=seed,
        )
        annealed = tethered.reweighted(
            tethered.anneal(
                context,
                hot,
                plan.annealed,
                tuple(sorted(plan.temperatures, reverse=True)),
                sweeps=plan.annealing_sweeps,
                seed=seed,
            ),
            seed=seed,
        )
    judged = {t: {f"{n}, alone": r for n, r in alone[t].items()} for t in plan.temperatures}
    shown, scatter = {t: dict(series) for t, series in judged.items()}, {}
    if plan.published:
        averages = published_profiles.of_published(
            context, trained["published"], data, plan, seed=seed
        )
        scatter = averages.hold(judged, shown)
    context.log("figures")
    context.section("The reference")
    reference_figures.show_umbrella(context, windows)
    reference_figures.published_table(context, windows)
    reference_figures.umbrella_table(context, windows)
    reference_figures.explain(context, windows, other)
    context.section("Training, and what is generated")
    figures.show_training(context, trained | ({generators.CLOSED: closed} if closed else {}))
    if closed:
        context.text(generators.ABOUT_CLOSED)
    figures.show_pictures(context, samples["ours"])
    figures.show_energies(context, samples, energies)
    highest = figures.show_paths(context, ours, states["closed"], states["open"])
    context.section("Free energies")
    for t, result in annealed.items():
        shown[t]["ours, annealed"] = result
    free_energy_figures.show_profiles(context, windows, shown)
    free_energy_figures.weights_table(context, shown)
    without = gaussian(context, reference.SYSTEM, data, 20_000, parts=2)
    buys_table(
        context,
        "a Gaussian fitted to the frames of each state, mixed evenly (log Z of one order of the "
        "solvent, up to a constant)",
        [({"proposal, T = 1": "a Gaussian a state"}, without)]
        + [({"proposal, T = 1": name}, s.log_weight) for name, s in samples.items()],
    )
    if scanned:
        reached = {t: r.difference for t, r in annealed.items()}
        free_energy_figures.show_temperatures(context, windows, scanned, reached)
    cost = free_energy_figures.cost_table(context, windows, annealed) if annealed else {}
    if plan.published:
        averages.explain(context)

    context.section("Numbers")
    reference_numbers.add_reference(context, windows, other, energies, wide)
    numbers.add_coverage(
        context, measured.regions(samples["ours"].x, samples["ours"].energy), energies, wide
    )
    if not context.quick:  # half a thousand iterations say little by themselves
        numbers.add_alone(context, windows, judged, scatter)
    if annealed:
        numbers.add_annealed(context, windows, annealed, cost, wide)
    numbers.add_path(context, highest)
    if plan.published:
        published = samples["published"]
        numbers.add_published(
            context,
            trained["published"],
            float(np.mean(published.energy < 80)),
            measured.inversion_error(trained["published"].generator, published.z[:10_000]),
            wide,
        )
    if closed:
        equilibrium = closed.generator.sample(plan.samples, seed=seed)
        context.count_energy_evaluations(plan.samples)
        numbers.add_equilibrium(context, equilibrium, energies["closed"], wide)
    ours.save(context.directory / "generator")
    context.artifact("generator", "the trained generator, spread along the length")
    if closed:
        closed.generator.save(context.directory / "generator_closed")
        context.artifact("generator_closed", "the same with the lengths of the closed state")


if __name__ == "__main__":
    main_for("dimer")
