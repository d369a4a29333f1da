"""Exploration: its moves keep the Boltzmann density, and it finds what it was not told of."""

from __future__ import annotations

import forging
import keras
import laws
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest, norm

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, System, Trainer, realnvp, systems
from boltzmann_tf.training import explorer as explorer_module
from boltzmann_tf.training import objective
from boltzmann_tf.training.explorer import Explorer


class Gaussian(System):
    event_shape = (2,)

    def energy(self, x):
        return 0.5 * (x[..., 0] ** 2 + (x[..., 1] / 2) ** 2)


N = 4000
FIXED = Stage(200, 1024, 0.0, ml=1.0, kl=1.0)  # a network that stays as it is


def explorer(system, initial, *, perturbed=0.2, **options):
    flow = laws.perturb(realnvp(2, blocks=2, hidden=(16,), seed=1), perturbed)
    return Explorer(
        BoltzmannGenerator(system, flow), initial, **{"seed": 3, "jit_compile": False} | options
    )


def distance(buffer):
    """Kolmogorov-Smirnov from the exact density, the larger of both coordinates."""
    return max(
        kstest(buffer[:, 0], norm.cdf).statistic, kstest(buffer[:, 1] / 2, norm.cdf).statistic
    )


def equilibrium():
    return np.random.default_rng(0).standard_normal((N, 2)) * [1, 2]


@pytest.mark.parametrize("tau", [1.0, 2.0])
def test_moves_keep_the_boltzmann_density(tau, monkeypatch):
    """KS of 4000 independent draws: false alarm 1e-6. Without the Jacobian it fails."""
    threshold = 2.7 / np.sqrt(N)
    x = equilibrium() * np.sqrt(tau)
    options = {"capacity": N, "step_size": 0.6, "temperature": tau}

    def run():
        e = explorer(Gaussian(), x, **options)
        # Every configuration once: draws with replacement would not be independent.
        e._step.buffer.assign(x)
        e.run(FIXED, verbose=0)
        return e

    e = run()
    assert 0.1 < e.acceptance.mean() < 0.95
    assert np.mean(np.any(e.buffer != x.astype(np.float32), axis=1)) > 0.9
    assert distance(e.buffer / np.sqrt(tau)) < threshold

    original = BoltzmannGenerator.to_configuration

    def without_jacobian(self, z, **condition):
        y, log_det = original(self, z, **condition)
        return y, 0 * log_det

    monkeypatch.setattr(BoltzmannGenerator, "to_configuration", without_jacobian)
    assert distance(run().buffer / np.sqrt(tau)) > threshold


def test_finds_the_other_well():
    system = systems.DoubleWell()
    rng = np.random.default_rng(0)
    start = system.initial_state("left") + 0.1 * rng.standard_normal((500, 2))
    e = explorer(system, start, perturbed=0.0, capacity=2000)
    assert not np.any(e.buffer[:, 0] > 0)
    e.run(Stage(300, 512, 1e-3, ml=1.0, kl=1.0, energy_high=1e4), verbose=0)
    assert np.any(e.buffer[:, 0] > 1)
    # Losses (one energy a generated sample) and moves (two a moved one).
    assert e.history.energy_evaluations == 300 * (512 + 2 * 512)
    assert len(e.history) == len(e.acceptance) == len(e.step_size) == 300


def test_moves_are_of_the_data_that_a_weighted_step_takes(monkeypatch):
    """A batch of ten at three temperatures is one of nine, in the loss and in the moves."""
    stage = Stage(1, 10, 0.0, ml=1.0, kl=1.0, temperatures=(1.0, 2.0, 3.0), weighted_ml=True)
    e = explorer(Gaussian(), equilibrium(), perturbed=0.0, capacity=500, step_size=0.01)
    taken, index = [], objective.batch_index

    def recorded(*arguments):
        taken.append(index(*arguments))
        return taken[-1]

    for module in (objective, explorer_module):
        monkeypatch.setattr(module, "batch_index", recorded)
    before = e.buffer
    tf.config.run_functions_eagerly(run_eagerly=True)
    try:
        e.run(stage, verbose=0)
    finally:
        tf.config.run_functions_eagerly(run_eagerly=False)
    loss, moved = (set(np.asarray(i).tolist()) for i in taken)
    assert loss == moved
    changed = np.flatnonzero(np.any(e.buffer != before, axis=1))
    assert 0 < len(changed) <= 9
    assert set(changed.tolist()) <= loss
    assert e.history.energy_evaluations == 9 + 9 + 2 * 9


def test_step_size_follows_the_acceptance():
    e = explorer(Gaussian(), equilibrium(), perturbed=0.0, capacity=500, step_size=0.1)
    e.run(Stage(80, 64, 0.0, ml=1.0), verbose=0)
    assert np.all(e.step_size[:50] == np.float32(0.1))
    grown = 0.1 * 1.02 ** np.arange(1, 31)
    np.testing.assert_allclose(e.step_size[50:], grown, rtol=1e-5)
    # Far too large, and no acceptance: it shrinks. Never above 1.
    far = explorer(systems.DoubleWell(), np.full((10, 2), 30.0), capacity=100, step_size=1.0)
    far.run(Stage(80, 64, 0.0, ml=1.0), verbose=0)
    assert np.all(far.step_size <= 1)


def test_the_same_run_in_two_parts_and_from_the_same_seed():
    stage = Stage(20, 64, 1e-3, ml=1.0, kl=1.0)
    one, two, other = (explorer(Gaussian(), equilibrium(), capacity=300, seed=s) for s in (5, 5, 6))
    one.run(stage, verbose=0)
    for _ in range(2):
        two.run(Stage(10, 64, 1e-3, ml=1.0, kl=1.0), verbose=0)
    other.run(stage, verbose=0)
    assert np.array_equal(one.buffer, two.buffer)
    assert np.array_equal(one.history["kl"], two.history["kl"])
    assert not np.array_equal(one.buffer, other.buffer)


def test_the_trace_is_the_same_in_parts_of_any_length():
    """Five iterations of a call that could take ten, again and again."""
    one, two = (
        explorer(Gaussian(), equilibrium(), capacity=300, step_size=0.5, steps_per_call=10)
        for _ in range(2)
    )
    one.run(Stage(65, 64, 1e-3, ml=1.0), verbose=0)
    for _ in range(13):
        two.run(Stage(5, 64, 1e-3, ml=1.0), verbose=0)
    assert len(np.unique(one.step_size)) > 10
    np.testing.assert_array_equal(one.step_size, two.step_size)
    np.testing.assert_array_equal(one.acceptance, two.acceptance)
    assert two.history.stage_ends == list(range(5, 66, 5))


class Interrupt(keras.callbacks.Callback):
    """Stops after a number of iterations, by Ctrl-C or otherwise."""

    def __init__(self, at, error=KeyboardInterrupt):
        super().__init__()
        self.at, self.error = at, error

    def on_train_batch_end(self, batch, logs=None):
        if batch >= self.at:
            raise self.error


STAGES = [Stage(23, 64, 1e-3, ml=1.0, kl=1.0), Stage(40, 64, Cosine(3e-3), ml=1.0, kl=1.0)]


def resumable(**options):
    """Its step size adapts, and its buffer is put in order, before and after each resume."""
    options = {"capacity": 300, "step_size": 0.5, "steps_per_call": 5} | options
    start = equilibrium()[:200] + [0.5, 0]
    return explorer(Gaussian(), start, **{"relabel": lambda x: x * [1, -1]} | options)


def state(e):
    """All that another iteration would depend on, and what is shown."""
    variables = {name: v.numpy() for name, v in e._step.state.items()}
    network = {f"network {i}": w for i, w in enumerate(e.get_weights())}
    return variables | network | e.history.values | {"ordered": e._ordered}


@pytest.fixture(scope="module")
def whole():
    e = resumable()
    for each in STAGES:
        e.run(each, verbose=0)
    assert len(np.unique(e.step_size)) > 5
    return e


@pytest.mark.parametrize(
    ("number", "at", "error"),
    [(0, 10, KeyboardInterrupt), (1, 43, RuntimeError), (1, 58, KeyboardInterrupt)],
)
def test_a_resumed_run_is_the_uninterrupted_run(whole, tmp_path, number, at, error):
    """In a new explorer each time, as in another process; interrupted twice in a row."""
    files = [tmp_path / f"{i}.npz" for i in range(2)]

    def run(callbacks):
        e = resumable()
        for stage, file in zip(STAGES, files, strict=True):
            e.run(stage, verbose=0, checkpoint=file, checkpoint_every=10, callbacks=callbacks)
        return e

    for later in (0, 4):
        with pytest.raises(error):
            run([Interrupt(at + later, error)])
        assert files[number].exists()
    resumed = run([])
    expected, found = state(whole), state(resumed)
    assert set(expected) == set(found)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert resumed.history.stage_ends == whole.history.stage_ends == [23, 63]
    assert resumed.history.energy_evaluations == whole.history.energy_evaluations


def test_resume_in_the_same_explorer(whole, tmp_path):
    e = resumable()
    e.run(STAGES[0], verbose=0)
    with pytest.raises(KeyboardInterrupt):
        e.run(STAGES[1], verbose=0, checkpoint=tmp_path / "c", callbacks=[Interrupt(40)])
    e._step.buffer.assign(0 * e._step.buffer)  # all must come from the file
    e.set_weights([0 * w for w in e.get_weights()])
    e.run(STAGES[1], verbose=0, checkpoint=tmp_path / "c")
    np.testing.assert_array_equal(e.buffer, whole.buffer)
    np.testing.assert_array_equal(e.acceptance, whole.acceptance)


def test_each_part_of_the_state_counts(whole, tmp_path):
    """Planted: a part that is not restored, but as it is at the start, gives another run."""
    e, fresh, file = resumable(), resumable(), tmp_path / "c.npz"
    e.run(STAGES[0], verbose=0)
    with pytest.raises(KeyboardInterrupt):
        e.run(STAGES[1], verbose=0, checkpoint=file, callbacks=[Interrupt(58)])
    content = file.read_bytes()
    for missing in (None, "parameters", "buffer", "move_size", "accepted", "iteration"):
        del e._stages[1:]
        file.write_bytes(content)
        if missing:
            forging.documented(file, arrays={missing: fresh._step.state[missing].numpy()})
        e.run(STAGES[1], verbose=0, checkpoint=file)
        found = state(e)
        same = all(np.array_equal(v, found[n], equal_nan=True) for n, v in state(whole).items())
        assert same == (missing is None), missing


@pytest.fixture(scope="module")
def other_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("other") / "c.npz"
    resumable().run(STAGES[0], verbose=0, checkpoint=path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"capacity": 301},
        {"step_size": 0.4},
        {"temperature": 2.0},
        {"steps_per_call": 4},
        {"relabel": None},
        {"seed": 4},
        {"jit_compile": True},
        {"optimizer": keras.optimizers.SGD()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_checkpoint_of_other_settings_is_refused(other_file, change):
    other = resumable(**change)
    before = state(other)
    message = "belongs to another run: .* there and .* here.*: give a new path"
    with pytest.raises(ValueError, match=message):
        other.run(STAGES[0], verbose=0, checkpoint=other_file)
    for name, value in state(other).items():
        np.testing.assert_array_equal(value, before[name])


def test_checkpoint_of_another_network_start_stage_or_loop_is_refused(tmp_path):
    stage = Stage(5, 64, 1e-3, ml=1.0)
    start = equilibrium()[:50]

    def run(size=16, start=start, stage=stage, before=()):
        e = Explorer(
            BoltzmannGenerator(Gaussian(), realnvp(2, blocks=1, hidden=(size,))),
            start,
            capacity=50,
            jit_compile=False,
        )
        for each in before:
            e.run(each, verbose=0)
        e.run(stage, verbose=0, checkpoint=tmp_path / "c")
        return e

    run()
    for other in (
        {"size": 17},
        {"start": start + 1e-3},
        {"stage": Stage(5, 64, 1e-4, ml=1.0)},
        {"before": [stage]},
    ):
        with pytest.raises(ValueError, match="belongs to another run"):
            run(**other)
    trainer = Trainer(run().generator, jit_compile=False)
    with pytest.raises(ValueError, match="belongs to another run"):
        trainer.fit(start, stage, verbose=0, checkpoint=tmp_path / "c")


def test_the_bar_shows_the_moves(capsys):
    e = explorer(Gaussian(), equilibrium(), capacity=300)
    e.run(Stage(20, 64, 1e-3, ml=1.0))
    shown = capsys.readouterr().out
    assert "20/20" in shown
    assert "J_ML" in shown
    assert f"acceptance {e.acceptance[-10:].mean():.3f}" in shown
    e.run(Stage(20, 64, 1e-3, ml=1.0), verbose=0)
    assert not capsys.readouterr().out


def test_callbacks_see_the_explorer_and_can_stop_it():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.logs = logs
            self.model.stop_training = np.all(self.model.buffer >= 0)

    stop = Stop()
    e = explorer(Gaussian(), equilibrium(), capacity=300, relabel=np.abs)
    e.run(Stage(50, 64, 1e-3, ml=1.0), verbose=0, callbacks=[stop])
    assert len(e.history) == 10
    assert {"acceptance", "step_size"} <= set(stop.logs)
    e.run(Stage(5, 64, 1e-3, ml=1.0), verbose=0)
    assert e.history.stage_ends == [10, 15]


def test_relabel_is_applied():
    e = explorer(
        Gaussian(), equilibrium(), capacity=300, relabel=lambda x: np.abs(x), steps_per_call=5
    )
    assert np.all(e.buffer >= 0)
    e.run(Stage(10, 64, 1e-3, ml=1.0), verbose=0)
    assert np.all(e.buffer >= 0)


def test_overlaps_are_rejected():
    """From the dimer's lattice with a network that moves far: no NaN enters the buffer."""
    system = systems.SolvatedDimer()
    start = np.tile(system.initial_state("closed"), (10, 1))
    flow = realnvp(76, blocks=1, hidden=(8,))
    e = Explorer(
        BoltzmannGenerator(system, flow), start, capacity=50, step_size=1.0, jit_compile=False
    )
    e.run(Stage(10, 32, 1e-3, ml=1.0, kl=1.0), verbose=0)
    assert np.all(np.isfinite(e.buffer))
    assert np.all(np.isfinite(system.energy(tf.constant(e.buffer))))


def with_condition():
    return BoltzmannGenerator(Gaussian(), realnvp(2, blocks=1, hidden=(4,), condition_size=1))


def run(**options):
    explorer(Gaussian(), [[0.0, 0.0]]).run(Stage(5, ml=1.0), **{"verbose": 0} | options)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: explorer(Gaussian(), np.zeros((3, 5))), ValueError, "initial must have shape"),
        (lambda: explorer(Gaussian(), [[np.nan, 0.0]]), ValueError, "initial must be finite"),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]], capacity=0), ValueError, "capacity must be"),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]], step_size=0), ValueError, "step_size must be"),
        (lambda: Explorer(with_condition(), [[0.0, 0.0]]), ValueError, "unconditional"),
        (
            lambda: explorer(Gaussian(), [[0.0, 0.0]]).run(Stage(5, ml=0.0, kl=1.0), verbose=0),
            ValueError,
            "train on the buffer, ml > 0",
        ),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]]).run([]), TypeError, "stage must be"),
        (lambda: run(checkpoint=5), TypeError, "checkpoint must be a str or PathLike, got 5"),
        (lambda: run(checkpoint_every=0), ValueError, "checkpoint_every must be .*got 0"),
        (lambda: run(verbose=2), ValueError, "verbose must be one of .*got 2"),
        (lambda: run(callbacks=[3]), TypeError, r"callbacks\[0\] must be a Callback, got 3"),
        (
            lambda: explorer(Gaussian(), [[0.0, 0.0]], optimizer="adam"),
            TypeError,
            "optimizer must be a Optimizer, got 'adam'",
        ),
    ],
)
def test_bad_input(call, error, said):
    with pytest.raises(error, match=said):
        call()
