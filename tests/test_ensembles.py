"""Networks of one architecture from several seeds, in one generator object."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import Stage, System, realnvp
from boltzmann_tf.training import Ensemble, EnsembleTrainer, Member
from boltzmann_tf.training.recipes import Resample

BATCH = 16
BOTH = {"ml": 0.5, "kl": 0.5}
DATA = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


class Harmonic(System):
    """Variances 1 and 1; counts how often its training energy is traced."""

    event_shape = (2,)

    def __init__(self):
        self.traces = 0

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)

    def training_energy(self, x):
        self.traces += 1
        return self.energy(x)


def build(seed, data):
    return realnvp(2, blocks=1, hidden=(4,), seed=seed)


def weights_of(bijector):
    return [v.numpy() for v in bijector.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@functools.cache
def trained():
    system, told = Harmonic(), []
    trainer = EnsembleTrainer(system, log=told.append)

    def train(name, rate, **options):
        recipe = [Stage(3, BATCH, rate, **BOTH), Resample(64), Stage(2, BATCH, rate, **BOTH)]
        return trainer.train(build, recipe, lambda seed: DATA, seeds=(3, 4), name=name, **options)

    first = train("first", 1e-2)
    traces = system.traces
    kept = train("kept", 0.0, start=first)
    fresh = train("fresh", 0.0)
    assert system.traces == traces > 0  # all recipes and seeds share one compilation
    return SimpleNamespace(first=first, kept=kept, fresh=fresh, told=told)


def test_members_share_the_generator_and_keep_their_own_weights():
    found = trained()
    assert found.first.generator is found.kept.generator is found.fresh.generator
    one, two = found.first.members
    assert (one.seed, two.seed) == (3, 4)
    assert not equal(one.weights, two.weights)
    for member in (one, two, one):
        assert equal(weights_of(found.first.use(member).bijector), member.weights)
    assert equal(weights_of(found.first.use(two).bijector), two.weights)
    assert equal(weights_of(found.first.use().bijector), one.weights)
    assert found.told[:2] == ["first: network 1 of 2", "first: network 2 of 2"]


def test_members_start_afresh_or_from_those_of_another_ensemble():
    """With a learning rate of 0 the weights at the end are those at the start."""
    found = trained()
    members = (e.members for e in (found.first, found.kept, found.fresh))
    for before, kept, fresh in zip(*members, strict=True):
        assert equal(kept.weights, before.weights)
        assert equal(fresh.weights, weights_of(build(fresh.seed, DATA)))
        assert not equal(fresh.weights, kept.weights)


def test_a_member_does_not_depend_on_those_before_it():
    """Alone, with data as an array, it is the same network to the bit."""
    recipe = [Stage(3, BATCH, 1e-2, **BOTH), Resample(64), Stage(2, BATCH, 1e-2, **BOTH)]
    alone = EnsembleTrainer(Harmonic()).train(build, recipe, DATA, seeds=[4])
    assert alone.name == "build"
    assert equal(alone.members[0].weights, trained().first.members[1].weights)


def test_histories_span_the_recipe_and_energies_are_counted():
    ensemble = trained().first
    history = ensemble.members[0].history
    assert len(history) == 5
    assert history.stage_ends == [3, 5]
    assert history.energy_evaluations == 5 * BATCH + 64
    assert ensemble.energy_evaluations == 2 * history.energy_evaluations
    ends = [member.end("kl", 2) for member in ensemble.members]
    assert ends[0] == pytest.approx(np.median(history["kl"][-2:]))
    assert ends[0] != ends[1]
    assert ensemble.end("kl", 2) == pytest.approx(np.mean(ends))


def test_a_member_that_ends_in_nan_is_counted():
    ensemble = trained().first
    assert ensemble.nan_count == 0
    good = ensemble.members[0]
    bad = Member(0, good.history, [np.array([np.nan]), *good.weights])
    assert bad.ended_in_nan
    assert Ensemble("both", ensemble.generator, [good, bad]).nan_count == 1


class Seen(keras.callbacks.Callback):
    def __init__(self, generator):
        super().__init__()
        self.generator, self.batches = generator, []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)


def test_each_member_is_watched_by_a_callback_of_its_own():
    trainer = EnsembleTrainer(Harmonic(), jit_compile=False)
    found = trainer.train(build, [Stage(2, BATCH)], DATA, seeds=range(2), watch=Seen)
    one, two = (member.watch for member in found.members)
    assert one is not two
    assert one.generator is two.generator is found.generator
    assert one.batches == two.batches == [2]


def test_architectures_do_not_mix():
    trainer = EnsembleTrainer(Harmonic(), jit_compile=False)

    def other(seed, data):
        return realnvp(2, blocks=1, hidden=(4 + seed,), seed=seed)

    stage = [Stage(1, BATCH)]
    assert (
        trainer.train(build, stage, DATA, seeds=[0]).generator
        is not trainer.train(other, stage, DATA, seeds=[0]).generator
    )
    with pytest.raises(ValueError, match="other must have the architecture of this"):
        trainer.train(other, stage, DATA, seeds=[0, 1])
