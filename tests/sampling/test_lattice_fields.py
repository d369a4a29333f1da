"""Between Ising spins and fields whose distribution is known: data, and averages of spins drawn."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import exact, sampling
from boltzmann_tf.generator import Samples
from boltzmann_tf.sampling import equilibrium_fields, pooled_averages, spins_of_fields
from boltzmann_tf.systems import IsingField

T = 2.5
TORUS = exact.IsingTorus(4)


def known(t):
    return np.array(
        [TORUS.energy_per_site(t), TORUS.mean_abs_magnetization(t), TORUS.heat_capacity_per_site(t)]
    )


def as_samples(x, log_weight=None):
    nothing = np.zeros(len(x))
    weight = nothing if log_weight is None else log_weight
    return Samples(x.reshape(len(x), -1), x, nothing, nothing, weight)


def scores(averages, t=T):
    value, error = np.array(averages[:3]).T
    return (value - known(t)) / error


@pytest.fixture(scope="module")
def fields():
    """Independent fields in equilibrium."""
    system = IsingField(4, T)
    return system, equilibrium_fields(system, 8000, seed=3)


def test_averages_and_distribution_of_equilibrium_fields(fields):
    """Five standard errors for each of 20 numbers: a false alarm in 1e-5 of all runs."""
    system, x = fields
    found = spins_of_fields(system, as_samples(x), seed=5)
    assert np.all(np.abs(scores(found.averages())) < 5)
    assert found.ess == pytest.approx(1.0)
    assert found.log_z.value == pytest.approx(-system.log_z_offset())
    assert found.averages().free_energy.value == pytest.approx(T * system.log_z_offset() / 16)
    levels, share = found.distribution()
    wanted, probability = TORUS.magnetization_distribution(T)
    assert np.array_equal(levels, wanted)
    assert share.value.sum() == pytest.approx(1.0)
    visited = share.standard_error > 0
    deviation = (share.value - probability)[visited] / share.standard_error[visited]
    assert np.all(np.abs(deviation) < 5)
    assert found.spins.shape == (8000, 4, 4)
    assert found.energy.shape == found.magnetization.shape == (8000, 8)
    first = sampling.lattice_observables(found.spins)
    np.testing.assert_array_equal(first, [-found.energy[:, 0], found.magnetization[:, 0]])


def test_a_factor_one_half_in_the_draw_is_noticed(fields):
    """The planted error: sigmoid(phi) for sigmoid(2 phi)."""
    system, x = fields
    found = spins_of_fields(system, as_samples(x / 2), seed=5)
    assert np.max(np.abs(scores(found.averages()))) > 10


def test_too_few_updates_are_noticed():
    """The planted error: spins that still remember their random start."""
    system = IsingField(4, T)
    found = spins_of_fields(system, as_samples(equilibrium_fields(system, 8000, updates=1, seed=3)))
    assert np.max(np.abs(scores(found.averages()))) > 10


def test_weights_move_the_averages_from_one_temperature_to_another(fields):
    """Weights of 1.1 T on fields of T: u(1.1 T) - u(T), and log Z differs as the exact ones do."""
    system, x = fields
    other = IsingField(4, 1.1 * T)
    log_weight = system.energy(x).numpy().astype(np.float64) - other.energy(x).numpy()
    found = spins_of_fields(other, as_samples(x, log_weight), seed=6)
    difference = found.log_z.value + system.log_z_offset()
    assert abs(difference - TORUS.log_z(1.1 * T) + TORUS.log_z(T)) < 5 * found.log_z.standard_error
    assert np.all(np.abs(scores(found.averages(), 1.1 * T)) < 5)


def test_errors_count_fields_and_not_the_spins_drawn_from_them(fields):
    """Many draws cannot bring the error below that of the conditional means of as many fields."""
    system, x = fields
    few, many = (
        np.array(spins_of_fields(system, as_samples(x), draws=n, seed=7).averages()[:3])[:, 1]
        for n in (8, 32)
    )
    assert np.all(many / few > 0.8)  # of independent spins it would be 0.5


@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_pooled_temperatures_agree_with_the_exact_ones_and_help_the_cold_one(factor):
    """Five standard errors for each of six numbers: a false alarm in 3e-6 of all runs.

    Of fields at the temperatures themselves, and at others with weights.
    """
    temperatures, found = (1.6, 2.1), []
    for i, t in enumerate(temperatures):
        system, other = IsingField(4, t), IsingField(4, factor * t)
        x = equilibrium_fields(other, 4000, seed=7 + i)
        log_weight = other.energy(x).numpy().astype(np.float64) - system.energy(x).numpy()
        found.append(spins_of_fields(system, as_samples(x, log_weight), seed=9 + i))
    together = pooled_averages(found)
    for t, averages in zip(temperatures, together, strict=True):
        assert np.all(np.abs(scores(averages, t)) < 5)
    alone = found[0].averages()
    assert together[0].free_energy == alone.free_energy
    assert together[0].heat_capacity.standard_error < 0.8 * alone.heat_capacity.standard_error


def test_fields_at_a_temperature_each():
    """Energies of halves at two temperatures, within five errors."""
    system, t = IsingField(4, (1.5, 3.5)), np.repeat([1.7, 3.2], 3000)
    x = equilibrium_fields(system, 6000, temperature=t, seed=2)
    for half, one in ((x[:3000], 1.7), (x[3000:], 3.2)):
        found = spins_of_fields(system, as_samples(half), temperature=one, seed=1)
        assert np.all(np.abs(scores(found.averages(), one)) < 5)
    # Of the same noise, spins follow the field at their own temperature.
    spins = system.draw_spins(x, temperature=t, draws=2, seed=4)
    assert spins.shape == (6000, 2, 4, 4)
    half, hot = (system.draw_spins(x[:3000], temperature=one, seed=4) for one in (1.7, 3.2))
    # But for a spin whose noise is on the edge: threads add up a field in any order.
    assert np.mean(spins[:, 0] != system.draw_spins(x, temperature=t, seed=4)) < 1e-4
    assert np.mean(spins[:3000, 0] != half) < 1e-4 < np.mean(half != hot)


def test_coupling_and_field_are_those_of_the_system():
    system = IsingField(3, 2.0, coupling=1.5, field=0.4)
    x = np.random.default_rng(0).standard_normal((50, 3, 3)).astype(np.float32)
    found = spins_of_fields(system, as_samples(x), draws=2, seed=1)
    wanted = system.spins.energy(found.spins.astype(np.float32))
    np.testing.assert_allclose(found.energy[:, 0], wanted, rtol=1e-6)
    with pytest.raises(ValueError, match=r"field must be 0"):
        equilibrium_fields(system, 4)
