"""Array files (.npz) whose headers are read, and can be compared, before any of the arrays is.

Only what `numpy.savez` writes is taken: members that are stored as they are, each once, with the
size that its header claims. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

import numpy as np

from boltzmann_tf._support.files import open_regular

__all__ = ["Archive", "Header", "describe", "pack"]

OVERHEAD = 1024  # bytes of a member's headers, at most, and of the file's end
END = 22  # bytes of a zip file's last record
LARGE = 1 << 31  # bytes from which on a zip file may be of the 64-bit kind
BLOCK = 1 << 22


class Header(NamedTuple):
    """What an array says of itself."""

    dtype: np.dtype
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The arrays as the content of an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def describe(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Name to dtype, shape and digest of each array, for the document that goes with them."""
    return {name: f"{header_of(a)} {_digest(a)}" for name, a in arrays.items()}


def header_of(array: np.ndarray) -> Header:
    """Dtype and shape."""
    return Header(array.dtype, array.shape)


class Archive:
    """An open .npz file.

    Args:
      path: of the file.

    Attributes:
      headers: of the arrays, by name.

    Raises:
      FileNotFoundError: if there is none.
      ValueError: if it is no array file, or holds more than its arrays.
    """

    headers: dict[str, Header]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_regular(path)
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._check_end()
            self._zip = zipfile.ZipFile(self._file)
            self.headers = self._read_headers()
        except Exception as error:  # zipfile and NumPy raise a dozen kinds on damaged files
            self._file.close()
            raise self._unreadable(error) from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def check_digest(self, sha256: str) -> None:
        """Raises `ValueError` unless the file has this SHA-256."""
        digest = hashlib.sha256()
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            digest.update(block)
        if digest.hexdigest() != sha256:
            raise ValueError(
                f"{self._path} is truncated or was altered: its checksum does not match"
            )

    def check_description(self, described: Mapping[str, str]) -> None:
        """Raises `ValueError` unless the headers are those of `describe`; reads no array."""
        wanted = {n: str(text).rpartition(" ")[0] for n, text in described.items()}
        found = {n: str(header) for n, header in self.headers.items()}
        for name in [*wanted, *(n for n in found if n not in wanted)]:
            if wanted.get(name) != found.get(name):
                raise ValueError(
                    f"{self._path} must hold the arrays of its document: {name} must be "
                    f"{wanted.get(name, 'absent')}, got {found.get(name, 'none')}"
                )

    def read(self, name: str, described: Mapping[str, str] | None = None) -> np.ndarray:
        """One array; where a description is given, with the digest that stands in it."""
        try:
            with self._zip.open(f"{name}.npy") as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
        except Exception as error:  # as above
            raise self._unreadable(error) from error
        if described is not None and described[name].rpartition(" ")[2] != _digest(array):
            raise ValueError(
                f"{self._path} was altered: {name} is not the array that its document describes"
            )
        return array

    def _check_end(self) -> None:
        """Looks at the last record before `zipfile` reads as much as that says."""
        if self._size < END:
            raise ValueError("it is too short")
        self._file.seek(max(self._size - END - 20, 0))
        tail = self._file.read()
        if tail[-END : -END + 4] != b"PK\5\6":
            raise ValueError("it does not end as a zip file without a comment does")
        count = int.from_bytes(tail[-12:-10], "little")
        size = int.from_bytes(tail[-10:-6], "little")
        if size > OVERHEAD * (count + 1):
            raise ValueError(f"its list of {count} members claims {size} bytes")
        if tail[-END - 20 : -END - 16] == b"PK\6\7" and self._size < LARGE and count < 0xFFFF:
            raise ValueError("it claims to be larger than it is")

    def _read_headers(self) -> dict[str, Header]:
        headers: dict[str, Header] = {}
        total = 0
        for info in self._zip.infolist():
            name, suffix = os.path.splitext(info.filename)
            if suffix != ".npy" or name in headers:
                raise ValueError(f"its member {info.filename!r} is no array, or stands in it twice")
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise ValueError(f"its member {info.filename!r} is compressed")
            total += info.file_size
            if total > self._size:
                raise ValueError(f"its members claim {total} bytes of {self._size}")
            with self._zip.open(info) as member:
                headers[name] = _read_header(member, info.file_size)
        if self._size > total + OVERHEAD * (len(headers) + 1):
            raise ValueError(f"its members are {total} bytes of {self._size}")
        return headers

    def _unreadable(self, error: Exception) -> ValueError:
        return ValueError(f"{self._path} is not a readable array file: {error}")


def _read_header(member: IO[bytes], size: int) -> Header:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"it has an array of the version {version}")
    if dtype.hasobject:
        raise ValueError("it holds Python objects, and nothing is unpickled")
    if any(n < 0 for n in shape) or member.tell() + math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"it has an array that claims the shape {shape}, of another size")
    return Header(dtype, shape)


def _digest(array: np.ndarray) -> str:
    """Short, for it need not stand against forgery: the file's own checksum is beside it."""
    content = np.ascontiguousarray(array)
    return hashlib.sha256(content.reshape(-1).view(np.uint8).data).hexdigest()[:16]
