"""The infinite Ising lattice: the integral, the elliptic forms and their limits at T_c."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ellipe, ellipk

from boltzmann_tf.exact import OnsagerIsing
from boltzmann_tf.exact.onsager import critical_temperature

LATTICE = OnsagerIsing()
T_C = critical_temperature()
CATALAN = 0.915965594177219015
TEMPERATURES = [0.1, 0.5, 1.2, 2.0, 2.25, T_C * (1 - 1e-6), T_C, T_C * (1 + 1e-6), 2.3, 4.0, 100.0]


def integral(temperature):
    """ln z by adaptive quadrature of Onsager's integral."""
    s, c = math.sinh(2 / temperature), math.cosh(2 / temperature)

    def integrand(w):
        # s^4 + 1 - 2 s² cos 2w without its cancellation.
        return math.log(c * c + math.hypot(s * s - 1, 2 * s * math.sin(w)))

    kinks = [10.0**-n for n in range(8)]
    total = quad(integrand, 0, math.pi / 2, points=kinks, epsabs=0, epsrel=1e-13, limit=500)[0]
    return 0.5 * math.log(2) + total / math.pi


def textbook(temperature):
    """Energy and heat capacity a site in the form of Onsager's paper, in J and k."""
    k = 1 / temperature
    coth = 1 / math.tanh(2 * k)
    modulus = 2 * math.sinh(2 * k) / math.cosh(2 * k) ** 2
    complement = 2 * math.tanh(2 * k) ** 2 - 1
    first, second = ellipk(modulus**2), ellipe(modulus**2)
    energy = -coth * (1 + 2 / math.pi * complement * first)
    bracket = (1 - complement) * (math.pi / 2 + complement * first)
    return energy, 2 / math.pi * (k * coth) ** 2 * (2 * first - 2 * second - bracket)


def slope(function, at, step):
    """First derivative by the central difference of eighth order."""
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    return sum(w * function(at + i * step) for i, w in enumerate(weights, -4)) / step


def test_critical_point():
    assert T_C == pytest.approx(2.269185314213022, abs=5e-16)
    assert LATTICE.critical_temperature == T_C
    assert LATTICE.log_z_per_site(T_C) == pytest.approx(0.92969539834161, abs=1e-14)
    exact = 0.5 * math.log(2) + 2 * CATALAN / math.pi
    assert LATTICE.log_z_per_site(T_C) == pytest.approx(exact, abs=1e-15)
    assert LATTICE.energy_per_site(T_C) == pytest.approx(-math.sqrt(2), abs=1e-15)
    assert LATTICE.heat_capacity_per_site(T_C) == math.inf
    assert LATTICE.magnetization(T_C) == 0.0
    assert OnsagerIsing(3.0).energy_per_site(3.0 * T_C) == pytest.approx(-3 * math.sqrt(2))


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_log_z_against_the_integral(temperature):
    assert LATTICE.log_z_per_site(temperature) == pytest.approx(integral(temperature), rel=2e-13)
    assert LATTICE.free_energy_per_site(temperature) == pytest.approx(
        -temperature * integral(temperature), rel=2e-13
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5, 2.0, 2.2, 2.26, 2.28, 2.5, 4.0, 10.0])
def test_energy_and_heat_capacity_against_the_textbook(temperature):
    energy, capacity = textbook(temperature)
    assert LATTICE.energy_per_site(temperature) == pytest.approx(energy, rel=1e-13)
    assert LATTICE.heat_capacity_per_site(temperature) == pytest.approx(capacity, rel=3e-11)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.8, 2.2, 2.35, 3.0, 9.0, 100.0])
def test_energy_and_heat_capacity_against_differences(temperature):
    step = 0.01 * min(temperature, abs(temperature - T_C))
    energy = temperature**2 * slope(LATTICE.log_z_per_site, temperature, step)
    assert LATTICE.energy_per_site(temperature) == pytest.approx(energy, rel=1e-8)
    capacity = slope(LATTICE.energy_per_site, temperature, step)
    assert LATTICE.heat_capacity_per_site(temperature) == pytest.approx(
        capacity, rel=1e-9, abs=1e-11
    )


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("distance", [1e-12, 1e-9, 1e-7])
def test_singularity(side, distance):
    # McCoy and Wu, The Two-Dimensional Ising Model: the leading terms of C and, integrated, of u.
    t = (T_C * (1 + side * distance) - T_C) / T_C
    amplitude = 2 / math.pi * math.asinh(1) ** 2
    constant = math.log(math.sqrt(2) * T_C) - 1 - math.pi / 4
    capacity = amplitude * (constant - math.log(abs(t)))
    temperature = T_C * (1 + side * distance)
    assert LATTICE.heat_capacity_per_site(temperature) == pytest.approx(capacity, rel=1e-5)
    energy = T_C * t * amplitude * (constant + 1 - math.log(abs(t)))
    gap = LATTICE.energy_per_site(temperature) + math.sqrt(2)
    assert gap == pytest.approx(energy, rel=1e-5, abs=4e-16)


def test_limits_of_low_and_high_temperature():
    # Single flips of the ground state; the first terms of the high-temperature series.
    assert LATTICE.heat_capacity_per_site(0.1) == pytest.approx(6400 * math.exp(-80), rel=1e-13)
    assert LATTICE.energy_per_site(0.1) == -2.0
    assert LATTICE.log_z_per_site(1e-3) == pytest.approx(2000.0, rel=1e-15)
    assert LATTICE.energy_per_site(1e4) == pytest.approx(-2e-4 * (1 + 5e-8 / 3), rel=1e-13)
    assert LATTICE.heat_capacity_per_site(1e4) == pytest.approx(2e-8 * (1 + 5e-8), rel=1e-13)
    assert LATTICE.heat_capacity_per_site(1e-300) == 0.0
    assert LATTICE.energy_per_site(1e300) == pytest.approx(0.0, abs=1e-200)


def test_magnetization():
    for temperature in (0.5, 1.0, 2.0, 2.26):
        yang = (1 - math.sinh(2 / temperature) ** -4) ** 0.125
        assert LATTICE.magnetization(temperature) == pytest.approx(yang, rel=1e-12)
    assert LATTICE.magnetization(2.3) == 0.0
    # (T_c - T)^(1/8): sixteen orders nearer, a hundredth of it.
    ratio = LATTICE.magnetization(T_C * (1 - 1e-12)) / LATTICE.magnetization(T_C * (1 - 1e-4))
    assert ratio == pytest.approx(0.1, rel=1e-3)
