"""Conventional Monte Carlo of the dimer: its states, and its free energies by umbrella sampling."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from boltzmann_tf import estimators, sampling, systems
from boltzmann_tf.estimators import Estimate, Profile, Umbrella
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import UmbrellaInfo

__all__ = [
    "CENTRES",
    "CUT",
    "EDGES",
    "SITES",
    "STIFFNESS",
    "SYSTEM",
    "Ladders",
    "Windows",
    "energies",
    "frames",
    "frames_along",
    "in_order",
    "length_energy",
    "levels_to_one",
    "permuted",
    "umbrella",
]

SYSTEM = systems.SolvatedDimer()
CUT = 1.5  # between closed and open
SITES = SYSTEM.lattice(1.5, 1.05**2)  # of the published reference for the labels
EDGES = np.linspace(0.4, 2.7, 47)  # of profiles; wide enough for every sample at T = 4
CENTRES = np.linspace(0.7, 2.3, 31)
STIFFNESS = 200.0  # at T = 1 and above
LADDERS = 8  # at each temperature, independent of each other
APART = 1.27  # of neighbouring temperatures, their ratio at most: 0.26 of exchanges are accepted


@dataclass(frozen=True)
class Ladders:
    """Umbrella sampling at one temperature.

    Attributes:
      info: of its ladders.
      centres: of their windows.
      stiffness: of the springs k (d - centre)^2, in kT.
      joined: all windows of all ladders.
      each: the same of each ladder alone.
      energies: cost, in units of one energy (a sweep of single-particle moves costs about one); in
        the cold, of all temperatures that configurations are exchanged with.
    """

    info: UmbrellaInfo
    centres: np.ndarray
    stiffness: float
    joined: Umbrella
    each: list[Umbrella]
    energies: int

    def part(self, first: int, last: int) -> Umbrella:
        """Rounds from `first` up to `last` alone."""
        return _joined(self.info.distance[:, :, first:last], self.centres, self.stiffness)


@dataclass(frozen=True)
class Windows:
    """Umbrella sampling at several temperatures.

    Attributes:
      ladders: temperature -> what was sampled there.
      seconds: that it took.
    """

    ladders: dict[float, Ladders]
    seconds: float

    @property
    def by_temperature(self) -> dict[float, Umbrella]:
        """Temperature -> windows joined."""
        return {t: own.joined for t, own in self.ladders.items()}

    def difference(self, temperature: float) -> Estimate:
        """F(open) - F(closed) in kT."""
        return self.ladders[temperature].joined.free_energy_difference(CUT)

    def profile(self, temperature: float) -> Profile:
        """F(d) in kT, the lowest bin at zero."""
        return self.ladders[temperature].joined.profile()


def umbrella(
    context: Context, temperatures: Sequence[float], rounds: int, *, sweeps: int = 5
) -> Windows:
    """Umbrella sampling with exchange between windows and, below T = 1, between temperatures.

    At T = 1 the fluid rearranges by itself. Well below it does not: a walker of a cold window keeps
    the packing it came with, ladders then differ by several stated errors, and all of them lie
    too low, as all have come from the lattice. So each cold ladder belongs to a group that reaches
    up to T = 1, where packings change, and exchanges configurations with its neighbours.

    Below T = 1 windows are also stiffer, and more: at the top of the barrier the potential of the
    length falls off as 100 / T (d - 1.5)^2, and a spring that does not outweigh it holds no window
    there.

    Args:
      context: for the seed and the log.
      temperatures: T.
      rounds: stored of each of the eight ladders, after a tenth as many (at least 800, but
        not more than these) to tune and forget the start.
      sweeps: a round.
    """
    started = time.perf_counter()
    hot, cold = [t for t in temperatures if t >= 1], [t for t in temperatures if t < 1]
    found: dict[float, Ladders] = {}
    for asked, levels in ((hot, np.array(hot)), (cold, levels_to_one(cold))):
        if asked:
            coldest = min(1.0, *asked)
            n = round((CENTRES.size - 1) / coldest**0.5) + 1
            centres = np.linspace(CENTRES[0], CENTRES[-1], n)
            found |= _ladders(context, asked, levels, centres, STIFFNESS / coldest, rounds, sweeps)
    return Windows(dict(sorted(found.items())), time.perf_counter() - started)


def levels_to_one(cold: Sequence[float]) -> np.ndarray:
    """Temperatures from the coldest up to 1, all of `cold` among them, neighbours near enough."""
    ends = sorted({*cold, 1.0})
    levels = [1.0]
    for low, high in reversed(list(pairwise(ends))):
        n = int(np.ceil(np.log(high / low) / np.log(APART)))
        levels += [*np.geomspace(high, low, n + 1)[1:-1], low]
    return np.array(levels[::-1])


def _ladders(
    context: Context,
    asked: Sequence[float],
    temperatures: np.ndarray,
    centres: np.ndarray,
    stiffness: float,
    rounds: int,
    sweeps: int,
) -> dict[float, Ladders]:
    """Independent ladders at the temperatures asked; cold ones in groups of all `temperatures`."""
    context.log(f"umbrella sampling, T = {', '.join(f'{t:.3g}' for t in temperatures)}")
    each = np.tile(temperatures, LADDERS)
    together = temperatures[0] < 1
    options: dict[str, Any] = {
        "system": SYSTEM,
        "centres": centres,
        "stiffness": stiffness,
        "temperature": each,
        "n_sweeps": sweeps,
        "levels": len(temperatures) if together else 1,
    }
    burn_in = max(min(800, rounds), rounds // 10)
    state = sampling.umbrella_state(SYSTEM, centres, n_ladders=len(each), seed=context.seed)
    state, _ = sampling.umbrella_rounds(state, burn_in, tune=True, **options)
    _, info = sampling.umbrella_rounds(state, rounds, **options)
    cost = centres.size * sweeps * (rounds + burn_in) * each.size
    context.count_energy_evaluations(cost)
    found = {}
    for t in asked:
        own = UmbrellaInfo(*(part[each == t] for part in info))
        found[t] = Ladders(
            own,
            centres,
            stiffness,
            _joined(own.distance, centres, stiffness),
            [_joined(ladder, centres, stiffness, n_blocks=10) for ladder in own.distance],
            cost if together else cost // len(temperatures),
        )
    return found


def _joined(
    distance: np.ndarray, centres: np.ndarray, stiffness: float, **options: Any
) -> Umbrella:
    return estimators.umbrella_histogram(distance, centres, stiffness, edges=EDGES, **options)


def length_energy(d: np.ndarray) -> np.ndarray:
    """The dimer's own potential of its length, kT."""
    q = 2 * (d - SYSTEM.distance)
    return SYSTEM.slope * q - SYSTEM.quadratic * q**2 + SYSTEM.quartic * q**4


def frames(
    state: str, n: int, *, seed: int, temperature: float = 1.0, stride: int = 40, walkers: int = 64
) -> np.ndarray:
    """Configurations of one state from unbiased runs, the solvent in the order of the lattice.

    Args:
      state: "closed" or "open"; the barrier of 14 kT and more is not crossed in such runs.
      n: configurations, rounded down to a multiple of `walkers`.
      seed: of the runs.
      temperature: of the runs.
      stride: sweeps between stored configurations of a walker.
      walkers: independent, each from the lattice.

    Returns:
      `[n, 76]`, walker after walker.
    """
    x = np.tile(SYSTEM.initial_state(state), (walkers, 1))
    chain = sampling.particle_state(x, seed=seed)
    options: dict[str, Any] = {"system": SYSTEM, "step_size": 0.2, "temperature": temperature}
    chain, _ = sampling.particle_sweeps(chain, 2000, **options)
    stored = []
    for _ in range(n // walkers):
        chain, _ = sampling.particle_sweeps(chain, stride, **options)
        stored.append(chain.x)
    x = np.stack(stored, axis=1).reshape(-1, SYSTEM.event_size)
    return in_order(x)


def in_order(x: np.ndarray) -> np.ndarray:
    """The solvent of configurations `[n, 76]` in the order of the lattice.

    The published reference for the labels: the starting lattice of d = 1.5, scaled once more.
    """
    return _relabelled(x).x


def permuted(x: np.ndarray) -> np.ndarray:
    """Which of configurations `[n, 76]` have their solvent in another order, `[n]`."""
    return _relabelled(x).permuted


def _relabelled(x: np.ndarray) -> sampling.Relabelled:
    return sampling.relabel(x, SITES, fixed=2)


def frames_along(n: int, *, seed: int, stride: int = 40, stiffness: float = 2000.0) -> np.ndarray:
    """Configurations of the transition region at T = 1, their lengths spread evenly over it.

    Args:
      n: configurations, rounded down to a multiple of the 64 walkers.
      seed: of the runs.
      stride: sweeps between stored configurations of a walker.
      stiffness: of the bias that holds each walker at its length.
    """
    centres = np.linspace(1.3, 1.7, 66)[1:-1]
    start = np.stack([SYSTEM.lattice(float(c), 1.0) for c in centres])
    chain = sampling.particle_state(start, seed=seed + 50)
    options: dict[str, Any] = {
        "system": SYSTEM,
        "step_size": 0.15,
        "centre": centres,
        "stiffness": stiffness,
    }
    chain, _ = sampling.particle_sweeps(chain, 2000, **options)
    stored = []
    for _ in range(n // len(centres)):
        chain, _ = sampling.particle_sweeps(chain, stride, **options)
        stored.append(chain.x)
    return np.concatenate(stored)


def energies(x: np.ndarray) -> np.ndarray:
    """u of configurations `[n, 76]`, kT."""
    return np.concatenate([SYSTEM.energy(part).numpy() for part in np.array_split(x, 20)])
