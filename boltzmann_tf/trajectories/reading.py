"""Trajectories as data: chunks of frames, read from files that need not fit into memory."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import choice, instance, positive_int
from boltzmann_tf.systems import ParticleSystem
from boltzmann_tf.trajectories import _gsd, _mdtraj
from boltzmann_tf.trajectories.files import UNITS
from boltzmann_tf.trajectories.frames import Part

__all__ = ["FrameChunks", "read"]

CLOSE = 1e-4  # of a side: files hold them in float32, and in other units


@dataclasses.dataclass(frozen=True)
class FrameChunks:
    """Configurations of trajectory files, chunk by chunk, as often as they are walked through.

    Made by `read`, whose arguments they are. Each walk opens the files anew and yields arrays
    `[k, event_size]`, the frames of one file after those of another.
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
            first = 0
            for part in self._parts(path, self.chunk):
                n, left = len(part.positions), self.skip - first
                # Not by the readers' own arguments, which some formats do not heed.
                chosen = np.arange(max(left, left % self.stride), n, self.stride)
                if len(chosen):
                    yield self._configurations(path, part, chosen, first)
                first += n

    def check(self) -> None:
        """Raises unless the first frame of each file is one of the system."""
        for path in self.paths:
            part = next(self._parts(path, 1), None)
            if part is None:
                raise ValueError(f"path must hold frames, got {str(path)!r} with none")
            self._configurations(path, part, np.arange(1), 0)

    def _parts(self, path: Path, chunk: int) -> Iterator[Part]:
        if path.suffix == ".gsd":
            return _gsd.parts(path, chunk)
        return _mdtraj.parts(path, chunk, self.topology)

    def _configurations(self, path: Path, part: Part, chosen: np.ndarray, first: int) -> np.ndarray:
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
        scale = 1.0 if path.suffix == ".gsd" else 1 / UNITS[self.unit]
        r = scale * r[chosen].astype(np.float64)
        beyond = np.abs(r[..., system.dimension :]).max(initial=0.0)
        if beyond > CLOSE * np.abs(r).max(initial=1.0):
            raise ValueError(
                f"path must have particles in the {system.dimension} dimensions of the system, got "
                f"{str(path)!r} with coordinates up to {beyond:.3g} in others"
            )
        if system.lengths is not None and part.sides is not None:
            sides = scale * part.sides[chosen, : system.dimension]
            off = np.abs(sides - system.lengths).max(axis=1) > CLOSE * system.lengths.max()
            if np.any(off):
                k = int(np.argmax(off))
                raise ValueError(
                    f"path must have the box of the system, {system.lengths.tolist()}, got "
                    f"{[float(f'{v:.6g}') for v in sides[k]]} in frame {first + chosen[k]} of "
                    f"{str(path)!r}"
                )
        return system.configuration(r[..., : system.dimension])


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

    GSD is read through gsd, everything else (DCD, XTC, TRR, LAMMPS' `.lammpstrj`, NetCDF, ...)
    through MDTraj. Positions become configurations as `system.configuration` makes them: put back
    into a periodic box, their mean taken out where nothing holds the particles in place. A dump's
    come as they stand in it: `write` shifts them, for a box that begins at 0.

    Args:
      path: of a file, or of several, which are read one after the other.
      system: whose configurations the frames are.
      topology: of the atoms in the files, for formats that do not hold it: a PDB or another file
        that MDTraj reads, or an `mdtraj.Topology`.
      atoms: numbers of the atoms that are the particles of the system, in its order; by default
        all. `topology.select("protein")` of MDTraj finds some by name.
      unit: of length of the system, "nanometre" or "angstrom". MDTraj takes LAMMPS' text for
        angstroms: with "angstrom" come the numbers as they are. GSD has no units.
      chunk: frames that are read at a time.
      skip: frames at the beginning of each file that are left out.
      stride: 1 for every frame after that, 2 for every other, and so on.

    Returns:
      what yields arrays `[k, event_size]` each time it is walked through.

    Raises:
      FileNotFoundError: for a file that is not there.
      ImportError: where the package that reads the format is missing.
      ValueError: where the first frame of a file is of other particles, other atoms than the
        topology's, or another box.
    """
    instance("system", system, ParticleSystem)
    paths = [Path(p) for p in ([path] if isinstance(path, str | os.PathLike) else path)]
    if not paths:
        raise ValueError("path must be of at least one file, got none")
    for file in [*paths, *([Path(topology)] if isinstance(topology, str | os.PathLike) else [])]:
        if not file.is_file():
            raise FileNotFoundError(f"path must be a file, got {str(file)!r}")
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
