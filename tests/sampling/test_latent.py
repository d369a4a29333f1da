"""Moves through latent space: exact for any generator, because the Jacobian is in their weights.

The generator here is not trained: a RealNVP with random weights, far from volume preserving.
Statistical checks compare means over 200 chains with quadrature, in standard errors taken from
the spread of the chain means: |t| > 6 has a probability below 8e-9 for 199 degrees of freedom,
so three quantities raise a false alarm with probability below 3e-8.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import estimators
from boltzmann_tf.bijectors import Scaling, Sequence, realnvp
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.sampling import independence_chain, interpolate, latent, latent_metropolis
from boltzmann_tf.sampling import run_chains as walk
from boltzmann_tf.systems import DoubleWell, SpringInBox, System

LIMIT = 6.0
CHAINS = 200


@functools.cache
def generator():
    """A double well with a barrier of 2 kT, and a map whose volume changes over the plane."""
    bijector = realnvp(2, blocks=2, hidden=(8,), seed=3)
    rng = np.random.default_rng(0)
    for v in bijector.trainable_variables:
        v.assign(v + 0.25 * rng.normal(size=v.shape).astype(np.float32))
    widen = Scaling(2)
    widen.trainable_variables[0].assign(-np.log([1.3, 1.2]))
    return BoltzmannGenerator(DoubleWell(a2=3.0, a1=0.5), Sequence([bijector, widen]))


def observables(x):
    """Whether right, x1 and u: [..., 3]."""
    x = np.asarray(x, np.float64)
    return np.stack([x[..., 0] > 0, x[..., 0], generator().system.exact.energy(x)], axis=-1)


@functools.cache
def exact(temperature=1.0):
    """The same means by the trapezoidal rule in x1, with <x2^2> / 2 = T / 2."""
    x = np.linspace(-5.0, 5.0, 200_001)
    u = generator().system.exact.energy(np.stack([x, 0 * x], axis=-1))
    p = np.exp((u.min() - u) / temperature)
    p /= p.sum()
    return np.array([p @ (x > 0), p @ x, p @ u + 0.5 * temperature])


def agrees(values, reference):
    mean, error = estimators.mean_with_error(values)
    return bool(np.all(np.abs(mean - reference) < LIMIT * error))


def test_the_reference_is_that_of_the_package():
    right, _, energy = exact()
    well = generator().system.exact
    assert -np.log(right / (1 - right)) == pytest.approx(well.free_energy_difference(), abs=1e-4)
    assert energy == pytest.approx(well.mean_energy(), abs=1e-5)


def test_the_map_needs_its_jacobian():
    z = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    assert generator().to_configuration(z)[1].numpy().std() > 0.2


# The random walk in z.

START = np.random.default_rng(1).normal(size=(CHAINS, 2))
WALK = {"n_steps": 2400, "stride": 6, "step_size": 1.0}
BURN_IN = 80  # draws


def test_the_latent_walk_samples_the_boltzmann_density():
    chains = latent_metropolis(generator(), START, temperature=1.5, **WALK)
    assert chains.x.shape == (CHAINS, 400, 2)
    values = observables(chains.x[:, BURN_IN:])
    assert agrees(values, exact(1.5))
    assert not agrees(values, exact(1.4))
    # The log-density is that of z: u / tau of the returned x, and the Jacobian.
    z, log_det = generator().to_latent(chains.configurations)
    energy = generator().system.energy(chains.configurations)
    again = (-energy / 1.5 - log_det.numpy()).reshape(chains.log_prob.shape)
    np.testing.assert_allclose(chains.log_prob, again, atol=1e-3)


def test_the_published_walk_without_jacobian_is_seen():
    """The published bug: u(F(z)) alone."""

    def log_prob(z):
        return -generator().system.energy(generator().to_configuration(z)[0]) / 1.5

    z = generator().to_latent(START.astype(np.float32))[0].numpy()
    chains = walk(log_prob, z, **WALK)
    x = generator().to_configuration(chains.configurations)[0].numpy().reshape(chains.x.shape)
    assert not agrees(observables(x[:, BURN_IN:]), exact(1.5))


def test_the_latent_walk_begins_at_the_given_configurations():
    chains = latent_metropolis(generator(), START, temperature=1.5, **WALK | {"step_size": 1e-6})
    np.testing.assert_allclose(chains.x[:, 0], START, atol=1e-3)


def test_the_latent_walk_is_compiled_once(monkeypatch):
    made = []
    original = latent.BoltzmannGenerator.to_configuration

    def counted(self, z, **options):
        if not tf.executing_eagerly():
            made.append(z.shape)
        return original(self, z, **options)

    monkeypatch.setattr(latent.BoltzmannGenerator, "to_configuration", counted)
    chains = [
        latent_metropolis(generator(), START[:3], n_steps=20, seed=seed, temperature=1.25)
        for seed in (0, 0, 1)
    ]
    first = len(made)
    assert first > 0
    latent_metropolis(generator(), START[:3] + 1, n_steps=20, step_size=0.1, temperature=1.25)
    assert len(made) == first
    np.testing.assert_array_equal(chains[0].x, chains[1].x)
    assert np.all(chains[0].x[:, -1] != chains[2].x[:, -1])


class Flat(System):
    event_shape = (2,)

    def energy(self, x):
        return 0 * x[..., 0]


def test_the_compiled_chain_reads_the_weights_when_it_runs():
    free = BoltzmannGenerator(Flat(), Scaling(2))
    before = latent_metropolis(free, np.zeros((3, 2)), n_steps=20)
    free.bijector.trainable_variables[0].assign([-3.0, -3.0])
    after = latent_metropolis(free, np.zeros((3, 2)), n_steps=20)
    np.testing.assert_allclose(after.x, np.exp(3.0) * before.x, rtol=1e-5)


def test_a_latent_walk_from_a_forbidden_configuration_is_refused():
    box = BoltzmannGenerator(SpringInBox(), Scaling(2))
    with pytest.raises(ValueError, match="initial must have finite energies"):
        latent_metropolis(box, [[-1.0, 0.0]], n_steps=10)


# The independence chain.


def independent(log_weights=None, monkeypatch=None):
    """200 chains of 2000 steps: observables [chain, draw, 3]."""
    if log_weights is not None:
        original = BoltzmannGenerator.sample

        def planted(self, *args, **kwargs):
            samples = original(self, *args, **kwargs)
            return samples._replace(log_weight=log_weights(samples))

        monkeypatch.setattr(BoltzmannGenerator, "sample", planted)
    chains = [independence_chain(generator(), 2047, seed=seed).x for seed in range(CHAINS)]
    return observables(np.stack(chains)[:, 100:])


def test_the_independence_chain_samples_the_boltzmann_density():
    assert agrees(independent(), exact())


def without_jacobian(samples):
    return -samples.energy.astype(np.float64) + 0.5 * np.sum(samples.z**2, axis=-1)


def without_weights(samples):
    return np.zeros(len(samples.x))


@pytest.mark.parametrize("planted", [without_jacobian, without_weights])
def test_an_independence_chain_without_jacobian_or_weights_is_seen(monkeypatch, planted):
    assert not agrees(independent(planted, monkeypatch), exact())


def test_an_independence_chain_in_detail():
    chain = independence_chain(generator(), 3000, seed=4)
    samples = generator().sample(3001, seed=4)
    np.testing.assert_array_equal(chain.x, samples.x[chain.proposal])
    moved = np.diff(np.concatenate([[0], chain.proposal])) != 0
    assert chain.acceptance == moved.mean()
    assert 0.1 < chain.acceptance < 0.95
    assert np.all(chain.proposal[moved] == 1 + np.flatnonzero(moved))  # the newest, or stay
    same = independence_chain(generator(), 3000, seed=4)
    np.testing.assert_array_equal(chain.proposal, same.proposal)
    other = independence_chain(generator(), 3000, seed=5)
    assert not np.array_equal(chain.proposal, other.proposal)


def test_acceptance_of_infinite_and_nan_weights():
    log_weight = np.array([0.0, -np.inf, np.nan, 1.0, 0.0, 0.0])
    index, accepted = latent._accept(log_weight, np.log([0.5, 0.5, 0.5, 0.5, 0.2]))
    # zero weight: no; NaN: no; a larger weight: yes; 1/e < 0.5: no; 1/e > 0.2: yes
    assert index.tolist() == [0, 0, 3, 3, 5]
    assert accepted == 2
    index, _ = latent._accept(np.array([-np.inf, -np.inf, 0.0]), np.log([0.9, 0.9]))
    assert index.tolist() == [0, 2]  # a start of no weight is left at once


# Interpolation.

LEFT, RIGHT = np.array([[-1.2, 0.1], [-1.0, -0.5]]), np.array([[1.2, 0.3], [1.1, 0.0]])


def bend(points):
    """Largest second difference along the paths `[paths, points, 2]`."""
    return np.abs(np.diff(points, n=2, axis=1)).max()


def test_paths_are_straight_in_z_and_end_at_the_configurations():
    path = interpolate(generator(), LEFT, RIGHT, n_points=25)
    assert path.z.shape == path.x.shape == (2, 25, 2)
    np.testing.assert_allclose(path.x[:, 0], LEFT, atol=1e-5)
    np.testing.assert_allclose(path.x[:, -1], RIGHT, atol=1e-5)
    assert bend(path.z) < 1e-6
    assert bend(path.x) > 1e-3  # the sister: the same points are not straight in x
    again = generator().to_configuration(path.z.reshape(-1, 2))[0].numpy()
    np.testing.assert_allclose(path.x.reshape(-1, 2), again, atol=1e-6)
    np.testing.assert_allclose(path.energy, generator().system.energy(path.x), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LEFT, RIGHT[:1]), "start and end must hold as many configurations, got 2 and 1"),
        ((LEFT[0], RIGHT), "start must have 2 dimension"),
        ((LEFT, RIGHT[:, :1]), r"x must have shape \[n, 2\]"),
    ],
)
def test_paths_with_bad_ends(arguments, message):
    with pytest.raises(ValueError, match=message):
        interpolate(generator(), *arguments)


def test_a_path_has_two_points_at_least():
    with pytest.raises(ValueError, match="n_points must be"):
        interpolate(generator(), LEFT, RIGHT, n_points=1)
    assert interpolate(generator(), LEFT, RIGHT, n_points=2).x.shape == (2, 2, 2)
