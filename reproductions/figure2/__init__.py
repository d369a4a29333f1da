"""Figure 2 of Noé et al. (2019) and its supplement, for systems with two coordinates.

`double_well` and `mueller_brown` say what differs; the order of work is here.
"""

from __future__ import annotations

from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.figure2 import figures, tables
from boltzmann_tf.reproductions.figure2.case import Case, Plan, Variant
from boltzmann_tf.reproductions.figure2.measured import Trained, in_each_state, measure
from boltzmann_tf.reproductions.recipes import published
from boltzmann_tf.training import Ensemble, EnsembleTrainer

# Further modes of training, of the published RealNVP.
MODES = {"ML": published(), "KL": published(ml=0.0, kl=1.0)}


def reproduce(context: Context, case: Case, plan: Plan) -> dict[str, Trained]:
    """Trains and measures the variants, and shows them; what is judged is the studies' own."""
    data = case.data(context.seed_of("network", 0))
    context.section("Potential and training data")
    figures.potential(context, case, data)
    ensembles = _trained(context, case, plan)
    found = {n: measure(context, case, e) for n, e in ensembles.items() if n not in MODES}
    context.section("Convergence")
    figures.convergence(context, case, found)
    context.section("Samples in x and z")
    figures.samples(context, case, found, data)
    if plan.modes:
        shown = (*MODES, *(variant.name for variant in case.variants[:2]))
        figures.modes(context, [ensembles[name] for name in shown], data)
    context.section("Energies")
    monte_carlo, chains = in_each_state(context, case)
    context.table(
        "Metropolis reference: 128 walkers that stay in their state, step tuned in burn-in only",
        chains,
    )
    figures.energies(context, case, found, monte_carlo)
    context.section("Free energies")
    figures.profiles(context, case, found)
    tables.differences(context, case, found)
    tables.losses(context, found)
    tables.weights(context, case, found)
    tables.buys(context, case, found, data)
    context.section("Transition paths")
    figures.paths(context, case, found, data)
    context.save(found["ours"].ensemble.use(), "generator", "a trained generator of variant `ours`")
    return found


def _trained(context: Context, case: Case, plan: Plan) -> dict[str, Ensemble]:
    """Networks of all variants and modes, the i-th of each on the same data."""
    modes = [Variant(n, case.variants[0].build, r, plan.modes) for n, r in MODES.items()]
    trainer = EnsembleTrainer(
        case.system, jit_compile=plan.jit_compile, log=context.log, executor=context.executor
    )
    done: dict[str, Ensemble] = {}
    for name, build, recipe, networks, follows in (*case.variants, *modes):
        seeds = [context.seed_of("network", i) for i in range(networks)]
        start = done.get(follows)
        if seeds:
            done[name] = trainer.train(
                build, recipe, case.data, seeds=seeds, start=start, name=name
            )
    return done
