"""Numbers that a study compares with and does not compute, in JSON files with their sources."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from boltzmann_tf._support.checks import choice

__all__ = ["Numbers"]


class Numbers:
    """The JSON files of a folder.

        published = Numbers(Path(__file__).parent / "published")
        published("noe2019_dimer", "mean_energies", "closed")  # 53.1

    Args:
      folder: of the files.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise ValueError(f"folder must be a folder that is there, got {str(folder)!r}")

    def files(self) -> list[str]:
        """The names of the files, without the suffix."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def __call__(self, file: str, *keys: str) -> Any:
        """What a file holds, or what stands there under `keys`.

        Args:
          file: one of `files()`.
          *keys: the way to an entry, from the outside in.

        Raises:
          ValueError: there is no such file, or no such key on the way.
        """
        choice("file", file, self.files())
        found = json.loads((self._folder / f"{file}.json").read_text(encoding="utf-8"))
        for i, key in enumerate(keys):
            place = ", ".join((f"{file}.json", *keys[:i]))
            choice(f"key of {place}", key, found if isinstance(found, dict) else [])
            found = found[key]
        return found
