"""LAMMPS' text formats: dumps, and data files that a run starts from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boltzmann_tf.trajectories.frames import Frames, molecules

__all__ = ["write_data", "write_dump"]


def _bounds(found: Frames) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sides, and what is added to positions so that the box begins at 0, where it has a side.

    Below three dimensions LAMMPS wants a slab around 0.
    """
    side = found.open_side
    sides = np.full(3, side) if found.lengths is None else found.lengths.copy()
    flat = np.arange(3) >= found.dimension
    low = np.where(flat, -0.5, 0.0)
    sides[flat] = 1.0
    return low, low + sides, np.where(flat, 0.0, sides / 2)


def write_dump(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes all frames; of units LAMMPS' dumps know nothing."""
    del unit
    low, high, shift = _bounds(found)
    types, number = found.types
    kind = "ff ff ff" if found.lengths is None else "pp pp pp"
    box = [f"{a!r} {b!r}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    start = [f"{i + 1} {t + 1} {types[t]}" for i, t in enumerate(number)]
    columns = "xu yu zu" if whole else "x y z"
    positions = (found.whole if whole else found.positions) + shift
    with path.open("w", encoding="utf-8") as file:
        for k, frame in enumerate(positions):
            lines = [
                *("ITEM: TIMESTEP", str(k), "ITEM: NUMBER OF ATOMS", str(len(start))),
                *(f"ITEM: BOX BOUNDS {kind}", *box, f"ITEM: ATOMS id type element {columns}"),
                *(
                    f"{a} {x!r} {y!r} {z!r}"
                    for a, (x, y, z) in zip(start, frame.tolist(), strict=True)
                ),
            ]
            file.write("\n".join(lines) + "\n")


def write_data(path: Path, found: Frames, unit: float, *, whole: bool) -> None:
    """Writes the first frame; `unit` and `whole` are of other formats."""
    del unit, whole
    low, high, shift = _bounds(found)
    types, number = found.types
    n, m = len(number), len(found.bonds)
    lines = ["LAMMPS data file of boltzmann_tf", "", f"{n} atoms", f"{len(types)} atom types"]
    if m:
        lines += [f"{m} bonds", "1 bond types"]
    lines.append("")
    lines += [
        f"{a!r} {b!r} {c}lo {c}hi"
        for a, b, c in zip(low.tolist(), high.tolist(), "xyz", strict=True)
    ]
    lines += ["", "Masses", "", *(f"{i + 1} 1.0  # {name}" for i, name in enumerate(types)), ""]
    # MDAnalysis and ASE read the columns by the style named here.
    lines += [f"Atoms  # {'bond' if m else 'atomic'}", ""]
    molecule = molecules(found.bonds, n)[0] + 1
    for i, (r, image) in enumerate(
        zip((found.positions[0] + shift).tolist(), found.images[0].tolist(), strict=True)
    ):
        of = f"{molecule[i]} " if m else ""
        place = " ".join(repr(v) for v in r)
        lines.append(f"{i + 1} {of}{number[i] + 1} {place} {' '.join(map(str, image))}")
    if m:
        pairs = (found.bonds + 1).tolist()
        lines += ["", "Bonds", "", *(f"{k + 1} 1 {i} {j}" for k, (i, j) in enumerate(pairs))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
