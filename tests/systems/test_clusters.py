"""Four particles with two lengths a pair (DW4), and Lennard-Jones clusters (LJ13)."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from boltzmann_tf import BoltzmannGenerator, estimators, realnvp, sampling
from boltzmann_tf.potentials import LennardJones, Pairs, Periodic
from boltzmann_tf.systems import DoubleWell4, LennardJonesCluster, ParticleSystem

LOWEST = -44.326801  # epsilon, of 13 particles: Hoare and Pal, Adv. Phys. 20, 161 (1971)


def energy(system, positions):
    return system.energy(tf.constant(system.configuration(positions)[None])).numpy()[0]


def line(*places):
    return [[p, 0.0] for p in places]


# Energies by hand, each pair once.


@pytest.mark.parametrize(
    ("positions", "parameters", "value"),
    [
        # distances 4, 4, 4, 8, 8, 12: 2 (0.9 4^4 - 4 4^2) + 0.9 8^4 - 4 8^2
        (line(0, 4, 8, 12), {}, 2 * 166.4 + 3430.4),
        # a square of side 4, whose diagonals are longer by q = 4 (sqrt 2 - 1)
        ([[0, 0], [4, 0], [4, 4], [0, 4]], {}, 2 * (0.9 * 7.5359364 - 4 * 2.7451660)),
        # distances 1, 1, 1, 2, 2, 3 with d - 2 = -1, -1, -1, 0, 0, 1
        (line(5, 6, 7, 8), {"quartic": 3.0, "quadratic": 0.5, "distance": 2.0}, 4 * 2.5),
    ],
)
def test_dw4_by_hand(positions, parameters, value):
    assert energy(DoubleWell4(**parameters), positions) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("places", "parameters", "value"),
    [
        # one pair at its minimum: -epsilon, and half a unit from the centre each
        ([0, 1], {}, -2 + 0.5 * 2 * 0.25),
        ([0, 2], {"r_m": 2.0, "tether": 0.0}, -2),
        ([0, 2], {"epsilon": 1.0, "tether": 3.0}, 2.0**-12 - 2 * 2.0**-6 + 1.5 * 2),
        ([0, 1, 2], {}, 2 * -2 + 2 * (2.0**-12 - 2 * 2.0**-6) + 0.5 * 2),
    ],
)
def test_cluster_by_hand(places, parameters, value):
    system = LennardJonesCluster(len(places), **parameters)
    r = np.zeros((len(places), 3))
    r[:, 1] = places
    assert energy(system, r) == pytest.approx(value, abs=1e-12)


def test_pairs_counted_twice_would_be_seen():
    """Planted: the form of some codes, in which epsilon = 1 is what is 2 here."""
    r = np.diag([1.0, 2.0, 3.0])
    once = energy(LennardJonesCluster(3, tether=0.0), r)
    assert energy(LennardJonesCluster(3, epsilon=1.0, tether=0.0), r) == pytest.approx(once / 2)


@pytest.mark.parametrize("system", [DoubleWell4(), LennardJonesCluster(5)])
def test_particles_are_alike_and_space_has_no_direction(system):
    rng = np.random.default_rng(1)
    r = system.positions(system.initial_state(next(iter(system.initial_states)))).numpy()
    r = r + 0.1 * rng.standard_normal(r.shape)
    turn = np.linalg.qr(rng.standard_normal((system.dimension,) * 2))[0]
    moved = r[rng.permutation(system.n)] @ turn + 3.0
    assert energy(system, moved) == pytest.approx(energy(system, r), rel=1e-12)
    assert abs(energy(system, 1.001 * moved) - energy(system, r)) > 1e-6  # but a length


# States and observables.


def test_lowest_energy_of_thirteen_by_minimisation():
    system = LennardJonesCluster(tether=0.0)

    @tf.function
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = system.energy(x[None])[0]
        return u, tape.gradient(u, x)

    def least(x):
        def function(x):
            return [v.numpy() for v in both(tf.constant(x))]

        return minimize(function, x, jac=True, method="L-BFGS-B", options={"ftol": 1e-14}).fun

    ideal = system.initial_state("icosahedron")
    assert energy(system, system.positions(ideal)) == pytest.approx(2 * LOWEST, abs=1e-6)
    assert np.abs(both(tf.constant(ideal))[1]).max() < 1e-10
    rng = np.random.default_rng(2)
    near = least(ideal + 0.1 * rng.standard_normal(36))
    assert near == pytest.approx(2 * LOWEST, abs=1e-6)
    assert least(0.9 * rng.standard_normal(36)) > near - 1e-6
    # A tether pulls it together: the lowest energy of the benchmark lies above.
    tethered = LennardJonesCluster()
    assert energy(tethered, tethered.positions(ideal)) > 2 * LOWEST + 5


def test_states_of_dw4_have_their_long_pairs():
    system = DoubleWell4()
    found = {
        name: float(system.observables["long pairs"](tf.constant(system.initial_state(name))))
        for name in system.initial_states
    }
    assert found == {"rectangle": 4, "rhombus": 1, "star": 3}


def test_distances_of_pairs_and_gyration():
    system = LennardJonesCluster(3)
    x = system.configuration([[0, 0, 0], [3, 0, 0], [0, 4, 0]])[None]
    np.testing.assert_allclose(system.pair_distances(x), [[3, 4, 5]])
    # (9 + 16 + 25) / 9, from all pairs
    np.testing.assert_allclose(system.radius_of_gyration(x), [np.sqrt(50) / 3])
    assert np.sum(x**2) == pytest.approx(3 * 50 / 9)
    wrapped = ParticleSystem(
        n=2, dimension=1, terms=[LennardJones(cut=1.0)], box=Periodic(10.0)
    ).pair_distances(np.array([[-4.5, 4.5]]))
    np.testing.assert_allclose(wrapped, [[1.0]])  # across the edge


def test_an_edge_at_distance_zero_has_a_gradient():
    x = tf.zeros([1, 6], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        u, d = DoubleWell4().energy(x), DoubleWell4().radius_of_gyration(x)
    assert np.all(np.isfinite(tape.gradient(u, x)))
    assert np.all(np.isfinite(tape.gradient(d, x)))


# Density.


def test_without_a_tether_there_is_no_density():
    loose = LennardJonesCluster(3, tether=0.0)
    with pytest.raises(ValueError, match=r"tether must be > 0 .*got 0"):
        BoltzmannGenerator(loose, realnvp(6, blocks=1, hidden=(2,)))


def test_monte_carlo_finds_the_exact_energy_and_distances():
    """Within 5.5 errors of 128 chains, Student's t: 2e-7 each; and both engines agree."""
    system = DoubleWell4()
    start = np.repeat(system.initial_state("rhombus")[None], 128, axis=0)
    state = sampling.particle_state(start, seed=3)
    energies, short = [], []
    for k in range(60):
        for step in (0.8, 3.0):
            state, _ = sampling.particle_sweeps(state, 20, system=system, step_size=step)
        if k >= 10:
            energies.append(sampling.particle_energies(state.x, system))
            short.append(np.mean(system.pair_distances(state.x).numpy() < 4, axis=1))
    np.testing.assert_allclose(energies[-1], system.energy(tf.constant(state.x)), rtol=1e-12)
    u = estimators.mean_with_error(np.transpose(energies))
    assert u.standard_error < 0.1
    assert u.value == pytest.approx(system.exact.mean_energy(), abs=5.5 * u.standard_error)
    s = estimators.mean_with_error(np.transpose(short))
    exact = system.exact.pair_probabilities([0.0, 4.0, 9.0])[0]
    assert s.standard_error < 0.01
    assert s.value == pytest.approx(exact, abs=5.5 * s.standard_error)
    # Planted: at another temperature neither is found.
    assert abs(u.value - system.exact.mean_energy(1.1)) > 5.5 * u.standard_error


def test_pair_formula_is_one_of_numbers():
    term = DoubleWell4().terms[0]
    assert isinstance(term, Pairs)
    assert term.value(25.0) == pytest.approx(0.9 - 4.0)
