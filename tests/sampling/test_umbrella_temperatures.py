"""Umbrella sampling at several temperatures that exchange configurations, against exact answers.

As in test_particles: particles too small to meet leave a closed-form distribution of the length.
"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import ive

from boltzmann_tf import estimators, sampling
from boltzmann_tf.sampling.particles import umbrella as module
from boltzmann_tf.systems import SolvatedDimer

CENTRES = np.arange(0.7, 2.35, 0.1)
EDGES = np.linspace(0.3, 2.8, 51)
TEMPERATURES = (0.5, 0.7, 1.0)
STIFFNESS = 100.0
SYSTEM = SolvatedDimer(diameter=1e-3, solvent=1, quadratic=5.0, quartic=2.0)


def exact(temperature):
    """F(d > 1.5) - F(d < 1.5)."""
    d = np.linspace(0.3, 2.8, 20_001)
    q = 2 * (d - SYSTEM.distance)
    u = SYSTEM.slope * q - SYSTEM.quadratic * q**2 + SYSTEM.quartic * q**4
    p = d * np.exp(-(u - u.min()) / temperature)
    p *= ive(0, SYSTEM.dimer_k * d**2 / 4 / temperature)
    return np.log(p[d < 1.5].sum() / p[d > 1.5].sum())


def run(rounds, *, groups=4, levels=3, seed=0, burn_in=100):
    options = {
        "system": SYSTEM,
        "centres": CENTRES,
        "stiffness": STIFFNESS,
        "temperature": np.tile(TEMPERATURES, groups),
        "n_sweeps": 1,
        "levels": levels,
    }
    state = sampling.umbrella_state(SYSTEM, CENTRES, n_ladders=3 * groups, seed=seed)
    state, _ = sampling.umbrella_rounds(state, burn_in, tune=True, **options)
    return sampling.umbrella_rounds(state, rounds, **options)


def scores():
    """Deviations from the exact differences in stated errors, at each temperature."""
    _, info = run(2000)
    found = []
    for k, t in enumerate(TEMPERATURES):
        own = estimators.umbrella_histogram(
            info.distance[k :: len(TEMPERATURES)], CENTRES, STIFFNESS, edges=EDGES
        )
        value, error = own.free_energy_difference(1.5)
        assert error < 0.3
        found.append((value - exact(t)) / error)
    return np.array(found), info


def test_exchange_leaves_every_temperature_as_it_is():
    """Within seven stated errors of the closed form at each temperature.

    Errors are at least those over 40 blocks: false alarm 3 * 2e-8 by Student's t of 39.
    """
    deviations, info = scores()
    assert np.all(np.abs(deviations) < 7)
    rates = info.temperature_exchange.reshape(-1, 3)
    assert np.all(np.isnan(rates[:, 2]))
    assert np.all(rates[:, :2] > 0.3)


def test_exchange_that_asks_for_no_energies_is_noticed(monkeypatch):
    """The planted error: every exchange accepted."""
    monkeypatch.setattr(module, "particle_energies", lambda x, system: np.zeros(len(x)))
    deviations, info = scores()
    assert np.nanmin(info.temperature_exchange) == 1
    assert np.max(np.abs(deviations)) > 7


def test_a_run_with_temperatures_is_the_same_in_one_call_and_in_two():
    options = {"system": SYSTEM, "centres": CENTRES, "n_sweeps": 1, "levels": 2,
               "temperature": [0.5, 0.6]}  # fmt: skip
    state = sampling.umbrella_state(SYSTEM, CENTRES, n_ladders=2, seed=3)
    before = state.particles.x.copy()
    whole, info = sampling.umbrella_rounds(state, 7, **options)
    assert np.array_equal(state.particles.x, before)
    first, one = sampling.umbrella_rounds(state, 4, **options)
    both, two = sampling.umbrella_rounds(first, 3, **options)
    assert np.array_equal(whole.particles.x, both.particles.x)
    assert np.array_equal(info.distance, np.concatenate([one.distance, two.distance], axis=2))


def test_groups_do_not_meet():
    options = {"system": SYSTEM, "centres": CENTRES, "n_sweeps": 1, "levels": 2}
    state = sampling.umbrella_state(SYSTEM, CENTRES, n_ladders=4, seed=3)
    _, info = sampling.umbrella_rounds(state, 20, temperature=[0.5, 0.6, 5.0, 6.0], **options)
    assert np.all(np.isnan(info.temperature_exchange[1::2]))
    assert np.all(info.temperature_exchange[::2] > 0.2)


@pytest.mark.parametrize("solvent", [1, 36])
def test_energies_are_those_of_the_system(solvent):
    system = SolvatedDimer(solvent=solvent)
    noise = np.random.default_rng(0).standard_normal((5, system.event_size))
    x = system.initial_state("open") + 0.1 * noise
    x[0, 5] = 4.0  # beyond the wall
    wanted = system.energy(tf.constant(x)).numpy()
    np.testing.assert_allclose(sampling.particle_energies(x, system), wanted, rtol=1e-12)
    x[1, :2] = x[1, 4:6]
    assert np.isposinf(sampling.particle_energies(x, system)[1])


def test_levels_must_divide_the_ladders():
    state = sampling.umbrella_state(SYSTEM, CENTRES, n_ladders=3)
    with pytest.raises(ValueError, match="levels must divide the 3 ladders of this state, got 2"):
        sampling.umbrella_rounds(state, 1, system=SYSTEM, centres=CENTRES, levels=2)
