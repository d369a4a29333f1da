"""What short trainings leave behind: nothing of Python's, and one compilation for all of them."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp
from boltzmann_tf.bijectors import Whitening
from boltzmann_tf.energy_cut import safe_energy, with_slope
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.systems import DoubleWell, NematicAngles, System
from boltzmann_tf.training import shared_steps as _compiled
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.steps import TrainingStep

DATA = np.random.default_rng(0).standard_normal((64, 2)).astype(np.float32)
STAGE = Stage(12, batch_size=16, kl=1.0)
SHORT = {"steps_per_call": 5, "jit_compile": False}


def generator(seed=0, system=None, **options):
    network = realnvp(2, blocks=1, hidden=(4,), seed=seed, **options)
    return BoltzmannGenerator(system or DoubleWell(), network, jit_compile=False)


def trained(seed=0, system=None, stage=STAGE, **options):
    """A new generator and trainer; what came of them."""
    trainer = Trainer(generator(seed, system), seed=seed, **{**SHORT, **options})
    history = trainer.fit(DATA, stage, verbose=0)
    return trainer, history


def numbers(trainer, history):
    """All that a training ends with."""
    state = [v.numpy() for v in trainer._step.state.values()]
    return [*trainer.get_weights(), *state, *history.values.values()]


def assert_same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def alone(monkeypatch):
    """Trainings that share nothing."""

    def run(make):
        with monkeypatch.context() as patch:
            patch.setattr(TrainingStep, "_shared_engine", lambda *_: None)
            return make()

    return run


class Harmonic(System):
    event_shape = (2,)

    def __init__(self, k=1.0):
        self.k = k

    def energy(self, x):
        return 0.5 * self.k * tf.reduce_sum(x**2, axis=-1)


@pytest.mark.slow
def test_short_trainings_share_a_compilation_and_leave_no_python_objects():
    first, _ = trained()
    function = first._step._compiled[STAGE.shape()]
    counts = []
    for seed in range(1, 9):
        trainer, _ = trained(seed)
        assert trainer._step._compiled[STAGE.shape()] is function
        del trainer
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert function.experimental_get_tracing_count() == 1
    # One training of its own left 7,400.
    assert counts[-1] - counts[2] < 5 * 40


def test_a_traced_loss_leaves_no_graph():
    """`tf.custom_gradient` kept the graph for ever."""

    def left(function):
        """Operations that live on after a trace of the function and of its gradient."""

        def slope(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(function(x))
            return tape.gradient(total, x)

        def count():
            gc.collect()
            # By the type: what is asked of a dead weak proxy raises.
            return sum(issubclass(type(o), tf.Operation) for o in gc.get_objects())

        before = count()
        tf.function(slope).get_concrete_function(tf.TensorSpec([4, 2]))
        return count() - before

    @tf.custom_gradient
    def planted(x):
        return tf.identity(x), lambda d: d * x

    assert left(lambda x: safe_energy(DoubleWell().energy, x, 1.0, 10.0, 1e3)[0]) == 0
    assert left(planted) > 0


@pytest.mark.parametrize("seed", [0, 3])
def test_numbers_are_those_of_a_training_alone(alone, seed):
    trained(5)  # leaves its own numbers in the template
    expected = alone(lambda: numbers(*trained(seed)))
    assert_same(numbers(*trained(seed)), expected)


def test_interleaved_trainings_keep_their_own_numbers(alone):
    """Call by call in turn, with different data, seeds and optimiser states."""

    def both():
        pair = [Trainer(generator(seed), seed=seed, **SHORT) for seed in (0, 1)]
        histories = [t.fit(DATA[: 20 + 20 * i], STAGE, verbose=0) for i, t in enumerate(pair)]
        for _ in range(2):
            histories += [t.fit(DATA, STAGE, verbose=0) for t in pair]
        return [n for t in pair for n in numbers(t, histories[-1])]

    class Between(keras.callbacks.Callback):
        """Trains another one after each call of the first."""

        def on_train_batch_end(self, batch, logs=None):
            trained(7)

    expected = alone(both)
    assert_same(both(), expected)
    alone_run = alone(lambda: numbers(*trained(2)))
    trainer = Trainer(generator(2), seed=2, **SHORT)
    history = trainer.fit(DATA, STAGE, verbose=0, callbacks=[Between()])
    assert_same(numbers(trainer, history), alone_run)


def test_mixed_up_states_are_seen(monkeypatch, alone):
    """The planted error: the trainer's state is not taken over."""
    trained(5)
    expected = alone(lambda: numbers(*trained(0)))
    monkeypatch.setattr(_compiled, "copy_variables", lambda *_: None)
    trainer, history = trained(0)
    assert any(
        not np.array_equal(a, b) for a, b in zip(numbers(trainer, history), expected, strict=True)
    )


def test_explorers_share_with_their_own_numbers(alone):
    def explored(seed):
        explorer = Explorer(
            generator(seed), DATA, capacity=40, seed=seed, steps_per_call=5, jit_compile=False
        )
        explorer.run(STAGE, verbose=0)
        state = [v.numpy() for v in explorer._step.state.values()]
        return explorer, [*explorer.get_weights(), *state, *explorer.history.values.values()]

    first, _ = explored(1)
    expected = alone(lambda: explored(2)[1])
    second, found = explored(2)
    assert_same(found, expected)
    key = STAGE.shape()
    assert first._step._compiled[key] is second._step._compiled[key]


def shared(first, second):
    """Whether two trainings used one compilation."""
    (a,) = first._step._compiled.values()
    (b,) = second._step._compiled.values()
    return a is b


def test_what_differs_is_not_shared():
    first = trained()[0]
    others = {
        "system": trained(system=DoubleWell(a2=5.0))[0],
        "optimizer": trained(optimizer=keras.optimizers.Adam(beta_1=0.5))[0],
        "steps_per_call": trained(steps_per_call=6)[0],
    }
    for name, other in others.items():
        assert not shared(first, other), name
    bounded = Trainer(generator(scale_bound=1.0), **SHORT)
    bounded.fit(DATA, STAGE, verbose=0)
    assert not shared(first, bounded)
    rate = trained(optimizer=keras.optimizers.Adam(learning_rate=0.1))[0]
    assert shared(first, rate)  # the stages set it


def test_a_system_that_was_changed_is_compiled_again():
    system = Harmonic()
    first, one = trained(system=system)
    again, two = trained(system=system)
    assert shared(first, again)
    np.testing.assert_array_equal(one["kl"], two["kl"])
    system.k = 50.0
    changed, three = trained(system=system)
    assert not shared(first, changed)
    assert three["kl"][0] > one["kl"][0]


class Bump(System):
    """Of so narrow a bump that none of the points by which energies are told apart is on it."""

    event_shape = (2,)

    def __init__(self, height):
        self.height = height

    def energy(self, x):
        bump = tf.where(tf.abs(x[..., 0] - 0.5) < 0.01, x[..., 0], tf.zeros_like(x[..., 0]))
        return 0.5 * tf.reduce_sum(x**2, axis=-1) + self.height * bump


def test_an_attribute_that_few_energies_show_is_compiled_again(alone, monkeypatch):
    stage = Stage(12, batch_size=512, kl=1.0)

    def changed():
        system = Bump(1.0)
        trained(0, system, stage)
        system.height = 1000.0
        return numbers(*trained(0, system, stage))

    assert _compiled._energies(Bump(1.0)) == _compiled._energies(Bump(1000.0))
    expected = alone(lambda: numbers(*trained(0, Bump(1000.0), stage)))
    assert_same(changed(), expected)
    # the planted error: energies alone
    monkeypatch.setattr(_compiled, "numbers_of", lambda _: ())
    with pytest.raises(AssertionError):
        assert_same(changed(), expected)


def softer():
    system = NematicAngles("ring", 3)
    system.wall_stiffness = 1.0  # which no configuration of it holds
    return system


def patched():
    system = DoubleWell()
    system.training_energy = lambda x: 3 * tf.reduce_sum(x**2, axis=-1)
    return system


@pytest.mark.parametrize("make", [softer, patched])
def test_what_the_document_of_a_system_leaves_out_is_trained_on(make, alone, monkeypatch):
    def run():
        system = make()
        network = realnvp(system.event_size, blocks=1, hidden=(4,))
        trainer = Trainer(BoltzmannGenerator(system, network, jit_compile=False), **SHORT)
        return numbers(trainer, trainer.fit(None, Stage(12, 16, ml=0.0, kl=1.0), verbose=0))

    expected = alone(run)
    assert_same(run(), expected)
    # the planted error: a template that is not asked for its energies
    monkeypatch.setattr(_compiled, "_energies", lambda _: ())
    with pytest.raises(AssertionError):
        assert_same(run(), expected)


def test_a_map_that_its_document_does_not_describe_is_compiled_alone():
    first = trained()[0]
    odd = generator()
    odd.bijector.bijectors[0]._couplings.bijectors[0]._scale_bound = 0.01
    for coupling in odd.bijector.bijectors[0]._couplings.bijectors:
        for variable in coupling.trainable_variables:
            variable.assign(variable + 0.3)  # a scale of 0 has no bound
    trainer = Trainer(odd, **SHORT)
    trainer.fit(DATA, STAGE, verbose=0)
    assert not shared(first, trainer)


def test_variables_that_are_not_trained_are_taken_over(alone):
    """The scales of a whitening are no parameters, and each generator has its own."""

    def whitened(scale, seed):
        last = [Whitening.from_data(scale * DATA)]
        bijector = realnvp(2, blocks=1, hidden=(4,), seed=seed, last=last)
        trainer = Trainer(BoltzmannGenerator(DoubleWell(), bijector, jit_compile=False), **SHORT)
        return trainer, trainer.fit(DATA, STAGE, verbose=0)

    whitened(1.0, 0)
    expected = alone(lambda: numbers(*whitened(3.0, 1)))
    assert_same(numbers(*whitened(3.0, 1)), expected)


def test_what_is_dropped_can_be_collected():
    """Generators, trainers, explorers, systems, losses and iterators, one of them half read."""
    well = DoubleWell()
    loss = ReactionCoordinate(well.reaction_coordinate(), -3, 3)
    stage = Stage(5, batch_size=16, kl=1.0, rc=1.0, rc_loss=loss)
    own = Harmonic()
    things = [generator(system=well), generator(system=own), loss, own, well]
    things += [Trainer(things[0], **SHORT), Trainer(things[1], **SHORT)]
    things[5].fit(DATA, stage, verbose=0)
    things[6].fit(DATA, STAGE, verbose=0)
    explorer = Explorer(things[1], DATA, capacity=20, steps_per_call=5, jit_compile=False)
    explorer.run(STAGE, verbose=0)
    half = things[0].sample_batches(64, batch_size=8)
    next(half), next(half)
    things[0].log_prob(DATA)
    things += [explorer, explorer._step, things[5]._step, *(g.bijector for g in things[:2])]
    references = [weakref.ref(thing) for thing in things]
    references.append(weakref.ref(half))
    del well, loss, stage, own, things, explorer, half
    gc.collect()
    assert [r() for r in references if r() is not None] == []


def test_the_cache_is_bounded():
    recent = _compiled.Recent()
    for i in range(3 * _compiled.MOST):
        assert recent.found(i, lambda i=i: 2 * i) == 2 * i
    assert list(recent) == list(range(2 * _compiled.MOST, 3 * _compiled.MOST))


def test_with_slope_gives_the_slope_and_nothing_else():
    x = tf.constant([[1.0, np.inf], [np.nan, 3e38]])
    slope = tf.constant([[2.0, 0.0], [0.0, -0.5]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = with_slope(tf.constant([1.5, np.float32(np.pi)]), x, slope)
        total = tf.reduce_sum(value * [1.0, 2.0])
    np.testing.assert_array_equal(value, np.float32([1.5, np.pi]))
    np.testing.assert_array_equal(tape.gradient(total, x), [[2.0, 0.0], [0.0, -1.0]])
