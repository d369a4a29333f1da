"""Bad calls of trajectories."""

from __future__ import annotations

import numpy as np

from bad_input.analysis import BOX, NAN_X, X
from boltzmann_tf import trajectories

ROWS = [
    (
        lambda: trajectories.write("a.xyz", X, BOX),
        ValueError,
        r"path must end in one of \['\.gsd', .*got 'a\.xyz'",
    ),
    (
        lambda: trajectories.write("a.gsd", X, BOX, unit="bohr"),
        ValueError,
        r"unit must be one of \['nanometre', 'angstrom'\], got 'bohr'",
    ),
    (
        lambda: trajectories.write("a.data", X, BOX),
        ValueError,
        r"samples must be a single configuration for a data file, got 7",
    ),
    (
        lambda: trajectories.write("a.dump", X, BOX, whole=1),
        TypeError,
        r"whole must be a bool, got 1",
    ),
    (
        lambda: trajectories.write("a.dump", iter([X]), BOX),
        TypeError,
        r"samples must be an array|samples must be weighted samples",
    ),
    (
        lambda: trajectories.frames(X, BOX, names=["A", "B"]),
        ValueError,
        r"names must be a word, or one for each of 3 particles, got \['A', 'B'\]",
    ),
    (lambda: trajectories.frames(X, BOX, names="A B"), ValueError, r"names must be a word"),
    (
        lambda: trajectories.frames(X, BOX, log_weights=np.zeros(3)),
        ValueError,
        r"log_weights must be 7 numbers, one a sample, got shape \(3,\)",
    ),
    (
        lambda: trajectories.frames(NAN_X, BOX),
        ValueError,
        r"samples must be finite, got 1 NaN",
    ),
    (
        lambda: trajectories.log_weights_of("nothing.dump"),
        FileNotFoundError,
        r"path must be a file with log-weights beside it, got 'nothing\.dump'",
    ),
    (
        lambda: trajectories.read("nowhere.dcd", BOX),
        FileNotFoundError,
        r"path must be a file, got 'nowhere\.dcd'",
    ),
    (
        lambda: trajectories.read(__file__, BOX, topology="nowhere.pdb"),
        FileNotFoundError,
        r"topology must be a file, got 'nowhere\.pdb'",
    ),
    (lambda: trajectories.read([], BOX), ValueError, "path must be of at least one file, got none"),
    (
        lambda: trajectories.read(__file__, None),
        TypeError,
        r"system must be a ParticleSystem, got None",
    ),
    (
        lambda: trajectories.read(__file__, BOX, unit="bohr"),
        ValueError,
        r"unit must be one of \['nanometre', 'angstrom'\], got 'bohr'",
    ),
    (
        lambda: trajectories.read(__file__, BOX, atoms=[0.5]),
        ValueError,
        r"atoms must be numbers of atoms, got \[0\.5\]",
    ),
    (
        lambda: trajectories.read(__file__, BOX, atoms=[0, 0]),
        ValueError,
        r"atoms must be \d+ different numbers, one a particle, got 2",
    ),
    (
        lambda: trajectories.read(__file__, BOX, skip=-1),
        ValueError,
        r"skip must be an integer >= 0, got -1",
    ),
]
