#!/usr/bin/env bash
# A two-dimensional GSD file is read by MDTraj with distances of 1e19 and by MDAnalysis with g(r) = 0.
#
# Guess: in HOOMD's own convention for the plane, Lz = 0 and dimensions = 2, every reader of GSD takes
# the third side for one that is not there, as freud does: distances are those of the nearest image
# in the plane, and a radial distribution function divides by rings, or refuses the box.
#
# Seen: `mdtraj.compute_distances` gives 1.8e19 for every pair, with `opt=False` a ValueError about
# NaN; `periodic=False` is right but for images. MDAnalysis finds the right pairs, but its `InterRDF`
# multiplies by a volume of 0: g(r) is 0 in every bin, with NumPy's warning of a division by zero at
# most. freud, from the same file, is right. With Lz = 1 in the file MDTraj's distances are right, and
# freud takes the box for three-dimensional unless it is given the frame itself.
#
# Why it matters: neither raises. A contact analysis finds no contacts, a structure none; and no
# single value of Lz is read right by all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gsd==5.0.1 mdtraj==1.11.1.post2 MDAnalysis==2.11.0 \
  freud-analysis==3.4.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

import freud
import gsd.hoomd
import MDAnalysis
import mdtraj
import numpy as np
from MDAnalysis.analysis.rdf import InterRDF

print({p: version(p) for p in ("gsd", "mdtraj", "MDAnalysis", "freud-analysis")})
n, frames = 200, 5
x = np.zeros((frames, n, 3))
x[..., :2] = np.random.default_rng(0).uniform(-0.5, 0.5, (frames, n, 2)) * [6, 7]


def written(name, lz):
    with gsd.hoomd.open(name, "w") as file:
        for positions in x:
            frame = gsd.hoomd.Frame()
            frame.configuration.box = [6, 7, lz, 0, 0, 0]
            frame.configuration.dimensions = 2
            frame.particles.N = n
            frame.particles.position = positions
            frame.particles.types = ["A"]
            frame.particles.typeid = [0] * n
            file.append(frame)
    return name


plane, slab = written("plane.gsd", 0), written("slab.gsd", 1)
d = x[:, 0] - x[:, 1]
d -= np.array([6, 7, 1]) * np.round(d / [6, 7, 1])
true = np.linalg.norm(d, axis=1)
warnings.simplefilter("ignore")
far = mdtraj.compute_distances(mdtraj.load(plane), [[0, 1]])[:, 0]
near = mdtraj.compute_distances(mdtraj.load(slab), [[0, 1]])[:, 0]
print("MDTraj, Lz = 0:", far, "Lz = 1:", near, "true:", true)

atoms = MDAnalysis.Universe(plane).atoms
rdf = InterRDF(atoms, atoms, nbins=5, range=(0.1, 2.9), exclusion_block=(1, 1)).run().results
print("MDAnalysis g(r):", rdf.rdf, "pairs:", rdf.count)

ours = freud.density.RDF(5, 2.9, r_min=0.1, normalization_mode="finite_size")
with gsd.hoomd.open(plane) as file:
    for frame in file:
        ours.compute(frame, reset=False)
print("freud g(r):", ours.rdf)

if not (
    np.all(far > 1e18)
    and np.allclose(near, true, atol=1e-4)
    and np.all(rdf.rdf == 0)
    and rdf.count.sum() > 1000
    and np.allclose(ours.rdf, 1, atol=0.1)
):
    raise SystemExit("CHANGED: a box without thickness is now read as a plane, or refused")
PYTHON
