"""The study `polymer`, in miniature: what is exact passes, what is planted fails."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators, potentials
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import polymer
from boltzmann_tf.reproductions.polymers import chains, figures, plan, targets, walks
from boltzmann_tf.reproductions.polymers.compared import compare


class Tiny(plan.Plan):
    """Seconds of each part."""

    replicas = 24
    rounds = 600
    drawn = 2000
    poor = {  # noqa: RUF012
        4: plan.Effort(plan.Training(2, 3, 16), 300, 40, 20),
        5: plan.Effort(plan.Training(2, 3, 16), 300, 40, 20, own_density=20),
    }
    good = {4: plan.Effort(plan.Training(2, 0), 300, 40, 20)}  # noqa: RUF012
    warming = 50
    tempered = plan.Training(2, 3, 16)
    temperatures = (1.0, 2.0)
    from_generator, from_ideal = (5,), (5, 10)
    lengths, poor_lengths = dict.fromkeys((4, 16, 18, 20), 1), dict.fromkeys((4, 6, 8), 1)
    wrapped_rounds = 400
    solvent_rounds, windows, solvent_walks = 100, 40, 40
    solvent_training = plan.Training(2, 3, 16)
    solvent_begun, solvent_ideal = (4,), (5, 10)


def begun(folder):
    made = Context("polymer", output=folder)
    made.begin()
    return made


@pytest.fixture
def context(tmp_path):
    return begun(tmp_path)


def test_ideal_chains_are_judged_by_what_is_exact(context, tmp_path):
    own = Tiny("quick")
    run = chains.simulate(context, "N = 10", plan.ideal(10), own.rounds, replicas=own.replicas)
    grown = chains.grow(context, "ideal", chains.generator_of(run.system, jit_compile=False), 2000)
    figures.ends(context, [run], [grown])
    targets.ideal(context, run, grown)
    folded = plan.ideal(10, box=potentials.Periodic(plan.PERIODIC))
    wrapped = chains.simulate(context, "folded", folded, 400, replicas=own.replicas)
    targets.wrapped(context, wrapped)
    passed = {m.name: m.passed for m in context.metrics if "stated relative" not in m.name}
    assert all(passed.values()), passed
    # Planted: a chain with longer bonds.
    longer = run._replace(system=plan.ideal(10, length=1.7))
    other = begun(tmp_path / "planted")
    targets.ideal(other, longer, grown)
    planted = {m.name.split(": ")[1]: m.passed for m in other.metrics}
    assert not planted["log Z"]
    assert not planted["<R_ee^2>, Monte Carlo"]


def test_sweeps_by_the_law_of_annealing():
    """-log ESS ~ 1 / sweeps."""

    def walked(sweeps):
        w = np.random.default_rng(sweeps).normal(scale=(100 / sweeps) ** 0.5, size=100_000)
        return walks.Walked("", sweeps, np.zeros((100_000, 1)), w, 0.0)

    known = [walked(200), walked(400)]
    assert targets.sweeps_for(known, walked(800).ess) == pytest.approx(800, rel=0.05)


@pytest.mark.xla
@pytest.mark.slow  # a quarter of an hour
def test_thirty_two_beads_are_annealed_from_the_flow():
    """As preset paper has it, with its seeds."""
    context, own = Context("polymer", "paper"), plan.Plan("paper")
    found = compare(context, "collapsed, N = 32", plan.collapsed(32), own.poor[32], own)
    targets.compared(context, "collapsed, N = 32", found, own.poor[32])
    for walk in (*found.begun, *found.ideal_chain):
        print(walk.name, walk.sweeps, walk.ess, estimators.log_z(walk.log_weight))
    print("flow", found.grown.ess, found.grown.log_z, "both ways", found.log_z)
    print(*context.metrics, sep="\n")
    assert all(metric.passed for metric in context.metrics)
    log_z = [estimators.log_z(found.begun[-1].log_weight), found.log_z]
    errors = np.hypot(*(each.standard_error for each in log_z))
    assert abs(log_z[0].value - log_z[1].value) < 3 * errors


@pytest.mark.slow
def test_the_whole_study_runs(context, monkeypatch):
    monkeypatch.setattr(polymer, "Plan", Tiny)
    polymer.run(context)
    content = context.finish()
    assert content["error"] is None
    names = {metric.name.split(":")[0] for metric in context.metrics}
    assert {"ideal chain, N = 10", "trimer", "collapsed, N = 5", "growth, collapsed"} <= names
