"""Numbers that the studies compare with and do not compute, each in a JSON file with its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boltzmann_tf._support.checks import choice

_FOLDER = Path(__file__).parent


def files() -> list[str]:
    """Returns the names of the files, without the suffix."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def published(file: str, *keys: str) -> Any:
    """Returns what a file holds, or what stands there under `keys`.

        published("noe2019_dimer", "mean_energies", "closed")  # 53.1

    Args:
      file: one of `files()`.
      *keys: the way to an entry, from the outside in.

    Raises:
      ValueError: there is no such file, or no such key on the way.
    """
    choice("file", file, files())
    found = json.loads((_FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    for i, key in enumerate(keys):
        place = ", ".join((f"{file}.json", *keys[:i]))
        choice(f"key of {place}", key, found if isinstance(found, dict) else [])
        found = found[key]
    return found
