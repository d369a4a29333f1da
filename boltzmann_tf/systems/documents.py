"""Systems as JSON documents: those of the package by their names, and what is made of them."""

from __future__ import annotations

from typing import Any

from boltzmann_tf._support.checks import choice, instance
from boltzmann_tf._support.documents import plain
from boltzmann_tf.systems.base import System

__all__ = ["REGISTRY", "WRAPPERS", "from_document", "get", "to_document"]

# Names in files and on the command line. The package fills them in, one line a system.
REGISTRY: dict[str, type[System]] = {}
WRAPPERS: dict[str, type[System]] = {}  # systems of another one, whose document is their `system`


def get(name: str, **parameters: Any) -> System:
    """A system by its registered name, with the given constructor arguments."""
    return REGISTRY[choice("system", name, REGISTRY)](**parameters)


def to_document(system: System) -> dict[str, Any] | None:
    """Name and configuration, as JSON values.

    None for a system that a file cannot describe: of a user's class, or made of one, or with a
    function of a user's.
    """
    instance("system", system, System)
    for name, cls in {**REGISTRY, **WRAPPERS}.items():
        if type(system) is cls:
            config = plain(system.get_config(), "get_config() of system")
            if cls in WRAPPERS.values() and None in config.values():
                return None  # what a wrapper has no value for, no file can hold
            return {"name": name, "config": config}
    return None


def from_document(document: Any) -> System:
    """The system that `to_document` described; only classes of the two tables are constructed.

    Raises:
      ValueError: for a description of none.
    """
    known = {**REGISTRY, **WRAPPERS}
    name = document.get("name") if isinstance(document, dict) else None
    config = document.get("config", {}) if isinstance(document, dict) else None
    if name not in list(known) or not isinstance(config, dict):
        raise ValueError(
            f"document must hold the name of a system of the package and its config, got "
            f"{document!r}"[:300]
        )
    return known[name](**config)
