"""The double well: quadrature against a series, adaptive quadrature, simulation and the tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import gammaln

from boltzmann_tf.exact import DoubleWell, PlanarDensity

WELL = DoubleWell()
# noe2019.md section 2.1: T, F(right) - F(left), ln Z, J_KL* whole, left only, right only.
TABLE = [
    (0.1, 34.558, 105.438, -104.903, -104.903, -70.345),
    (0.25, 13.778, 41.843, -40.391, -40.391, -26.613),
    (0.5, 6.849, 21.037, -18.892, -18.891, -12.042),
    (1.0, 3.3799, 11.0205, -8.1826, -8.149, -4.769),
    (2.0, 1.6303, 6.5095, -2.979, -2.800, -1.169),
    (4.0, 0.7606, 4.7694, -0.545, -0.162, 0.599),
]


def log_z_by_series(well, temperature, terms=400):
    """ln Z by expanding exp(a2 x^2/T - a1 x/T) against exp(-a4 x^4/T); every term is positive.

    ∫ x^(2p) exp(-c x^4) dx = Gamma((2p + 1)/4)/2 c^(-(2p + 1)/4), p = m + n for the m-th term of
    the x^2 factor and the 2n-th of the linear one.
    """
    c, b, a = well.a4 / temperature, well.a2 / temperature, abs(well.a1) / temperature
    m, n = np.meshgrid(np.arange(terms), np.arange(terms // 4), indexing="ij")
    power = (2 * (m + n) + 1) / 4
    log_terms = m * np.log(b) - gammaln(m + 1) + 2 * n * np.log(a) - gammaln(2 * n + 1)
    log_terms = log_terms + gammaln(power) - np.log(2) - power * np.log(c)
    top = log_terms.max()
    log_x = top + np.log(np.exp(log_terms - top).sum())
    return log_x + 0.5 * np.log(2 * np.pi * temperature / well.k)


def adaptive(well, temperature, low, high, observable=lambda x: 1.0):
    """Integral along x of observable(x) exp(-u(x, 0)/T) by QUADPACK, scaled by exp(-12/T)."""
    return quad(
        lambda x: observable(x) * math.exp(-(float(well.energy([x, 0.0])) + 12.0) / temperature),
        low,
        high,
        epsabs=0,
        epsrel=1e-11,
        limit=400,
        points=[p for p in (-1.77, 0.08, 1.69) if low < p < high],
    )[0]


def test_reference_values():
    assert WELL.log_z() == pytest.approx(11.0204672302, abs=1e-10)
    assert WELL.free_energy_difference() == pytest.approx(3.3799010712, abs=1e-10)
    assert WELL.mean_energy() == pytest.approx(-9.615, abs=1e-3)
    assert WELL.mean_energy(state="left") == pytest.approx(-9.730, abs=1e-3)
    assert WELL.mean_energy(state="right") == pytest.approx(-6.250, abs=1e-3)
    assert WELL.probabilities()["right"] == pytest.approx(0.0329, abs=5e-5)
    np.testing.assert_allclose(
        WELL.energy([[-1.8, 0.0], [1.8, 0.0], [0.5, 2.0]]), [-10.7424, -7.1424, 1.0625], atol=1e-10
    )


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"T={row[0]}")
def test_published_table_of_bounds(row):
    temperature, difference, log_z, whole, left, right = row
    assert WELL.free_energy_difference(temperature) == pytest.approx(difference, abs=6e-4)
    assert WELL.log_z(temperature) == pytest.approx(log_z, abs=6e-4)
    assert WELL.optimal_kl_loss(temperature) == pytest.approx(whole, abs=6e-4)
    assert WELL.optimal_kl_loss(temperature, "left") == pytest.approx(left, abs=6e-4)
    assert WELL.optimal_kl_loss(temperature, "right") == pytest.approx(right, abs=6e-4)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 4.0])
def test_a_bound_that_forgets_the_prior_at_the_temperature_misses_the_table(temperature):
    row = next(row for row in TABLE if row[0] == temperature)
    planted = math.log(2 * math.pi * math.e) - WELL.log_z(temperature)
    assert abs(planted - row[3]) > 0.5


def test_multi_temperature_bounds_of_the_two_generators():
    for state, value in (("left", -7.500), ("right", -4.345)):
        mean = np.mean([WELL.optimal_kl_loss(t, state) for t in (0.5, 1.0, 2.0, 4.0)])
        assert mean == pytest.approx(value, abs=6e-4)


def test_best_likelihood_losses():
    assert WELL.optimal_ml_loss(weights=(0.5, 0.5)) == pytest.approx(0.162, abs=6e-4)
    assert WELL.optimal_ml_loss(weights=(1, 0)) == pytest.approx(-0.581, abs=6e-4)
    assert WELL.optimal_ml_loss(weights=(0, 1)) == pytest.approx(-0.481, abs=6e-4)
    # Mixed in the equilibrium proportions the states are the whole density.
    shares = list(WELL.probabilities().values())
    assert WELL.optimal_ml_loss(weights=shares) == pytest.approx(WELL.optimal_ml_loss(), abs=1e-10)


@pytest.mark.parametrize("well", [WELL, DoubleWell(0.25, 1.5, -0.4, 3.0)])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_log_z_against_the_series(well, temperature):
    assert well.log_z(temperature) == pytest.approx(log_z_by_series(well, temperature), abs=1e-10)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 4.0])
@pytest.mark.parametrize(("low", "high"), [(-8.0, 0.0), (0.0, 8.0), (-0.5, 0.7), (-8.0, 8.0)])
def test_basins_against_adaptive_quadrature(temperature, low, high):
    weight = adaptive(WELL, temperature, low, high)
    log_y = 0.5 * math.log(2 * math.pi * temperature)
    expected = math.log(weight) + 12.0 / temperature + log_y
    assert WELL.basin_log_z(temperature, low, high) == pytest.approx(expected, abs=1e-9)
    energy = adaptive(WELL, temperature, low, high, lambda x: float(WELL.energy([x, 0.0]))) / weight
    assert WELL.mean_energy(temperature, (low, high)) == pytest.approx(
        energy + temperature / 2, abs=1e-8
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_against_two_dimensional_quadrature(temperature):
    plane = PlanarDensity(WELL.energy, ((-5.0, 5.0), (-15.0, 15.0)), resolution=0.5)
    assert plane.log_z(temperature) == pytest.approx(WELL.log_z(temperature), abs=1e-11)
    assert plane.entropy(temperature) == pytest.approx(WELL.entropy(temperature), abs=1e-10)
    edges = np.linspace(-2.5, 2.5, 21)
    np.testing.assert_allclose(
        plane.free_energy_profile(edges, temperature),
        WELL.free_energy_profile(edges, temperature),
        atol=1e-10,
    )


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_thermodynamic_identities(temperature):
    step = 1e-4 * temperature
    slope = (WELL.log_z(temperature + step) - WELL.log_z(temperature - step)) / (2 * step)
    assert temperature**2 * slope == pytest.approx(WELL.mean_energy(temperature), rel=1e-6)
    heat = (WELL.free_energy(temperature + step) - WELL.free_energy(temperature - step)) / (
        2 * step
    )
    assert -heat == pytest.approx(WELL.entropy(temperature), abs=1e-5)


def test_mirror_image_of_the_potential():
    mirrored = DoubleWell(a1=-1.0)
    edges = np.linspace(-2.5, 2.5, 31)
    np.testing.assert_allclose(
        mirrored.free_energy_profile(edges), WELL.free_energy_profile(edges)[::-1], atol=1e-10
    )
    assert mirrored.free_energy_difference() == pytest.approx(-WELL.free_energy_difference())
    assert DoubleWell(a1=0.0).free_energy_difference() == pytest.approx(0.0, abs=1e-12)


def test_profile_is_complete_and_consistent_with_its_density():
    edges = np.linspace(-4.0, 4.0, 401)
    assert WELL.bin_probabilities(edges).sum() == pytest.approx(1.0, abs=1e-12)
    assert np.all(np.isfinite(WELL.free_energy_profile(edges)))
    centres = 0.5 * (edges[1:] + edges[:-1])
    density = WELL.free_energy_profile_density(centres) - math.log(edges[1] - edges[0])
    middle = np.abs(centres) < 2.2
    # The midpoint value differs from the bin average by (h^2/24) p''/p, here below 2e-2.
    gap = np.abs(WELL.free_energy_profile(edges) - density)[middle]
    assert 1e-5 < gap.max() < 2e-2


def test_profile_beyond_the_range_is_infinite_not_an_error():
    profile = WELL.free_energy_profile([-50.0, -40.0, 0.0, 40.0, 50.0])
    assert np.isinf(profile[[0, 3]]).all()
    assert np.exp(-profile).sum() == pytest.approx(1.0, abs=1e-12)
    assert WELL.basin_log_z(1.0, 40.0) == -math.inf


def test_stationary_points():
    left, saddle, right = WELL.stationary_points()
    assert [left.kind, saddle.kind, right.kind] == ["minimum", "saddle", "minimum"]
    found = [(p.position[0], p.energy) for p in (left, saddle, right)]
    expected = [(-1.7723, -10.7524), (0.0835, 0.0417), (1.6888, -7.2893)]
    np.testing.assert_allclose(found, expected, atol=6e-5)
    assert WELL.minima() == (left, right)
    assert WELL.saddles() == (saddle,)
    assert len(DoubleWell(a1=50.0).stationary_points()) == 1
    assert len(DoubleWell(a2=0.0, a1=0.0).stationary_points()) == 1


@pytest.mark.parametrize("temperature", [0.05, 1.0, 4.0])
def test_energy_histogram_against_brute_force(temperature):
    edges = -11.0 + temperature * np.linspace(0.0, 12.0, 13)
    x = np.linspace(-4, 4, 4001)
    y = np.sqrt(temperature) * np.linspace(-8, 8, 2001)
    u = WELL.energy(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)).ravel()
    weights = np.exp(-(u - u.min()) / temperature)
    brute, _ = np.histogram(u, edges, weights=weights / weights.sum())
    exact = WELL.energy_histogram(edges, temperature)
    np.testing.assert_allclose(exact, brute, atol=2e-3)
    assert WELL.energy_histogram([-11.0, 400.0], temperature) == pytest.approx(1.0, abs=1e-9)


def chi_square(counts, probabilities):
    """p-value of bin counts, with the rest of the sample as one more bin left out."""
    expected = counts.sum() * probabilities / probabilities.sum()
    keep = expected > 10
    statistic = ((counts - expected)[keep] ** 2 / expected[keep]).sum()
    return stats.chi2.sf(statistic, keep.sum() - 1)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 4.0])
def test_samples_have_the_density(temperature):
    # p-values above 3e-7 in three tests: false alarm 1e-6.
    x = WELL.sample(200_000, temperature, seed=7)
    edges = np.linspace(-3.0, 3.0, 61)
    counts = np.histogram(x[:, 0], edges)[0]
    assert chi_square(counts, WELL.bin_probabilities(edges, temperature)) > 3e-7
    energies = np.quantile(WELL.energy(x), np.linspace(0.0, 0.999, 41))
    counts = np.histogram(WELL.energy(x), energies)[0]
    score = (counts.sum() / len(x) - WELL.energy_histogram(energies, temperature).sum()) * 447
    assert abs(score) < 5
    assert stats.kstest(x[:, 1] / math.sqrt(temperature), "norm").pvalue > 3e-7


def test_samples_at_another_temperature_are_caught():
    edges = np.linspace(-3.0, 3.0, 61)
    counts = np.histogram(WELL.sample(200_000, 1.05, seed=7)[:, 0], edges)[0]
    assert chi_square(counts, WELL.bin_probabilities(edges, 1.0)) < 3e-7


def test_sampling_repeats_with_its_seed_and_goes_on_with_a_generator():
    np.testing.assert_array_equal(WELL.sample(10, seed=3), WELL.sample(10, seed=3))
    rng = np.random.default_rng(3)
    first = WELL.sample(10, seed=rng)
    assert np.any(WELL.sample(10, seed=rng) != first)
    assert first.dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DoubleWell(a4=0.0), ValueError, "a4 must be a positive"),
        (lambda: DoubleWell(a1=math.nan), ValueError, "a1 must be a finite number"),
        (lambda: DoubleWell(a2="6"), TypeError, "a2 must be a finite number"),
        (lambda: DoubleWell(k=-1), ValueError, "k must be a positive"),
        (lambda: WELL.log_z(-1.0), ValueError, "temperature must be a positive"),
        (lambda: WELL.free_energy_difference(1.0, math.inf), ValueError, "cut must be a finite"),
        (lambda: WELL.optimal_kl_loss(1.0, "middle"), ValueError, "state must be one of"),
        (lambda: WELL.optimal_kl_loss(1.0, (1.0, 0.0)), ValueError, "state must be a pair"),
        (lambda: WELL.optimal_kl_loss(1.0, 3), TypeError, "state must be a pair"),
        (lambda: WELL.optimal_ml_loss(1.0, (0.7, 0.7)), ValueError, "weights must be 2 non-neg"),
        (lambda: WELL.optimal_ml_loss(1.0, (1.5, -0.5)), ValueError, "weights must be 2 non-neg"),
        (lambda: WELL.basin_log_z(1.0, 0.0, math.nan), ValueError, "lower < upper"),
        (lambda: WELL.free_energy_profile([0.0]), ValueError, "edges must be at least 2"),
        (lambda: WELL.free_energy_profile([0.0, np.inf]), ValueError, "edges must be finite"),
        (lambda: WELL.energy([1.0, 2.0, 3.0]), ValueError, "points must have a last dimension"),
        (lambda: WELL.sample(2.0), TypeError, "n must be an integer"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
