"""Monte Carlo of unit vectors on any lattice: single moves, and clusters by reflection.

A single move turns a vector about a random one of the three axes by a random angle (Barker and
Watts, Chem. Phys. Lett. 3, 144 (1969)). A cluster is reflected as a whole in a random plane (Wolff,
Phys. Rev. Lett. 62, 361 (1989); for P2, Kunz and Zumbach, Phys. Rev. B 46, 662 (1992)).
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling._random import streams
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.saving import Streams, register
from boltzmann_tf.sampling.vectors._kernels import bond_squares, sweep, wolff
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


@register
class VectorState(NamedTuple):
    """Replicas of N unit vectors, each with a random stream of its own.

    Attributes:
      vectors: float64 [replicas, N, 3].
      rng: states of the streams, uint64 [replicas, 4].
    """

    vectors: Annotated[np.ndarray, "float64 [replicas, N, 3]"]
    rng: Streams


class VectorInfo(NamedTuple):
    """How updates fared.

    Attributes:
      acceptance: of single moves, float64 [replicas]; 1 for clusters.
      mean_size: mean number of vectors moved at once, float64 [replicas].
      not_finite: single moves rejected because their energy difference was NaN.
    """

    acceptance: np.ndarray
    mean_size: np.ndarray
    not_finite: int = 0


def neighbour_table(system: Nematic) -> np.ndarray:
    """`Nematic.neighbours`."""
    return system.neighbours


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
    instance("system", system, Nematic)
    u = check_unit_vectors("vectors", vectors, system.sites)
    flat = np.ascontiguousarray(u.reshape(-1, *u.shape[-2:]))
    # Each bond is in the table twice.
    found = -0.75 * system.bond_strength * bond_squares(flat, neighbour_table(system))
    found += 0.5 * system.bond_strength * system.bonds
    if system.field:
        found -= system.field * np.sum(1.5 * flat[..., 2] ** 2 - 0.5, axis=-1)
    count_energies(len(flat))
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
    counts = np.zeros((T.size, 2), np.int64)
    with threads(T.size, 30 * n * state.vectors.size):
        sweep(
            state.vectors,
            state.rng,
            neighbour_table(system),
            1.5 * system.bond_strength / T,
            1.5 * system.field / T,
            np.broadcast_to(most, T.shape).copy(),
            n,
            counts,
        )
    count_energies(n * T.size)
    fraction = counts[:, 0] / (n * system.sites)
    return state, VectorInfo(fraction, np.ones(T.size), int(counts[:, 1].sum()))


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
    with threads(T.size, 30 * n * state.vectors.size):
        wolff(state.vectors, state.rng, table, 1.5 * system.bond_strength / T, n, moved)
    count_energies(-(-int(moved.sum()) // system.sites))
    return state, VectorInfo(np.ones(T.size), moved / n)
