"""Systems made of another one: at a temperature, tethered, within an interval; and their files."""

from __future__ import annotations

import json

import forging
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    System,
    Trainer,
    estimators,
    realnvp,
    sampling,
    systems,
)
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.systems import AtTemperature, DoubleWell, SolvatedDimer, Tethered, Within

WELL = DoubleWell()
X = np.random.default_rng(0).normal(size=(40, 2))


def variable(value, dtype=tf.float64):
    return tf.Variable(value, trainable=False, dtype=dtype)


class Gaussian(System):
    """log Z = log(2 pi T s^2) at temperature T; its control flow needs AutoGraph."""

    event_shape = (2,)

    def __init__(self, s=1.0):
        self.s = s

    def energy(self, x):
        u = 0.5 * tf.reduce_sum(x**2, axis=-1) / self.s**2
        if tf.reduce_any(u < 0):
            u = tf.zeros_like(u)
        return u


class Family(System):
    """Widths by a condition."""

    event_shape = (2,)
    condition_size = 1

    def energy(self, x, condition):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) / condition[:, 0] ** 2


# At a temperature.


@pytest.mark.parametrize("make", [float, variable], ids=["number", "variable"])
def test_energies_are_divided_by_the_temperature_walls_as_well(make):
    dimer = SolvatedDimer(wall_factor=2.0)
    x = 2.0 * dimer.lattice(1.5) + 0.1 * np.random.default_rng(1).standard_normal((5, 76))
    system = AtTemperature(dimer, make(1.3))
    for dtype in (tf.float32, tf.float64):
        batch = tf.constant(x, dtype)
        for name in ("energy", "training_energy"):
            wanted = getattr(dimer, name)(batch).numpy() / 1.3
            found = getattr(system, name)(batch)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, wanted, rtol=1e-6 if dtype == tf.float32 else 1e-14)
    walls = dimer.training_energy(batch) - dimer.energy(batch)
    assert np.min(walls) > 1000  # the planted error would leave them whole
    np.testing.assert_allclose(
        system.training_energy(batch) - system.energy(batch), walls / 1.3, rtol=1e-9
    )


def test_what_is_not_changed_is_passed_on():
    dimer = SolvatedDimer(solvent=4)
    system = AtTemperature(dimer, 2.0)
    assert system.event_shape == dimer.event_shape
    assert set(system.initial_states) == {"closed", "open"}
    assert system.reaction_coordinate("distance") is dimer.reaction_coordinate("distance")
    assert system.draw(dimer.initial_state("open")).axes
    assert not hasattr(AtTemperature(WELL, 2.0), "draw")
    assert (system.name, system.exact) == ("SolvatedDimer at T = 2", None)
    box = AtTemperature(systems.SpringInBox(), 2.0)
    assert (box.domain, box.bounds) == (box.inner.domain, box.inner.bounds)
    box.check()
    angles = AtTemperature(systems.NematicAngles("ring", 3), variable(1.0))
    assert angles.name == "NematicAngles at T"
    with pytest.raises(ValueError, match="tether must be > 0 for the particles to stay together"):
        AtTemperature(systems.LennardJonesCluster(2, tether=0), 2.0).check()


def test_conditions_are_passed_on():
    condition = tf.constant([[2.0]] * len(X), tf.float64)
    system = AtTemperature(Family(), 3.0)
    assert system.condition_size == 1
    for name in ("energy", "training_energy"):
        found = getattr(system, name)(tf.constant(X), condition)
        np.testing.assert_allclose(found, np.sum(X**2, axis=1) / 24, rtol=1e-12)


def test_generators_have_the_weights_of_the_temperature():
    """Half of u at T = 1: log Z is that of the double well at T = 2; six errors, 2e-9."""
    generator = BoltzmannGenerator(AtTemperature(WELL, 2.0), Scaling(2))
    value, error = estimators.log_z(generator.sample(100_000, seed=1).log_weight)
    assert abs(value - WELL.exact.log_z(2.0)) < 6 * error
    assert abs(value - WELL.exact.log_z(1.0)) > 6 * error


@pytest.mark.parametrize("jit_compile", [False, True])
def test_what_is_compiled_sees_another_temperature(jit_compile):
    """A generator, a trainer and a walker, each made before; nothing is traced again.

    Of a Gaussian and the identity, -log w = |x|^2 (1 / T - 1) / 2 - log 2 pi.
    """
    t = variable(2.0)
    system = AtTemperature(Gaussian(), t)
    generator = BoltzmannGenerator(system, Scaling(2), jit_compile=jit_compile)
    trainer = Trainer(generator, jit_compile=jit_compile)
    stage = Stage(2, 4096, 0.0, ml=0.0, kl=1.0, energy_high=1e6)
    walk = {"n_steps": 400, "seed": 3, "step_size": 1.0, "jit_compile": jit_compile}

    def look():
        samples = generator.sample(1000, seed=1)
        square = np.sum(samples.x.astype(np.float64) ** 2, axis=1)
        np.testing.assert_allclose(samples.energy, square / 2 / t.numpy(), rtol=1e-5)
        x = sampling.metropolis(system, np.ones((256, 2)), burn_in=100, **walk).configurations
        assert np.mean(x**2) == pytest.approx(t.numpy(), rel=0.1)
        return trainer.fit(None, stage, verbose=0)["kl"][0]

    hot = look()
    assert hot == pytest.approx(0.5, rel=0.1)  # <|z|^2> / 2 T
    compiled = list(trainer.steps._compiled.values())
    traces = [f.experimental_get_tracing_count() for f in compiled]
    t.assign(0.5)
    assert look() == pytest.approx(4 * hot, rel=1e-5)
    again = list(trainer.steps._compiled.values())
    assert [f.experimental_get_tracing_count() for f in again] == traces
    assert [id(f) for f in again] == [id(f) for f in compiled]


def test_a_number_that_is_changed_is_seen_too():
    system = AtTemperature(WELL, 2.0)
    generator = BoltzmannGenerator(system, Scaling(2), jit_compile=False)
    hot = generator.sample(10).energy
    system.temperature = 1.0
    np.testing.assert_allclose(generator.sample(10).energy, 2 * hot, rtol=1e-6)


def test_trainers_at_two_temperatures_do_not_share_one():
    """Of one architecture and class of system: each sees its own temperature."""
    losses = []
    for t in (1.0, variable(2.0), 4.0):
        generator = BoltzmannGenerator(AtTemperature(WELL, t), realnvp(2, blocks=1, hidden=(4,)))
        stage = Stage(1, 4096, 0.0, ml=0.0, kl=1.0, energy_high=1e6)
        loss = Trainer(generator, jit_compile=False).fit(None, stage, verbose=0)["kl"][0]
        losses.append(loss)
    # The identity at the start: <u> / T.
    np.testing.assert_allclose(losses, losses[0] / np.array([1, 2, 4]), rtol=1e-5)


# Tethers.


def test_tethers_hold_what_they_are_told():
    held = Tethered(WELL, [0.3, -0.2], 7.0, coordinates=slice(1, None))
    wanted = WELL.energy(tf.constant(X)) + 7.0 * (X[:, 1] + 0.2) ** 2
    np.testing.assert_allclose(held.energy(tf.constant(X)), wanted, rtol=1e-12)
    np.testing.assert_allclose(held.training_energy(tf.constant(X)), wanted, rtol=1e-12)
    every = Tethered(WELL, 0.5, 7.0)
    wanted = WELL.energy(tf.constant(X)) + 7.0 * np.sum((X - 0.5) ** 2, axis=1)
    np.testing.assert_allclose(every.energy(tf.constant(X)), wanted, rtol=1e-12)
    assert every.name == "tethered DoubleWell"


def test_tethers_in_several_axes():
    field = systems.IsingField(3, 2.0)
    x = np.random.default_rng(2).normal(size=(5, 3, 3))
    held = Tethered(field, np.arange(3.0), 2.0, coordinates=slice(0, 2))
    wanted = 2.0 * np.sum((x[:, :, :2] - [0.0, 1.0]) ** 2, axis=(1, 2))
    np.testing.assert_allclose(held.tethers(tf.constant(x)), wanted, rtol=1e-12)
    assert held.tethers(tf.constant(x, tf.float32)).dtype == tf.float32


def test_tethers_that_follow_a_coordinate():
    """x2 tied to x1: log Z of a Gaussian with a spring between, pi / sqrt(det) by hand."""
    free = System.from_energy(lambda x: tf.reduce_sum(x**2, axis=-1), 2)
    tied = Tethered(free, lambda x: tf.stack([x[:, 0], x[:, 0]], axis=-1), 3.0)
    generator = BoltzmannGenerator(tied, Scaling(2))
    value, error = estimators.log_z(generator.sample(50_000, seed=2).log_weight)
    assert abs(value - np.log(np.pi / np.sqrt(4 * 4 - 3 * 3))) < 6 * error  # [[4, -3], [-3, 4]]
    assert error < 0.02


def test_centres_along_a_coordinate():
    """Fitted to what is a parabola of it; of arrays and tensors alike, and with its gradient."""
    rng = np.random.default_rng(0)
    exact = systems.CentresAlong(lambda x: x[..., 1], rng.standard_normal((3, 4)))
    c = rng.uniform(1, 2, 50)
    frames = np.stack([c] * 4, axis=1)
    places = exact(frames)
    a, b, d = exact.coefficients
    np.testing.assert_allclose(places, a + c[:, None] * (b + c[:, None] * d))
    np.testing.assert_allclose(exact(tf.constant(frames)), places)
    assert exact(tf.constant(frames, tf.float32)).dtype == tf.float32
    noisy = np.concatenate([np.concatenate([places + e, places - e]) for e in (0.1, 0.2)])
    # The coordinate itself has no noise.
    noisy[:, 1] = np.tile(c, 4)
    found = systems.CentresAlong.fit(lambda x: x[..., 1], noisy)
    np.testing.assert_allclose(found.coefficients[:, [0, 2, 3]], exact.coefficients[:, [0, 2, 3]])
    np.testing.assert_allclose(found.coefficients[:, 1], [0, 1, 0], atol=1e-10)
    assert systems.CentresAlong.fit(lambda x: x[..., 1], noisy, degree=0).coefficients.shape == (
        1,
        4,
    )
    free = System.from_energy(lambda x: tf.reduce_sum(x**2, axis=-1), 4)
    held = Tethered(free, exact, 3.0, coordinates=slice(2, None))
    at = tf.constant(frames[:3])
    wanted = np.sum(frames[:3] ** 2, axis=1) + 3 * np.sum((frames - places)[:3, 2:] ** 2, axis=1)
    np.testing.assert_allclose(held.energy(at), wanted)
    with tf.GradientTape() as tape:
        tape.watch(at)
        u = held.energy(at)
    step = np.array([0.0, 1e-6, 0.0, 0.0])
    slope = (held.energy(at + step) - held.energy(at - step)) / 2e-6
    np.testing.assert_allclose(tape.gradient(u, at)[:, 1], slope, rtol=1e-6)


# Within an interval.


def test_metropolis_within_a_state_stays_there_and_is_right():
    """Energies of the right well: their mean within six errors of quadrature, false alarm 2e-9.

    The sister is the whole double well, hot enough that walkers leave.
    """
    within = Within(WELL, "x1", (0.0, np.inf))
    start = np.tile(WELL.initial_state("right"), (64, 1))
    options = {"n_steps": 2000, "stride": 20, "burn_in": 200, "step_size": 0.5, "temperature": 4.0}
    chains = sampling.metropolis(within, start, seed=1, **options)
    assert chains.configurations[:, 0].min() > 0
    found = estimators.mean_with_error(-4.0 * chains.log_prob)
    x = np.linspace(0.0, 6.0, 60_001)
    u = WELL.exact.energy(np.stack([x, 0 * x], axis=-1))
    p = np.exp(-(u - u.min()) / 4.0)
    exact = np.sum(p * u) / np.sum(p) + 2.0  # and half of T for x2
    assert abs(found.value - exact) < 6 * found.standard_error
    assert found.standard_error < 0.2
    whole = sampling.metropolis(WELL, start, seed=1, **options)
    assert whole.configurations[:, 0].min() < 0


def test_outside_the_energy_is_infinite_and_training_has_a_wall():
    within = Within(WELL, lambda x: x[..., 0], (None, 0.5))
    x = tf.constant([[0.4, 1.0], [0.5, 1.0], [0.7, 1.0]])
    u = WELL.energy(x).numpy()
    np.testing.assert_array_equal(within.energy(x), [u[0], np.inf, np.inf])
    wall = [0.0, 0.0, within.wall_stiffness * 0.04]
    np.testing.assert_allclose(within.training_energy(x), u + wall, rtol=1e-5)
    assert within.interval == (-np.inf, 0.5)
    assert set(within.initial_states) == {"left"}
    assert set(WELL.initial_states) == {"left", "right"}  # the sister


def test_the_domain_of_the_whole_stays():
    box = Within(systems.SpringInBox(), lambda x: x[..., 1] - x[..., 0], (-1.0, 1.0))
    box.check()
    energy = box.energy(tf.constant([[5.0, 5.0], [1.0, 3.0], [1.0, 1.5]]))
    assert np.isposinf(energy[:2]).all()
    assert np.isfinite(energy[2])


# Files.


def nested():
    hot = AtTemperature(SolvatedDimer(solvent=4), 4.0)
    return Tethered(hot, np.arange(12.0), 40.0, coordinates=slice(4, None))


@pytest.mark.parametrize(
    "make",
    [
        lambda: AtTemperature(DoubleWell(a4=0.5), 1.5),
        lambda: AtTemperature(systems.NematicAngles("ring", 3), variable(0.7)),
        lambda: Within(DoubleWell(a4=0.5), "x1", (None, 0.1)),
        nested,
    ],
)
def test_documents_and_generators_come_back(make, tmp_path):
    system = make()
    document = json.loads(json.dumps(systems.to_document(system), allow_nan=False))
    twin = systems.from_document(document)
    assert type(twin) is type(system)
    assert systems.to_document(twin) == document
    x = 0.1 * np.random.default_rng(3).normal(size=(4, *system.event_shape)) - 0.5
    np.testing.assert_array_equal(twin.energy(x), system.energy(x))
    generator = BoltzmannGenerator(system, Scaling(system.event_size))
    generator.save(tmp_path)
    loaded = BoltzmannGenerator.load(tmp_path)
    np.testing.assert_allclose(loaded.log_weight(x), generator.log_weight(x), rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: AtTemperature(Gaussian(), 1.5),
        lambda: Within(WELL, lambda x: x[..., 0], (0.0, None)),
        lambda: Tethered(WELL, lambda x: x, 1.0),
        lambda: AtTemperature(Tethered(WELL, lambda x: x, 1.0), 1.5),
    ],
)
def test_what_no_file_can_hold_must_be_given(make, tmp_path):
    system = make()
    assert systems.to_document(system) is None
    BoltzmannGenerator(system, Scaling(2)).save(tmp_path)
    with pytest.raises(ValueError, match="system must be given"):
        BoltzmannGenerator.load(tmp_path)
    assert BoltzmannGenerator.load(tmp_path, make()).system.event_shape == (2,)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"name": "at_temperature", "config": {"temperature": 1.0}}, "'system'"),
        ({"name": "at_temperature", "config": {"system": None, "temperature": 1.0}}, "a System"),
        (
            {"name": "at_temperature", "config": {"system": {"name": "os"}, "temperature": 1.0}},
            "document must hold the name of a system of the package",
        ),
        (
            {
                "name": "at_temperature",
                "config": {
                    "system": {"name": "double_well", "config": {"a4": 1e300}},
                    "temperature": 1.0,
                },
            },
            "a4 must be within the numbers of float32, got 1e\\+300",
        ),
        ({"name": "within", "config": {"system": {"name": "double_well"}}}, "'coordinate'"),
    ],
)
def test_forged_documents_are_refused(document, message, tmp_path):
    generator = BoltzmannGenerator(AtTemperature(WELL, 2.0), Scaling(2))
    generator.save(tmp_path)
    forging.generator(tmp_path, lambda saved: saved.update(system=document))
    with pytest.raises(ValueError, match=f"must hold parameters of its system, got .*{message}"):
        BoltzmannGenerator.load(tmp_path)
