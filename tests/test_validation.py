"""A held-out loss: its value, when it is evaluated, and callbacks that act on it in a stage."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_streams import DATA, Affine, Chunks, Free, Zarr, assert_same, chunks, memmap, new

from boltzmann_tf import realnvp
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training import Stage, Trainer, validation
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.stages import HeldOut
from boltzmann_tf.training.validation import Validation

TRAIN, HELD_OUT = DATA[:500], DATA[500:]
START = [np.float32([0.3, -0.2]), np.float32([0.5, -1.0])]  # log scale, shift
STILL = Stage(20, 16, 0.0)
LONG = Stage(95, 16, 1e-2)


@pytest.fixture(scope="module")
def trainer():
    return new()


@pytest.fixture
def fit(trainer):
    """Trains the shared trainer from its start; the history."""

    def call(stages, data=TRAIN, **options):
        trainer.set_weights(START)
        return trainer.fit(data, stages, verbose=0, **options)

    return call


def by_hand(x, log_scale=START[0], shift=START[1]):
    """J_ML of an affine map: mean |z|^2 / 2 - log |dz/dx|."""
    z = (np.float64(x) - shift) * np.exp(-np.float64(log_scale))
    return np.mean(0.5 * np.sum(z**2, axis=1)) + np.float64(log_scale).sum()


@pytest.fixture
def planted(monkeypatch):
    """Held-out losses that are given, one evaluation after another."""

    def plant(values):
        left = iter(values)
        monkeypatch.setattr(Validation, "_loss", lambda self: next(left))

    return plant


# The value.


@pytest.mark.parametrize("batch", [4096, 100])
def test_the_value_is_the_mean_over_what_is_held_out(fit, monkeypatch, batch):
    """In batches the last of which is filled up; a mean over what fills it up is another."""
    monkeypatch.setattr(validation, "BATCH_SIZE", batch)
    history = fit([STILL, STILL], validation_data=HELD_OUT)
    np.testing.assert_allclose(history.validation.ml, by_hand(HELD_OUT), rtol=1e-6)
    assert history.validation.steps.tolist() == [20, 40]
    assert history.validation.steps.dtype == np.int64
    filled = np.resize(HELD_OUT, (300 if batch == 100 else 512, 2))
    assert abs(by_hand(filled) - by_hand(HELD_OUT)) > 1e-4
    # The same measure as that of the batches.
    assert abs(history["ml"].mean() - by_hand(TRAIN)) < 6 * history["ml"].std() / np.sqrt(40)


@pytest.mark.parametrize(
    "given", [lambda p: memmap(p, HELD_OUT), lambda p: Zarr(HELD_OUT), lambda p: lambda: HELD_OUT]
)
def test_held_out_data_need_not_be_in_memory(fit, tmp_path, given):
    expected = fit(STILL, validation_data=HELD_OUT).validation
    assert_same(fit(STILL, validation_data=given(tmp_path)).validation, expected)


@pytest.mark.parametrize("given", [lambda path: DATA, memmap, lambda path: Zarr(DATA)])
def test_a_split_takes_the_last_rows_and_trains_on_the_others(fit, trainer, tmp_path, given):
    """600.6 of 777 rows remain, rounded down as in Keras."""
    expected = fit(LONG, DATA[:600], validation_data=DATA[600:])
    weights = trainer.get_weights()
    found = fit(LONG, given(tmp_path), validation_split=0.227, window=600)
    assert_same(found.validation, expected.validation)
    assert_same(trainer.get_weights(), weights)


def test_training_is_the_same_with_and_without(fit, trainer):
    fit(LONG)
    expected = trainer.get_weights()
    fit(LONG, validation_data=HELD_OUT, validation_every=10)
    assert_same(trainer.get_weights(), expected)


def test_conditions_of_what_is_held_out():
    """Of a conditional generator a pair; the identity at its start does not look at it."""
    network = realnvp(2, blocks=1, hidden=(4,), condition_size=1)
    trainer = Trainer(BoltzmannGenerator(Free(), network), jit_compile=False)
    conditions = np.ones((len(DATA), 1))
    pair = (HELD_OUT, conditions[500:])
    values = [
        trainer.fit(TRAIN, STILL, data_condition=conditions[:500], validation_data=given, verbose=0)
        for given in (pair, lambda: iter([pair]))
    ]
    values.append(
        trainer.fit(
            DATA, STILL, data_condition=conditions, validation_split=277 / 777 - 1e-9, verbose=0
        )
    )
    z, log_det = trainer.generator.to_latent(HELD_OUT, condition=np.ones((277, 1), np.float32))
    expected = np.mean(0.5 * np.sum(z.numpy() ** 2, axis=1) - log_det.numpy())
    for history in values:
        np.testing.assert_allclose(history.validation.ml, expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"condition of validation_data must have shape \[277, 1"):
        trainer.fit(
            TRAIN, STILL, data_condition=conditions[:500], validation_data=HELD_OUT, verbose=0
        )


# When it comes, and what callbacks see.


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (None, [95, 115]),
        (30, [30, 60, 90, 95, 115]),
        (21, [30, 60, 90, 95, 115]),  # rounded up to calls of 10
        (1, [*range(10, 100, 10), 95, 105, 115]),
        (1000, [95, 115]),
    ],
)
def test_evaluations_end_epochs(fit, every, steps):
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch),
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["val_ml"], logs["val_loss"])),
    )
    kept = keras.callbacks.History()
    options = {"validation_data": HELD_OUT, "validation_every": every}
    history = fit([LONG, STILL], callbacks=[look, kept], **options)
    assert history.validation.steps.tolist() == steps
    values = [(i, v, v) for i, v in enumerate(history.validation.ml)]
    assert seen == [entry for i, v in enumerate(values) for entry in (i, v)]
    assert kept.params["epochs"] == len(steps)
    assert kept.history["val_ml"] == history.validation.ml.tolist()
    assert history.validation.ml[-1] == history.validation.ml[-2] < history.validation.ml[0] + 1e-9


def test_without_every_stages_are_epochs_as_ever(fit):
    seen = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: seen.append((e, *logs)))
    fit([STILL, STILL], callbacks=[look])
    assert [entry[0] for entry in seen] == [0, 1]
    assert not {"val_ml", "val_loss"} & set(seen[0])


@pytest.mark.parametrize("monitor", ["val_ml", "val_loss"])
def test_early_stopping_ends_the_stage_where_it_must(fit, trainer, planted, monitor):
    """Best at the third evaluation; three more without a better one, so it ends after the sixth."""
    planted([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 1.0])
    stop = keras.callbacks.EarlyStopping(monitor, patience=3, restore_best_weights=True)
    weights = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(trainer.get_weights())
    )
    options = {"validation_data": HELD_OUT, "validation_every": 10}
    history = fit([LONG, STILL], callbacks=[stop, look], **options)
    assert len(history) == 60
    assert history.stage_ends == [60]  # the stage that would follow does not run
    assert history.validation.steps.tolist() == [10, 20, 30, 40, 50, 60]
    assert_same(trainer.get_weights(), weights[2])
    assert np.any(weights[2][0] != weights[5][0])


def test_the_rate_falls_within_a_stage(fit, trainer, planted):
    """Best at the first evaluation: halved after the second, third, ... from the next call on."""
    planted([1.0] * 20)
    halve = keras.callbacks.ReduceLROnPlateau("val_ml", factor=0.5, patience=1, min_delta=0.0)
    fit(Stage(40, 16, 1e-2), callbacks=[halve], validation_data=HELD_OUT, validation_every=10)
    found = trainer.get_weights()
    halved = lambda f: 1e-2 * 0.5 ** np.maximum(np.floor(f * 39 / 10 + 1e-9) - 1, 0)  # noqa: E731
    fit(Stage(40, 16, halved))
    for a, b in zip(found, trainer.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    fit(Stage(40, 16, 1e-2))
    assert np.abs(found[0] - trainer.get_weights()[0]).max() > 1e-3


def test_a_direction_that_is_not_known_is_refused_as_ever(fit):
    with pytest.raises(ValueError, match="as its monitor, got 'val_ml'"):
        fit(STILL, callbacks=[keras.callbacks.EarlyStopping("val_ml")])
    with pytest.raises(ValueError, match="must have mode='min' or 'max' with monitor='ml'"):
        fit(STILL, callbacks=[keras.callbacks.EarlyStopping("ml")], validation_data=HELD_OUT)


def test_averaged_weights_are_evaluated_at_the_end_of_a_stage():
    trainer = new(optimizer=keras.optimizers.Adam(use_ema=True))
    history = trainer.fit(TRAIN, Stage(30, 16, 0.1), validation_data=HELD_OUT, verbose=0)
    np.testing.assert_allclose(history.validation.ml, by_hand(HELD_OUT, *trainer.get_weights()))


def test_it_is_shown_and_logged(fit, trainer, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    options = {"validation_data": HELD_OUT, "validation_every": 10, "tensorboard": tmp_path}
    history = trainer.fit(TRAIN, Stage(30, 16, 1e-2), verbose=1, **options)
    assert f"val J_ML {history.validation.ml[-1]:.3f} non-finite 0" in capsys.readouterr().out
    (file,) = tmp_path.glob("events.out.tfevents.*")
    events = [tf.compat.v1.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(file))]
    seen = [
        (event.step, float(tf.make_ndarray(value.tensor)))
        for event in events
        for value in event.summary.value
        if value.tag == "val_ml"
    ]
    np.testing.assert_allclose(seen, np.transpose(history.validation), rtol=1e-6)


# Checkpoints.


class Stop(keras.callbacks.Callback):
    """Ends the run after so many steps, or at the first evaluation after them."""

    def __init__(self, steps, event):
        super().__init__()
        self.steps, self.event, self.done = steps, event, 0

    def on_train_batch_end(self, batch, logs=None):
        self.done = batch
        if self.event == "call" and batch >= self.steps:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        if self.event == "evaluation" and self.done >= self.steps:
            raise KeyboardInterrupt


@pytest.mark.parametrize("event", ["call", "evaluation"])
@pytest.mark.parametrize("steps", [10, 20, 40, 50, 60])
def test_a_resumed_run_has_the_same_evaluations(fit, trainer, tmp_path, event, steps):
    stages = [Stage(45, 16, 1e-2), Stage(30, 16, 1e-2)]
    options = {"validation_data": HELD_OUT, "validation_every": 20}
    expected = fit(stages, **options)
    weights = trainer.get_weights()
    options["checkpoint"] = tmp_path / "c.npz"
    with pytest.raises(KeyboardInterrupt):
        fit(stages, callbacks=[Stop(steps, event)], **options)
    epochs = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    found = fit(stages, callbacks=[look], **options)
    assert expected.validation.steps.tolist() == [20, 40, 45, 65, 75]
    assert_same(found.validation, expected.validation)
    assert_same(found.values.values(), expected.values.values())
    assert_same(trainer.get_weights(), weights)
    assert epochs == list(range(epochs[0], 5))  # numbered as in the run that was not interrupted
    again = fit(stages, **options)  # it was finished
    assert_same(again.validation, expected.validation)


def test_files_of_runs_without_are_as_they_were(fit, tmp_path):
    fit(STILL, checkpoint=tmp_path / "c.npz")
    assert not [n for n in np.load(tmp_path / "c.npz").files if "validation" in n]
    fit(STILL, checkpoint=tmp_path / "d.npz", validation_data=HELD_OUT)
    names = [n for n in np.load(tmp_path / "d.npz").files if "validation" in n]
    assert sorted(names) == ["validation_ml", "validation_steps"]
    for other in ({}, {"validation_data": HELD_OUT[1:]}, {"validation_every": 10}):
        options = {"validation_data": HELD_OUT} | other if other else {}
        with pytest.raises(ValueError, match="belongs to another run: .*validation"):
            fit(STILL, checkpoint=tmp_path / "d.npz", **options)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"steps": np.array([20, 20])}, r"validation_ml must be float64\[2\], got float64\[1\]"),
        ({"steps": np.array([21])}, r"rising numbers of steps from 1 to 20, got \[21\]"),
        ({"steps": np.array([0])}, r"rising numbers of steps from 1 to 20, got \[0\]"),
        ({"steps": np.array([20.0])}, r"validation_steps must be int64\[1\], got float64\[1\]"),
        ({"steps": None}, r"validation_steps must be int64\[0\], got none"),
        (
            {"steps": np.array([9, 3]), "ml": np.zeros(2)},
            r"rising numbers of steps from 1 to 20, got \[9, 3\]",
        ),
    ],
)
def test_evaluations_that_cannot_be_are_refused(fit, tmp_path, arrays, said):
    import forging

    options = {"checkpoint": tmp_path / "c.npz", "validation_data": HELD_OUT}
    fit(STILL, **options)
    forging.documented(tmp_path / "c.npz", arrays={f"validation_{n}": a for n, a in arrays.items()})
    with pytest.raises(ValueError, match=said):
        fit(STILL, **options)


def test_what_is_rolled_back_has_no_evaluations():
    held_out = HeldOut().and_then(10, 1.0).and_then(20, 2.0).and_then(30, 3.0)
    assert held_out.until(20).steps.tolist() == [10, 20]
    assert held_out.until(9).ml.tolist() == []
    assert HeldOut().steps.tolist() == []


def test_an_explorer_has_none():
    generator = BoltzmannGenerator(Free(), Affine(), jit_compile=False)
    explorer = Explorer(generator, DATA, capacity=60, jit_compile=False)
    assert explorer.run(STILL, verbose=0).validation.steps.tolist() == []


BAD = {
    "split of a stream": (
        {"data": chunks, "validation_split": 0.1},
        "validation_split must be 0 where data is a stream, got 0.1: give validation_data",
    ),
    "split of an iterable": ({"data": Chunks(), "validation_split": 0.1}, "is a stream"),
    "split and data": (
        {"validation_split": 0.1, "validation_data": HELD_OUT},
        "must be 0 or be of data alone, got validation_data too",
    ),
    "nothing left": (
        {"data": DATA[:3], "validation_split": 0.9},
        "validation_split must leave rows on both sides, got 0.9 of 3",
    ),
    "one walk": (
        {"validation_data": chunks()},
        "validation_data must be such that each evaluation can walk through it, got an iterator",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_held_out_is_refused(fit, kind):
    options, said = BAD[kind]
    with pytest.raises(ValueError, match=said):
        fit(STILL, **options)
