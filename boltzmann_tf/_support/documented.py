"""Array files that hold a document on their arrays, under its checksum; the last two are kept."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann_tf._support.arrays import Archive, describe, pack
from boltzmann_tf._support.documents import seal, to_json, unseal
from boltzmann_tf._support.files import atomic_path, own_mark, remove_stale, sync
from boltzmann_tf._version import __version__

__all__ = [
    "DamagedError",
    "Documented",
    "open_documented",
    "previous_of",
    "write_documented",
]

DOCUMENT = "document"  # the member that is one, as bytes


class DamagedError(ValueError):
    """A file is truncated or was altered since it was written."""


def write_documented(
    path: Path,
    document: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    *,
    keep_previous: bool = False,
) -> None:
    """Writes the arrays with a document on them, whole or not at all.

    Args:
      path: of the file.
      document: of plain values.
      arrays: by name.
      keep_previous: whether what is at `path`, which must be whole, is kept, as `previous_of` says.

    Raises:
      OSError: where it cannot be written; both files are as they were then.
    """
    sealed = seal({**document, "version": __version__, "arrays": describe(arrays)})
    text = to_json(sealed).encode("utf-8")
    content = pack({DOCUMENT: np.frombuffer(text, np.uint8), **arrays})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        if keep_previous and path.exists():
            sync(temporary)  # there is room for the new one, and it is whole
            _link(path, previous_of(path))


def previous_of(path: Path) -> Path:
    """Where the file that was at `path` before is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _link(path: Path, other: Path) -> None:
    """Gives the file the other name, too: there is a file at both at any moment."""
    remove_stale(other.parent, re.escape(other.stem), other.suffix)
    mark = f"{own_mark()}-{secrets.token_hex(4)}"
    temporary = other.with_name(f".{other.stem}-{mark}.tmp{other.suffix}")
    try:
        os.link(path, temporary)
    except OSError:  # not every file system has links
        with atomic_path(other) as copy:
            shutil.copyfile(path, copy)
        return
    try:
        os.replace(temporary, other)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_documented(path: Path, *, where: str, number: int, what: str) -> Iterator[Documented]:
    """Opens a file of `write_documented`.

    Args:
      path: of the file.
      where: its name in messages.
      number: of the format that is read, which stands in the document.
      what: a file of another format is, for the message.

    Raises:
      FileNotFoundError: if there is none.
      DamagedError: where it was truncated or altered.
      ValueError: where it is of another format.
    """
    with _undamaged(where):
        archive = Archive(path)
    with archive:
        yield Documented(archive, path, where=where, number=number, what=what)


class Documented:
    """An open file of `write_documented`; see `open_documented`.

    Attributes:
      document: what was written, with "arrays" and "version".
      headers: of the arrays.
    """

    def __init__(self, archive: Archive, path: Path, *, where: str, number: int, what: str) -> None:
        self._archive, self._where = archive, where
        header = archive.headers.get(DOCUMENT)
        if header is None or header.dtype != np.uint8 or len(header.shape) != 1:
            raise ValueError(f"{where} must be of format {number}, got {what}")
        with _undamaged(where):
            self.document = unseal(archive.read(DOCUMENT).tobytes(), f"the document of {path}")
        if self.document.get("format") != number:
            raise ValueError(
                f"{where} must be of format {number}, got {self.document.get('format')!r}"
            )
        arrays: Any = self.document.get("arrays")
        if not isinstance(arrays, dict) or any(not isinstance(t, str) for t in arrays.values()):
            raise ValueError(f"{where} has a document with entries missing or of another type")
        self.headers = {n: h for n, h in archive.headers.items() if n != DOCUMENT}

    def check_description(self) -> None:
        """Raises `DamagedError` unless the headers are those of the document; reads no array."""
        own = {DOCUMENT: f"{self._archive.headers[DOCUMENT]} -"}
        with _undamaged(self._where):
            self._archive.check_description({**self.document["arrays"], **own})

    def read(self) -> dict[str, np.ndarray]:
        """All arrays, each with the digest that stands in the document."""
        with _undamaged(self._where):
            return {n: self._archive.read(n, self.document["arrays"]) for n in self.headers}


@contextlib.contextmanager
def _undamaged(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise DamagedError(f"{where} is truncated or was altered: {error}") from error
