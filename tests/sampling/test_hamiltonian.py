"""Hamiltonian Monte Carlo against exact answers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg
from boltzmann_tf import sampling, systems
from boltzmann_tf.potentials import CentreTether, LennardJones
from boltzmann_tf.systems import ParticleSystem

LIMIT = 6.0
"""Of |z| over 300 independent chains: 2e-9 for each of some thirty, if normal."""


def scores(values, wanted, tau=None):
    """Of the means of chains, `[chains, ...]`, in their standard errors."""
    values = np.asarray(values)
    return (values.mean(axis=0) - wanted) / values.std(axis=0, ddof=1) * np.sqrt(len(values))


@pytest.fixture(scope="module")
def cluster():
    """Four on springs to their common centre: 9 independent normal coordinates of variance T / 2.

    150 chains at T = 1 and 150 at T = 3, from a start far away.
    """
    system = ParticleSystem(n=4, dimension=3, terms=[CentreTether(4, 2.0)])
    tau = np.repeat([1.0, 3.0], 150)
    options = {"n_steps": 60, "stride": 3, "step_size": 0.01, "n_leapfrog": 3, "burn_in": 150}
    return system, tau, options


@pytest.mark.parametrize("factor", [1.0, 0.9])
def test_a_free_cluster_is_gaussian_at_each_temperature(cluster, factor):
    """Of each coordinate mean and variance; what is 0.9 of its temperature, planted, is seen."""
    system, tau, options = cluster
    chains = sampling.hamiltonian(
        system, np.full((300, 9), 2.0), temperature=factor * tau, target_acceptance=0.7, seed=1,
        **options,
    )  # fmt: skip
    assert chains.x.shape == (300, 20, 9)
    assert chains.x.dtype == np.float32
    assert chains.log_prob.dtype == np.float64
    assert chains.not_finite == 0
    assert 0.6 < chains.acceptance.mean() < 0.8  # from 0.9999 at the step size given
    assert abs(np.subtract(*chains.acceptance.reshape(2, 150).mean(axis=1))) < 0.05
    assert chains.steps == 300 * 210
    for half in (slice(0, 150), slice(150, 300)):
        x = chains.x[half].astype(np.float64) / np.sqrt(tau[half, None, None])
        squares = (x**2).mean(axis=1)
        together = scores(squares.mean(axis=1), 0.5)
        z = np.array([*scores(x.mean(axis=1), 0.0), *scores(squares, 0.5), together])
        assert (np.max(np.abs(z)) < LIMIT) == (factor == 1.0), z
    energy = system.energy(tf.constant(chains.x[:, -1])).numpy() / (factor * tau)
    np.testing.assert_allclose(-chains.log_prob[:, -1], energy, rtol=1e-6)


def test_the_double_well_by_quadrature():
    """Means of x, x^2 and u, of 300 chains that begin on one side, in a tilted and shallow well."""
    system = systems.DoubleWell()
    tau = 2.0
    chains = sampling.hamiltonian(
        system, np.tile([-1.5, 0.0], (300, 1)), n_steps=300, stride=3, temperature=tau,
        step_size=0.3, n_leapfrog=6, burn_in=200, seed=2, dtype="float64",
    )  # fmt: skip
    line = np.linspace(-6, 6, 801)
    grid = np.stack(np.meshgrid(line, 2 * line, indexing="ij"), axis=-1).reshape(-1, 2)
    u = system.energy(tf.constant(grid)).numpy()
    p = np.exp(-(u - u.min()) / tau)
    p /= p.sum()
    for of in (lambda x, u: x[..., 0], lambda x, u: x[..., 0] ** 2, lambda x, u: u):
        found = of(chains.x, -chains.log_prob * tau).mean(axis=1)
        assert abs(scores(found, np.sum(p * of(grid, u)))) < LIMIT


def test_the_same_seed_gives_the_same_run(cluster):
    system, tau, options = cluster
    options = options | {"n_steps": 60, "temperature": tau, "target_acceptance": 0.7}
    one, two, other = (
        sampling.hamiltonian(system, np.full((300, 9), 2.0), seed=s, **options) for s in (3, 3, 4)
    )
    assert np.array_equal(one.x, two.x)
    assert one.step_size == two.step_size
    assert not np.array_equal(one.x, other.x)


def hole(x):
    """A Gaussian that is no number from 1.5 on, and -inf, the planted trap, below -1.5."""
    u = 0.5 * tf.reduce_sum(x**2, axis=-1)
    u = tf.where(x[..., 0] > 1.5, tf.cast(np.nan, x.dtype), u)
    return tf.where(x[..., 0] < -1.5, tf.cast(-np.inf, x.dtype), u)


@pytest.mark.parametrize("jit_compile", [True, False])
def test_what_is_not_a_number_is_rejected_and_counted(jit_compile):
    system = bg.System.from_energy(hole, (2,))
    chains = sampling.hamiltonian(
        system, np.zeros((50, 2)), n_steps=20, step_size=1.0, n_leapfrog=1, jit_compile=jit_compile
    )
    assert np.all(np.abs(chains.x[..., 0]) <= 1.5)
    assert np.all(np.isfinite(chains.log_prob))
    assert 50 < chains.not_finite < 50 * 20 * (1 - chains.acceptance.mean()) + 1


def test_a_wall_is_no_error_and_a_torus_has_none():
    """Outside a box it is a rejection, not counted; angles go round and stay in their bounds."""
    tube = systems.SpringInBox()
    chains = sampling.hamiltonian(tube, np.full((40, 2), 0.5), n_steps=40, step_size=0.3)
    assert tf.reduce_all(tube.inside(chains.configurations)).numpy()
    assert chains.not_finite == 0
    assert chains.acceptance.mean() < 0.999


def test_an_energy_without_a_gradient_is_refused():
    def outside(x):
        return tf.ensure_shape(
            tf.numpy_function(lambda v: (v**2).sum(axis=-1), [x], tf.float32), x.shape[:1]
        )

    system = bg.System.from_energy(outside, (2,))
    with pytest.raises(ValueError, match="system must have an energy with a finite gradient"):
        sampling.hamiltonian(system, np.zeros(2), n_steps=1)


@pytest.mark.slow
def test_thirteen_lennard_jones_particles():
    """<u> = -42.95(2) kT at epsilon = 2: within five of the errors of both together."""
    terms = [LennardJones(epsilon=2.0, sigma=2 ** (-1 / 6)), CentreTether(13)]
    system = ParticleSystem(n=13, dimension=3, terms=terms)
    line = 1.05 * (np.arange(3) - 1)
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    start = system.configuration(grid[np.argsort((grid**2).sum(axis=1), kind="stable")[:13]])
    options = {"n_leapfrog": 10, "dtype": "float64", "stride": 10, "step_size": 0.02}
    chains = sampling.hamiltonian(
        system, np.tile(start, (256, 1)), n_steps=6000, burn_in=3000, target_acceptance=0.7,
        seed=1, **options,
    )  # fmt: skip
    mean = -chains.log_prob.mean(axis=1)
    error = mean.std(ddof=1) / np.sqrt(len(mean))
    assert error < 0.03
    assert abs(mean.mean() + 42.95) < 5 * np.hypot(error, 0.02)
