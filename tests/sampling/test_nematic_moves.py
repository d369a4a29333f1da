"""Monte Carlo of unit vectors against the exact chains, rings and complete graphs."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import estimators, sampling
from boltzmann_tf.exact.nematic import bond_moments
from boltzmann_tf.sampling.vectors.sweeps import neighbour_table
from boltzmann_tf.systems import Nematic

SYSTEMS = {
    "chain": Nematic("chain", 6),
    "ring": Nematic("ring", 5, coupling=1.3),
    "complete": Nematic("complete", 8, coupling=5.0),
}


def sweeps(state, n, **options):
    return sampling.vector_sweeps(state, n, angle=1.2, **options)


def energies(system, temperature, update, n=400, stride=3, replicas=64, seed=0):
    """H after each of n rounds, [replicas, n]."""
    state = sampling.vector_state(system, replicas, seed=seed)
    options = {"system": system, "temperature": temperature}
    state, _ = update(state, 100 * stride, **options)
    found = np.empty((replicas, n))
    for t in range(n):
        state, _ = update(state, stride, **options)
        found[:, t] = sampling.vector_energies(state.vectors, system)
    return found


@pytest.mark.parametrize("update", [sweeps, sampling.vector_wolff_updates])
@pytest.mark.parametrize("temperature", [0.4, 1.0])
@pytest.mark.parametrize("name", SYSTEMS)
def test_energy_and_heat_capacity_are_exact(name, temperature, update):
    """Within five errors, a false alarm in 6e-7; and the error of H is below a tenth of kT."""
    system = SYSTEMS[name]
    found = energies(system, temperature, update)
    mean = estimators.mean_with_error(found)
    assert mean.standard_error < 0.1 * temperature
    wanted = system.exact.energy(temperature)
    assert abs(mean.value - wanted) < 5 * mean.standard_error
    square = estimators.mean_with_error((found - wanted) ** 2)
    heat = system.exact.heat_capacity(temperature) * temperature**2
    assert abs(square.value - heat) < 5 * square.standard_error
    # The planted error: half the coupling, as by a bond counted from one end only.
    assert abs(mean.value - system.exact.energy(2 * temperature)) > 5 * mean.standard_error


def test_a_field_alone():
    """Two vectors that hardly see each other: P2 along the field is that of one bond."""
    system = Nematic("chain", 2, coupling=1e-9, field=1.0)
    state = sampling.vector_state(system, 256, seed=1)
    seen = []
    for _ in range(200):
        state, info = sweeps(state, 2, system=system, temperature=0.5)
        seen.append(np.mean(1.5 * state.vectors[..., 2] ** 2 - 0.5, axis=1))
    mean = estimators.mean_with_error(np.array(seen[20:]).T)
    assert abs(mean.value - bond_moments(2.0)[1]) < 5 * mean.standard_error
    assert 0.3 < info.acceptance.mean() < 0.95


def two_spins(K, h):
    """Means of P2 between two vectors and along a field, by quadrature of their angles."""
    x, w = np.polynomial.legendre.leggauss(40)
    a, b = x[:, None, None], x[:, None]
    turn = 2 * np.pi * np.arange(64) / 64
    between = a * b + np.sqrt((1 - a**2) * (1 - b**2)) * np.cos(turn)
    bond, first, second = (1.5 * c**2 - 0.5 for c in (between, a, b))
    weight = w[:, None, None] * w[:, None] * np.exp(K * bond + h * (first + second))
    along = 0.5 * (first + second)
    return (weight * bond).sum() / weight.sum(), (weight * along).sum() / weight.sum()


@pytest.mark.parametrize("field", [0.6, -0.6])
def test_coupling_and_field_together(field):
    """Two vectors against quadrature, both parts of H: five errors; planted: half the field."""
    coupling, temperature = 1.3, 0.5
    system = Nematic("chain", 2, coupling=coupling, field=field)
    state = sampling.vector_state(system, 256, seed=9)
    seen = []
    for _ in range(200):
        state, _ = sweeps(state, 3, system=system, temperature=temperature)
        u = state.vectors
        bond = 1.5 * np.sum(u[:, 0] * u[:, 1], axis=-1) ** 2 - 0.5
        seen.append([bond, np.mean(1.5 * u[..., 2] ** 2 - 0.5, axis=1)])
    wanted = two_spins(coupling / temperature, field / temperature)
    other = two_spins(coupling / temperature, 0.5 * field / temperature)
    for k, series in enumerate(np.array(seen[20:]).transpose(1, 2, 0)):
        mean = estimators.mean_with_error(series)
        assert abs(mean.value - wanted[k]) < 5 * mean.standard_error
        assert abs(mean.value - other[k]) > 5 * mean.standard_error


@pytest.mark.parametrize("lattice", ["chain", "ring", "cubic", "complete"])
@pytest.mark.parametrize("length", [3, 4])
def test_neighbours_are_those_of_the_energy(lattice, length):
    """Half the sum over neighbours of P2 is the sum over bonds."""
    system = Nematic(lattice, length)
    u = sampling.vector_state(system, 1, seed=3).vectors[0]
    table = neighbour_table(system)
    p2 = 1.5 * np.einsum("ia,ija->ij", u, u[table]) ** 2 - 0.5
    total = 0.5 * np.sum(np.where(table >= 0, p2, 0.0)) * system.bond_strength
    assert -total == pytest.approx(float(system.energy(tf.constant(u))), abs=1e-12)


def test_moves_and_clusters_agree_on_the_cubic_lattice():
    """L = 2, where neighbours share two bonds, near the transition: within five errors."""
    system = Nematic("cubic", 2)
    first = estimators.mean_with_error(energies(system, 1.1, sweeps))
    second = estimators.mean_with_error(energies(system, 1.1, sampling.vector_wolff_updates))
    error = np.hypot(first.standard_error, second.standard_error)
    assert abs(first.value - second.value) < 5 * error
    assert error < 0.1


def test_vectors_stay_unit_vectors_and_runs_repeat():
    system = Nematic("cubic", 3)
    start = sampling.vector_state(system, 4, start="aligned", seed=5)
    for update in (sweeps, sampling.vector_wolff_updates):
        one, _ = update(start, 200, system=system, temperature=1.0)
        two, _ = update(start, 200, system=system, temperature=1.0)
        assert np.array_equal(one.vectors, two.vectors)
        assert np.allclose(np.linalg.norm(one.vectors, axis=-1), 1, atol=1e-9)
        assert not np.array_equal(one.vectors[0], one.vectors[1])
        assert np.array_equal(start.vectors[0, 0], [0, 0, 1])


def test_moves_whose_energy_is_not_a_number_are_rejected_and_counted():
    """At a temperature at which 1 / T is infinite, and without any change of energy: inf * 0."""
    system = Nematic("chain", 2)
    start = sampling.vector_state(system, 3, start="aligned")
    with np.errstate(over="ignore"):
        state, info = sampling.vector_sweeps(start, 4, system=system, temperature=1e-320)
    assert 0 < info.not_finite < 3 * 4 * 2  # turns about z, a third of the moves
    assert np.all(info.acceptance == 0)
    assert np.array_equal(state.vectors, start.vectors)
    _, info = sampling.vector_sweeps(start, 4, system=system, temperature=1.0)
    assert info.not_finite == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0.0}, "temperature must be > 0"),
        ({"temperature": [1.0, 2.0, 3.0]}, "temperature must be"),
        ({"angle": 0.0}, "angle must be > 0"),
        ({"n": 0}, "n_sweeps"),
        ({"scale": 1.1}, "must be unit vectors"),
        ({"system": Nematic("chain", 5)}, r"state.vectors must have shape \[..., 5, 3\]"),
    ],
)
def test_bad_input_is_named(change, message):
    system = Nematic("chain", 4)
    state = sampling.vector_state(system, 2)
    given = {"n": 1, "scale": 1.0, "system": system, "temperature": 1.0, "angle": 1.0} | change
    state = state._replace(vectors=state.vectors * given.pop("scale"))
    with pytest.raises(ValueError, match=message):
        sampling.vector_sweeps(state, given.pop("n"), **given)


def test_bad_starts_are_named():
    system = Nematic("chain", 4)
    with pytest.raises(ValueError, match="start"):
        sampling.vector_state(system, 2, start="up")
    with pytest.raises(ValueError, match="start must be unit vectors"):
        sampling.vector_state(system, 2, start=np.zeros((4, 3)))
    with pytest.raises(ValueError, match="start must have shape"):
        sampling.vector_state(system, 2, start=np.tile([0.0, 0.0, 1.0], (3, 4, 1)))
    with pytest.raises(ValueError, match="field must be 0"):
        sampling.vector_wolff_updates(
            sampling.vector_state(system, 2), 1, system=Nematic("chain", 4, field=0.1),
            temperature=1.0,
        )  # fmt: skip


@pytest.mark.parametrize("lattice", ["chain", "ring", "cubic", "complete"])
@pytest.mark.parametrize("length", [3, 4])
def test_energies_are_those_of_the_system(lattice, length):
    system = Nematic(lattice, length, coupling=1.7, field=0.3)
    u = sampling.vector_state(system, 6, seed=2).vectors.reshape(2, 3, -1, 3)
    found = sampling.vector_energies(u, system)
    np.testing.assert_allclose(found, system.energy(u), rtol=1e-12, atol=1e-12)
    assert sampling.vector_energies(u[0, 0], system) == pytest.approx(found[0, 0])
