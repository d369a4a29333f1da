"""Losses of a user's own: one class each, and all that training does with a loss.

Nothing but the first test is compiled by XLA, and networks are tiny.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import gc
import re
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg
from boltzmann_tf import BoltzmannGenerator, Linear, Stage, System, Trainer, TrainingDiverged
from boltzmann_tf._support.random import uniform
from boltzmann_tf.bijectors import Scaling, realnvp
from boltzmann_tf.losses import (
    KullbackLeibler,
    Likelihood,
    Loss,
    ReactionCoordinate,
    WeightedLikelihood,
)
from boltzmann_tf.systems import DoubleWell
from boltzmann_tf.training import loop
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.step_shape import METRICS, StepShape

BATCH = 32
DATA = np.random.default_rng(0).normal(size=(60, 2)) * [0.3, 1.0] + [1.5, 0.0]


class Variance(Loss):
    """Variance of the generated energies."""

    name = "variance"
    sees = "generated"

    def __call__(self, batch):
        return tf.math.reduce_variance(batch.energy)


class Power(Loss):
    """Mean power of the latent images of data, with Python's control flow on a tensor."""

    name = "power"
    sees = "data"

    def __init__(self, exponent=2.0, *, weight=1.0):
        super().__init__(weight=weight)
        self.exponent = exponent

    def __call__(self, batch):
        mean = tf.reduce_mean(tf.abs(batch.z) ** self.exponent)
        if mean < 0:
            mean = tf.zeros_like(mean)
        return mean


class Of(Loss):
    """The mean of a function of generated configurations, which no energy enters."""

    name = "of"
    sees = "generated"
    needs_energy = False

    def __init__(self, function, *, weight=1.0):
        super().__init__(weight=weight)
        self.function = function

    def __call__(self, batch):
        return tf.reduce_mean(self.function(batch.x))


@dataclasses.dataclass
class Scaled(Loss):
    """A dataclass, which has no hash."""

    factor: float = 1.0
    name = "scaled"
    sees = "data"

    def __call__(self, batch):
        return self.factor * tf.reduce_mean(batch.log_det**2)


def first(x):
    return x[..., 0]


def generator(system=None, bijector=None):
    return BoltzmannGenerator(system or DoubleWell(), bijector or Scaling(2))


def trainer(system=None, bijector=None, **options):
    made = generator(system, bijector)
    return Trainer(made, **{"seed": 7, "steps_per_call": 10, "jit_compile": False} | options)


def stage(iterations=20, losses=None, **options):
    return Stage(iterations, BATCH, **{"learning_rate": 1e-2, "losses": losses} | options)


def three(rising=None, variance=0.1):
    """The example of the documentation."""
    return [
        Likelihood(weight=1.0),
        KullbackLeibler(weight=rising or Linear(0.0, 1.0)),
        Variance(weight=variance),
    ]


def parameters(trained):
    return np.concatenate([w.ravel() for w in trained.get_weights()])


def numbers(trained, history):
    return [*trained.get_weights(), *history.values.values()]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


# What it does.


def eager_reference(trained, recipe, *, jit):
    """The run with plain Keras Adam and formulas written out; only the noise is the trainer's."""

    @functools.partial(tf.function, jit_compile=jit)
    def noise(step):
        seed = tf.random.experimental.stateless_fold_in(tf.constant([trained.seed, 0]), step)
        data_seed, z_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        index = uniform([BATCH], data_seed, tf.int32, maxval=len(DATA))
        return index, trained.generator.prior_sample(BATCH, tf.ones(BATCH, tf.float64), z_seed)

    bijector = trained.generator.bijector
    variables = [keras.Variable(w) for w in trained.get_weights()]
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    optimizer.build(variables)
    found = []
    for i, weight in enumerate(np.linspace(0, 1, recipe.iterations)):
        index, z = noise(tf.constant(i))
        for target, source in zip(bijector.trainable_variables, variables, strict=True):
            target.assign(source.value)
        with tf.GradientTape() as tape:
            image, log_det = bijector.inverse_and_log_det(DATA[index.numpy()])
            ml = tf.reduce_mean(0.5 * tf.reduce_sum(image**2, axis=1) - log_det)
            x, log_det = bijector.forward_and_log_det(z)
            u = x[:, 0] ** 4 - 6 * x[:, 0] ** 2 + x[:, 0] + 0.5 * x[:, 1] ** 2
            u = tf.where(u < 100, u, 100 + tf.math.log(tf.maximum(u - 99, 1)))
            variance = tf.reduce_mean(u**2) - tf.reduce_mean(u) ** 2
            loss = ml + weight * tf.reduce_mean(u - log_det) + 0.1 * variance
        gradients = tape.gradient(loss, bijector.trainable_variables)
        optimizer.apply(gradients, variables)
        found.append((float(loss), float(variance)))
    return np.array(found).T, np.concatenate([v.numpy().ravel() for v in variables])


@pytest.mark.parametrize("jit", [True, False])
def test_it_trains_as_an_eager_loop_does(jit):
    def made():
        network = realnvp(2, blocks=1, hidden=(8,), seed=1, dtype="float64")
        return trainer(bijector=network, jit_compile=jit, steps_per_call=4)

    recipe = stage(6, three())
    (losses, variances), theta = eager_reference(made(), recipe, jit=jit)
    trained = made()
    history = trained.fit(DATA, recipe, verbose=0)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)  # the history is float32
    np.testing.assert_allclose(history["variance"], variances, rtol=1e-6)
    np.testing.assert_allclose(parameters(trained), theta, rtol=1e-5, atol=1e-8)
    # The sister: without it, training goes elsewhere.
    alone = made()
    alone.fit(DATA, stage(6, three()[:2]), verbose=0)
    assert np.abs(parameters(alone) - theta).max() > 1e-4


def test_it_falls():
    """By the variance alone; J_KL and the effective size are measured beside it."""
    history = trainer().fit(None, stage(300, [Variance()], learning_rate=3e-2), verbose=0)
    assert history["variance"][-20:].mean() < 0.2 * history["variance"][:20].mean()
    assert np.all(np.isfinite(history["kl"]) & np.isfinite(history["ess"]))
    assert np.all(np.isnan(history["ml"]))
    np.testing.assert_array_equal(history["loss"], history["variance"])
    assert history.energy_evaluations == 300 * BATCH


def five():
    return [
        KullbackLeibler(weight=Linear(0.5, 2.0)),
        Variance(weight=Linear(0.0, 0.1)),
        Likelihood(weight=Linear(3.0, 1.0)),
        ReactionCoordinate(first, -2.5, 2.5, weight=0.7),
        Power(weight=lambda f: 0.3 + f),
    ]


class Well(System):
    """A user's own: what is compiled for it goes with it."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) + x[:, 0] ** 4


def test_every_loss_has_the_weight_of_its_own_schedule():
    recipe = stage(10, five(), learning_rate=0.0)
    history = trainer().fit(DATA, recipe, verbose=0)
    controls = recipe.controls()
    expected = sum(controls[loss.name] * history[loss.name] for loss in recipe.losses)
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)
    assert len({tuple(controls[loss.name]) for loss in recipe.losses}) == 5


def test_the_order_of_the_schedules_is_said_once(monkeypatch):
    """Columns in another order: the table and the step that reads it both follow."""
    recipe = stage(20, five(), learning_rate=Linear(1e-2, 0.0), energy_high=Linear(5.0, 50.0))

    def run():
        trained = trainer(Well())
        return numbers(trained, trained.fit(DATA, recipe, verbose=0))

    expected = run()
    order = StepShape.controls.fget
    monkeypatch.setattr(StepShape, "controls", property(lambda self: order(self)[::-1]))
    assert_same(run(), expected)
    # Planted: a table whose order is another one than the step's.
    table = loop._table
    monkeypatch.setattr(loop, "_table", lambda *arguments: table(*arguments)[:, ::-1])
    with pytest.raises(AssertionError):
        assert_same(run(), expected)


def test_what_is_short_for_losses_is_the_same():
    spread = ReactionCoordinate(first, -2.5, 2.5)
    short = {"ml": 0.3, "kl": Linear(0.1, 1.0), "rc": 0.5, "rc_loss": spread}
    weights = [Likelihood(weight=0.3), KullbackLeibler(weight=Linear(0.1, 1.0))]
    weights.append(ReactionCoordinate(first, -2.5, 2.5, weight=0.5))
    assert stage(**short).shape() == stage(losses=weights).shape()
    found = []
    for recipe in (stage(**short), stage(losses=weights)):
        trained = trainer()
        found.append(numbers(trained, trained.fit(DATA, recipe, verbose=0)))
    assert_same(*found)
    assert stage(weighted_ml=True).shape() == stage(losses=[WeightedLikelihood()]).shape()
    assert stage(weighted_ml=True).shape() != stage(losses=[Likelihood()]).shape()


class OwnWeighted(Loss):
    """The weighted likelihood, written again."""

    name = "own"
    sees = "data"
    needs_energy = True

    def __call__(self, batch):
        log_weight = -batch.energy + batch.prior_energy(batch.temperature) - batch.log_det
        terms = 0.5 * tf.reduce_sum(batch.z**2, axis=-1) - batch.log_det
        return tf.reduce_sum(tf.nn.softmax(log_weight) * terms)


def test_a_loss_of_data_gets_the_energies_that_it_needs():
    found = []
    for loss in (WeightedLikelihood(), OwnWeighted()):
        trained = trainer()
        recipe = stage(losses=[loss], temperatures=(0.5, 1.0, 2.0))
        history = trained.fit(DATA, recipe, verbose=0)
        assert history.energy_evaluations == 20 * 30  # the batch floored to threes
        found.append([parameters(trained), history["loss"], history[loss.name]])
    assert_same(*found)


def test_several_losses_of_data_share_a_batch():
    recipe = stage(10, [Likelihood(), Power(), Scaled(2.0)], learning_rate=0.0)
    history = trainer().fit(DATA[:1], recipe, verbose=0)
    z = DATA[0]  # the map of an untrained scaling
    np.testing.assert_allclose(history["ml"], 0.5 * np.sum(z**2), rtol=1e-5)
    np.testing.assert_allclose(history["power"], np.mean(z**2), rtol=1e-5)
    np.testing.assert_array_equal(history["scaled"], 0)
    assert history.energy_evaluations == 0


def test_the_held_out_loss_is_that_of_the_likelihood():
    short, objects = (
        trainer().fit(DATA, recipe, verbose=0, validation_data=DATA[:20] + 0.1, validation_every=10)
        for recipe in (stage(kl=1.0), stage(losses=[Likelihood(), KullbackLeibler()]))
    )
    assert_same(short.validation, objects.validation)
    weighted = trainer().fit(
        DATA, stage(1, [WeightedLikelihood()], learning_rate=0.0), verbose=0, validation_data=DATA
    )
    by_hand = np.mean(0.5 * np.sum(DATA**2, axis=1))
    assert weighted.validation.ml == pytest.approx([by_hand], rel=1e-5)  # without weights


def test_the_example_of_the_documentation():
    text = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    (source,) = [block for block in blocks if "class Variance" in block]
    scope = {"__name__": "docs", "bg": bg, "losses": bg.losses, "data": DATA}
    scope |= {"generator": generator()}
    exec(compile(source, "training.md", "exec"), scope)
    assert len(scope["history"]["variance"]) == 100
    assert np.all(np.isfinite(scope["history"]["variance"]))


# The history, and what a user sees of it.


TWO = [stage(20, three()), stage(20, [Likelihood(), Power(3.0), Of(first, weight=0.1)])]


def test_the_history_has_the_metrics_of_all_stages():
    history = trainer().fit(DATA, TWO, verbose=0)
    assert list(history.values) == [*METRICS, "variance", "power", "of"]
    present = {name: np.isfinite(values) for name, values in history.values.items()}
    assert all(len(values) == 40 for values in present.values())
    for name, (one, other) in {
        "ml": (True, True),
        "kl": (True, True),
        "variance": (True, False),
        "power": (False, True),
        "of": (False, True),
        "rc": (False, False),
    }.items():
        assert np.all(present[name][:20] == one), name
        assert np.all(present[name][20:] == other), name


class Seen(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(set(logs))


def test_it_is_seen_wherever_metrics_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    seen = Seen()
    callbacks = [
        seen,
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.EarlyStopping("variance", mode="min", min_delta=1e9, patience=5),
    ]
    recipe = [TWO[0]] * 2
    history = trainer().fit(DATA, recipe, callbacks=callbacks, tensorboard=tmp_path / "logs")
    standard = set(METRICS) - {"rc"}
    assert seen.logs == [standard | {"variance"}] * 4
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    last = np.mean(history["variance"][-10:], dtype=np.float64)
    assert float(rows[-1]["variance"]) == pytest.approx(last)
    assert "J_ML" in (text := capsys.readouterr().out)
    assert f"variance {last:.3f}" in text
    (file,) = (tmp_path / "logs").glob("events.out.tfevents.*")
    tags = {
        value.tag
        for record in tf.data.TFRecordDataset(str(file))
        for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value
    }
    assert tags == standard | {"variance"}
    with pytest.raises(ValueError, match="must have one of .*as its monitor, got 'variance'"):
        trainer().fit(DATA, TWO[1], callbacks=callbacks, verbose=0)


def test_an_explorer_takes_it():
    def explorer():
        options = {"capacity": 50, "seed": 3, "jit_compile": False}
        return Explorer(generator(), DATA, **options)

    made = explorer()
    made.run(stage(kl=1.0), verbose=0)
    history = made.run(stage(losses=three()), verbose=0)
    assert np.all(np.isnan(history["variance"][:20]))
    assert np.all(np.isfinite(history["variance"][20:]))
    assert np.all(np.isfinite(history["acceptance"]))
    again = made.run(stage(kl=1.0), verbose=0)
    assert np.all(np.isnan(again["variance"][40:]))
    assert len(again["variance"]) == len(again) == 60
    with pytest.raises(ValueError, match="must train on the buffer.*got losses of .'variance'"):
        explorer().run(stage(losses=[Variance()]), verbose=0)


def test_a_loss_that_is_not_finite_is_named():
    wrong = Of(lambda x: np.nan * x[:, 0])
    recipe = stage(30, [Likelihood(), wrong], max_bad_steps=5)
    with pytest.raises(TrainingDiverged, match=r": of is nan; in the last .* nan, of was nan"):
        trainer().fit(DATA, recipe, verbose=0)

    class Nowhere(System):
        event_shape = (2,)

        def energy(self, x):
            return np.nan * x[:, 0]

    recipe = stage(30, [Variance()], max_bad_steps=5)
    with pytest.raises(TrainingDiverged, match="variance: 32 of 32 energies are NaN"):
        trainer(Nowhere()).fit(None, recipe, verbose=0)
    # No fault where no loss needs them.
    fine = stage(10, [Of(lambda x: x[:, 0] ** 2)], max_bad_steps=5)
    assert trainer(Nowhere()).fit(None, fine, verbose=0).skipped == 0


# Checkpoints.


def interrupted(trained, at, path):
    def interrupt(batch, logs):
        if batch >= at:
            raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_train_batch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        trained.fit(DATA, TWO, verbose=0, checkpoint=path, callbacks=[stop])


@pytest.mark.parametrize("at", [10, 20, 30])
def test_a_resumed_run_is_the_uninterrupted_run(tmp_path, at):
    trained = trainer()
    expected = numbers(trained, trained.fit(DATA, TWO, verbose=0))
    interrupted(trainer(), at, tmp_path / "c.npz")
    # By another process: with losses of its own that are the same.
    losses = [three(), [Likelihood(), Power(3.0), Of(first, weight=0.1)]]
    again = [stage(20, own) for own in losses]
    trained = trainer()
    resumed = trained.fit(DATA, again, verbose=0, checkpoint=tmp_path / "c.npz")
    assert_same(numbers(trained, resumed), expected)
    assert resumed.stage_ends == [20, 40]


class Other(Variance):
    """Of the same name, attributes and class name, with another constant in its code."""

    def __call__(self, batch):
        return 1.01 * super().__call__(batch)


Other.__qualname__ = "Variance"


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([*three()[:2], Other(weight=0.1)], r"stages\[0\]\.losses\[2\]\.values\[0\] is"),
        (three(variance=0.2), r"stages\[0\]\.losses\[2\]\.weight is 0\.1 there and 0\.2 here"),
        (three(Linear(0.0, 2.0)), r"stages\[0\]\.losses\[1\]\.weight\.end is 1\.0 there"),
        (three()[:2], r"stages\[0\]\.losses has 3 entries there and 2 here"),
        (three()[::-1], r"stages\[0\]\.losses\[0\]\.class is 'Likelihood' there and 'Variance'"),
    ],
)
def test_a_checkpoint_of_other_losses_is_refused(tmp_path, losses, said):
    path = tmp_path / "c.npz"
    trainer().fit(DATA, TWO[0], verbose=0, checkpoint=path)
    with pytest.raises(ValueError, match=f"belongs to another run: .*{said}"):
        trainer().fit(DATA, stage(20, losses), verbose=0, checkpoint=path)


def test_an_attribute_makes_another_run(tmp_path):
    path = tmp_path / "c.npz"
    trainer().fit(DATA, stage(losses=[Power(2.0)]), verbose=0, checkpoint=path)
    with pytest.raises(ValueError, match=r"attributes\.exponent is 2\.0 there and 3\.0 here"):
        trainer().fit(DATA, stage(losses=[Power(3.0)]), verbose=0, checkpoint=path)
    with pytest.raises(ValueError, match=r"stages\[0\]\.ml is 1\.0 there|ml is absent there"):
        trainer().fit(DATA, stage(ml=1.0), verbose=0, checkpoint=path)


# What is compiled.


def compiled(*losses, **options):
    """What a new training with these losses compiled or found."""
    trained = trainer(**options)
    trained.fit(DATA, stage(5, list(losses)), verbose=0)
    (function,) = trained._step._compiled.values()
    return function


def test_equal_losses_share_what_is_compiled():
    assert compiled(*three()) is compiled(*three())
    assert compiled(Power(2.0)) is compiled(Power(2.0, weight=0.5))
    assert compiled(Scaled(2.0)) is compiled(Scaled(2.0))
    loss = Of(lambda x: x[:, 0] ** 2)
    assert compiled(loss) is compiled(loss)
    assert compiled(Likelihood(), KullbackLeibler(weight=lambda f: f + 1)) is compiled(
        Likelihood(weight=2.0), KullbackLeibler()
    )


def test_losses_that_differ_do_not():
    system = Well()  # the place of all that is compiled for it
    kept = [
        compiled(*losses, system=system)
        for losses in (
            [Power(2.0)],
            [Power(3.0)],
            [Power(2.0), Likelihood()],
            [Scaled(2.0)],
            [Scaled(-2.0)],
            [Of(lambda x: x[:, 0])],
            [Of(lambda x: x[:, 1])],
            [Of(tf.Variable([1.0]).__mul__)],
            [Of(tf.Variable([1.0]).__mul__)],
        )
    ]
    assert len({id(function) for function in kept}) == len(kept)


def test_stages_of_equal_losses_are_compiled_once():
    trained = trainer()
    trained.fit(
        DATA,
        [stage(5, [Power(2.0, weight=w), Of(first, weight=1 - w)]) for w in (0.1, 0.2, 0.3)],
        verbose=0,
    )
    (function,) = trained._step._compiled.values()
    assert function.experimental_get_tracing_count() == 1


def test_an_attribute_that_was_changed_is_compiled_anew():
    loss = Power(2.0)
    trained, recipe = trainer(), stage(1, [loss], learning_rate=0.0)
    before = trained.fit(DATA, recipe, verbose=0)["power"][0]
    loss.exponent = 6.0
    assert trained.fit(DATA, recipe, verbose=0)["power"][0] > 2 * before


SCALE = {"value": 1.0}


class Global(Loss):
    """Reads a number that is no attribute of it."""

    name = "globally"
    sees = "data"

    def __call__(self, batch):
        return SCALE["value"] * tf.reduce_mean(batch.z**2)


def test_a_constant_that_was_changed_elsewhere_is_seen_by_the_next_trainer(monkeypatch):
    recipe = stage(1, [Global()], learning_rate=0.0)
    before = trainer().fit(DATA, recipe, verbose=0)["globally"][0]
    monkeypatch.setitem(SCALE, "value", 3.0)
    after = trainer().fit(DATA, recipe, verbose=0)["globally"][0]
    assert after == pytest.approx(3 * before)


def test_a_variable_is_read_at_each_call():
    class Read(Loss):
        name = "read"
        sees = "data"

        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(1.0)

        def __call__(self, batch):
            return self.scale * tf.reduce_mean(batch.z**2)

    loss = Read()
    trained, recipe = trainer(), stage(1, [loss], learning_rate=0.0)
    before = trained.fit(DATA, recipe, verbose=0)["read"][0]
    loss.scale.assign(3.0)
    assert trained.fit(DATA, recipe, verbose=0)["read"][0] == pytest.approx(3 * before)
    assert len(trained._step._compiled) == 1


def test_what_is_dropped_can_be_collected():
    """A loss, the function that it holds and the weight of another, which is shared for long."""

    def function(x):
        return x[:, 0] ** 2

    def weight(fraction):
        return 1 + fraction

    loss = Of(function)
    compiled(loss, Variance())
    compiled(Likelihood(weight=weight), Power(2.0, weight=weight))
    references = [weakref.ref(thing) for thing in (loss, function, weight)]
    del loss, function, weight
    gc.collect()
    assert [r() for r in references] == [None] * 3


# What cannot be a loss.


class Vector(Loss):
    name = "vector"
    sees = "data"

    def __call__(self, batch):
        return batch.log_det


class Double(Loss):
    name = "double"
    sees = "generated"

    def __call__(self, batch):
        return tf.cast(tf.reduce_mean(batch.energy), tf.float64)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (Vector(), r"Vector must return a scalar of dtype float32, got shape \(32,\)"),
        (Double(), r"Double must return a scalar of .*float32, got shape \(\) and dtype float64"),
    ],
)
def test_what_is_no_scalar_of_the_dtype_is_refused(loss, said):
    trained = trainer()
    before = parameters(trained)
    with pytest.raises(ValueError, match=said):
        trained.fit(DATA, stage(losses=[loss]), verbose=0)
    np.testing.assert_array_equal(parameters(trained), before)


def test_a_stage_can_be_changed_by_dataclasses():
    recipe = dataclasses.replace(TWO[0], iterations=3)
    assert [loss.name for loss in recipe.losses] == ["ml", "kl", "variance"]
    assert dataclasses.replace(stage(ml=0.5, kl=2.0), iterations=3).kl == 2.0
