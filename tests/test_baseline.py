"""Gaussians fitted to data as a proposal without a network."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from boltzmann_tf import System, estimators, systems
from boltzmann_tf.baseline import gaussian_baseline

COVARIANCE = np.array([[1.0, 0.6], [0.6, 2.0]])
PRECISION = np.linalg.inv(COVARIANCE)


class Tilted(System):
    """A Gaussian with correlations about (1, -2)."""

    event_shape = (2,)

    def energy(self, x):
        y = x - tf.constant([1.0, -2.0], x.dtype)
        return 0.5 * tf.einsum("ni,ij,nj->n", y, tf.constant(PRECISION, x.dtype), y)


def exact_data(m=50_000, tau=1.0):
    rng = np.random.default_rng(0)
    return rng.multivariate_normal([1.0, -2.0], tau * COVARIANCE, size=m)


@pytest.mark.parametrize("tau", [1.0, 0.5])
def test_a_gaussian_of_gaussian_data_is_nearly_exact(tau):
    """log Z = log(2 pi tau sqrt|C|), within six errors (2e-9); the effective fraction is one."""
    found = gaussian_baseline(Tilted(), exact_data(), 20_000, temperature=tau, seed=1)
    value, error = estimators.log_z(found.log_weight)
    exact = np.log(2 * np.pi * tau) + 0.5 * np.log(np.linalg.det(COVARIANCE))
    assert abs(value - exact) < 6 * error
    assert error < 1e-3
    assert estimators.ess_fraction(found.log_weight) > 0.999
    fit = exact_data()
    wanted = stats.multivariate_normal(fit.mean(0), tau * np.cov(fit.T)).logpdf(found.x)
    np.testing.assert_allclose(found.log_q, wanted, rtol=1e-10)
    assert found.x.dtype == found.log_weight.dtype == np.float64
    # The planted error: the density without its determinant.
    planted = found.log_weight - np.log(tau) - 0.5 * np.log(np.linalg.det(COVARIANCE))
    assert abs(estimators.log_z(planted).value - exact) > 6 * error


def test_one_gaussian_a_state():
    """Both wells in equal parts: log Z by quadrature, and the share of neither is lost."""
    system = systems.DoubleWell()
    x = system.exact.sample(20_000, 1.0, seed=0)
    left, right = (x[s][:2000] for s in (x[:, 0] < 0, x[:, 0] > 0))
    size = min(len(left), len(right))
    data = np.concatenate([left[:size], right[:size]])
    both = gaussian_baseline(system, data, 50_000, parts=2, seed=1)
    value, error = estimators.log_z(both.log_weight)
    assert abs(value - system.exact.log_z(1.0)) < 6 * error  # false alarm 2e-9
    assert error < 0.01
    assert np.mean(both.x[:, 0] < 0) == pytest.approx(0.5, abs=0.02)
    one = gaussian_baseline(system, data, 50_000, seed=1)
    assert estimators.ess_fraction(one.log_weight) < estimators.ess_fraction(both.log_weight)


def test_shares_that_do_not_come_out_even_are_in_the_density():
    """Three samples of two parts: two thirds and one; as even shares, log Z would be off."""
    rng = np.random.default_rng(0)
    data = np.concatenate([rng.normal(size=(200, 2)), 3 + rng.normal(size=(200, 2))])
    found = gaussian_baseline(Tilted(), data, 3, parts=2)
    each = [
        stats.multivariate_normal(part.mean(0), np.cov(part.T)).pdf(found.x)
        for part in (data[:200], data[200:])
    ]
    np.testing.assert_allclose(np.exp(found.log_q), np.array([2, 1]) / 3 @ each, rtol=1e-9)
    # the planted error: even shares
    assert not np.allclose(np.exp(found.log_q), np.mean(each, axis=0), rtol=0.1)


def test_outside_of_a_box_weights_are_zero():
    system = systems.SpringInBox()
    found = gaussian_baseline(system, system.exact.sample(5000, 1.0, 0), 20_000, seed=1)
    outside = (found.x[:, 0] < 0) | (found.x[:, 0] > system.length)
    assert outside.any()
    assert np.all(np.isneginf(found.log_weight[outside]))
    value, error = estimators.log_z(found.log_weight)
    assert abs(value - system.exact.log_z(1.0)) < 6 * error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_baseline(Tilted(), np.zeros((9, 3)), 10), r"data must have shape \[m, "),
        (lambda: gaussian_baseline(Tilted(), np.ones((2, 2)), 10), "data must be more than 2"),
        (lambda: gaussian_baseline(Tilted(), np.ones((9, 2)), 10), "covariance with an inverse"),
        (lambda: gaussian_baseline(Tilted(), exact_data(9), 0), "n must be"),
        (lambda: gaussian_baseline(Tilted(), exact_data(9), 9, parts=0), "parts must be"),
        (lambda: gaussian_baseline(Tilted(), exact_data(9), 9, temperature=0.0), "temperature"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
