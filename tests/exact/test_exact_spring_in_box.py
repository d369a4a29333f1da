"""The spring in a box: closed forms against quadrature, simulation and the reference values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import dblquad, quad

from boltzmann_tf.exact import SpringInBox

SYSTEMS = [SpringInBox(), SpringInBox(stiffness=2.5, length=1.5)]
TEMPERATURES = [0.3, 1.0, 4.0]


def by_quadrature(system, temperature, observable=lambda u: 1.0):
    """Integral of observable(u) exp(-u/T) by adaptive quadrature in (x1, x2)."""
    reach = 9.0 * math.sqrt(temperature / (2 * system.stiffness))

    def integrand(x2, x1):
        u = system.stiffness * (x2 - x1) ** 2
        return observable(u) * math.exp(-u / temperature)

    limits = (0, system.length, lambda x: x - reach, lambda x: x + reach)
    return dblquad(integrand, *limits, epsabs=0, epsrel=1e-10)[0]


def numbers(system, temperature):
    return {
        "log_z": system.log_z(temperature),
        "entropy": system.entropy(temperature),
        "optimal_ml_loss": system.optimal_ml_loss(temperature),
        "best_affine_nll": system.best_affine_nll(temperature),
    }


def test_reference_values_of_the_default_spring():
    assert numbers(SpringInBox(), 1.0) == pytest.approx(
        {
            "log_z": 1.95865930404,
            "entropy": 2.45865930404,
            "optimal_ml_loss": 0.620782237635,
            "best_affine_nll": 2.63514451,
        },
        abs=1e-8,
    )
    assert float(SpringInBox().cdf_x2(0.0)) == pytest.approx(0.0705236977, abs=1e-10)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_thermodynamics_against_quadrature(system, temperature):
    z = by_quadrature(system, temperature)
    energy = by_quadrature(system, temperature, lambda u: u) / z
    assert system.log_z(temperature) == pytest.approx(math.log(z), abs=1e-9)
    assert system.mean_energy(temperature) == pytest.approx(energy, rel=1e-9)
    assert system.entropy(temperature) == pytest.approx(math.log(z) + energy / temperature)
    assert system.free_energy(temperature) == pytest.approx(-temperature * math.log(z))
    # d(ln Z)/dT = <u>/T^2
    step = 1e-4
    slope = (system.log_z(temperature + step) - system.log_z(temperature - step)) / (2 * step)
    assert slope * temperature**2 == pytest.approx(energy, rel=1e-5)


def simulated_kl_loss(system, temperature, n=200_000):
    """J_KL of the exact generator with prior N(0, T I): mean and standard error."""
    z = math.sqrt(temperature) * np.random.default_rng(1).standard_normal((n, 2))
    x, log_det = system.to_configuration(z / math.sqrt(temperature), temperature)
    # The generator's map is F(z) = f(z/sqrt T), so its log-determinant has -ln T more.
    values = system.energy(x) / temperature - (log_det - math.log(temperature))
    return values.mean(), values.std() / math.sqrt(n)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_kl_bound_is_what_the_exact_generator_reaches(temperature):
    # Five standard errors, two-sided: false alarm 6e-7 a temperature.
    system = SpringInBox()
    mean, error = simulated_kl_loss(system, temperature)
    bound = system.optimal_kl_loss(temperature)
    assert abs(mean - bound) < 5 * error


@pytest.mark.parametrize("temperature", [0.3, 4.0])
def test_kl_bound_with_the_prior_at_one_is_caught(temperature):
    system = SpringInBox()
    mean, error = simulated_kl_loss(system, temperature)
    planted = math.log(2 * math.pi * math.e) - system.log_z(temperature)
    assert abs(mean - planted) > 5 * error


def test_kl_bound_with_the_entropy_of_the_wrong_sign_is_caught():
    # The sheet of reference values once had -4.79653637045 = -H_Z - ln Z here.
    system = SpringInBox()
    mean, error = simulated_kl_loss(system, 1.0)
    assert abs(mean + math.log(2 * math.pi * math.e) + system.log_z()) > 5 * error
    assert system.optimal_kl_loss() == pytest.approx(0.87921776236, abs=1e-10)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_map_is_invertible_and_its_log_det_is_the_density(temperature):
    system = SpringInBox(stiffness=0.7, length=3.0)
    x = system.sample(1000, temperature, seed=2)
    z, log_det = system.to_latent(x, temperature)
    back, log_det_back = system.to_configuration(z, temperature)
    np.testing.assert_allclose(back, x, atol=1e-12)
    np.testing.assert_allclose(log_det_back, -log_det, rtol=1e-9, atol=1e-12)
    # p(x) = N(z; 0, I) |dz/dx|: the change of variables, which ties the map to log_density.
    normal = -0.5 * (z**2).sum(axis=-1) - math.log(2 * math.pi)
    np.testing.assert_allclose(normal + log_det, system.log_density(x, temperature), atol=1e-10)


def test_log_det_against_finite_differences():
    system = SpringInBox()
    x = np.array([[0.3, -0.4], [2.0, 2.5], [3.9, 5.0]])
    step = 1e-6
    columns = [
        (system.to_latent(x + step * e, 0.5)[0] - system.to_latent(x - step * e, 0.5)[0])
        / (2 * step)
        for e in np.eye(2)
    ]
    jacobian = np.stack(columns, axis=-1)
    np.testing.assert_allclose(
        np.log(np.abs(np.linalg.det(jacobian))), system.to_latent(x, 0.5)[1], atol=1e-7
    )
    # Triangular and increasing: that makes it the Knothe-Rosenblatt map.
    np.testing.assert_allclose(jacobian[:, 0, 1], 0.0, atol=1e-12)
    assert np.all(jacobian[:, 0, 0] > 0)
    assert np.all(jacobian[:, 1, 1] > 0)


def normality(z):
    """Smallest Kolmogorov-Smirnov p-value of the two coordinates against N(0, 1)."""
    return min(stats.kstest(z[:, i], "norm").pvalue for i in (0, 1))


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_image_of_equilibrium_is_standard_normal_at_every_temperature(temperature):
    # False alarm 1e-6: two tests at a p-value of 5e-7.
    system = SpringInBox()
    z, _ = system.to_latent(system.sample(20_000, temperature, seed=3), temperature)
    assert normality(z) > 5e-7
    assert abs(np.corrcoef(z.T)[0, 1]) < 5 / math.sqrt(20_000)


def test_the_two_to_one_map_and_a_wrong_temperature_are_caught():
    system = SpringInBox()
    x = system.sample(20_000, 1.0, seed=3)
    z, _ = system.to_latent(x, 1.0)
    assert normality(np.abs(z)) < 5e-7
    assert normality(system.to_latent(x, 1.2)[0]) < 5e-7


def test_ends_of_the_box_stay_finite_and_come_back():
    system = SpringInBox()
    x = np.array([[0.0, 1.0], [4.0, 1.0], [1e-300, 0.0], [np.nextafter(4.0, 0.0), 4.0]])
    z, log_det = system.to_latent(x)
    assert np.all(np.isfinite(z))
    assert np.all(np.isfinite(log_det))
    assert z[0, 0] == -z[1, 0] < -37
    np.testing.assert_allclose(system.to_configuration(z)[0], x, atol=1e-14)
    far, far_log_det = system.to_configuration([[50.0, 0.0], [-50.0, 0.0]])
    assert np.all((far[:, 0] >= 0) & (far[:, 0] <= 4))
    assert np.all(np.isfinite(far_log_det))


@given(
    z1=st.floats(-8, 8),
    z2=st.floats(-30, 30),
    temperature=st.floats(1e-3, 1e3),
    length=st.floats(1e-2, 1e2),
)
def test_round_trip_property(z1, z2, temperature, length):
    system = SpringInBox(length=length)
    x, _ = system.to_configuration([z1, z2], temperature)
    z, _ = system.to_latent(x, temperature)
    # From the nearer wall z1 keeps its digits on the left; on the right x1 itself is rounded.
    spacing = np.spacing(length) / length * math.sqrt(2 * math.pi) * math.exp(0.5 * z1**2)
    assert abs(z[0] - z1) < 1e-9 + (spacing if z1 > 0 else 0)
    scale = math.sqrt(2 / temperature) * (abs(x[0]) + abs(x[1]))
    assert abs(z[1] - z2) < 1e-9 + 1e-14 * scale


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_marginals_against_quadrature(system, temperature):
    for x2 in (-1.0, 0.0, 0.4, 0.5 * system.length, system.length + 0.7):
        direct = quad(
            lambda x1, x2=x2: math.exp(float(system.log_density([x1, x2], temperature))),
            0,
            system.length,
            epsabs=1e-13,
        )[0]
        assert float(system.pdf_x2(x2, temperature)) == pytest.approx(direct, rel=1e-8, abs=1e-12)
        below = quad(lambda t: float(system.pdf_x2(t, temperature)), -12, x2, epsabs=1e-12)[0]
        assert float(system.cdf_x2(x2, temperature)) == pytest.approx(below, abs=1e-9)
    assert quad(lambda t: float(system.pdf_x1(t)), 0, system.length)[0] == pytest.approx(1)


@pytest.mark.parametrize("coordinate", ["x1", "x2", "extension"])
def test_profiles_are_integrals_of_their_densities(coordinate):
    system = SpringInBox()
    edges = np.linspace(0.1, 3.9, 8) if coordinate == "x1" else np.linspace(-2.0, 5.5, 8)
    profile = system.free_energy_profile(edges, 0.8, coordinate=coordinate)
    for free_energy, low, high in zip(profile, edges[:-1], edges[1:], strict=True):
        points = np.linspace(low, high, 2001)
        density = np.exp(-system.free_energy_profile_density(points, 0.8, coordinate=coordinate))
        assert math.exp(-free_energy) == pytest.approx(np.trapezoid(density, points), rel=1e-4)


def test_far_tails_keep_their_digits():
    system = SpringInBox()
    # Mirror symmetry about L/2, thirty standard deviations out.
    left = system.free_energy_profile([-20.0, -19.0])
    right = system.free_energy_profile([23.0, 24.0])
    assert left[0] == pytest.approx(right[0])
    assert 360 < left[0] < 400
    assert system.pdf_x2(-20.0) == pytest.approx(float(system.pdf_x2(24.0)))
    assert np.isinf(system.free_energy_profile([5.0, 6.0], coordinate="x1"))[0]


def test_free_energy_difference_is_the_ratio_of_the_sides():
    system = SpringInBox()
    assert system.free_energy_difference(1.0, 2.0) == pytest.approx(0.0, abs=1e-14)
    assert system.free_energy_difference() == pytest.approx(
        -math.log((1 - 0.0705236977) / 0.0705236977), abs=1e-7
    )


def test_sample_moments_and_energy_histogram():
    # Each z-score within 5: false alarm 6e-7 each.
    system = SpringInBox(stiffness=2.0, length=3.0)
    n = 200_000
    x = system.sample(n, 0.5, seed=4)
    deviation = x - system.mean()
    for i in (0, 1):
        for j in (0, 1):
            product = deviation[:, i] * deviation[:, j]
            score = (product.mean() - system.covariance(0.5)[i, j]) / product.std() * math.sqrt(n)
            assert abs(score) < 5
    edges = np.array([0.0, 0.05, 0.2, 0.5, 1.0, 3.0])
    expected = n * system.energy_histogram(edges, 0.5)
    counts = np.histogram(system.energy(x), edges)[0]
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected) + 5)
    wrong = n * system.energy_histogram(edges, 0.55)
    assert np.any(np.abs(counts - wrong) > 5 * np.sqrt(wrong) + 5)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_best_affine_flow_is_worse_than_the_exact_one(temperature):
    system = SpringInBox()
    x = system.sample(100_000, temperature, seed=5)
    gaussian = stats.multivariate_normal(system.mean(), system.covariance(temperature))
    values = -gaussian.logpdf(x)
    # Five standard errors: false alarm 6e-7.
    error = values.std() / math.sqrt(len(x))
    assert abs(values.mean() - system.best_affine_nll(temperature)) < 5 * error
    assert system.best_affine_nll(temperature) > system.entropy(temperature)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: SpringInBox(stiffness=-1.0), ValueError, "stiffness must be a positive"),
        (lambda s: SpringInBox(length="4"), TypeError, "length must be a positive"),
        (lambda s: s.log_z(0.0), ValueError, "temperature must be a positive"),
        (lambda s: s.log_z(math.nan), ValueError, "temperature must be a positive"),
        (lambda s: s.to_latent([[5.0, 0.0]]), ValueError, "points must have 0 <= x1 <= 4.0"),
        (lambda s: s.to_latent([[1.0, np.nan]]), ValueError, "points must be finite"),
        (lambda s: s.to_configuration([1.0, 2.0, 3.0]), ValueError, "latent must have a last"),
        (lambda s: s.sample(0), ValueError, "n must be an integer >= 1"),
        (lambda s: s.sample(3, seed=-1), ValueError, "seed must be an integer >= 0"),
        (lambda s: s.sample(3, seed="x"), TypeError, "seed must be an integer or a numpy"),
        (lambda s: s.free_energy_profile([1.0, 0.0]), ValueError, "edges must be at least 2"),
        (
            lambda s: s.free_energy_profile([0.0, 1.0], coordinate="y"),
            ValueError,
            "coordinate must be one of",
        ),
        (lambda s: s.free_energy_difference(1.0, math.inf), ValueError, "cut must be a finite"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(SpringInBox())
