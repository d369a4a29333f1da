"""Z-matrices from bonds, and the map between internal coordinates and positions."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf._support.helmert import helmert
from boltzmann_tf.bijectors import InternalCoordinates, ZMatrix, z_matrix
from boltzmann_tf.bijectors.z_matrix import levels_of

# A ring of five with two branches, one of them a branch of its own; hydrogens at the ends.
ELEMENTS = ["C", "C", "N", "C", "C", "C", "H", "H", "O", "C", "H"]
BONDS = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (1, 5), (5, 6), (5, 7), (3, 8), (5, 9), (9, 10)]


def internal(n, count, seed=0):
    """Bonds, angles, torsions and turns, in their ranges, `[count, 3 n - 3]`."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [
            rng.uniform(0.5, 1.6, (count, n - 1)),
            rng.uniform(0.4, 2.7, (count, n - 2)),
            rng.uniform(-3.1, 3.1, (count, n - 3)),
            rng.uniform([-3.1, -0.95, -3.1], [3.1, 0.95, 3.1], (count, 3)),
        ],
        axis=1,
    )


MATRICES = {
    "three": z_matrix(3, [(0, 1), (1, 2)]),
    "from an end": ZMatrix([(0, -1, -1, -1), (1, 0, -1, -1), (2, 0, 1, -1), (3, 2, 0, 1)]),
    "a chain": z_matrix(6, [(k, k + 1) for k in range(5)]),
    "a ring and branches": z_matrix(11, BONDS, ELEMENTS),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MATRICES)
def test_pointwise(name, dtype):
    """Round trip, and the log-determinant against autodiff: to 1e-10 in double precision."""
    z = MATRICES[name]
    laws.pointwise(laws.evaluate(InternalCoordinates(z, dtype=dtype), internal(len(z), 12)))


def test_other_laws(tmp_path):
    bijector, z = InternalCoordinates(MATRICES["a ring and branches"]), internal(11, 6)
    laws.tfp_methods_agree(bijector, z.astype(np.float32))
    laws.config_round_trips(bijector)
    x, log_det = bijector.forward_and_log_det(z.astype(np.float32).reshape(2, 3, 30))
    assert x.shape == (2, 3, 30)
    assert log_det.shape == (2, 3)
    compiled = tf.function(bijector.forward_and_log_det, jit_compile=True)
    for one, other in zip(
        compiled(z.astype(np.float32)), bijector.forward_and_log_det(z), strict=True
    ):
        np.testing.assert_allclose(np.ravel(one), np.ravel(other), rtol=1e-4, atol=1e-5)


def positions(bijector, z):
    n = (bijector.event_size + 3) // 3
    x = bijector.forward_and_log_det(z)[0].numpy().reshape(len(z), n - 1, 3)
    return helmert(n).T @ x


def test_bonds_angles_and_torsions_are_where_they_are_said_to_be():
    matrix = MATRICES["a ring and branches"]
    bijector, z = InternalCoordinates(matrix, dtype="float64"), internal(11, 5)
    r = positions(bijector, z)
    for k, (atom, bond, angle, torsion) in enumerate(matrix.rows):
        if k > 0:
            u = r[:, atom] - r[:, bond]
            np.testing.assert_allclose(np.linalg.norm(u, axis=1), z[:, k - 1], rtol=1e-12)
        if k > 1:
            v = r[:, angle] - r[:, bond]
            cosine = np.sum(u * v, 1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
            np.testing.assert_allclose(np.arccos(cosine), z[:, 10 + k - 2], atol=1e-9)
        if k > 2:
            # Clockwise from the torsion's atom to this one, seen from the angle's to the bond's.
            axis = -v / np.linalg.norm(v, axis=1)[:, None]
            w = r[:, torsion] - r[:, angle]
            a, b = (p - axis * np.sum(p * axis, 1)[:, None] for p in (w, u))
            turn = np.arctan2(np.sum(np.cross(a, b) * axis, 1), np.sum(a * b, 1))
            np.testing.assert_allclose(turn, z[:, 19 + k - 3], atol=1e-9)


def test_turns_are_uniform_over_rotations():
    """Directions of two vectors of a molecule have no preference: means within five errors."""
    rng, n = np.random.default_rng(0), 40_000
    z = np.repeat(internal(6, 1), n, axis=0)
    z[:, -3:] = rng.uniform([-np.pi, -1, -np.pi], [np.pi, 1, np.pi], (n, 3))
    r = positions(InternalCoordinates(MATRICES["a chain"], dtype="float64"), z)
    for a, b in ((0, 1), (4, 0)):
        u = r[:, a] - r[:, b]
        u /= np.linalg.norm(u, axis=1)[:, None]
        assert np.all(np.abs(u.mean(0)) < 5 / np.sqrt(3 * n))
        assert np.all(np.abs((u**2).mean(0) - 1 / 3) < 5 * np.sqrt(4 / 45 / n))


def test_a_log_determinant_without_the_first_angles_is_noticed():
    """Planted: bonds and angles of the first three atoms left out."""
    bijector = InternalCoordinates(MATRICES["a chain"], dtype="float64")
    whole = bijector._log_det
    bijector._log_det = lambda bonds, angles: whole(bonds[2:], angles[1:])
    with pytest.raises(AssertionError, match="log_det against autodiff"):
        laws.log_det_is_autodiff(laws.evaluate(bijector, internal(6, 4)))


def test_gradients_are_numbers_where_nothing_is_defined():
    bijector = InternalCoordinates(MATRICES["a chain"])
    for x in (np.zeros((1, 15)), np.tile([1.0, 0, 0], (1, 5)), np.tile([0, 0, 1.0], (1, 5))):
        value = tf.constant(x, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(value)
            z, log_det = bijector.inverse_and_log_det(value)
            total = tf.reduce_sum(z) + tf.reduce_sum(tf.clip_by_value(log_det, -1e6, 1e6))
        assert np.all(np.isfinite(z))
        assert np.all(np.isfinite(tape.gradient(total, value)))


def test_a_z_matrix_starts_in_the_middle_and_is_shallow():
    matrix = MATRICES["a ring and branches"]
    assert not {ELEMENTS[k] for k in matrix.rows[:3, 0]} & {"H"}
    assert sorted(matrix.rows[:, 0]) == list(range(11))
    assert len(levels_of(matrix)) <= 5
    bonded = {frozenset(b) for b in BONDS}
    assert all(frozenset(row[:2]) in bonded for row in matrix.rows[1:].tolist())
    # Hydrogens at one end: the second is turned from the first.
    [a], [b] = ([row for row in matrix.rows.tolist() if row[0] == k] for k in (6, 7))
    assert b[3] == a[3]


BAD = {
    "pieces": (
        lambda: z_matrix(4, [(0, 1), (2, 3)]),
        r"bonds must join all atoms to one molecule, got none to \[2, 3\]",
    ),
    "two atoms": (lambda: z_matrix(2, [(0, 1)]), "n must be an integer >= 3, got 2"),
    "symbols": (
        lambda: z_matrix(3, [(0, 1), (1, 2)], ["C"]),
        "elements must have 3 symbols, got 1",
    ),
    "shape": (
        lambda: ZMatrix([(0, 1)]),
        r"rows must have shape \[n, 4\] with n >= 3, got \(1, 2\)",
    ),
    "twice": (
        lambda: ZMatrix([(0, -1, -1, -1), (0, 0, -1, -1), (2, 0, 1, -1)]),
        r"rows must place each of the atoms 0 \.\. 2 once",
    ),
    "later": (
        lambda: ZMatrix([(0, -1, -1, -1), (1, 0, -1, -1), (2, 1, 3, -1), (3, 2, 1, 0)]),
        r"row 2 must refer to different atoms of the rows before, got \[1, 3\]",
    ),
    "reference": (
        lambda: ZMatrix([(0, 1, -1, -1), (1, 0, -1, -1), (2, 1, 0, -1)]),
        r"row 0 must have 0 references, then -1, got \[1, -1, -1\]",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_matrices(what):
    make, message = BAD[what]
    with pytest.raises(ValueError, match=message):
        make()
