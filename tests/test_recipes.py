"""Recipes: what is resampled, what each part sees, and where the recommended training ends."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg
from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer, estimators, realnvp, recipes
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.sampling import tempered
from boltzmann_tf.training import History
from boltzmann_tf.training.recipes import Resample, follow

BATCH = 16
BOTH = {"ml": 0.5, "kl": 0.5}
DATA = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)


class Harmonic(System):
    """Variances 1 and 1."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)


def wide():
    bijector = Scaling(2)
    bijector.trainable_variables[0].assign(-np.log([1.5, 1.2]))
    return BoltzmannGenerator(Harmonic(), bijector)


def small(seed=0):
    flow = realnvp(2, blocks=1, hidden=(4,), seed=seed)
    return Trainer(BoltzmannGenerator(Harmonic(), flow, jit_compile=False), jit_compile=False)


# New data.


def test_resampled_configurations_have_the_weighted_averages():
    """The generator is too wide; the weights make averages right, and so does resampling.

    Given the samples, the mean of n resampled values has a standard error of s / sqrt(n), with s
    the weighted standard deviation: beyond 6 of them a false alarm has a probability of 2e-9.
    """
    generator, n = wide(), 20_000
    samples = tempered(generator, (1.0, 2.0), n, seed=3)
    weight = estimators.normalized_weights(samples.log_weight)
    assert weight.max() < n**-0.5  # nothing to truncate here
    value = samples.x.astype(np.float64) ** 2
    mean = weight @ value
    error = np.sqrt(weight @ (value - mean) ** 2 / n)
    drawn = Resample(n)(generator, seed=3).astype(np.float64) ** 2
    assert drawn.shape == (n, 2)
    assert np.all(np.abs(drawn.mean(0) - mean) < 6 * error)
    assert np.all(np.abs(value.mean(0) - mean) > 6 * error)  # the sister: without weights
    again = Resample(n)(generator, seed=3).astype(np.float64)
    np.testing.assert_array_equal(drawn, again**2)


# Following a recipe.


class Recorder(Trainer):
    """Keeps what each stage is given, and trains nothing."""

    def __init__(self):
        super().__init__(wide(), jit_compile=False)
        self.seen = []

    def fit(self, data, stages, **options):
        self.seen.append((data, self.seed, options))
        one = {"loss": np.ones(stages.iterations, np.float32)}
        return History(one, [stages.iterations], energy_evaluations=7)


def test_the_stage_after_a_resampling_sees_its_configurations():
    """As many in every stage: 50 are repeated to 80, and 60 asked for are 80 drawn."""
    trainer = Recorder()
    trainer.seed = 5
    history = follow(
        trainer, [Stage(1), Resample(80), Stage(2), Stage(1), Resample(60), Stage(1)], DATA
    )
    first, second, third, fourth = (data for data, _, _ in trainer.seen)
    np.testing.assert_array_equal(first, np.concatenate([DATA, DATA[:30]]))
    drawn = Resample(80)(trainer.generator, seed=5 + recipes.APART)
    np.testing.assert_array_equal(second, drawn)
    np.testing.assert_array_equal(third, drawn)
    assert fourth.shape == (80, 2)
    assert np.any(fourth != third)
    seeds = [seed for _, seed, _ in trainer.seen]
    assert seeds[0] == 5
    assert len(set(seeds)) == 4  # no stage sees the noise of another
    assert trainer.seed == 5
    assert history.energy_evaluations == 4 * 7 + 2 * 80
    assert history.stage_ends == [1, 3, 4, 5]


def test_histories_are_joined_and_what_a_stage_did_not_record_is_nan():
    trainer = small()
    stages = [Stage(3, BATCH, 1e-2, **BOTH), Resample(64), Stage(2, BATCH, 1e-2)]
    history = follow(trainer, stages, DATA, verbose=0)
    assert len(history) == 5
    assert history.stage_ends == [3, 5]
    assert np.all(np.isfinite(history["loss"]))
    assert np.array_equal(np.isnan(history["kl"]), [False] * 3 + [True] * 2)
    assert history.energy_evaluations == 3 * BATCH + 64
    # Two parts with other names.
    parts = [History({"loss": np.ones(2)}), History({"loss": np.ones(1), "own": np.ones(1)})]
    joined = recipes._joined(parts, 0)
    np.testing.assert_array_equal(joined["own"], [np.nan, np.nan, 1.0])


def test_a_recipe_is_its_stages_one_by_one():
    """The same numbers as `fit` with the seeds of the parts; without resampling, nothing else."""
    one, two = small(), small()
    stages = [Stage(3, BATCH, 1e-2, **BOTH), Stage(2, BATCH, 1e-2, **BOTH)]
    history = follow(one, stages, DATA, verbose=0)
    losses = []
    for number, stage in enumerate(stages):
        two.seed = recipes.APART * number
        losses.append(two.fit(DATA, stage, verbose=0)["loss"])
    np.testing.assert_array_equal(history["loss"], np.concatenate(losses))
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = True


def test_a_callback_that_stops_training_ends_the_recipe():
    history = follow(small(), [Stage(100, BATCH), Stage(3, BATCH)], DATA, callbacks=[Stop()])
    assert history.stage_ends == [50]


def test_the_seed_comes_back_when_training_fails():
    trainer = small()
    trainer.seed = 9
    with pytest.raises(ValueError, match="data must have shape"):
        follow(trainer, [Stage(1), Stage(1)], DATA[:, :1], verbose=0)
    assert trainer.seed == 9


# The recipes.


def test_recommended_recipes():
    """The steps of each, and what of them an argument changes."""
    assert bg.recipes is recipes
    parts = recipes.annealed()
    assert [getattr(p, "iterations", p) for p in parts] == [
        200, 800, Resample(65_536), 1000, Resample(65_536), 1500,
    ]  # fmt: skip
    other = Resample(1000, temperatures=(1.0, 3.0))
    short = recipes.annealed(length=0.01, resampled=other)
    assert [getattr(p, "iterations", p) for p in short] == [2, 8, other, 10, other, 15]
    assert recipes.annealed(length=1e-6)[0].iterations == 1
    loss = ReactionCoordinate(lambda x: x[:, 0], -1.0, 1.0)
    first, stage = recipes.spread(loss, temperatures=(1.0, 3.0), ml=0.1)
    assert first == Resample(65_536)
    assert (stage.rc_loss, stage.rc, stage.kl, stage.ml) == (loss, 1.0, 1.0, 0.1)
    assert tuple(stage.temperatures) == (1.0, 3.0)


def test_data_of_its_own_bring_a_generator_to_equilibrium():
    """The data are off by one standard deviation, and half as wide as they should be.

    As they are, example and energy pull apart to the end; renewed on the way, they end together.
    """
    data = 1 + 0.5 * np.random.default_rng(1).normal(size=(2000, 2))
    recipe = recipes.annealed(length=0.1, resampled=Resample(4096))
    found = {}
    for name, parts in (
        ("renewed", recipe),
        ("as they are", [part for part in recipe if isinstance(part, Stage)]),
    ):
        flow = realnvp(2, blocks=2, hidden=(16,), zero_shift=True, seed=0)
        generator = BoltzmannGenerator(Harmonic(), flow)
        follow(Trainer(generator), parts, data, verbose=0)
        samples = generator.sample(20_000, seed=1)
        shift = np.abs(samples.x.mean(axis=0)).max()
        found[name] = shift, estimators.ess_fraction(samples.log_weight)
    assert found["renewed"][0] < 0.5 * found["as they are"][0], found
    assert found["renewed"][1] > found["as they are"][1], found
