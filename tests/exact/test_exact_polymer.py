"""Chains: closed forms against each other, against independent samples, and known numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import iv

from boltzmann_tf import exact

BOND = exact.harmonic_bond(5.0, 1.5)


def lennard_jones(r):
    return 4 * (r**-12.0 - r**-6.0)


def test_known_numbers_of_a_harmonic_bond():
    chain = exact.IdealChain(10, BOND)
    assert chain.bond_moment(2) == pytest.approx(3.21735980258, abs=1e-10)
    assert chain.log_bond() == pytest.approx(3.54132768585, abs=1e-10)
    assert chain.periodic_bond_squared(5.0) == pytest.approx(3.18592875, abs=1e-8)
    assert chain.end_to_end_squared() == pytest.approx(9 * chain.bond_moment(2))
    assert chain.gyration_squared() == pytest.approx(chain.bond_moment(2) * 99 / 60)
    # Kremer and Grest's bonds, 0.97 long.
    fene = exact.IdealChain(2, kremer_grest)
    assert fene.bond_moment(1) == pytest.approx(0.9701, abs=1e-4)
    large = chain.log_z_periodic(40.0)
    assert large == pytest.approx(3 * np.log(40) + 9 * chain.log_bond(), abs=1e-9)


def kremer_grest(r):
    inside = np.maximum(1 - (r / 1.5) ** 2, 1e-300)
    spring = np.where(r < 1.5, -0.5 * 30 * 2.25 * np.log(inside), np.inf)
    return spring + np.where(r < 2 ** (1 / 6), lennard_jones(r) + 1, 0.0)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_gaussian_chain_is_an_ideal_one(dimension):
    t = 1.3
    rouse = exact.GaussianChain(5, 3.0, dimension=dimension)
    chain = exact.IdealChain(5, exact.harmonic_bond(3.0), dimension=dimension)
    for name in ("log_z", "end_to_end_squared", "gyration_squared"):
        assert getattr(rouse, name)(t) == pytest.approx(getattr(chain, name)(t), rel=1e-12)
    variance, r = 4 * t / 3.0, np.array([0.3, 1.0, 2.5])
    surface = {1: 2.0, 2: 2 * np.pi * r, 3: 4 * np.pi * r**2}[dimension]
    normal = surface * np.exp(-(r**2) / (2 * variance)) / (2 * np.pi * variance) ** (dimension / 2)
    np.testing.assert_allclose(chain.end_to_end_density(r, t), normal, atol=1e-13)


def test_the_density_of_the_ends():
    chain = exact.IdealChain(10, BOND)
    r = np.linspace(0, 25, 2001)
    density = chain.end_to_end_density(r)
    assert np.trapezoid(density, r) == pytest.approx(1, abs=1e-9)
    assert np.trapezoid(density * r**2, r) == pytest.approx(chain.end_to_end_squared(), rel=1e-9)
    edges = np.linspace(0, 12, 13)
    x = chain.sample(100_000)
    ends = np.linalg.norm(x[:, -1] - x[:, 0], axis=1)
    found = np.histogram(ends, edges)[0] / len(ends)
    p = chain.end_to_end_probabilities(edges)
    # One false alarm in 1e6 at 12 bins: 5.5 standard errors.
    assert np.max(np.abs(found - p) / np.sqrt(p / len(ends))) < 5.5
    # The power of the number of beads would be another density.
    wrong = exact.IdealChain(11, BOND).end_to_end_probabilities(edges)
    assert np.max(np.abs(found - wrong) / np.sqrt(p / len(ends))) > 10


def test_a_stiff_chain():
    """Against samples, and Langevin's and Bessel's functions for <cos>."""
    k = 2.0  # samples and moments share nothing but the tables of one bond and one angle
    chain = exact.IdealChain(6, BOND, bending=lambda c: k * (1 - c))
    assert chain.mean_cosine() == pytest.approx(1 / np.tanh(k) - 1 / k, abs=1e-12)
    flat = exact.IdealChain(6, BOND, bending=lambda c: k * (1 - c), dimension=2)
    assert flat.mean_cosine() == pytest.approx(iv(1, k) / iv(0, k), abs=1e-12)
    # log Z: bonds, and the mean of exp(-u) over directions, in space sinh(k) / k exp(-k).
    free = exact.IdealChain(6, BOND)
    bends = np.log(np.sinh(k) / k) - k
    assert chain.log_z() == pytest.approx(free.log_z() + 4 * bends, abs=1e-10)
    assert chain.mean_energy() == pytest.approx(
        free.mean_energy() + 4 * k * (1 - chain.mean_cosine()), abs=1e-10
    )
    x = chain.sample(40_000)
    squares = np.sum((x[:, -1] - x[:, 0]) ** 2, axis=1), np.sum(x.var(axis=1), axis=1)
    known = chain.end_to_end_squared(), chain.gyration_squared()
    for each, value in zip(squares, known, strict=True):
        assert abs(each.mean() - value) < 5 * each.std() / 200
    assert abs(squares[0].mean() - free.end_to_end_squared()) > 20 * squares[0].std() / 200


def test_mean_energies_are_slopes_of_log_z():
    h = 1e-4
    for chain in (
        exact.IdealChain(4, BOND),
        exact.IdealChain(4, BOND, bending=lambda c: 1.5 * (1 - c)),
        exact.IdealChain(4, kremer_grest),
    ):
        beta = chain.log_z(1 / (1.0 + h)) - chain.log_z(1 / (1.0 - h))
        assert -beta / (2 * h) == pytest.approx(chain.mean_energy(), abs=1e-6)


def test_a_gaussian_chain_between_walls():
    """In a narrow box V^n, in a wide one V Z; n = 2 by a closed form; ends are nearer to walls."""
    chain = exact.GaussianChain(6, 3.0)
    wide = 3 * np.log(400.0) + chain.log_z() + 1.5 * np.log(6)
    assert chain.log_z_in_box(400.0) == pytest.approx(wide, abs=0.05)
    assert chain.log_z_in_box(0.01) == pytest.approx(18 * np.log(0.01), abs=1e-3)
    side = 2.0
    x, w = np.polynomial.legendre.leggauss(60)
    x, w = 0.5 * side * (x + 1), 0.5 * side * w
    pair = np.log(np.sum(w[:, None] * w * np.exp(-1.5 * (x[:, None] - x) ** 2)))
    assert exact.GaussianChain(2, 3.0).log_z_in_box(side) == pytest.approx(3 * pair, abs=1e-10)
    place, end = chain.density_in_box(5.0, 0)
    _, middle = chain.density_in_box(5.0, 3)
    assert end[0] > middle[0]
    np.testing.assert_allclose(end, end[::-1], rtol=1e-9)
    assert place[0] > 0


def test_the_trimer():
    """The known number; a sum over samples of two bonds; without pairs the ideal chain."""
    trimer = exact.Trimer(BOND, lennard_jones)
    assert trimer.log_z() + trimer.log_jacobian == pytest.approx(7.6569, abs=5e-5)
    free = exact.IdealChain(3, BOND)
    none = exact.Trimer(BOND, np.zeros_like)
    assert none.log_z() == pytest.approx(free.log_z(), abs=1e-9)
    assert none.end_to_end_squared() == pytest.approx(free.end_to_end_squared(), abs=1e-9)
    x = free.sample(200_000)
    d = [np.linalg.norm(x[:, i] - x[:, j], axis=1) for i, j in ((0, 1), (1, 2), (0, 2))]
    for bonded in (True, False):
        known = exact.Trimer(BOND, lennard_jones, bonded=bonded)
        w = np.exp(-sum(lennard_jones(r) for r in (d if bonded else d[2:])))
        assert np.log(w.mean()) == pytest.approx(known.log_z() - free.log_z(), abs=0.02)
        assert np.average(d[2] ** 2, weights=w) == pytest.approx(
            known.end_to_end_squared(), rel=0.02
        )
    flat = exact.Trimer(BOND, np.zeros_like, dimension=2)
    assert flat.log_z() == pytest.approx(exact.IdealChain(3, BOND, dimension=2).log_z(), abs=1e-9)
