#!/usr/bin/env bash
# freud's direct structure factor leaves out seven eighths of the wave vectors: layers can vanish.
#
# Guess: with `num_sampled_k_points=0`, which by its documentation takes every wave vector of the box,
# `StaticStructureFactorDirect` averages each shell over all 2 pi (n_x / L_x, n_y / L_y, n_z / L_z) in
# it, as a loop over them does; q and -q are alike, so that half of them would do. A configuration and
# its mirror image then have the same S(k), as they have the same distances.
#
# Seen: only vectors with n_x, n_y and n_z >= 0 are there, to float32. Of (2, 2, 0) and (2, -2, 0),
# which q and -q do not join, the second is missing: layers along it have S = 1.2 in the shell in which
# their mirror image has 14, and every vector would give 7 for both. The property `k_points`, which
# would show it, raises an AttributeError. `StaticStructureFactorDebye` is right.
#
# Why it matters: averages over many configurations of a liquid are right, with the noise of an eighth
# of the vectors (a quarter of what there is to learn from); a layered phase, a sheared one, a tilted
# crystal or a single configuration is not, and which one is wrong depends on how it lies in the box.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet freud-analysis==3.4.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import freud
import numpy as np

print("freud", version("freud-analysis"), "numpy", np.__version__)
N, L, EDGES = 200, 6.0, np.linspace(0, 8, 9)
rng = np.random.default_rng(0)
# Layers: x - y is 0 or L / 2 but for a little, that is, a wave along (1, -1, 0) of two periods.
x = rng.uniform(-L / 2, L / 2, (N, 3))
x[:, 1] = x[:, 0] - rng.integers(0, 2, N) * L / 2 + rng.normal(0, 0.05, N)
x -= L * np.round(x / L)
mirror = x * [1, -1, 1]


def theirs(x):
    s = freud.diffraction.StaticStructureFactorDirect(8, 8.0, 0.0, num_sampled_k_points=0)
    s.compute((freud.box.Box.cube(L), x.astype(np.float32)))
    return s, s.S_k[1:]  # the first bin has k = 0


n = np.stack(np.meshgrid(*[np.arange(-8, 9)] * 3, indexing="ij"), -1).reshape(-1, 3)
k = 2 * np.pi * n / L
length = np.linalg.norm(k, axis=1)


def shells(x, used):
    s = np.abs(np.exp(1j * x @ k.T).sum(axis=0)) ** 2 / N
    which = np.digitize(length, EDGES) - 1
    return np.array([s[used & (which == b)].mean() for b in range(1, 8)])


every, octant = np.ones(len(n), bool), np.all(n >= 0, axis=1)
(found, s), (_, t) = theirs(x), theirs(mirror)
print("freud, layers:      ", s)
print("freud, their mirror:", t)
print("every vector:       ", shells(x, every))
assert np.allclose(shells(x, every), shells(mirror, every))
try:
    found.k_points  # noqa: B018
    raise SystemExit("CHANGED: k_points can be read")
except AttributeError as error:
    print("k_points:", error)
for points, theirs_of in ((x, s), (mirror, t)):
    if not np.allclose(theirs_of, shells(points, octant), rtol=1e-3, atol=1e-3):
        raise SystemExit("CHANGED: other vectors than those of one octant")
if not np.max(np.abs(s - t) / shells(x, every)) > 1:
    raise SystemExit("CHANGED: a configuration and its mirror image have the same S(k)")
PYTHON
