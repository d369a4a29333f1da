"""Peaks of heat capacities, and where the infinite system has its transition."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import estimators, exact
from boltzmann_tf.estimators import (
    Estimate,
    extrapolate_peaks,
    heat_capacity,
    heat_curve,
    peak,
)


def test_heat_capacity_of_two_levels():
    """Levels 0 and 1 in N independent copies: p (1 - p) / T^2 a copy, whatever N."""
    t = 0.4
    p = 1 / (1 + np.exp(1 / t))
    for n in (1, 7):
        mean, square = n * p, n * p * (1 - p) + (n * p) ** 2
        found = heat_capacity(mean / n, square / n, t, n)
        assert found == pytest.approx(p * (1 - p) / t**2, rel=1e-12)
        assert heat_capacity(mean, square, t) == pytest.approx(n * found, rel=1e-12)
    # The planted error: averages of the whole taken for those of a site.
    assert abs(heat_capacity(mean, square, t, n) / found - 1) > 0.5


def test_heat_capacity_of_weighted_samples_with_its_error():
    """A torus of Ising spins, energies drawn one by one at T = 2.8, weighted to 2.5.

    Within six errors, a false alarm in 2e-9. The sister has no weights.
    """
    torus, t = exact.IsingTorus(4), 2.5
    levels, states = torus.density_of_states()
    p = states * np.exp((levels.min() - levels) / 2.8)
    energy = np.random.default_rng(0).choice(levels, 100_000, p=p / p.sum())
    values = np.stack([energy / 16, energy**2 / 16], axis=-1)
    for log_weight, right in ((energy * (1 / 2.8 - 1 / t), True), (None, False)):
        found = estimators.weighted_average(
            values, log_weight, function=lambda m: heat_capacity(*m, t, 16)
        )
        assert found.standard_error < 0.02
        score = (found.value - torus.heat_capacity(t) / 16) / found.standard_error
        assert (abs(score) < 6) == right


# Peaks.


def test_peak_of_a_parabola_and_none_at_an_end():
    x = np.linspace(0, 1, 12)
    position, height = peak(x, 3 - 2 * (x - 0.437) ** 2)
    assert position == pytest.approx(0.437, abs=1e-12)
    assert height == pytest.approx(3.0, abs=1e-12)
    assert np.all(np.isnan(peak(x, x)))
    assert peak([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 2.0, 2.0]) == pytest.approx((1.5, 2.125))


@pytest.fixture(scope="module")
def two_levels():
    """Levels 0 and 1 (1 and g states), independent draws, [ladders, temperatures, rounds]."""
    g, temperatures = 40.0, np.linspace(0.15, 0.4, 5)

    def draw(weight):
        weight = np.broadcast_to(weight, (4,))[:, None]
        p = weight / (weight + np.exp(1 / temperatures))
        draws = np.random.default_rng(2).random((2000, *p.shape)) < p
        return draws.astype(np.float64).transpose(1, 2, 0)

    return g, temperatures, draw


def test_heat_capacity_has_its_peak_where_that_of_two_levels_has(two_levels):
    """Within five stated errors, each way of counting: a site or the whole of ten."""
    g, temperatures, draw = two_levels
    found = heat_curve(draw(g), temperatures, 1)
    fine = np.linspace(0.15, 0.4, 20_001)
    share = g / (g + np.exp(1 / fine))
    position, height = peak(fine, share * (1 - share) / fine**2)
    assert found.position.standard_error < 0.01
    assert abs(found.position.value - position) < 5 * found.position.standard_error
    assert abs(found.height.value - height) < 5 * found.height.standard_error
    assert found.temperatures.shape == found.value.shape == (121,)
    # The planted error: a heat capacity without 1 / T^2 has its peak elsewhere.
    elsewhere, _ = peak(fine, share * (1 - share))
    assert abs(found.position.value - elsewhere) > 5 * found.position.standard_error
    ten = heat_curve(draw(g), temperatures, 10, points=61)
    assert ten.height.value == pytest.approx(found.height.value / 10, rel=1e-3)
    assert len(ten.value) == 61


def test_ladders_that_stay_in_one_phase_are_seen(two_levels):
    g, temperatures, draw = two_levels
    plain = heat_curve(draw(g), temperatures, 1)
    with pytest.warns(estimators.CalibrationWarning, match="heat_curve.*the spread between 4"):
        frozen = heat_curve(draw(g * np.array([0.5, 0.8, 1.3, 2.0])), temperatures, 1)
    assert frozen.position.standard_error > 3 * plain.position.standard_error


# The infinite system.


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_line_in_the_inverse_volume(dimension):
    peaks = {n: Estimate(1.1 + 3 / n**dimension, 0.001 * n) for n in (6, 8, 12)}
    found = extrapolate_peaks(peaks, dimension=dimension)
    assert found.transition.value == pytest.approx(1.1, abs=1e-10)
    assert found.slope.value == pytest.approx(3.0, abs=1e-7)
    assert found.chi_square == pytest.approx(0.0, abs=1e-10)
    assert found(0.1) == pytest.approx(1.4)
    # The planted error: another power is no such line, and chi^2 says so.
    peaks = {n: Estimate(value, 1e-5) for n, (value, _) in peaks.items()}
    assert extrapolate_peaks(peaks, dimension=5 - dimension).chi_square > 100


def test_what_a_line_does_not_fit_its_errors_do_not_describe():
    other = extrapolate_peaks({n: Estimate(1.1 + 3 / n, 0.001) for n in (6, 8, 12)}, dimension=3)
    unit = extrapolate_peaks({n: Estimate(1.1, 1.0) for n in (6, 8, 12)}, dimension=3)
    assert other.transition.standard_error == pytest.approx(
        0.001 * np.sqrt(other.chi_square) * unit.transition.standard_error
    )


def test_two_peaks_and_one_that_is_none():
    two = extrapolate_peaks({6: Estimate(1.2, 0.1), 12: Estimate(1.1, 0.1)}, dimension=2)
    assert np.isnan(two.chi_square)
    assert np.isfinite(two.transition.standard_error)
    nowhere = {6: Estimate(np.nan, np.nan), 12: Estimate(1.1, 0.1)}
    assert np.isnan(extrapolate_peaks(nowhere, dimension=2).transition.value)


def test_errors_of_the_extrapolation_are_those_of_the_peaks():
    """z-scores of 400 fits have a standard deviation within 0.8 .. 1.2, over five errors of it."""
    rng = np.random.default_rng(0)
    error = np.array([0.002, 0.001, 0.003, 0.002])
    scores = []
    for _ in range(400):
        noise = error * rng.standard_normal(4)
        each = zip((6, 8, 10, 16), noise, error, strict=True)
        peaks = {n: Estimate(1.1 + 3 / n**3 + d, e) for n, d, e in each}
        fit = extrapolate_peaks(peaks, dimension=3)
        scores.append((fit.transition.value - 1.1) / fit.transition.standard_error)
    assert 0.8 < np.std(scores) < 1.2
