"""Monte Carlo of unit vectors on any lattice: single moves, and clusters by reflection.

A single move turns a vector about a random one of the three axes by a random angle (Barker and
Watts, Chem. Phys. Lett. 3, 144 (1969)). A cluster is reflected as a whole in a random plane (Wolff,
Phys. Rev. Lett. 62, 361 (1989); for P2, Kunz and Zumbach, Phys. Rev. B 46, 662 (1992)).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from boltzmann_tf._checks import choice, finite_array, instance, positive_int, seed_int
from boltzmann_tf.sampling._random import kernel, next_word, random_below, streams
from boltzmann_tf.systems import Nematic
from boltzmann_tf.systems.nematic import check_unit_vectors

__all__ = [
    "VectorInfo",
    "VectorState",
    "neighbour_table",
    "vector_energies",
    "vector_state",
    "vector_sweeps",
    "vector_wolff_updates",
]


class VectorState(NamedTuple):
    """Replicas of N unit vectors, each with a random stream of its own.

    Attributes:
      vectors: float64 [replicas, N, 3].
      rng: states of the streams, uint64 [replicas, 4].
    """

    vectors: np.ndarray
    rng: np.ndarray


class VectorInfo(NamedTuple):
    """How updates fared.

    Attributes:
      acceptance: of single moves, float64 [replicas]; 1 for clusters.
      mean_size: mean number of vectors moved at once, float64 [replicas].
    """

    acceptance: np.ndarray
    mean_size: np.ndarray


def neighbour_table(system: Nematic) -> np.ndarray:
    """Neighbours of each site, each as often as it has bonds: int64 [N, most], -1 for none."""
    n = system.sites
    site = np.arange(n)
    if system.lattice == "complete":
        return np.array([np.delete(site, i) for i in site])
    if system.lattice == "cubic":
        grid = site.reshape([system.length] * 3)
        rolled = [np.roll(grid, step, axis).ravel() for axis in range(3) for step in (1, -1)]
        return np.stack(rolled, axis=1)
    table = np.stack([site - 1, site + 1], axis=1)
    if system.lattice == "ring":
        return table % n
    return np.where(table == n, -1, table)


def vector_state(
    system: Nematic, n_replicas: int, *, start: Any = "disordered", seed: int = 0
) -> VectorState:
    """Returns replicas to start from.

    Args:
      system: the lattice.
      n_replicas: number of replicas.
      start: "aligned" along z, "disordered" (each replica its own), or unit vectors `[N, 3]` or
        `[replicas, N, 3]`.
      seed: of the streams, one spawned for each replica, and of a disordered start.
    """
    instance("system", system, Nematic)
    n = positive_int("n_replicas", n_replicas)
    rng = streams(n, seed_int("seed", seed))
    shape = (n, system.sites, 3)
    if not isinstance(start, str):
        given = check_unit_vectors("start", start, system.sites)
        if given.ndim > 3 or (given.ndim == 3 and len(given) != n):
            raise ValueError(f"start must have shape {shape[1:]} or {shape}, got {given.shape}")
        u = np.broadcast_to(given, shape).copy()
    elif choice("start", start, ("aligned", "disordered")) == "aligned":
        u = np.tile([0.0, 0.0, 1.0], (n, system.sites, 1))
    else:
        u = np.random.default_rng([seed, 1]).standard_normal(shape)
    return VectorState(u / np.linalg.norm(u, axis=-1, keepdims=True), rng)


def _checked(
    state: Any, n: Any, name: str, system: Any, temperature: Any
) -> tuple[VectorState, int, np.ndarray]:
    instance("state", state, VectorState)
    instance("system", system, Nematic)
    vectors = check_unit_vectors("state.vectors", state.vectors, system.sites)
    T = finite_array("temperature", temperature, dtype=np.float64)
    if T.shape not in ((), (len(vectors),)) or np.any(T <= 0):
        raise ValueError(f"temperature must be > 0, a number or [{len(vectors)}], got {T.tolist()}")
    # What rounding has done to the lengths is taken out before it adds up.
    vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    copied = VectorState(np.ascontiguousarray(vectors), state.rng.copy("C"))
    return copied, positive_int(name, n), np.broadcast_to(T, (len(vectors),)).copy()


def vector_energies(vectors: np.ndarray, system: Nematic) -> np.ndarray:
    """H of each replica in the unit of eps, float64 [replicas]."""
    u = check_unit_vectors("vectors", vectors, system.sites)
    flat = np.ascontiguousarray(u.reshape(-1, *u.shape[-2:]))
    # Each bond is in the table twice.
    found = -0.75 * system.bond_strength * _bond_squares(flat, neighbour_table(system))
    found += 0.5 * system.bond_strength * system.bonds
    if system.field:
        found -= system.field * np.sum(1.5 * flat[..., 2] ** 2 - 0.5, axis=-1)
    return found.reshape(u.shape[:-2])


def vector_sweeps(
    state: VectorState, n_sweeps: int, *, system: Nematic, temperature: Any, angle: Any = 1.0
) -> tuple[VectorState, VectorInfo]:
    """Sweeps of N moves, one of each vector in turn, by an angle uniform in [-angle, angle].

    Args:
      state: from `vector_state` or an earlier call; it is not changed.
      n_sweeps: sweeps.
      system: the lattice.
      temperature: T > 0, a number or [replicas].
      angle: largest angle in radians, a number or [replicas].

    Returns:
      the state after the sweeps, and `VectorInfo`.
    """
    state, n, T = _checked(state, n_sweeps, "n_sweeps", system, temperature)
    most = finite_array("angle", angle, dtype=np.float64)
    if most.shape not in ((), T.shape) or np.any(most <= 0):
        raise ValueError(f"angle must be > 0, a number or [{T.size}], got {most.tolist()}")
    accepted = np.zeros(T.size, np.int64)
    _sweep(
        state.vectors,
        state.rng,
        neighbour_table(system),
        1.5 * system.bond_strength / T,
        1.5 * system.field / T,
        np.broadcast_to(most, T.shape).copy(),
        n,
        accepted,
    )
    return state, VectorInfo(accepted / (n * system.sites), np.ones(T.size))


def vector_wolff_updates(
    state: VectorState, n_updates: int, *, system: Nematic, temperature: Any
) -> tuple[VectorState, VectorInfo]:
    """Updates that reflect the cluster of one random site each in a random plane.

    Args:
      state: from `vector_state` or an earlier call; it is not changed.
      n_updates: clusters to reflect in each replica.
      system: the lattice, without a field.
      temperature: T > 0, a number or [replicas].

    Returns:
      the state after the updates, and `VectorInfo`.
    """
    state, n, T = _checked(state, n_updates, "n_updates", system, temperature)
    if system.field:
        raise ValueError(f"field must be 0 for cluster updates, got {system.field!r}")
    moved = np.zeros(T.size, np.int64)
    table = neighbour_table(system)
    _wolff(state.vectors, state.rng, table, 1.5 * system.bond_strength / T, n, moved)
    return state, VectorInfo(np.ones(T.size), moved / n)


@numba.njit(inline="always")
def _unit(word: np.uint64) -> float:
    return np.float64(word >> np.uint64(11)) * 2.0**-53


@numba.njit(inline="always")
def _square(u: np.ndarray, j: int, a: float, b: float, c: float) -> float:
    product = u[j, 0] * a + u[j, 1] * b + u[j, 2] * c
    return product * product


@kernel(parallel=False)  # short beside the sweeps: to wake threads for it costs more
def _bond_squares(vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
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
def _sweep(
    vectors: np.ndarray,
    rng: np.ndarray,
    table: np.ndarray,
    strength: np.ndarray,
    field: np.ndarray,
    most: np.ndarray,
    n_sweeps: int,
    accepted: np.ndarray,
) -> None:
    for r in numba.prange(len(vectors)):
        u = vectors[r]
        w0, w1, w2, w3 = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        count = 0
        for _ in range(n_sweeps):
            for i in range(len(u)):
                word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                axis = np.int64(word >> np.uint64(62))
                while axis == 3:
                    word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
                    axis = np.int64(word >> np.uint64(62))
                # The axis took the two highest bits; the angle takes the rest.
                turn = most[r] * (2 * _unit(word << np.uint64(2)) - 1)
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
                if gain >= 0 or _unit(word) < np.exp(gain):
                    u[i, k], u[i, m] = new_a, new_b
                    count += 1
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = w0, w1, w2, w3
        accepted[r] = count


@kernel()
def _wolff(
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
            c = 2 * _unit(word) - 1
            word, w0, w1, w2, w3 = next_word(w0, w1, w2, w3)
            phi = 2 * np.pi * _unit(word)
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
                    if loss > 0 and _unit(word) < -np.expm1(-loss):
                        inside[j] = True
                        queue[tail] = j
                        tail += 1
                u[i, 0], u[i, 1], u[i, 2] = x, y, z
            for q in range(tail):
                inside[queue[q]] = False
            count += tail
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = w0, w1, w2, w3
        moved[r] = count
