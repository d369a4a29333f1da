"""Trajectories as data: chunks of frames, read from files that need not fit into memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import choice, instance, positive_int
from boltzmann_tf.systems import ParticleSystem
from boltzmann_tf.trajectories import _gsd, _lammps, _mdtraj
from boltzmann_tf.trajectories.files import UNITS
from boltzmann_tf.trajectories.frames import VARYING, Part

__all__ = ["FrameChunks", "read"]

# Suffix -> reader of a path and a number of frames, without units; MDTraj reads the others.
READERS = {".gsd": _gsd.parts, ".dump": _lammps.parts, ".lammpstrj": _lammps.parts}
CLOSE = 1e-4  # of a side: files hold them in float32, and in other units


@dataclasses.dataclass(frozen=True, eq=False)
class FrameChunks:
    """Configurations of trajectory files, chunk by chunk, as often as they are walked through.

    Made by `read`, whose arguments they are. Each walk opens the files anew and yields float64
    arrays `[k, event_size]`, the frames of one file after those of another.
    """

    paths: list[Path]
    system: ParticleSystem
    topology: Any
    atoms: np.ndarray | None
    unit: str
    chunk: int
    skip: int
    stride: int

    def __iter__(self) -> Iterator[np.ndarray]:
        for path in self.paths:
            first, atoms = 0, None
            for part in self._parts(path, self.chunk):
                n, count = part.positions.shape[:2]
                if atoms not in (None, count):
                    raise ValueError(VARYING.format(path=str(path), found=sorted((atoms, count))))
                left, atoms = self.skip - first, count
                # Not by the readers' own arguments, which some formats do not heed.
                chosen = np.arange(max(left, left % self.stride), n, self.stride)
                if len(chosen):
                    self._check_box(path, part, chosen, first)
                    yield self.system.configuration(self._positions(path, part, chosen))
                first += n

    def check(self) -> None:
        """Raises unless each file begins with the particles of the system."""
        for path in self.paths:
            with contextlib.closing(self._parts(path, 1)) as parts:
                part = next(parts, None)
            if part is None:
                raise ValueError(f"path must hold frames, got {str(path)!r} with none")
            self._positions(path, part, np.arange(1))
            if self.skip == 0:
                self._check_box(path, part, np.arange(1), 0)

    def _parts(self, path: Path, chunk: int) -> Generator[Part, None, None]:
        if path.suffix in READERS:
            return READERS[path.suffix](path, chunk)
        return _mdtraj.parts(path, chunk, self.topology)

    def _scale(self, path: Path) -> float:
        return 1.0 if path.suffix in READERS else 1 / UNITS[self.unit]

    def _positions(self, path: Path, part: Part, chosen: np.ndarray) -> np.ndarray:
        """Of the particles of the system, [k, n, dimension]."""
        system, r = self.system, part.positions
        if self.atoms is not None:
            if self.atoms.max() >= r.shape[1]:
                raise ValueError(
                    f"atoms must be numbers below the {r.shape[1]} atoms of {str(path)!r}, got "
                    f"{self.atoms.max()}"
                )
            r = r[:, self.atoms]
        if r.shape[1] != system.n:
            raise ValueError(
                f"path must have the {system.n} particles of the system in its frames, got "
                f"{str(path)!r} with {r.shape[1]} atoms"
            )
        r = self._scale(path) * r[chosen].astype(np.float64)
        beyond = np.abs(r[..., system.dimension :]).max(initial=0.0)
        if beyond > CLOSE * np.abs(r).max(initial=1.0):
            raise ValueError(
                f"path must have particles in the {system.dimension} dimensions of the system, got "
                f"{str(path)!r} with coordinates up to {beyond:.3g} in others"
            )
        return r[..., : system.dimension]

    def _check_box(self, path: Path, part: Part, chosen: np.ndarray, first: int) -> None:
        lengths = self.system.lengths
        if lengths is None or part.sides is None:
            return
        sides = self._scale(path) * part.sides[chosen, : self.system.dimension]
        fits = np.abs(sides - lengths).max(axis=1) <= CLOSE * lengths.max()  # not where NaN
        if not np.all(fits):
            k = int(np.argmin(fits))
            found = [float(f"{v:.6g}") for v in sides[k]]
            told = "one that is not rectangular" if np.any(np.isnan(sides[k])) else found
            raise ValueError(
                f"path must have the box of the system, {lengths.tolist()}, got {told} in frame "
                f"{first + chosen[k]} of {str(path)!r}"
            )


def read(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    system: ParticleSystem,
    *,
    topology: Any = None,
    atoms: Any = None,
    unit: str = "nanometre",
    chunk: int = 1000,
    skip: int = 0,
    stride: int = 1,
) -> FrameChunks:
    """Opens trajectories as data for `fit` and `log_weight`; no more than chunks are in memory.

        data = trajectories.read(["a.xtc", "b.xtc"], system, topology="a.pdb", skip=100)
        trainer.fit(data, bg.Stage(10_000, 256))

    GSD is read through gsd, LAMMPS' dumps here, everything else (DCD, XTC, TRR, NetCDF, ...)
    through MDTraj, to which PDB and GRO files are one chunk. Positions become configurations as
    `system.configuration` makes them: put back into a periodic box, their mean taken out where
    nothing holds the particles in place. A dump's are taken from the middle of its box. Files
    without boxes are taken as they are.

    Args:
      path: of a file, or of several, which are read one after the other.
      system: whose configurations the frames are.
      topology: of the atoms in the files, for formats of MDTraj's that do not hold it: a PDB or
        another file, or an `mdtraj.Topology`. What is compared is the number of atoms.
      atoms: numbers of the atoms that are the particles of the system, in its order, integers [n];
        by default all. `topology.select("protein")` of MDTraj finds some by name.
      unit: of length of the system, "nanometre" or "angstrom". GSD and dumps have no units.
      chunk: frames that are read at a time.
      skip: frames at the beginning of each file that are left out.
      stride: 1 for every frame after that, 2 for every other, and so on.

    Returns:
      what yields float64 arrays `[k, event_size]` each time it is walked through.

    Raises:
      FileNotFoundError: for a file that is not there.
      ImportError: where the package that reads the format is missing.
      TypeError: for what is no system of particles.
      ValueError: where a file begins with other particles, other atoms than the topology's, or
        another box; at a walk, where a later frame does.
    """
    instance("system", system, ParticleSystem)
    paths = [Path(p) for p in ([path] if isinstance(path, str | os.PathLike) else path)]
    if not paths:
        raise ValueError("path must be of at least one file, got none")
    for file in paths:
        if not file.is_file():
            raise FileNotFoundError(f"path must be a file, got {str(file)!r}")
    if isinstance(topology, str | os.PathLike) and not Path(topology).is_file():
        raise FileNotFoundError(f"topology must be a file, got {str(topology)!r}")
    chosen = None
    if atoms is not None:
        chosen = np.asarray(atoms)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or np.any(chosen < 0):
            raise ValueError(f"atoms must be numbers of atoms, got {atoms!r}")
        if len(chosen) != system.n or len(np.unique(chosen)) != len(chosen):
            raise ValueError(
                f"atoms must be {system.n} different numbers, one a particle, got {len(chosen)}"
            )
    found = FrameChunks(
        paths,
        system,
        topology=topology,
        atoms=chosen,
        unit=choice("unit", unit, UNITS),
        chunk=positive_int("chunk", chunk),
        skip=positive_int("skip", skip, minimum=0),
        stride=positive_int("stride", stride),
    )
    found.check()
    return found
