"""Boxes of any number of particles: energies by hand, and Q(n, v) by uniform configurations."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import gammaln

from boltzmann_tf import estimators, exact, potentials
from boltzmann_tf.systems import FluidBox, NeighbourLine, ParticleSystem

LJ = potentials.LennardJones(core=0.4)


def log_q(system, n, volume, samples=100_000, temperature=None, seed=0):
    """log Q by uniform breaks or positions, with its error."""
    x = np.random.default_rng(seed).uniform(size=(samples, *system.event_shape))
    c = [n, volume] if temperature is None else [n, volume, temperature]
    energy = system.energy(tf.constant(x), tf.constant(np.tile(np.float64(c), (samples, 1))))
    found = estimators.log_z(-energy.numpy())
    return found.value + n * np.log(volume) - gammaln(n + 1), found.standard_error


# On a line.


@pytest.mark.parametrize("boundary", ["walls", "ring"])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_hard_rods_are_exact(boundary, n):
    """Nothing varies: what cores leave is known."""
    margin = 0.5 if boundary == "walls" else 0.0
    system = NeighbourLine(5, core=1.0, margin=margin, boundary=boundary)
    value, _ = log_q(system, n, 7.3, samples=100)
    known = exact.HardRods(boundary=boundary).log_q(n, 7.3)
    assert value == pytest.approx(float(known), abs=1e-10)
    assert system.least_volume(5) == 5.0


def test_rods_that_do_not_fit_have_no_weight():
    system = NeighbourLine(5, core=1.0, margin=0.5)
    x, c = tf.fill([1, 5], 0.5), tf.constant([[5.0, 4.9]])
    assert np.isposinf(system.energy(x, c).numpy()[0])


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_square_wells_on_a_ring(n):
    """Of two the pair counts once: the planted error counts the longer way round, too."""
    T, length = 0.8, 8.5
    pairs = potentials.SquareWell(1.0)
    system = NeighbourLine(6, pairs, boundary="ring", core=1.0, tempered=True)
    value, error = log_q(system, n, length, temperature=T)
    known = float(exact.SquareWellRods().log_q(n, length, T))
    assert abs(value - known) < 5 * error + 1e-9


def test_neighbours_between_walls():
    T, length, n = 1.2, 9.0, 4
    system = NeighbourLine(5, LJ, core=0.5, attraction=0.7, itself=False, tempered=True)
    value, error = log_q(system, n, length, temperature=T)
    fluid = exact.NeighbourPoints(lambda r: 4 * (r**-12.0 - r**-6.0), 10.0, attraction=0.7)
    assert abs(value - float(fluid.log_q(n, length, T))) < 5 * error
    itself = NeighbourLine(5, LJ, core=0.5, attraction=0.7, tempered=True)
    more, _ = log_q(itself, n, length, temperature=T)
    assert more - value == pytest.approx(0.7 * n / length / T, abs=1e-9)


def test_positions_are_those_of_the_gaps():
    system = NeighbourLine(4, LJ, core=0.3, margin=0.2)
    x = np.random.default_rng(0).uniform(size=(50, 4))
    c = np.tile([3.0, 6.0], (50, 1))
    r = system.positions(x, c)
    assert np.all(np.isnan(r[:, 3]))
    assert np.all(np.diff(r[:, :3], axis=1) >= 0.3)
    assert r[:, 0].min() >= 0.2
    assert r[:, 2].max() <= 5.8
    d2 = np.diff(r[:, :3], axis=1) ** 2
    u = np.sum(LJ.value(d2), axis=1)
    free = 3 * np.log((6 - 2 * 0.3 - 0.4) / 6)
    found = system.energy(tf.constant(x), tf.constant(c)).numpy()
    np.testing.assert_allclose(found, u - free, rtol=1e-10)


def test_breaks_of_an_ideal_gas_are_uniform_positions():
    """Sorted uniform numbers and broken sticks: means and correlations of three."""
    system = NeighbourLine(3)
    x = np.random.default_rng(1).uniform(size=(100_000, 3))
    r = system.positions(x, np.tile([3.0, 1.0], (len(x), 1)))
    np.testing.assert_allclose(r.mean(axis=0), [0.25, 0.5, 0.75], atol=0.003)
    np.testing.assert_allclose(np.cov(r.T)[0], np.array([3, 2, 1]) / 80, atol=5e-4)


# In the plane and in space.


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("shifted", [False, True])
def test_energies_are_those_of_particles_in_a_periodic_box(dimension, shifted):
    pairs = potentials.LennardJones(cut=1.7, shifted=shifted)
    system = FluidBox(6, pairs, dimension=dimension, temperature=0.7, attraction=0.3)
    rng, n, side = np.random.default_rng(2), 4, 2.6
    x = rng.uniform(size=(20, 6 * dimension))
    c = np.tile([n, side**dimension], (20, 1))
    fluid = ParticleSystem(
        n=n, dimension=dimension, terms=[pairs], box=potentials.Periodic(side, images="nearest")
    )
    u = fluid.energy(tf.constant(fluid.configuration(system.positions(x, c)[:, :n]))).numpy()
    wanted = (u - 0.3 * n**2 / side**dimension) / 0.7
    found = system.energy(tf.constant(x), tf.constant(c)).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    # In training it is finite where particles coincide, and the same where none is near.
    together = tf.constant(np.full([1, 6 * dimension], 0.5))
    assert np.all(np.isfinite(system.training_energy(together, tf.constant(c[:1]))))
    far = np.abs(u) < 5
    training = system.training_energy(tf.constant(x), tf.constant(c)).numpy()
    np.testing.assert_allclose(training[far], wanted[far], rtol=1e-9)


def test_boxes_that_are_too_dense_have_no_weight():
    system = FluidBox(4, potentials.LennardJones(cut=1.5), densest=0.5)
    x = tf.constant(np.random.default_rng(3).uniform(size=(1, 8)))
    for volume, fits in ((8.0, True), (7.9, False)):
        u = system.energy(x, tf.constant([[4.0, volume]], tf.float64)).numpy()
        assert np.isfinite(u[0]) == fits
    assert system.least_volume(3) == 6.0


def test_two_in_a_plane_by_quadrature():
    pairs, T, side = potentials.LennardJones(cut=1.4), 0.9, 3.0
    system = FluidBox(3, pairs, temperature=T)
    value, error = log_q(system, 2, side**2)
    cells = (np.arange(1200) + 0.5) / 1200 * side - side / 2
    r2 = cells[:, None] ** 2 + cells**2
    u = np.where(r2 < 1.4**2, pairs.value(r2), 0.0)
    wanted = np.log(0.5 * side**4 * np.mean(np.exp(-u / T)))
    assert abs(value - wanted) < 5 * error
