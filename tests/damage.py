"""Damage of files, by number: the same number is the same damage.

Three kinds: of bytes, as by a disk or a transfer; of what a document and its arrays say, with
right checksums, as by a tool that knows the format; and of what stands at the file's place.
"""

from __future__ import annotations

import copy
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

# What stands for a value of a document.
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 10**6, 10**12, 10**40, 1e300, -0.5, "", "x" * 1000, "../../etc/passwd",
    "os.system", "boltzmann_tf>Whitening", "float64", "int8", [], {}, [[]], [1] * 1000,
    {"class": "boltzmann_tf>Sequence", "config": {"bijectors": []}},
)  # fmt: skip


def bytes_of(content: bytes, rng: np.random.Generator) -> bytes:
    """Damaged content."""
    size, found = len(content), bytearray(content)
    at, length = int(rng.integers(size)), int(rng.integers(1, 65))
    kind = rng.integers(8)
    if kind < 2:  # one bit, or some
        for _ in range(1 if kind == 0 else rng.integers(2, 20)):
            found[int(rng.integers(size))] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        del found[at:]
    elif kind == 3:
        del found[at : at + length]
    elif kind == 4:
        found[at : at + length] = bytes(len(found[at : at + length]))
    elif kind == 5:
        found[at:at] = rng.bytes(length)
    elif kind == 6:
        found[at:at] = found[at : at + length]
    else:
        found += content[at:]
    return bytes(found)


def document_of(document: dict, rng: np.random.Generator) -> None:
    """Changes one to three entries of a document, wherever they stand."""
    for _ in range(rng.integers(1, 4)):
        places = list(_places(document))
        holder, key = places[rng.integers(len(places))]
        kind = rng.integers(4)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            other, its = places[rng.integers(len(places))]
            holder[key] = copy.deepcopy(other[its])
        elif kind == 2 and type(holder[key]) in (int, float):
            scaled = holder[key] * (-1, 2, 10, 1000)[rng.integers(4)]
            holder[key] = scaled if abs(scaled) < 1e305 else 0  # JSON has no infinity
        else:
            holder[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])


def arrays_of(arrays: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Other arrays."""
    names = list(arrays)
    name, other = (names[i] for i in rng.integers(len(names), size=2))
    found = arrays[name]
    with np.errstate(all="ignore"):
        changed = (
            lambda: found.astype(rng.choice(["f4", "f8", "i8", "u8", "?", "c8", "U3"])),
            lambda: found * rng.choice([-1, 0, 1e30]),
            lambda: found + rng.choice([np.nan, np.inf, -np.inf]),
            lambda: found.T[None] if rng.integers(2) else found.reshape(-1)[:0],
            lambda: np.tile(found.ravel(), 50),
            lambda: arrays[other],
        )[rng.integers(6)]()
    kind = rng.integers(8)
    if kind == 0:
        return {n: a for n, a in arrays.items() if n != name}
    if kind == 1:
        return arrays | {f"{name}.more": found}
    if kind == 2:
        return arrays | {name: arrays[other], other: found}
    return arrays | {name: changed}


def place_of(path: Path, rng: np.random.Generator, elsewhere: Path) -> None:
    """Puts something else where the file is."""
    path.unlink()
    kind = rng.integers(8)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        path.symlink_to(path.name)  # itself
    elif kind == 2:
        path.symlink_to(path.parent / "nowhere")
    elif kind == 3:
        path.symlink_to(elsewhere)
    elif kind == 4:
        os.mkfifo(path)
    elif kind == 5:
        path.symlink_to("/dev/zero")
    elif kind == 6:
        with path.open("wb") as file:
            file.truncate(1 << 40)  # sparse
    else:
        path.write_bytes(_claims())


def _claims() -> bytes:
    """An array file by its form, whose array claims a terabyte."""
    import zipfile

    header, file = io.BytesIO(), io.BytesIO()
    shape = {"descr": "<f4", "fortran_order": False, "shape": (1 << 38,)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("parameters.npy", header.getvalue())
    return file.getvalue()


def _places(value: Any):
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
