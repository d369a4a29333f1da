"""Annealing from a generator's density by Monte Carlo moves that know nothing of it.

Walks pass the densities q^(1 - lambda) p^lambda between that of the generator, q, and the Boltzmann
density p, and are weighted by annealed importance sampling (Neal, Stat. Comput. 11, 125, 2001). In
each of them x goes to x' by moves that leave p as it is, and x' is accepted with probability
min(1, (w(x) / w(x'))^(1 - lambda)), w = p / q: delayed acceptance (Christen and Fox, J. Comput.
Graph. Stat. 14, 795, 2005). One density of the generator pays for many moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import positive_int, seed_int

__all__ = ["DelayedInfo", "anneal_moves"]


class DelayedInfo(NamedTuple):
    """What a walk has found.

    Attributes:
      log_weight: of the configurations at the end, float64 [replicas]; the logarithm of the mean
        weight estimates log Z.
      acceptance: share of the walks that were accepted in each density but the last, [n_steps - 1].
    """

    log_weight: np.ndarray
    acceptance: np.ndarray


def anneal_moves(
    state: Any,
    *,
    log_weight: Callable[[np.ndarray], Any],
    moves: Callable[[Any], Any],
    n_steps: int = 10,
    seed: int = 0,
) -> tuple[Any, DelayedInfo]:
    """Walks from a generator's density to the Boltzmann density.

        samples = generator.sample(1000, seed=1)
        state = sampling.polymer_state(samples.x, seed=2)
        state, info = sampling.anneal_moves(
            state,
            log_weight=generator.log_weight,
            moves=lambda state: sampling.polymer_rounds(state, 10, system=system)[0],
            n_steps=30,
        )

    Args:
      state: replicas that start from samples of the generator; a NamedTuple with the configurations
        `x`, [replicas, event_size]. It is not changed.
      log_weight: -u(x) / tau - log q(x) of configurations, [replicas].
      moves: from a state to another, leaving the Boltzmann density as it is, at the same tau, and
        reversible: each move drawn at random as by `polymer_rounds`, not sweeps in a fixed order.
      n_steps: densities after the generator's, the Boltzmann density included; `moves` is called
        one time less.
      seed: of the decisions.

    Returns:
      the state at the end, and `DelayedInfo`.

    Raises:
      ValueError: for log-weights that are NaN or of another shape.
    """
    steps = positive_int("n_steps", n_steps)
    rng = np.random.default_rng(seed_int("seed", seed))
    current = _log_weight(log_weight, state.x)
    total, accepted = np.zeros(len(current)), []
    for step in range(steps):
        total += current / steps
        if step + 1 == steps:
            break
        left = 1 - (step + 1) / steps  # 1 - lambda
        moved = moves(state)
        proposed = _log_weight(log_weight, moved.x)
        with np.errstate(invalid="ignore"):  # where both have no weight: it stays
            accept = -rng.exponential(size=len(total)) < left * (current - proposed)
        state = moved._replace(x=np.where(accept[:, None], moved.x, state.x))
        current = np.where(accept, proposed, current)
        accepted.append(np.mean(accept))
    return state, DelayedInfo(total, np.array(accepted))


def _log_weight(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    found = np.asarray(function(x), np.float64)
    if found.shape != (len(x),):
        raise ValueError(f"log_weight must return shape [{len(x)}], got {found.shape}")
    if np.any(np.isnan(found)):
        raise ValueError(f"log_weight must not be NaN, got {np.sum(np.isnan(found))} of {len(x)}")
    return found
