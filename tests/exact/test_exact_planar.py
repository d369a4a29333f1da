"""The planar quadrature engine, on Gaussians, where every answer has a closed form."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from boltzmann_tf.exact import PlanarDensity
from boltzmann_tf.exact._rejection import EnvelopeSampler

PRECISION = np.array([[2.0, 0.6], [0.6, 1.0]])
COVARIANCE = np.linalg.inv(PRECISION)
CENTRE = np.array([0.3, -0.2])


def quadratic(points):
    d = points - CENTRE
    return 0.5 * np.einsum("ni,ij,nj->n", d, PRECISION, d)


def gaussian(direction=(1.0, 0.0), **options):
    # The narrowest standard deviation is 0.67 at T = 1.
    options = {"resolution": 1.0} | options
    return PlanarDensity(quadratic, ((-12.0, 12.0), (-12.0, 12.0)), direction, **options)


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 2.0), (0.7, -0.7), (-0.3, 1.1)])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 2.0])
def test_gaussian_in_closed_form(direction, temperature):
    density = gaussian(direction)
    log_z = math.log(2 * math.pi * temperature) + 0.5 * np.linalg.slogdet(COVARIANCE)[1]
    assert density.log_z(temperature) == pytest.approx(log_z, abs=1e-11)
    assert density.mean_energy(temperature) == pytest.approx(temperature, rel=1e-11)
    assert density.entropy(temperature) == pytest.approx(log_z + 1.0, abs=1e-11)
    a = np.array(direction)
    along = stats.norm(a @ CENTRE, math.sqrt(temperature * (a @ COVARIANCE @ a)))
    edges = along.mean() + along.std() * np.linspace(-4, 4, 17)
    np.testing.assert_allclose(
        density.bin_probabilities(edges, temperature), np.diff(along.cdf(edges)), rtol=1e-9
    )
    np.testing.assert_allclose(
        density.free_energy_profile_density(edges, temperature), -along.logpdf(edges), atol=1e-10
    )
    cut = along.mean() + 0.5 * along.std()
    difference = density.free_energy_difference(temperature, (-math.inf, cut), (cut, math.inf))
    assert difference == pytest.approx(math.log(stats.norm.cdf(0.5) / stats.norm.sf(0.5)))


def test_a_gaussian_target_makes_both_losses_meet_their_known_bounds():
    # A linear flow is exact here, so J_KL* is H_Z - ln Z and J_ML* the entropy less ln 2 pi.
    density = gaussian()
    half_log_det = 0.5 * np.linalg.slogdet(COVARIANCE)[1]
    for temperature in (0.5, 1.0, 3.0):
        # u/T averages 1 and log|dF/dz| = half_log_det, because the prior already has variance T.
        assert density.optimal_kl_loss(temperature) == pytest.approx(1 - half_log_det)
        expected = 1 + half_log_det + math.log(temperature)
        assert density.optimal_ml_loss(temperature) == pytest.approx(expected)


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.7, -0.7), (2.0, 1.0)])
def test_flat_energy_in_a_box_has_the_area_and_exact_kinks(direction):
    box = ((-1.5, 1.0), (-0.2, 2.0))
    density = PlanarDensity(lambda p: np.zeros(len(p)), box, direction)
    assert density.log_z() == pytest.approx(math.log(2.5 * 2.2), abs=1e-13)
    edges = np.linspace(-6.0, 6.0, 14)
    uniform = np.random.default_rng(0).uniform((-1.5, -0.2), (1.0, 2.0), (200_000, 2))
    counts = np.histogram(uniform @ np.array(direction), edges)[0]
    expected = 200_000 * density.bin_probabilities(edges)
    assert expected.sum() == pytest.approx(200_000, rel=1e-12)
    # Five standard deviations in 13 bins and 3 directions would be 2e-5; six are 1e-7 in all.
    assert np.all(np.abs(counts - expected) <= 6 * np.sqrt(expected) + 1e-9)
    planted = 200_000 * density.bin_probabilities(edges + 0.05)
    assert np.any(np.abs(counts - planted) > 6 * np.sqrt(planted) + 1e-9)


def test_the_jacobian_of_the_reaction_coordinate_cannot_be_forgotten():
    # Without 1/(a^2 + b^2) the volume would be twice as large.
    assert gaussian((1.0, 1.0)).log_z() == pytest.approx(gaussian().log_z(), abs=1e-11)
    assert gaussian((3.0, 0.0)).log_z() == pytest.approx(gaussian().log_z(), abs=1e-11)


def test_halving_the_panels_shows_the_quadrature_error():
    reference = gaussian(resolution=0.2).log_z()
    errors = [abs(gaussian(resolution=h).log_z() - reference) for h in (24.0, 8.0, 2.0)]
    assert errors[0] > 1e-3 > errors[1] > 1e-9 > errors[2]


def test_states_and_their_probabilities():
    density = gaussian(named_states={"low": (-math.inf, 0.3), "high": (0.3, math.inf)})
    assert density.probabilities() == pytest.approx({"low": 0.5, "high": 0.5})
    assert density.mean_energy(state="low") == pytest.approx(1.0)
    assert density.optimal_kl_loss(state="low") == pytest.approx(
        density.optimal_kl_loss() + math.log(2)
    )
    mixed = density.optimal_ml_loss(weights=(0.5, 0.5))
    assert mixed == pytest.approx(density.optimal_ml_loss())


@pytest.mark.parametrize("temperature", [0.1, 1.0, 4.0])
def test_samples_of_a_gaussian(temperature):
    # Two p-values above 5e-7: false alarm 1e-6.
    x = gaussian().sample(50_000, temperature, seed=11)
    white = (x - CENTRE) @ np.linalg.cholesky(PRECISION) / math.sqrt(temperature)
    for i in (0, 1):
        assert stats.kstest(white[:, i], "norm").pvalue > 5e-7
        assert stats.kstest(1.1 * white[:, i], "norm").pvalue < 5e-7


def test_energy_histogram_of_a_gaussian_is_exponential():
    edges = np.linspace(0.0, 8.0, 17)
    expected = np.exp(-edges[:-1] / 2.0) - np.exp(-edges[1:] / 2.0)
    np.testing.assert_allclose(gaussian().energy_histogram(edges, 2.0), expected, atol=1e-3)


def test_an_envelope_that_is_too_coarse_is_reported():
    spike = EnvelopeSampler(lambda p: -0.5 * ((p[:, 0] - 0.3) / 0.01) ** 2, ((-1.0, 1.0),), cells=2)
    with pytest.raises(RuntimeError, match="envelope was exceeded"):
        spike.sample(10_000, np.random.default_rng(0))


def test_energy_outside_the_box_is_infinite():
    density = PlanarDensity(quadratic, ((0.0, 1.0), (0.0, 1.0)))
    np.testing.assert_array_equal(
        np.isinf(density.energy([[0.5, 0.5], [1.5, 0.5], [0.5, -1.0]])), [False, True, True]
    )
    walls = PlanarDensity(
        lambda p: np.where(p[:, 0] < 0.5, 0.0, np.inf), ((0.0, 1.0), (0.0, 1.0)), resolution=0.5
    )
    assert walls.log_z() == pytest.approx(math.log(0.5))
    assert walls.mean_energy() == 0.0
    assert walls.sample(1000, seed=1)[:, 0].max() < 0.5


def test_exact_imports_no_tensorflow():
    code = "import sys, boltzmann_tf.exact; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PlanarDensity(3, ((0, 1), (0, 1))), TypeError, "function must be callable"),
        (lambda: PlanarDensity(quadratic, 3), ValueError, "box must be two pairs"),
        (lambda: PlanarDensity(quadratic, ((0, 1), (1, 0))), ValueError, r"box\[1\] must be"),
        (lambda: PlanarDensity(quadratic, ((0, 1), (0, math.inf))), ValueError, "finite numbers"),
        (lambda: gaussian((0.0, 0.0)), ValueError, "direction must not be zero"),
        (lambda: gaussian(resolution=0.0), ValueError, "resolution must be a positive"),
        (lambda: gaussian(named_states={"a": (1, 0)}), ValueError, "named_states"),
        (lambda: gaussian().free_energy_difference(1.0, (1, 0), (0, 1)), ValueError, "left must"),
        (lambda: gaussian().free_energy_difference(1.0, (0, 1), 2.0), TypeError, "right must"),
        (
            lambda: PlanarDensity(lambda p: p, ((0, 1), (0, 1))).log_z(),
            ValueError,
            "function must map points",
        ),
        (
            lambda: PlanarDensity(lambda p: p[:, 0] * np.nan, ((0, 1), (0, 1))).log_z(),
            ValueError,
            "function must not return NaN",
        ),
        (
            lambda: PlanarDensity(lambda p: np.full(len(p), np.inf), ((0, 1), (0, 1))).sample(2),
            ValueError,
            "function must be finite somewhere",
        ),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
