"""What every replica exchange of this package is made of: who is tried, who exchanges, the counts.

Used by `exchange_rounds`, which takes any ladder, and by umbrella sampling, whose ladders of
windows exchange among each other, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._checks import finite_array

__all__ = [
    "Tally",
    "check_ladder",
    "count_round_trips",
    "decide",
    "first_legs",
    "log_ratios",
    "lower_rungs",
    "swap",
]

OUT, BACK = 1, 2  # legs of a round trip


def lower_rungs(n: int, number: int) -> np.ndarray:
    """Lower rungs of the pairs that are tried in a round: even and odd ones take turns."""
    return np.arange(number % 2, n - 1, 2)


def log_ratios(f: np.ndarray, at: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Of exchanges of the pairs, [ladders, pairs].

    NaN where a reduced energy is NaN, or infinite at both rungs.

    Args:
      f: reduced energy of each walker at each rung, [ladders, walkers, rungs].
      at: the walker at each rung, [ladders, rungs].
      lower: rungs of the pairs.
    """
    i, j, ladder = lower, lower + 1, np.arange(len(f))[:, None]
    a, b = at[:, i], at[:, j]
    with np.errstate(invalid="ignore"):
        return (f[ladder, a, i] - f[ladder, a, j]) + (f[ladder, b, j] - f[ladder, b, i])


def decide(log_ratio: np.ndarray, seed: list[int]) -> np.ndarray:
    """Which exchanges are accepted, bool of the shape of the log-ratios.

    Args:
      log_ratio: of the densities after and before; NaN is a rejection.
      seed: of the state, of the kind of exchange, and the number of the round: a generator for each
        round, so that rounds are the same in one call and in several.
    """
    noise = np.random.default_rng(seed).standard_exponential(log_ratio.shape)
    return -noise < log_ratio


def swap(rung: np.ndarray, at: np.ndarray, lower: np.ndarray, exchanged: np.ndarray) -> None:
    """Writes to `rung`, [ladders, rungs], what is exchanged; `at` is the walker at each rung."""
    ladder, pair = np.nonzero(exchanged)
    rung[ladder, at[ladder, lower[pair]]] += 1
    rung[ladder, at[ladder, lower[pair] + 1]] -= 1


class Tally:
    """Counts of attempted and accepted exchanges.

    Args:
      shape: of what is counted apart.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.attempted, self.accepted = np.zeros((2, *shape), np.int64)

    def add(self, where: Any, accepted: Any, attempted: int) -> None:
        """Adds those of a round to the counts at an index."""
        self.attempted[where] += attempted
        self.accepted[where] += accepted

    def rate(self) -> np.ndarray:
        """Accepted ones of the attempted ones; NaN where none was attempted."""
        found = self.accepted / np.maximum(self.attempted, 1)
        return np.where(self.attempted > 0, found, np.nan)


def first_legs(rung: np.ndarray) -> np.ndarray:
    """Legs of the walkers' round trips at the beginning, int8 like `rung`."""
    return np.where(rung == 0, OUT, 0).astype(np.int8)


def count_round_trips(rung: np.ndarray, leg: np.ndarray, round_trips: np.ndarray) -> None:
    """Writes to legs and round trips what walkers have completed by getting to these rungs."""
    round_trips += (rung == 0) & (leg == BACK)
    leg[rung == 0] = OUT
    leg[(rung == rung.shape[1] - 1) & (leg == OUT)] = BACK


def check_ladder(temperatures: Any, n: int) -> np.ndarray:
    """Returns the n temperatures of a ladder, or raises unless they are > 0 and increase."""
    T = finite_array("temperatures", temperatures, ndim=1)
    if T.size != n or T[0] <= 0 or np.any(np.diff(T) <= 0):
        raise ValueError(
            f"temperatures must be {n} positive, strictly increasing numbers, got {T.tolist()}"
        )
    return T
