"""Compiled moves of unit vectors, for `nematic`."""

from __future__ import annotations

import numba
import numpy as np

from boltzmann_tf.sampling._random import kernel, next_word, random_below
from boltzmann_tf.sampling._uniform import symmetric, uniform_open

__all__ = ["bond_squares", "sweep", "wolff"]


@numba.njit(inline="always")
def _square(u: np.ndarray, j: int, a: float, b: float, c: float) -> float:
    product = u[j, 0] * a + u[j, 1] * b + u[j, 2] * c
    return product * product


@kernel(parallel=False)  # short beside the sweeps: to wake threads for it costs more
def bond_squares(vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Sum over sites and their neighbours of (u_i . u_j)^2, [replicas]."""
    total = np.zeros(len(vectors))
    for r in range(len(vectors)):
        u = vectors[r]
        found = 0.0
        for i in range(len(u)):
            for neighbour in range(table.shape[1]):
                j = table[i, neighbour]
                if j >= 0:
                    found += _square(u, j, u[i, 0], u[i, 1], u[i, 2])
        total[r] = found
    return total


@kernel()
def sweep(
    vectors: np.ndarray,
    rng: np.ndarray,
    table: np.ndarray,
    strength: np.ndarray,
    field: np.ndarray,
    most: np.ndarray,
    n_sweeps: int,
    counts: np.ndarray,
) -> None:
    """Writes accepted moves and those that were not finite to `counts`, [replicas, 2]."""
    for r in numba.prange(len(vectors)):
        u = vectors[r]
        w0, w1, w2, w3 = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        count, not_finite = 0, 0
        for _ in range(n_sweeps):
            for i in range(len(u)):
                word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                axis = np.int64(word >> np.uint64(62))
                while axis == 3:
                    word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                    axis = np.int64(word >> np.uint64(62))
                # The axis took the two highest bits; the angle takes the rest.
                turn = most[r] * symmetric(word << np.uint64(2))
                cos, sin = np.cos(turn), np.sin(turn)
                k, m = (axis + 1) % 3, (axis + 2) % 3
                a, b = u[i, k], u[i, m]
                new_a, new_b = cos * a - sin * b, sin * a + cos * b
                gain = 0.0
                for neighbour in range(table.shape[1]):
                    j = table[i, neighbour]
                    if j < 0:
                        continue
                    rest = u[j, axis] * u[i, axis]
                    new = rest + u[j, k] * new_a + u[j, m] * new_b
                    old = rest + u[j, k] * a + u[j, m] * b
                    gain += new * new - old * old
                gain *= strength[r]
                if axis != 2:
                    z = new_b if m == 2 else new_a
                    gain += field[r] * (z * z - u[i, 2] * u[i, 2])
                word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                if np.isnan(gain):
                    not_finite += 1
                elif gain >= 0 or uniform_open(word) < np.exp(gain):
                    u[i, k], u[i, m] = new_a, new_b
                    count += 1
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = w0, w1, w2, w3
        counts[r, 0], counts[r, 1] = count, not_finite


@kernel()
def wolff(
    vectors: np.ndarray,
    rng: np.ndarray,
    table: np.ndarray,
    strength: np.ndarray,
    n_updates: int,
    moved: np.ndarray,
) -> None:
    replicas, n, _ = vectors.shape
    for r in numba.prange(replicas):
        u = vectors[r]
        w0, w1, w2, w3 = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        queue = np.empty(n, np.int64)
        inside = np.zeros(n, np.bool_)
        count = 0
        for _ in range(n_updates):
            # The normal of the plane: uniform on the sphere.
            word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
            c = symmetric(word)
            word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
            phi = np.pi * symmetric(word)
            s = np.sqrt(1 - c * c)
            a, b = s * np.cos(phi), s * np.sin(phi)
            word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
            queue[0], head, tail = random_below(word, n), 0, 1
            inside[queue[0]] = True
            while head < tail:
                i = queue[head]
                head += 1
                along = 2 * (u[i, 0] * a + u[i, 1] * b + u[i, 2] * c)
                x, y, z = u[i, 0] - along * a, u[i, 1] - along * b, u[i, 2] - along * c
                for neighbour in range(table.shape[1]):
                    j = table[i, neighbour]
                    if j < 0 or inside[j]:
                        continue
                    # What the bond would lose if this vector alone were reflected.
                    loss = _square(u, j, u[i, 0], u[i, 1], u[i, 2]) - _square(u, j, x, y, z)
                    loss *= strength[r]
                    word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                    # Not so where it is NaN, of no loss at an infinite strength.
                    if loss > 0 and uniform_open(word) < -np.expm1(-loss):
                        inside[j] = True
                        queue[tail] = j
                        tail += 1
                u[i, 0], u[i, 1], u[i, 2] = x, y, z
            for q in range(tail):
                inside[queue[q]] = False
            count += tail
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = w0, w1, w2, w3
        moved[r] = count
