"""JSON documents in files: of plain values, under a checksum of their own, read strictly."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = [
    "MAX_BYTES",
    "differences",
    "parse",
    "plain",
    "seal",
    "summary",
    "to_json",
    "unseal",
]

MAX_BYTES = 1 << 26  # of a document; a generator's takes some kilobytes
MAX_DEPTH = 200
CHECKSUM = "sha256"

CLOSE = 1e-9  # numbers that differ by less, relatively, are one number computed on two machines
# Under keys that begin with this word stand values of functions, which are float32 for the most.
VALUES = "values"
CLOSE_VALUES = 1e-3
TINY = 1e-15  # and below this a number is a 0 with rounding
SHOWN = 8  # differences that a message names


def plain(value: Any, where: str = "value") -> Any:
    """The value in JSON's types: numbers, arrays and tuples of NumPy become those of Python.

    Args:
      value: anything of numbers, texts, None, sequences, mappings, arrays, tensors and dtypes.
      where: its name in the error.

    Raises:
      TypeError: for anything else, with its place.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.dtype) or hasattr(value, "as_numpy_dtype"):
        return value.name
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), where)
    if callable(getattr(value, "numpy", None)):  # a tensor or a variable
        return plain(value.numpy(), where)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} must have texts as its keys, got {key!r}")
        return {str(key): plain(v, f"{where}[{key!r}]") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    raise TypeError(
        f"{where} must be of numbers, texts, sequences and mappings to be written to a file, got "
        f"{value!r} of type {type(value).__name__}"
    )


def to_json(document: Any) -> str:
    """The document as text that a human can read."""
    return json.dumps(document, indent=1, allow_nan=False)


def seal(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with a checksum of its content: of the values, not of how they are set out."""
    content = {key: value for key, value in document.items() if key != CHECKSUM}
    return {**content, CHECKSUM: _digest(content)}


def unseal(content: bytes, where: str) -> dict[str, Any]:
    """Parses a document that `seal` made; raises `ValueError` if it was altered since."""
    document = parse(content, where)
    if not isinstance(document, dict) or CHECKSUM not in document:
        raise ValueError(f"{where} must be an object with the key {CHECKSUM!r}")
    if document != seal(document):
        raise ValueError(f"{where} is truncated or was altered: its checksum does not match")
    return document


def parse(content: bytes, where: str) -> Any:
    """Parses JSON, and no more than JSON: each key once, finite numbers, bounded size and depth.

    Raises:
      ValueError: for anything else; `where` names the file.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"{where} must have at most {MAX_BYTES} bytes, got {len(content)}")
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not valid JSON: {error}") from error
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"{where} must be nested at most {MAX_DEPTH} deep")
        inner = [v.values() if isinstance(v, dict) else v for v in level]
        level = [v for values in inner if not _is_leaf(values) for v in values]
    return document


def differences(there: Any, here: Any, where: str = "") -> list[str]:
    """Says in words where two plain values differ, "a.b is 1 there and 2 here" each.

    Numbers that agree to rounding are the same, of whatever type.
    """
    name = where or "it"
    if isinstance(there, dict) and isinstance(here, dict):
        found = []
        for key in [*here, *(k for k in there if k not in here)]:
            place = f"{where}.{key}" if where else key
            if key not in there:
                found.append(f"{place} is absent there and {_short(here[key])} here")
            elif key not in here:
                found.append(f"{place} is {_short(there[key])} there and absent here")
            else:
                found += differences(there[key], here[key], place)
        return found
    if isinstance(there, list) and isinstance(here, list):
        if len(there) != len(here):
            return [
                f"{name} has {len(there)} entries there and {len(here)} here: "
                f"{_short(there)}, {_short(here)}"
            ]
        pairs = enumerate(zip(there, here, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{where}[{i}]")]
    if _same(there, here, close=CLOSE_VALUES if f".{VALUES}" in f".{where}" else CLOSE):
        return []
    return [f"{name} is {_short(there)} there and {_short(here)} here"]


def summary(found: list[str]) -> str:
    """The first few differences, and how many more there are."""
    more = len(found) - SHOWN
    return "; ".join(found[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _same(a: Any, b: Any, *, close: float) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
    if not numbers:
        return type(a) is type(b) and a == b
    # What functions say near 0 may be the difference of large numbers.
    return math.isclose(a, b, rel_tol=close, abs_tol=close if close > CLOSE else TINY)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:45]}...{text[-12:]}"


def _is_leaf(value: Any) -> bool:
    return isinstance(value, str) or not hasattr(value, "__iter__")


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands in it twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
