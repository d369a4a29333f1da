"""Solvable nematics: Dawson's function, direct quadrature of small rings, derivatives, limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import dawsn

from boltzmann_tf.exact import FullyConnectedNematic, MaierSaupe, NematicChain
from boltzmann_tf.exact.nematic import bond_moments

MODELS = [
    NematicChain(2),
    NematicChain(10),
    NematicChain(7, coupling=1.5, periodic=True),
    FullyConnectedNematic(8),
    FullyConnectedNematic(16, coupling=2.0),
]


@pytest.mark.parametrize("K", [1e-3, 0.5, 1.0, 4.0, 30.0, 150.0])
def test_bond_by_dawsons_function(K):
    a = np.sqrt(1.5 * K)
    log_z, mean, variance = bond_moments(K)
    assert log_z == pytest.approx(K + np.log(dawsn(a) / a), rel=1e-10)
    assert mean == pytest.approx(0.75 / (a * dawsn(a)) - 0.5 - 0.5 / K, abs=1e-12 / K)
    step = 1e-3 * K
    slope = (bond_moments(K + step)[1] - bond_moments(K - step)[1]) / (2 * step)
    assert variance == pytest.approx(slope, rel=1e-4)


def test_known_values():
    log_z, mean, _ = bond_moments(1.0)
    assert log_z == pytest.approx(0.107607954663, abs=1e-12)
    assert mean == pytest.approx(0.220480782069, abs=1e-12)
    theory = MaierSaupe()
    assert theory.transition == pytest.approx(0.220193554924, abs=1e-12)
    assert theory.transition_order == pytest.approx(0.4290290257, abs=1e-10)
    assert theory.superheating == pytest.approx(0.22283339988, abs=1e-11)
    assert theory.supercooling == 0.2


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("temperature", [0.15, 0.8, 3.0])
def test_energy_and_heat_capacity_are_derivatives(model, temperature):
    def log_z(beta):
        return model.log_z(1 / beta)

    beta = 1 / temperature
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    step = 0.01 * beta
    slope = sum(w * log_z(beta + i * step) for i, w in enumerate(weights, -4)) / step
    assert model.energy(temperature) == pytest.approx(-slope, rel=1e-8)
    slope = sum(w * model.energy(1 / (beta + i * step)) for i, w in enumerate(weights, -4)) / step
    assert model.heat_capacity(temperature) == pytest.approx(-slope * beta**2, rel=1e-8)


def triangle(K, n=60):
    """Z / (4 pi)^3 of a ring of three, and its mean P2 over a bond, by quadrature of angles."""
    x, w = np.polynomial.legendre.leggauss(n)
    phi = 2 * np.pi * np.arange(2 * n) / (2 * n)
    a, b = x[:, None, None], x[None, :, None]
    third = a * b + np.sqrt((1 - a**2) * (1 - b**2)) * np.cos(phi)
    p = [1.5 * v**2 - 0.5 for v in (a, b, third)]
    weight = w[:, None, None] * w[None, :, None] / (8 * n) * np.exp(K * sum(p))
    return weight.sum(), (weight * p[2]).sum() / weight.sum()


@pytest.mark.parametrize("temperature", [0.4, 1.0])
def test_ring_of_three_by_direct_quadrature(temperature):
    z, mean = triangle(1 / temperature)
    ring = NematicChain(3, periodic=True)
    assert ring.log_z(temperature) == pytest.approx(np.log(z) + 3 * np.log(4 * np.pi), rel=1e-12)
    assert ring.correlation(1, temperature) == pytest.approx(mean, rel=1e-12)
    assert ring.correlation(2, temperature) == pytest.approx(mean, rel=1e-12)
    assert ring.energy(temperature) == pytest.approx(-3 * mean, rel=1e-12)
    # All with all, three spins: the same triangle with U / 3.
    full = FullyConnectedNematic(3, coupling=3.0)
    for name in ("log_z", "energy", "heat_capacity"):
        wanted = getattr(ring, name)(temperature)
        assert getattr(full, name)(temperature) == pytest.approx(wanted, rel=1e-11)
    assert full.pair_order(temperature) == pytest.approx(mean, rel=1e-11)


def test_correlations():
    """Powers of one bond in the open chain, which a long ring does not differ from."""
    chain, ring = NematicChain(40), NematicChain(40, periodic=True)
    q = bond_moments(1.0)[1]
    for r in (0, 1, 3, 6):
        assert chain.correlation(r, 1.0) == pytest.approx(q**r, rel=1e-12)
        assert ring.correlation(r, 1.0) == pytest.approx(q**r, rel=1e-9)
    assert ring.correlation(39, 0.2) == pytest.approx(ring.correlation(1, 0.2), rel=1e-11)


def test_all_with_all_becomes_mean_field():
    """Energy per spin within 3 / N of Maier and Saupe's on both sides of the transition."""
    theory = MaierSaupe()
    for n in (200, 800):
        model = FullyConnectedNematic(n)
        for t in (0.15, 0.2, 0.3):
            assert abs(model.energy(t) / n - theory.energy(t)) < 3 / n
    order = np.sqrt(FullyConnectedNematic(800).pair_order(0.15))
    assert order == pytest.approx(theory.order_parameter(0.15), abs=5e-3)


def test_phases_of_maier_and_saupe():
    theory = MaierSaupe(coupling=2.0)
    t = theory.transition
    assert theory.free_energy(t * (1 - 1e-9), phase="nematic") == pytest.approx(0, abs=1e-9)
    assert theory.order_parameter(t * (1 - 1e-9)) == pytest.approx(
        theory.transition_order, rel=1e-6
    )
    assert theory.order_parameter(t * (1 + 1e-9)) == 0
    assert theory.order_parameter(t * 1.005, phase="nematic") > 0.3
    assert theory.free_energy(t * 1.005, phase="nematic") > 0
    assert theory.free_energy(t * 0.9) < 0
    assert theory.order_parameter(theory.superheating * 1.001, phase="nematic") == 0
    # The entropy of the free energy is that of energy and free energy.
    h = 1e-5
    slope = (theory.free_energy(0.3 + h) - theory.free_energy(0.3 - h)) / (2 * h)
    assert theory.energy(0.3) == pytest.approx(theory.free_energy(0.3) - 0.3 * slope, rel=1e-7)
    # Self-consistent: S is the mean of P2 in its own field.
    s = theory.order_parameter(0.3)
    assert bond_moments(2.0 * s / 0.3)[1] == pytest.approx(s, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "heat", "temperature"),
    [
        (FullyConnectedNematic(3), 2.0, 0.004),
        (FullyConnectedNematic(8), 7.0, 0.002),
        (FullyConnectedNematic(16), 15.0, 0.008),
        (NematicChain(10), 9.0, 0.002),
        (NematicChain(3, periodic=True), 2.0, 0.002),
        (NematicChain(10, periodic=True), 9.0, 0.002),
    ],
    ids=repr,
)
def test_equipartition_in_the_cold(model, heat, temperature):
    """Two angles a vector but two of all, half a kT each: C = N - 1 + a T, with a below 2 N.

    Quadratures too coarse for the cold, and eigenvalues of a ring cut off, gave -1.6 for 7.
    """
    near = model.heat_capacity(temperature)
    assert abs(near - heat) < 2 * (heat + 1) * temperature
    # Without the linear term what is left is of second order.
    extrapolated = 2 * near - model.heat_capacity(2 * temperature)
    assert extrapolated == pytest.approx(heat, abs=50 * (heat + 1) * temperature**2)


def test_log_z_of_eight_with_all():
    """At the temperatures of the reproduction, by one panel of 32 nodes in the angle, to 1e-10."""
    model = FullyConnectedNematic(8)
    known = {
        0.15: 25.862661400604615,
        0.18: 23.66868334447934,
        0.2: 22.773463464414142,
        0.22: 22.161719999893084,
        0.25: 21.57413669248332,
        0.3: 21.05224032894198,
    }
    for t, log_z in known.items():
        assert model.log_z(t) == pytest.approx(log_z, abs=1e-10)


def test_the_first_power_would_be_found_out():
    """P1 on a bond, the planted error: Langevin's function, far from the mean of P2."""
    langevin = 1 / np.tanh(1.0) - 1
    assert abs(bond_moments(1.0)[1] - langevin) > 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NematicChain(1), "length"),
        (lambda: NematicChain(2, periodic=True), "length"),
        (lambda: NematicChain(4, coupling=0.0), "coupling"),
        (lambda: NematicChain(4).log_z(0.0), "temperature"),
        (lambda: NematicChain(4).correlation(4, 1.0), "distance must be less than length=4"),
        (lambda: FullyConnectedNematic(1), "spins"),
        (lambda: FullyConnectedNematic(4).energy(-1.0), "temperature"),
        (lambda: FullyConnectedNematic(8, 2.0).log_z(1e-3), "temperature must be at least"),
        (lambda: NematicChain(4, periodic=True).energy(1e-4), "temperature must be at least"),
        (lambda: NematicChain(4, periodic=True).correlation(1, 1e-4), "temperature must be at"),
        (lambda: MaierSaupe(-1.0), "coupling"),
        (lambda: MaierSaupe().order_parameter(0.0), "temperature"),
        (lambda: MaierSaupe().energy(0.1, phase="smectic"), "phase"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
