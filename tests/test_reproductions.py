"""What the reproductions share: data, networks trained in turn, and answers to hold them to."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import Stage, System, realnvp, systems
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import baseline, recipes
from boltzmann_tf.reproductions.ensembles import Trainers, Variant
from boltzmann_tf.training.recipes import Resample


class Harmonic(System):
    """Variances 1 and 1."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)


# Ensembles.


def build(seed, data):
    return realnvp(2, blocks=1, hidden=(4,), seed=seed)


@pytest.mark.parametrize(("preset", "number"), [("quick", 1), ("paper", 2)])
def test_the_preset_says_how_many_networks(preset, number, tmp_path):
    """Their seeds begin with the report's; a variant may follow another; energies are counted."""
    context = Context("ensembles", preset, tmp_path, seed=3)
    context.begin()
    trainers = Trainers(context, Harmonic())
    data = np.random.default_rng(0).normal(size=(50, 2))

    def train(name, rate, **options):
        recipe = [Stage(3, 16, rate, ml=0.5, kl=0.5), Resample(64), Stage(2, 16, rate)]
        return trainers.train(Variant(name, build, recipe, seeds=2, **options), lambda seed: data)

    first, kept = train("first", 1e-2), train("kept", 0.0, follows="first")
    assert [m.seed for m in first.members] == [3, 4][:number]
    assert (first.name, kept.name) == ("first", "kept")
    for before, after in zip(first.members, kept.members, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(before.weights, after.weights, strict=True))
    assert context.energy_evaluations == 2 * number * (3 * 16 + 64)
    more = trainers.train(Variant("more", build, [Stage(1, 16)]), lambda seed: data, seeds=2)
    assert len(more.members) == 2


# Data.


def test_end_states_begin_with_the_initial_frames():
    system = systems.DoubleWell()
    data = recipes.end_state_data(system, 1, n_steps=10_000, stride=10, step_size=0.1)
    assert data.shape == (2 * 1001, 2)
    left, right = data[:1001], data[1001:]
    np.testing.assert_allclose(left[0], system.initial_state("left"), rtol=1e-6)
    np.testing.assert_allclose(right[0], system.initial_state("right"), rtol=1e-6)
    assert left[:, 0].max() < 0 < right[:, 0].min()
    assert np.all(np.abs(left[1] - left[0]) < 3)  # the second frame is ten steps on, not a start
    assert np.any(left[1] != left[0])


# What the figures compare with.


def test_what_the_network_buys_has_a_row_a_proposal(tmp_path):
    context = Context("buys", output=tmp_path)
    context.begin()
    good, bad = np.zeros(1000), np.zeros(1000)
    bad[0] = 30.0
    baseline.buys_table(context, "none", [({"proposal": "a"}, bad), ({"proposal": "b"}, good)])
    context.finish()
    text = (context.directory / "report.html").read_text()
    assert "What the network buys" in text
    assert text.count('<span class="beyond">') == 2  # k-hat and effective samples of the first
