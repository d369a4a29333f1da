"""LAMMPS' text formats: dumps, and data files that a run starts from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from boltzmann_tf.trajectories.frames import VARYING, Frames, Part, molecules

__all__ = ["parts", "write_data", "write_dump"]

# Ways to give positions, those without a box's cuts first; s: in parts of the box's sides.
COLUMNS = {kind: tuple(f"{axis}{kind}" for axis in "xyz") for kind in ("u", "su", "", "s")}
IMAGES = ("ix", "iy", "iz")


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


def parts(path: Path, chunk: int) -> Generator[Part, None, None]:
    """Yields the frames of a dump, `chunk` at a time, sorted by id.

    Positions are those from the middle of the box, in a direction in which it is periodic or fixed;
    where it follows the particles ("s" or "m"), as they stand. They are unwrapped where there are
    columns for it.

    Raises:
      ValueError: for a file that is no dump, or whose frames have not the same particles.
    """
    with path.open(encoding="utf-8") as file:
        frames = _frames(file, path)
        while found := list(islice(frames, chunk)):
            counts = {len(positions) for positions, _ in found}
            if len(counts) > 1:
                raise ValueError(VARYING.format(path=str(path), found=sorted(counts)))
            yield Part(*(np.array(part) for part in zip(*found, strict=True)))


def _frames(file: TextIO, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields positions and sides."""
    count, box, flags = 0, np.zeros((3, 2)), ["pp"] * 3
    try:
        for line in file:
            words = line.split()
            item = " ".join(words[1:3]) if words[:1] == ["ITEM:"] else ""
            if item == "NUMBER OF":
                count = int(next(file))
            elif item == "BOX BOUNDS":
                rows = [[float(v) for v in next(file).split()] for _ in range(3)]
                flags = words[3:] if len(words) == 6 else ["pp"] * 3
                box = np.array([row[:2] for row in rows])
                if any(any(row[2:]) for row in rows):
                    box = np.full((3, 2), np.nan)  # oblique
            elif item.startswith("ATOMS"):
                atoms = [next(file).split() for _ in range(count)]
                yield _positions(words[2:], atoms, box, flags)
            elif not item:
                raise ValueError(f"a line {line.strip()[:40]!r} where one begins with ITEM:")
            else:  # the step, the time, the units
                next(file)
    except (ValueError, IndexError, StopIteration) as error:
        why = str(error) or "it ends within a frame"
        raise ValueError(f"path must be a dump of LAMMPS, got {str(path)!r}: {why}") from error


def _positions(
    columns: list[str], rows: list[list[str]], box: np.ndarray, flags: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Of one frame, [n, 3] sorted by id, and the sides of its box."""
    kind = next((k for k, names in COLUMNS.items() if set(names) <= set(columns)), None)
    if kind is None or "id" not in columns:
        raise ValueError(f"it must have the columns id and x y z, or xs, xu or xsu, got {columns}")

    def numbers(names: tuple[str, ...]) -> np.ndarray:
        where = [columns.index(name) for name in names]
        return np.array([[float(row[k]) for k in where] for row in rows]).reshape(len(rows), -1)

    low, sides = box[:, 0], box[:, 1] - box[:, 0]
    found = numbers(COLUMNS[kind])
    if "s" in kind:
        if np.any(np.isnan(sides)):
            raise ValueError("it has scaled positions in a box that is not rectangular")
        found = low + found * sides
    if "u" not in kind and set(IMAGES) <= set(columns):
        found = found + numbers(IMAGES) * sides
    fixed = np.array([set(flag) <= set("pf") for flag in flags])
    middle = np.where(fixed & np.isfinite(sides), low + sides / 2, 0.0)
    return (found - middle)[np.argsort(numbers(("id",))[:, 0])], sides
