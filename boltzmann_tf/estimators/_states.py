"""The two states of a free-energy difference: intervals of a coordinate, on a line or a circle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._checks import finite_array, positive

__all__ = ["check_period", "inside", "interval", "two_states", "wrapped"]

Interval = tuple[float, float]


def check_period(period: float | None, edges: np.ndarray | None = None) -> float | None:
    """Returns the period, which bin edges must not exceed, or raises."""
    if period is None:
        return None
    period = positive("period", period)
    if edges is not None and edges[-1] - edges[0] > period * (1 + 1e-9):
        raise ValueError(
            f"period must be at least the range of edges, {edges[-1] - edges[0]:g}, got {period:g}"
        )
    return period


def wrapped(values: np.ndarray, low: float, period: float | None) -> np.ndarray:
    """Returns the images of values in [low, low + period)."""
    if period is None:
        return values
    within = np.mod(values - low, period)
    # the remainder of a number just below zero rounds to the period itself
    return low + np.where(within >= period, 0.0, within)


def two_states(
    cut: float | None,
    left: Interval | None,
    right: Interval | None,
    period: float | None = None,
) -> tuple[Interval, Interval]:
    """Returns the two states as intervals low < high, or raises.

    On a circle an interval may be given as (low, high) with low > high: from low on, past the end
    of the period, to high.
    """
    if cut is not None:
        if period is not None:
            raise ValueError(
                f"left and right must be given with a period, as a cut does not divide a circle, "
                f"got cut={cut!r}"
            )
        if left is not None or right is not None:
            raise ValueError(
                f"cut must be given alone, or left and right without it, got cut={cut!r}, "
                f"left={left!r}, right={right!r}"
            )
        at = float(finite_array("cut", cut, ndim=0))
        return (-math.inf, at), (at, math.inf)
    if left is None or right is None:
        raise ValueError(
            f"cut, or both left and right, must be given, got left={left!r}, right={right!r}"
        )
    one, two = interval("left", left, period), interval("right", right, period)
    overlap = max(one[0], two[0]) < min(one[1], two[1])
    if period is not None:  # `two` begins within a period after `one`, and may reach its image
        begin = float(wrapped(np.array(two[0]), one[0], period))
        overlap = begin < one[1] or begin + two[1] - two[0] > one[0] + period * (1 + 1e-12)
    if overlap:
        raise ValueError(f"left and right must not overlap, got left={one!r}, right={two!r}")
    return one, two


def inside(values: np.ndarray, state: Interval, period: float | None = None) -> np.ndarray:
    """Returns which values lie in [low, high), or have an image there."""
    low, high = state
    moved = wrapped(values, low, period)
    return (moved >= low) & (moved < high)


def interval(name: str, value: ArrayLike, period: float | None = None) -> Interval:
    """Returns an interval as low < high, on a circle also one given past the period's end."""
    try:
        low, high = np.asarray(value, dtype=np.float64).tolist()
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a pair (low, high) of numbers, got {value!r}") from error
    if period is not None:
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"{name} must be finite with a period, got {value!r}")
        if low > high:
            high = low + math.fmod(high - low, period) + period
        if high - low > period:
            raise ValueError(f"{name} must be no longer than the period {period:g}, got {value!r}")
    if not low < high:
        raise ValueError(f"{name} must be a pair with low < high, got {value!r}")
    return low, high
