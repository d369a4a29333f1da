"""One function that writes, whatever the format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf._checks import choice, instance
from boltzmann_tf._files import atomic_path, write_text
from boltzmann_tf.systems import ParticleSystem
from boltzmann_tf.trajectories import _gsd, _lammps, _mdtraj
from boltzmann_tf.trajectories.frames import Frames, frames

__all__ = ["FORMATS", "log_weights_of", "write"]

# Suffix -> writer of a path, frames, unit and whether molecules are whole.
FORMATS: dict[str, Callable[..., None]] = {
    ".gsd": _gsd.write,
    ".data": _lammps.write_data,
    ".dump": _lammps.write_dump,
    ".lammpstrj": _lammps.write_dump,
    ".dcd": _mdtraj.write_dcd,
    ".xtc": _mdtraj.write_xtc,
}
UNITS = {"nanometre": 1.0, "angstrom": 0.1}  # in nm
OUTSIDE = ".log_weights.txt"  # of the file that holds the weights of another


def write(
    path: str | os.PathLike[str],
    samples: Any,
    system: ParticleSystem,
    *,
    names: str | Sequence[str] = "Ar",
    log_weights: Any = None,
    unit: str = "nanometre",
    whole: bool = False,
) -> list[Path]:
    """Writes configurations as frames of a file, whole or not at all; the suffix is the format.

    - `.gsd`: HOOMD's, with bonds, image flags and, in each frame's log, `log_weight`. There is
      always a box: in open space one so large that no particle has an image nearer than itself; in
      the plane Lz is 0, as HOOMD and freud want it.
    - `.data`: LAMMPS' start of a run, a single configuration, with bonds and image flags.
    - `.dump`, `.lammpstrj`: LAMMPS' text, `id type element x y z` sorted by id. The box begins at
      0 and positions are shifted with it: MDAnalysis takes the corner off, and others do not.
    - `.dcd`, `.xtc`: with a `.pdb` beside them, from which readers take names and bonds. XTC keeps
      three decimals of a nanometre.

    But for GSD, weights are beside the file, in PATH.log_weights.txt. A file on disk is float32 in
    GSD and DCD.

    Args:
      path: of the file; missing folders are made.
      samples: as in `frames`.
      system: of the particles.
      names: of the particles, as in `frames`; for DCD and XTC symbols of elements.
      log_weights: [samples], for configurations without their own.
      unit: of length in DCD and XTC, which have units: "nanometre" or "angstrom". A length of 5
        nanometres is 5 to MDTraj and 50 to MDAnalysis. The other formats hold the bare numbers.
      whole: whether molecules leave a periodic box rather than being cut by it, in dumps (then
        xu yu zu), DCD and XTC. GSD and data files have image flags in any case.

    Returns:
      the files written.

    Raises:
      ImportError: where the package that writes the format is missing.
    """
    target = Path(path)
    if target.suffix not in FORMATS:
        raise ValueError(f"path must end in one of {list(FORMATS)}, got {str(path)!r}")
    choice("unit", unit, UNITS)
    instance("whole", whole, bool)
    found = frames(samples, system, names=names, log_weights=log_weights)
    if target.suffix == ".data" and len(found.positions) != 1:
        raise ValueError(
            f"samples must be a single configuration for a data file, got {len(found.positions)}"
        )
    writer = FORMATS[target.suffix]
    written = [target]
    if target.suffix in (".dcd", ".xtc"):
        structure = target.with_suffix(".pdb")
        with atomic_path(structure) as temporary:
            _mdtraj.write_pdb(temporary, found, UNITS[unit], whole=whole)
        written.append(structure)
    with atomic_path(target) as temporary:
        writer(temporary, found, UNITS[unit], whole=whole)
    if target.suffix != ".gsd" and found.log_weights is not None:
        written.append(_beside(target))
        write_text(_beside(target), _table(found))
    elif _beside(target).exists():
        _beside(target).unlink()  # of another file, that was here before
    return written


def log_weights_of(path: str | os.PathLike[str]) -> np.ndarray:
    """Returns the log-weights of a file that `write` wrote, [frames].

    Raises:
      FileNotFoundError: where there are none.
    """
    target = Path(path)
    if target.suffix == ".gsd":
        return _gsd.log_weights(target)
    if not _beside(target).exists():
        raise FileNotFoundError(
            f"path must be a file with log-weights beside it, got {str(path)!r}"
        )
    return np.loadtxt(_beside(target), ndmin=1)


def _beside(target: Path) -> Path:
    return target.with_name(target.name + OUTSIDE)


def _table(found: Frames) -> str:
    lines = [repr(float(v)) for v in found.log_weights]  # type: ignore[union-attr]
    return "\n".join(["# log-weight of each frame", *lines, ""])
