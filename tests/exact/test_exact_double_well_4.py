"""Quadrature of DW4 against sampling, thermodynamics, finer grids and an independent trial."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import exact
from boltzmann_tf.exact import double_well_4

DW4 = exact.DoubleWell4()


def test_log_z_by_importance_sampling():
    """Three particles drawn about the first by the energy of their pairs with it; 6 errors, 2e-9.

    Z = 1/4 (2 pi C)^3 <exp(-v_23 - v_24 - v_34)>, C the integral of r exp(-v(r)).
    """
    n, rng = 400_000, np.random.default_rng(0)
    r = np.linspace(0.5, 7.5, 20_001)
    density = r * np.exp(-DW4.pair_energy(r))
    below = np.cumsum(density)
    radius = np.interp(rng.uniform(0, below[-1], (3, n)), below, r)
    p = radius * np.exp(1j * rng.uniform(0, 2 * np.pi, (3, n)))
    between = [abs(p[i] - p[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    weight = np.exp(-sum(DW4.pair_energy(d) for d in between))
    error = weight.std() / weight.mean() / n**0.5
    volume = (2 * np.pi * np.trapezoid(density, r)) ** 3
    found = np.log(volume / 4 * weight.mean())
    assert 0 < error < 0.02
    assert found == pytest.approx(DW4.log_z(), abs=6 * error)
    # Planted: the volume of relative positions, or of one dimension, in place of orthonormal ones.
    for wrong in (1, 1 / 2):
        assert abs(np.log(volume * wrong * weight.mean()) - DW4.log_z()) > 6 * error


def test_values_of_an_independent_trial():
    """Annealing and Hamiltonian Monte Carlo in JAX: 29.68(2), -22.540(2)."""
    assert DW4.log_z() == pytest.approx(29.68, abs=0.02)
    assert DW4.mean_energy() == pytest.approx(-22.540, abs=0.002)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_energy_is_the_derivative_of_log_z(temperature):
    step = 1e-3 * temperature
    at = [DW4.log_z(temperature + k * step) for k in (-2, -1, 1, 2)]
    slope = np.dot([1, -8, 8, -1], at) / (12 * step)
    assert temperature**2 * slope == pytest.approx(DW4.mean_energy(temperature), rel=1e-8)


def test_a_finer_grid_gives_the_same(monkeypatch):
    edges = np.linspace(0, 8, 41)
    coarse = DW4.log_z(), DW4.mean_energy(), DW4.pair_probabilities(edges)
    monkeypatch.setattr(double_well_4, "_SPACING", 0.25)
    double_well_4._table.cache_clear()
    try:
        assert DW4.log_z() == pytest.approx(coarse[0], abs=1e-10)
        assert DW4.mean_energy() == pytest.approx(coarse[1], abs=1e-8)
        np.testing.assert_allclose(DW4.pair_probabilities(edges), coarse[2], atol=1e-6)
        # A grid too coarse is seen.
        monkeypatch.setattr(double_well_4, "_SPACING", 1.5)
        double_well_4._table.cache_clear()
        assert abs(DW4.log_z() - coarse[0]) > 1e-6
    finally:
        double_well_4._table.cache_clear()


def test_distances_have_the_energy():
    edges = np.linspace(0.5, 8, 3001)
    p = DW4.pair_probabilities(edges)
    assert p.sum() == pytest.approx(1, abs=1e-12)
    middle = 0.5 * (edges[1:] + edges[:-1])
    assert 6 * p @ DW4.pair_energy(middle) == pytest.approx(DW4.mean_energy(), abs=1e-3)
    wide = DW4.pair_probabilities(edges[::60])
    np.testing.assert_allclose(wide, p.reshape(-1, 60).sum(axis=1), atol=1e-12)
    assert DW4.pair_probabilities([20.0, 30.0]) == [0]


def test_scales_of_length_and_temperature():
    """Lengths twice as large: Z 2^6 times as large; energies and temperature twice: the same."""
    wide = exact.DoubleWell4(0.9 / 16, 1.0, 8.0)
    assert wide.log_z() == pytest.approx(DW4.log_z() + 6 * np.log(2), abs=1e-9)
    deep = exact.DoubleWell4(1.8, 8.0)
    assert deep.log_z(2.0) == pytest.approx(DW4.log_z(), abs=1e-9)


def test_particles_that_pass_through_each_other_are_refused():
    with pytest.raises(ValueError, match=r"temperature must be at most 6\.8.*got 7\.0"):
        DW4.log_z(7.0)
