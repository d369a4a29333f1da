"""What is compiled: for how long it is kept, and whether by XLA."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer
from boltzmann_tf import generator as generator_module
from boltzmann_tf._support.graph import MOST, kept, numbers_of, with_xla
from boltzmann_tf.bijectors import Scaling, realnvp
from boltzmann_tf.sampling import (
    anneal,
    annealing,
    latent_metropolis,
    metropolis,
    random_walk,
    run_chains,
)
from boltzmann_tf.systems import DoubleWell, NematicAngles
from boltzmann_tf.training import compiled_steps

# The cache.


class Owner:
    def method(self):
        pass


def test_what_was_made_is_found_again():
    one, two = Owner(), Owner()
    made = kept(one, "a", object)
    assert kept(one, "a", object) is made
    assert kept(one, "b", object) is not made
    assert kept(two, "a", object) is not made
    of_method = kept(one.method, "a", object)
    assert kept(one.method, "a", object) is of_method
    assert kept(two.method, "a", object) is not of_method


def test_copies_and_pickles_begin_anew():
    """The planted error is a plain attribute: a copy, then changed, would find the original's."""
    one = DoubleWell()
    made = kept(one, "a", lambda: lambda: one)  # no pickle of it
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert kept(other, "a", object) is not made
    assert kept(one, "a", object) is made
    one.plain = {"a": made}
    assert copy.copy(one).plain["a"] is made


def test_the_oldest_goes():
    one = Owner()
    first = kept(one, 0, object)
    for i in range(1, MOST + 1):
        kept(one, i, object)
    assert len(vars(one)["_kept"]) == MOST
    assert kept(one, 0, object) is not first


def test_what_has_no_place_for_it_is_served_too():
    assert kept(3, "a", lambda: 5) == 5


def run_all(system, generator):
    options = {"n_steps": 4, "jit_compile": False}
    metropolis(system, np.zeros((2, 2)), **options)
    latent_metropolis(generator, np.zeros((2, 2)), **options)
    anneal(generator, 4, n_steps=1, n_leapfrog=1, batch_size=4, jit_compile=False)


def test_a_dropped_system_and_its_generator_are_collected():
    system = DoubleWell()
    generator = BoltzmannGenerator(system, Scaling(2), jit_compile=False)
    run_all(system, generator)

    def log_prob(x):
        return -(x[:, 0] ** 2)

    run_chains(log_prob, np.zeros((2, 1)), n_steps=4, jit_compile=False, step_size=1.0)
    assert len(vars(generator)["_kept"]) == 2
    references = [weakref.ref(v) for v in (system, generator, log_prob)]
    forever = [system]  # the planted error: someone holds on
    del system, generator, log_prob
    gc.collect()
    assert [r() is None for r in references] == [False, True, True]
    forever.clear()
    gc.collect()
    assert references[0]() is None


# XLA.


class Outside(System):
    """A standard normal whose energy is NumPy's, with a gradient of its own."""

    event_shape = (2,)
    compiles_with_xla = False

    def energy(self, x):
        @tf.custom_gradient
        def u(x):
            value = tf.numpy_function(lambda v: 0.5 * np.sum(v * v, axis=-1), [x], x.dtype)
            return tf.ensure_shape(value, x.shape[:1]), lambda upstream: upstream[:, None] * x

        return u(x)


class Silent(Outside):
    """The planted error: it does not say that XLA cannot compile it."""

    compiles_with_xla = True


@pytest.mark.xla
def test_both_bijector_and_system_are_asked():
    assert with_xla(Scaling(2), DoubleWell(), jit_compile="auto")
    assert not with_xla(Scaling(2), Outside(), jit_compile="auto")
    assert with_xla(Outside(), jit_compile=True)
    assert not with_xla(DoubleWell(), jit_compile=False)
    generator = BoltzmannGenerator(Outside(), realnvp(2, blocks=1, hidden=(4,)))
    assert not generator.jit_compile
    assert not Trainer(generator)._jit


@pytest.mark.xla
def test_an_energy_outside_of_tensorflow():
    """Means of squares within six errors of the spread over 200 chains: false alarm 4e-8."""
    start = np.random.default_rng(0).normal(size=(200, 2))
    x = metropolis(Outside(), start, n_steps=300, stride=3, step_size=1.5).x
    means = (x.astype(np.float64) ** 2).mean(axis=1)
    assert np.all(np.abs(means.mean(axis=0) - 1) < 6 * means.std(axis=0, ddof=1) / np.sqrt(200))
    generator = BoltzmannGenerator(Outside(), Scaling(2))
    assert len(generator.sample(10).x) == 10
    assert latent_metropolis(generator, start, n_steps=6).x.shape == (200, 6, 2)
    out = anneal(generator, 64, n_steps=2, batch_size=64)
    assert out.log_z().value == pytest.approx(np.log(2 * np.pi), abs=1e-4)


@pytest.mark.xla
@pytest.mark.parametrize("options", [{"jit_compile": True}, {"system": Silent()}])
def test_xla_is_not_left_out_where_it_is_asked_for(options):
    options = {"system": Outside(), "initial": np.zeros((2, 2)), "n_steps": 4} | options
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)):
        metropolis(**options)


@pytest.mark.parametrize("sampler", [metropolis, latent_metropolis])
def test_bad_choices(sampler):
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2))
    first = DoubleWell() if sampler is metropolis else generator
    with pytest.raises(ValueError, match="jit_compile must be True, False or 'auto', got 'xla'"):
        sampler(first, np.zeros((2, 2)), n_steps=4, jit_compile="xla")
    with pytest.raises(ValueError, match="jit_compile must be True, False or 'auto', got 'xla'"):
        anneal(generator, 4, jit_compile="xla")


class Spring(System):
    event_shape = (2,)

    def __init__(self, table):
        self.table = table

    def energy(self, x):
        k = self.table["k"][0] if isinstance(self.table, dict) else self.table
        return 0.5 * k * tf.reduce_sum(x**2, axis=-1)


def sampled(name, system):
    """Energies that a sampler returns, and those of its configurations."""
    flow = BoltzmannGenerator(system, Scaling(2), jit_compile=False)
    start, options = np.zeros((3, 2)), {"n_steps": 4, "jit_compile": False}
    for _ in range(2):
        if name == "metropolis":
            found = metropolis(system, start, **options)
            yield -found.log_prob.ravel(), system.energy(tf.constant(found.configurations))
        else:
            found = anneal(flow, 4, n_steps=1, step_size=0.1, batch_size=4, jit_compile=False)
            yield found.energy, system.energy(tf.constant(found.x))


@pytest.mark.parametrize("name", ["metropolis", "anneal"])
@pytest.mark.parametrize(
    ("first", "then"), [(1.0, 50.0), ({"k": [1.0]}, {"k": [50.0]})], ids=["number", "table"]
)
def test_samplers_see_a_parameter_that_was_changed(name, first, then, monkeypatch):
    module = {"metropolis": random_walk, "anneal": annealing}[name]
    for numbers_seen in (True, False):
        system = Spring(first)
        runs = sampled(name, system)
        np.testing.assert_allclose(*next(runs), rtol=1e-5)
        system.table = then
        assert np.allclose(*next(runs), rtol=1e-5) == numbers_seen
        monkeypatch.setattr(module, "numbers_of", lambda _: ())  # the planted error, second


def test_what_is_compiled_is_found_again():
    system = 0.5 * NematicAngles("ring", 3) + NematicAngles("ring", 3)
    before = numbers_of(system)
    metropolis(system, np.zeros((2, 6)), n_steps=1, jit_compile=False)
    assert numbers_of(system) == before
    assert "_kept" in vars(system)
    system.terms[0][1].nematic.coupling = 2.0  # of a system in a system in a system
    assert numbers_of(system) != before


@pytest.mark.parametrize("numbers_seen", [True, False])
def test_a_generator_and_a_trainer_see_a_parameter_that_was_changed(numbers_seen, monkeypatch):
    """The planted error, second: numbers that are looked at once and never again."""
    if not numbers_seen:
        for module in (generator_module, compiled_steps):
            monkeypatch.setattr(module, "numbers_of", lambda _: ())
    system = Spring(1.0)
    generator = BoltzmannGenerator(system, realnvp(2, blocks=1, hidden=(4,)), jit_compile=False)
    trainer = Trainer(generator, steps_per_call=1, jit_compile=False)
    stage = Stage(1, 16, learning_rate=1e-30, ml=0.0, kl=1.0)

    def seen():
        samples = generator.sample(64, seed=0)
        expected = system.energy(tf.constant(samples.x)).numpy()
        return np.allclose(samples.energy, expected, rtol=1e-5), trainer.fit(None, stage, verbose=0)

    right, first = seen()
    assert right
    system.table = 100.0
    right, second = seen()
    assert right == numbers_seen
    assert (second["kl"][0] != first["kl"][0]) == numbers_seen
