"""Each of Keras' callbacks and optimisers acts in `fit`, or is refused with a reason."""

from __future__ import annotations

import csv
import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import DoubleWell
from boltzmann_tf.training import Observer, Stage, Trainer
from boltzmann_tf.training.callbacks import check_optimizer
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.flat_parameters import FlatParameters
from boltzmann_tf.training.schedules import Cosine

DATA = np.random.default_rng(0).normal(size=(50, 2))
START = [np.zeros(2, np.float32)]
STAGE = Stage(20, 16, 1e-2)


def generator():
    return BoltzmannGenerator(DoubleWell(), Scaling(2))


@pytest.fixture(scope="module")
def trainer():
    return Trainer(generator(), steps_per_call=10, jit_compile=False)


def fit(trainer, callbacks, stages=(STAGE,) * 4, **options):
    trainer.set_weights(START)
    trainer.fit(DATA, list(stages), callbacks=callbacks, verbose=0, **options)
    return trainer.get_weights()[0]


def public(module, base):
    found = {n: v for n, v in vars(module).items() if inspect.isclass(v) and issubclass(v, base)}
    return {n for n, v in found.items() if v is not base and n != "OptimizerMap"}


# Callbacks that act: each is given, and what it does is seen.


def learning_rate_scheduler(trainer, path):
    return fit(trainer, [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)])


def reduce_on_plateau(trainer, path):
    halved = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=1e9, cooldown=0
    )
    return fit(trainer, [halved])


def rates(*values):
    """The same by stages: what the two above must give."""
    return lambda trainer: fit(trainer, [], [Stage(20, 16, rate) for rate in values])


def callback_list(trainer, path):
    return fit(
        trainer,
        [
            keras.callbacks.CallbackList(
                [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)]
            )
        ],
    )


RATES = {
    "LearningRateScheduler": (learning_rate_scheduler, rates(5e-3, 2.5e-3, 1.25e-3, 6.25e-4)),
    # The first stage sets the mark; the second and each that follows does not reach it.
    "ReduceLROnPlateau": (reduce_on_plateau, rates(1e-2, 1e-2, 5e-3, 2.5e-3)),
    "CallbackList": (callback_list, rates(5e-3, 2.5e-3, 1.25e-3, 6.25e-4)),
}


@pytest.mark.parametrize("name", RATES)
def test_a_callback_that_sets_the_learning_rate_acts(trainer, tmp_path, name):
    """To the same numbers as stages with these rates; it used to change nothing, bit for bit."""
    acts, same = RATES[name]
    found = acts(trainer, tmp_path)
    np.testing.assert_array_equal(found, same(trainer))
    assert np.abs(found - fit(trainer, [])).max() > 1e-3


def model_checkpoint(trainer, path):
    file = str(path / "{epoch}.keras")
    found = fit(trainer, [keras.callbacks.ModelCheckpoint(file, monitor="loss", mode="min")])
    saved = BoltzmannGenerator.load(path / "4.keras").bijector.trainable_variables[0]
    np.testing.assert_array_equal(saved.numpy(), found)
    first = BoltzmannGenerator.load(path / "1.keras").bijector.trainable_variables[0]
    assert np.any(first.numpy() != found)


def early_stopping(trainer, path):
    stop = keras.callbacks.EarlyStopping("loss", min_delta=1e9, restore_best_weights=True)
    found = fit(trainer, [stop])
    np.testing.assert_array_equal(found, fit(trainer, [], [STAGE]))


def csv_logger(trainer, path):
    fit(trainer, [keras.callbacks.CSVLogger(path / "log.csv")])
    assert [row["epoch"] for row in csv.DictReader((path / "log.csv").open())] == list("0123")


def terminate_on_nan(trainer, path):
    spoil = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: trainer.set_weights([np.full(2, np.nan, np.float32)])
    )
    found = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: found.append(1))
    fit(trainer, [keras.callbacks.TerminateOnNaN(), spoil, count])
    assert found == [1]


def lambda_callback(trainer, path):
    seen = []
    events = ("train_begin", "epoch_begin", "train_batch_begin", "train_batch_end", "epoch_end")
    functions = {f"on_{e}": (lambda *a, e=e: seen.append((e, *a[:-1]))) for e in events}
    fit(trainer, [keras.callbacks.LambdaCallback(**functions)], [STAGE])
    assert seen == [
        *(("train_begin",), ("epoch_begin", 0)),
        *(("train_batch_begin", 0), ("train_batch_end", 10)),
        *(("train_batch_begin", 10), ("train_batch_end", 20), ("epoch_end", 0)),
    ]


def history(trainer, path):
    kept = keras.callbacks.History()
    fit(trainer, [kept])
    assert (kept.epoch, len(kept.history["ml"])) == ([0, 1, 2, 3], 4)
    assert kept.params == {"epochs": 4, "steps": 80, "verbose": 0}


def remote_monitor(trainer, path):
    import requests

    sent = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "post", lambda url, data, headers: sent.append(data["data"]))
        fit(trainer, [keras.callbacks.RemoteMonitor()])
    assert [json.loads(s)["epoch"] for s in sent] == [0, 1, 2, 3]


ACTS = {
    "ModelCheckpoint": model_checkpoint,
    "EarlyStopping": early_stopping,
    "CSVLogger": csv_logger,
    "TerminateOnNaN": terminate_on_nan,
    "LambdaCallback": lambda_callback,
    "History": history,
    "RemoteMonitor": remote_monitor,
}


@pytest.mark.filterwarnings("ignore:stage 1. 10 of 10 steps:UserWarning")
@pytest.mark.parametrize("name", ACTS)
def test_a_callback_acts(trainer, tmp_path, name):
    ACTS[name](trainer, tmp_path)


CALLBACKS = keras.callbacks
REFUSED = {
    "BackupAndRestore": (lambda p: CALLBACKS.BackupAndRestore(str(p)), TypeError, "checkpoint=fi"),
    "ProgbarLogger": (lambda p: CALLBACKS.ProgbarLogger(), TypeError, r"fit\(verbose=1\) shows"),
    "SwapEMAWeights": (lambda p: CALLBACKS.SwapEMAWeights(), TypeError, "the averages are in the"),
    "TensorBoard": (lambda p: CALLBACKS.TensorBoard(str(p)), TypeError, r"fit\(tensorboard=folder"),
    "weights only": (
        lambda p: CALLBACKS.ModelCheckpoint(str(p / "a.weights.h5"), save_weights_only=True),
        ValueError,
        "ModelCheckpoint must have save_weights_only=False, got True",
    ),
    "unknown monitor": (
        lambda p: CALLBACKS.EarlyStopping(),
        ValueError,
        r"EarlyStopping must have one of \[.*'ml'.*\] as its monitor, got 'val_loss'",
    ),
    "absent monitor": (
        lambda p: CALLBACKS.ReduceLROnPlateau("kl", mode="min"),
        ValueError,
        "as its monitor, got 'kl'",
    ),
    "direction": (
        lambda p: CALLBACKS.ModelCheckpoint(str(p / "a.keras"), "ml", save_best_only=True),
        ValueError,
        "must have mode='min' or 'max' with monitor='ml', got 'auto'",
    ),
    "in a list": (
        lambda p: CALLBACKS.CallbackList([CALLBACKS.ProgbarLogger()]),
        TypeError,
        "got ProgbarLogger",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_callback_that_cannot_act_is_refused_before_the_first_step(trainer, tmp_path, name):
    build, error, said = REFUSED[name]
    with pytest.raises(error, match=rf"callbacks\[0\].*{said}"):
        fit(trainer, [build(tmp_path)])
    np.testing.assert_array_equal(trainer.get_weights()[0], START[0])


def test_every_callback_of_keras_is_here():
    known = {*RATES, *ACTS, *REFUSED}
    # Bases, and one that needs a package to be built at all.
    assert public(keras.callbacks, keras.callbacks.Callback) - known <= {
        "MonitorCallback",
        "OrbaxCheckpoint",
    }


def test_an_explorer_keeps_its_history():
    explorer = Explorer(generator(), DATA, capacity=60, jit_compile=False)
    with pytest.raises(TypeError, match=r"callbacks\[0\] must not be keras.callbacks.History"):
        explorer.run(STAGE, callbacks=[keras.callbacks.History()])


# The learning rate.


# The package's own.


@pytest.mark.parametrize(
    ("every", "after", "steps"),
    [
        (10, 0, [10, 20, 30]),
        (5, 0, [10, 20, 30, 35]),
        (20, 0, [20]),
        (15, 0, [20, 30]),
        (15, 20, [30]),
        (50, 0, []),
    ],
)
def test_an_observer_looks_where_a_multiple_is_done(trainer, every, after, steps):
    """Calls are of 10 steps, the last of 5; each look sees the weights of its step."""
    scales = {}

    def look(found, step):
        assert found is trainer.generator
        return found.bijector.variables[0].numpy().copy()

    def record(step, logs):
        scales[step] = trainer.generator.bijector.variables[0].numpy().copy()

    own = Observer(look, every=every, after=after)
    beside = keras.callbacks.LambdaCallback(on_train_batch_end=record)
    fit(trainer, [own, beside], [Stage(35, 16, 1e-2)])
    assert own.steps == steps
    assert all(np.array_equal(w, scales[s]) for w, s in zip(own.seen, steps, strict=True))
    assert len({tuple(w) for w in own.seen}) == len(steps)  # they change on the way


def test_an_observer_that_draws_changes_nothing(trainer):
    drawn = Observer(lambda found, step: found.sample(16, seed=step).x.mean(), every=10)
    np.testing.assert_array_equal(fit(trainer, [drawn]), fit(trainer, []))
    assert len(drawn.seen) == 8
    explorer = Explorer(generator(), DATA, capacity=20, jit_compile=False)
    own = Observer(lambda found, step: step, every=20)
    for _ in range(2):  # one history, whose steps go on
        explorer.run(STAGE, callbacks=[own], verbose=0)
    assert own.steps == own.seen == [20, 40]


def test_a_schedule_keeps_its_shape(trainer):
    """The callback sets the largest rate of a stage whose schedule starts and ends at 0."""
    stages = [Stage(20, 16, Cosine(1e-2, warmup=0.3))] * 2
    seen = []
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, r: seen.append(r) or 4e-3)
    found = fit(trainer, [scheduler], stages)
    largest = stages[0].controls()["learning_rate"].max()
    scaled = [Stage(20, 16, lambda f: Cosine(1e-2, warmup=0.3)(f) * (4e-3 / largest))] * 2
    np.testing.assert_allclose(found, fit(trainer, [], scaled), rtol=1e-5)
    assert seen == pytest.approx([largest, 4e-3], rel=1e-6)


@pytest.mark.parametrize(
    ("rate", "value", "said"),
    [
        (1e-2, np.nan, "must set a finite learning rate >= 0, got nan"),
        (1e-2, -1.0, "must set a finite learning rate >= 0, got -1.0"),
        (0.0, 1e-3, "in a stage whose own is 0"),
    ],
)
def test_a_learning_rate_that_cannot_be_is_refused(trainer, rate, value, said):
    with pytest.raises(ValueError, match=said):
        fit(
            trainer,
            [keras.callbacks.LearningRateScheduler(lambda epoch, r: value)],
            [Stage(20, 16, rate)],
        )


@pytest.mark.parametrize("at", [10, 20, 30])
def test_a_run_whose_rate_was_set_resumes_to_the_same_numbers(trainer, tmp_path, at):
    """Also in the middle of a stage, whose beginning the scheduler then sees twice."""
    half = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    whole = fit(trainer, [half])

    def interrupt(batch, logs):
        if batch == at:
            raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_train_batch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(trainer, [half, stop], checkpoint=tmp_path / "c")
    np.testing.assert_array_equal(fit(trainer, [half], checkpoint=tmp_path / "c"), whole)
    assert np.any(fit(trainer, []) != whole)  # the next run starts with the stages' own rates


# Optimisers.


SHAPES = [(3, 2), (2,), (4,)]


def several():
    rng = np.random.default_rng(3)
    return [tf.Variable(rng.normal(size=s).astype(np.float32)) for s in SHAPES]


def by_the_step(optimizer, gradients):
    """The compiled step's own update, on one vector."""
    flat = FlatParameters(several(), optimizer, tf.float32)
    for each in gradients:
        gradient = tf.concat([tf.reshape(g, [-1]) for g in each], axis=0)
        flat.update(gradient, tf.constant(0.0), tf.constant(0.05))
    flat.finish_stage()
    return flat.variables


def by_keras(optimizer, gradients):
    """Keras alone, variable by variable."""
    variables = [keras.Variable(v) for v in several()]
    optimizer.build(variables)
    optimizer.learning_rate = 0.05
    for each in gradients:
        optimizer.apply(each, variables)
    optimizer.finalize_variable_values(variables)
    return [v.value for v in variables]


OPTIMIZERS = keras.optimizers
ACT = {
    **{
        name: (name, {})
        for name in ("Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Ftrl", "Lion", "Nadam")
    },
    "RMSprop": ("RMSprop", {"centered": True, "momentum": 0.5}),
    "SGD": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "amsgrad": ("Adam", {"amsgrad": True, "beta_2": 0.5}),
    "weight_decay": ("SGD", {"weight_decay": 0.1}),
    "clipvalue": ("SGD", {"clipvalue": 0.1}),
    "global_clipnorm": ("SGD", {"global_clipnorm": 0.5}),
    "use_ema": ("Adam", {"use_ema": True, "ema_momentum": 0.7}),
    "ema_overwrite_frequency": (
        "SGD",
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    ),
    "gradient_accumulation_steps": ("Adam", {"gradient_accumulation_steps": 2}),
}


@pytest.mark.parametrize("name", ACT)
def test_an_optimizer_on_one_vector_is_that_on_the_variables(name):
    kind, options = ACT[name]
    rng = np.random.default_rng(4)
    gradients = [  # that fall: amsgrad remembers the largest
        [tf.constant(0.5**i * rng.normal(size=s), tf.float32) for s in SHAPES] for i in range(5)
    ]
    make = getattr(keras.optimizers, kind)
    assert check_optimizer(make(**options))
    found, expected = (run(make(**options), gradients) for run in (by_the_step, by_keras))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    if options:  # the option is seen
        plain = by_the_step(make(**{k: v for k, v in options.items() if k == "beta_2"}), gradients)
        assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(found, plain, strict=True))


def excluding():
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


NOT = {
    "Adafactor": (lambda: OPTIMIZERS.Adafactor(), "got Adafactor: its step depends on the shape"),
    "Lamb": (lambda: OPTIMIZERS.Lamb(), "got Lamb: its step depends on the norm"),
    "Muon": (lambda: OPTIMIZERS.Muon(), "got Muon: its step depends on the shape"),
    "ScheduleFreeAdamW": (lambda: OPTIMIZERS.ScheduleFreeAdamW(), "got ScheduleFreeAdamW"),
    "LossScaleOptimizer": (
        lambda: OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.Adam()),
        "got LossScaleOptimizer: the loss is not scaled",
    ),
    "MultiOptimizer": (
        lambda: OPTIMIZERS.MultiOptimizer(lambda v: OPTIMIZERS.Adam()),
        "got MultiOptimizer",
    ),
    "clipnorm": (lambda: OPTIMIZERS.Adam(clipnorm=1.0), r"clipnorm=None.*got 1\.0: take global_c"),
    "loss_scale_factor": (
        lambda: OPTIMIZERS.Adam(loss_scale_factor=8.0),
        r"loss_scale_factor=None, since the loss is not scaled, got 8\.0",
    ),
    "exclude": (excluding, "not exclude variables from weight decay"),
}


@pytest.mark.parametrize("name", NOT)
def test_an_optimizer_that_could_not_act_is_refused(name):
    build, said = NOT[name]
    try:
        optimizer = build()
    except (AttributeError, TypeError) as error:  # an older Keras
        pytest.skip(str(error))
    with pytest.raises(ValueError, match=f"optimizer must.* {said}"):
        Trainer(generator(), optimizer)


def test_every_optimizer_of_keras_is_here():
    assert public(keras.optimizers, keras.optimizers.Optimizer) <= {*ACT, *NOT}


def test_averaged_weights_are_in_the_generator_and_a_resumed_run_is_the_same(tmp_path):
    """Compiled by XLA; the average is put in at the end of each stage, and seen by callbacks."""
    stages = [STAGE, STAGE]
    optimizer = keras.optimizers.Adam(use_ema=True, ema_momentum=0.8)
    trainer = Trainer(generator(), optimizer, steps_per_call=10, jit_compile=True)
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(trainer.get_weights()[0])
    )
    whole = fit(trainer, [watch], stages)
    np.testing.assert_array_equal(seen[1], whole)
    np.testing.assert_array_equal(whole, optimizer._model_variables_moving_average[0].numpy())

    # The average by hand, from the weights after each of single steps.
    single = Trainer(generator(), steps_per_call=1, jit_compile=True)
    path = []
    follow = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: path.append(single.get_weights()[0])
    )
    fit(single, [follow], [STAGE])
    average = path[0]
    for w in path[1:]:
        average = 0.8 * average + 0.2 * w
    np.testing.assert_allclose(seen[0], average, rtol=1e-4)
    assert np.abs(path[-1] - average).max() > 1e-3

    def interrupt(batch, logs):
        if batch == 30:
            raise KeyboardInterrupt

    stop = keras.callbacks.LambdaCallback(on_train_batch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(trainer, [stop], stages, checkpoint=tmp_path / "c")
    np.testing.assert_array_equal(fit(trainer, [], stages, checkpoint=tmp_path / "c"), whole)
    np.testing.assert_array_equal(fit(trainer, [], stages, checkpoint=tmp_path / "c"), whole)
