"""Conventional Monte Carlo of the dimer: its states, and its free energies by two methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    "Windows",
    "energies",
    "exchange",
    "frames",
    "frames_along",
    "in_order",
    "length_energy",
    "permuted",
    "umbrella",
]

SYSTEM = systems.SolvatedDimer()
CUT = 1.5  # between closed and open
SITES = SYSTEM.lattice(1.5, 1.05**2)  # of the published reference for the labels
EDGES = np.linspace(0.4, 2.7, 47)  # of profiles; wide enough for every sample at T = 4
CENTRES = np.linspace(0.7, 2.3, 31)
STIFFNESS = 200.0


@dataclass(frozen=True)
class Windows:
    """Umbrella sampling at several temperatures.

    Attributes:
      info: of all ladders.
      rows: temperature -> its ladders among them.
      by_temperature: temperature -> windows joined.
      ladders: temperature -> the same of each ladder alone.
      energies: cost, in units of one energy (a sweep of single-particle moves costs about one).
    """

    info: UmbrellaInfo
    rows: dict[float, np.ndarray]
    by_temperature: dict[float, Umbrella]
    ladders: dict[float, list[Umbrella]]
    energies: int

    def difference(self, temperature: float) -> Estimate:
        """F(open) - F(closed) in kT."""
        return self.by_temperature[temperature].free_energy_difference(CUT)

    def profile(self, temperature: float) -> Profile:
        """F(d) in kT, the lowest bin at zero."""
        return self.by_temperature[temperature].profile()


def umbrella(
    context: Context,
    temperatures: Sequence[float],
    rounds: int,
    *,
    sweeps: int = 20,
    centres: np.ndarray = CENTRES,
    stiffness: float = STIFFNESS,
) -> Windows:
    """Umbrella sampling with window exchange.

    Args:
      context: for the seed and the log.
      temperatures: T, each with ladders of its own.
      rounds: stored, after a tenth as many (at least 200) to tune and forget the start.
      sweeps: a round.
      centres: of the windows.
      stiffness: of their springs k (d - centre)^2, in kT; more than the barrier's own curvature,
        100 / T, or no window holds its top.
    """
    context.log("umbrella sampling")
    # Independent ladders, for the errors; twice as many in the cold, where errors are larger.
    each = np.repeat(temperatures, [4 if t < 1 else 2 for t in temperatures])
    options: dict[str, Any] = {
        "system": SYSTEM,
        "centres": centres,
        "stiffness": stiffness,
        "temperature": each,
        "n_sweeps": sweeps,
    }
    burn_in = max(200, rounds // 10)
    state = sampling.umbrella_state(SYSTEM, centres, n_ladders=len(each), seed=context.seed)
    state, _ = sampling.umbrella_rounds(state, burn_in, tune=True, **options)
    _, info = sampling.umbrella_rounds(state, rounds, **options)

    def joined(ladders: np.ndarray) -> Umbrella:
        r = np.concatenate(list(ladders), axis=1)
        return estimators.umbrella_histogram(r, centres, stiffness, edges=EDGES)

    cost = each.size * centres.size * sweeps * (rounds + burn_in)
    context.count_energy_evaluations(cost)
    rows = {t: np.flatnonzero(each == t) for t in temperatures}
    own = {t: info.distance[row] for t, row in rows.items()}
    return Windows(
        info,
        rows,
        {t: joined(d) for t, d in own.items()},
        {t: [joined(ladder[None]) for ladder in d] for t, d in own.items()},
        cost,
    )


def length_energy(d: np.ndarray) -> np.ndarray:
    """The dimer's own potential of its length, kT."""
    q = 2 * (d - SYSTEM.distance)
    return SYSTEM.slope * q - SYSTEM.quadratic * q**2 + SYSTEM.quartic * q**4


def exchange(
    context: Context, rounds: int, *, replicas: int = 16, sweeps: int = 20, levels: int = 10
) -> tuple[Estimate, np.ndarray]:
    """F(open) - F(closed) at T = 1 without a bias: Hamiltonian replica exchange and MBAR.

    Level k has the dimer's potential scaled by lambda_k between 1 and 0.02, where the dimer opens
    and closes freely; neighbours exchange configurations. Nothing is shared with the windows of
    `umbrella` but the moves.

    Args:
      context: for the seed and the log.
      rounds: stored, after a third as many to forget the start, closed at all levels.
      replicas: independent ladders.
      sweeps: a round.
      levels: number of levels.

    Returns:
      the difference in kT, and the acceptance of exchanges between neighbours.
    """
    context.log("Hamiltonian replica exchange")
    scales = np.linspace(1.0, 0.02**0.5, levels) ** 2
    rng = np.random.default_rng([context.seed, 17])
    start = np.tile(SYSTEM.initial_state("closed"), (levels * replicas, 1))
    state = sampling.particle_state(start, seed=context.seed + 100)
    factor = np.repeat(scales, replicas)
    burn_in = rounds // 3
    lengths = np.empty((levels, rounds, replicas))
    accepted, attempted = np.zeros(levels - 1), np.zeros(levels - 1)
    for t in range(burn_in + rounds):
        state, _ = sampling.particle_sweeps(
            state, sweeps, system=SYSTEM, step_size=0.2, length_factor=factor
        )
        x = state.x.reshape(levels, replicas, -1)
        d = np.hypot(x[..., 0] - x[..., 2], x[..., 1] - x[..., 3])
        v = length_energy(d)
        for k in range(t % 2, levels - 1, 2):
            log_ratio = (scales[k] - scales[k + 1]) * (v[k] - v[k + 1])
            swap = np.log(rng.uniform(size=replicas)) < log_ratio
            accepted[k] += swap.mean()
            attempted[k] += 1
            for values in (x, d):
                values[k, swap], values[k + 1, swap] = values[k + 1, swap], values[k, swap]
        if t >= burn_in:
            lengths[:, t - burn_in] = d
    rate = accepted / np.maximum(attempted, 1)
    return _restricted_difference(lengths, scales), rate


def _restricted_difference(lengths: np.ndarray, scales: np.ndarray) -> Estimate:
    """By MBAR with two states more, that no sample is of: closed and open; jackknife over ladders.

    MBAR's own error is for independent samples; ladders are independent, rounds are not.
    """
    levels, rounds, replicas = lengths.shape
    thin = max(1, rounds * replicas // 1600)

    def difference(kept: np.ndarray) -> float:
        d = lengths[:, ::thin][:, :, kept].reshape(levels, -1)
        v = length_energy(d.ravel())
        is_open = d.ravel() > CUT
        own = [np.where(is_open == state, v, np.inf) for state in (False, True)]
        u = np.concatenate([own, scales[:, None] * v])
        counts = np.array([0, 0, *[d.shape[1]] * levels])
        return float(estimators.mbar(u, counts).value[1])

    every = np.arange(replicas)
    without = np.array([difference(every[every != r]) for r in every])
    return Estimate(difference(every), float(estimators.jackknife_error(without)))


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
