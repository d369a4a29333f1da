"""Array files that hold a document on their arrays, under its checksum; the last two are kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from boltzmann_tf._support.arrays import Archive, describe, pack
from boltzmann_tf._support.documents import seal, to_json, unseal
from boltzmann_tf._support.files import atomic_path, write_bytes
from boltzmann_tf._version import __version__

__all__ = ["DamagedError", "Documented", "keep_previous", "previous_of", "write_documented"]

DOCUMENT = "document"  # the member that is one, as bytes


class DamagedError(ValueError):
    """A file is truncated or was altered since it was written."""


def write_documented(
    path: Path, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Writes the arrays with a document on them, whole or not at all."""
    sealed = seal({**document, "version": __version__, "arrays": describe(arrays)})
    text = to_json(sealed).encode("utf-8")
    write_bytes(path, pack({DOCUMENT: np.frombuffer(text, np.uint8), **arrays}))


def previous_of(path: Path) -> Path:
    """Where the file that was at `path` before is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def keep_previous(path: Path) -> None:
    """Gives what is at `path` the other name, too: there is a file at `path` at any moment."""
    if not path.exists():
        return
    with atomic_path(previous_of(path)) as temporary:
        temporary.unlink()
        try:
            os.link(path, temporary)
        except OSError:  # not every file system has links
            shutil.copyfile(path, temporary)


class Documented:
    """An open file of `write_documented`.

    Args:
      path: of the file.
      where: its name in messages.
      format: number of the format that is read, which stands in the document.
      what: that a file of another format is not, for the message.

    Attributes:
      document: what was written, with "arrays" and "version".
      headers: of the arrays.

    Raises:
      FileNotFoundError: if there is none.
      DamagedError: where it was truncated or altered.
      ValueError: where it is of another format.
    """

    def __init__(self, path: Path, *, where: str, format: int, what: str) -> None:  # noqa: A002
        self._where = where
        self._archive = self._undamaged(Archive, path)
        try:
            self.document = self._read_document(path, format, what)
            self.headers = {n: h for n, h in self._archive.headers.items() if n != DOCUMENT}
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Documented:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def check_description(self) -> None:
        """Raises `DamagedError` unless the headers are those of the document; reads no array."""
        own = {DOCUMENT: f"{self._archive.headers[DOCUMENT]} -"}
        self._undamaged(self._archive.check_description, {**self.document["arrays"], **own})

    def read(self) -> dict[str, np.ndarray]:
        """All arrays, each with the digest that stands in the document."""
        described = self.document["arrays"]
        return {n: self._undamaged(self._archive.read, n, described) for n in self.headers}

    def _read_document(self, path: Path, number: int, what: str) -> dict[str, Any]:
        header = self._archive.headers.get(DOCUMENT)
        if header is None or header.dtype != np.uint8 or len(header.shape) != 1:
            raise ValueError(f"{self._where} must be of format {number}, got {what}")
        content = self._undamaged(self._archive.read, DOCUMENT).tobytes()
        document = self._undamaged(unseal, content, f"the document of {path}")
        if document.get("format") != number:
            raise ValueError(
                f"{self._where} must be of format {number}, got {document.get('format')!r}"
            )
        arrays: Any = document.get("arrays")
        if not isinstance(arrays, dict) or any(not isinstance(t, str) for t in arrays.values()):
            raise ValueError(
                f"{self._where} has a document with entries missing or of another type"
            )
        return dict(document)

    def _undamaged(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ValueError as error:
            raise DamagedError(f"{self._where} is truncated or was altered: {error}") from error
