"""The systems against published values and against the NumPy references of `boltzmann_tf.exact`."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import systems
from boltzmann_tf.systems import DoubleWell, MuellerBrown, SpringInBox, System


def energy(system, *point):
    return system.energy(tf.constant([point], tf.float64)).numpy()[0]


def gradient(system, *point):
    x = tf.constant([point], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = system.energy(x)
    return tape.gradient(value, x).numpy()[0]


def descent(system, x):
    with tf.GradientTape() as tape:
        value = system.energy(x)
    x.assign_sub(0.005 * tape.gradient(value, x))


# noe2019.md sections 2.1 and 2.2.
SPOTS = [
    (DoubleWell, (-1.8, 0.0), -10.7424, 1e-12),
    (DoubleWell, (1.8, 0.0), -7.1424, 1e-12),
    (DoubleWell, (0.5, 2.0), 1.0625, 1e-12),
    (DoubleWell, (-1.7723, 0.0), -10.7524, 1e-4),
    (DoubleWell, (0.0835, 0.0), 0.0417, 1e-4),
    (DoubleWell, (1.6888, 0.0), -7.2893, 1e-4),
    (MuellerBrown, (-0.558, 1.442), -14.670, 1e-3),
    (MuellerBrown, (0.623, 0.028), -10.817, 1e-3),
    (MuellerBrown, (-0.050, 0.467), -8.077, 1e-3),
    (MuellerBrown, (-0.822, 0.624), -4.066, 1e-3),
    (MuellerBrown, (0.212, 0.293), -7.225, 1e-3),
    (SpringInBox, (1.0, 3.0), 4.0, 1e-12),
    (SpringInBox, (0.0, -0.5), 0.25, 1e-12),
    (SpringInBox, (4.0, 9.0), 25.0, 1e-12),
]


@pytest.mark.parametrize(("make", "point", "value", "tolerance"), SPOTS)
def test_spot_values(make, point, value, tolerance):
    assert energy(make(), *point) == pytest.approx(value, abs=tolerance)


def test_a_factor_in_the_energy_is_seen_here_and_not_by_the_gradient():
    """Planted: half the energy obeys every law of a system, and misses the spot values."""

    class Half(DoubleWell):
        def energy(self, x):
            return 0.5 * super().energy(x)

    spots = [(p, value, tol) for make, p, value, tol in SPOTS if make is DoubleWell]
    assert len(spots) == 6
    assert all(abs(energy(Half(), *p) - value) > tol for p, value, tol in spots)


def test_the_supplements_sign_of_c3_would_be_seen():
    """The paper's supplement prints c3 = +6.5; the minimum is then not where it is published."""
    x, y = -0.558, 1.442
    dx, dy = x + 0.5, y - 1.5
    other = energy(MuellerBrown(), x, y) + 17 * (
        np.exp(-6.5 * dx**2 + 11 * dx * dy - 6.5 * dy**2)
        - np.exp(-6.5 * dx**2 + 11 * dx * dy + 6.5 * dy**2)
    )
    assert abs(other + 14.670) > 0.1


@pytest.mark.parametrize(
    ("make", "minima"),
    [
        (DoubleWell, [(-1.7723, 0.0), (1.6888, 0.0)]),
        (MuellerBrown, [(-0.558, 1.442), (0.623, 0.028), (-0.050, 0.467)]),
    ],
)
def test_minima_are_stationary(make, minima):
    for point in minima:
        # The positions have 3 or 4 digits and the curvatures reach 300 kT.
        assert np.abs(gradient(make(), *point)).max() < 0.2


@pytest.mark.parametrize(
    "system",
    [
        DoubleWell(),
        DoubleWell(a4=2.0, a2=3.0, a1=-0.5, k=4.0),
        MuellerBrown(),
        MuellerBrown(scale=0.7),
        SpringInBox(),
        SpringInBox(stiffness=2.5, length=1.5),
    ],
    ids=lambda s: f"{s.name}-{s.get_config()}",
)
def test_energy_and_coordinate_are_the_exact_references(system):
    x = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    np.testing.assert_allclose(
        system.energy(tf.constant(x)), system.exact.energy(x), rtol=1e-12, atol=1e-12
    )
    if hasattr(system.exact, "reaction_coordinate"):
        np.testing.assert_allclose(
            system.reaction_coordinate()(tf.constant(x)),
            system.exact.reaction_coordinate(x),
            rtol=1e-14,
        )


@pytest.mark.parametrize("system", [DoubleWell(), MuellerBrown()], ids=lambda s: s.name)
def test_initial_states_are_in_their_basins(system):
    """Downhill from each starting point: the minimum of the state that its name promises."""
    for name in system.initial_states:
        x = tf.Variable(system.initial_state(name)[None])
        descend = tf.function(lambda x=x: descent(system, x), autograph=False)
        for _ in range(400):
            descend()
        minimum = system.reaction_coordinate()(x).numpy()[0]
        low, high = system.exact.states[name]
        assert low < minimum < high
        start = system.reaction_coordinate()(system.initial_state(name)[None])[0]
        assert low < start < high


def test_initial_states_are_copies():
    system = DoubleWell()
    system.initial_state("left")[:] = 9
    assert system.initial_state("left")[0] == -1.8


def test_published_reaction_coordinates():
    x = tf.constant([[0.3, 1.1]], tf.float64)
    coordinates = {n: f(x).numpy()[0] for n, f in MuellerBrown().reaction_coordinates.items()}
    assert coordinates == pytest.approx({"projection": -0.56, "y": 1.1})
    coordinates = {n: f(x).numpy()[0] for n, f in SpringInBox().reaction_coordinates.items()}
    assert coordinates == pytest.approx({"x1": 0.3, "extension": 0.8})
    assert DoubleWell().reaction_coordinate()(x).numpy()[0] == 0.3


class TestWalls:
    BOX = SpringInBox(stiffness=2.0, length=3.0)

    def test_infinite_outside_and_only_there(self):
        x = np.array([[-1e-9, 0], [0, 0], [3, 3], [3 + 1e-9, 3], [-5, -5], [1, 100], [1, -100.0]])
        assert np.isinf(self.BOX.energy(tf.constant(x))).tolist() == [1, 0, 0, 1, 1, 0, 0]
        assert np.all(self.BOX.energy(tf.constant(x)) >= 0)

    def test_training_wall_is_harmonic(self):
        outside = np.array([[-0.5, 0.0], [3.25, 3.25]])
        expected = [2 * 0.25 + 200 * 0.25, 200 * 0.0625]
        np.testing.assert_allclose(self.BOX.training_energy(tf.constant(outside)), expected)
        pull = gradient_of_training(self.BOX, [[-0.5, -0.5], [3.5, 3.5]])
        assert pull[0, 0] < 0 < pull[1, 0]  # downhill is inwards

    def test_training_energy_is_never_above_the_true_one(self):
        x = np.random.default_rng(0).uniform(-2, 5, (500, 2))
        true, soft = self.BOX.energy(x), self.BOX.training_energy(x)
        assert np.all(soft <= true)


def gradient_of_training(system, x):
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = system.training_energy(x)
    return tape.gradient(value, x).numpy()


def test_mueller_brown_far_outside():
    """The true energy overflows there, to +inf; the one for training stays a large number."""
    x = tf.constant([[30.0, 30.0], [-1e3, 20.0], [1e10, -1e10]], tf.float32)
    system = MuellerBrown()
    assert np.all(np.isinf(system.energy(x)))
    assert np.all(system.energy(x) > 0)
    value = system.training_energy(x).numpy()
    assert np.all((value > 1e12) & np.isfinite(value))


def test_registry_and_names():
    assert set(systems.REGISTRY) == {
        "alanine_dipeptide",
        "double_well",
        "double_well_4",
        "fluid_box",
        "ising",
        "ising_field",
        "lennard_jones_cluster",
        "molecule",
        "mueller_brown",
        "neighbour_line",
        "nematic",
        "nematic_angles",
        "particle_system",
        "polymer",
        "solvated_dimer",
        "spring_in_box",
    }
    assert set(systems.WRAPPERS) == {"at_temperature", "tethered", "within"}
    assert systems.get("spring_in_box", length=2.0).length == 2.0
    with pytest.raises(ValueError, match="system must be one of .* got 'triple_well'"):
        systems.get("triple_well")


class Shapeless(System):
    def energy(self, x):
        return tf.reduce_sum(x, -1)


class BadShape(Shapeless):
    event_shape = (2.0,)


class Scalar(System):
    event_shape = (2,)

    def energy(self, x):
        return tf.reduce_sum(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Shapeless().check(), "Shapeless.event_shape must be a tuple of positive"),
        (lambda: BadShape().check(), r"must be a tuple of positive integers, got \(2\.0,\)"),
        (lambda: Scalar().check(), r"one energy a configuration, shape \[batch\], got \(\)"),
        (lambda: DoubleWell(a4=0.0), "a4 must be a positive finite number, got 0.0"),
        (lambda: DoubleWell(k=-1.0), "k must be a positive"),
        (lambda: DoubleWell(a2=float("nan")), "a2 must be"),
        (lambda: DoubleWell(a1=float("inf")), "a1 must be"),
        (lambda: MuellerBrown(scale=float("nan")), "scale must be a positive"),
        (lambda: SpringInBox(length=0.0), "length must be a positive"),
        (lambda: DoubleWell().initial_state("middle"), "initial state must be one of"),
        (lambda: DoubleWell().reaction_coordinate("y"), "reaction coordinate must be one of"),
        (lambda: Scalar().reaction_coordinate(), "Scalar must have reaction_coordinates"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_domain_is_refused_when_the_class_is_made():
    with pytest.raises(ValueError, match=r"Odd\.domain must be one of"):
        type("Odd", (System,), {"domain": "sphere", "energy": lambda self, x: x})
