"""Monte Carlo moves of a Lennard-Jones liquid a second, here and in LAMMPS.

One box, 512 particles at a density of 0.7, cut at 3 sigma, displacements alone: `fix gcmc` with its
exchanges off. The Gibbs ensemble itself is not in LAMMPS, and is not compared here. Rounds of both
follow each other, one core each; ratios of CPU times of neighbouring rounds count. Then how the
time of a move grows with the number of particles, which from a size on are in cells.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from benchmarks._lammps import ask
from boltzmann_tf import sampling
from boltzmann_tf.potentials import LennardJones
from boltzmann_tf.systems import GibbsBoxes

__all__ = ["run"]

N, DENSITY, CUT, TEMPERATURE = 512, 0.7, 3.0, 1.0
SIZES = (250, 500, 2000, 8000)  # of the last table
LIKE = 40_000  # moves of LAMMPS a round
OURS = 1_000_000


def run(repeats: int = 5) -> dict[str, Any]:
    """Times both in alternation.

    Args:
      repeats: rounds.

    Returns:
      for each program moves per second of CPU time, the share accepted, and the energy a particle;
      for LAMMPS its time a move over ours.
    """
    system = GibbsBoxes(N, 2 * N / DENSITY, pairs=LennardJones(cut=CUT))
    options: dict[str, Any] = {"system": system, "temperature": TEMPERATURE, "weights": (1, 0, 0)}
    state = sampling.gibbs_state(system, 1, shares=(1.0, 0.5))
    state, _ = sampling.gibbs_rounds(state, 400, tune=True, **options)
    job = {
        "positions": state.positions(0, 0).tolist(),
        "side": float(state.volume[0, 0] ** (1 / 3)),
        "cut": CUT,
        "temperature": TEMPERATURE,
        "step": float(state.step[0, 0]),
        "each": 1000,
        "calls": LIKE // 1000,
        "rounds": 1,
    }
    rates: dict[str, list[float]] = {"boltzmann_tf": [], "LAMMPS": []}
    energies: dict[str, list[float]] = {name: [] for name in rates}
    accepted = {name: float("nan") for name in rates}
    for _ in range(repeats):
        start = time.process_time()
        state, info = sampling.gibbs_rounds(state, 10, n_moves=OURS // 10, **options)
        rates["boltzmann_tf"].append(OURS / (time.process_time() - start))
        energies["boltzmann_tf"].append(float(info.energy[0, :, 0].mean() / N))
        accepted["boltzmann_tf"] = float(info.acceptance[0, 0])
        other = ask("gibbs_lammps.py", job)
        if other is not None:
            rates["LAMMPS"].append(LIKE / other["seconds"][-1])
            energies["LAMMPS"].append(other["energies"][-1] / N)
            accepted["LAMMPS"] = other["accepted"]
    result: dict[str, Any] = {
        name: {
            "moves_per_cpu_s": statistics.median(each),
            "accepted": accepted[name],
            "energy_a_particle": float(np.mean(energies[name])),
        }
        for name, each in rates.items()
        if each
    }
    if rates["LAMMPS"]:
        ratios = [a / b for a, b in zip(rates["boltzmann_tf"], rates["LAMMPS"], strict=True)]
        result["LAMMPS"]["time_over_ours"] = statistics.median(ratios)
    for dimension, density in ((2, 0.75), (3, 0.65)):
        result[f"dimension {dimension}"] = {
            f"ns_a_move_n_{n}": round(_move_time(n, density, dimension)) for n in SIZES
        }
    return result


def _move_time(n: int, density: float, dimension: int) -> float:
    """CPU time of a displacement in a liquid of n, in ns; the smallest of three."""
    full, empty = n / density, (2 * 2.5) ** dimension * 1.01
    pairs = LennardJones(cut=2.5)
    system = GibbsBoxes(n, full + empty, dimension=dimension, pairs=pairs)
    options: dict[str, Any] = {"system": system, "weights": (1, 0, 0), "n_moves": 20_000}
    state = sampling.gibbs_state(system, 1, shares=(1.0, full / (full + empty)))
    state, _ = sampling.gibbs_rounds(state, 1, **options)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        state, _ = sampling.gibbs_rounds(state, 1, **options)
        seconds.append(time.process_time() - start)
    return min(seconds) / 20_000 * 1e9
