"""Nematics: energies by hand, by pairs, and against the exact solutions; the order parameter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp, sampling
from boltzmann_tf.systems import Nematic, NematicAngles
from boltzmann_tf.systems.nematic import check_unit_vectors, nematic_order


def vectors(n, sites, seed=0):
    u = np.random.default_rng(seed).standard_normal((n, sites, 3))
    return u / np.linalg.norm(u, axis=-1, keepdims=True)


def pairs(system):
    """Bonds, one by one."""
    n, length = system.sites, system.length
    if system.lattice == "chain":
        return [(i, i + 1) for i in range(n - 1)]
    if system.lattice == "ring":
        return [(i, (i + 1) % n) for i in range(n)]
    if system.lattice == "complete":
        return list(itertools.combinations(range(n), 2))
    found = []
    for place in itertools.product(range(length), repeat=3):
        for axis in range(3):
            other = list(place)
            other[axis] = (other[axis] + 1) % length
            found.append(tuple(int(np.ravel_multi_index(p, (length,) * 3)) for p in (place, other)))
    return found


CASES = [
    Nematic("chain", 2),
    Nematic("chain", 7, 1.4, field=0.3),
    Nematic("ring", 5),
    Nematic("cubic", 2, field=-0.2),
    Nematic("cubic", 3),
    Nematic("complete", 6, 2.0),
]


@pytest.mark.parametrize("system", CASES, ids=lambda s: f"{s.lattice}{s.length}")
def test_energy_is_a_sum_over_pairs(system):
    u = vectors(20, system.sites)
    bonds = pairs(system)
    assert len(bonds) == system.bonds
    first, second = np.array(bonds).T
    p2 = 1.5 * np.sum(u[:, first] * u[:, second], axis=-1) ** 2 - 0.5
    wanted = -system.bond_strength * p2.sum(axis=1)
    wanted -= system.field * np.sum(1.5 * u[..., 2] ** 2 - 0.5, axis=1)
    np.testing.assert_allclose(system.energy(tf.constant(u)), wanted, atol=1e-12)


def test_two_spins_by_hand():
    """Parallel -1, opposite -1, at right angles +1/2: neither P1 (1, -1, 0) nor Potts (1, 0, 0)."""
    z, x = [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]
    states = tf.constant([[z, z], [z, np.negative(z).tolist()], [z, x]], tf.float64)
    np.testing.assert_allclose(Nematic("chain", 2).energy(states), [-1, -1, 0.5], atol=1e-15)
    # At 45 degrees, 3 / 4 - 1 / 2: between the axes, too.
    between = tf.constant([[z, [np.sqrt(0.5), 0.0, np.sqrt(0.5)]]], tf.float64)
    np.testing.assert_allclose(Nematic("chain", 2).energy(between), [-0.25], atol=1e-15)


def test_order_is_the_largest_eigenvalue():
    u = vectors(50, 9)
    q = np.mean(1.5 * u[..., :, None] * u[..., None, :], axis=1) - 0.5 * np.eye(3)
    wanted = np.linalg.eigvalsh(q)[:, -1]
    np.testing.assert_allclose(nematic_order(tf.constant(u)), wanted, atol=1e-12)
    # All in a plane: 1 / 4. Along one line, heads and tails mixed: 1. Without a square: 0.
    angle = 2 * np.pi * np.arange(12) / 12
    plane = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    line = np.where(np.arange(12) % 2, 1.0, -1.0)[:, None] * [0.6, 0.0, 0.8]
    found = nematic_order(tf.constant(np.stack([plane, line])))
    np.testing.assert_allclose(found, [0.25, 1.0], atol=1e-7)


X, Y, Z = np.eye(3)
EQUAL = {  # states with equal eigenvalues, and S of each
    "aligned": ([Z, Z, Z, Z, Z, Z], 1.0),
    "perpendicular": ([X, Z, X, Z, X, Z], 0.25),
    "three axes": ([X, Y, Z, X, Y, Z], 0.0),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("state", EQUAL)
def test_order_and_its_gradient_where_eigenvalues_are_equal(state, dtype, compiled):
    """By u_k it is 3 v (v . u_k) / N with v in the space of the largest eigenvalue.

    So its sum with u_k is 2 S + 1; the closed form of a cubic's roots gave NaN here.
    """
    u, wanted = EQUAL[state]
    u = tf.constant([u], dtype)

    def both(u):
        with tf.GradientTape() as tape:
            tape.watch(u)
            s = nematic_order(u)
        return s, tape.gradient(s, u)

    s, slope = tf.function(both, jit_compile=True)(u) if compiled else both(u)
    close = 1e-6 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(s, [wanted], atol=close)
    assert np.all(np.isfinite(slope))
    assert np.sum(slope * u) == pytest.approx(2 * wanted + 1, abs=10 * close)
    if state == "aligned":
        np.testing.assert_allclose(slope, 0.5 * u, atol=close)


def test_the_gradient_of_the_order_is_its_slope():
    u = tf.constant(vectors(4, 7, seed=6))
    step = np.random.default_rng(7).standard_normal(u.shape)
    with tf.GradientTape() as tape:
        tape.watch(u)
        s = nematic_order(u)
    slope = np.sum(tape.gradient(s, u) * step, axis=(1, 2))
    h = 1e-5
    wanted = (nematic_order(u + h * step) - nematic_order(u - h * step)) / (2 * h)
    np.testing.assert_allclose(slope, wanted, atol=1e-8)


def test_order_without_order_is_not_zero():
    """Of N free vectors it is about 1 / sqrt(N), as for any sample of that size."""
    means = [float(np.mean(nematic_order(tf.constant(vectors(2000, n))))) for n in (16, 64)]
    assert means[0] == pytest.approx(2 * means[1], rel=0.1)
    assert means[0] > 0.15


def test_angles_are_the_same_nematic():
    system = NematicAngles("cubic", 2, field=0.4)
    rng = np.random.default_rng(0)
    x = np.stack([rng.uniform(-1, 1, (30, 8)), rng.uniform(-3, 3, (30, 8))], -1).reshape(30, 16)
    u = system.vectors(tf.constant(x))
    np.testing.assert_allclose(np.linalg.norm(u, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(system.energy(tf.constant(x)), system.nematic.energy(u), atol=1e-12)
    for name, state in system.initial_states.items():
        u = system.vectors(tf.constant(state)).numpy()
        np.testing.assert_allclose(u, system.nematic.initial_state(name), atol=1e-5)


OPEN = NematicAngles("chain", 3)


def log_z_by_gaussians(energy):
    """log Z and its error, by importance sampling from Gaussians of width 2."""
    x = 2 * np.random.default_rng(0).standard_normal((1 << 17, OPEN.event_size))
    log_q = -np.sum(x**2, axis=1) / 8 - OPEN.event_size * np.log(2 * np.sqrt(2 * np.pi))
    w = np.exp(-energy(tf.constant(x)).numpy() - log_q)
    return np.log(w.mean()), w.std() / w.mean() / np.sqrt(len(w))


def test_log_z_is_that_of_the_domain():
    """Whatever lies outside weighs nothing: within five errors, a false alarm in 6e-7.

    The planted error, an energy that is finite outside, is ten errors and more too high.
    """
    exact = OPEN.exact.log_z(1.0)
    value, error = log_z_by_gaussians(OPEN.energy)
    assert error < 0.03
    assert abs(value - exact) < 5 * error
    planted, error = log_z_by_gaussians(OPEN._of_directions)
    assert planted > exact + 10 * error


def test_samples_outside_the_domain_have_no_weight():
    """Of a plain flow without training; none of the weights is NaN."""
    generator = BoltzmannGenerator(OPEN, realnvp(OPEN.event_size, blocks=1, hidden=(2,)))
    samples = generator.sample(1000, seed=1)
    outside = ~np.asarray(OPEN.inside(samples.x))
    assert 0.1 < outside.mean() < 0.99
    assert np.array_equal(np.isneginf(samples.log_weight), outside)


@pytest.mark.slow
def test_training_by_energy_finds_the_domain():
    """A plain flow trained by energy: most samples inside, log Z within five errors of exact."""
    generator = BoltzmannGenerator(OPEN, realnvp(OPEN.event_size))
    Trainer(generator).fit(None, Stage(1500, 512, 1e-3, ml=0.0, kl=1.0), verbose=0)
    samples = generator.sample(1 << 16, seed=1)
    w = np.exp(samples.log_weight)
    assert np.mean(w > 0) > 0.5
    error = w.std() / w.mean() / np.sqrt(len(w))
    assert error < 0.05
    assert abs(np.log(w.mean()) - OPEN.exact.log_z(1.0)) < 5 * error


@pytest.mark.parametrize(("lattice", "length"), [("chain", 3), ("ring", 3), ("complete", 3)])
def test_exact_solution_is_of_this_energy(lattice, length):
    """ln Z and <H> by uniform directions: five errors, false alarms 6e-7 each."""
    system = Nematic(lattice, length, coupling=1.5)
    u = vectors(200_000, length, seed=1)
    energy = system.energy(tf.constant(u)).numpy()
    weight = np.exp(-energy)
    log_z = np.log(weight.mean()) + length * np.log(4 * np.pi)
    error = weight.std() / weight.mean() / np.sqrt(len(u))
    assert abs(log_z - system.exact.log_z(1.0)) < 5 * error
    mean = np.sum(weight * energy) / weight.sum()
    spread = np.sqrt(np.sum(weight**2 * (energy - mean) ** 2)) / weight.sum()
    assert abs(mean - system.exact.energy(1.0)) < 5 * spread
    assert Nematic(lattice, length, field=0.1).exact is None
    assert Nematic("cubic", 2).exact is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Nematic("square", 3), "lattice"),
        (lambda: Nematic("chain", 1), "length"),
        (lambda: Nematic("ring", 2), "length"),
        (lambda: Nematic("cubic", 2, coupling=np.nan), "coupling"),
        (lambda: NematicAngles("cubic", 2, field=np.inf), "field"),
        (lambda: check_unit_vectors("x", 1.1 * vectors(2, 4), 4), "x must be unit vectors"),
        (lambda: check_unit_vectors("x", vectors(2, 4), 8), r"x must have shape \[..., 8, 3\]"),
        (lambda: check_unit_vectors("x", np.full((4, 3), np.nan), 4), "x must be"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("lattice", ["chain", "ring", "complete", "cubic"])
def test_energies_of_another_number_of_vectors_are_refused(lattice):
    """Where the shape is known, as in a compiled function; where it is not, nothing is said."""
    length = 2 if lattice == "cubic" else 4
    system, angles = Nematic(lattice, length), NematicAngles(lattice, length)
    n = system.sites
    with pytest.raises(ValueError, match=rf"x must have shape \[..., {n}, 3\], got \[2, 7, 3\]"):
        system.energy(vectors(2, 7))
    with pytest.raises(ValueError, match=rf"x must have shape \[..., {n}, 3\]"):
        system.energy(vectors(2, n)[..., :2])
    with pytest.raises(ValueError, match=rf"x must have shape \[..., {n}, 3\], got \[3\]"):
        system.energy(vectors(1, 1)[0, 0])
    with pytest.raises(ValueError, match=rf"x must have shape \[..., {2 * n}\], got \[3, 14\]"):
        angles.energy(tf.zeros([3, 14]))
    spec = tf.TensorSpec([None, 7, 3], tf.float64)
    with pytest.raises(ValueError, match=r"got \[None, 7, 3\]"):
        tf.function(system.energy).get_concrete_function(spec)
    u = vectors(2, n)
    unknown = tf.function(system.energy, input_signature=[tf.TensorSpec(None, tf.float64)])
    np.testing.assert_allclose(unknown(u), system.energy(u), rtol=1e-12)


def test_unit_vectors_pass():
    u = vectors(3, 5).astype(np.float32)
    assert check_unit_vectors("x", u, 5).dtype == np.float64


def test_bonds_add_up():
    """By hand; for L = 2 the neighbours on both sides are one and the same."""
    chain = Nematic("chain", 3, 2.0).bond_matrix
    np.testing.assert_allclose(chain, 2 * np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
    cube = Nematic("cubic", 2).bond_matrix
    assert sorted(set(cube.ravel())) == [0.0, 2.0]
    assert np.all(cube.sum(axis=1) == 6.0)
    graph = Nematic("complete", 4)
    assert graph.bond_matrix.sum() == pytest.approx(2 * graph.bonds * graph.bond_strength)


def test_coordinates_are_those_of_the_vectors():
    system = NematicAngles("chain", 6)
    u = sampling.vector_state(system.nematic, 8, seed=5).vectors
    x = system.coordinates(u)
    assert x.shape == (8, 12)
    np.testing.assert_allclose(system.vectors(x), u, atol=1e-6)
    with pytest.raises(ValueError, match=r"vectors must be unit vectors"):
        system.coordinates(2 * u)
