"""Whether a folder can take what is to be written, asked before anything is computed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from boltzmann_tf._support.checks import instance

__all__ = ["check_folder"]


def check_folder(name: str, path: str | os.PathLike[str], *, needed: int = 0) -> Path:
    """Returns `path`, or raises unless it is or can become a folder with room to write.

    Nothing is left behind: where the folder is missing, the nearest one above it is asked.

    Args:
      name: the argument's name in the messages.
      path: of the folder.
      needed: bytes that must be free.

    Raises:
      ValueError: for a path that is, or leads through, a file; or too little room.
      PermissionError: for a folder that cannot be written to.
    """
    folder = Path(instance(name, path, (str, os.PathLike)))
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"{name} must be a folder, got {str(folder)!r}: {there} is a file")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise PermissionError(
            f"{name} must be a folder that can be written to, got {str(folder)!r}: "
            f"{error.strerror or error}"
        ) from error
    free = shutil.disk_usage(there).free
    if free < needed:
        raise ValueError(
            f"{name} must have {_size(needed)} free for what is to be written, got {str(folder)!r} "
            f"with {_size(free)}"
        )
    return folder


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"
