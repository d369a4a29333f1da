"""What `ising` measures: spins drawn from fields whose distribution is known."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import exact
from boltzmann_tf.reproductions.ising_model import measured
from boltzmann_tf.reproductions.ising_model.measured import DRAWS, draw, pooled, weigh
from boltzmann_tf.reproductions.ising_model.simulations import equilibrium_spins
from boltzmann_tf.systems import IsingField

T = 2.5
TORUS = exact.IsingTorus(4)
EXACT = np.array(
    [TORUS.mean_abs_magnetization(T), TORUS.energy(T) / 16, TORUS.heat_capacity(T) / 16]
)


@pytest.fixture(scope="module")
def fields():
    """Independent fields in equilibrium."""
    system = IsingField(4, T)
    return system, system.draw_field(equilibrium_spins(4, T, 8000, seed=3), seed=4)


def scores(found):
    return (found.averages.value - EXACT) / found.averages.standard_error


def test_averages_and_distribution_of_equilibrium_fields(fields):
    """Five standard errors for each of 20 numbers: a false alarm in 1e-5 of all runs."""
    system, x = fields
    found = weigh(system, T, draw(system, x, T, seed=5), np.zeros(len(x)))
    assert np.all(np.abs(scores(found)) < 5)
    assert found.ess == pytest.approx(1.0)
    assert found.log_z.value == pytest.approx(-system.log_z_offset())
    levels, share = found.distribution()
    known, probability = TORUS.magnetization_distribution(T)
    assert np.array_equal(levels, known)
    assert share.value.sum() == pytest.approx(1.0, abs=1e-5)
    visited = share.standard_error > 0
    deviation = (share.value - probability)[visited] / share.standard_error[visited]
    assert np.all(np.abs(deviation) < 5)


def test_a_factor_one_half_in_the_draw_is_noticed(fields):
    """The planted error: sigmoid(phi) for sigmoid(2 phi)."""
    system, x = fields
    spins = draw(system, x / 2, T, seed=5)
    assert np.max(np.abs(scores(weigh(system, T, spins, np.zeros(len(x)))))) > 10


def test_weights_move_the_averages_from_one_temperature_to_another(fields):
    """Weights of 1.1 T on fields of T: u(1.1 T) - u(T), and log Z differs as the exact ones do."""
    system, x = fields
    other = IsingField(4, 1.1 * T)
    log_weight = system.energy(x).numpy().astype(np.float64) - other.energy(x).numpy()
    found = weigh(other, 1.1 * T, draw(other, x, 1.1 * T, seed=6), log_weight)
    difference = found.log_z.value + system.log_z_offset()
    known = TORUS.log_z(1.1 * T) - TORUS.log_z(T)
    assert abs(difference - known) < 5 * found.log_z.standard_error
    assert found.averages.value[1] == pytest.approx(
        TORUS.energy(1.1 * T) / 16, abs=5 * found.averages.standard_error[1]
    )


def test_errors_count_fields_and_not_the_spins_drawn_from_them(fields, monkeypatch):
    """Many draws cannot bring the error below that of the conditional means of as many fields."""
    system, x = fields
    few = weigh(system, T, draw(system, x, T, seed=7), np.zeros(len(x)))
    monkeypatch.setattr(measured, "DRAWS", 4 * DRAWS)
    many = weigh(system, T, draw(system, x, T, seed=7), np.zeros(len(x)))
    ratio = many.averages.standard_error / few.averages.standard_error
    assert np.all(ratio > 0.8)  # of independent spins it would be 0.5


def test_pooled_temperatures_agree_with_the_exact_ones_and_help_the_cold_one():
    """Five standard errors for each of six numbers: a false alarm in 3e-6 of all runs."""
    found = {}
    for t in (1.6, 2.1):
        system = IsingField(4, t)
        x = system.draw_field(equilibrium_spins(4, t, 4000, seed=7), seed=8)
        found[t] = weigh(system, t, draw(system, x, t, seed=9), np.zeros(len(x)))
    together = pooled(found)
    for t, m in together.items():
        known = [TORUS.mean_abs_magnetization(t), TORUS.energy(t) / 16, TORUS.heat_capacity(t) / 16]
        assert np.all(np.abs(m.averages.value - known) < 5 * m.averages.standard_error)
    alone = found[1.6].averages.standard_error[2]
    assert together[1.6].averages.standard_error[2] < 0.8 * alone
