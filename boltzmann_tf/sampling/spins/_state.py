"""Lattices of spins with their random streams, what is measured on them, and argument checks."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numba
import numpy as np

from boltzmann_tf._support.checks import (
    finite,
    finite_array,
    instance,
    plus_minus_one,
    positive_int,
    seed_int,
)
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling._random import kernel, streams
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.saving import Streams, register

__all__ = ["LatticeState", "lattice_energies", "lattice_state", "lattice_observables"]


@register
class LatticeState(NamedTuple):
    """Replicas of an L x L torus of spins, each with a random stream of its own.

    Attributes:
      spins: +1 or -1, int8 [replicas, L, L].
      rng: states of the streams, uint64 [replicas, 4].
    """

    spins: Annotated[np.ndarray, "int8 [replicas, L, L], -1 or 1"]
    rng: Streams


class Model(NamedTuple):
    """Checked arguments of an update: temperatures [replicas], coupling J and field h."""

    temperature: np.ndarray
    coupling: float
    field: float


def lattice_state(
    n_replicas: int, length: int, *, start: Any = "up", seed: int = 0
) -> LatticeState:
    """Returns replicas to start from, with streams from `seed`.

    Below the critical temperature a random start may end in a striped state and stay there for
    as long as single flips are all that happens.

    Args:
      n_replicas: number of replicas.
      length: L >= 2; the lattice is L x L.
      start: "up", "random" (each replica its own), or spins [L, L] or [replicas, L, L].
      seed: of the streams, one spawned for each replica, and of a random start.
    """
    n = positive_int("n_replicas", n_replicas)
    L = positive_int("length", length, minimum=2)
    rng = streams(n, seed_int("seed", seed))
    if not isinstance(start, str):
        given = np.asarray(start)
        if given.shape not in ((L, L), (n, L, L)):
            raise ValueError(
                f"start must have shape ({L}, {L}) or ({n}, {L}, {L}), got {given.shape}"
            )
        # checked before the conversion, in which 257 would become 1
        spins = np.broadcast_to(plus_minus_one("start", given), (n, L, L)).astype(np.int8)
    elif start == "up":
        spins = np.ones((n, L, L), np.int8)
    elif start == "random":
        bits = np.random.default_rng([seed, 1]).integers(0, 2, (n, L, L), np.int8)
        spins = 2 * bits - np.int8(1)
    else:
        raise ValueError(f"start must be 'up', 'random' or an array of spins, got {start!r}")
    return LatticeState(spins, rng)


def check_spins(spins: Any, *, even: bool = False) -> np.ndarray:
    """Returns spins int8 [replicas, L, L] (the same array), or raises.

    Args:
      spins: to check.
      even: whether L must be even, as for updates in checkerboard order.
    """
    instance("spins", spins, np.ndarray)
    if spins.dtype != np.int8:
        raise TypeError(f"spins must have dtype int8, got {spins.dtype}")
    if spins.ndim != 3 or spins.shape[1] != spins.shape[2] or len(spins) == 0:
        raise ValueError(f"spins must have shape [replicas, L, L], got {spins.shape}")
    if spins.shape[1] < 2:
        raise ValueError(f"spins must have a side of at least 2, got shape {spins.shape}")
    if even and spins.shape[1] % 2:
        raise ValueError(
            "spins must have an even side for updates in checkerboard order, as the colours of an "
            f"odd torus do not alternate, got shape {spins.shape}"
        )
    return plus_minus_one("spins", spins)


def check_update(
    state: Any,
    n: Any,
    name: str,
    temperature: Any,
    coupling: Any,
    field: Any,
    *,
    even: bool = False,
) -> tuple[LatticeState, int, Model]:
    """Returns a copy of the state that a kernel may write to, the number and the model, or raises.

    Args:
      state: a `LatticeState`.
      n: number of updates.
      name: of `n` in messages.
      temperature: > 0, a number or [replicas].
      coupling: J.
      field: h.
      even: whether L must be even.
    """
    instance("state", state, LatticeState)
    spins = check_spins(state.spins, even=even)
    rng = instance("rng", state.rng, np.ndarray)
    if rng.dtype != np.uint64 or rng.shape != (len(spins), 4):
        raise ValueError(
            f"rng must be uint64 of shape ({len(spins)}, 4), got {rng.dtype} of shape {rng.shape}"
        )
    if not np.all(np.any(rng, axis=1)):
        raise ValueError("rng must have a word that is not 0 in each stream, got one of zeros")
    count = positive_int(name, n)
    T = finite_array("temperature", temperature)
    if T.shape not in ((), (len(spins),)):
        raise ValueError(
            f"temperature must be a number or have shape ({len(spins)},), got {T.shape}"
        )
    if np.any(T <= 0):
        raise ValueError(f"temperature must be > 0, got {float(T.min())!r}")
    model = Model(
        np.broadcast_to(T, (len(spins),)).copy(),
        finite("coupling", coupling),
        finite("field", field),
    )
    return LatticeState(spins.copy("C"), rng.copy("C")), count, model


def no_field(field: float, algorithm: str) -> None:
    """Raises unless h = 0."""
    if field != 0:
        raise ValueError(f"field must be 0 for {algorithm}, got {field!r}")


def lattice_observables(spins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the sum of s_i s_j over the 2 L^2 bonds and the sum of spins, int64 [replicas].

    Args:
      spins: int8 [replicas, L, L], any L >= 2; for L = 2 each pair of neighbours has two bonds.
    """
    spins = np.ascontiguousarray(check_spins(spins))
    bonds, magnetization = np.empty((2, len(spins)), np.int64)
    with threads(len(spins), spins.size):
        _observables(spins.copy() if not spins.flags.writeable else spins, bonds, magnetization)
    count_energies(len(spins))
    return bonds, magnetization


def lattice_energies(spins: np.ndarray, *, coupling: float = 1.0, field: float = 0.0) -> np.ndarray:
    """Returns H = -J sum over bonds s_i s_j - h sum s_i of each replica, float64 [replicas].

    Args:
      spins: int8 [replicas, L, L].
      coupling: J.
      field: h.
    """
    J, h = finite("coupling", coupling), finite("field", field)
    bonds, magnetization = lattice_observables(spins)
    return -J * bonds - h * magnetization


@kernel()
def _observables(spins: np.ndarray, bonds: np.ndarray, magnetization: np.ndarray) -> None:
    n_replicas, L, _ = spins.shape
    for r in numba.prange(n_replicas):
        lattice = spins[r]
        bond_sum, spin_sum = np.int64(0), np.int64(0)
        for i in range(L):
            row, below = lattice[i], lattice[i + 1 if i < L - 1 else 0]
            left = np.int64(row[L - 1])
            for j in range(L):
                s = np.int64(row[j])
                bond_sum += s * (left + below[j])  # the bonds to the left and down: each bond once
                spin_sum += s
                left = s
        bonds[r], magnetization[r] = bond_sum, spin_sum
