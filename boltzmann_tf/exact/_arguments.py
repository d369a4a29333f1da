"""Argument checks that only the exact solutions need."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array

__all__ = ["bin_edges", "finite_number", "generator", "interval", "state_weights"]


def finite_number(name: str, value: Any) -> float:
    """Returns `value` as a float, or raises unless it is one finite real number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{name} must be a finite number, got {value!r} of type {type(value).__name__}"
        )
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def bin_edges(name: str, value: Any) -> np.ndarray:
    """Returns `value` as a float64 array [n + 1] of finite, strictly increasing bin edges."""
    edges = finite_array(name, value, ndim=1)
    if edges.size < 2 or not np.all(np.diff(edges) > 0):
        raise ValueError(f"{name} must be at least 2 strictly increasing numbers, got {edges}")
    return edges


def interval(name: str, value: Any) -> tuple[float, float]:
    """Returns `value` as a pair (lower, upper), lower < upper; infinite ends are allowed."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(
            f"{name} must be a pair (lower, upper), got {value!r} of type {type(value).__name__}"
        )
    if len(value) != 2:
        raise ValueError(f"{name} must be a pair (lower, upper), got {value!r}")
    ends = []
    for end in value:
        if isinstance(end, bool) or not isinstance(end, numbers.Real):
            raise TypeError(f"{name} must be a pair of numbers (lower, upper), got {value!r}")
        ends.append(float(end))
    # Written so that a NaN end is refused as well.
    if not ends[0] < ends[1]:
        raise ValueError(f"{name} must be a pair (lower, upper) with lower < upper, got {value!r}")
    return ends[0], ends[1]


def state_weights(name: str, value: Any, size: int) -> np.ndarray:
    """Returns `value` as a float64 array [size] of probabilities that sum to 1."""
    weights = finite_array(name, value, ndim=1)
    if weights.size != size or np.any(weights < 0) or abs(float(weights.sum()) - 1.0) > 1e-8:
        raise ValueError(f"{name} must be {size} non-negative numbers that sum to 1, got {weights}")
    return weights


def generator(name: str, value: Any) -> np.random.Generator:
    """Returns a NumPy generator from an integer seed >= 0 or from a generator."""
    if isinstance(value, np.random.Generator):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"{name} must be an integer or a numpy.random.Generator, "
            f"got {value!r} of type {type(value).__name__}"
        )
    if value < 0:
        raise ValueError(f"{name} must be an integer >= 0, got {value!r}")
    return np.random.default_rng(int(value))
