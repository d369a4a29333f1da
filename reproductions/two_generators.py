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

from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.generator_pairs import figures, targets
from boltzmann_tf.reproductions.generator_pairs.pairs import CASES, Plan, run_pairs


@reproduction(
    "two_generators", "Two generators, one state each: figure 6c,d of Noé et al. 2019", minutes=4
)
def run(context: Context) -> None:
    """Trains the pairs, scans the temperature, and checks the estimators."""
    plan = Plan(context.preset)
    results = [run_pairs(context, case, n, plan) for case, n in zip(CASES, plan.pairs, strict=True)]
    figures.differences(context, results)
    figures.losses(context, results)
    figures.what_the_networks_buy(context, results)
    context.section("Numbers")
    for found in results:
        targets.differences(context, found)


if __name__ == "__main__":
    main_for("two_generators")
