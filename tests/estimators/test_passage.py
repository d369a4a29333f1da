"""First-passage times against closed forms; the rectangle rule is of first order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from boltzmann_tf.estimators import mean_first_passage_time

D = 0.3


def extrapolated(free_energy, low, target, **options):
    """From two spacings, what the rule of first order goes to; and the finer value itself."""
    values = []
    for n in (20_000, 40_000):
        x = np.linspace(low, target, n + 1)
        values.append(mean_first_passage_time(x, free_energy(x), target, diffusion=D, **options))
    return 2 * values[1] - values[0], values[1]


def test_a_flat_profile():
    """From a reflecting end over a length L: L^2 / 2 D, and exactly L (L + w) / 2 D in steps of w.

    From further on, (L^2 - start^2) / 2 D.
    """
    x = np.linspace(0, 3, 3001)
    found = mean_first_passage_time(x, np.full(3001, -7.0), 2.0, diffusion=D)
    assert found == pytest.approx(2.0 * 2.001 / (2 * D), rel=1e-9)
    later = mean_first_passage_time(x, np.zeros(3001), 2.0, diffusion=D, start=1.0)
    assert later == pytest.approx((2.0 * 2.001 - 1.0 * 1.001) / (2 * D), rel=1e-9)
    # Twice as fast, half the time.
    assert mean_first_passage_time(x, np.zeros(3001), 2.0, diffusion=2 * D) == pytest.approx(
        found / 2
    )


@pytest.mark.parametrize("slope", [-4.0, 2.0])
def test_a_constant_force(slope):
    """F = s r, by hand: (exp(s L) - 1) / s^2 - L / s, over D; against the force and with it."""
    exact = (np.expm1(slope * 1.5) / slope**2 - 1.5 / slope) / D
    found, fine = extrapolated(lambda x: slope * x, 0.0, 1.5)
    assert found == pytest.approx(exact, rel=1e-6)
    assert fine == pytest.approx(exact, rel=1e-3)
    # The planted error: the force turned round.
    other, _ = extrapolated(lambda x: -slope * x, 0.0, 1.5)
    assert abs(other / exact - 1) > 0.5


def test_a_harmonic_well():
    """F = k r^2 / 2 from its bottom: sqrt(2 pi / k) / D times the integral of exp(F) Phi."""
    k, target = 3.0, 1.6
    exact = integrate.quad(
        lambda y: np.exp(0.5 * k * y * y) * special.ndtr(np.sqrt(k) * y), 0.0, target
    )[0]
    exact *= np.sqrt(2 * np.pi / k) / D
    found, fine = extrapolated(lambda x: 0.5 * k * x * x, -6.0, target, start=0.0)
    assert found == pytest.approx(exact, rel=1e-5)
    assert fine == pytest.approx(exact, rel=3e-3)
    # The planted error: without the way back to the left of the bottom.
    short, _ = extrapolated(lambda x: 0.5 * k * x * x, 0.0, target)
    assert short < 0.8 * exact


def test_a_barrier_costs_its_exponential():
    """Kramers: 2 pi / (D sqrt(k_well k_top)) exp(height), from the left well of a quartic."""
    height = 12.0
    x = np.linspace(-1.8, 1.0, 28_001)
    found = mean_first_passage_time(x, height * (x * x - 1) ** 2, 1.0, diffusion=D, start=-1.0)
    kramers = 2 * np.pi / (D * height * np.sqrt(8 * 4)) * np.exp(height)
    assert found == pytest.approx(kramers, rel=0.1)  # to first order in 1 / height
