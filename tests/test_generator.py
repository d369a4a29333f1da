"""The generator: weights that make it exact at every temperature, streaming, densities, shapes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import estimators
from boltzmann_tf.bijectors import Scaling, Whitening, realnvp
from boltzmann_tf.generator import BoltzmannGenerator, Samples
from boltzmann_tf.losses import Generated, KullbackLeibler
from boltzmann_tf.priors import Mixture, Normal
from boltzmann_tf.systems import DoubleWell, SpringInBox, System

tfd = tfp.distributions

TEMPERATURES = (0.25, 1.0, 4.0)


class Gaussian(System):
    """A user's own system, and one with answers in closed form: log Z = (D / 2) ln 2 pi tau."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)


class Stack(System):
    """Three particles in the plane, x_ij with variance 1 / (i + 1)."""

    event_shape = (3, 2)

    def energy(self, x):
        stiffness = tf.constant([[1.0], [2.0], [3.0]], x.dtype)
        return 0.5 * tf.reduce_sum(stiffness * x**2, axis=[1, 2])


def scaling(sd, dtype="float32"):
    """x = sd * z."""
    bijector = Scaling(len(sd), dtype=dtype)
    bijector.trainable_variables[0].assign(-np.log(sd))
    return bijector


def perturbed(event_size, seed=0, **options):
    """A small RealNVP away from the identity."""
    bijector = realnvp(event_size, blocks=1, hidden=(8,), **options)
    rng = np.random.default_rng(seed)
    for v in bijector.trainable_variables:
        v.assign(v + 0.3 * rng.normal(size=v.shape).astype(v.dtype.as_numpy_dtype))
    return bijector


@functools.cache
def double_well():
    """Untrained but broad: wide enough along x1 to see both wells and the barrier."""
    return BoltzmannGenerator(DoubleWell(), scaling([1.8, 1.1]))


@functools.cache
def curved():
    return BoltzmannGenerator(DoubleWell(), perturbed(2))


# Weights.


def assert_exact_weights(log_weight, tau):
    """The law: an exact generator has the constant log-weight log Z(tau)."""
    np.testing.assert_allclose(log_weight, np.log(2 * np.pi * tau), atol=2e-5)


@functools.cache
def exact_generator():
    return BoltzmannGenerator(Gaussian(), scaling([1.0, 1.0]))


@pytest.mark.parametrize("tau", TEMPERATURES)
def test_exact_generator_has_constant_weights_at_every_temperature(tau):
    samples = exact_generator().sample(500, tau, seed=1)
    assert_exact_weights(samples.log_weight, tau)
    assert np.var(samples.x) == pytest.approx(tau, rel=0.3)  # drawn at tau, not at 1


@pytest.mark.parametrize("tau", TEMPERATURES)
def test_rounding_is_in_the_stated_error_of_an_exact_generator(tau):
    """float32: what the samples' own spread states is below the true error, and k-hat is good."""
    samples = exact_generator().sample(500, tau, seed=1)
    exact = np.log(2 * np.pi * tau)
    found = estimators.log_z(samples.log_weight, resolution=samples.resolution)
    assert abs(found.value - exact) < found.standard_error < 2e-6
    # the planted error: statistics alone, about 1e-8
    assert estimators.log_z(samples.log_weight).standard_error < 1e-7
    assert estimators.pareto_k(samples.log_weight) < 0.5
    # far from zero a float32 holds the energies to 0.06, and so log Z; zero weights count for none
    far = np.r_[samples.log_weight[:-1] - 1e6, -np.inf]
    assert samples._replace(log_weight=far).resolution == pytest.approx(0.119, rel=0.01)


@pytest.mark.parametrize("prior", [Normal(2), Mixture([[-1.0, 0.0], [1.0, 0.5]])])
@pytest.mark.parametrize("tau", TEMPERATURES)
def test_terms_of_the_energy_loss(prior, tau):
    """u / tau - log|dx/dz| of each sample, by the map itself; float32 to 1e-4."""
    generator = BoltzmannGenerator(DoubleWell(), curved().bijector, prior)
    samples = generator.sample(500, tau, seed=1)
    _, log_det = generator.to_configuration(tf.constant(samples.z))
    wanted = samples.energy / tau - log_det.numpy()
    found = samples.kl_terms(prior, tau)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)
    # They are the loss, without its cut.
    energy = tf.constant(samples.energy / np.float32(tau))
    batch = Generated(samples.z, samples.x, log_det, energy, tf.constant(tau), 1)
    assert found.mean() == pytest.approx(float(KullbackLeibler()(batch)), rel=1e-4)
    # The planted errors: another temperature's prior, another prior.
    if tau != 1:
        assert abs(samples.kl_terms(prior, 1.0) - wanted).max() > 0.1
    other = Mixture([[-1.0, 0.0], [1.0, 0.5]]) if type(prior) is Normal else Normal(2)
    assert abs(samples.kl_terms(other, tau) - wanted).max() > 0.1


@pytest.mark.parametrize("tau", [0.25, 4.0])
def test_prior_at_temperature_one_breaks_the_law(tau):
    """The published bug B3 planted: the prior's energy in the weight taken at tau = 1."""
    s = exact_generator().sample(500, tau, seed=1)
    prior_at_one = -0.5 * np.sum(s.z**2, axis=1) - np.log(2 * np.pi)
    log_det = 0.0
    planted = -s.energy / tau - (prior_at_one - log_det)
    with pytest.raises(AssertionError):
        assert_exact_weights(planted, tau)
    assert np.std(planted) > 0.3  # it varies from sample to sample: not only a wrong constant


@pytest.mark.parametrize("tau", TEMPERATURES)
def test_linear_map_on_its_own_gaussian_is_exact(tau):
    """x = A z and energy x^T (A A^T)^-1 x / 2: log Z = ln 2 pi tau + ln det A."""
    sd = np.array([2.0, 0.5])

    class Ellipse(System):
        event_shape = (2,)

        def energy(self, x):
            return 0.5 * tf.reduce_sum((x / tf.constant(sd, x.dtype)) ** 2, axis=-1)

    s = BoltzmannGenerator(Ellipse(), scaling(sd, "float64")).sample(64, tau)
    expected = np.log(2 * np.pi * tau) + np.log(sd).sum()
    np.testing.assert_allclose(s.log_weight, expected, atol=1e-12)


def test_log_z_of_the_double_well_within_its_stated_error():
    """Five standard errors: false alarm 6e-7 for each temperature."""
    generator = double_well()
    for tau in (0.5, 1.0, 2.0):
        estimate = estimators.log_z(generator.sample(65536, tau, seed=3).log_weight)
        exact = generator.system.exact.log_z(tau)
        assert estimate.standard_error < 0.02
        assert abs(estimate.value - exact) < 5 * estimate.standard_error


def test_the_log_z_test_sees_a_missing_log_det():
    """The sister: log|dx/dz| = ln(1.8 * 1.1) left out is found."""
    generator = double_well()
    s = generator.sample(65536, 1.0, seed=3)
    estimate = estimators.log_z(s.log_weight - np.log(1.8 * 1.1))
    exact = generator.system.exact.log_z(1.0)
    assert abs(estimate.value - exact) > 5 * estimate.standard_error


def test_forbidden_configurations_have_weight_zero():
    s = BoltzmannGenerator(SpringInBox(), scaling([3.0, 3.0])).sample(256)
    outside = (s.x[:, 0] < 0) | (s.x[:, 0] > 4)
    assert outside.any()
    assert not outside.all()
    np.testing.assert_array_equal(np.isneginf(s.log_weight), outside)


def test_nan_energies_have_weight_zero():
    class Root(System):
        event_shape = (1,)

        def energy(self, x):
            return tf.sqrt(x[:, 0])

    s = BoltzmannGenerator(Root(), scaling([1.0])).sample(64)
    np.testing.assert_array_equal(np.isneginf(s.log_weight), s.x[:, 0] < 0)
    assert not np.isnan(s.log_weight).any()


# Streaming.


def test_samples_are_what_they_say():
    s = curved().sample(100, 2.0, seed=4)
    assert isinstance(s, Samples)
    assert s.z.shape == s.x.shape == (100, 2)
    assert s.log_q.shape == s.energy.shape == s.log_weight.shape == (100,)
    assert s.log_weight.dtype == np.float64
    np.testing.assert_allclose(s.energy, DoubleWell().energy(tf.constant(s.x)), rtol=1e-5)
    np.testing.assert_allclose(s.log_weight, -s.energy.astype(float) / 2 - s.log_q, atol=1e-5)


def test_batches_concatenate_to_the_sample():
    generator = curved()
    whole = generator.sample(300, 1.5, seed=5, batch_size=128)
    batches = list(generator.sample_batches(300, 1.5, seed=5, batch_size=128))
    assert [len(b.x) for b in batches] == [128, 128, 44]
    for name in Samples._fields:
        parts = np.concatenate([getattr(b, name) for b in batches])
        np.testing.assert_array_equal(parts, getattr(whole, name))


def test_batches_are_not_repeats_of_each_other():
    first, second = curved().sample_batches(256, seed=5, batch_size=128)
    assert np.abs(first.x - second.x).min() > 0


def test_sampling_is_a_function_of_the_seed():
    generator = curved()
    a, b = (generator.sample(100, seed=seed).x for seed in (0, 0))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - generator.sample(100, seed=1).x).max() > 0.1


def test_arguments_are_checked_before_the_first_batch_is_asked_for():
    with pytest.raises(ValueError, match="n must be"):
        curved().sample_batches(0)


def test_one_sample():
    assert curved().sample(1).x.shape == (1, 2)


# Densities.


def test_densities_agree():
    generator = curved()
    for tau in (1.0, 2.0):
        s = generator.sample(100, tau, seed=6)
        np.testing.assert_allclose(generator.log_prob(s.x, tau), s.log_q, atol=2e-4)
        distribution = generator.as_distribution(tau)
        np.testing.assert_allclose(distribution.log_prob(tf.constant(s.x)), s.log_q, atol=2e-4)
        np.testing.assert_allclose(generator.log_weight(s.x, tau), s.log_weight, atol=2e-4)
    assert np.abs(generator.log_prob(s.x, 1.0) - s.log_q).max() > 0.1  # temperature matters


@pytest.mark.parametrize("jit_compile", [True, False])
def test_densities_and_weights_are_those_of_one_pass(jit_compile):
    """To the last bit: the density without the energy, and the weight made of it."""
    generator = BoltzmannGenerator(DoubleWell(), perturbed(2), jit_compile=jit_compile)
    x = generator.sample(64, seed=3).x

    @tf.function(jit_compile=jit_compile, autograph=False)
    def together(x, tau):
        z, log_det = generator.to_latent(x)
        log_q = generator.prior_log_prob(z, tau) + log_det
        weight = -tf.cast(generator.system.energy(x), tf.float64) / tf.cast(tau, tf.float64)
        return log_q, weight - tf.cast(log_q, tf.float64)

    for tau in TEMPERATURES:
        log_q, log_weight = together(tf.constant(x), tf.constant(tau))
        np.testing.assert_array_equal(generator.log_prob(x, tau), log_q)
        np.testing.assert_array_equal(generator.log_weight(x, tau), log_weight)


def test_a_density_asks_for_no_energy():
    class Refusing(Gaussian):
        asked = 0

        def energy(self, x):
            Refusing.asked += 1
            return super().energy(x)

    generator = BoltzmannGenerator(Refusing(), scaling([1.0, 1.0]))
    before = Refusing.asked
    generator.log_prob(np.zeros((3, 2), np.float32))
    assert Refusing.asked == before
    generator.log_weight(np.zeros((3, 2), np.float32))
    assert Refusing.asked == before + 1  # traced


def test_density_integrates_to_one():
    """By quadrature over a box that holds all but a negligible part of the density."""
    grid = np.linspace(-14, 14, 401)
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(curved().log_prob(points).astype(np.float64))
    assert density.sum() * (grid[1] - grid[0]) ** 2 == pytest.approx(1.0, abs=2e-3)


def test_distribution_samples_and_its_variables_train():
    distribution = curved().as_distribution()
    assert distribution.sample(5, seed=(1, 2)).shape == (5, 2)
    assert len(distribution.trainable_variables) == len(curved().bijector.trainable_variables) > 0


# Shapes, dtypes, priors.


def test_events_of_two_axes():
    sd = np.repeat([1.0, 2**-0.5, 3**-0.5], 2)
    generator = BoltzmannGenerator(Stack(), scaling(sd))
    for tau in TEMPERATURES:
        s = generator.sample(32, tau)
        assert s.x.shape == (32, 3, 2)
        assert s.z.shape == (32, 6)
        np.testing.assert_allclose(
            s.log_weight, 3 * np.log(2 * np.pi * tau) + np.log(sd).sum(), atol=3e-5
        )
    np.testing.assert_allclose(generator.log_prob(s.x, tau), s.log_q, atol=1e-4)
    distribution = generator.as_distribution(tau)
    assert distribution.event_shape == [3, 2]
    np.testing.assert_allclose(distribution.log_prob(s.x), s.log_q, atol=1e-4)
    assert distribution.sample(4, seed=(0, 1)).shape == (4, 3, 2)


def test_float64_everywhere():
    generator = BoltzmannGenerator(DoubleWell(), perturbed(2, dtype="float64"))
    s = generator.sample(64, 2.0)
    assert all(part.dtype == np.float64 for part in s)
    np.testing.assert_allclose(generator.log_prob(s.x, 2.0), s.log_q, rtol=1e-10)


def test_own_prior():
    prior = tfd.MultivariateNormalDiag(tf.ones(2), 1.5 * tf.ones(2))
    generator = BoltzmannGenerator(Gaussian(), scaling([2.0, 0.8]), prior=prior)
    s = generator.sample(200, seed=2)
    np.testing.assert_allclose(s.log_q, prior.log_prob(s.z) - np.log(1.6), atol=1e-5)
    np.testing.assert_allclose(generator.log_prob(s.x), s.log_q, atol=1e-4)
    np.testing.assert_allclose(generator.as_distribution().log_prob(s.x), s.log_q, atol=1e-4)
    estimate = estimators.log_z(generator.sample(65536, seed=2).log_weight)
    # 5 standard errors: false alarm 6e-7
    assert abs(estimate.value - np.log(2 * np.pi)) < 5 * estimate.standard_error


def test_own_prior_allows_no_other_temperature():
    prior = tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2))
    generator = BoltzmannGenerator(Gaussian(), scaling([1.0, 1.0]), prior=prior)
    with pytest.raises(ValueError, match=r"temperature must be 1 .*got 2\.0"):
        generator.sample(10, 2.0)


def test_conditional_bijector_takes_its_condition():
    generator = BoltzmannGenerator(Gaussian(), perturbed(2, condition_size=1))
    low, high = (generator.sample(64, condition=[c], seed=1) for c in (0.0, 3.0))
    np.testing.assert_array_equal(low.z, high.z)
    assert np.abs(low.x - high.x).max() > 0.01
    np.testing.assert_allclose(generator.log_prob(high.x, condition=[3.0]), high.log_q, atol=2e-4)


def test_whitening_at_the_end():
    data = np.random.default_rng(1).normal(size=(500, 2)) @ np.array([[2.0, 0.0], [1.0, 0.5]]) + 3
    whitening = Whitening.from_data(data)
    generator = BoltzmannGenerator(Gaussian(), realnvp(2, blocks=1, hidden=(4,), last=[whitening]))
    z, _ = generator.to_latent(data)
    assert z.shape == (500, 2)
    np.testing.assert_allclose(generator.to_configuration(z)[0], data, atol=1e-4)


def test_with_and_without_xla():
    """The same densities to rounding; the random numbers are others."""
    flow = realnvp(2, blocks=2, hidden=(8,), seed=1)
    one, two = (BoltzmannGenerator(DoubleWell(), flow, jit_compile=jit) for jit in (True, False))
    x = two.sample(500, seed=3).x
    np.testing.assert_allclose(one.log_prob(x), two.log_prob(x), rtol=1e-4, atol=1e-4)


@pytest.mark.xla
@pytest.mark.parametrize(
    ("options", "jit", "compiled"),
    [
        ({}, "auto", [False, True]),  # 1000 samples, 5000
        ({}, True, [True, True]),
        ({}, False, [False, False]),
        ({"coupling": "spline"}, "auto", [True, True]),
    ],
)
def test_a_small_draw_of_couplings_does_not_wait_for_xla(options, jit, compiled):
    flow = realnvp(2, blocks=1, hidden=(4,), last=[Scaling(2)], **options)
    for n, with_xla in zip((1000, 5000), compiled, strict=True):
        generator = BoltzmannGenerator(DoubleWell(), flow, jit_compile=jit)
        x = generator.sample(n).x
        assert list(generator._compiled) == [("sample", with_xla)]
        assert np.all(np.isfinite(generator.log_weight(x)))


def test_where_energy_and_density_both_leave_the_floats_the_weight_is_zero():
    """At x = 1e20 u is inf and log q is -inf in float32: no weight, and not inf - inf."""
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2))
    found = generator.log_weight(np.array([[1e20, 0.0], [-1.0, 0.0]]))
    assert found[0] == -np.inf
    assert np.isfinite(found[1])
