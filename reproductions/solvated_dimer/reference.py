"""Conventional Monte Carlo of the dimer: its states, and its free energies by two methods."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators, sampling, systems
from boltzmann_tf.estimators import Estimate, Profile, Umbrella
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import UmbrellaLadders

SYSTEM = systems.SolvatedDimer()
STATES = ("closed", "open")
CUT = 1.5  # between closed and open
SITES = SYSTEM.lattice(1.5, 1.05**2)  # of the published reference for the labels
EDGES = np.linspace(0.4, 2.7, 47)  # of profiles; wide enough for every sample at T = 4
CENTRES = np.linspace(0.7, 2.3, 31)
STIFFNESS = 200.0  # at T = 1 and above, 200 / T below
APART = 1.27  # of neighbouring temperatures, their ratio at most: 0.26 of exchanges are accepted
REPLICAS = 16  # of the second method, half of them closed at first
SCALES = np.linspace(1.0, 0.02**0.5, 10) ** 2  # of the length's potential there


class Windows(NamedTuple):
    """Umbrella sampling at several temperatures."""

    ladders: dict[float, UmbrellaLadders]  # by their temperature
    joined: dict[float, Umbrella]  # all windows of all ladders, likewise
    seconds: float

    def difference(self, temperature: float) -> Estimate:
        """F(open) - F(closed) in kT."""
        return self.joined[temperature].free_energy_difference(CUT)

    def profile(self, temperature: float) -> Profile:
        """F(d) in kT, the lowest bin at zero."""
        return self.joined[temperature].profile()


def umbrella(context: Context, temperatures: Sequence[float], rounds: int) -> Windows:
    """Umbrella sampling with exchange between windows and, below T = 1, between temperatures.

    At T = 1 the fluid rearranges by itself; well below it does not, and what has come from the
    lattice lies too low. At the top of the barrier the potential of the length falls off as
    100 / T (d - 1.5)^2, so that windows must be stiffer in the cold.

    `rounds` are stored of each of the eight ladders, after a tenth as many (at least 800, but not
    more than these) to tune and forget the start.
    """
    context.log(f"umbrella sampling, T = {', '.join(f'{t:.3g}' for t in temperatures)}")
    started = time.perf_counter()
    ladders = sampling.umbrella_sampling(
        SYSTEM,
        CENTRES,
        temperatures=temperatures,
        n_rounds=rounds,
        burn_in=max(min(800, rounds), rounds // 10),
        n_sweeps=5,
        stiffness=STIFFNESS,
        mobile=1.0,
        ratio=APART,
        seed=context.seed_of("umbrella sampling"),
    )
    joined = {t: own.joined(EDGES) for t, own in ladders.items()}
    return Windows(ladders, joined, time.perf_counter() - started)


class Exchange(NamedTuple):
    """F(open) - F(closed) in kT by Hamiltonian replica exchange."""

    difference: Estimate  # of all ladders
    from_closed: Estimate  # of those that started closed
    from_open: Estimate
    acceptance: np.ndarray  # of exchanges between neighbours


def exchange(context: Context, rounds: int) -> Exchange:
    """F(open) - F(closed) at T = 1 without a bias: the length's potential scaled down, and MBAR.

    At its lowest scale the dimer opens and closes freely. Nothing is shared with the windows of
    `umbrella` but the moves. A third as many rounds before are thrown away.
    """
    context.log("Hamiltonian replica exchange")
    half = REPLICAS // 2
    run = sampling.hamiltonian_exchange(
        SYSTEM,
        np.repeat([SYSTEM.initial_state(state) for state in STATES], half, axis=0),
        term="length",
        factors=SCALES,
        n_rounds=rounds,
        burn_in=rounds // 3,
        n_sweeps=20,
        step_size=0.2,
        seed=context.seed_of("Hamiltonian replica exchange"),
    )
    every, closed, opened = (
        estimators.exchange_difference(run.coordinate[part], run.energy[part], SCALES, cut=CUT)
        for part in (slice(None), slice(half), slice(half, None))
    )
    return Exchange(every, closed, opened, run.acceptance)


def frames(state: str, n: int, *, seed: int, stride: int = 40, walkers: int = 64) -> np.ndarray:
    """Configurations of one state at T = 1, the solvent in the order of the lattice, `[n, 76]`.

    From unbiased runs, walker after walker, each from the lattice and `stride` sweeps apart; a
    barrier of 14 kT and more is not crossed in these. n is rounded down to a multiple of walkers.
    """
    start = np.tile(SYSTEM.initial_state(state), (walkers, 1))
    chain = sampling.particle_chain(
        start, n // walkers, system=SYSTEM, step_size=0.2, stride=stride, burn_in=2000, seed=seed
    )
    return in_order(chain.x.reshape(-1, SYSTEM.event_size))


def both_states(context: Context, n: int) -> dict[str, np.ndarray]:
    """State -> `n` of its configurations."""
    return {s: frames(s, n, seed=context.seed_of(f"frames, {s}")) for s in STATES}


def in_order(x: np.ndarray) -> np.ndarray:
    """The solvent of configurations `[n, 76]` in the order of the lattice.

    The published reference for the labels: the starting lattice of d = 1.5, scaled once more.
    """
    return sampling.relabel(x, SITES, fixed=2).x


def frames_along(n: int, *, seed: int) -> np.ndarray:
    """Configurations of the transition region at T = 1, their lengths spread evenly, `[n, 76]`.

    Each of 64 walkers is held at its length; n is rounded down to a multiple of them.
    """
    centres = np.linspace(1.3, 1.7, 66)[1:-1]
    start = np.stack([SYSTEM.lattice(float(c), 1.0) for c in centres])
    options: dict[str, Any] = {"stride": 40, "burn_in": 2000, "seed": seed}
    options |= {"step_size": 0.15, "centre": centres, "stiffness": 2000.0}
    chain = sampling.particle_chain(start, n // len(centres), system=SYSTEM, **options)
    return chain.x.swapaxes(0, 1).reshape(-1, SYSTEM.event_size)
