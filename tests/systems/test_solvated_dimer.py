"""The solvated dimer: published energies, pairs counted once, walls once, overlaps made finite."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.systems import SolvatedDimer
from boltzmann_tf.systems.solvated_dimer import dimer_distance

DIMER = SolvatedDimer()


def energy(x, system=DIMER):
    return system.energy(tf.constant(np.atleast_2d(x))).numpy()


def by_hand(x, slope=2.0):
    """The formula of the published class, a pair at a time."""
    p = x.reshape(-1, 2)
    u = 20 * ((p[0, 0] + p[1, 0]) ** 2 + p[0, 1] ** 2 + p[1, 1] ** 2)
    q = 2 * (np.linalg.norm(p[0] - p[1]) - 1.5)
    u += slope * q - 25 * q**2 + 10 * q**4
    u += 200 * np.sum(np.maximum(np.abs(x) - 3, 0) ** 2)
    for i, j in itertools.combinations(range(len(p)), 2):
        if (i, j) != (0, 1):
            u += (1.1 / np.linalg.norm(p[i] - p[j])) ** 12
    return u


@pytest.mark.parametrize(
    ("distance", "published"), [(1.0, 5261.6193), (1.5, 3320.3273), (2.0, 425.2470)]
)
def test_published_energies(distance, published):
    """Of the published starting configurations (reference, section 2.3), with slope +2."""
    assert energy(DIMER.lattice(distance))[0] == pytest.approx(published, abs=5e-5)


def test_the_published_class_default_is_another_system():
    """The published class says slope -0.5, the published figures were made with +2."""
    other = SolvatedDimer(slope=-0.5)
    x = DIMER.lattice(2.0)
    q = 2 * (2.1 - 1.5)
    assert energy(x, other)[0] - energy(x)[0] == pytest.approx(-2.5 * q, rel=1e-9)


def test_the_wall_is_counted_once_and_twice_on_request():
    """The published training energy had it twice: 368.540 for 351.260."""
    x = 1.02 * DIMER.lattice(2.0)
    assert energy(x)[0] == pytest.approx(351.260, abs=5e-4)
    twice = SolvatedDimer(wall_factor=2.0)
    assert energy(x, twice)[0] == pytest.approx(351.260, abs=5e-4)
    trained = twice.training_energy(tf.constant(x[None])).numpy()[0]
    assert trained == pytest.approx(368.540, abs=5e-4)


@pytest.mark.parametrize("solvent", [1, 4, 9, 36])
def test_every_pair_once_but_the_dimers(solvent):
    system = SolvatedDimer(solvent=solvent)  # odd and even numbers of particles
    rng = np.random.default_rng(solvent)
    for state in ("closed", "open"):
        x = system.initial_state(state) + 0.1 * rng.standard_normal(system.event_size)
        assert energy(x, system)[0] == pytest.approx(by_hand(x), rel=1e-12)


def test_overlaps_have_a_finite_training_energy_with_a_force():
    x = np.tile(DIMER.initial_state("open"), (3, 1)).astype(np.float32)
    x[1, 4:6] = x[1, 6:8] + 1e-3  # a pair of the solvent all but in one place
    x[2, 4:6] = x[2, 6:8]
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = DIMER.training_energy(inputs)
    gradient = tape.gradient(value, inputs).numpy()
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(gradient))
    assert np.all(value.numpy()[1:] > 1e6)
    assert np.abs(gradient[1, 4:6]).min() > 1e4
    assert np.isposinf(energy(x)[2])


def test_a_generator_gives_overlaps_no_weight_and_the_report_counts_them():
    x = np.tile(DIMER.initial_state("open"), (5, 1)).astype(np.float32)
    x[[1, 3], 4:6] = x[[1, 3], 6:8]
    log_weight = BoltzmannGenerator(DIMER, Scaling(76), jit_compile=False).log_weight(x)
    assert np.isneginf(log_weight).tolist() == [False, True, False, True, False]
    assert np.all(np.isfinite(log_weight[::2]))
    report = estimators.weight_report(log_weight)
    assert report.zero_weights == 2
    assert "5, 2 of zero weight" in report.summary()


@pytest.mark.parametrize("call", [DIMER.energy, DIMER.training_energy, tf.function(DIMER.energy)])
@pytest.mark.parametrize("shape", [(3, 74), (3, 75), (3, 78), (76, 3), ()])
def test_another_number_of_coordinates_is_refused(call, shape):
    said = re.escape(f"x must have shape [..., 76], got {shape}")
    with pytest.raises(ValueError, match=said):
        call(tf.zeros(shape))


def test_a_number_of_coordinates_not_known_in_the_graph_is_taken():
    traced = tf.function(DIMER.energy, input_signature=[tf.TensorSpec([None, None], tf.float64)])
    x = DIMER.initial_state("open")[None]
    assert traced(tf.constant(x)).numpy() == pytest.approx(energy(x))


def test_the_repulsion_continues_smoothly_below_the_core():
    """Two particles of the solvent alone at a distance of 0.8, a little less and a little more."""
    system = SolvatedDimer(core=0.8, solvent=4)
    r2 = tf.constant([0.64 - 1e-9, 0.64 + 1e-9], tf.float64)
    fixed = tf.constant([-0.5, 0.0, 0.5, 0.0, -50.0, 0.0, 50.0, 0.0, 0.0, 50.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(r2)
        last = tf.stack([tf.sqrt(r2), tf.fill([2], tf.constant(50.0, tf.float64))], axis=1)
        x = tf.concat([tf.tile(fixed[None], [2, 1]), last], axis=1)
        walls = system.box_k * (2 * 47.0**2 + 2 * 47.0**2)
        value = system.training_energy(x) - walls
    slope = tape.gradient(value, r2).numpy()
    assert slope[0] == pytest.approx(-6 / 0.64 * (1.1**2 / 0.64) ** 6, rel=1e-6)
    assert value.numpy()[0] == pytest.approx(value.numpy()[1], rel=1e-7)
    assert slope[0] == pytest.approx(slope[1], rel=1e-6)


def test_the_distance_is_a_coordinate():
    x = tf.constant(DIMER.lattice(1.5)[None])
    assert dimer_distance(x).numpy()[0] == pytest.approx(1.05 * 1.5)
    assert DIMER.reaction_coordinate()(x).numpy()[0] == pytest.approx(1.05 * 1.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solvent": 35}, "solvent must be a square number, got 35"),
        ({"diameter": 0.0}, "diameter must be"),
        ({"core": -1.0}, "core must be"),
        ({"box": float("nan")}, "box must be"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        SolvatedDimer(**options)


def test_draw():
    """A picture a configuration, with its length and energy; other sizes are refused."""
    system = SolvatedDimer()
    x = np.stack([system.initial_state(s) for s in ("closed", "open")])
    figure = system.draw(x)
    energies = system.energy(tf.constant(x)).numpy()
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == [
        f"d = {d:.2f}, u = {u:.0f} kT" for d, u in zip((1.05, 2.1), energies, strict=True)
    ]
    drawn = figure.axes[1].collections[0].get_offsets()
    np.testing.assert_allclose(drawn, x[1].reshape(-1, 2))
    assert len(system.draw(x[0]).axes) == 1
    with pytest.raises(ValueError, match="x must"):
        system.draw(x[:, :-2])
