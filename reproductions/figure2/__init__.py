"""Figure 2 of Noé et al. (2019) and its supplement, for any system with two coordinates.

`double_well` and `mueller_brown` say what differs: system, data, networks, schedules and
tolerances. What they share is here: the order of work, the figures and the checks of both.
"""

from __future__ import annotations

from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ensembles import Trainers
from boltzmann_tf.reproductions.evaluation import evaluate
from boltzmann_tf.reproductions.figure2 import figures
from boltzmann_tf.reproductions.figure2.case import Case, Results
from boltzmann_tf.reproductions.figure2.numbers import (
    add_common_metrics,
    add_published_metrics,
    tables,
    what_the_networks_buy,
)

__all__ = ["Case", "Results", "add_common_metrics", "add_published_metrics", "reproduce"]


def reproduce(context: Context, case: Case) -> Results:
    """Trains, evaluates and draws everything that the systems of figure 2 share."""
    data = case.data(context.seed)
    figures.potential(context, case, data)
    trainers = Trainers(context, case.system, quick_xla=case.quick_xla)
    chosen = [v for v in case.variants if v.quick or not context.quick]
    ensembles = {v.name: trainers.train(v, case.data) for v in chosen}
    evaluations = {
        name: evaluate(context, e, case.target, case.compared) for name, e in ensembles.items()
    }
    results = Results(ensembles, evaluations)
    context.section("Convergence")
    figures.convergence(context, case, results)
    context.section("Samples in x and z")
    figures.samples(context, case, results, data)
    if not context.quick:
        figures.modes(context, case, trainers, results, data)
    context.section("Energies")
    figures.energies(context, case, results)
    context.section("Free energies")
    figures.profiles(context, case, results)
    tables(context, results, case)
    what_the_networks_buy(context, case, results, data)
    context.section("Transition paths")
    figures.paths(context, case, results, data)
    return results
