"""The losses against closed forms and independent NumPy versions; gradients that stay finite."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.losses import (
    Generated,
    KullbackLeibler,
    Likelihood,
    Mapped,
    ReactionCoordinate,
    WeightedLikelihood,
    linlog,
    safe_energy,
)

HIGH, MAXIMUM = 100.0, 1e10


def tensor(values):
    return tf.constant(np.asarray(values), tf.float64)


def generated(x, *, energy=None, tau=1.0, temperatures=1, z=None, log_det=None):
    x = tensor(x)
    zero = tf.zeros(len(x), x.dtype)
    return Generated(
        z=x if z is None else tensor(z),
        x=x,
        log_det=zero if log_det is None else tensor(log_det),
        energy=zero if energy is None else tensor(energy),
        temperature=zero + tensor(tau),
        temperatures=temperatures,
    )


def first(x):
    return x[..., 0]


def second(x):
    return x[..., 1]


# The reaction-coordinate loss.


def numpy_histogram(x, lower, upper, bins, floor):
    """The soft histogram written out with loops over bins, from noe2019.md 1.2."""
    x = np.asarray(x, np.float64)
    kernels = []
    for r, low, high in zip(x.T, lower, upper, strict=False):
        width = (high - low) / bins
        centres = [low + j * (high - low) / (bins - 1) for j in range(bins)]
        kernels.append(np.stack([np.exp(-0.5 * ((r - c) / width) ** 2) for c in centres], axis=1))
    if len(lower) == 1:
        k = kernels[0] + floor
    else:
        k = np.einsum("ni,nj->nij", *kernels).reshape(len(x), -1) + floor
    return (k / k.sum(axis=1, keepdims=True)).mean(axis=0)


@pytest.mark.parametrize("form", ["log_bins", "entropy"])
def test_rc_matches_numpy_in_one_dimension(form):
    x = np.random.default_rng(1).normal(size=(50, 2)) * 2
    loss = ReactionCoordinate(first, -2.5, 2.5, bins=7, form=form)
    h = numpy_histogram(x[:, :1], [-2.5], [2.5], 7, 1e-6)
    expected = -np.log(h).sum() if form == "log_bins" else (h * np.log(h)).sum()
    assert float(loss(generated(x))) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("form", ["log_bins", "entropy"])
def test_rc_matches_numpy_in_two_dimensions(form):
    x = np.random.default_rng(2).normal(size=(40, 2))
    loss = ReactionCoordinate([first, second], [-2, -1], [2, 3], bins=5, form=form)
    h = numpy_histogram(x, [-2, -1], [2, 3], 5, 1e-8)
    expected = -np.log(h).sum() if form == "log_bins" else (h * np.log(h)).sum()
    assert float(loss(generated(x))) == pytest.approx(expected, rel=1e-10)


def test_rc_along_an_angle_knows_no_end():
    """The same for any image and any turn by a bin, against NumPy with images; smooth at +-pi."""
    turn = 2 * np.pi
    x = np.random.default_rng(4).vonmises(3.0, 2.0, (60, 1))
    loss = ReactionCoordinate(first, -np.pi, np.pi, bins=6, period=turn)
    centres = -np.pi + turn * (np.arange(6) + 0.5) / 6
    away = x - centres + turn * np.arange(-4, 5)[:, None, None]
    kernel = np.exp(-0.5 * (away / (turn / 6)) ** 2).sum(axis=0) + 1e-6
    h = (kernel / kernel.sum(axis=1, keepdims=True)).mean(axis=0)
    expected = -np.log(h).sum()
    assert float(loss(generated(x))) == pytest.approx(expected, rel=1e-5)
    images = x + turn * (np.arange(60) % 3 - 1)[:, None]
    assert float(loss(generated(images))) == pytest.approx(expected, rel=1e-5)
    assert float(loss(generated(x + turn / 6))) == pytest.approx(expected, rel=1e-5)
    # the planted error: without the period a turn changes the loss
    line = ReactionCoordinate(first, -np.pi, np.pi, bins=6)
    assert abs(float(line(generated(images))) - float(line(generated(x)))) > 0.1
    with tf.GradientTape() as tape:
        at = tf.Variable(tensor([[np.pi - 1e-6], [np.pi + 1e-6]]))
        value = loss(generated(at)._replace(x=at + 0.0))
    slopes = tape.gradient(value, at).numpy().ravel()
    assert slopes[0] == pytest.approx(slopes[1], abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"period": 6.0}, r"period must be upper - lower, 6\.28.*, got 6\.0"),
        ({"period": [1.0, 2.0]}, "period must have one value for each of the 1 coordinates"),
        ({"period": -1.0}, "period must be a positive"),
    ],
)
def test_rc_with_a_bad_period(call, message):
    with pytest.raises(ValueError, match=message):
        ReactionCoordinate(first, -np.pi, np.pi, **call)


def test_rc_minimum_one_dimensional_is_the_published_26_377():
    loss = ReactionCoordinate(first, -2.5, 2.5)
    # Far outside only the floor is left, the same in each bin: evenly filled bins exactly.
    value = float(loss(generated(np.full((4, 1), 1e4))))
    assert value == pytest.approx(26.377, abs=5e-4)
    assert value == pytest.approx(11 * np.log(11), rel=1e-12)
    assert loss.minimum == pytest.approx(value, rel=1e-12)


def test_rc_minimum_two_dimensional_is_minus_log_121():
    loss = ReactionCoordinate([first, second], [0, 0], [1, 1], form="entropy")
    value = float(loss(generated(np.full((4, 2), 1e4))))
    assert value == pytest.approx(-np.log(121), rel=1e-12)
    assert loss.minimum == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("form", ["log_bins", "entropy"])
def test_rc_rises_when_bins_are_empty(form):
    even = np.linspace(-2.5, 2.5, 200)[:, None]
    loss = ReactionCoordinate(first, -2.5, 2.5, form=form)
    spread, narrow = float(loss(generated(even))), float(loss(generated(0.1 * even)))
    assert loss.minimum <= spread < loss.minimum + 0.3
    assert narrow > spread + 1


def test_rc_of_several_temperatures_is_the_mean_of_each():
    x = np.random.default_rng(3).normal(size=(60, 1))
    x[1::2] += 2.0  # sample i is at temperature i modulo 2
    loss = ReactionCoordinate(first, -2.5, 2.5)
    together = float(loss(generated(x, temperatures=2)))
    apart = [float(loss(generated(x[i::2]))) for i in (0, 1)]
    assert together == pytest.approx(np.mean(apart), rel=1e-12)
    mixed = float(loss(generated(x)))  # planted: temperatures pooled, as FlexibleTrainer did
    assert abs(mixed - together) > 0.1


def test_rc_gradient_is_finite_far_outside():
    x = tf.constant([[1e30], [-1e30], [0.0]], tf.float32)
    loss = ReactionCoordinate(first, -2.5, 2.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        batch = Generated(x, x, x[:, 0], x[:, 0], x[:, 0], 1)
        value = loss(batch)
    assert np.isfinite(value.numpy())
    assert np.all(np.isfinite(tape.gradient(value, x)))


# The energy cut.


def numpy_linlog(energy, high, maximum):
    out = []
    for e in energy:
        e = maximum if not np.isfinite(e) else min(e, maximum)
        out.append(e if e < high else high + np.log(e - high + 1))
    return np.array(out)


def test_linlog_matches_numpy():
    energy = np.array([-1e4, 0.0, 99.9, 100.0, 100.1, 1e3, 1e9, 1e12, np.inf, np.nan])
    cut = linlog(tensor(energy), HIGH, MAXIMUM).numpy()
    np.testing.assert_allclose(cut, numpy_linlog(energy, HIGH, MAXIMUM), rtol=1e-14)


def test_linlog_is_continuous_with_slope_one_at_high():
    eps = 1e-6
    below, at, above = linlog(tensor([HIGH - eps, HIGH, HIGH + eps]), HIGH, MAXIMUM).numpy()
    assert at == HIGH
    assert above - at == pytest.approx(eps, rel=1e-4)
    assert at - below == pytest.approx(eps, rel=1e-4)


def test_linlog_is_constant_from_maximum():
    cut = linlog(tensor([1e10, 2e10, 1e300, np.inf, np.nan]), HIGH, MAXIMUM).numpy()
    np.testing.assert_array_equal(cut, HIGH + np.log1p(MAXIMUM - HIGH))


def cut_and_gradient(energy, x, *, tau=1.0, high=HIGH, maximum=MAXIMUM, dtype=tf.float64):
    x = tf.constant(x, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        cut, bad = safe_energy(
            energy,
            x,
            tf.constant(tau, dtype),
            tf.constant(high, dtype),
            tf.constant(maximum, dtype),
        )
        total = tf.reduce_sum(cut)
    return cut.numpy(), bad.numpy(), tape.gradient(total, x).numpy()


def quartic(x):
    return tf.reduce_sum(x**4 - 3 * x**2 + x, axis=-1)


def test_safe_energy_is_the_energy_below_the_cut():
    x = np.random.default_rng(4).normal(size=(20, 3))
    cut, bad, gradient = cut_and_gradient(quartic, x, tau=2.0)
    np.testing.assert_allclose(cut, np.sum(x**4 - 3 * x**2 + x, axis=1) / 2, rtol=1e-12)
    np.testing.assert_allclose(gradient, (4 * x**3 - 6 * x + 1) / 2, rtol=1e-12)
    assert not bad.any()


def test_safe_energy_slope_above_the_cut_and_none_above_maximum():
    x = np.array([[5.0], [20.0], [1e3]])  # energies 555, 158,820 and 1e12
    cut, bad, gradient = cut_and_gradient(quartic, x)
    energy = x[:, 0] ** 4 - 3 * x[:, 0] ** 2 + x[:, 0]
    expected = (4 * x**3 - 6 * x + 1)[:, 0] / (1 + energy - HIGH)
    expected[2] = 0.0
    np.testing.assert_allclose(gradient[:, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(cut, numpy_linlog(energy, HIGH, MAXIMUM), rtol=1e-12)
    assert not bad.any()  # beyond the maximum, but finite


def test_safe_energy_cuts_after_the_division_by_temperature():
    cut, _, _ = cut_and_gradient(lambda x: x[:, 0], [[150.0]], tau=2.0)
    assert cut[0] == 75.0  # cut before, it would be (100 + log 51) / 2


def test_safe_energy_works_for_events_of_two_axes():
    def energy(x):
        return tf.reduce_sum(x**2, axis=[1, 2])

    x = np.random.default_rng(5).normal(size=(4, 3, 2))
    _, _, gradient = cut_and_gradient(energy, x)
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-12)


# Energies whose value or gradient is NaN or infinite: each x has a harmless first entry.
WILD = {
    "double exponential": (lambda x: tf.exp(tf.exp(x[:, 0])), [[0.1], [10.0], [1e4]]),
    "inverse power at contact": (lambda x: x[:, 0] ** -12.0, [[1.1], [0.0], [1e-30]]),
    "root of a negative": (lambda x: tf.sqrt(x[:, 0]), [[2.0], [-1.0], [0.0]]),
    "log of zero": (lambda x: -tf.math.log(x[:, 0]), [[2.0], [0.0], [-1.0]]),
    "difference of infinities": (
        lambda x: tf.exp(x[:, 0]) - tf.exp(2 * x[:, 0]),
        [[0.1], [1e3], [1e4]],
    ),
}


def naive_energy(energy, x, tau, high, maximum):
    """Planted: the cut by selection after the fact, as the published code has it."""
    reduced = energy(x) / tau
    clean = tf.where(tf.math.is_finite(reduced), tf.minimum(reduced, maximum), maximum)
    return tf.where(clean < high, clean, high + tf.math.log(clean - high + 1))


@pytest.mark.parametrize("name", WILD)
def test_safe_energy_has_finite_gradients_for_wild_energies(name):
    energy, x = WILD[name]
    cut, bad, gradient = cut_and_gradient(energy, x, dtype=tf.float32)
    assert np.all(np.isfinite(cut))
    assert np.all(np.isfinite(gradient))
    assert gradient[0] != 0
    assert bad[0] == 0
    assert bad.any()


@pytest.mark.parametrize("name", WILD)
def test_safe_energy_does_not_let_one_configuration_spoil_another(name):
    energy, x = WILD[name]
    alone = cut_and_gradient(energy, x[:1], dtype=tf.float32)[2]
    beside = cut_and_gradient(energy, x, dtype=tf.float32)[2]
    np.testing.assert_array_equal(alone[0], beside[0])


def test_selection_after_the_fact_does_not_give_finite_gradients():
    """The sister of the above: the usual way to write the cut does fail."""
    for name in ("double exponential", "inverse power at contact", "root of a negative"):
        energy, x = WILD[name]
        x = tf.constant(x, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            cut = naive_energy(energy, x, 1.0, HIGH, MAXIMUM)
        assert np.all(np.isfinite(cut)), name
        assert not np.all(np.isfinite(tape.gradient(cut, x))), name


def test_safe_energy_is_the_same_compiled():
    energy, x = WILD["double exponential"]

    @tf.function(jit_compile=True)
    def compiled(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            cut, bad = safe_energy(
                energy, x, tf.constant(1.0), tf.constant(HIGH), tf.constant(MAXIMUM)
            )
        return cut, bad, tape.gradient(cut, x)

    for a, b in zip(
        compiled(tf.constant(x)), cut_and_gradient(energy, x, dtype=tf.float32), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-5)


# Likelihood and energy.


def scaled_batch(scale, tau, n=8, size=3):
    """z with mean |z|^2 of exactly tau * size, so that averages are exact and not statistical."""
    z = np.random.default_rng(6).normal(size=(n, size))
    z *= np.sqrt(tau * size) / np.linalg.norm(z, axis=1, keepdims=True)
    bijector = Scaling(size, dtype="float64")
    bijector.trainable_variables[0].assign(np.full(size, -np.log(scale)))
    x, log_det = bijector.forward_and_log_det(z)
    return z, x.numpy(), log_det.numpy()


@pytest.mark.parametrize("tau", [0.5, 1.0, 3.0])
def test_kl_of_the_exact_map_is_its_bound(tau):
    """u = |x|^2 / 2 under the identity: J_KL = H_Z(tau) - ln Z(tau) = D / 2, at every tau."""
    z, x, log_det = scaled_batch(1.0, tau)
    energy = 0.5 * np.sum(x**2, axis=1) / tau
    loss = float(KullbackLeibler()(generated(x, energy=energy, z=z, log_det=log_det, tau=tau)))
    entropy = 1.5 * np.log(2 * np.pi * np.e * tau)
    log_z = 1.5 * np.log(2 * np.pi * tau)
    assert loss == pytest.approx(entropy - log_z, abs=1e-12)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_kl_of_a_scaling_is_the_bound_plus_the_divergence(scale):
    """KL(N(0, s^2) || N(0, 1)) = D (s^2 / 2 - 1 / 2 - ln s), for every temperature in the batch."""
    taus = np.tile([0.5, 1.0, 3.0], 4)
    parts = [scaled_batch(scale, tau, n=1) for tau in taus]
    z, x, log_det = (np.concatenate(p) for p in zip(*parts, strict=True))
    energy = 0.5 * np.sum(x**2, axis=1) / taus
    batch = generated(x, energy=energy, z=z, log_det=log_det, tau=taus, temperatures=3)
    divergence = 3 * (scale**2 / 2 - 0.5 - np.log(scale))
    assert float(KullbackLeibler()(batch)) == pytest.approx(1.5 + divergence, abs=1e-12)
    wrong_sign = batch._replace(log_det=-batch.log_det)  # planted: the other direction's log-det
    assert abs(float(KullbackLeibler()(wrong_sign)) - 1.5 - divergence) > 1


def test_likelihood_of_a_scaling_is_the_gaussian_cross_entropy():
    z = np.random.default_rng(7).normal(size=(30, 3))
    bijector = Scaling(3, dtype="float64")
    bijector.trainable_variables[0].assign([0.3, -0.2, 0.1])
    x = bijector.forward(z)
    z_again, log_det = bijector.inverse_and_log_det(x)
    loss = float(Likelihood()(Mapped(x, z_again, log_det)))
    sd = np.exp(-np.array([0.3, -0.2, 0.1]))
    log_q = -0.5 * np.sum((x / sd) ** 2, axis=1) - np.log(sd).sum() - 1.5 * np.log(2 * np.pi)
    # The published J_ML leaves out the constant (D / 2) ln 2 pi.
    assert loss == pytest.approx(-log_q.mean() - 1.5 * np.log(2 * np.pi), rel=1e-12)


@pytest.mark.parametrize("temperature", [1.0, [0.5, 1.0, 4.0] * 3], ids=["one", "three"])
def test_weighted_likelihood_matches_numpy(temperature):
    rng = np.random.default_rng(8)
    z, log_det, energy = rng.normal(size=(9, 2)), rng.normal(size=9), 3 * rng.normal(size=9)
    batch, tau = Mapped(tensor(z), tensor(z), tensor(log_det)), np.asarray(temperature)
    terms = 0.5 * (z**2).sum(axis=1) - log_det
    weight = np.exp(-energy + 0.5 * (z**2).sum(axis=1) / tau - log_det)
    expected = (weight * terms).sum() / weight.sum()
    value = float(WeightedLikelihood()(batch, tensor(energy), tensor(tau)))
    assert value == pytest.approx(expected, rel=1e-12)
    assert abs(expected - terms.mean()) > 0.1  # not what the plain likelihood gives


def test_weighted_likelihood_of_an_exact_generator_is_the_plain_one():
    z = tensor(np.random.default_rng(9).normal(size=(9, 2)))
    batch = Mapped(z, z, tf.zeros(9, tf.float64))
    energy = 0.5 * tf.reduce_sum(z**2, axis=1) + 7.0
    weighted, plain = WeightedLikelihood()(batch, energy), Likelihood()(batch)
    assert float(weighted) == pytest.approx(float(plain), rel=1e-12)


def test_weighted_likelihood_has_gradients_through_its_weights():
    """As published: they differ from those with the weights held constant."""
    scale = tf.Variable(tf.constant(0.2, tf.float64))
    x = tensor(np.random.default_rng(10).normal(size=(9, 1)))

    def gradient(*, held):
        with tf.GradientTape() as tape:
            log_det = tf.fill([9], scale)
            batch = Mapped(x, x * tf.exp(scale), log_det)
            energy = x[:, 0] ** 4
            if held:
                weight = tf.nn.softmax(-energy + 0.5 * batch.z[:, 0] ** 2 - log_det)
                value = tf.reduce_sum(tf.stop_gradient(weight) * Likelihood.terms(batch))
            else:
                value = WeightedLikelihood()(batch, energy)
        return float(tape.gradient(value, scale))

    assert abs(gradient(held=False) - gradient(held=True)) > 1e-3
