"""Umbrella sampling along a coordinate, with exchange between windows and temperatures.

Torrie and Valleau, J. Comput. Phys. 23, 187 (1977); exchanges: Sugita, Kitao and Okamoto, J. Chem.
Phys. 113, 6042 (2000). A window's density is that of exp(-u / T - stiffness (c - centre)^2), with c
the coordinate.

Exchange of windows moves a walker along c and leaves the rest, such as a solvent, as cold as it
was. Where that does not rearrange within a run, only exchange of temperatures gives a window other
surroundings than those it started from.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf.potentials import Coordinate, Distance
from boltzmann_tf.sampling._exchange import Tally, decide, lower_rungs, swap
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleState,
    coordinate_of,
    coordinate_values,
    particle_energies,
    particle_state,
    swept,
)
from boltzmann_tf.sampling.saving import register
from boltzmann_tf.systems import ParticleSystem, SolvatedDimer

__all__ = ["UmbrellaInfo", "UmbrellaState", "umbrella_rounds", "umbrella_state"]

_TARGET = 0.4  # acceptance of single moves that the burn-in tunes towards


@register
class UmbrellaState(NamedTuple):
    """Ladders of walkers, one in each window; enough to go on exactly.

    Attributes:
      particles: of all walkers, ladder after ladder, `[ladders * windows, event_size]`.
      window: that each walker is in, int64 [ladders, windows].
      step_size: of the moves in each window, [ladders, windows].
      rounds: done so far.
      seed: of the decisions to exchange.
    """

    particles: ParticleState
    window: Annotated[np.ndarray, "int64 [ladders, windows], permutations"]
    step_size: Annotated[np.ndarray, "float64 [ladders, windows], above 0"]
    rounds: int
    seed: int


class UmbrellaInfo(NamedTuple):
    """Time series of each window, and how moves and exchanges fared.

    Attributes:
      distance: the coordinate at the end of each round, [ladders, windows, rounds]; whatever it
        is, also by the name of `coordinate`.
      acceptance: of single-particle moves, [ladders, windows].
      exchange: accepted exchanges between windows i and i + 1, [ladders, windows - 1]; NaN where
        none was attempted.
      walker: that was in each window at the end of each round, int64 [ladders, windows, rounds].
        Those of different temperatures trade their configurations, not their names.
      not_finite: moves and exchanges rejected because their energy difference was NaN, int64
        [ladders].
      temperature_exchange: accepted exchanges between ladders l and l + 1, [ladders]; NaN where
        none was attempted, as for the last of a group.
    """

    distance: np.ndarray
    acceptance: np.ndarray
    exchange: np.ndarray
    walker: np.ndarray
    not_finite: np.ndarray
    temperature_exchange: np.ndarray

    @property
    def coordinate(self) -> np.ndarray:
        """The coordinate at the end of each round, [ladders, windows, rounds]."""
        return self.distance


def umbrella_state(
    system: ParticleSystem,
    centres: Any,
    *,
    coordinate: Coordinate | str | None = None,
    start: Any = None,
    n_ladders: int = 1,
    seed: int = 0,
) -> UmbrellaState:
    """Returns walkers at the beginning, walker i of each ladder in window i.

    Args:
      system: of particles.
      centres: of the windows, strictly increasing, [windows]; of a distance > 0.
      coordinate: that the windows are along, one of `boltzmann_tf.potentials` or the name of one of
        the system's; None for the system's first.
      start: configurations to start from, one for each window, [windows, event_size], or one for
        all of them, [event_size]: the first rounds (of a burn-in with `tune=True`) then pull it
        into the windows, and are to be thrown away. None for the dimer on its lattice at the centre
        of each window.
      n_ladders: independent copies, at one temperature or several.
      seed: of everything.
    """
    instance("system", system, ParticleSystem)
    along = coordinate_of(system, coordinate)
    c = _centres(centres, along)
    ladders = positive_int("n_ladders", n_ladders)
    if start is not None:
        x = finite_array("start", start, last=system.event_size, dtype=np.float64)
        if x.shape not in (system.event_shape, (c.size, system.event_size)):
            raise ValueError(
                f"start must have shape [{system.event_size}] or [{c.size}, {system.event_size}], "
                f"got {x.shape}"
            )
        x = np.broadcast_to(x, (c.size, system.event_size))
    elif isinstance(system, SolvatedDimer) and along is system.coordinate("distance"):
        x = np.stack([system.lattice(float(v), scale=1.0) for v in c])
    else:
        raise ValueError(
            "start must be given, [windows, event_size] or [event_size], but along the length of "
            f"a SolvatedDimer, got None for {system.name}"
        )
    particles = particle_state(np.tile(x, (ladders, 1)), seed=seed)
    window = np.tile(np.arange(c.size), (ladders, 1))
    return UmbrellaState(particles, window, np.full(window.shape, 0.2), 0, seed)


def umbrella_rounds(
    state: UmbrellaState,
    n_rounds: int,
    *,
    system: ParticleSystem,
    centres: Any,
    coordinate: Coordinate | str | None = None,
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
      system: its true energy is used.
      centres: of the windows, strictly increasing, [windows].
      coordinate: as in `umbrella_state`.
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
    instance("system", system, ParticleSystem)
    ladders, windows = state.window.shape
    along = coordinate_of(system, coordinate)
    c0 = _centres(centres, along)
    if c0.size != windows:
        raise ValueError(f"centres must be {windows} numbers for this state, got {c0.size}")
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
    tally, traded = Tally((ladders, windows - 1)), Tally((ladders,))
    not_finite = np.zeros(ladders, np.int64)
    for t in range(n):
        own = np.take_along_axis(step, window, axis=1)
        options = {
            "step_size": own.ravel(),
            "temperature": T.ravel(),
            "centre": c0[window].ravel(),
            "stiffness": k,
        }
        particles, counts = swept(particles, n_sweeps, system, options, coordinate=along)
        walker = np.argsort(window, axis=1)  # in each window
        fraction = counts[:, 0].reshape(window.shape) / (n_sweeps * system.n)
        acceptance = np.take_along_axis(fraction, walker, axis=1)
        not_finite += counts[:, 1].reshape(window.shape).sum(axis=1)
        moved += acceptance
        if tune:
            step *= np.exp(np.clip(acceptance - _TARGET, -0.1, 0.1))
        value = coordinate_values(system, along, particles.x).reshape(window.shape)
        c = np.take_along_axis(value, walker, axis=1)
        distance[..., t], walkers[..., t] = c, walker
        i = lower_rungs(windows, first + t)
        log_ratio = _log_ratios(c, c0, k, i)
        exchanged = decide(log_ratio, [seed, 3, first + t])
        tally.add((slice(None), i), exchanged, 1)
        not_finite += np.isnan(log_ratio).sum(axis=1)
        swap(window, walker, i, exchanged)
        if levels > 1:
            level = lower_rungs(levels, first + t)
            lower = (np.arange(0, ladders, levels)[:, None] + level).ravel()
            particles, share, bad = _trade(
                particles, window, each, lower, system, [seed, 4, first + t]
            )
            traded.add(lower, share, windows)
            not_finite[lower] += bad
    return (
        UmbrellaState(particles, window, step, first + n, seed),
        UmbrellaInfo(distance, moved / n, tally.rate(), walkers, not_finite, traded.rate()),
    )


def _log_ratios(c: np.ndarray, centres: np.ndarray, k: float, i: np.ndarray) -> np.ndarray:
    """Of exchanges of windows i and i + 1, where the coordinate is c[:, i] and c[:, i + 1].

    (c_i - centre_i)^2 + (c_j - centre_j)^2 minus the same after the exchange; energies stay.
    """
    return -2 * k * (centres[i + 1] - centres[i]) * (c[:, i + 1] - c[:, i])


def _trade(
    particles: ParticleState,
    window: np.ndarray,
    temperature: np.ndarray,
    lower: np.ndarray,
    system: ParticleSystem,
    seed: list[int],
) -> tuple[ParticleState, np.ndarray, np.ndarray]:
    """Exchanges configurations of ladders l and l + 1 for l in `lower`, window by window.

    Returns:
      the particles, and of each pair how many windows exchanged and in how many this was NaN.
    """
    # Rows of x: the walker in each window, [ladders, windows].
    row = np.argsort(window, axis=1) + window.shape[1] * np.arange(len(window))[:, None]
    one, other = row[lower], row[lower + 1]
    u = particle_energies(particles.x, system)
    beta = 1 / temperature
    log_ratio = (beta[lower] - beta[lower + 1])[:, None] * (u[one] - u[other])
    exchanged = decide(log_ratio, seed)
    x = particles.x.copy()
    a, b = one[exchanged], other[exchanged]
    x[a], x[b] = particles.x[b], particles.x[a]
    return particles._replace(x=x), exchanged.sum(axis=1), np.isnan(log_ratio).sum(axis=1)


def _centres(centres: Any, along: Coordinate) -> np.ndarray:
    """Centres of windows, or raises unless they increase, and those of a distance are > 0."""
    c = finite_array("centres", centres, ndim=1, dtype=np.float64)
    length = isinstance(along, Distance)
    if c.size < 2 or np.any(np.diff(c) <= 0) or (length and c[0] <= 0):
        raise ValueError(
            f"centres must be two or more {'positive, ' if length else ''}strictly increasing "
            f"numbers, got {c.tolist()}"
        )
    return c
