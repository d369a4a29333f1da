"""Replica exchange: which neighbouring temperatures trade walkers after a round."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array

__all__ = ["check_ladder", "exchange"]


def check_ladder(temperatures: Any, n: int) -> np.ndarray:
    """Returns the n temperatures of a ladder, or raises unless they are > 0 and increase."""
    T = finite_array("temperatures", temperatures, ndim=1)
    if T.size != n or T[0] <= 0 or np.any(np.diff(T) <= 0):
        raise ValueError(
            f"temperatures must be {n} positive, strictly increasing numbers, got {T.tolist()}"
        )
    return T


def exchange(
    rung: np.ndarray, energy: np.ndarray, temperatures: np.ndarray, number: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Exchanges every other pair, with probability min(1, exp((1 / T_1 - 1 / T_2) (E_1 - E_2))).

    Where an energy is NaN nothing is exchanged.

    Args:
      rung: temperature of each walker, [ladders, temperatures]; written to.
      energy: at each temperature, [ladders, temperatures].
      temperatures: increasing.
      number: of the round; even and odd ones take turns with the pairs.
      seed: of the decisions.

    Returns:
      the lower rungs of the pairs that were tried, and how many ladders exchanged each.
    """
    walker = np.argsort(rung, axis=1)  # at each temperature
    lower = np.arange(number % 2, temperatures.size - 1, 2)
    log_ratio = np.diff(-1 / temperatures)[lower] * -np.diff(energy, axis=1)[:, lower]
    # A generator for each round: rounds are the same in one call and in several.
    noise = np.random.default_rng([seed, 2, number]).standard_exponential(log_ratio.shape)
    exchanged = -noise < log_ratio
    ladder, pair = np.nonzero(exchanged)
    rung[ladder, walker[ladder, lower[pair]]] += 1
    rung[ladder, walker[ladder, lower[pair] + 1]] -= 1
    return lower, exchanged.sum(axis=0)
