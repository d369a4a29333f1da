"""The study `gibbs`, in miniature: what is exact passes, what is planted fails."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import BoltzmannGenerator
from boltzmann_tf.bijectors import GapFlow
from boltzmann_tf.priors import UniformBox
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import gibbs
from boltzmann_tf.reproductions.gibbs_ensemble import figures, lines, plan, space, tables, targets


class Tiny(plan.Plan):
    """Seconds of each part."""

    replicas = 24
    rounds = 60
    kac, ratios = (20,), (0.8,)
    drawn = 2000
    neighbours = {12: plan.Training(64, 4, 4, (8,))}
    tempered = plan.Training(64, 4, 4, (8,))
    wells = plan.Training(64, 4, 4, (8,))
    plane_rounds, plane_frames, plane_steps, plane_samples, ideal_samples = 100, 2, 2, 2, 5
    annealed, begun, untrained, surfaces = (10, 20), (5,), (5,), 4
    space = plan._runs(20, (1.0,))
    drawn_only = ()
    shifted = ()


@pytest.fixture
def context(tmp_path):
    made = Context("gibbs", output=tmp_path)
    made.begin()
    return made


def test_lines_are_judged_by_what_is_exact(context):
    own = Tiny("quick")
    free = lines.free(context, own)
    kac = {(20, r): lines.kac(context, r, 20, own) for r in (0.8, 0.9)}
    figures.numbers(context, free)
    figures.volumes(context, free)
    figures.kac(context, kac)
    tables.exact(context, [*free, *kac.values()])
    targets.free(context, free)
    targets.kac(context, kac)
    for metric in context.metrics:
        if "summed" in metric.name or "joint ESS" in metric.name or "mean density" in metric.name:
            assert metric.passed, metric
    # Planted: the joint distribution of another temperature.
    wrong = kac[20, 0.8]._replace(known=kac[20, 0.9].known)
    before = len(context.metrics)
    targets.kac(context, {(20, 0.9): wrong._replace(name="planted")})
    planted = {m.name: m.passed for m in context.metrics[before:]}
    assert not planted["planted: log Z, summed"]
    assert not planted["planted: mean density, denser box"]
    context.finish()


def test_examples_are_chosen_by_their_weights():
    """Of two particles: the mean of their energy after the choice is the Boltzmann mean."""
    system = lines.neighbours(2)
    flow = GapFlow(2, core=lines.CORE, hidden=(4,), bins=2)  # the ideal gas
    generator = BoltzmannGenerator(system, flow, UniformBox(np.zeros(2), np.ones(2)))
    condition = np.tile([2.0, 4.0], (4000, 1)).astype(np.float32)
    x = lines._chosen(generator, condition, 3)
    found = generator.sample(20_000, condition=[2.0, 4.0], seed=4)
    weight = np.exp(found.log_weight - found.log_weight.max())
    mean = np.average(found.energy, weights=weight)
    chosen = np.asarray(system.energy(x, condition))
    assert abs(chosen.mean() - mean) < 6 * chosen.std() / np.sqrt(4000)
    assert abs(found.energy.mean() - mean) > 6 * chosen.std() / np.sqrt(4000)


def test_a_critical_point_needs_three_temperatures():
    assert space.critical([]) is None


@pytest.mark.slow
def test_the_whole_study_runs(context, monkeypatch):
    monkeypatch.setattr(gibbs, "Plan", Tiny)
    gibbs.run(context)
    content = context.finish()
    assert content["error"] is None
    assert len(context.metrics) > 50
    names = {metric.name.split(":")[0] for metric in context.metrics}
    assert {"ideal gas", "rods", "square wells", "space, N = 512, T = 1"} <= names
