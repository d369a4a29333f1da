"""CPU seconds for one independent size of a chain: Monte Carlo here, Langevin dynamics in LAMMPS.

The same self-avoiding chain of 64 beads, one core each, in one run. What counts is the time for one
independent R_ee^2, by the integrated autocorrelation time; moves and bead updates a second stand
beside it. A pivot moves many beads at once, which no dynamics does.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks._lammps import ask
from boltzmann_tf import estimators, sampling
from boltzmann_tf.potentials import WeeksChandlerAndersen
from boltzmann_tf.systems import Polymer

__all__ = ["run"]

N = 64
ROUNDS = 20_000
TIMESTEP, EVERY = 0.01, 500
STEPS = 1_000_000  # of LAMMPS, a round


def run(repeats: int = 3) -> dict[str, Any]:
    """Measures both.

    Args:
      repeats: runs of LAMMPS, from configurations of their own.

    Returns:
      for each program CPU seconds for one independent R_ee^2, its mean, and what it does a second;
      for LAMMPS its time over ours.
    """
    system = Polymer(N, pairs=WeeksChandlerAndersen(), special=(0, 1, 1))
    state = sampling.polymer_state(np.tile(system.initial_state("stretched"), (max(repeats, 2), 1)))
    state, _ = sampling.polymer_rounds(state, 2000, system=system, tune=True)
    start = time.process_time()
    after, info = sampling.polymer_rounds(state, ROUNDS, system=system)
    seconds = time.process_time() - start
    ess = float(estimators.chain_ess(info.end_to_end_squared))
    ours = {
        "cpu_s_for_one": seconds / ess,
        "mean": f"{estimators.mean_with_error(info.end_to_end_squared):.2f}",
        "moves_per_cpu_s": info.end_to_end_squared.size * N / seconds,
    }
    result: dict[str, Any] = {"boltzmann_tf": ours}
    series, spent = [], 0.0
    for x in system.positions(after.x).numpy()[:repeats]:
        job = {
            "positions": x.tolist(),
            "timestep": TIMESTEP,
            "every": EVERY,
            "burn_in": 20_000,
            "steps": STEPS,
        }
        answer = ask("polymers_lammps.py", job)
        if answer is None:
            return result
        series.append(answer["series"])
        spent += answer["seconds"]
    theirs = np.array(series)
    each = float(estimators.chain_ess(theirs))
    result["LAMMPS"] = {
        "cpu_s_for_one": spent / each,
        "mean": f"{estimators.mean_with_error(theirs):.2f}",
        "bead_updates_per_cpu_s": len(theirs) * STEPS * N / spent,
        "time_over_ours": spent / each / ours["cpu_s_for_one"],
    }
    return result
