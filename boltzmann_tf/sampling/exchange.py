"""Replica exchange of any walkers, on any ladder: temperatures, windows, factors of a Hamiltonian.

Walkers take turns at the rungs of a ladder, each of which is a density exp(-f_k(x)). Two at
neighbouring rungs exchange with probability min(1, exp(f_i(x_i) + f_j(x_j) - f_i(x_j) - f_j(x_i))),
which leaves the product of all densities as it is (Hukushima and Nemoto, J. Phys. Soc. Jpn. 65,
1604, 1996; Sugita, Kitao and Okamoto, J. Chem. Phys. 113, 6042, 2000). Pairs are (0, 1), (2, 3),
... in even rounds and (1, 2), (3, 4), ... in odd ones, which lets walkers drift through the ladder
faster than random pairs (Okabe, Kawata, Okamoto, Mikami, Chem. Phys. Lett. 335, 435, 2001).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int, seed_int
from boltzmann_tf.sampling._exchange import (
    Tally,
    count_round_trips,
    decide,
    first_legs,
    log_ratios,
    lower_rungs,
    swap,
)
from boltzmann_tf.sampling.saving import register

__all__ = [
    "ExchangeInfo",
    "ExchangeState",
    "exchange_rounds",
    "exchange_state",
    "temperature_ladder",
]


@register
class ExchangeState(NamedTuple):
    """Independent ladders of walkers, one at each rung; enough to go on exactly.

    Attributes:
      walkers: what the sweep moves, ladder after ladder.
      rung: that each walker is at, int64 [ladders, rungs].
      leg: of each walker's round trip: 0 before the lowest rung is reached first, 1 from there on,
        2 from the highest on, int8 [ladders, rungs].
      round_trips: of each walker, from the lowest rung to the highest and back, int64
        [ladders, rungs].
      rounds: done so far.
      seed: of the decisions to exchange.
    """

    walkers: Any
    rung: Annotated[np.ndarray, "int64 [ladders, rungs], permutations"]
    leg: Annotated[np.ndarray, "int8 [ladders, rungs], 0, 1 or 2"]
    round_trips: Annotated[np.ndarray, "int64 [ladders, rungs], at least 0"]
    rounds: int
    seed: int


class ExchangeInfo(NamedTuple):
    """Time series at each rung, and how the exchanges fared.

    Attributes:
      reduced_energy: f_k at rung k after the sweep of each round, float64 [ladders, rungs, rounds].
      observed: what `observe` returned, at each rung, [ladders, rungs, rounds, ...]; of shape
        [ladders, rungs, rounds, 0] without it.
      walker: that was at each rung during each round, int64 [ladders, rungs, rounds].
      acceptance: of exchanges between rungs k and k + 1, all ladders together, float64 [rungs - 1];
        NaN where none was attempted.
      attempted: exchanges, int64 [rungs - 1].
      not_finite: exchanges that were rejected because a reduced energy was NaN, or infinite at both
        rungs.
      round_trips: completed in these rounds by all walkers.
    """

    reduced_energy: np.ndarray
    observed: np.ndarray
    walker: np.ndarray
    acceptance: np.ndarray
    attempted: np.ndarray
    not_finite: int
    round_trips: int


def temperature_ladder(temperatures: Any, *, ratio: float = 1.25) -> np.ndarray:
    """Temperatures of a ladder, all of those given among them, neighbours near enough.

        temperature_ladder((0.25, 0.5, 1.0), ratio=1.27)  # 0.25, 0.315, 0.397, 0.5, 0.63, ...

    Exchanges between T and T' are accepted at a rate that falls with (log T'/T)^2 times the heat
    capacity, so that steps of one ratio suit a system whose heat capacity is about constant.

    Args:
      temperatures: T > 0 that the ladder has, in any order; the lowest and the highest are its
        ends.
      ratio: of neighbouring temperatures at most, > 1.

    Returns:
      increasing, float64 [rungs]; between two of those given, in steps of one ratio.
    """
    T = np.unique(finite_array("temperatures", temperatures, ndim=1, dtype=np.float64))
    if T[0] <= 0:
        raise ValueError(f"temperatures must be > 0, got {T[0]!r}")
    if positive("ratio", ratio) <= 1:
        raise ValueError(f"ratio must be above 1, got {ratio!r}")
    ladder = [T[-1]]
    for low, high in reversed(list(pairwise(T))):
        n = int(np.ceil(np.log(high / low) / np.log(ratio)))
        ladder += [*np.geomspace(high, low, n + 1)[1:-1], low]
    return np.array(ladder[::-1])


def exchange_state(
    walkers: Any, n_rungs: int, *, n_ladders: int = 1, seed: int = 0
) -> ExchangeState:
    """Returns walkers at the beginning, walker k of each ladder at rung k.

    Args:
      walkers: `n_ladders * n_rungs` of them, ladder after ladder, of any form that the sweep takes:
        a `ParticleState`, a `LatticeState`, `Chains`, an array.
      n_rungs: of a ladder, at least 2.
      n_ladders: independent copies, for errors and for speed.
      seed: of the decisions to exchange.
    """
    n = positive_int("n_rungs", n_rungs, minimum=2)
    rung = np.tile(np.arange(n), (positive_int("n_ladders", n_ladders), 1))
    seed_int("seed", seed)
    return ExchangeState(walkers, rung, first_legs(rung), np.zeros_like(rung), 0, seed)


def exchange_rounds(
    state: ExchangeState,
    n_rounds: int,
    *,
    sweep: Callable[[Any, np.ndarray], Any],
    reduced_energy: Callable[[Any], Any],
    observe: Callable[[Any], Any] | None = None,
) -> tuple[ExchangeState, ExchangeInfo]:
    """Rounds of a sweep of all walkers followed by exchanges of every other pair of rungs.

    LJ13 over eight temperatures:

        T = np.geomspace(0.2, 0.5, 8)
        state = exchange_state(particle_state(np.tile(x, (8, 1))), 8)
        options = {"system": system, "step_size": 0.15}
        move = lambda walkers, rung: particle_sweeps(walkers, 10, temperature=T[rung], **options)[0]
        cost = lambda walkers: particle_energies(walkers.x, system)[:, None] / T
        state, info = exchange_rounds(state, 1000, sweep=move, reduced_energy=cost)

    Args:
      state: from `exchange_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      sweep: from the walkers and the rung of each, int64 [ladders * rungs], to the walkers after
        moves that leave the density of each one's rung as it is.
      reduced_energy: from the walkers to f_k of each of them at every rung, in kT,
        [ladders * rungs, rungs]: u / T_k on a ladder of temperatures.
      observe: from the walkers to something of each of them, [ladders * rungs, ...], kept after the
        sweep of each round.

    Returns:
      the state after the rounds, and `ExchangeInfo`.
    """
    instance("state", state, ExchangeState)
    n = positive_int("n_rounds", n_rounds)
    for name, function in (("sweep", sweep), ("reduced_energy", reduced_energy)):
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {function!r}")
    walkers, rung, leg, round_trips, first, seed = state
    ladders, rungs = rung.shape
    rung, leg, round_trips = rung.copy(), leg.copy(), round_trips.copy()
    energy, walker = np.empty((ladders, rungs, n)), np.empty((ladders, rungs, n), np.int64)
    seen: list[np.ndarray] = []
    tally, not_finite = Tally((rungs - 1,)), 0
    for t in range(n):
        walkers = sweep(walkers, rung.ravel())
        f = _matrix(reduced_energy(walkers), rung.shape)
        walker[..., t] = at = np.argsort(rung, axis=1)
        energy[..., t] = f[np.arange(ladders)[:, None], at, np.arange(rungs)]
        if observe is not None:
            seen.append(_each(observe(walkers), at))
        lower = lower_rungs(rungs, first + t)
        log_ratio = log_ratios(f, at, lower)
        exchanged = decide(log_ratio, [seed, 2, first + t])
        swap(rung, at, lower, exchanged)
        tally.add(lower, exchanged.sum(axis=0), ladders)
        not_finite += int(np.isnan(log_ratio).sum())
        count_round_trips(rung, leg, round_trips)
    return (
        ExchangeState(walkers, rung, leg, round_trips, first + n, seed),
        ExchangeInfo(
            energy,
            np.stack(seen, axis=2) if seen else np.empty((ladders, rungs, n, 0)),
            walker,
            tally.rate(),
            tally.attempted,
            not_finite,
            int(round_trips.sum() - state.round_trips.sum()),
        ),
    )


def _matrix(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Reduced energies of the walkers at all rungs, [ladders, rungs, rungs], or raises."""
    f = np.asarray(values, np.float64)
    if f.shape != (shape[0] * shape[1], shape[1]):
        raise ValueError(
            f"reduced_energy must return one number of each walker at each rung, shape "
            f"[{shape[0] * shape[1]}, {shape[1]}], got {f.shape}"
        )
    return f.reshape(*shape, shape[1])


def _each(values: Any, at: np.ndarray) -> np.ndarray:
    """What was observed of the walker at each rung, [ladders, rungs, ...], or raises."""
    seen = np.asarray(values)
    if seen.shape[:1] != (at.size,):
        raise ValueError(
            f"observe must return something of each walker, shape [{at.size}, ...], got "
            f"{seen.shape}"
        )
    return seen[at + at.shape[1] * np.arange(len(at))[:, None]]
