"""Flory's exponent from sizes with noise."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import estimators

N = np.array([8, 16, 32, 64, 128])


def sizes(rng, nu=0.5876, b=-0.4, relative=1e-3):
    r2 = 3.0 * (N - 1.0) ** (2 * nu) * (1 + b * (N - 1.0) ** -0.528)
    return np.stack([r2 * (1 + relative * rng.normal(size=len(N))), relative * r2], axis=1)


def test_errors_are_calibrated():
    """z-scores over 400 data sets. Planted: no correction, a globule."""
    rng = np.random.default_rng(0)
    found = [estimators.size_exponent(N, sizes(rng)) for _ in range(400)]
    score = np.array([(f.nu.value - 0.5876) / f.nu.standard_error for f in found])
    assert abs(score.mean()) < 0.25
    assert 0.85 < score.std() < 1.15
    assert 0.85 < np.mean([f.chi_square for f in found]) < 1.15
    without = estimators.size_exponent(N, sizes(rng), deltas=[40.0])  # a correction of nothing
    assert abs(without.nu.value - 0.5876) > 5 * without.nu.standard_error
    globule = 2.0 * (N - 1.0) ** (2 / 3) + 8.0
    wrong = estimators.size_exponent(N, np.stack([globule, 1e-3 * globule], axis=1))
    assert abs(wrong.nu.value - 0.5876) > 10 * wrong.nu.standard_error
    assert wrong.chi_square > 20


def test_three_lengths_have_no_chi_square():
    found = estimators.size_exponent(N[:3], sizes(np.random.default_rng(1), relative=1e-6)[:3])
    assert abs(found.nu.value - 0.5876) < 1e-3
    assert np.isnan(found.chi_square)


def test_two_corrections_where_one_is_not_enough():
    n = np.array([8, 16, 32, 64, 128, 256])
    r2 = 3.0 * (n - 1.0) ** 1.1752 * (1 - 0.3 * (n - 1.0) ** -0.528 + 0.6 / (n - 1.0))
    both = np.stack([r2, 1e-3 * r2], axis=1)
    one = estimators.size_exponent(n, both)
    two = estimators.size_exponent(n, both, deltas=(0.528, 1.0))
    assert abs(one.nu.value - 0.5876) > 5 * one.nu.standard_error
    assert abs(two.nu.value - 0.5876) < 1e-6
    np.testing.assert_allclose(two.squared_size(n), r2, rtol=1e-6)
    np.testing.assert_allclose([c.value for c in two.corrections], [-0.3, 0.6], atol=1e-4)
