"""What the package compiles, how a user's functions get into it, and how long it is kept."""

from __future__ import annotations

import functools
import hashlib
import inspect
import weakref
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import tensorflow as tf

__all__ = ["in_graph", "kept", "numbers_of", "with_xla"]

T = TypeVar("T")
AUTO = True  # what jit_compile="auto" comes to where all agree; tests switch it off
CACHES = ("_kept", "_compiled_steps")  # attributes that hold what is compiled
MOST = 32  # compiled functions of one object; the oldest goes


class _Compiled(Protocol):
    @property
    def compiles_with_xla(self) -> bool: ...


def with_xla(*parts: _Compiled, jit_compile: bool | str) -> bool:
    """Whether XLA compiles functions of bijectors and systems: as told, or where all agree."""
    if jit_compile not in (True, False, "auto"):
        raise ValueError(f"jit_compile must be True, False or 'auto', got {jit_compile!r}")
    if jit_compile != "auto":
        return bool(jit_compile)
    return AUTO and all(part.compiles_with_xla for part in parts)


class _Kept(dict):
    """What was made for one object; its copies, which may be changed, and pickles begin anew."""

    def __init__(self, owner: Any) -> None:
        super().__init__()
        self.owner = weakref.ref(owner)

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[()]]:
        return dict, ()


def kept(owner: Any, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` returned for this key before, or now.

    It is kept on the owner (a system, a generator, a function), and nowhere else: what is compiled
    refers to its owner, so that a cache of the module would keep both alive for ever.
    """
    if inspect.ismethod(owner):  # made anew at each access, with the attributes of its function
        owner, key = owner.__self__, (owner.__func__, key)
    try:
        attributes = vars(owner)
        own = attributes.get("_kept")
        if not isinstance(own, _Kept) or own.owner() is not owner:
            own = _Kept(owner)
            attributes["_kept"] = own
    except TypeError:  # no place for it
        return make()
    if key not in own:
        if len(own) >= MOST:
            del own[next(iter(own))]
        own[key] = make()
    return own[key]


def numbers_of(system: Any) -> Hashable:
    """The attributes of a system that are numbers, texts, functions, or systems and tables of them.

    Tracing makes constants of them: what is compiled for a system and kept must be found again as
    long as they are the same, and not when one was changed. Variables are read at each call.
    Classes that are looked into say so by `told_by_numbers`. An energy that counts its calls in an
    attribute makes another system of it each time; in an object of its own it does not.
    """

    def told(value: Any) -> Hashable:
        if getattr(type(value), "told_by_numbers", False):
            kind = type(value)
            # What it works out from the others, at whatever time, is none of its own.
            later = functools.cached_property
            own = {k: v for k, v in vars(value).items() if type(getattr(kind, k, 0)) is not later}
            return kind, told(own)
        if isinstance(value, Mapping):
            parts = {str(key): told(part) for key, part in value.items() if key not in CACHES}
            return tuple((key, part) for key, part in sorted(parts.items()) if part is not None)
        if isinstance(value, list | tuple):
            return tuple(map(told, value))
        if isinstance(value, tf.Variable):
            return None
        if inspect.isroutine(value):
            return value
        try:
            array = np.asarray(value)
        except Exception:  # noqa: BLE001  # of whatever kind it is: no numbers
            return None
        if array.dtype.kind not in "biufcSU":
            return None
        return array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest()

    return told(system)


def in_graph(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """The function with its Python control flow converted, inline in the caller's graph.

    Not a `tf.function` of its own: its gradient would receive small integers, such as the axes of a
    transposition, from the other side of a call, where XLA does not see that they are constants. It
    would take all that they might depend on, noise and parameters, for constants of the program,
    and compile the step again at every call.
    """

    def inline(*args: tf.Tensor) -> tf.Tensor:
        return function(*args)

    return tf.autograph.to_graph(inline)
