"""Work of switching terms on and off, against ratios of Gaussian partition functions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import estimators, sampling
from boltzmann_tf.potentials import CentreTether, LennardJones
from boltzmann_tf.systems import ParticleSystem

SOFT, STIFF = 1.0, 3.0
TRAPS = ParticleSystem(
    n=4,
    dimension=2,
    terms=[CentreTether(4, SOFT, name="soft"), CentreTether(4, STIFF, name="stiff")],
)
SHARE = np.linspace(0, 1, 41)
THERE = {"soft": 1 - SHARE, "stiff": SHARE}
BACK = {name: values[::-1] for name, values in THERE.items()}


def equilibrium(stiffness, temperature, seed, n=2000):
    x = np.random.default_rng(seed).standard_normal((n, 6)) * (temperature / stiffness) ** 0.5
    return sampling.particle_state(x, seed=seed)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_work_of_both_directions_gives_the_ratio(temperature):
    """log Z of a trap is 3 log(2 pi T / k): within 6 errors of each estimate, 2e-9."""
    run = {"system": TRAPS, "step_size": 1.0, "temperature": temperature}
    start = equilibrium(SOFT, temperature, 0)
    kept = start.x.copy()
    _, there = sampling.switch_particles(start, factors=THERE, **run)
    assert np.array_equal(start.x, kept)
    _, back = sampling.switch_particles(equilibrium(STIFF, temperature, 1), factors=BACK, **run)
    expected = -3 * np.log(STIFF / SOFT)
    for found, sign in (
        (estimators.log_z(-there.work), 1),
        (estimators.bar(there.work, back.work), -1),
    ):
        assert found.standard_error < 0.05
        assert found.value == pytest.approx(sign * expected, abs=6 * found.standard_error)
    assert 0.1 < there.acceptance.mean() < 0.9
    assert there.not_finite == 0


def test_end_is_in_equilibrium_where_walks_are_slow():
    """<k x^2> = T in each coordinate, within 6 errors, correlated by 6 at most."""
    slow = np.linspace(0, 1, 301)
    state, _ = sampling.switch_particles(
        equilibrium(SOFT, 1.0, 2),
        system=TRAPS,
        factors={"soft": 1 - slow, "stiff": slow},
        step_size=np.linspace(1.2, 0.7, 301),
    )
    square = np.mean(STIFF * state.x**2, axis=1)
    assert square.mean() == pytest.approx(1.0, abs=6 * square.std() / len(square) ** 0.5)


def test_a_single_step_costs_the_difference_of_energies():
    """Terms without factors keep theirs; of a change that is none, the work is none."""
    system = ParticleSystem(n=3, dimension=3, terms=[LennardJones(2.0), CentreTether(3, 0.7)])
    rng = np.random.default_rng(3)
    x = system.configuration(1.2 * np.eye(3) + 0.05 * rng.standard_normal((5, 3, 3)))
    lennard_jones, tether = system.moving_terms
    parts = {k: v.numpy() for k, v in system.term_energies(tf.constant(x)).items()}
    state = sampling.particle_state(x)
    run = {"system": system, "step_size": 0.1, "temperature": 1.6}
    _, info = sampling.switch_particles(state, factors={tether: [0.5, 2.0]}, **run)
    np.testing.assert_allclose(info.work, 1.5 * parts[tether] / 1.6, rtol=1e-12)
    _, info = sampling.switch_particles(state, factors={lennard_jones: [1.0, 1.0]}, **run)
    assert np.array_equal(info.work, np.zeros(5))
