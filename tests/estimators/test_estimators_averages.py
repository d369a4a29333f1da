"""Weighted averages and functions of them: exact values, honest errors."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from boltzmann_tf import estimators as est


def tilted(rng, n):
    """x from N(0, 1), weighted to N(0.5, 1), whose mean is 0.5 and variance 1."""
    x = rng.standard_normal(n)
    return x, 0.5 * x - 0.125 + 7.0  # a constant must not matter


def test_errors_are_honest():
    """z-scores of 400 estimates: SD 1 +- 0.035, mean 0 +- 0.05; the bounds are over 5 sigma."""
    scores = []
    for seed in range(400):
        x, w = tilted(np.random.default_rng(seed), 2000)
        mean = est.weighted_average(x, w)
        variance = est.weighted_average(
            np.stack([x, x**2], axis=1), w, function=lambda m: m[1] - m[0] ** 2
        )
        scores.append([(mean.value - 0.5) / mean.standard_error])
        scores[-1].append((variance.value - 1.0) / variance.standard_error)
    scores = np.array(scores)
    assert np.all((scores.std(axis=0) > 0.8) & (scores.std(axis=0) < 1.2))
    assert np.all(np.abs(scores.mean(axis=0)) < 0.3)


def variance_of(s, n, seed):
    """Of exp(-x^2 / 2) from N(0, s^2): the tail of w has shape 1 - s^2, that of w x^2 a heavier."""
    x = s * np.random.default_rng(seed).standard_normal(n)
    log_w = -0.5 * x**2 + 0.5 * (x / s) ** 2
    return est.weighted_average(
        np.stack([x, x**2], axis=1), log_w, function=lambda m: m[1] - m[0] ** 2
    )


def test_a_variance_may_have_a_heavier_tail_than_the_weights():
    """s^2 = 0.6: log Z is calibrated to 8 % at n = 3000, the variance is 1.3 off (1,000 seeds)."""
    with pytest.warns(est.CalibrationWarning, match="weighted_average: Pareto k-hat of its terms"):
        variance_of(math.sqrt(0.6), 3000, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        variance_of(1.2, 3000, 0)
        x = np.random.default_rng(0).standard_cauchy(3000)
        est.weighted_average(x)  # without weights nothing is said of the values
    # the planted error: the k-hat of the weights alone says nothing
    x = math.sqrt(0.7) * np.random.default_rng(1).standard_normal(3000)
    log_w = -0.5 * x**2 + 0.5 * x**2 / 0.7
    assert est.pareto_k(log_w) < 0.5 - 4 / math.sqrt(3000)
    with pytest.warns(est.CalibrationWarning):
        est.weighted_average(x**2, log_w)


def test_without_weights_it_is_wrong():
    x, _ = tilted(np.random.default_rng(0), 20_000)
    found = est.weighted_average(x)
    assert abs(found.value - 0.5) > 6 * found.standard_error


def test_equal_weights_give_the_textbook_error():
    x = np.random.default_rng(1).standard_normal(4000)
    found = est.weighted_average(x, n_blocks=4000)
    assert found.value == pytest.approx(x.mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(x.std(ddof=1) / math.sqrt(4000), rel=1e-9)


def test_several_averages_keep_their_shape():
    x = np.random.default_rng(2).standard_normal((100, 3))
    found = est.weighted_average(x)
    assert found.value.shape == found.standard_error.shape == (3,)
    np.testing.assert_allclose(found.value, x.mean(axis=0))


def test_correlated_samples_need_long_blocks():
    """Each value ten times over: blocks of ten know it, blocks of one do not."""
    x = np.repeat(np.random.default_rng(3).standard_normal(1000), 10)
    right = est.weighted_average(x, n_blocks=500)
    wrong = est.weighted_average(x, n_blocks=10_000)
    assert right.standard_error > 2.5 * wrong.standard_error


def test_weight_zero_may_hide_anything():
    found = est.weighted_average([1.0, np.inf, 3.0], [0.0, -np.inf, 0.0])
    assert found.value == 2.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: est.weighted_average(np.zeros((2, 2, 2))), r"values must have shape \[n\] or"),
        (lambda: est.weighted_average([1.0, np.nan]), "values must be finite wherever"),
        (lambda: est.weighted_average([1.0], [0.0, 0.0]), "log_weights must have 1 values"),
        (lambda: est.weighted_average([1.0, 2.0], n_blocks=1), "n_blocks must be an integer >= 2"),
    ],
)
def test_bad_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call()
