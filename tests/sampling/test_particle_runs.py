"""Whole runs of particles: what is kept, what it costs, and what is exact.

Particles too small to meet leave a closed-form distribution of the dimer's length, as in
test_particles.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ive

from boltzmann_tf import estimators, sampling
from boltzmann_tf.systems import SolvatedDimer

SYSTEM = SolvatedDimer(diameter=1e-3, solvent=1, quadratic=5.0, quartic=2.0)
CENTRES = np.arange(0.7, 2.35, 0.1)
EDGES = np.linspace(0.3, 2.8, 51)


def exact(temperature=1.0):
    """F(d > 1.5) - F(d < 1.5)."""
    d = np.linspace(0.3, 2.8, 20_001)
    q = 2 * (d - SYSTEM.distance)
    u = SYSTEM.slope * q - SYSTEM.quadratic * q**2 + SYSTEM.quartic * q**4
    p = d * np.exp(-(u - u.min()) / temperature) * ive(0, SYSTEM.dimer_k * d**2 / 4 / temperature)
    return np.log(p[d < 1.5].sum() / p[d > 1.5].sum())


def start(n):
    return np.tile(SYSTEM.initial_state("closed"), (n, 1))


def test_a_chain_is_its_sweeps():
    options = {"system": SYSTEM, "step_size": 0.3, "temperature": np.linspace(1, 2, 5)}
    chain = sampling.particle_chain(start(5), 3, stride=2, burn_in=4, seed=7, **options)
    assert chain.x.shape == (5, 3, 6)
    state = sampling.particle_state(start(5), seed=7)
    state, _ = sampling.particle_sweeps(state, 4, **options)
    rates = []
    for draw in range(3):
        state, info = sampling.particle_sweeps(state, 2, **options)
        np.testing.assert_array_equal(chain.x[:, draw], state.x)
        rates.append(info.acceptance)
    np.testing.assert_array_equal(chain.state.rng, state.rng)
    np.testing.assert_allclose(chain.acceptance, np.mean(rates, axis=0))
    # Nothing is thrown away unless it is asked for.
    other = sampling.particle_chain(start(5), 2, seed=7, **options)
    first, _ = sampling.particle_sweeps(sampling.particle_state(start(5), seed=7), 1, **options)
    np.testing.assert_array_equal(other.x[:, 0], first.x)


def windows(**options):
    given = {"n_rounds": 100, "burn_in": 10, "n_ladders": 2, "n_sweeps": 3, "stiffness": 100.0}
    return sampling.umbrella_sampling(SYSTEM, CENTRES, seed=3, **given | options)


def test_an_umbrella_sampling_is_its_rounds_and_knows_its_cost():
    found = windows(temperatures=(2.0, 1.0))
    assert list(found) == [1.0, 2.0]
    options = {"system": SYSTEM, "centres": CENTRES, "stiffness": 100.0, "n_sweeps": 3}
    options["temperature"] = [2.0, 1.0, 2.0, 1.0]
    state = sampling.umbrella_state(SYSTEM, CENTRES, n_ladders=4, seed=3)
    state, _ = sampling.umbrella_rounds(state, 10, tune=True, **options)
    _, info = sampling.umbrella_rounds(state, 100, **options)
    for k, t in enumerate((2.0, 1.0)):
        np.testing.assert_array_equal(found[t].info.coordinate, info.coordinate[k::2])
        assert found[t].energy_evaluations == 3 * 110 * 17 * 2
    one = found[1.0]
    assert one.joined(EDGES).counts.sum() == 2 * 17 * 100
    first, last = one.halves(EDGES, n_blocks=4)
    both = np.sort(one.info.coordinate[..., :50].ravel())
    np.testing.assert_array_equal(first.counts, np.histogram(both, EDGES)[0])
    assert last.counts.sum() == 17 * 100
    tau = [estimators.autocorrelation_time(one.info.coordinate[:, k]) for k in range(17)]
    assert one.autocorrelation_time == max(tau)
    each = one.each(EDGES, n_blocks=5)
    assert [own.counts.sum() for own in each] == [17 * 100] * 2
    assert [len(own.replicas) for own in each] == [5, 5]


def test_cold_ladders_reach_up_to_where_the_surroundings_move():
    found = windows(temperatures=(0.5, 1.0), mobile=1.0, ratio=1.5)
    cold, warm = found.values()
    assert (warm.stiffness, cold.stiffness) == (100.0, 200.0)
    assert len(warm.centres) == 17
    np.testing.assert_allclose(cold.centres, np.linspace(CENTRES[0], CENTRES[-1], 24))
    assert np.all(np.isnan(warm.info.temperature_exchange))
    assert np.all(cold.info.temperature_exchange > 0.3)
    assert warm.energy_evaluations == 3 * 110 * 17 * 2
    # Of three temperatures, and an energy of each walker for the exchanges of a round.
    assert cold.energy_evaluations == 3 * (3 + 1) * 110 * 24 * 2
    assert found[1.0].info.coordinate.shape == (2, 17, 100)
    alone = windows(temperatures=(0.5,))[0.5]
    assert alone.stiffness == 100.0
    assert np.all(np.isnan(alone.info.temperature_exchange))


def test_umbrella_sampling_in_groups_is_exact():
    """Within seven stated errors of the closed form, as in test_umbrella_temperatures."""
    options = {"temperatures": (0.5, 0.7), "mobile": 0.8, "ratio": 1.4}
    found = windows(n_rounds=1500, n_ladders=4, **options)

    def score(own, temperature):
        value, error = own.joined(EDGES).free_energy_difference(1.5)
        assert error < 0.3
        return abs(value - exact(temperature)) / error

    assert max(score(own, t) for t, own in found.items()) < 7
    # Planted: one temperature taken for the other.
    assert score(found[0.5], 0.7) > 7


def exchanged(factors=(1.0, 0.5, 0.2), **options):
    ends = [SYSTEM.initial_state("closed" if k % 2 else "open") for k in range(16)]
    given = {"n_rounds": 300, "burn_in": 50, "n_sweeps": 2, "step_size": 0.4, "seed": 5}
    return sampling.hamiltonian_exchange(
        SYSTEM, ends, term="length", factors=factors, **given | options
    )


def test_hamiltonian_exchange_is_exact():
    """Within seven jackknife errors over 16 ladders: false alarm 5e-6 by Student's t of 15."""
    found = exchanged()
    assert found.coordinate.shape == found.energy.shape == (16, 3, 300)
    assert np.all(found.acceptance > 0.2)
    q = 2 * (found.coordinate - SYSTEM.distance)
    wanted = SYSTEM.slope * q - SYSTEM.quadratic * q**2 + SYSTEM.quartic * q**4
    np.testing.assert_allclose(found.energy, wanted, atol=1e-10)

    def score(factors):
        value, error = estimators.exchange_difference(
            found.coordinate, found.energy, factors, cut=1.5
        )
        assert error < 0.2
        return abs(value - exact()) / error

    assert score(found.factors) < 7
    assert score(found.factors**3) > 7  # planted: factors taken for one another


def test_hamiltonian_exchange_at_another_temperature():
    """Its energies are in kT there: as a ladder of 1 / T times the term's factors."""
    found = exchanged(temperature=2.0)
    value, error = estimators.exchange_difference(
        found.coordinate, found.energy, found.factors, left=(-np.inf, 1.5), right=(1.5, np.inf)
    )
    assert abs(value - exact(2.0)) < 7 * error
    assert abs(value - exact(1.0)) > 7 * error
    one = exchanged(burn_in=0, n_rounds=3, n_sweeps=1)
    assert one.coordinate.shape == (16, 3, 3)


def test_a_ladder_has_all_its_temperatures_and_no_step_too_wide():
    found = sampling.temperature_ladder((1.0, 0.5, 0.25), ratio=1.27)
    assert np.all(np.isin([0.25, 0.5, 1.0], found))
    assert len(found) == 7
    assert np.all(np.diff(found) > 0)
    assert np.max(found[1:] / found[:-1]) <= 1.27
    assert sampling.temperature_ladder([2.0]).tolist() == [2.0]
    with pytest.raises(ValueError, match="ratio must be above 1, got 0.9"):
        sampling.temperature_ladder([1.0, 2.0], ratio=0.9)
