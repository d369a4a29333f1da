#!/usr/bin/env bash
# MDTraj's iterload gives the frames that it was told to skip, or some frames twice, by the format.
#
# Guess: `mdtraj.iterload(file, chunk=.., skip=.., stride=..)` yields the frames of
# `mdtraj.load(file)[skip::stride]`, whatever the format; where a format cannot, it raises, as GRO does.
#
# Seen: of DCD, TRR, XYZ and LAMMPS' text this is so. From a PDB `skip` is ignored
# without a word: all frames come, the first ones too. From a DTR (Desmond) file with a stride come as
# many frames as without one: the right ones first, then earlier ones again.
#
# Why it matters: chunks are what one reads long runs by, and `skip` is how the equilibration is left
# out of an average. The number of frames is not looked at there, and nothing else tells: the average
# has the first frames in it, or some twice as often as others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mdtraj==1.11.1.post2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON' 2>&1 | grep -v dcdplugin
from importlib.metadata import version

import mdtraj
import numpy as np

print("mdtraj", version("mdtraj"))
topology = mdtraj.Topology()
residue = topology.add_residue("AR", topology.add_chain())
for _ in range(4):
    topology.add_atom("Ar", mdtraj.element.argon, residue)
n, skip, stride = 23, 5, 2
x = np.random.default_rng(0).uniform(-1, 1, (n, 4, 3))
x[:, 0, 0] = np.arange(n)  # which frame it is
run = mdtraj.Trajectory(x, topology, time=np.arange(float(n)))
run.unitcell_lengths, run.unitcell_angles = np.full((n, 3), 30.0), np.full((n, 3), 90.0)
run[0].save("top.pdb")


def frames(suffix, **options):
    name = f"run.{suffix}"
    run.save(name, force_overwrite=True)
    given = {} if suffix == "pdb" else {"top": "top.pdb"}
    chunks = mdtraj.iterload(name, chunk=4, **given, **options)
    return np.concatenate([np.rint(chunk.xyz[:, 0, 0]).astype(int) for chunk in chunks]).tolist()


whole = list(range(n))
right = [frames(s, skip=skip, stride=stride) for s in ("dcd", "trr", "xyz", "lammpstrj")]
pdb, dtr = frames("pdb", skip=skip), frames("dtr", stride=stride)
print(f"DCD, TRR, XYZ, LAMMPS, skip={skip}, stride={stride}:", right[0])
print(f"PDB, skip={skip}:", pdb)
print(f"DTR, stride={stride}:", dtr)
if not (
    all(found == whole[skip::stride] for found in right)
    and pdb == whole
    and len(dtr) == n
    and dtr[:12] == whole[::stride]
):
    raise SystemExit("CHANGED: skip and stride are heeded, or refused")
PYTHON
