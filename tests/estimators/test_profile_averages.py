"""Profiles of resamples, and averages of several."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators


def test_bootstrapped_profiles():
    rng = np.random.default_rng(4)
    d = rng.uniform(0.8, 2.2, 20_000)
    log_weight = -2 * d - 900  # no weight is a number by itself
    edges = np.array([0.3, 0.8, 1.5, 2.2])
    f = estimators.bootstrap_profiles(d, log_weight, edges=edges, n_bootstrap=20, seed=1)
    assert np.all(np.isnan(f[:, 0]))
    assert np.mean(f[:, 2] - f[:, 1]) == pytest.approx(1.4, abs=0.05)
    assert 0.005 < np.std(f[:, 2] - f[:, 1]) < 0.05
    # One sample that carries all: a resample has it or not.
    log_weight[0] = 0.0
    one = estimators.bootstrap_profiles(d, log_weight, edges=edges, n_bootstrap=200, seed=1)
    lost = one[:, [1, 2]][:, int(d[0] > 1.5)] > 500
    assert np.mean(lost) == pytest.approx(np.exp(-1), abs=0.15)


def test_resamples_are_about_the_profile():
    """Their mean and spread in bins of two widths beside those of `free_energy_profile`."""
    d = np.random.default_rng(8).uniform(0, 1, 4000)
    edges = np.array([0.0, 0.1, 0.5, 1.0])
    f = estimators.bootstrap_profiles(d, edges=edges, n_bootstrap=400)
    p = estimators.free_energy_profile(d, edges=edges, align=None)
    np.testing.assert_allclose(
        f.mean(axis=0) - f.mean(), p.free_energy - p.free_energy.mean(), atol=0.02
    )
    gaps = f - f.mean(axis=1, keepdims=True)
    mean = estimators.free_energy_profile(d, edges=edges, align="mean")
    np.testing.assert_allclose(gaps.std(axis=0), mean.standard_error, rtol=0.2)


def test_average_of_profiles():
    edges = np.array([0.7, 0.8, 1.0, 1.4, 1.8, 2.2, 2.4])
    a = np.array([5.0, 0.0, 4.0, 8.0, 1.0, 9.0])
    b = np.array([5.0, 2.0, 4.0, np.nan, 1.0, 9.0]) + 100
    c = np.array([5.0, 4.0, np.nan, np.nan, 1.0, 9.0]) - 7
    p = estimators.average_profiles([a, b, c], edges=edges, within=(0.8, 2.2))
    # Bins 1 and 4 are common; aligned there, bin 1 reads -0.5, 0.5, 1.5 and bin 4 the negative.
    np.testing.assert_allclose(p.free_energy[[1, 4]], [0.5 + 0.5, 0.0])
    assert p.free_energy[2] == pytest.approx((3.5 + 2.5) / 2 + 0.5)
    assert p.standard_error[2] == pytest.approx(0.5)
    assert p.standard_error[1] == pytest.approx(np.std([0, 1, 2]))
    # One value alone is no average, and ends of the range are not shown.
    assert np.all(np.isnan(p.free_energy[[0, 3, 5]]))
    assert np.all(np.isnan(p.standard_error[[0, 3, 5]]))
    assert p.counts.tolist() == [0, 3, 2, 1, 3, 0]
    whole = estimators.average_profiles([a, b], edges=edges)
    assert whole.counts.tolist() == [2, 2, 2, 1, 2, 2]
    with pytest.raises(ValueError, match="in common between 0.8 and 2.2"):
        estimators.average_profiles(np.full((2, 6), np.nan), edges=edges, within=(0.8, 2.2))
