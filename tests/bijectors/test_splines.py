"""The rational-quadratic spline against TFP's and against what it promises at its ends."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given
from hypothesis import strategies as st

from boltzmann_tf import bijectors as bj
from boltzmann_tf.bijectors import splines

BOUND = 3.0


def parameters(bins, scale, shape=(), seed=0):
    rng = np.random.default_rng(seed)
    size = (*shape, splines.parameter_count(bins))
    return tf.constant(scale * rng.standard_normal(size), tf.float64)


def durkan(value, x, y, slope):
    """Durkan et al. 2019, eq. 4 and 5, for one spline at one value inside; and log of the slope."""
    i = np.clip(np.searchsorted(x, value, side="right") - 1, 0, len(x) - 2)
    width, height = x[i + 1] - x[i], y[i + 1] - y[i]
    s, d0, d1 = height / width, slope[i], slope[i + 1]
    t = (value - x[i]) / width
    below = s + (d1 + d0 - 2 * s) * t * (1 - t)
    out = y[i] + height * (s * t**2 + d0 * t * (1 - t)) / below
    return out, np.log(s**2 * (d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2) / below**2)


@pytest.mark.parametrize("bins", [2, 5, 16])
def test_against_durkan_written_out(bins):
    k = splines.knots(parameters(bins, 1.5), bins, BOUND)
    x = np.append(k.x.numpy(), BOUND)
    y = np.append(k.y.numpy(), BOUND)
    slope = np.append(k.slope.numpy(), k.slope_right.numpy()[-1])
    value = np.linspace(-BOUND + 1e-6, BOUND - 1e-6, 101)
    out, log_slope = splines.spline_forward(tf.constant(value), k, BOUND)
    expected = np.array([durkan(v, x, y, slope) for v in value])
    np.testing.assert_allclose(out, expected[:, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(log_slope, expected[:, 1], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("bins", [2, 5, 16])
def test_against_tfp(bins):
    k = splines.knots(parameters(bins, 1.0), bins, BOUND)
    theirs = tfp.bijectors.RationalQuadraticSpline(k.width, k.height, k.slope[1:], -BOUND)
    value = tf.constant(np.linspace(-4, 4, 161))
    out, log_slope = splines.spline_forward(value, k, BOUND)
    np.testing.assert_allclose(out, theirs.forward(value), atol=1e-10)
    np.testing.assert_allclose(log_slope, theirs.forward_log_det_jacobian(value), atol=1e-9)
    back, log_slope = splines.spline_inverse(value, k, BOUND)
    np.testing.assert_allclose(back, theirs.inverse(value), atol=1e-10)
    np.testing.assert_allclose(log_slope, theirs.inverse_log_det_jacobian(value), atol=1e-9)


def test_zero_parameters_are_the_identity():
    k = splines.knots(tf.zeros(splines.parameter_count(8), tf.float64), 8, BOUND)
    value = tf.constant(np.linspace(-4, 4, 81))
    for function in (splines.spline_forward, splines.spline_inverse):
        out, log_slope = function(value, k, BOUND)
        np.testing.assert_allclose(out, value, atol=1e-14)
        np.testing.assert_allclose(log_slope, 0, atol=1e-14)


@pytest.mark.parametrize("function", [splines.spline_forward, splines.spline_inverse])
def test_continuous_with_slope_one_at_the_ends(function):
    k = splines.knots(parameters(6, 1.0), 6, BOUND)
    for end in (-BOUND, BOUND):
        value = tf.constant([end * (1 - 1e-9), end, end * (1 + 1e-9)], tf.float64)
        out, log_slope = function(value, k, BOUND)
        np.testing.assert_allclose(out, value, atol=1e-7)
        np.testing.assert_allclose(log_slope, 0, atol=1e-6)


def test_identity_outside():
    k = splines.knots(parameters(6, 3.0), 6, BOUND)
    value = tf.constant([-1e30, -50.0, -3.01, 3.01, 50.0, 1e30], tf.float64)
    for function in (splines.spline_forward, splines.spline_inverse):
        out, log_slope = function(value, k, BOUND)
        assert np.array_equal(out, value)
        assert np.array_equal(log_slope, np.zeros(6))


@given(bins=st.integers(2, 40), scale=st.sampled_from([0.5, 3.0, 30.0]), seed=st.integers(0, 10**6))
def test_monotone_finite_and_invertible_with_any_parameters(bins, scale, seed):
    raw = parameters(bins, scale, seed=seed)
    value = tf.constant(np.linspace(-4, 4, 401))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([raw, value])
        k = splines.knots(raw, bins, BOUND)
        out, log_slope = splines.spline_forward(value, k, BOUND)
        back, back_log_slope = splines.spline_inverse(out, k, BOUND)
        total = tf.reduce_sum(out + log_slope) + tf.reduce_sum(back + back_log_slope)
    assert np.all(np.diff(out) > 0)
    # Rounding of the output, 1e-15, over the smallest slope there is.
    steep = np.exp(-np.minimum(log_slope, 0)) + 1 / splines.MIN_SLOPE
    assert np.all(np.abs(back - value) <= 1e-10 + 1e-14 * steep)
    slope = tape.gradient(out, value)
    np.testing.assert_allclose(np.log(slope), log_slope, atol=1e-6)
    assert np.all(np.isfinite(tape.gradient(total, raw)))
    assert np.all(np.isfinite(tape.gradient(total, value)))


def test_values_on_the_knots_float32():
    """No value falls between bins, where a mask would give a bin of width zero."""
    raw = tf.cast(parameters(8, 2.0), tf.float32)
    k = splines.knots(raw, 8, BOUND)
    ends = np.array([-BOUND, BOUND], np.float32)
    knots = np.concatenate([k.x.numpy(), ends])
    beside = np.concatenate([knots, np.nextafter(knots, -9), np.nextafter(knots, 9)])
    out, log_slope = splines.spline_forward(tf.constant(beside.astype(np.float32)), k, BOUND)
    order = np.argsort(beside)
    assert np.all(np.diff(out.numpy()[order]) > -2e-6)
    assert np.all(np.isfinite(log_slope))
    knots = np.concatenate([k.y.numpy(), ends])
    beside = np.concatenate([knots, np.nextafter(knots, -9), np.nextafter(knots, 9)])
    back, log_slope = splines.spline_inverse(tf.constant(beside.astype(np.float32)), k, BOUND)
    assert np.all(np.isfinite(back))
    assert np.all(np.isfinite(log_slope))


def test_coupling_moves_each_coordinate_by_its_own_spline():
    coupling = laws.perturb(
        bj.SplineCoupling(4, bins=4, bound=BOUND, hidden=(6,), dtype="float64"), 1.0
    )
    z = np.random.default_rng(0).standard_normal((5, 4))
    raw = tf.reshape(coupling._networks["spline"](z[:, 0::2]), [5, 2, -1])
    for j, column in enumerate((1, 3)):
        k = splines.knots(raw[:, j], 4, BOUND)
        expected = splines.spline_forward(tf.constant(z[:, column]), k, BOUND)[0]
        np.testing.assert_allclose(coupling.forward(z)[:, column], expected, rtol=1e-12)


def test_elementwise_spline_is_the_same_spline_everywhere():
    spline = laws.perturb(bj.ElementwiseSpline(2, bins=4, bound=BOUND, dtype="float64"), 1.0)
    raw = tf.reshape(spline.trainable_variables[0], [2, -1])
    z = np.linspace([-4.0, -3.5], [4.0, 3.0], 30)
    for j in range(2):
        k = splines.knots(raw[j], 4, BOUND)
        expected = splines.spline_forward(tf.constant(z[:, j]), k, BOUND)[0]
        np.testing.assert_allclose(spline.forward(z)[:, j], expected, rtol=1e-12)


@pytest.mark.parametrize("bins", [0, 1, 500, 2.5])
def test_bad_bins(bins):
    with pytest.raises((ValueError, TypeError), match="bins must be"):
        bj.SplineCoupling(2, bins=bins)
