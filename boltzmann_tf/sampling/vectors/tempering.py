"""Replica exchange of unit vectors: walkers that trade temperatures.

Source: Hukushima and Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996). The exchanges are those of
`sampling.exchange_rounds`.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive_int, seed_int
from boltzmann_tf.sampling._exchange import check_ladder
from boltzmann_tf.sampling.exchange import exchange_rounds, exchange_state
from boltzmann_tf.sampling.saving import register
from boltzmann_tf.sampling.vectors.sweeps import (
    VectorState,
    vector_energies,
    vector_state,
    vector_sweeps,
    vector_wolff_updates,
)
from boltzmann_tf.systems import Nematic
from boltzmann_tf.systems.nematic import check_unit_vectors

__all__ = [
    "VectorTemperingInfo",
    "VectorTemperingState",
    "vector_order",
    "vector_tempering_rounds",
    "vector_tempering_state",
]

_TARGET = 0.5  # acceptance of single moves that the burn-in tunes towards


@register
class VectorTemperingState(NamedTuple):
    """Independent ladders of walkers, one at each temperature; enough to go on exactly.

    Attributes:
      walkers: ladder after ladder, `[ladders * temperatures, N, 3]`.
      rung: index of the temperature that each walker is at, int64 [ladders, temperatures].
      angle: largest angle of a single move at each temperature in radians, [temperatures].
      rounds: done so far.
      seed: of the decisions to exchange.
    """

    walkers: VectorState
    rung: Annotated[np.ndarray, "int64 [ladders, temperatures], permutations"]
    angle: Annotated[np.ndarray, "float64 [temperatures], above 0"]
    rounds: int
    seed: int


class VectorTemperingInfo(NamedTuple):
    """Time series at each temperature, and how the exchanges fared.

    Attributes:
      energy: H after the updates of each round, float64 [ladders, temperatures, rounds].
      order: largest eigenvalue of Q, float64 [ladders, temperatures, rounds].
      acceptance: of exchanges between temperatures i and i + 1, all ladders together, float64
        [temperatures - 1]; NaN where none was attempted.
      move_acceptance: of single moves at each temperature, float64 [temperatures].
    """

    energy: np.ndarray
    order: np.ndarray
    acceptance: np.ndarray
    move_acceptance: np.ndarray


def vector_order(vectors: np.ndarray) -> np.ndarray:
    """S, the largest eigenvalue of Q = <(3 u u^T - 1) / 2>: `[..., N, 3]` to `[...]`, float64."""
    shape = np.shape(vectors)
    if len(shape) < 2:
        raise ValueError(f"vectors must have shape [..., N, 3], got {shape}")
    u = check_unit_vectors("vectors", vectors, shape[-2])
    mean = np.swapaxes(u, -1, -2) @ u / u.shape[-2]
    return 1.5 * np.linalg.eigvalsh(mean)[..., -1] - 0.5


def vector_tempering_state(
    system: Nematic,
    n_temperatures: int,
    *,
    n_ladders: int = 1,
    start: Any = "disordered",
    seed: int = 0,
) -> VectorTemperingState:
    """Returns walkers at the beginning, walker i of each ladder at temperature i.

    Args:
      system: the lattice.
      n_temperatures: walkers a ladder, at least 2.
      n_ladders: independent copies, for errors and for speed.
      start: as for `vector_state`.
      seed: of everything.
    """
    n = positive_int("n_temperatures", n_temperatures, minimum=2)
    ladders = positive_int("n_ladders", n_ladders)
    walkers = vector_state(system, ladders * n, start=start, seed=seed)
    rung = np.tile(np.arange(n), (ladders, 1))
    return VectorTemperingState(walkers, rung, np.ones(n), 0, seed_int("seed", seed))


def vector_tempering_rounds(
    state: VectorTemperingState,
    n_rounds: int,
    *,
    system: Nematic,
    temperatures: Any,
    angle: Any = None,
    n_sweeps: int = 1,
    n_clusters: int = 0,
    tune: bool = False,
) -> tuple[VectorTemperingState, VectorTemperingInfo]:
    """Rounds of updates at each temperature followed by exchanges of every other pair.

    Two walkers exchange with probability min(1, exp((1 / T_1 - 1 / T_2) (E_1 - E_2))).

    Args:
      state: from `vector_tempering_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      system: the lattice.
      temperatures: strictly increasing, > 0, in units of energy (k_B = 1), [temperatures].
      angle: largest angle of a single move in radians, a number or [temperatures]; None for the
        state's, which are 1 at the beginning.
      n_sweeps: sweeps of single moves a round.
      n_clusters: clusters to reflect a round, after the sweeps; 0 in a field.
      tune: adjust the angles, pi at most, after each round towards an acceptance of one half; for
        the burn-in only, as moves that learn from the walk do not keep its density.

    Returns:
      the state after the rounds, and `VectorTemperingInfo`.
    """
    instance("state", state, VectorTemperingState)
    instance("system", system, Nematic)
    n = positive_int("n_rounds", n_rounds)
    sweeps = positive_int("n_sweeps", n_sweeps)
    clusters = positive_int("n_clusters", n_clusters, minimum=0)
    ladders, n_temperatures = state.rung.shape
    T = check_ladder(temperatures, n_temperatures)
    most = finite_array("angle", state.angle if angle is None else angle, dtype=np.float64)
    if most.shape not in ((), T.shape) or np.any(most <= 0):
        raise ValueError(f"angle must be > 0, a number or [{T.size}], got {most.tolist()}")
    most = np.broadcast_to(most, T.shape).copy()
    moved = np.zeros(n_temperatures)
    energy = np.empty(state.rung.size)  # of the walkers

    def sweep(walkers: VectorState, rung: np.ndarray) -> VectorState:
        nonlocal most, moved
        walkers, moves = vector_sweeps(
            walkers, sweeps, system=system, temperature=T[rung], angle=most[rung]
        )
        each = np.bincount(rung, moves.acceptance) / ladders
        moved += each
        if tune:
            most = np.minimum(most * np.exp(np.clip(each - _TARGET, -0.1, 0.1)), np.pi)
        if clusters:
            walkers, _ = vector_wolff_updates(walkers, clusters, system=system, temperature=T[rung])
        energy[:] = vector_energies(walkers.vectors, system)
        return walkers

    def observe(walkers: VectorState) -> np.ndarray:
        return np.stack([energy, vector_order(walkers.vectors)], axis=1)

    begin = exchange_state(state.walkers, n_temperatures, n_ladders=ladders, seed=state.seed)
    end, info = exchange_rounds(
        begin._replace(rung=state.rung, rounds=state.rounds),
        n,
        sweep=sweep,
        reduced_energy=lambda _: energy[:, None] / T,
        observe=observe,
    )
    seen = np.moveaxis(info.observed, -1, 0)  # energy and order
    return (
        VectorTemperingState(end.walkers, end.rung, most, end.rounds, end.seed),
        VectorTemperingInfo(seen[0], seen[1], info.acceptance, moved / n),
    )
