"""Checkpoints: which run they belong to, what they may hold, and where they are written.

One trainer serves all tests; nothing is compiled by XLA.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import children
import forging
import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support import documents as _documents
from boltzmann_tf._support import files as _files
from boltzmann_tf.bijectors import Bijector, Scaling, Sequence, Whitening
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.systems import DoubleWell, System
from boltzmann_tf.training import Stage, Trainer, schedules
from boltzmann_tf.training.conditions import Uniform
from boltzmann_tf.training.run_identity import run_document
from boltzmann_tf.training.steps import TrainingStep

DATA = np.random.default_rng(0).normal(size=(60, 2))


def trainer(bijector=None, system=None, **options):
    generator = BoltzmannGenerator(system or DoubleWell(), bijector or Scaling(2))
    return Trainer(generator, steps_per_call=5, jit_compile=False, **options)


def stage(iterations=20, **options):
    return Stage(iterations, 16, **{"learning_rate": 1e-2, "ml": 1.0} | options)


STAGES = [stage(10), stage(20)]


@pytest.fixture(scope="module")
def shared():
    return trainer()


@pytest.fixture
def fit(shared, tmp_path):
    """Trains the shared trainer from its start, with a checkpoint."""

    def call(stages=STAGES, **options):
        shared.set_weights([0 * w for w in shared.get_weights()])
        shared._step.reset_optimizer()
        return shared.fit(DATA, stages, verbose=0, **{"checkpoint": tmp_path / "c.npz"} | options)

    return call


@pytest.fixture
def path(fit, tmp_path):
    fit()
    return tmp_path / "c.npz"


# Which run it is.


def document(loop=None, stages=STAGES, data=DATA):
    loop = loop or trainer()
    found = run_document(loop, stages, loop._data(data, None, stages))
    return json.loads(json.dumps(found, allow_nan=False))


def differing(a, b):
    return [text.split(" is ")[0] for text in _documents.differences(a, b)]


def test_the_same_settings_in_other_types_are_the_same_run():
    """NumPy's numbers, another order of summation, another machine's last bit."""
    s = stage(learning_rate=schedules.Exponential(1e-2, 1e-4), kl=lambda f: 1 + 0.5 * f)
    t = stage(
        learning_rate=schedules.Exponential(np.float64(1e-2), np.nextafter(1e-4, 1)),
        kl=lambda f: 0.5 * f + (1 + 1e-16 * f),
        temperatures=[np.float64(1.0)],
        energy_high=np.float32(100.0),
    )
    a = document(trainer(), [s])
    b = document(trainer(system=DoubleWell(a2=np.float32(6.0)), seed=np.int64(0)), [t])
    assert differing(a, b) == []
    values = s.controls()["learning_rate"]
    assert np.any(values != t.controls()["learning_rate"])  # the bits differ


class Well(System):
    """A user's own, with a constant in the code, one that is public and one that is not."""

    event_shape = (2,)

    def __init__(self, depth=1.0, hidden=1.0, shape=None):
        self.depth = depth
        self.centre = np.zeros(2) if shape is None else shape
        self._hidden = hidden

    def energy(self, x):
        return self._hidden * tf.reduce_sum((x - self.centre) ** 2, axis=-1)


class Shift(Bijector):
    """A user's own that is not registered."""

    def __init__(self, by):
        super().__init__(2, is_constant_jacobian=True)
        self.by = by

    def forward_and_log_det(self, z):
        return z + self.by, tf.zeros(tf.shape(z)[:-1], z.dtype)

    def inverse_and_log_det(self, x):
        return x - self.by, tf.zeros(tf.shape(x)[:-1], x.dtype)


def with_last(bijector):
    return trainer(Sequence([Scaling(2), bijector]))


def coordinate(x, axis, factor=1.0):
    return factor * x[..., axis]


def with_rc(function, **options):
    loss = ReactionCoordinate(function, -2.0, 2.0, **options)
    return [stage(ml=0.0, kl=1.0, rc=1.0, rc_loss=loss)]


VALUES = [f"system.values of training_energy[{i}]" for i in range(3)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (lambda: document(trainer(system=Well())), lambda: document(trainer(system=Well(2.0))),
         ["system.attributes.depth"]),
        (lambda: document(trainer(system=Well())), lambda: document(trainer(system=Well(hidden=2))),
         VALUES),
        (lambda: document(trainer(system=Well())),
         lambda: document(trainer(system=Well(shape=np.ones(2)))),
         [*VALUES, "system.attributes.centre[0]", "system.attributes.centre[1]"]),
        (lambda: document(with_last(Shift(1.0))), lambda: document(with_last(Shift(2.0))),
         ["bijector.bijectors[1].attributes.by"]),
        (lambda: document(with_last(tfp.bijectors.Scale(2.0))),
         lambda: document(with_last(tfp.bijectors.Scale(3.0))),
         ["bijector.bijectors[1].parameters.scale"]),
        (lambda: document(stages=with_rc(lambda x: x[..., 0])),
         lambda: document(stages=with_rc(lambda x: x[..., 1])),
         [f"stages[0].rc_loss.coordinates[0].values[{i}]" for i in range(3)]),
        (lambda: document(stages=with_rc(functools.partial(coordinate, axis=0))),
         lambda: document(stages=with_rc(functools.partial(coordinate, axis=0, factor=1.0000001))),
         ["stages[0].rc_loss.coordinates[0].function.arguments has 1 entries there and 2 here: "
          "[0], [0, 1.0000001]"]),
        (lambda: document(stages=with_rc(lambda x: x[..., 0])),
         lambda: document(stages=with_rc(lambda x: x[..., 0], bins=12)),
         ["stages[0].rc_loss.attributes.bins"]),
        (lambda: document(stages=with_rc(lambda x: x[..., 0])),
         lambda: document(stages=with_rc(lambda x: x[..., 0], form="entropy")),
         ["stages[0].rc_loss.attributes.form"]),
        (lambda: document(stages=[stage(kl=lambda f: f)]),
         lambda: document(stages=[stage(kl=lambda f: np.where(f > 0.4, f, 0))]),
         None),
        (lambda: document(stages=[stage(kl=schedules.Linear(0.0, 1.0))]),
         lambda: document(stages=[stage(kl=schedules.Linear(0.0, 2.0))]),
         ["stages[0].kl.end"]),
        (lambda: document(stages=[stage(condition=Uniform((0.0,), (1.0,)))]),
         lambda: document(stages=[stage(condition=Uniform((0.0,), (2.0,)))]),
         ["stages[0].condition.attributes.high[0]"]),
        (lambda: document(stages=[stage(clip_norm=None)]),
         lambda: document(stages=[stage(clip_norm=1.0)]),
         ["stages[0].clip_norm"]),
        (lambda: document(trainer(optimizer=keras.optimizers.Adam(beta_1=0.9))),
         lambda: document(trainer(optimizer=keras.optimizers.Adam(beta_1=0.8))),
         ["optimizer.beta_1"]),
        (lambda: document(trainer(optimizer=keras.optimizers.Adam(1e-3, name="a"))),
         lambda: document(trainer(optimizer=keras.optimizers.Adam(1e-4, name="b"))),
         []),
    ],
)  # fmt: skip
def test_what_makes_another_run_is_named(one, other, expected):
    found = differing(one(), other())
    if expected is None:
        assert found
    else:
        assert sorted(found) == sorted(expected)


def test_a_whitening_fitted_again_on_another_machine_is_the_same_and_its_first_fit_counts(tmp_path):
    """Its last bits differ there; the run goes on with those of the file."""
    options = {"verbose": 0, "checkpoint": tmp_path / "c.npz"}
    first = trainer(Sequence([Scaling(2), Whitening.from_data(DATA)]))
    first.fit(DATA, STAGES, **options)
    again = trainer(Sequence([Scaling(2), Whitening.from_data(DATA)]))
    mean = again.generator.bijector.bijectors[1]._parts["mean"].vector
    kept = mean.numpy()
    mean.assign(np.nextafter(kept, np.float32(9)))
    again.fit(DATA, STAGES, **options)
    np.testing.assert_array_equal(mean.numpy(), kept)
    mean.assign(kept + 0.01)
    with pytest.raises(ValueError, match="belongs to another run: .*vector.* not trained, differs"):
        again.fit(DATA, STAGES, **options)


def test_a_checkpoint_of_an_earlier_version_is_refused(fit, tmp_path):
    arrays = {"fingerprint": np.array("text"), "position": np.array([0, 5])}
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(ValueError, match=r"c\.npz must be of format 2, got one of an earlier"):
        fit()


# What it may hold.


@pytest.mark.parametrize(
    ("change", "arrays", "message"),
    [
        ({"position": [0, 11]}, {}, r"position in the plan of \[10, 20\] steps, got step 11 of st"),
        ({"position": [2, 0]}, {}, "got step 0 of stage 2"),
        ({"position": [-1, 0]}, {}, "got step 0 of stage -1"),
        ({"position": [1.0, 0]}, {}, "missing or of another type"),
        ({"energy_evaluations": -1}, {}, "energy_evaluations >= 0, got -1"),
        ({"energy_evaluations": None}, {}, "missing or of another type"),
        ({"stage_ends": [30, 10]}, {}, r"ends of 1 or 2 stages within 30 steps, got \[30, 10\]"),
        ({"stage_ends": [10, 31]}, {}, r"got \[10, 31\]"),
        ({"stage_ends": []}, {}, r"got \[\]"),
        ({"run": None}, {}, "missing or of another type"),
        ({"format": 3}, {}, "format 2, got 3"),
        ({}, {"parameters": np.full(2, np.nan, np.float32)}, "finite numbers in parameters"),
        ({}, {"parameters": np.zeros(2)}, r"must be float32\[2\], got float64\[2\]"),
        ({}, {"parameters": np.zeros(3, np.float32)}, r"must be float32\[2\], got float32\[3\]"),
        ({}, {"parameters": None}, r"must be float32\[2\], got none"),
        ({}, {"optimizer_0": np.array(-5, np.int64)}, "count >= 0 in optimizer_0, got -5"),
        ({}, {"history_kl": np.zeros(7, np.float32)}, r"history_kl must be float32\[30\], got"),
        ({}, {"history_loss": np.zeros((30, 1), np.float32)}, "history_"),
        ({}, {"more": np.zeros(2)}, "more must be absent, got float64"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(fit, shared, path, change, arrays, message):
    forging.documented(path, lambda d: d.update(change), arrays)
    before = shared._step.parameters.numpy()
    with pytest.raises(ValueError, match=rf"checkpoint .*c\.npz .*{message}"):
        shared.fit(DATA, STAGES, verbose=0, checkpoint=path)
    np.testing.assert_array_equal(shared._step.parameters.numpy(), before)


def test_a_short_history_is_refused(fit, path):
    names = [n for n in np.load(path).files if n.startswith("history_")]
    forging.documented(path, arrays={n: np.zeros(5, np.float32) for n in names})
    with pytest.raises(ValueError, match="history of at least 20 steps at step 20 of stage 1, got"):
        fit()


def test_an_exchange_of_arrays_is_refused(fit, path):
    """As if by a tool that leaves the document as it is."""
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["history_ml"], arrays["history_loss"] = arrays["history_loss"] + 1, arrays["history_ml"]
    np.savez(path, **arrays)
    path.with_name("c.previous.npz").unlink()
    with pytest.raises(ValueError, match="history_ml is not the array that its document describes"):
        fit()


# The one before it.


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.usefixtures("signals_as_in_a_shell")
def test_the_last_two_are_kept_and_a_damaged_one_falls_back(fit, tmp_path):
    whole = fit(checkpoint_every=5)
    path, before = tmp_path / "c.npz", tmp_path / "c.previous.npz"
    assert (steps_in(before), steps_in(path)) == (30, 30)  # the end of the last interval is the end
    path.unlink()
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint_every=5, callbacks=[Signal(12, signal.SIGINT)])
    assert (steps_in(before), steps_in(path)) == (10, 15)
    damage(path)
    with pytest.warns(UserWarning, match=r"c\.npz is truncated .*: the run goes on from c\.prev"):
        again = fit()
    np.testing.assert_array_equal(again["loss"], whole["loss"])


def test_two_damaged_ones_are_refused_and_that_of_another_run_does_not_fall_back(
    fit, path, tmp_path
):
    with pytest.raises(ValueError, match="another run"):
        fit([stage(10), stage(30)])
    damage(path)
    damage(tmp_path / "c.previous.npz")
    with pytest.raises(ValueError, match=r"c\.previous\.npz is truncated or was altered"):
        fit()


@pytest.mark.usefixtures("signals_as_in_a_shell")
def test_a_run_that_is_begun_anew_has_none_before_it(fit, path, tmp_path):
    path.unlink()
    with pytest.raises(KeyboardInterrupt):
        fit(callbacks=[Signal(4, signal.SIGINT)])
    assert steps_in(path) == 5
    assert steps_in(tmp_path / "c.previous.npz") == 0


# Where it is written.


@pytest.fixture
def no_room():
    """Files end at one kilobyte, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def count_calls(monkeypatch):
    calls = []
    original = TrainingStep.__call__

    def counted(self, *arguments):
        calls.append(arguments)
        return original(self, *arguments)

    monkeypatch.setattr(TrainingStep, "__call__", counted)
    return calls


@pytest.mark.usefixtures("no_room")
def test_a_full_disk_is_noticed_before_the_first_step(fit, tmp_path, monkeypatch):
    calls = count_calls(monkeypatch)
    with pytest.raises(OSError, match=r"File too large: '.*c\.npz'"):
        fit()
    assert not calls
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_noticed_before_the_first_step(
    fit, tmp_path, monkeypatch
):
    calls = count_calls(monkeypatch)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"(File exists|Not a directory): '.*file"):
        fit(checkpoint=tmp_path / "file" / "c.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(IsADirectoryError, match=r"got a folder: '.*folder\.npz'"):
        fit(checkpoint=tmp_path / "folder.npz")
    monkeypatch.setattr(_files.tempfile, "mkstemp", _no_permission)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*c\.npz'"):
        fit()
    assert not calls


def _no_permission(*_, prefix, suffix, dir):  # noqa: A002
    raise PermissionError(13, "Permission denied", str(Path(dir) / f"{prefix}x{suffix}"))


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(fit, path, request):
    before = path.read_bytes()
    request.getfixturevalue("no_room")
    with pytest.raises(OSError, match=r"File too large: '.*c\.npz'"):
        fit()
    assert path.read_bytes() == before


def test_leftovers_of_killed_runs_go_at_the_next_start(fit, tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    here = _files._machine()
    kept = [
        tmp_path / f".c-{here}-{os.getpid()}-abcdefgh.tmp.npz",
        tmp_path / f".c-{'0' * 8}-1-abcdefgh.tmp.npz",  # of another machine
        tmp_path / ".other-abcdefgh.tmp.npz",
    ]
    gone = [
        tmp_path / f".c-{here}-{ended.pid}-abcdefgh.tmp.npz",
        tmp_path / ".c-abcdefgh.tmp.npz",  # of an earlier version
        tmp_path / f".c-{'0' * 8}-2-abcdefgh.tmp.npz",  # of another machine
    ]
    for file in kept + gone:
        file.write_bytes(b"x")
    for file in gone[1:]:
        os.utime(file, (1e9, 1e9))
    fit()
    assert set(tmp_path.iterdir()) == {*kept, tmp_path / "c.npz", tmp_path / "c.previous.npz"}


# Signals.


class Signal(keras.callbacks.Callback):
    """A signal after a number of steps."""

    def __init__(self, at, number):
        super().__init__()
        self.at, self.number = at, number

    def on_train_batch_end(self, batch, logs=None):
        if batch >= self.at:
            signal.raise_signal(self.number)


def during_a_call(monkeypatch, numbers, start=5):
    original = TrainingStep.__call__

    def interrupted(self, shape, data, controls, seed, first):
        block = original(self, shape, data, controls, seed, first)
        if first == start:
            for number in numbers:
                signal.raise_signal(number)
        return block

    monkeypatch.setattr(TrainingStep, "__call__", interrupted)


def steps_in(path):
    return np.load(path)["history_loss"].size


@pytest.mark.usefixtures("signals_as_in_a_shell")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("during", ["call", "callback"])
def test_a_batch_systems_notice_saves_and_ends(fit, tmp_path, monkeypatch, number, during):
    whole = fit(checkpoint=tmp_path / "whole.npz")
    callbacks = []
    if during == "call":
        during_a_call(monkeypatch, [number])
    else:
        callbacks = [Signal(10, number)]
    with pytest.raises(SystemExit) as ended:
        fit(callbacks=callbacks)
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL
    assert steps_in(tmp_path / "c.npz") == 10
    monkeypatch.undo()
    np.testing.assert_array_equal(fit()["loss"], whole["loss"])


@pytest.mark.usefixtures("signals_as_in_a_shell")
@pytest.mark.parametrize(("times", "kept"), [(1, 5), (2, 0)])
def test_interrupts_before_the_first_interval_leave_a_checkpoint(
    fit, tmp_path, monkeypatch, times, kept
):
    during_a_call(monkeypatch, [signal.SIGINT] * times, start=0)
    with pytest.raises(KeyboardInterrupt):
        fit()
    assert steps_in(tmp_path / "c.npz") == kept
    monkeypatch.undo()
    assert len(fit()) == 30


def test_handlers_of_the_users_own_are_called_and_stay(fit, tmp_path, monkeypatch):
    calls = []

    def own(number, _):
        calls.append(number)

    before = signal.signal(signal.SIGTERM, own)
    try:
        during_a_call(monkeypatch, [signal.SIGTERM])
        assert len(fit()) == 30
        assert calls == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


ENDED = """
import sys
from test_checkpoints import DATA, STAGES, Signal, trainer
trainer().fit(
    DATA, STAGES, verbose=0, checkpoint=sys.argv[1], callbacks=[Signal(15, int(sys.argv[2]))]
)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "steps"), [(signal.SIGTERM, 143, 15), (signal.SIGKILL, -9, 0)]
)
def test_a_process_that_is_ended(fit, tmp_path, number, code, steps):
    ended = subprocess.run(
        [sys.executable, "-c", ENDED, str(tmp_path / "c.npz"), str(int(number))],
        env=children.environment(),
        check=False,
    )
    assert ended.returncode == code
    assert steps_in(tmp_path / "c.npz") == steps
    assert len(fit()) == 30
