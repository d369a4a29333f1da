"""Müller-Brown: quadrature in (r, s) against other rules in (x, y), simulation and the tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import dblquad

from boltzmann_tf.exact import MuellerBrown

PLANE = MuellerBrown()
PUBLISHED_BOX = ((-1.5, 1.0), (-0.2, 2.0))
BOX = MuellerBrown(box=PUBLISHED_BOX)
# noe2019.md section 2.2: T, F(right) - F(left), F(mid) - F(left), ln Z, J_KL*. At T = 2 the ln Z
# there is that of the box. The row at T = 3 is checked on its own below.
TABLE = [
    (0.1, 38.518, 65.10, 141.378, -140.843),
    (0.25, 15.391, 25.49, 54.283, -52.831),
    (0.5, 7.669, 12.24, 25.650, -23.505),
    (1.0, 3.785, 5.636, 11.7296, -8.8917),
]


def energy(x, y, scale=0.1):
    """Written out term by term, apart from the package's own code."""
    return scale * (
        -200 * np.exp(-((x - 1) ** 2) - 10 * y**2)
        - 100 * np.exp(-(x**2) - 10 * (y - 0.5) ** 2)
        - 170 * np.exp(-6.5 * (x + 0.5) ** 2 + 11 * (x + 0.5) * (y - 1.5) - 6.5 * (y - 1.5) ** 2)
        + 15 * np.exp(0.7 * (x + 1) ** 2 + 0.6 * (x + 1) * (y - 1) + 0.7 * (y - 1) ** 2)
    )


def trapezoid(temperature, n=1200):
    """ln Z and <u> over the plane by the trapezoidal rule in (x, y), spectral on a decaying u."""
    axis = np.linspace(-5.0, 4.0, n)
    u = energy(axis[:, None], axis[None, :] + 1.5)
    weights = np.exp(-(u + 15.0) / temperature)
    total = weights.sum()
    log_z = math.log(total) + 2 * math.log(axis[1] - axis[0]) + 15.0 / temperature
    return log_z, float((weights * u).sum() / total)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.0, 10.0])
def test_plane_against_the_trapezoidal_rule(temperature):
    log_z, mean = trapezoid(temperature)
    assert PLANE.log_z(temperature) == pytest.approx(log_z, abs=1e-9)
    assert PLANE.mean_energy(temperature) == pytest.approx(mean, abs=1e-8)
    assert PLANE.entropy(temperature) == pytest.approx(log_z + mean / temperature, abs=1e-7)


def test_reference_values():
    assert PLANE.log_z() == pytest.approx(11.7295905583, abs=1e-10)
    assert PLANE.free_energy_difference() == pytest.approx(3.784256, abs=1e-6)
    assert BOX.free_energy_difference() == pytest.approx(3.784684, abs=1e-6)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"T={row[0]}")
@pytest.mark.parametrize("system", [PLANE, BOX], ids=["plane", "box"])
def test_published_table_of_bounds(system, row):
    temperature, right, mid, log_z, bound = row
    assert system.free_energy_difference(temperature) == pytest.approx(right, abs=1.1e-3)
    log_left = system.basin_log_z(temperature, upper=-1.0)
    assert log_left - system.basin_log_z(temperature, -1.0, 0.0) == pytest.approx(mid, abs=6e-3)
    assert system.log_z(temperature) == pytest.approx(log_z, abs=6e-4)
    assert system.optimal_kl_loss(temperature) == pytest.approx(bound, abs=6e-4)


def test_hot_rows_of_the_table():
    assert BOX.free_energy_difference(2.0) == pytest.approx(1.890, abs=6e-4)
    assert PLANE.free_energy_difference(2.0) == pytest.approx(1.880, abs=6e-4)
    assert BOX.log_z(2.0) == pytest.approx(5.361, abs=6e-4)
    assert PLANE.optimal_kl_loss(2.0) == pytest.approx(-1.835, abs=6e-4)
    assert BOX.free_energy_difference(3.0) == pytest.approx(1.368, abs=6e-4)
    assert BOX.log_z(3.0) == pytest.approx(3.61, abs=6e-3)
    # The table has 1.354 and 0.288 for the plane here, as from a rectangle that cuts off 0.2 % of
    # the density; the trapezoidal rule above confirms ln Z, hence this bound.
    assert PLANE.free_energy_difference(3.0) == pytest.approx(1.3558, abs=1e-4)
    assert PLANE.optimal_kl_loss(3.0) == pytest.approx(0.2865, abs=1e-4)
    values = list(PLANE.probabilities(3.0).values())
    np.testing.assert_allclose(values, [0.670, 0.157, 0.173], atol=6e-4)


def test_a_bound_that_forgets_the_prior_at_the_temperature_misses_the_table():
    for temperature, bound in ((0.25, -52.831), (2.0, -1.835)):
        planted = math.log(2 * math.pi * math.e) - PLANE.log_z(temperature)
        assert abs(planted - bound) > 0.5


def test_multi_temperature_bounds_of_the_two_generators():
    for state, value in (("left", -17.226), ("right", -11.211)):
        mean = np.mean([PLANE.optimal_kl_loss(t, state) for t in (0.25, 0.5, 1.0, 2.0, 3.0)])
        assert mean == pytest.approx(value, abs=1.1e-3)


def scalar_energy(x, y):
    return float(energy(x, y))


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_basins_in_the_box_against_adaptive_quadrature(temperature):
    def weight(low, high):
        """Integral over low < 0.7 (x - y) < high inside the box, with y inside x."""

        def clip(y):
            return min(max(y, -0.2), 2.0)

        return dblquad(
            lambda y, x: math.exp(-(scalar_energy(x, y) + 15.0) / temperature),
            -1.5,
            1.0,
            lambda x: clip(x - high / 0.7),
            lambda x: clip(x - low / 0.7),
            epsabs=1e-6,
            epsrel=1e-6,
        )[0]

    left, right = weight(-9.0, -1.0), weight(0.0, 9.0)
    expected = math.log(left / right)
    assert BOX.free_energy_difference(temperature) == pytest.approx(expected, abs=1e-4)
    assert BOX.basin_log_z(temperature, upper=-1.0) == pytest.approx(
        math.log(left) + 15.0 / temperature, abs=1e-5
    )


def uniform_reference(temperature, n=1_000_000):
    """The published reference: uniform points in the box, weighted by exp(-u/T)."""
    points = np.random.default_rng(5).uniform((-1.5, -0.2), (1.0, 2.0), (n, 2))
    weights = np.exp(-energy(points[:, 0], points[:, 1]) / temperature)
    return 0.7 * (points[:, 0] - points[:, 1]), weights / weights.sum()


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_profile_in_the_box_against_weighted_uniform_points(temperature):
    # 40 bins, two temperatures, 6 standard errors each: false alarm 2e-7.
    r, weights = uniform_reference(temperature)
    edges = np.linspace(-2.2, 0.8, 41)
    probabilities = BOX.bin_probabilities(edges, temperature)
    bins = np.digitize(r, edges) - 1
    scores, shifted = [], []
    for i, (p, q) in enumerate(
        zip(probabilities, BOX.bin_probabilities(edges + 0.01, temperature), strict=True)
    ):
        inside = bins == i
        # Delta-method error of a ratio; bins of few points are not normal and are left out.
        error = math.sqrt(np.sum(weights**2 * (inside - p) ** 2))
        if np.sum(weights * inside) ** 2 < 200 * np.sum((weights * inside) ** 2):
            continue
        estimate = weights[inside].sum()
        scores.append(abs(estimate - p) / error)
        shifted.append(abs(estimate - q) / error)
    assert len(scores) > 25
    assert max(scores) < 6
    assert max(shifted) > 6


def test_published_profile():
    edges = np.linspace(-2.45, 0.84, 101)
    profile = BOX.free_energy_profile(edges)
    profile -= profile.min()
    centres = 0.5 * (edges[1:] + edges[:-1])

    def extreme(low, high, pick):
        window = np.flatnonzero((centres > low) & (centres < high))
        best = window[pick(profile[window])]
        return centres[best], profile[best]

    for low, high, pick, r, f in (
        (-1.6, -1.2, np.argmin, -1.41, 0.0),
        (-1.2, -0.7, np.argmax, -0.99, 10.55),
        (-0.6, -0.2, np.argmin, -0.36, 6.96),
        (-0.2, 0.1, np.argmax, -0.07, 7.46),
        (0.2, 0.6, np.argmin, 0.40, 4.57),
    ):
        found_r, found_f = extreme(low, high, pick)
        assert found_r == pytest.approx(r, abs=0.02)
        assert found_f == pytest.approx(f, abs=0.01)


def test_stationary_points():
    minima = [(*p.position, p.energy) for p in PLANE.minima()]
    saddles = [(*p.position, p.energy) for p in PLANE.saddles()]
    np.testing.assert_allclose(
        minima,
        [(-0.558, 1.442, -14.670), (-0.050, 0.467, -8.077), (0.623, 0.028, -10.817)],
        atol=6e-4,
    )
    np.testing.assert_allclose(
        saddles, [(-0.822, 0.624, -4.066), (0.212, 0.293, -7.225)], atol=6e-4
    )
    r = PLANE.reaction_coordinate(np.array(minima)[:, :2])
    np.testing.assert_allclose(r, [-1.400, -0.362, 0.417], atol=6e-4)
    assert len(PLANE.stationary_points()) == 5
    step = 1e-5
    for point in PLANE.stationary_points():
        for e in np.eye(2):
            up, down = (
                PLANE.energy(point.position + step * e),
                PLANE.energy(point.position - step * e),
            )
            assert abs(up - down) / (2 * step) < 1e-6


def test_energy_is_the_published_one():
    points = np.random.default_rng(0).uniform(-2, 2, (100, 2))
    np.testing.assert_allclose(PLANE.energy(points), energy(points[:, 0], points[:, 1]), rtol=1e-12)
    assert BOX.energy([0.0, 5.0]) == np.inf
    # The sign the supplement prints for c_3 makes a well of unbounded depth.
    printed = -17.0 * math.exp(6.5 * 9.0)
    assert PLANE.energy([-0.5, 4.5]) > 0 > printed


def test_scale_and_temperature_enter_through_their_ratio():
    strong = MuellerBrown(scale=0.2)
    assert strong.log_z(2.0) == pytest.approx(PLANE.log_z(1.0), abs=1e-10)
    assert strong.free_energy_difference(1.0) == pytest.approx(
        PLANE.free_energy_difference(0.5), abs=1e-9
    )


@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_heat_is_the_slope_of_log_z(temperature):
    step = 1e-4 * temperature
    slope = (PLANE.log_z(temperature + step) - PLANE.log_z(temperature - step)) / (2 * step)
    assert temperature**2 * slope == pytest.approx(PLANE.mean_energy(temperature), rel=1e-6)


@pytest.mark.parametrize("system", [PLANE, BOX], ids=["plane", "box"])
def test_profile_is_complete(system):
    edges = np.linspace(-6.0, 6.0, 301)
    for temperature in (0.1, 1.0, 4.0):
        assert system.bin_probabilities(edges, temperature).sum() == pytest.approx(1.0, abs=1e-10)


def chi_square(counts, probabilities):
    expected = counts.sum() * probabilities / probabilities.sum()
    keep = expected > 10
    statistic = ((counts - expected)[keep] ** 2 / expected[keep]).sum()
    return stats.chi2.sf(statistic, keep.sum() - 1)


@pytest.mark.parametrize("system", [PLANE, BOX], ids=["plane", "box"])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_samples_have_the_density(system, temperature):
    # p-value above 1e-6; the mean energy within 5 standard errors (6e-7).
    x = system.sample(200_000, temperature, seed=9)
    edges = np.linspace(-3.0, 1.5, 61)
    counts = np.histogram(system.reaction_coordinate(x), edges)[0]
    assert chi_square(counts, system.bin_probabilities(edges, temperature)) > 1e-6
    u = energy(x[:, 0], x[:, 1])
    error = u.std() / math.sqrt(len(u))
    assert abs(u.mean() - system.mean_energy(temperature)) < 5 * error
    assert abs(u.mean() - system.mean_energy(1.03 * temperature)) > 5 * error


def test_energy_histogram_against_samples():
    # Statistical error (6 standard deviations: 1e-7 over the bins) plus the stated grid error.
    n = 500_000
    edges = np.linspace(-15.0, -5.0, 21)
    counts = np.histogram(PLANE.energy(PLANE.sample(n, seed=10)), edges)[0] / n
    exact = PLANE.energy_histogram(edges)
    assert np.all(np.abs(counts - exact) < 6 * np.sqrt(exact / n) + 1e-3)
    assert PLANE.energy_histogram([-15.0, 100.0]) == pytest.approx(1.0, abs=1e-12)
    hot = PLANE.energy_histogram(edges, 1.1)
    assert np.any(np.abs(counts - hot) > 6 * np.sqrt(hot / n) + 1e-3)


def test_mixtures_of_states():
    entropies = [PLANE.entropy(state=name) for name in ("left", "mid", "right")]
    expected = 0.5 * (entropies[0] + entropies[2]) + math.log(2) - math.log(2 * math.pi)
    assert PLANE.optimal_ml_loss(weights=(0.5, 0.0, 0.5)) == pytest.approx(expected)
    shares = list(PLANE.probabilities().values())
    assert PLANE.optimal_ml_loss(weights=shares) == pytest.approx(PLANE.optimal_ml_loss(), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MuellerBrown(scale=0), ValueError, "scale must be a positive"),
        (lambda: MuellerBrown(box=((1, 0), (0, 1))), ValueError, r"box\[0\] must be a pair"),
        (lambda: PLANE.log_z(0), ValueError, "temperature must be a positive"),
        (lambda: PLANE.free_energy_difference(1, 0.0, -1.0), ValueError, "right must be at least"),
        (lambda: PLANE.mean_energy(1, "centre"), ValueError, "state must be one of"),
        (lambda: PLANE.optimal_ml_loss(1, (0.5, 0.5)), ValueError, "weights must be 3 non-neg"),
        (lambda: PLANE.energy_histogram([0, 0]), ValueError, "edges must be at least 2"),
        (lambda: PLANE.sample(-1), ValueError, "n must be an integer >= 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
