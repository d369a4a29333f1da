"""Files that are whole or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import secrets
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "atomic_path",
    "has_ended",
    "open_regular",
    "own_mark",
    "own_token",
    "remove_stale",
    "sync",
    "token_has_ended",
    "write_bytes",
    "write_text",
]

_COUNT = itertools.count()
STALE_AFTER = 86_400.0  # seconds after which another machine's temporary file is a leftover


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path`, renamed to `path` when the block succeeds.

    When the block raises, an interrupt from the keyboard included, the temporary file goes and
    what was at `path` before stays. What killed writers of `path` left behind goes, too.

    Args:
      path: the final name; missing parent folders are made.

    Raises:
      OSError: with the name of `path`, also where the system's own error has none (a full disk).
    """
    target = Path(path)
    with _named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(target.parent, re.escape(target.stem), target.suffix)
        # The suffix stays in place: NumPy and Keras choose a format by it, or append one.
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}-{own_mark()}-",
            suffix=f".tmp{target.suffix}",
            dir=target.parent,
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes a private file; what a user keeps follows the umask as usual.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            # After a crash of the machine the new name must not stand for an empty file.
            sync(temporary)
            temporary.replace(target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def open_regular(path: Path) -> BinaryIO:
    """Opens a file to read its bytes, and nothing that one might wait for.

    Raises:
      FileNotFoundError: if there is none, or a link to none.
      IsADirectoryError: for a folder.
      ValueError: for a pipe, a socket or a device.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError(f"{path} must be a file, got a pipe or a device")
    return file


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """Writes `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def remove_stale(folder: Path, stem: str, suffix: str) -> None:
    """Removes the temporary files of writers that were killed.

    Those of processes that are no more on this machine, and any that are a day old.

    Args:
      folder: to look in.
      stem: of the files that were to be written, a regular expression.
      suffix: of these files, with its dot.
    """
    shape = re.compile(rf"\.{stem}-(?:([0-9a-f]{{8}})-(\d+)-)?\w{{8}}\.tmp{re.escape(suffix)}")
    with contextlib.suppress(OSError):  # a folder that cannot be listed: the write will tell
        for entry in os.scandir(folder):
            match = shape.fullmatch(entry.name)
            if match is None:
                continue
            with contextlib.suppress(OSError):
                old = time.time() - entry.stat().st_mtime > STALE_AFTER
                if old or (match[1] and has_ended(match[1], int(match[2]))):
                    os.unlink(entry.path)


def sync(path: Path) -> None:
    """Returns when the file is on the disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def own_mark() -> str:
    """This process among all that may write to one place: "machine-process"."""
    return f"{_machine()}-{os.getpid()}"


def own_token() -> str:
    """Sixteen hexadecimal digits that name this process, for files that it may leave behind."""
    process = os.getpid()
    if process > 0xFFFFFF:  # no room
        return secrets.token_hex(8)
    return f"{_machine()}{process:06x}{next(_COUNT) % 256:02x}"


def token_has_ended(token: str) -> bool:
    """Whether the process that `own_token` named is known to have ended."""
    return has_ended(token[:8], int(token[8:14], 16))


def has_ended(machine: str, process: int) -> bool:
    """Whether the process of a mark is known to have ended: nobody here can say of another machine.

    Args:
      machine: as in the mark.
      process: its number.
    """
    if machine != _machine() or os.name == "nt":  # there, signal 0 would be one
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # someone else's
        return False
    return False


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    """Gives the system's errors the name of the file, where they have none or the temporary's."""
    try:
        yield
    except OSError as error:
        name = os.path.basename(str(error.filename or f".{target.stem}-"))
        if error.errno is None or not name.startswith(f".{target.stem}-"):
            raise
        raise OSError(error.errno, error.strerror, str(target)) from error


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _machine() -> str:
    """Short for the machine's name; process numbers are its own."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
