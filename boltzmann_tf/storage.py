"""Trained generators on disk: a JSON document beside an array file, and nothing that can run code.

The document holds the architecture, says what arrays there are, and has a checksum of its own; the
arrays have one in it. A truncated or altered file is found before it is used, and sizes are
compared before anything is built or read.

The document names the array file, which each `save` calls by a new name, and replacing the
document is the one moment at which a new generator takes the place of the old one. Format 1, whose
document has no checksum and whose arrays are always weights.npz, is read too. A document with a
prior is of format 3, so that a version that knows of none does not take it for the standard normal;
without one it is of format 2, as before.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from boltzmann_tf import priors
from boltzmann_tf._support.arrays import Archive, Header, describe, pack
from boltzmann_tf._support.checks import choice
from boltzmann_tf._support.documents import MAX_BYTES, parse, seal, to_json, unseal
from boltzmann_tf._support.files import (
    open_regular,
    own_token,
    remove_stale,
    token_has_ended,
    write_bytes,
    write_text,
)
from boltzmann_tf._support.room import room
from boltzmann_tf._version import __version__
from boltzmann_tf.bijectors import Bijector, deserialize, serialize
from boltzmann_tf.priors import Prior
from boltzmann_tf.systems import REGISTRY, WRAPPERS, System, from_document, to_document

__all__ = ["load_arrays", "load_parts", "named_variables", "save_arrays", "save_generator"]

FORMAT, FORMAT_WITH_PRIOR = 2, 3
DOCUMENT = "generator.json"
ARRAYS_1 = "weights.npz"  # in format 1
ARRAYS = re.compile(r"weights-([0-9a-f]{16})\.npz")
ORPHANED_AFTER = 3600.0  # seconds after which arrays without a document are a killed saver's
LARGEST = float(np.finfo(np.float32).max)
LOOKS = 100  # at a folder into which others save


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> str:
    """Writes arrays as .npz, whole or not at all; returns the file's SHA-256."""
    content = pack(arrays)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def load_arrays(path: Path, checksum: str | None = None) -> dict[str, np.ndarray]:
    """Reads what `save_arrays` wrote, without unpickling; raises `ValueError` if it is damaged."""
    if not path.is_file():
        raise ValueError(f"path must hold the file {path.name}, got {path.parent} without it")
    with Archive(path) as archive:
        if checksum is not None:
            archive.check_digest(checksum)
        return {name: archive.read(name) for name in archive.headers}


def named_variables(bijector: Bijector) -> dict[str, tf.Variable]:
    """The bijector's variables by number and name, "0003.kernel_1"."""
    return {
        f"{i:04d}.{v.name.rpartition('/')[2].partition(':')[0]}": v
        for i, v in enumerate(bijector.variables)
    }


class _Parts(Protocol):
    """What is saved of a generator."""

    @property
    def system(self) -> System: ...
    @property
    def bijector(self) -> Bijector: ...
    @property
    def prior(self) -> Prior: ...


def save_generator(path: str | os.PathLike[str], generator: _Parts) -> None:
    """Writes `generator` to the folder `path`; a generator that is there stays until it is done."""
    folder = Path(path)
    arrays = {name: v.numpy() for name, v in named_variables(generator.bijector).items()}
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise ValueError(
                f"generator must have finite variables to be saved, got NaN or infinity in {name}"
            )
    content = pack(arrays)
    name = _new_name(folder)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": __version__,
        "system": to_document(generator.system),
        "event_shape": list(generator.system.event_shape),
        "bijector": serialize(generator.bijector),
        "arrays": {
            "file": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "variables": describe(arrays),
        },
    }
    if not priors.is_standard(generator.prior):
        document |= {"format": FORMAT_WITH_PRIOR, "prior": priors.to_document(generator.prior)}
    text = to_json(seal(document))  # before anything is touched
    before = None
    try:
        write_bytes(folder / name, content)
        before = _referenced(folder)
        write_text(folder / DOCUMENT, text)
    finally:
        after = _referenced(folder)
        if after != name:  # it failed, or another saver has been faster
            (folder / name).unlink(missing_ok=True)
    _clean(folder, before, after)


def _new_name(folder: Path) -> str:
    """A name of an array file that none has yet."""
    while (folder / (name := f"weights-{own_token()}.npz")).exists():
        pass
    return name


def load_parts(
    path: str | os.PathLike[str],
    system: System | None = None,
    dtype: str | None = None,
    *,
    prior: Prior | type[Prior] | None = None,
) -> tuple[System, Bijector, Prior]:
    """Reads system, bijector and prior from the folder `path`.

    The variables are cast to `dtype` if it is given.
    """
    folder = Path(path)
    if dtype is not None:
        dtype = choice("dtype", _dtype_name(dtype), ("float32", "float64"))
    for _ in range(LOOKS):
        document = _read_document(folder / DOCUMENT)
        file = folder / document["arrays"]["file"]
        try:
            archive = Archive(file)
        except FileNotFoundError:
            # Another process may have replaced both since; then the document is a new one.
            if _referenced(folder) == file.name:
                break
            continue
        with archive:
            system, bijector = _parts(folder / DOCUMENT, document, archive, system, dtype)
            return system, bijector, _prior(folder / DOCUMENT, document, bijector, prior)
    raise ValueError(f"path must hold the file {file.name}, got {str(folder)!r} without it")


def _parts(
    where: Path,
    document: dict[str, Any],
    archive: Archive,
    system: System | None,
    dtype: str | None,
) -> tuple[System, Bijector]:
    described = document["arrays"].get("variables")
    if described is not None:
        archive.check_description(described)
    architecture = document["bijector"]
    if dtype is not None:
        architecture = _in_dtype(architecture, dtype)
    with room([header.shape for header in archive.headers.values()]):
        try:
            bijector = deserialize(architecture)
        except Exception as error:  # of whatever library an odd value has come to
            raise ValueError(f"{where} must describe a valid bijector, got {error}") from error
        if system is None:
            system = _system(where, document["system"])
            if system.event_size != bijector.event_size:
                raise ValueError(
                    f"{where} must describe a bijector with the event_size of its system, "
                    f"{system.event_size}, got {bijector.event_size}"
                )
    if dtype is not None and bijector.dtype.name != dtype:
        raise ValueError(
            f"dtype must be one that the saved bijector can have, got {dtype!r}: it is built in "
            f"{bijector.dtype.name} all the same"
        )
    variables = named_variables(bijector)
    if described is None:  # format 1: numbers without names
        variables = {name[:4]: v for name, v in variables.items()}
    _check_headers(archive, variables, cast=dtype is not None)
    archive.check_digest(document["arrays"]["sha256"])
    for name, variable in variables.items():
        array = archive.read(name, described)
        with np.errstate(over="ignore"):  # what overflows is refused below
            array = array.astype(variable.dtype.as_numpy_dtype)
        if not np.all(np.isfinite(array)):
            raise ValueError(
                f"{where.parent} must hold finite variables, got NaN or infinity in {name}"
            )
        variable.assign(array)
    if dtype is not None:
        for part in [bijector, *(m for m in bijector.submodules if isinstance(m, Bijector))]:
            part._variables_cast()
    return system, bijector


def _check_headers(archive: Archive, variables: dict[str, tf.Variable], *, cast: bool) -> None:
    """Raises unless the arrays are those of the bijector; with `cast`, of whatever precision."""

    def told(header: Header) -> str:
        dtype = "float" if cast and header.dtype.kind == "f" else header.dtype.name
        return f"{dtype}{list(header.shape)}"

    for name in [*variables, *(n for n in archive.headers if n not in variables)]:
        wanted = found = "none"
        if name in variables:
            v = variables[name]
            wanted = told(Header(np.dtype(v.dtype.as_numpy_dtype), tuple(v.shape)))
        if name in archive.headers:
            found = told(archive.headers[name])
        if wanted != found:
            raise ValueError(
                f"the arrays are of another architecture than the document describes: {name} must "
                f"be {wanted}, got {found}"
            )


def _in_dtype(architecture: Any, dtype: str) -> Any:
    """The bijector's document with every dtype in it replaced."""
    if isinstance(architecture, dict):
        return {
            key: dtype if key == "dtype" and isinstance(value, str) else _in_dtype(value, dtype)
            for key, value in architecture.items()
        }
    if isinstance(architecture, list):
        return [_in_dtype(value, dtype) for value in architecture]
    return architecture


def _dtype_name(dtype: Any) -> Any:
    try:
        return tf.as_dtype(dtype).name
    except TypeError:
        return dtype


def _read_document(path: Path) -> dict[str, Any]:
    """The document in the form of format 2, whichever it is written in."""
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ValueError(
            f"path must be a folder that holds {DOCUMENT}, got {str(path.parent)!r}"
        ) from error
    document = parse(content, str(path))
    keys = {"format", "system", "bijector", "sha256"}
    if not isinstance(document, dict) or not keys <= set(document):
        raise ValueError(f"{path} must be an object with the keys {sorted(keys)}")
    if document["format"] == 1:
        arrays = {"file": ARRAYS_1, "sha256": document["sha256"]}
        return {**{key: document[key] for key in ("system", "bijector")}, "arrays": arrays}
    if document["format"] not in (FORMAT, FORMAT_WITH_PRIOR):
        raise ValueError(
            f"{path} must be of format {FORMAT_WITH_PRIOR}, {FORMAT} or 1, got "
            f"{document['format']!r}"
        )
    document = unseal(content, str(path))
    if ("prior" in document) != (document["format"] == FORMAT_WITH_PRIOR):
        raise ValueError(f"{path} must be of format {FORMAT_WITH_PRIOR} where it has a prior")
    told: Any = document.get("arrays")
    if not (
        isinstance(told, dict)
        and ARRAYS.fullmatch(str(told.get("file")))
        and isinstance(told.get("sha256"), str)
        and isinstance(told.get("variables"), dict)
        and all(isinstance(text, str) for text in told["variables"].values())
    ):
        raise ValueError(f"{path} must say what arrays there are, in which file, got {told!r}")
    return document


def _referenced(folder: Path) -> str | None:
    """The array file of the document that is there, or None."""
    try:
        return _read_document(folder / DOCUMENT)["arrays"]["file"]
    except (OSError, ValueError):
        return None


def _clean(folder: Path, before: str | None, after: str | None) -> None:
    """Removes the arrays of the document that was replaced, and what killed savers left."""
    with contextlib.suppress(OSError):  # a leftover is no reason to fail
        remove_stale(folder, "weights-[0-9a-f]{16}", ".npz")
        for entry in os.scandir(folder):
            if entry.name == after:
                continue
            if entry.name == before or _orphaned(folder, entry):
                os.unlink(entry.path)


def _orphaned(folder: Path, entry: os.DirEntry[str]) -> bool:
    """Whether arrays were left by a saver that was killed."""
    match = ARRAYS.fullmatch(entry.name)
    if match is None:
        return False
    if time.time() - entry.stat().st_mtime > ORPHANED_AFTER:
        return True
    # Asked in this order: a saver that has ended writes no document that refers to them any more.
    return token_has_ended(match[1]) and _referenced(folder) != entry.name


def _system(where: Path, document: Any) -> System:
    if document is None:
        raise ValueError("system must be given: this generator's is not one of the package's own")
    known = [*REGISTRY, *WRAPPERS]
    if not isinstance(document, dict) or document.get("name") not in known:
        raise ValueError(f"{where} must name a system of the package, got {document!r}")
    try:
        _check_numbers(document.get("config", {}))
        return from_document(document)
    except Exception as error:  # as for the bijector
        raise ValueError(f"{where} must hold parameters of its system, got {error}") from error


def _check_numbers(config: dict[str, Any]) -> None:
    """Raises for parameters that float32 has no numbers for, of the systems inside too."""
    for name, value in config.items():
        if isinstance(value, int | float) and abs(value) > LARGEST:
            raise ValueError(f"{name} must be within the numbers of float32, got {value!r}")
        if name == "system" and isinstance(value, dict):
            _check_numbers(value.get("config", {}))


def _prior(
    where: Path,
    document: dict[str, Any],
    bijector: Bijector,
    given: Prior | type[Prior] | None,
) -> Prior:
    told = document.get("prior", priors.to_document(priors.Normal(bijector.event_size)))
    if given is None and isinstance(told, dict) and told.get("name") is not None:
        try:
            given = priors.from_document(_in_dtype(told, bijector.dtype.name))
        except Exception as error:  # as for the bijector
            raise ValueError(f"{where} must describe a valid prior, got {error}") from error
        return given
    return priors.from_document(told, given)
