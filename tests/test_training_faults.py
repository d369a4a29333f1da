"""Faults planted in energies, gradients, data and weights: counted, said, and stopped.

One system has all the faults; a variable that its energy reads says which it has, so that one
compiled step serves them all.
"""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.bijectors import Scaling, realnvp
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import ReactionCoordinate, safe_energy
from boltzmann_tf.systems import System
from boltzmann_tf.training import Stage, Trainer, TrainingDiverged
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.faults import check_rows
from boltzmann_tf.training.schedules import Linear

GOOD, NAN, INF, MINUS_INF, GRADIENT, SHARE = range(6)
BATCH = 32


class Faulty(System):
    """A harmonic well with the fault that `kind` names."""

    event_shape = (2,)

    def __init__(self):
        self.kind = tf.Variable(GOOD)

    def energy(self, x):
        u = 0.5 * tf.reduce_sum(x**2, axis=-1)
        zero = 0.0 * x[:, 0]
        return tf.switch_case(
            tf.convert_to_tensor(self.kind),
            [
                lambda: u,
                lambda: u + np.nan,
                lambda: u + np.inf,
                lambda: u - np.inf,
                lambda: u + tf.sqrt(zero),  # 0, whose slope is 0 times infinity
                lambda: tf.where(x[:, 0] > 0, tf.fill(tf.shape(u), np.float32(np.nan)), u),
            ],
        )


STAGE = Stage(60, BATCH, 1e-2, ml=0.0, kl=1.0, max_bad_steps=25)


class At(keras.callbacks.Callback):
    """Does something after a number of steps."""

    def __init__(self, at, what):
        super().__init__()
        self.at, self.what = at, what

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.at:
            self.what(self.model)


@pytest.fixture(scope="module")
def made():
    system = Faulty()
    trainer = Trainer(
        BoltzmannGenerator(system, Scaling(2)), steps_per_call=10, seed=5, jit_compile=False
    )
    return system, trainer


@pytest.fixture
def faulty(made):
    system, trainer = made
    system.kind.assign(GOOD)
    trainer.set_weights([np.full(2, 0.3, np.float32)])
    return made


def weights(trainer):
    return trainer.get_weights()[0]


@pytest.mark.parametrize(
    ("kind", "said", "counted"),
    [
        (NAN, "J_KL: 32 of 32 energies are NaN", "non_finite"),
        (INF, r"J_KL: 32 of 32 energies are \+inf", "non_finite"),
        (MINUS_INF, "J_KL: 32 of 32 energies are -inf", "non_finite"),
        (GRADIENT, "J_KL: 32 of 32 energies are finite with a gr.* not", "non_finite_gradient"),
    ],
)
def test_energies_that_teach_nothing_stop_training(faulty, kind, said, counted, tmp_path):
    """From step 20 on; weights and checkpoint are those from before, and the run can go on."""
    system, trainer = faulty
    expected = trainer.fit(None, STAGE, verbose=0)["loss"]
    whole = weights(trainer)
    trainer.set_weights([np.full(2, 0.3, np.float32)])
    seen = []
    callbacks = [At(20, lambda m: (system.kind.assign(kind), seen.append(weights(m))))]
    options = {"verbose": 0, "checkpoint": tmp_path / "c", "checkpoint_every": 10}
    with pytest.raises(TrainingDiverged, match=f"stage 1 has.* step 20 .*{said}") as caught:
        trainer.fit(None, STAGE, callbacks=callbacks, **options)
    error = caught.value
    assert (error.stage, error.step, len(error.history)) == (1, 20, 50)
    assert getattr(error.history, counted) == 30 * BATCH
    assert np.all(error.history[counted][:20] == 0)
    np.testing.assert_array_equal(weights(trainer), seen[0])
    system.kind.assign(GOOD)
    history = trainer.fit(None, STAGE, **options)
    np.testing.assert_array_equal(history["loss"], expected)
    np.testing.assert_array_equal(weights(trainer), whole)


def test_without_the_bound_it_would_go_on(faulty):
    """The sister: what a user saw before, and who wants it still can."""
    system, trainer = faulty
    system.kind.assign(GRADIENT)
    with pytest.warns(UserWarning, match="stage 1: 60 of 60 steps had nothing to learn from"):
        history = trainer.fit(
            None, Stage(60, BATCH, 1e-2, ml=0.0, kl=1.0, max_bad_steps=None), verbose=0
        )
    assert (history.skipped, history.non_finite_gradient) == (0, 60 * BATCH)
    assert np.all(np.isfinite(history["loss"]))


def test_a_share_of_bad_energies_is_no_fault(faulty):
    system, trainer = faulty
    system.kind.assign(SHARE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = trainer.fit(None, STAGE, verbose=0)
    assert 0 < history.non_finite < 60 * BATCH


def test_energies_that_no_loss_needs_are_no_fault(faulty):
    """At a weight of zero they are asked for, and do nothing."""
    system, trainer = faulty
    system.kind.assign(NAN)
    data = np.ones((12, 2))
    stage = Stage(60, BATCH, 1e-2, kl=Linear(0.0, 1e-30), max_bad_steps=60)
    with pytest.warns(UserWarning, match="59 of 60 steps had nothing"):  # the first has kl = 0
        trainer.fit(data, stage, verbose=0)
    with pytest.raises(TrainingDiverged, match="from step 1 of the run on, 59"):
        trainer.fit(data, Stage(60, BATCH, 1e-2, kl=Linear(0.0, 1.0), max_bad_steps=59), verbose=0)


def test_a_resumed_run_stops_where_the_uninterrupted_one_does(faulty, tmp_path):
    system, trainer = faulty
    system.kind.assign(NAN)

    def interrupt(model):
        raise KeyboardInterrupt

    options = {"verbose": 0, "checkpoint": tmp_path / "c"}
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(None, STAGE, callbacks=[At(20, interrupt)], **options)
    with pytest.raises(TrainingDiverged, match="from step 0 of the run") as caught:
        trainer.fit(None, STAGE, **options)
    assert len(caught.value.history) == 30


def test_the_loss_that_is_not_finite_is_named(faulty):
    _, trainer = faulty
    nowhere = ReactionCoordinate(lambda x: np.nan * x[:, 0], -1, 1)
    stage = Stage(30, BATCH, 1e-2, ml=1.0, rc=1.0, rc_loss=nowhere, max_bad_steps=7)
    with pytest.raises(TrainingDiverged, match="J_RC is nan; in the last .* loss was nan, rc was"):
        trainer.fit(np.ones((12, 2)), stage, verbose=0)
    # A scale of exp(60): the images of the data have no squares in float32, all but the last.
    trainer.set_weights([np.full(2, 60.0, np.float32)])
    data = np.concatenate([np.ones((11, 2)), np.zeros((1, 2))])
    with pytest.raises(TrainingDiverged, match=r"J_ML: \d+ of 12 data have no finite loss, the fi"):
        trainer.fit(data, Stage(30, BATCH, 1e-2, max_bad_steps=7), verbose=0)


def test_weights_that_are_not_finite_are_refused(faulty):
    _, trainer = faulty
    trainer.set_weights([np.array([np.nan, 1.0], np.float32)])
    with pytest.raises(
        ValueError, match="generator must have finite weights, got 1 NaN or .* of 2"
    ):
        trainer.fit(None, STAGE, verbose=0)


def nan_weights(model):
    model.set_weights([np.full(2, np.nan, np.float32)])


def test_nan_shows_as_nan(faulty, tmp_path):
    """Weights that turn NaN: the call that follows is seen by callbacks and TensorBoard."""
    _, trainer = faulty
    logs = []
    callbacks = [
        At(20, nan_weights),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs_: logs.append(logs_)),
    ]
    history = trainer.fit(None, STAGE, callbacks=callbacks, verbose=0, tensorboard=tmp_path)
    assert len(history) == 30
    assert history.skipped == 10
    assert [np.isnan(entry["kl"]) for entry in logs] == [False, False, True]
    assert [entry["skipped"] for entry in logs] == [0, 0, 10]
    assert all(("ml" in entry, "ess" in entry) == (False, True) for entry in logs)
    (file,) = tmp_path.glob("events.out.tfevents.*")
    events = map(
        tf.compat.v1.Event.FromString, tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    )
    seen = {v.tag: float(tf.make_ndarray(v.tensor)) for e in events for v in e.summary.value}
    assert np.isnan(seen["kl"])
    assert np.isnan(seen["loss"])


def test_one_nan_in_a_block_makes_it_nan(faulty, monkeypatch):
    """The mean over what is left would hide it."""
    _, trainer = faulty
    original = type(trainer._step).__call__

    def planted(self, *args):
        block = np.array(original(self, *args))
        block[3, self.metrics.index("loss")] = np.nan
        return block

    monkeypatch.setattr(type(trainer._step), "__call__", planted)
    history = trainer.fit(None, STAGE, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0)
    assert len(history) == 10


def test_fit_ends_with_a_line_of_what_was_skipped(faulty, capsys):
    system, trainer = faulty
    trainer.fit(None, STAGE, verbose=1)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("\n")  # the last line of the bar, into a file
    system.kind.assign(SHARE)
    history = trainer.fit(None, STAGE, verbose=1)
    assert capsys.readouterr().err == f"{history.non_finite} energies not finite\n"
    system.kind.assign(GOOD)
    trainer.fit(None, STAGE, verbose=1, callbacks=[At(50, nan_weights)])
    assert "10 of 60 steps skipped (loss or gradient not finite), 320 energies not" in (
        capsys.readouterr().err.replace("\n", " ")
    )


def test_an_explorer_is_put_back_too(tmp_path):
    system = Faulty()
    explorer = Explorer(
        BoltzmannGenerator(system, Scaling(2)),
        np.random.default_rng(0).normal(size=(20, 2)),
        capacity=50,
        jit_compile=False,
    )
    state = []

    def spoil(model):
        system.kind.assign(NAN)
        state.append((model.buffer, model.get_weights()[0]))

    stage = Stage(60, BATCH, 1e-2, kl=1.0, max_bad_steps=25)
    path = tmp_path / "c.npz"
    with pytest.raises(TrainingDiverged, match="energies are NaN"):
        explorer.run(stage, verbose=0, callbacks=[At(20, spoil)], checkpoint=path)
    np.testing.assert_array_equal(explorer.buffer, state[0][0])
    np.testing.assert_array_equal(explorer.get_weights()[0], state[0][1])
    assert len(explorer.history) == np.load(path)["history_loss"].size == 20
    system.kind.assign(GOOD)
    assert len(explorer.run(stage, verbose=0, checkpoint=path)) == 60


# An energy that reads a variable.


class Stiff(System):
    event_shape = (2,)

    def __init__(self):
        self.stiffness = tf.Variable([4.0, 0.25])

    def energy(self, x):
        return 0.5 * tf.reduce_sum(self.stiffness * x**2, axis=-1)


def test_an_energy_that_reads_a_variable_trains():
    """To widths of 1/2 and 2, where J_KL is D/2 - log 1; the variable stays as it is."""
    system = Stiff()
    generator = BoltzmannGenerator(system, Scaling(2))
    trainer = Trainer(generator, seed=0)
    history = trainer.fit(None, Stage(400, 512, Linear(0.05, 1e-4), ml=0.0, kl=1.0), verbose=0)
    # Of 512 samples, whose chi-square means have an error of 0.044; 50 of them, of 0.0063.
    assert history["kl"][-50:].mean() == pytest.approx(1.0, abs=0.033)
    np.testing.assert_allclose(np.abs(weights(trainer)), np.log(2), atol=0.05)
    np.testing.assert_array_equal(system.stiffness.numpy(), [4.0, 0.25])
    with tf.GradientTape() as tape:
        x = tf.ones([3, 2])
        tape.watch(x)
        total = tf.reduce_sum(safe_energy(system.energy, x, 1.0, 100.0, 1e10)[0])
    slope, none = tape.gradient(total, [x, system.stiffness])
    np.testing.assert_array_equal(slope, np.tile([[4.0, 0.25]], (3, 1)))
    assert none is None


# Data.


def test_the_first_value_that_is_not_finite_is_named():
    data = np.zeros((9, 2))
    data[4, 1] = data[7, 0] = np.nan
    with pytest.raises(ValueError, match=r"data must be finite, got 2 NaN .* first at \[4, 1\]$"):
        finite_array("data", data)
    with pytest.raises(ValueError, match=r"a must be finite, got 1 NaN or infinite of 1 values$"):
        finite_array("a", np.inf)


def test_masked_values_are_refused(faulty):
    data = np.ma.masked_array(np.zeros((12, 2)), mask=np.zeros((12, 2), bool))
    np.testing.assert_array_equal(finite_array("data", data), np.zeros((12, 2)))
    data[3, 1] = np.ma.masked
    with pytest.raises(ValueError, match=r"data must not be masked, got 1 .* first at \[3, 1\]"):
        faulty[1].fit(data, Stage(1), verbose=0)
    with pytest.raises(ValueError, match="data must not be masked"):
        finite_array("data", list(data))  # rows of a masked array are masked arrays


def test_a_row_that_would_drown_all_others_is_named(faulty):
    """With clip_norm, each batch with the row would be a step towards it."""
    data = np.random.default_rng(0).normal(size=(300, 2))
    data[123, 1] = 1e18
    _, trainer = faulty
    with pytest.raises(ValueError, match=r"data must be of one size, but row 123 .* 1e\+18"):
        trainer.fit(data, Stage(1, clip_norm=1.0), verbose=0)
    data[123, 1] = -1e6
    with pytest.warns(UserWarning, match=r"row 123 of data is far .* -1e\+06, [3-9]e\+05 times"):
        trainer.fit(data, Stage(1, BATCH, clip_norm=1.0), verbose=0)
    rows = np.zeros((20, 2))
    rows[:, 0] = np.arange(20)
    rows[5, 1] = 1e12
    with pytest.raises(ValueError, match=r"initial must be of one size, but row 5 of initial"):
        Explorer(BoltzmannGenerator(Faulty(), Scaling(2)), rows)


@pytest.mark.parametrize("kind", ["wide", "cauchy", "one hot", "frozen", "scales", "one row"])
def test_honest_data_raise_no_alarm(kind):
    rng = np.random.default_rng(1)
    n = 20_000
    data = {
        "wide": lambda: rng.normal(size=(n, 3)) * 1e6 + 1e9,
        # Beyond 10^4 times its nine in ten lies 10^-5 of a Cauchy density.
        "cauchy": lambda: rng.standard_cauchy((1000, 2)),
        "one hot": lambda: np.eye(5)[rng.choice(5, n, p=[0.96, 0.01, 0.01, 0.01, 0.01])],
        "frozen": lambda: np.repeat(rng.normal(size=(2, 4)), [n - 100, 100], axis=0),
        "scales": lambda: rng.normal(size=(n, 2)) * [1e-9, 1e9],
        "one row": lambda: np.array([[1e18, 0.0]]),
    }[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_rows("data", data)


def test_numbers_of_steps_without_a_fault_are_as_they_were():
    """With XLA, all three losses: nothing is counted, and weights are written back by each step."""
    generator = BoltzmannGenerator(Stiff(), realnvp(2, blocks=1, hidden=(4,)))
    rc = ReactionCoordinate(lambda x: x[:, 0], -1, 1)
    stage = Stage(20, BATCH, 1e-3, kl=1.0, rc=1.0, rc_loss=rc, weighted_ml=True)
    trainer = Trainer(generator, steps_per_call=10, jit_compile=False)
    history = trainer.fit(np.random.default_rng(0).normal(size=(50, 2)), stage, verbose=0)
    assert history.skipped == history.non_finite == history.non_finite_gradient == 0
    np.testing.assert_array_equal(
        np.concatenate([w.ravel() for w in trainer.get_weights()]), trainer._step.parameters.numpy()
    )
