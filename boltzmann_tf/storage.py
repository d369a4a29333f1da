"""Trained generators on disk: a JSON document beside an array file, and nothing that can run code.

The document holds the architecture and the checksum of the arrays, so that a truncated or altered
file is found before it is used. Both files are written under a temporary name and renamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boltzmann_tf._files import write_bytes, write_text
from boltzmann_tf._version import __version__
from boltzmann_tf.bijectors import Bijector, deserialize, serialize
from boltzmann_tf.systems import REGISTRY, System

if TYPE_CHECKING:
    from boltzmann_tf.generator import BoltzmannGenerator

__all__ = ["load_arrays", "load_parts", "save_arrays", "save_generator"]

FORMAT = 1
DOCUMENT = "generator.json"
ARRAYS = "weights.npz"


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> str:
    """Writes arrays as .npz, whole or not at all; returns the file's SHA-256."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def load_arrays(path: Path, checksum: str | None = None) -> dict[str, np.ndarray]:
    """Reads what `save_arrays` wrote, without unpickling; raises `ValueError` if it is damaged."""
    if not path.is_file():
        raise ValueError(f"path must hold the file {path.name}, got {path.parent} without it")
    content = path.read_bytes()
    if checksum is not None and hashlib.sha256(content).hexdigest() != checksum:
        raise ValueError(f"{path} is truncated or was altered: its checksum does not match")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (
        ValueError,
        OSError,
        EOFError,
        RuntimeError,  # an altered header may claim encryption, or an unknown compression
        zipfile.BadZipFile,
    ) as error:
        raise ValueError(f"{path} is not a readable array file: {error}") from error


def save_generator(path: str | os.PathLike[str], generator: BoltzmannGenerator) -> None:
    """Writes `generator` to the folder `path`."""
    folder = Path(path)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": __version__,
        "system": _system_document(generator.system),
        "bijector": serialize(generator.bijector),
    }
    variables = generator.bijector.variables
    arrays = {f"{i:04d}": v.numpy() for i, v in enumerate(variables)}
    document["sha256"] = save_arrays(folder / ARRAYS, arrays)
    write_text(folder / DOCUMENT, json.dumps(document, indent=1, allow_nan=False))


def load_parts(
    path: str | os.PathLike[str], system: System | None = None
) -> tuple[System, Bijector]:
    """Reads system and bijector from the folder `path`."""
    folder = Path(path)
    document = _read_document(folder / DOCUMENT)
    if system is None:
        system = _system(document["system"])
    try:
        bijector = deserialize(document["bijector"])
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"{folder / DOCUMENT} describes no valid bijector: {error}") from error
    arrays = load_arrays(folder / ARRAYS, document["sha256"])
    variables = bijector.variables
    shapes = [tuple(a.shape) for _, a in sorted(arrays.items())]
    if shapes != [tuple(v.shape) for v in variables]:
        raise ValueError(
            f"{folder / ARRAYS} is of another architecture: the document describes "
            f"{len(variables)} variables, the file holds {len(arrays)} of other shapes"
        )
    for variable, (_, array) in zip(variables, sorted(arrays.items()), strict=True):
        variable.assign(array)
    return system, bijector


def _read_document(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(f"path must be a folder that holds {DOCUMENT}, got {str(path.parent)!r}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    keys = {"format", "system", "bijector", "sha256"}
    if not isinstance(document, dict) or not keys <= set(document):
        raise ValueError(f"{path} must be an object with the keys {sorted(keys)}")
    if document["format"] != FORMAT:
        raise ValueError(f"{path} must be of format {FORMAT}, got {document['format']!r}")
    return document


def _system_document(system: System) -> dict[str, Any] | None:
    for name, cls in REGISTRY.items():
        if type(system) is cls:
            return {"name": name, "config": system.get_config()}
    return None


def _system(document: Any) -> System:
    if document is None:
        raise ValueError("system must be given: this generator's is not one of the package's own")
    if not isinstance(document, dict) or document.get("name") not in list(REGISTRY):
        raise ValueError(f"the document names an unknown system: {document!r}")
    try:
        return REGISTRY[document["name"]](**document.get("config", {}))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the document has bad parameters of a system: {error}") from error
