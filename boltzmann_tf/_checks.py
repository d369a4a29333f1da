"""Argument checks shared by the public interface.

Each raises a `ValueError` or `TypeError` that names the argument, what it must be and what it
was, before any computation.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "choice",
    "finite",
    "finite_array",
    "instance",
    "non_negative",
    "number_array",
    "plus_minus_one",
    "positive",
    "positive_int",
    "seed_int",
    "sequence",
    "whole_numbers_held",
]


def _real(name: str, value: Any, wanted: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real | np.generic | np.ndarray):
        raise TypeError(f"{name} must be {wanted}, got {value!r} of type {type(value).__name__}")
    if np.ndim(np.asarray(value)) != 0:
        raise ValueError(
            f"{name} must be {wanted}, got an array of shape {np.asarray(value).shape}"
        )
    try:
        return float(value)
    except OverflowError as error:  # an integer beyond the largest float
        raise ValueError(f"{name} must be {wanted}, got an integer too large for one") from error


def positive(name: str, value: Any) -> float:
    """Returns `value` as a float, or raises unless it is a finite number > 0."""
    number = _real(name, value, "a positive number")
    if not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be a positive finite number, got {value!r}")
    return number


def finite(name: str, value: Any) -> float:
    """Returns `value` as a float, or raises unless it is a finite number."""
    number = _real(name, value, "a finite number")
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return number


def non_negative(name: str, value: Any) -> float:
    """Returns `value` as a float, or raises unless it is a finite number >= 0."""
    number = _real(name, value, "a number >= 0")
    if not (number >= 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be a finite number >= 0, got {value!r}")
    return number


def positive_int(name: str, value: Any, *, minimum: int = 1) -> int:
    """Returns `value` as an int, or raises unless it is an integer >= `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"{name} must be an integer >= {minimum}, got {value!r} of type {type(value).__name__}"
        )
    if value < minimum:
        raise ValueError(f"{name} must be an integer >= {minimum}, got {value!r}")
    return int(value)


def seed_int(name: str, value: Any) -> int:
    """Returns `value` as an int, or raises unless it is in 0 .. 2**31 - 1 (int32)."""
    seed = positive_int(name, value, minimum=0)
    if seed >= 2**31:
        raise ValueError(f"{name} must be an integer in 0 .. 2**31 - 1, got {value!r}")
    return seed


def sequence(name: str, value: Any) -> list[Any]:
    """Returns `value` as a list, or raises a `TypeError` unless it is a sequence and no string."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a sequence, got {value!r} of type {type(value).__name__}")
    return list(value)


def choice(name: str, value: Any, options: Iterable[Any]) -> Any:
    """Returns `value`, or raises unless it is one of `options`."""
    allowed = list(options)
    if value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
    return value


def instance(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    """Returns `value`, or raises a `TypeError` unless it is an instance of `kind`."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or ".join(k.__name__ for k in kinds)
        raise TypeError(f"{name} must be a {names}, got {value!r} of type {type(value).__name__}")
    return value


def finite_array(
    name: str,
    value: Any,
    *,
    ndim: int | None = None,
    last: int | None = None,
    dtype: Any = np.float64,
) -> np.ndarray:
    """Returns `value` as an array, or raises unless it is numeric, non-empty and finite.

    Masked arrays are refused where something is masked: behind a mask there is any number.

    Args:
      name: the argument's name in the message.
      value: anything `numpy.asarray` takes.
      ndim: required number of dimensions, or None for any.
      last: required size of the last dimension, or None for any.
      dtype: of the result.
    """
    array = number_array(name, value, dtype)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {array.shape}")
    if last is not None and (array.ndim == 0 or array.shape[-1] != last):
        raise ValueError(f"{name} must have a last dimension of {last}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    bad = array.size - int(np.count_nonzero(np.isfinite(array)))
    if bad:
        first = np.argwhere(~np.isfinite(array))[0].tolist()
        where = f", the first at {first}" if first else ""
        raise ValueError(
            f"{name} must be finite, got {bad} NaN or infinite of {array.size} values{where}"
        )
    return array


def whole_numbers_held(name: str, value: Any, dtype: Any) -> None:
    """Raises where integers are too large for the floating-point dtype to hold each of them."""
    most = 2 ** (np.finfo(dtype).nmant + 1)
    array = np.asarray(value)
    ends: list[int] = []
    if array.dtype.kind in "iu" and array.size:
        ends = [int(array.min()), int(array.max())]
    elif array.dtype.kind == "O":  # Python's own, larger than 64 bits
        ends = [int(v) for v in array.ravel() if isinstance(v, numbers.Integral)]
    largest = max(ends, key=abs, default=0)
    if abs(largest) > most:
        raise ValueError(
            f"{name} must hold whole numbers of at most {most}, which {np.dtype(dtype).name} holds "
            f"exactly, got {largest}"
        )


def number_array(name: str, value: Any, dtype: Any = np.float64) -> np.ndarray:
    """Returns `value` as an array, or raises unless it is numeric and nothing in it is masked.

    Args:
      name: the argument's name in the message.
      value: anything `numpy.asarray` takes.
      dtype: of the result.
    """
    _no_mask(name, value)
    try:
        # Text and complex numbers would be converted, with more or less noise.
        if np.asarray(value).dtype.kind not in "biufO":
            raise TypeError(f"dtype {np.asarray(value).dtype}")
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused below
            array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be an array of numbers, got {type(value).__name__}"
        ) from error
    return array


def _no_mask(name: str, value: Any) -> None:
    """Raises if an array, or one in a list of them, has masked values."""
    for part in value if isinstance(value, list | tuple) else [value]:
        mask = np.ma.getmaskarray(part) if isinstance(part, np.ma.MaskedArray) else None
        if mask is not None and np.any(mask):
            first = np.argwhere(mask)[0].tolist()
            raise ValueError(
                f"{name} must not be masked, got {np.count_nonzero(mask)} masked of {mask.size} "
                f"values, the first at {first}"
            )


def plus_minus_one(name: str, value: np.ndarray) -> np.ndarray:
    """Returns `value`, or raises unless every element is +1 or -1."""
    bad = value.size - int(np.count_nonzero((value == 1) | (value == -1)))
    if bad:
        raise ValueError(f"{name} must be +1 or -1, got {bad} other value(s) of {value.size}")
    return value
