"""Names that go: they work for two more minor versions, and say what to use instead.

A module that moves is a line in `moved.MOVED`. A function, a class or a method that goes without a
new name bears `typing_extensions.deprecated` (PEP 702, so that editors and mypy know, too):

    @deprecated(going("old", "bg.sampling.new", since="0.3"))
    def old(...): ...

A name that is another now is taken out of `__all__`, and its module or package says

    __getattr__ = renamed(__name__, {"old": "new"}, since="0.3")
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["KEPT", "first_without", "going", "renamed"]

KEPT = 2  # minor versions that a name works on after the one that deprecates it


def first_without(since: str) -> str:
    """The first version that may leave out what `since`, "MAJOR.MINOR", deprecates."""
    major, minor = (int(part) for part in since.split("."))
    return f"{major}.{minor + KEPT + 1}"


def going(name: str, instead: str, *, since: str) -> str:
    """What a warning says of a name that goes: since when, until when, and what to use."""
    return (
        f"{name} is deprecated since version {since} and goes in {first_without(since)} at the "
        f"earliest: use {instead}"
    )


def renamed(module: str, names: Mapping[str, str], *, since: str) -> Callable[[str], Any]:
    """A module's `__getattr__` that finds its names by what they were called, with a warning."""

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        new = names[name]
        message = going(f"{module}.{name}", f"{module}.{new}", since=since)
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], new)

    return find
