"""States of samplers on disk: a run that is killed goes on from there, to the same numbers.

What a state is made of stands in its class, in the annotations of its arrays: dtype, axes, where
one name is one number in all of them, and what numbers there may be.
"""

from __future__ import annotations

import math
import os
import re
import typing
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np

from boltzmann_tf._support.arrays import Header
from boltzmann_tf._support.checks import instance
from boltzmann_tf._support.documented import (
    DamagedError,
    open_documented,
    previous_of,
    write_documented,
)

__all__ = ["Streams", "load_state", "register", "save_state"]

FORMAT = 1
KIND = "sampler's state"
RECORD = "records."  # before the names of arrays that are the user's own
INFINITY = "infinity"  # which JSON has not
# What numbers an array may hold, by the array and the sizes of axes so far.
RANGES: dict[str, Callable[[np.ndarray, Mapping[str, int]], Any]] = {
    "finite": lambda a, _: np.isfinite(a),
    "finite or infinite": lambda a, _: ~np.isnan(a),
    "above 0": lambda a, _: (a > 0) & np.isfinite(a),
    "at least 0": lambda a, _: a >= 0,
    "0, 1 or 2": lambda a, _: (a >= 0) & (a <= 2),
    "at most N": lambda a, axes: (a >= 0) & (a <= axes["N"]),
    "-1 or 1": lambda a, _: np.isin(a, (-1, 1)),
    "not all 0": lambda a, _: np.any(a != 0, axis=-1),
    "permutations": lambda a, _: np.sort(a, axis=-1) == np.arange(a.shape[-1]),
}
STATES: dict[str, type] = {}
Registered = TypeVar("Registered", bound=type)

# States of random streams, of which one of zeros would stand still.
Streams = Annotated[np.ndarray, "uint64 [replicas, 4], not all 0"]


def register(cls: Registered) -> Registered:
    """Lets `save_state` and `load_state` know a NamedTuple of arrays, numbers and other states.

    Its arrays are annotated as `Annotated[np.ndarray, "float64 [replicas, event_size]"]`, with ", "
    and one of `RANGES` behind it; "finite" where there is none.

    Raises:
      ValueError: for a class of another module by the name of one that is known.
    """
    known = STATES.setdefault(cls.__name__, cls)
    if known.__module__ != cls.__module__:
        raise ValueError(
            f"cls must have a name of its own, got {cls.__name__}, as in {known.__module__}"
        )
    STATES[cls.__name__] = cls  # or what a module that is loaded anew makes of it
    return cls


def save_state(
    path: str | os.PathLike[str], state: Any, records: Mapping[str, Any] | None = None
) -> None:
    """Writes a sampler's state, and what has been recorded so far, whole or not at all.

    The file that was there, if it is whole, is kept beside it, as `NAME.previous.npz`.

    Args:
      path: of the file; ".npz" is appended where it lacks.
      state: of `particle_state`, `polymer_state`, `lattice_state` or another sampler.
      records: arrays of numbers, by name.

    Raises:
      TypeError: for a state of no sampler, or records that are no numbers.
      ValueError: for a state whose arrays do not fit together.
      OSError: where the file cannot be written; the one before it stays.
    """
    file = _file(path)
    arrays: dict[str, np.ndarray] = {}
    told = _taken_apart(state, "", arrays)
    _Reader(told, arrays, "state").read()
    recorded = {RECORD + name: _record(name, value) for name, value in (records or {}).items()}
    document = {"format": FORMAT, "kind": KIND, "state": told}
    write_documented(file, document, arrays | recorded, keep_previous=_is_whole(file))


def load_state(path: str | os.PathLike[str]) -> tuple[Any, dict[str, np.ndarray]]:
    """Reads what `save_state` wrote.

    Args:
      path: of the file; ".npz" is appended where it lacks.

    Returns:
      The state and the records, an empty mapping where there are none. Where the file is damaged,
      those of the file before it, with a warning.

    Raises:
      FileNotFoundError: if there is none.
      ValueError: for a file that is damaged as the one before it, of another kind, or holds what
        no sampler's state can be.
    """
    file = _file(path)
    try:
        return _read(file)
    except DamagedError as error:
        before = previous_of(file)
        if not before.exists():
            raise
        found = _read(before)
        warnings.warn(f"{error}: this is {before.name}, the one before it", stacklevel=2)
        return found


def _is_whole(file: Path) -> bool:
    """Whether what is there can be read: what is damaged is not kept in the place of the other."""
    try:
        _read(file)
    except (OSError, ValueError):
        return False
    return True


def _file(path: str | os.PathLike[str]) -> Path:
    file = Path(instance("path", path, (str, os.PathLike)))
    return file if file.suffix == ".npz" else file.with_name(file.name + ".npz")


def _read(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    where = f"path {path}"
    with open_documented(
        path, where=where, number=FORMAT, what=f"a file that is no {KIND}"
    ) as file:
        if file.document.get("kind") != KIND:
            raise ValueError(f"{where} must be a {KIND}, got {file.document.get('kind')!r}")
        file.check_description()
        told = file.document.get("state")
        own = {n: h for n, h in file.headers.items() if not n.startswith(RECORD)}
        _Reader(told, own, where).read()  # before the arrays are
        arrays = file.read()
    records = {n.removeprefix(RECORD): arrays.pop(n) for n in file.headers if n.startswith(RECORD)}
    return _Reader(told, arrays, where).read(), records


def _record(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if not isinstance(name, str) or not re.fullmatch(r"[\w .,^<>()+-]+", name):
        raise TypeError(f"records must have texts as names, got {name!r}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"records[{name!r}] must be an array of numbers, got dtype {array.dtype}")
    return array


def _taken_apart(state: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The document of a state; its arrays, "walkers.rng", go into the mapping."""
    cls: Any = STATES.get(type(state).__name__)
    if cls is None or not isinstance(state, cls):
        raise TypeError(f"state must be one of {sorted(STATES)}, got {type(state).__name__}")
    fields: dict[str, Any] = {}
    for name, value in state._asdict().items():
        if isinstance(value, np.ndarray):
            arrays[prefix + name] = value
        elif isinstance(value, tuple):
            fields[name] = _taken_apart(value, f"{prefix}{name}.", arrays)
        else:
            plain = value.item() if isinstance(value, np.generic) else value
            fields[name] = INFINITY if plain == math.inf else plain
    return {"name": cls.__name__, "fields": fields}


class _Reader:
    """Makes a state of its document and its arrays, or checks it by their headers alone."""

    def __init__(self, document: Any, arrays: Mapping[str, Any], where: str) -> None:
        self._document, self._left, self._where = document, dict(arrays), where

    def read(self) -> Any:
        """The state; raises `ValueError` where it is none."""
        state = self._state(self._document, "", Any)
        if self._left:
            raise ValueError(f"{self._where} must have no further arrays, got {sorted(self._left)}")
        return state

    def _state(self, document: Any, prefix: str, kind: Any) -> Any:
        known = list(STATES) if kind is Any else [kind.__name__]
        name = document.get("name") if isinstance(document, dict) else document
        fields = document.get("fields") if isinstance(document, dict) else None
        if name not in known or not isinstance(fields, dict):
            raise ValueError(f"{self._where} must hold one of {sorted(known)}, got {name!r}")
        cls: Any = STATES[name]
        fields, axes = dict(fields), dict[str, int]()
        found: dict[str, Any] = {}
        for field, annotation in typing.get_type_hints(cls, include_extras=True).items():
            told = getattr(annotation, "__metadata__", None)
            if told is not None:
                found[field] = self._array(prefix + field, told[0], axes)
            elif annotation in (int, float, str):
                found[field] = self._number(prefix + field, fields.pop(field, None), annotation)
            elif annotation is Any and prefix + field in self._left:
                found[field] = self._left.pop(prefix + field)
            else:
                inner = fields.pop(field, None)
                found[field] = self._state(inner, f"{prefix}{field}.", annotation)
        if fields:
            raise ValueError(f"{self._where} must have no further fields, got {sorted(fields)}")
        return cls(**found)

    def _number(self, name: str, value: Any, kind: type) -> Any:
        if kind is float and value == INFINITY:
            return math.inf
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise ValueError(f"{self._where}: {name} must be {kind.__name__}, got {value!r}")
        return value

    def _array(self, name: str, told: str, axes: dict[str, int]) -> Any:
        dtype, inside, may_be = re.fullmatch(r"(\w+) \[(.*)\](?:, (.*))?", told).groups("finite")  # type: ignore[union-attr]
        if name not in self._left:
            raise ValueError(f"{self._where} must have the array {name}, got none")
        array = self._left.pop(name)
        wanted = [
            int(axis) if axis.isdigit() else axes.setdefault(axis, size)
            for axis, size in zip(inside.split(", "), array.shape, strict=False)
        ]
        few = len(inside.split(", ")) != len(array.shape)
        if few or array.dtype != np.dtype(dtype) or wanted != list(array.shape):
            sizes = ", ".join(f"{axis} = {n}" for axis, n in axes.items())
            raise ValueError(
                f"{self._where}: {name} must be {dtype}[{inside}] with {sizes or 'any axes'}, got "
                f"{Header(array.dtype, array.shape)}"
            )
        if isinstance(array, np.ndarray) and not np.all(RANGES[may_be](array, axes)):
            raise ValueError(f"{self._where}: {name} must hold numbers {may_be}, got others")
        return array
