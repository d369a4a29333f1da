"""Mixtures of priors at several temperatures: log Z of what is known, densities by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from priors.cases import CASES, Gaussian
from scipy.special import logsumexp

from boltzmann_tf import BoltzmannGenerator, System, estimators, priors, sampling
from boltzmann_tf.bijectors import AffineCoupling, Scaling, Sequence
from boltzmann_tf.priors import Normal, Prior

HOT = (0.5, 1.0, 3.0)


def made(name):
    case = CASES[name]
    bijector = Scaling(case.system.event_size)
    if case.system.domain == "real":  # x = 1.2 z; in a box the identity, which leaves none out
        bijector.trainable_variables[0].assign([-np.log(1.2)] * bijector.event_size)
    return BoltzmannGenerator(case.system, bijector, case.prior), case


TEMPERED = [name for name, case in CASES.items() if len(case.temperatures) > 1]


@pytest.mark.parametrize("tau", [1.0, 2.0])
@pytest.mark.parametrize("name", TEMPERED)
def test_weights_average_to_z_whatever_the_prior(name, tau):
    """Within six errors: a false alarm in 2e-9. The sister has the density of one prior alone."""
    generator, case = made(name)
    samples = sampling.tempered(generator, HOT, 30_000, temperature=tau, seed=1)
    value, error = estimators.log_z(samples.log_weight)
    assert abs(value - case.system.log_z(tau)) < 6 * error
    assert error < 0.05
    if name in ("box", "uniform circles"):
        return  # whose density is the same at all temperatures
    one = priors.log_density(case.prior, samples.z, 3.0)
    mixture = logsumexp([priors.log_density(case.prior, samples.z, t) for t in HOT], axis=0)
    planted = samples.log_weight - (one - mixture + np.log(3))
    assert abs(estimators.log_z(planted).value - case.system.log_z(tau)) > 6 * error


def test_the_mixture_is_the_density_by_hand():
    """x = 1.2 z in two dimensions: a mixture of Gaussians in x, in equal and in unequal shares."""
    generator, _ = made("normal")
    for n in (12, 11):
        samples = sampling.tempered(generator, (1.0, 4.0, 0.25), n, seed=2)
        assert samples.x.shape == (n, 2)
        shares = np.array([4, 4, 4] if n == 12 else [3, 4, 4]) / n
        square = np.sum(samples.x.astype(np.float64) ** 2, axis=1)
        variances = 1.44 * np.array([1.0, 4.0, 0.25])
        density = shares / (2 * np.pi * variances) @ np.exp(-square / (2 * variances[:, None]))
        np.testing.assert_allclose(np.exp(samples.log_q), density, rtol=1e-5)
        assert samples.log_q.dtype == samples.log_weight.dtype == np.float64
        np.testing.assert_allclose(samples.log_weight, -samples.energy - samples.log_q, rtol=1e-12)
    # The planted error: equal shares where they are not.
    assert not np.allclose(np.exp(samples.log_q), density / shares[0] / 3, rtol=1e-2)


def test_samples_are_those_of_the_generator_shuffled():
    generator, _ = made("normal")
    samples = sampling.tempered(generator, (1.0, 2.0), 200, seed=5)
    drawn = [generator.sample(100, t, seed=5 + i).x for i, t in enumerate((1.0, 2.0))]
    everything = np.concatenate(drawn)
    np.testing.assert_array_equal(np.sort(samples.x, axis=0), np.sort(everything, axis=0))
    assert np.any(samples.x != everything)
    again = sampling.tempered(generator, (1.0, 2.0), 200, seed=5)
    np.testing.assert_array_equal(samples.log_weight, again.log_weight)


class Steep(Gaussian):
    """Forbidden on the left, and no number above."""

    def energy(self, x):
        forbidden = tf.where(x[:, 0] < 0, np.inf, super().energy(x))
        return tf.where(x[:, 1] > 1, np.nan, forbidden)


def test_energies_that_are_none_have_no_weight():
    generator = BoltzmannGenerator(Steep(2), Scaling(2))
    samples = sampling.tempered(generator, (1.0, 2.0), 1000)
    none = (samples.x[:, 0] < 0) | (samples.x[:, 1] > 1)
    np.testing.assert_array_equal(np.isneginf(samples.log_weight), none)
    assert np.all(np.isfinite(samples.log_weight[~none]))


def test_a_log_weight_has_the_digits_of_the_map_and_not_of_its_dtype():
    generator, _ = made("normal")
    plain = generator.sample(1000).resolution
    assert 1e-8 < plain
    assert 0.5 < sampling.tempered(generator, (1.0, 2.0), 1000).resolution / plain < 2


def test_a_prior_without_temperatures_is_refused_by_name():
    generator, _ = made("distribution")
    with pytest.raises(ValueError, match=r"temperatures must be 1 with a prior of one's own.* 2"):
        sampling.tempered(generator, (1.0, 2.0), 10)
    same = sampling.tempered(generator, (1.0, 1.0), 10_000)
    value, error = estimators.log_z(same.log_weight)
    assert abs(value - CASES["distribution"].system.log_z(1.0)) < 6 * error


# Conditions.


class Widths(System):
    """Gaussians of the width that the condition says: log Z = log(2 pi c^2)."""

    event_shape = (2,)
    condition_size = 1

    def energy(self, x, condition):
        return 0.5 * tf.reduce_sum(x**2, axis=-1) / condition[:, 0] ** 2


class Wide(Prior):
    """Normal, of the width that the condition says."""

    condition_size = 1

    def sample(self, n, temperature, seed, condition=None, dtype=tf.float32):
        noise = tf.random.stateless_normal([n, self.event_size], seed, dtype=dtype)
        return condition * noise * tf.sqrt(tf.cast(temperature, dtype))[..., None]

    def log_prob(self, z, temperature, condition=None):
        scale = condition[:, 0] * tf.sqrt(tf.cast(temperature, z.dtype))
        norm = self.event_size * tf.math.log(scale * np.sqrt(2 * np.pi))
        return -0.5 * tf.reduce_sum(z**2, axis=-1) / scale**2 - norm


@pytest.mark.parametrize("prior", [None, Wide(2)], ids=["normal", "conditional"])
def test_one_condition_for_all(prior):
    halves = [
        AffineCoupling(2, transformed=h, hidden=(4,), condition_size=1) for h in ("even", "odd")
    ]
    generator = BoltzmannGenerator(Widths(), Sequence(halves), prior)
    for width in (0.8, 1.5):
        samples = sampling.tempered(generator, (1.0, 2.0), 20_000, condition=[width], seed=3)
        value, error = estimators.log_z(samples.log_weight)
        assert abs(value - np.log(2 * np.pi * width**2)) < 6 * error
    with pytest.raises(ValueError, match=r"condition must be one for all samples.*\(20, 1\)"):
        sampling.tempered(generator, (1.0, 2.0), 20, condition=np.ones((20, 1)))


# The density of a prior as an array.


class Own(Normal):
    """Not the standard normal, as far as anybody can tell."""


def test_log_densities_in_float64():
    z = np.random.default_rng(0).normal(size=(500, 7))
    for tau in (0.3, 1.0, 2.0):
        own, other = (priors.log_density(p, z, tau) for p in (Normal(7), Own(7)))
        assert own.dtype == other.dtype == np.float64
        np.testing.assert_allclose(own, other, rtol=1e-13)
        wanted = -0.5 * np.sum(z**2, axis=1) / tau - 3.5 * np.log(2 * np.pi * tau)
        np.testing.assert_allclose(own, wanted, rtol=1e-13)
    # One for each, and one for all.
    c = np.linspace(1, 2, 500)[:, None]
    each = priors.log_density(Wide(7), z, 1.0, c)
    np.testing.assert_allclose(each[0], priors.log_density(Wide(7), z[:1], 1.0, [1.0])[0])
    np.testing.assert_allclose(each[-1], priors.log_density(Wide(7), z[-1:], 1.0, [2.0])[0])
