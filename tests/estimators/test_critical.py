"""The critical point from densities with noise."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import estimators


def densities(rng, t, error, critical=1.3, beta=0.326):
    half = 0.5 * (critical - t) ** beta
    mean = 0.3 + 0.2 * (critical - t)
    for sign in (-1, 1):
        yield np.stack([mean + sign * half + error * rng.normal(size=len(t)), 0 * t + error], 1)


def test_errors_are_calibrated():
    """z-scores of T_c and rho_c over 400 data sets. Planted: the power of the mean field."""
    rng, t = np.random.default_rng(0), np.array([1.0, 1.1, 1.15, 1.2])
    found = [estimators.critical_point(t, *densities(rng, t, 5e-4)) for _ in range(400)]
    for name, known in (("temperature", 1.3), ("density", 0.3)):
        each = [getattr(f, name) for f in found]
        score = np.array([(e.value - known) / e.standard_error for e in each])
        assert abs(score.mean()) < 0.25
        assert 0.85 < score.std() < 1.15
    assert 0.85 < np.mean([f.chi_square for f in found]) < 1.15
    wrong = estimators.critical_point(t, *densities(rng, t, 5e-4), beta=0.5)
    assert wrong.chi_square > 20


def test_two_temperatures_have_no_chi_square():
    t = np.array([1.0, 1.2])
    found = estimators.critical_point(t, *densities(np.random.default_rng(1), t, 1e-6))
    assert abs(found.temperature.value - 1.3) < 1e-3
    assert np.isnan(found.chi_square)
