"""Drawing by weights: averages, repetitions, and outliers."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators
from boltzmann_tf.sampling import resample

N = 40_000


def weighted():
    """Uniform numbers with the weights of an exponential density."""
    x = 8 * np.random.default_rng(0).random(N)
    return x, -x


@pytest.mark.parametrize("truncated", [False, True])
def test_drawn_values_have_the_weighted_average(truncated):
    """Given the samples, within six standard errors: a false alarm in 2e-9.

    No weight here is above sqrt(N) times the mean, so that nothing is truncated.
    """
    x, log_weight = weighted()
    weight = estimators.normalized_weights(log_weight)
    assert weight.max() < N**-0.5
    mean = weight @ x
    error = np.sqrt(weight @ (x - mean) ** 2 / 5000)
    index = resample(log_weight, 5000, truncated=truncated, seed=3)
    assert index.shape == (5000,)
    assert abs(x[index].mean() - mean) < 6 * error
    assert abs(x[:5000].mean() - mean) > 6 * error  # the sister: without weights
    np.testing.assert_array_equal(index, resample(log_weight, 5000, truncated=truncated, seed=3))
    assert np.any(index != resample(log_weight, 5000, truncated=truncated, seed=4))


def test_a_constant_and_the_number_of_draws_change_nothing():
    x, log_weight = weighted()
    assert len(resample(log_weight)) == len(x)
    index = resample(log_weight - 5000.0, 100)
    np.testing.assert_array_equal(index, resample(log_weight, 100))


def test_samples_without_weight_are_never_drawn():
    log_weight = np.zeros(100)
    log_weight[::2] = -np.inf
    assert np.all(resample(log_weight, 10_000) % 2 == 1)


def test_an_outlier_with_half_of_the_weight_is_cut_to_its_share():
    n = 10_000
    log_weight = np.zeros(n)
    log_weight[7] = np.log(n - 1)
    assert np.mean(resample(log_weight) == 7) == pytest.approx(0.5, abs=0.03)
    # Its share is cut to n^-1/2 / (1/2 + n^-1/2) = 2 %; 3 % are seven standard deviations away.
    assert 0.01 < np.mean(resample(log_weight, truncated=True) == 7) < 0.03
