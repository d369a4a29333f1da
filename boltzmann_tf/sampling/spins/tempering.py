"""Replica exchange: walkers that trade temperatures, on top of any update of the lattice.

Source: Hukushima and Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996). The exchanges are those of
`sampling.exchange_rounds`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite, instance, positive_int
from boltzmann_tf.sampling._exchange import check_ladder
from boltzmann_tf.sampling.exchange import ExchangeState, exchange_rounds, exchange_state
from boltzmann_tf.sampling.saving import register
from boltzmann_tf.sampling.spins._state import LatticeState, lattice_observables, lattice_state
from boltzmann_tf.sampling.spins.sweeps import metropolis_sweeps

__all__ = ["TemperingInfo", "TemperingState", "tempering_rounds", "tempering_state"]


@register
class TemperingState(NamedTuple):
    """Independent ladders of walkers, one at each temperature; enough to go on exactly.

    Attributes:
      lattice: of all walkers, ladder after ladder, `[ladders * temperatures, L, L]`.
      rung: index of the temperature that each walker is at, int64 [ladders, temperatures].
      leg: of each walker's round trip: 0 before the lowest temperature is reached first, 1 from
        there on, 2 from the highest on, int8 [ladders, temperatures].
      round_trips: of each walker, from the lowest temperature to the highest and back, int64
        [ladders, temperatures].
      rounds: done so far.
      seed: of the decisions to exchange.
    """

    lattice: LatticeState
    rung: Annotated[np.ndarray, "int64 [ladders, temperatures], permutations"]
    leg: Annotated[np.ndarray, "int8 [ladders, temperatures], 0, 1 or 2"]
    round_trips: Annotated[np.ndarray, "int64 [ladders, temperatures], at least 0"]
    rounds: int
    seed: int


class TemperingInfo(NamedTuple):
    """Time series at each temperature, and how the exchanges fared.

    Attributes:
      energy: H after the updates of each round, float64 [ladders, temperatures, rounds].
      magnetization: sum of spins, int64 [ladders, temperatures, rounds].
      acceptance: of exchanges between temperatures i and i + 1, all ladders together, float64
        [temperatures - 1]; NaN where none was attempted.
      round_trips: completed in these rounds by all walkers.
    """

    energy: np.ndarray
    magnetization: np.ndarray
    acceptance: np.ndarray
    round_trips: int


def tempering_state(
    length: int, n_temperatures: int, *, n_ladders: int = 1, start: Any = "random", seed: int = 0
) -> TemperingState:
    """Returns walkers at the beginning, walker i of each ladder at temperature i.

    Args:
      length: L of the lattice.
      n_temperatures: walkers a ladder, at least 2.
      n_ladders: independent copies, for errors and for speed.
      start: as for `lattice_state`.
      seed: of everything.
    """
    n = positive_int("n_temperatures", n_temperatures, minimum=2)
    ladders = positive_int("n_ladders", n_ladders)
    lattice = lattice_state(ladders * n, length, start=start, seed=seed)
    return TemperingState(*exchange_state(lattice, n, n_ladders=ladders, seed=seed))


def tempering_rounds(
    state: TemperingState,
    n_rounds: int,
    *,
    temperatures: Any,
    update: Callable[..., tuple[LatticeState, Any]] = metropolis_sweeps,
    n_updates: int = 1,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[TemperingState, TemperingInfo]:
    """Rounds of updates at each temperature followed by exchanges of every other pair.

    Two walkers exchange with probability min(1, exp((1 / T_1 - 1 / T_2) (E_1 - E_2))).

    Args:
      state: from `tempering_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      temperatures: strictly increasing, > 0, in units of energy (k_B = 1), [temperatures].
      update: one of the sweeps or cluster updates of this package, or a function like them.
      n_updates: sweeps or updates a round.
      coupling: J.
      field: h.

    Returns:
      the state after the rounds, and `TemperingInfo`.
    """
    instance("state", state, TemperingState)
    n = positive_int("n_rounds", n_rounds)
    J, h = finite("coupling", coupling), finite("field", field)
    T = check_ladder(temperatures, state.rung.shape[1])
    sums = np.empty((2, state.rung.size), np.int64)  # of the walkers, over bonds and over sites

    def sweep(lattice: LatticeState, rung: np.ndarray) -> LatticeState:
        lattice, _ = update(lattice, n_updates, temperature=T[rung], coupling=J, field=h)
        sums[:] = lattice_observables(lattice.spins)
        return lattice

    end, info = exchange_rounds(
        ExchangeState(*state),
        n,
        sweep=sweep,
        reduced_energy=lambda _: (-J * sums[0] - h * sums[1])[:, None] / T,
        observe=lambda _: sums.T.copy(),
    )
    bonds, total = np.moveaxis(info.observed, -1, 0)
    energy = -J * bonds - h * total
    return (
        TemperingState(*end),
        TemperingInfo(energy, total, info.acceptance, info.round_trips),
    )
