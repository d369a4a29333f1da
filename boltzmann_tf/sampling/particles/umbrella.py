"""Umbrella sampling of the dimer's length, with exchange between windows and temperatures.

Torrie and Valleau, J. Comput. Phys. 23, 187 (1977); exchanges: Sugita, Kitao and Okamoto, J. Chem.
Phys. 113, 6042 (2000). A window's density is that of exp(-u / T - stiffness (d - centre)^2).

Exchange of windows moves a walker along d and leaves its solvent as cold as it was. Where the
solvent does not rearrange within a run, only exchange of temperatures gives a window other solvents
than those it started from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleState,
    particle_energies,
    particle_state,
    swept,
)
from boltzmann_tf.systems import SolvatedDimer

__all__ = ["UmbrellaInfo", "UmbrellaState", "umbrella_rounds", "umbrella_state"]

_TARGET = 0.4  # acceptance of single moves that the burn-in tunes towards


class UmbrellaState(NamedTuple):
    """Ladders of walkers, one in each window; enough to go on exactly.

    Attributes:
      particles: of all walkers, ladder after ladder, `[ladders * windows, 2 n]`.
      window: that each walker is in, int64 [ladders, windows].
      step_size: of the moves in each window, [ladders, windows].
      rounds: done so far.
      seed: of the decisions to exchange.
    """

    particles: ParticleState
    window: np.ndarray
    step_size: np.ndarray
    rounds: int
    seed: int


class UmbrellaInfo(NamedTuple):
    """Time series of each window, and how moves and exchanges fared.

    Attributes:
      distance: d at the end of each round, [ladders, windows, rounds].
      acceptance: of single-particle moves, [ladders, windows].
      exchange: accepted exchanges between windows i and i + 1, [ladders, windows - 1]; NaN where
        none was attempted.
      walker: that was in each window at the end of each round, int64 [ladders, windows, rounds].
        Those of different temperatures trade their configurations, not their names.
      not_finite: moves rejected because their energy difference was NaN, int64 [ladders].
      temperature_exchange: accepted exchanges between ladders l and l + 1, [ladders]; NaN where
        none was attempted, as for the last of a group.
    """

    distance: np.ndarray
    acceptance: np.ndarray
    exchange: np.ndarray
    walker: np.ndarray
    not_finite: np.ndarray
    temperature_exchange: np.ndarray


def umbrella_state(
    system: SolvatedDimer, centres: Any, *, n_ladders: int = 1, seed: int = 0
) -> UmbrellaState:
    """Returns walkers on the lattice with the dimer at the centre of their windows.

    Args:
      system: the dimer.
      centres: of the windows, strictly increasing, [windows].
      n_ladders: independent copies, at one temperature or several.
      seed: of everything.
    """
    instance("system", system, SolvatedDimer)
    d = _centres(centres)
    ladders = positive_int("n_ladders", n_ladders)
    starts = np.stack([system.lattice(float(v), scale=1.0) for v in d])
    particles = particle_state(np.tile(starts, (ladders, 1)), seed=seed)
    window = np.tile(np.arange(d.size), (ladders, 1))
    return UmbrellaState(particles, window, np.full(window.shape, 0.2), 0, seed)


def umbrella_rounds(
    state: UmbrellaState,
    n_rounds: int,
    *,
    system: SolvatedDimer,
    centres: Any,
    stiffness: float = 200.0,
    temperature: Any = 1.0,
    n_sweeps: int = 10,
    levels: int = 1,
    tune: bool = False,
) -> tuple[UmbrellaState, UmbrellaInfo]:
    """Rounds of sweeps in each window, then exchanges of every other pair of windows.

    With `levels`, configurations in the same window at neighbouring temperatures then change
    places, too. All of a group share the windows' biases (`stiffness` is in kT at each one's own
    temperature), so that these cancel and the energies alone decide.

    Args:
      state: from `umbrella_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      system: the dimer; its true energy is used.
      centres: of the windows, strictly increasing, [windows].
      stiffness: of the bias in kT at the ladder's own temperature, without a factor 1/2.
      temperature: T of each ladder, a number or [ladders].
      n_sweeps: sweeps a round.
      levels: ladders in a group: ladders 0 to levels - 1, and so on, exchange configurations, each
        with the next. 1 for none.
      tune: adjust step sizes after each round; for the burn-in only.

    Returns:
      the state after the rounds, and `UmbrellaInfo`.
    """
    instance("state", state, UmbrellaState)
    n = positive_int("n_rounds", n_rounds)
    ladders, windows = state.window.shape
    d0 = _centres(centres)
    if d0.size != windows:
        raise ValueError(f"centres must be {windows} numbers for this state, got {d0.size}")
    k = positive("stiffness", stiffness)
    T = finite_array("temperature", temperature, dtype=np.float64)
    if T.shape not in ((), (ladders,)) or np.any(T <= 0):
        raise ValueError(f"temperature must be > 0, a number or [{ladders}], got {T.tolist()}")
    levels = positive_int("levels", levels)
    if ladders % levels:
        raise ValueError(f"levels must divide the {ladders} ladders of this state, got {levels}")
    each = np.broadcast_to(T, (ladders,))
    T = np.broadcast_to(each[:, None], (ladders, windows))
    particles, window, step, first, seed = state
    window, step = window.copy(), step.copy()
    distance, walkers = np.empty((ladders, windows, n)), np.empty((ladders, windows, n), np.int64)
    moved = np.zeros((ladders, windows))
    attempted, accepted = np.zeros((2, ladders, windows - 1), np.int64)
    tried, traded = np.zeros((2, ladders), np.int64)
    not_finite = np.zeros(ladders, np.int64)
    for t in range(n):
        own = np.take_along_axis(step, window, axis=1)
        options = {
            "step_size": own.ravel(),
            "temperature": T.ravel(),
            "centre": d0[window].ravel(),
            "stiffness": k,
        }
        particles, counts = swept(particles, n_sweeps, system, options)
        walker = np.argsort(window, axis=1)  # in each window
        fraction = counts[:, 0].reshape(window.shape) / (n_sweeps * (system.solvent + 2))
        acceptance = np.take_along_axis(fraction, walker, axis=1)
        not_finite += counts[:, 1].reshape(window.shape).sum(axis=1)
        moved += acceptance
        if tune:
            step *= np.exp(np.clip(acceptance - _TARGET, -0.1, 0.1))
        length = _distance(particles.x).reshape(window.shape)
        d = np.take_along_axis(length, walker, axis=1)
        distance[..., t], walkers[..., t] = d, walker
        i = np.arange((first + t) % 2, windows - 1, 2)
        # (d_i - c_i)^2 + (d_j - c_j)^2 minus the same after the exchange.
        log_ratio = -2 * k * (d0[i + 1] - d0[i]) * (d[:, i + 1] - d[:, i])
        noise = np.random.default_rng([seed, 3, first + t]).standard_exponential(log_ratio.shape)
        exchanged = -noise < log_ratio
        attempted[:, i] += 1
        accepted[:, i] += exchanged
        ladder, pair = np.nonzero(exchanged)
        window[ladder, walker[ladder, i[pair]]] += 1
        window[ladder, walker[ladder, i[pair] + 1]] -= 1
        if levels > 1:
            level = np.arange(ladders) % levels
            lower = np.flatnonzero((level < levels - 1) & ((level + first + t) % 2 == 0))
            particles, share = _trade(particles, window, each, lower, system, [seed, 4, first + t])
            tried[lower] += 1
            traded[lower] += share
    return (
        UmbrellaState(particles, window, step, first + n, seed),
        UmbrellaInfo(
            distance,
            moved / n,
            _rate(accepted, attempted),
            walkers,
            not_finite,
            _rate(traded, tried * windows),
        ),
    )


def _rate(accepted: np.ndarray, attempted: np.ndarray) -> np.ndarray:
    return np.where(attempted > 0, accepted / np.maximum(attempted, 1), np.nan)


def _trade(
    particles: ParticleState,
    window: np.ndarray,
    temperature: np.ndarray,
    lower: np.ndarray,
    system: SolvatedDimer,
    seed: list[int],
) -> tuple[ParticleState, np.ndarray]:
    """Exchanges configurations of ladders l and l + 1 for l in `lower`, window by window.

    Returns:
      the particles, and how many windows of each pair exchanged.
    """
    # Rows of x: the walker in each window, [ladders, windows].
    row = np.argsort(window, axis=1) + window.shape[1] * np.arange(len(window))[:, None]
    one, other = row[lower], row[lower + 1]
    u = particle_energies(particles.x, system)
    beta = 1 / temperature
    log_ratio = (beta[lower] - beta[lower + 1])[:, None] * (u[one] - u[other])
    noise = np.random.default_rng(seed).standard_exponential(log_ratio.shape)
    exchanged = -noise < log_ratio
    x = particles.x.copy()
    a, b = one[exchanged], other[exchanged]
    x[a], x[b] = particles.x[b], particles.x[a]
    return particles._replace(x=x), exchanged.sum(axis=1)


def _centres(centres: Any) -> np.ndarray:
    d = finite_array("centres", centres, ndim=1, dtype=np.float64)
    if d.size < 2 or d[0] <= 0 or np.any(np.diff(d) <= 0):
        raise ValueError(
            f"centres must be two or more positive, strictly increasing numbers, got {d.tolist()}"
        )
    return d


def _distance(x: np.ndarray) -> np.ndarray:
    return np.hypot(x[:, 0] - x[:, 2], x[:, 1] - x[:, 3])
