"""Replica exchange: walkers that trade temperatures, on top of any update of the lattice.

Source: Hukushima and Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996). Pairs of neighbouring
temperatures are (0, 1), (2, 3), ... in even rounds and (1, 2), (3, 4), ... in odd ones, which lets
walkers drift through the ladder faster than random pairs (Okabe, Kawata, Okamoto, Mikami, Chem.
Phys. Lett. 335, 435 (2001)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite, instance, positive_int
from boltzmann_tf.sampling._exchange import check_ladder, exchange
from boltzmann_tf.sampling.spins._state import LatticeState, lattice_observables, lattice_state
from boltzmann_tf.sampling.spins.sweeps import metropolis_sweeps

__all__ = ["TemperingInfo", "TemperingState", "tempering_rounds", "tempering_state"]

_OUT, _BACK = 1, 2


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
    rung: np.ndarray
    leg: np.ndarray
    round_trips: np.ndarray
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
    rung = np.tile(np.arange(n), (ladders, 1))
    leg = np.where(rung == 0, _OUT, 0).astype(np.int8)
    return TemperingState(lattice, rung, leg, np.zeros_like(rung), 0, seed)


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
    ladders, n_temperatures = state.rung.shape
    T = check_ladder(temperatures, n_temperatures)
    lattice, rung, leg, round_trips, first, seed = state
    rung, leg, round_trips = rung.copy(), leg.copy(), round_trips.copy()
    energy = np.empty((ladders, n_temperatures, n))
    magnetization = np.empty(energy.shape, np.int64)
    attempted, accepted = np.zeros((2, n_temperatures - 1), np.int64)
    for t in range(n):
        lattice, _ = update(lattice, n_updates, temperature=T[rung].ravel(), coupling=J, field=h)
        bonds, total = (x.reshape(rung.shape) for x in lattice_observables(lattice.spins))
        walker = np.argsort(rung, axis=1)  # at each temperature
        energy[..., t] = np.take_along_axis(-J * bonds - h * total, walker, axis=1)
        magnetization[..., t] = np.take_along_axis(total, walker, axis=1)
        lower, exchanged = exchange(rung, energy[..., t], T, first + t, seed)
        attempted[lower] += ladders
        accepted[lower] += exchanged
        home = (rung == 0) & (leg == _BACK)
        round_trips += home
        leg[rung == 0] = _OUT
        leg[(rung == n_temperatures - 1) & (leg == _OUT)] = _BACK
    acceptance = np.where(attempted > 0, accepted / np.maximum(attempted, 1), np.nan)
    made = int(round_trips.sum() - state.round_trips.sum())
    return (
        TemperingState(lattice, rung, leg, round_trips, first + n, seed),
        TemperingInfo(energy, magnetization, acceptance, made),
    )
