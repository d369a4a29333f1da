"""Q(n, L) of fluids on a line, against integrals over positions and an inverse transform."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from boltzmann_tf import exact


def lennard_jones(r):
    return 4 * (r**-12.0 - r**-6.0)


def well(r, core=1.0, reach=1.5, depth=1.0):
    return np.where(r < core, np.inf, np.where(r < reach, -depth, 0.0))


# Closed forms.


def test_the_ideal_gas():
    assert exact.IdealGas().log_q(3, 2.0) == pytest.approx(np.log(8 / 6))
    assert exact.IdealGas().log_q(0, 0.0) == 0
    assert exact.IdealGas().log_q(2, 0.0) == -np.inf


def test_rods_by_hand():
    """Two rods of length 1 in 3: positions of the left ends with gaps, area 1 / 2."""
    assert np.exp(exact.HardRods().log_q(2, 3.0)) == pytest.approx(0.5)
    ring = exact.HardRods(boundary="ring")
    assert np.exp(ring.log_q(2, 5.0)) == pytest.approx(5 * 3 / 2)
    assert np.exp(ring.log_q(1, 5.0)) == pytest.approx(5)
    kac = exact.HardRods(attraction=0.5)
    difference = kac.log_q(4, 9.0, 2.0) - exact.HardRods().log_q(4, 9.0, 2.0)
    assert difference == pytest.approx(0.5 * 16 / 9 / 2)
    assert kac.log_q(4, [4.0, 3.0]).tolist() == [-np.inf, -np.inf]


def test_rods_on_a_ring_by_their_positions():
    """Three of length 0.5 on a ring of 4, in a grid of cells."""
    cells = (np.arange(1600) + 0.5) / 400
    a = np.abs(cells[:, None] - cells)
    apart = np.minimum(a, 4 - a) >= 0.5
    found = np.sum(apart[0][:, None] & apart & apart[0]) / 400**2 * 4 / 6
    wanted = np.exp(exact.HardRods(0.5, boundary="ring").log_q(3, 4.0))
    assert found == pytest.approx(wanted, rel=0.01)


# Square wells.


def ring_of_two(length, count):
    """Q(2): one particle anywhere, the other at each distance."""
    return 0.5 * length * integrate.quad(count, 0, length, points=[1, 1.5, length - 1.5])[0]


def test_two_in_a_square_well_count_once():
    """The planted error counts the pair both ways round."""
    fluid, T, length = exact.SquareWellRods(), 0.5, 2.7

    def once(r):
        return float(np.exp(-well(min(r, length - r)) / T))

    def twice(r):
        return float(np.exp(-(well(r) + well(length - r)) / T))

    found = np.exp(fluid.log_q(2, length, T))
    assert found == pytest.approx(ring_of_two(length, once), rel=1e-9)
    assert found != pytest.approx(ring_of_two(length, twice), rel=0.1)


@pytest.mark.parametrize("length", [3.2, 4.3, 7.0])
def test_three_in_a_square_well(length):
    """The gaps g1, g2 and what is left: Q = L / 3 of the integral of three factors."""
    T, n = 0.7, 2800
    g = (np.arange(n) + 0.5) * length / n
    rest = length - g[:, None] - g
    factor = np.exp(-well(g) / T)
    last = np.where(rest > 0, np.exp(-well(np.where(rest > 0, rest, 1.0)) / T), 0.0)
    found = length / 3 * np.sum(factor[:, None] * factor * last) * (length / n) ** 2
    assert found == pytest.approx(np.exp(exact.SquareWellRods().log_q(3, length, T)), rel=5e-3)


def test_no_well_is_no_attraction():
    ring = exact.HardRods(boundary="ring")
    lengths = np.array([5.5, 9.0, 30.0])
    np.testing.assert_allclose(
        exact.SquareWellRods(depth=0.0).log_q(5, lengths), ring.log_q(5, lengths), rtol=1e-10
    )


# Neighbours.


def by_transform(n, length, temperature=1.0):
    """log Q of points between walls by the inverse of its Laplace transform, f(s)^(n-1) / s^2."""
    x, w = np.polynomial.legendre.leggauss(20)
    edges = np.concatenate([np.linspace(0.4, 4, 120), np.linspace(4, length, 300)[1:]])
    half = 0.5 * np.diff(edges)[:, None]
    r = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel()
    factor = (half * w).ravel() * np.exp(-lennard_jones(r) / temperature)

    def log_f(s):
        return np.log(np.exp(-np.multiply.outer(s, r)) @ factor + np.exp(-s * length) / s)

    def exponent(s):
        return (n - 1) * log_f(s) - 2 * np.log(s) + s * length

    saddle = optimize.minimize_scalar(
        lambda s: exponent(complex(s)).real, bounds=(0.02, 30), method="bounded"
    ).x
    omega = 0.02 * np.arange(-3000, 3001)
    parts = np.concatenate([exponent(saddle + 1j * part) for part in np.array_split(omega, 20)])
    most = parts.real.max()
    return most + np.log(np.exp(parts - most).sum().real * 0.02 / (2 * np.pi))


@pytest.mark.parametrize(("n", "length"), [(3, 10.0), (12, 20.0)])
def test_neighbours_by_the_inverse_transform(n, length):
    fluid = exact.NeighbourPoints(lennard_jones, 25.0)
    assert fluid.log_q(n, length) == pytest.approx(by_transform(n, length), abs=1e-9)


def test_two_neighbours_by_quadrature():
    fluid, T = exact.NeighbourPoints(lennard_jones, 9.0, attraction=2.0), 0.8
    value, _ = integrate.quad(
        lambda g: (6 - g) * np.exp(-lennard_jones(g) / T), 0.5, 6, epsabs=0, epsrel=1e-12
    )
    assert fluid.log_q(2, 6.0, T) == pytest.approx(np.log(value) + 2 * 2 / 6 / T, abs=1e-9)
    assert fluid.log_q(1, 6.0, T) == pytest.approx(np.log(6))
    assert fluid.log_q(5, 1.0) == -np.inf


def test_a_grid_half_as_fine_changes_nothing():
    """The sums converge faster than any power; with an end that is not corrected, as its square."""
    coarse, fine = (
        exact.NeighbourPoints(lennard_jones, 20.0, step=step).log_q(8, [9.0, 15.0, 20.0])
        for step in (0.02, 0.01)
    )
    np.testing.assert_allclose(coarse, fine, atol=1e-7)


# Joint distributions.


def test_the_ideal_gas_in_two_boxes():
    """P(N1) is uniform, and V1 / V given N1 has a beta distribution. Planted: without 1 / n!."""
    joint = exact.GibbsJoint(exact.IdealGas(), 10, 3.0)
    np.testing.assert_allclose(joint.number_probabilities(), 1 / 11, rtol=1e-12)
    edges = np.linspace(0, 3, 13)
    own = joint.bin_probabilities(edges)[4] * 11
    np.testing.assert_allclose(own, np.diff(stats.beta(5, 7).cdf(edges / 3)), atol=1e-12)

    class Labelled(exact.IdealGas):
        def _log_q(self, n, volume, temperature):
            return n * np.log(volume)

    labelled = exact.GibbsJoint(Labelled(), 10, 3.0).number_probabilities()
    assert labelled[0] > 100 * labelled[5]


def test_rods_in_two_boxes():
    joint = exact.GibbsJoint(exact.HardRods(), 10, 25.0)
    np.testing.assert_allclose(joint.number_probabilities(), 1 / 11, rtol=1e-12)
    log_z = 11 * np.log(15) - np.sum(np.log(np.arange(1, 11)))
    assert joint.log_z == pytest.approx(log_z, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "log_z", "densities"),
    [(20, 65.4672, (0.5618, 0.1295)), (60, 193.1068, None)],
)
def test_kac_rods_in_two_boxes(n, log_z, densities):
    fluid = exact.VanDerWaals()
    T = 0.8 * fluid.critical_temperature
    joint = exact.GibbsJoint(
        exact.HardRods(attraction=1.0), n, 2 * n / sum(fluid.coexistence(T)), T
    )
    assert joint.log_z == pytest.approx(log_z, abs=1e-4)
    if densities:
        assert joint.mean_densities == pytest.approx(densities, abs=1e-4)
        assert joint.volume == pytest.approx(55.2391, abs=1e-4)
    p = joint.bin_probabilities(np.linspace(0, joint.volume, 129))
    assert p.sum() == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(p, p[::-1, ::-1], rtol=1e-7, atol=1e-12)
    # One number of particles, by another quadrature.
    value, _ = integrate.quad(
        lambda v: np.exp(joint.log_density(3, v) - joint.log_z), 3, joint.volume - (n - 3)
    )
    assert joint.number_probabilities()[3] == pytest.approx(value, rel=1e-7)


def test_published_trials_of_neighbours_and_wells():
    wells = exact.GibbsJoint(exact.SquareWellRods(), 8, 24.0, 0.5)
    assert wells.log_z == pytest.approx(20.66492, abs=1e-5)
    fluid = exact.NeighbourPoints(lennard_jones, 33.0, attraction=3.0)
    assert exact.GibbsJoint(fluid, 12, 33.0).log_z == pytest.approx(35.9661, abs=1e-4)


def test_more_than_fit_are_refused():
    with pytest.raises(ValueError, match=r"volume must be above 10 for 10 particles, got 9"):
        exact.GibbsJoint(exact.HardRods(), 10, 9)


# Van der Waals.


def test_coexistence_has_equal_areas():
    """Maxwell: the integral of p dv over the loop is the pressure times the change of volume."""
    fluid = exact.VanDerWaals(2.0, 0.5)
    T = 0.85 * fluid.critical_temperature
    vapour, liquid = fluid.coexistence(T)
    p = float(fluid.pressure(vapour, T))
    area, _ = integrate.quad(lambda v: fluid.pressure(1 / v, T), 1 / liquid, 1 / vapour)
    assert fluid.pressure(liquid, T) == pytest.approx(p, rel=1e-9)
    assert area == pytest.approx(p * (1 / vapour - 1 / liquid), rel=1e-8)
    low, high = fluid.spinodal(T)
    assert vapour < low < fluid.critical_density < high < liquid
    with pytest.raises(ValueError, match="temperature must be below the critical one"):
        fluid.coexistence(1.1 * fluid.critical_temperature)


@pytest.mark.parametrize("ratio", [0.3, 0.7, 0.9, 0.95, 0.999])
def test_coexistence_near_and_far_from_the_critical_point(ratio):
    fluid = exact.VanDerWaals()
    T = ratio * fluid.critical_temperature
    vapour, liquid = fluid.coexistence(T)
    for of in (fluid.pressure, fluid.chemical_potential):
        assert of(vapour, T) == pytest.approx(of(liquid, T), rel=1e-6, abs=1e-9)


def test_rods_with_an_attraction_tend_to_van_der_waals():
    """-dF/dL of a large box, by a difference."""
    rods, fluid, T, n = exact.HardRods(attraction=1.0), exact.VanDerWaals(), 0.35, 4000
    length = n / 0.3
    slope = np.diff(rods.log_q(n, [length - 0.5, length + 0.5], T))[0] * T
    assert slope == pytest.approx(float(fluid.pressure(0.3, T)), rel=1e-3)
