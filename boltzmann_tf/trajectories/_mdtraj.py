"""DCD and XTC through MDTraj, which knows their units, and the PDB that names the particles."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf.trajectories.frames import Frames, Part, molecules

__all__ = ["parts", "write_dcd", "write_pdb", "write_xtc"]

TILT = 1e-3  # degrees


def _mdtraj() -> Any:
    try:
        import mdtraj
    except ImportError as error:
        raise ImportError(
            "DCD and XTC files need mdtraj: pip install 'boltzmann_tf[files]'"
        ) from error
    return mdtraj


def parts(path: Path, chunk: int, topology: Any) -> Generator[Part, None, None]:
    """Yields the frames of a file, `chunk` at a time.

    Args:
      path: of the file.
      chunk: frames at a time.
      topology: of its atoms, a file or MDTraj's own; None for formats that hold it.

    Raises:
      ValueError: for a file that MDTraj cannot read, or of other atoms than the topology's.
    """
    mdtraj, options, expected = _mdtraj(), {}, ""
    if topology is not None:
        where = "topology"
        try:
            if isinstance(topology, str | os.PathLike):
                where, topology = str(topology), mdtraj.load_topology(str(topology))
            expected = f" with the {topology.n_atoms} atoms of {where}"
        except Exception as error:  # MDTraj's own, of a dozen kinds
            raise ValueError(
                f"topology must be a file or a topology of MDTraj's, got {topology!r}: {error}"
            ) from error
        options = {"top": topology}
    try:
        for found in mdtraj.iterload(str(path), chunk=chunk, **options):
            sides = found.unitcell_lengths
            if sides is not None:
                oblique = np.abs(found.unitcell_angles - 90) > TILT
                sides = np.where(np.any(oblique, axis=1)[:, None], np.nan, sides)
            yield Part(found.xyz, sides)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise ValueError(
            f"path must be a trajectory that MDTraj reads{expected}, got {str(path)!r}: {error}"
        ) from error


def _trajectory(found: Frames, unit: float, *, whole: bool) -> Any:
    mdtraj = _mdtraj()
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    number = molecules(found.bonds, len(found.names))[0]
    if np.any(np.diff(number) < 0):
        number[:] = 0  # a residue's atoms follow one another, or a PDB has them in another order
    residues = [topology.add_residue("MOL", chain) for _ in range(number.max() + 1)]
    atoms = []
    for i, name in enumerate(found.names):
        try:
            element = mdtraj.element.get_by_symbol(name)
        except KeyError as error:
            raise ValueError(
                f"names must be symbols of elements for DCD and XTC, got {name!r}"
            ) from error
        atoms.append(topology.add_atom(name, element, residues[number[i]]))
    for i, j in found.bonds.tolist():
        topology.add_bond(atoms[i], atoms[j])
    positions = unit * (found.whole if whole else found.positions)
    sides: dict[str, Any] = {}
    if found.lengths is not None:
        # Below three dimensions as thick as the box is wide, and not zero: no reader takes that.
        lengths = np.where(found.lengths > 0, found.lengths, found.lengths.max())
        sides = {
            "unitcell_lengths": np.tile(unit * lengths, (len(positions), 1)),
            "unitcell_angles": np.full((len(positions), 3), 90.0),
        }
    return mdtraj.Trajectory(positions, topology, time=np.arange(len(positions)), **sides)


def write_dcd(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes all frames."""
    _trajectory(found, unit, whole=whole).save_dcd(str(path))


def write_xtc(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes all frames."""
    _trajectory(found, unit, whole=whole).save_xtc(str(path))


def write_pdb(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes the first frame, for its names and bonds; its positions are rounded to 0.001 A."""
    first = found._replace(positions=found.positions[:1], images=found.images[:1])
    _trajectory(first, unit, whole=whole).save_pdb(str(path))
