"""Training: the compiled step against an independent eager loop, resume, monitoring, bad energies.

Networks are tiny, and trainers are shared by module fixtures, because each compilation takes
seconds.
"""

from __future__ import annotations

import copy
import csv
import dataclasses
import re
import shutil
import signal
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf.bijectors import Scaling, realnvp
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.systems import DoubleWell, MuellerBrown, System
from boltzmann_tf.training import History, Stage, Trainer
from boltzmann_tf.training.schedules import Cosine, Linear
from boltzmann_tf.training.step_shape import METRICS
from boltzmann_tf.training.steps import TrainingStep

BATCH = 64
RC = ReactionCoordinate(lambda x: x[..., 0], -2.5, 2.5)
OTHER_RC = ReactionCoordinate(lambda x: x[..., 1], -2.5, 2.5)  # of the same name, "<lambda>"
DATA = np.random.default_rng(0).normal(size=(200, 2)) * [0.2, 1.0]
DATA[:, 0] += np.where(np.arange(200) % 2, 1.7, -1.7)


def tiny(system=None, **options):
    return BoltzmannGenerator(
        system or DoubleWell(), realnvp(2, **{"blocks": 1, "hidden": (8,), "seed": 1} | options)
    )


class Fresh:
    """A compiled trainer that can be put back to its start, to serve many tests."""

    def __init__(self, generator, **options):
        self.trainer = Trainer(generator, **options)
        self._start = self.trainer.get_weights()

    def __call__(self):
        self.trainer.set_weights(self._start)
        self.trainer._step.reset_optimizer()
        return self.trainer


@pytest.fixture(scope="module")
def fresh():
    """All three losses, ten steps a call."""
    return Fresh(tiny(), seed=7, steps_per_call=10)


def stage(iterations=30, **options):
    options = {"ml": 1.0, "kl": 1.0, "rc": 1.0, "rc_loss": RC, "learning_rate": 3e-3} | options
    return Stage(iterations, BATCH, **options)


def parameters(trainer):
    return np.concatenate([w.ravel() for w in trainer.get_weights()])


# What a run does.


def test_losses_fall_and_the_history_holds_every_step(fresh):
    trainer = fresh()
    trainer.set_weights([w + 0.5 for w in trainer.get_weights()])  # a bad start
    history = trainer.fit(DATA, stage(200, learning_rate=1e-2), verbose=0)
    assert len(history) == 200
    assert set(history.values) == set(METRICS)
    for name in ("ml", "kl", "rc", "loss"):
        values = history[name]
        assert values.dtype == np.float32
        assert np.all(np.isfinite(values))
    for name in ("ml", "kl", "loss"):
        assert history[name][-50:].mean() < history[name][:10].mean() - 1, name
    np.testing.assert_allclose(
        history["loss"], history["ml"] + history["kl"] + history["rc"], rtol=1e-5
    )
    assert history.stage_ends == [200]
    assert history.non_finite == history.skipped == 0
    assert history.energy_evaluations == 200 * BATCH
    assert np.all((history["ess"] > 0) & (history["ess"] <= 1))


def test_runs_are_a_function_of_the_seed(fresh):
    trainer = fresh()
    first = trainer.fit(DATA, stage(), verbose=0)["loss"]
    again = fresh().fit(DATA, stage(), verbose=0)["loss"]
    np.testing.assert_array_equal(first, again)
    trainer = fresh()
    trainer.seed = 8
    try:
        other = trainer.fit(DATA, stage(), verbose=0)["loss"]
    finally:
        trainer.seed = 7
    assert np.abs(first - other).max() > 1e-3


def test_steps_differ_in_their_noise(fresh):
    """At a learning rate of 0 only the batches change from step to step."""
    history = fresh().fit(DATA, stage(20, learning_rate=0.0), verbose=0)
    for name in ("ml", "kl"):
        assert len(np.unique(history[name])) == 20


def test_the_number_of_steps_a_call_is_immaterial(fresh):
    """25 steps in calls of 10 end in a short call, and are the first 25 of 30."""
    long = fresh().fit(DATA, stage(30, ml=1.0), verbose=0)
    short = fresh().fit(DATA, stage(25, ml=1.0), verbose=0)
    np.testing.assert_array_equal(long["loss"][:25], short["loss"])
    assert len(short) == 25


def test_schedules_act(fresh):
    rising = fresh().fit(DATA, stage(20, kl=Linear(0.0, 2.0), learning_rate=0.0), verbose=0)
    expected = rising["ml"] + np.linspace(0, 2, 20) * rising["kl"] + rising["rc"]
    np.testing.assert_allclose(rising["loss"], expected, rtol=1e-5)
    low = fresh().fit(DATA, stage(20, energy_high=Linear(1e3, -0.0), learning_rate=0.0), verbose=0)
    assert low["kl"][-1] < rising["kl"][-1]  # energies above 0 are cut at the end


def test_nothing_is_compiled_twice(fresh):
    """Numbers that change, schedules, stages of other lengths: one trace and one compilation."""
    trainer = fresh()
    trainer.fit(DATA, stage(10), verbose=0)
    step = trainer._step
    before = len(step._compiled)
    key = stage().shape()
    start = time.process_time()
    trainer.fit(
        DATA,
        [
            stage(10, ml=0.3, kl=2.0, rc=0.1),
            stage(13, learning_rate=Cosine(1e-3, warmup=0.1), kl=Linear(0, 1)),
            stage(7, energy_high=Linear(1e3, 10), learning_rate=lambda f: 1e-3 * (1 - f)),
        ],
        verbose=0,
    )
    # XLA compiles again, in seconds and without a trace, if a number is a constant of its program.
    assert time.process_time() - start < 1.0
    assert len(step._compiled) == before
    assert step._compiled[key].experimental_get_tracing_count() == 1
    assert stage(10, clip_norm=1.0).shape() != key  # what is compiled in does count


# The same numbers by an independent route.


@tf.function(jit_compile=True)
def noise(run_seed, step):
    """Indices of the data and latent draws, as the trainer makes them."""
    seed = tf.random.experimental.stateless_fold_in(run_seed, step)
    data_seed, z_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    index = tf.random.stateless_uniform([BATCH], data_seed, maxval=len(DATA), dtype=tf.int32)
    return index, tf.random.stateless_normal([BATCH, 2], z_seed, dtype=tf.float64)


def eager_reference(trainer, stages, data, *, reset=True):
    """The whole run with plain Keras Adam on separate variables and published formulas, eagerly.

    Only the noise is drawn as the trainer draws it.
    """
    generator = trainer.generator
    variables = [keras.Variable(w) for w in trainer.get_weights()]
    bijector = generator.bijector
    losses, step = [], 0
    optimizer = None

    for recipe in stages:
        if optimizer is None or reset:
            optimizer = keras.optimizers.Adam()
            optimizer.build(variables)
        for i in range(recipe.iterations):
            optimizer.learning_rate = recipe.controls()["learning_rate"][i]
            kl = recipe.controls()["kl"][i]
            index, z = noise(tf.constant([trainer.seed, 0]), tf.constant(step))
            for target, source in zip(bijector.trainable_variables, variables, strict=True):
                target.assign(source.value)
            with tf.GradientTape() as tape:
                image, log_det = bijector.inverse_and_log_det(data[index.numpy()])
                ml = tf.reduce_mean(0.5 * tf.reduce_sum(image**2, axis=1) - log_det)
                x, log_det = bijector.forward_and_log_det(z)
                u = x[:, 0] ** 4 - 6 * x[:, 0] ** 2 + x[:, 0] + 0.5 * x[:, 1] ** 2
                u = tf.where(u < 100, u, 100 + tf.math.log(tf.maximum(u - 99, 1)))
                loss = ml + kl * tf.reduce_mean(u - log_det)
            gradients = tape.gradient(loss, bijector.trainable_variables)
            optimizer.apply(gradients, variables)
            losses.append(float(loss))
            step += 1
    return np.array(losses), np.concatenate([v.numpy().ravel() for v in variables])


@pytest.fixture(scope="module")
def fresh64():
    """float64, by example and by energy: numbers to compare to the last digits."""
    return Fresh(tiny(dtype="float64"), seed=3, steps_per_call=4, jit_compile=True)


TWO_STAGES = [
    Stage(4, BATCH, learning_rate=1e-2, kl=1.0),
    Stage(3, BATCH, learning_rate=Linear(1e-2, 1e-3), kl=Linear(0.5, 2.0)),
]


def test_compiled_flat_step_equals_eager_keras_adam(fresh64):
    losses, theta = eager_reference(fresh64(), TWO_STAGES, DATA)
    trainer = fresh64()
    history = trainer.fit(DATA, TWO_STAGES, verbose=0)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)  # the history is float32
    np.testing.assert_allclose(parameters(trainer), theta, rtol=1e-5, atol=1e-8)
    assert history.stage_ends == [4, 7]
    assert parameters(trainer).dtype == np.float64


def test_without_xla_it_is_the_same_training_with_other_random_numbers(fresh64):
    """A single configuration leaves nothing to chance: then losses and updates are the same."""
    plain = Trainer(tiny(dtype="float64"), seed=3, steps_per_call=4, jit_compile=False)
    trainer = fresh64()
    for each in (plain, trainer):
        each.fit(DATA[:1], Stage(7, BATCH, learning_rate=1e-2), verbose=0)
    np.testing.assert_allclose(parameters(plain), parameters(trainer), rtol=1e-6, atol=1e-9)
    history = plain.fit(None, Stage(300, BATCH, 1e-2, ml=0.0, kl=1.0), verbose=0)
    assert history["kl"][-20:].mean() < history["kl"][:20].mean() - 1


def test_optimizer_that_carries_over_would_be_seen(fresh64):
    """Planted: moments kept from one stage to the next give other numbers."""
    losses, theta = eager_reference(fresh64(), TWO_STAGES, DATA, reset=False)
    trainer = fresh64()
    history = trainer.fit(DATA, TWO_STAGES, verbose=0)
    np.testing.assert_allclose(history["loss"][:5], losses[:5], rtol=1e-6)
    assert np.abs(history["loss"][5:] - losses[5:]).max() > 1e-4
    assert np.abs(parameters(trainer) - theta).max() > 1e-4


@pytest.mark.parametrize("name", ["Adam", "Nadam", "Adagrad", "SGD", "RMSprop"])
def test_reset_puts_any_optimizer_back_to_its_start(name):
    """Not to zeros: Nadam's and Adagrad's states start elsewhere."""
    optimizer = getattr(keras.optimizers, name)()
    step = TrainingStep(tiny(), optimizer, 5)
    start = [v.numpy().copy() for v in step.optimizer_variables]
    optimizer.apply([tf.ones_like(step.parameters)], [step.parameters])
    assert any(np.any(v.numpy() != s) for v, s in zip(step.optimizer_variables, start, strict=True))
    step.reset_optimizer()
    for v, s in zip(step.optimizer_variables, start, strict=True):
        np.testing.assert_array_equal(v.numpy(), s)


# Resume.


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C after a number of steps."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_train_batch_end(self, batch, logs=None):
        if batch >= self.at:
            raise KeyboardInterrupt


STAGES = [stage(30), stage(40, learning_rate=Cosine(3e-3), kl=Linear(1.0, 2.0))]


@pytest.mark.parametrize("at", [10, 30, 50])
def test_resumed_run_is_the_uninterrupted_run(fresh, tmp_path, at):
    trainer = fresh()
    whole = trainer.fit(DATA, STAGES, verbose=0)
    expected = parameters(trainer)
    trainer = fresh()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(DATA, STAGES, verbose=0, checkpoint=tmp_path / "c", callbacks=[Interrupt(at)])
    assert np.any(parameters(trainer) != expected)
    trainer.set_weights([0 * w for w in trainer.get_weights()])  # all must come from the file
    resumed = fresh().fit(DATA, STAGES, verbose=0, checkpoint=tmp_path / "c")
    for name in METRICS:
        np.testing.assert_array_equal(resumed[name], whole[name])
    np.testing.assert_array_equal(parameters(trainer), expected)
    assert resumed.stage_ends == whole.stage_ends == [30, 70]
    assert resumed.energy_evaluations == whole.energy_evaluations


def test_resume_by_a_new_trainer_and_twice(fresh, tmp_path):
    """Another object, as in another process; interrupted once more on the way."""
    stages = [stage(30, learning_rate=lambda f: 3e-3 * (1 - f))]
    trainer = fresh()
    whole = trainer.fit(DATA, stages, verbose=0)
    expected = parameters(trainer)
    with pytest.raises(KeyboardInterrupt):
        fresh().fit(DATA, stages, verbose=0, checkpoint=tmp_path / "c", callbacks=[Interrupt(10)])
    other = Trainer(tiny(), seed=7, steps_per_call=10)
    # A function of its own that gives the same values is the same recipe.
    stages = [stage(30, learning_rate=lambda f: 3e-3 * (1 - f))]
    with pytest.raises(KeyboardInterrupt):
        other.fit(DATA, stages, verbose=0, checkpoint=tmp_path / "c", callbacks=[Interrupt(20)])
    resumed = other.fit(DATA, stages, verbose=0, checkpoint=tmp_path / "c")
    np.testing.assert_array_equal(resumed["loss"], whole["loss"])
    np.testing.assert_array_equal(parameters(other), expected)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.usefixtures("signals_as_in_a_shell")
def test_an_interrupt_during_a_call_tears_nothing(fresh, tmp_path, monkeypatch, times):
    """A signal in compiled code is raised when that returns: what it wrote is there already."""
    trainer = fresh()
    whole = trainer.fit(DATA, STAGES, verbose=0)
    expected = parameters(trainer)
    original = TrainingStep.__call__

    def interrupted(self, shape, data, controls, seed, start):
        block = original(self, shape, data, controls, seed, start)
        if start == 40:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return block

    monkeypatch.setattr(TrainingStep, "__call__", interrupted)
    options = {"verbose": 0, "checkpoint": tmp_path / "c.npz"}
    with pytest.raises(KeyboardInterrupt):
        fresh().fit(DATA, STAGES, checkpoint_every=20, **options)
    monkeypatch.undo()
    # The first waits for the call, the second does not, and leaves the last file.
    assert np.load(tmp_path / "c.npz")["history_loss"].size == (50 if times == 1 else 40)
    resumed = fresh().fit(DATA, STAGES, **options)
    np.testing.assert_array_equal(resumed["loss"], whole["loss"])
    np.testing.assert_array_equal(parameters(trainer), expected)


def test_finished_run_is_not_run_again(fresh, tmp_path):
    trainer = fresh()
    first = trainer.fit(DATA, STAGES, verbose=0, checkpoint=tmp_path / "c.npz")
    expected = parameters(trainer)
    again = fresh().fit(
        DATA, STAGES, verbose=0, checkpoint=tmp_path / "c.npz", callbacks=[Interrupt(0)]
    )
    np.testing.assert_array_equal(first["loss"], again["loss"])
    np.testing.assert_array_equal(parameters(trainer), expected)


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "c.npz"
    fresh().fit(DATA, STAGES, verbose=0, checkpoint=path)
    return path


@pytest.fixture
def checkpoint(finished, tmp_path):
    return shutil.copy(finished, tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # the same configurations in another order
        ({"data": DATA[::-1].copy()}, r"data\.sha256 is '\w+\.\.\.\w+' there and"),
        ({"data": DATA[:-1]}, r"data\.shape\[0\] is 200 there and 199 here"),
        ({"stages": [STAGES[0]]}, "stages has 2 entries there and 1 here"),
        (
            {"stages": [STAGES[0], dataclasses.replace(STAGES[1], learning_rate=1e-3)]},
            r"stages\[1\]\.learning_rate is {'class': 'Cosine'.* there and 0.001 here",
        ),
        (
            {"stages": [dataclasses.replace(s, energy_max=1e9) for s in STAGES]},
            r"stages\[0\]\.energy_max is 10000000000.0 there and 1000000000.0 here",
        ),
        ({"seed": 8}, "seed is 7 there and 8 here: give a new path"),
        ({"generator": BoltzmannGenerator(DoubleWell(), Scaling(2))}, r"bijector\.class is"),
        ({"optimizer": keras.optimizers.SGD()}, "optimizer.class is 'Adam' there and 'SGD' here"),
        ({"generator": tiny(DoubleWell(a2=3.0))}, r"system\.config\.a2 is 6.0 there and 3.0 here"),
        ({"generator": tiny(MuellerBrown())}, r"system\.class is 'DoubleWell' there"),
        ({"generator": tiny(seed=2)}, r"bijectors\[0\]\.config\.seed is \d+ there and \d+ here"),
        ({"generator": tiny(scale_bound=1.0)}, r"config\.scale_bound is absent there and 1.0 here"),
        (
            {"stages": [dataclasses.replace(s, rc_loss=OTHER_RC) for s in STAGES]},
            r"rc_loss\.coordinates\[0\]\.values\[0\] is -?\d",
        ),
    ],
    ids=[
        "order", "data", "stages", "schedule", "energy_max", "seed", "network", "optimizer",
        "parameter", "system", "network's seed", "bound", "coordinate",
    ],
)  # fmt: skip
def test_checkpoint_of_another_run_is_refused(checkpoint, change, message):
    arguments = {"data": DATA, "stages": STAGES, "seed": 7, "generator": tiny()} | change
    arguments = {"optimizer": None} | arguments
    trainer = Trainer(
        arguments["generator"], arguments["optimizer"], seed=arguments["seed"], steps_per_call=10
    )
    with pytest.raises(ValueError, match=f"belongs to another run: .*{message}"):
        trainer.fit(arguments["data"], arguments["stages"], verbose=0, checkpoint=checkpoint)


def test_truncated_checkpoint_is_refused(fresh, checkpoint):
    content = checkpoint.read_bytes()
    for fraction in (0, 0.3, 0.9, 0.999):
        checkpoint.write_bytes(content[: int(fraction * len(content))])
        with pytest.raises(ValueError, match=r"checkpoint .*c\.npz is truncated or was altered"):
            fresh().fit(DATA, STAGES, verbose=0, checkpoint=checkpoint)


def test_altered_checkpoint_is_refused_or_harmless(fresh, checkpoint):
    """Any one bit: a ValueError, or the run is the same because the byte means nothing."""
    content = checkpoint.read_bytes()
    fresh().fit(DATA, STAGES, verbose=0, checkpoint=checkpoint)
    expected = parameters(fresh.trainer)
    for i in np.random.default_rng(5).integers(len(content), size=60):
        checkpoint.write_bytes(content[:i] + bytes([content[i] ^ 4]) + content[i + 1 :])
        try:
            fresh().fit(DATA, STAGES, verbose=0, checkpoint=checkpoint)
        except ValueError:
            continue
        np.testing.assert_array_equal(parameters(fresh.trainer), expected)


def test_checkpoint_of_an_array_is_no_checkpoint(fresh, tmp_path):
    np.savez(tmp_path / "c.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"must be of format 2, got .* or no checkpoint"):
        fresh().fit(DATA, STAGES, verbose=0, checkpoint=tmp_path / "c.npz")


# Energies that are not finite.


class Broken(System):
    """NaN in the half-plane x1 > 1, a harmonic well elsewhere."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) + 0 * tf.sqrt(1 - x[..., 0])


class Hopeless(System):
    """Finite energies whose batch mean overflows the gradient: no step can be taken."""

    event_shape = (2,)

    def energy(self, x):
        return 1e30 * tf.reduce_sum(x, axis=-1) ** 2


def test_nan_energies_are_counted_and_training_goes_on():
    trainer = Trainer(tiny(Broken()), steps_per_call=10)
    start = parameters(trainer)
    history = trainer.fit(None, Stage(40, 256, ml=0.0, kl=1.0), verbose=0)
    # P(z > 1) = 0.16 of 256 samples at the start, give or take the untrained map
    assert 5 < history["non_finite"][0] < 120
    assert history.non_finite == int(history["non_finite"].sum())
    assert history.skipped == 0
    assert np.all(np.isfinite(history["loss"]))
    assert np.all(np.isfinite(parameters(trainer)))
    assert np.any(parameters(trainer) != start)


class Branching(System):
    """A user's energy in plain Python, which branches on a value."""

    event_shape = (2,)

    def energy(self, x):
        energy = tf.reduce_sum(x**2, axis=-1)
        if tf.reduce_max(x) > -1e9:
            energy = energy + 3.0
        return energy


def test_python_control_flow_of_an_energy_is_converted():
    generator = BoltzmannGenerator(Branching(), realnvp(2, blocks=1, hidden=(4,), zero_shift=True))
    history = Trainer(generator, seed=0).fit(
        None, Stage(1, 20_000, 1e-3, ml=0.0, kl=1.0), verbose=0
    )
    # At first the map is the identity, so J_KL is the mean of |z|^2 + 3, 2 + 3: 5 standard errors
    # of 2 / sqrt(20 000).
    assert abs(history["kl"][0] - 5.0) < 5 * 2 / np.sqrt(20_000)


def test_step_without_finite_gradient_is_skipped_and_leaves_no_trace():
    """The first configurations give a gradient that overflows float32."""
    generator = BoltzmannGenerator(Hopeless(), Scaling(2))
    trainer = Trainer(generator, steps_per_call=5)
    start = parameters(trainer)
    recipe = Stage(10, 16, ml=0.0, kl=1.0, energy_high=1e37, energy_max=1e38)
    history = trainer.fit(None, recipe, verbose=0)
    assert history.skipped == 10
    np.testing.assert_array_equal(parameters(trainer), start)
    optimizer_state = trainer._step.optimizer_variables
    assert not any(np.any(v.numpy()) for v in optimizer_state if v.shape.rank)


def test_gradient_is_clipped_to_the_norm():
    """With plain gradient descent at rate 1 the step is the clipped gradient itself."""
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2))
    trainer = Trainer(generator, keras.optimizers.SGD(), steps_per_call=1)
    start = parameters(trainer)
    history = trainer.fit(
        DATA, Stage(1, BATCH, learning_rate=1.0, kl=1.0, clip_norm=0.25), verbose=0
    )
    assert history["gradient_norm"][0] > 0.25  # as it was before
    assert np.linalg.norm(parameters(trainer) - start) == pytest.approx(0.25, rel=1e-5)


def test_several_temperatures_and_weighted_likelihood():
    """Against NumPy on the step's own draws, for the exact scaling of a Gaussian."""

    class Gaussian(System):
        event_shape = (2,)

        def energy(self, x):
            return 0.5 * tf.reduce_sum(x**2, axis=-1)

    generator = BoltzmannGenerator(Gaussian(), Scaling(2))
    trainer = Trainer(generator, steps_per_call=2)
    recipe = Stage(
        2, 8192, learning_rate=0.0, kl=1.0, temperatures=(0.5, 1.0, 4.0), weighted_ml=True
    )
    assert recipe.shape().generated == 8190  # floored to a multiple of 3
    data = np.random.default_rng(1).normal(size=(10, 2))
    history = trainer.fit(data, recipe, verbose=0)
    # J_KL = D / 2 at every temperature; the mean of 8190 chi-square terms has an error of 0.011,
    # and six of them are a false alarm of 2e-9. Without the division by tau it would be 1.83.
    assert history["kl"][0] == pytest.approx(1.0, abs=0.066)
    assert history["ess"][0] == pytest.approx(1.0, abs=1e-4)  # an exact generator
    # Weights of an exact generator are equal: the plain mean over the data, in its own error.
    terms = 0.5 * (data**2).sum(axis=1)
    assert history["ml"][0] == pytest.approx(terms.mean(), abs=6 * terms.std() / np.sqrt(8192))
    assert history.energy_evaluations == 2 * 2 * 8190


def test_weights_of_the_likelihood_are_of_each_samples_own_temperature():
    """Two configurations under the identity: each weight is exp((|x|^2 / 2 - u) / tau)."""

    class Shifted(System):
        event_shape = (2,)

        def energy(self, x):
            return 0.5 * tf.reduce_sum(x**2, axis=-1) + 3 * tf.cast(x[:, 0] > 0, x.dtype)

    generator = BoltzmannGenerator(Shifted(), Scaling(2))
    data = np.array([[1.0, 0.0], [-2.0, 0.0]])
    recipe = Stage(1, 60_000, learning_rate=0.0, temperatures=(0.5, 2.0), weighted_ml=True)
    history = Trainer(generator, steps_per_call=1).fit(data, recipe, verbose=0)
    # The first configuration has weight exp(-3 / tau), the second 1; their terms are 0.5 and 2.
    first = np.exp(-3 / np.array([0.5, 2.0])).mean()
    expected = (0.5 * first + 2.0) / (first + 1)
    at_one = (0.5 * np.exp(-3) + 2.0) / (np.exp(-3) + 1)
    # Which of the two is drawn at which temperature scatters, and the value with it, by 0.0013.
    assert history["ml"][0] == pytest.approx(expected, abs=0.01)
    assert abs(expected - at_one) > 0.05


# What a user sees.


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.events = []
        self.logs = {}

    def on_train_begin(self, logs=None):
        self.events.append("train begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"stage {epoch}")

    def on_train_batch_end(self, batch, logs=None):
        self.events.append(batch)
        self.logs = logs

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(f"stage {epoch} end")
        assert logs == self.logs

    def on_train_end(self, logs=None):
        self.events.append("train end")


def test_callbacks_are_called_in_order(fresh):
    recorder = Recorder()
    trainer = fresh()
    trainer.fit(DATA, [stage(20), stage(15)], verbose=0, callbacks=[recorder])
    assert recorder.events == [
        *("train begin", "stage 0", 10, 20, "stage 0 end"),
        *("stage 1", 30, 35, "stage 1 end", "train end"),
    ]
    assert set(recorder.logs) == set(METRICS)
    assert recorder.model is trainer


def test_callbacks_end_with_an_interrupt(fresh):
    recorder = Recorder()
    with pytest.raises(KeyboardInterrupt):
        fresh().fit(DATA, stage(20), verbose=0, callbacks=[recorder, Interrupt(10)])
    assert recorder.events[-1] == "train end"


def test_a_callback_can_stop_training(fresh):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    trainer = fresh()
    history = trainer.fit(DATA, STAGES, verbose=0, callbacks=[Stop()])
    assert len(history) == 10
    assert history.stage_ends == [10]
    assert len(trainer.fit(DATA, stage(20), verbose=0)) == 20  # the next run is not stopped


def test_keras_own_callbacks_work(fresh, tmp_path):
    trainer = fresh()
    trainer.fit(
        DATA,
        [stage(20)] * 4,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(
                monitor="loss", min_delta=1e6, patience=2, restore_best_weights=True
            ),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.TerminateOnNaN(),
        ],
    )
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert len(rows) == 3  # no improvement for two stages
    assert set(METRICS) <= set(rows[0])
    best = parameters(trainer)
    fresh().fit(DATA, stage(20), verbose=0)
    np.testing.assert_array_equal(best, parameters(trainer))  # those of the first stage


def test_weights_go_out_and_in(fresh):
    trainer = fresh()
    weights = [w + 1 for w in trainer.get_weights()]
    trainer.set_weights(weights)
    for a, b in zip(trainer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for v, w in zip(trainer.generator.bijector.trainable_variables, weights, strict=True):
        np.testing.assert_array_equal(v.numpy(), w)


@pytest.mark.parametrize("columns", [80, 120])
def test_progress_bar_says_where_training_stands(fresh, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    fresh().fit(DATA, [stage(20), stage(10)], verbose=1)
    text = capsys.readouterr().out
    for pattern in (
        r"stage 2 .*30/30 .*\d+ steps/s.*\d+:\d\d:\d\d",
        r"J_ML -?\d+\.\d+ J_KL -?\d+\.\d+ J_RC -?\d+\.\d+ ESS 0\.\d+ non-finite 0",
    ):
        assert re.search(pattern, text), text


def test_silence(fresh, capsys):
    fresh().fit(DATA, stage(10), verbose=0)
    assert capsys.readouterr() == ("", "")


def test_tensorboard_files(fresh, tmp_path):
    fresh().fit(DATA, stage(20), verbose=0, tensorboard=tmp_path / "logs")
    (file,) = (tmp_path / "logs").glob("events.out.tfevents.*")
    seen = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            assert np.isfinite(tf.make_ndarray(value.tensor))
            seen.setdefault(value.tag, []).append(event.step)
    assert seen.keys() == set(METRICS)
    assert all(steps == [10, 20] for steps in seen.values())


def test_history_counts():
    history = History()
    assert len(history) == 0
    assert history.non_finite == history.skipped == 0
    block = np.full((3, len(METRICS)), np.nan, np.float32)
    block[:, METRICS.index("non_finite")] = [1, 0, 2]
    block[:, METRICS.index("skipped")] = [0, 1, 0]
    history.append(block)
    assert (len(history), history.non_finite, history.skipped) == (3, 3, 1)


def test_a_long_history_is_not_copied_at_each_call():
    history, copies, room = History(), 0, None
    steps = np.arange(4000, dtype=np.float32)
    for block in steps.reshape(1000, 4):
        history.append(np.tile(block[:, None], len(METRICS)))
        base = history["kl"].base
        copies += base is None or base is not room
        room = base
    np.testing.assert_array_equal(history["kl"], steps)
    assert copies < 15  # to twice the size each


def test_what_comes_after_a_cut_is_not_seen_in_what_was_kept_elsewhere():
    history = History()
    history.append(np.zeros((4, len(METRICS)), np.float32))
    kept, copied = history["loss"], copy.copy(history)
    history.cut(2)
    history.append(np.ones((2, len(METRICS)), np.float32))
    np.testing.assert_array_equal(history["loss"], [0, 0, 1, 1])
    np.testing.assert_array_equal(kept, np.zeros(4))
    np.testing.assert_array_equal(copied["loss"], np.zeros(4))
