"""Checks of what figures are drawn from, so that a slip is named and not met inside Matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from boltzmann_tf._support.checks import instance

__all__ = ["axis_of", "cloud", "filled", "has", "line", "on_grid", "pictures"]


def axis_of(name: str, value: Any) -> None:
    """Raises a `TypeError` unless `value` is a Matplotlib axis."""
    instance(name, value, Axes)


def filled(name: str, value: Any, kind: type = Mapping) -> None:
    """Raises unless `value` is a mapping, or a sequence, with something in it."""
    if isinstance(value, str) or not isinstance(value, kind):
        wanted = "mapping" if kind is Mapping else "sequence"
        raise TypeError(f"{name} must be a {wanted}, got {value!r} of type {type(value).__name__}")
    if not len(value):  # type: ignore[arg-type]
        raise ValueError(f"{name} must hold at least one, got none")


def has(name: str, value: Mapping[str, Any], wanted: Iterable[str]) -> None:
    """Raises unless the mapping has all keys."""
    missing = [key for key in wanted if key not in value]
    if missing:
        raise ValueError(f"{name} must have {missing}, got only {list(value)}")


def line(name: str, *columns: Any) -> None:
    """Raises unless the columns are `[n]` arrays of one length."""
    shapes = [np.shape(column) for column in columns]
    if any(len(shape) != 1 for shape in shapes) or len(set(shapes)) > 1:
        raise ValueError(f"{name} must be one-dimensional and of one length, got shapes {shapes}")


def cloud(name: str, value: Any, *, last: int = 2) -> None:
    """Raises unless the points are `[n, last]`."""
    if np.ndim(value) != 2 or np.shape(value)[1] != last:
        raise ValueError(f"{name} must have shape [n, {last}], got {np.shape(value)}")


def on_grid(x: Any, y: Any, energy: Any) -> None:
    """Raises unless `energy` is on the grid of `x` and `y`, `[len(y), len(x)]`."""
    if np.ndim(x) != 1 or np.ndim(y) != 1 or np.shape(energy) != (np.size(y), np.size(x)):
        raise ValueError(
            f"energy must have shape [len(y), len(x)], got {np.shape(energy)} for x of shape "
            f"{np.shape(x)} and y of shape {np.shape(y)}"
        )


def pictures(rows: Mapping[str, Sequence[Any]], columns: Sequence[str], shape: str) -> None:
    """Raises unless each row has a square picture a column.

    Args:
      rows: label -> pictures.
      columns: titles.
      shape: of a picture, "[L, L]" or "[L, L, 3]".
    """
    filled("rows", rows)
    filled("columns", columns, Sequence)
    for label, row in rows.items():
        if len(row) != len(columns):
            raise ValueError(
                f"rows[{label!r}] must have {len(columns)} pictures, one a column, got {len(row)}"
            )
        for picture in row:
            found = np.shape(picture)
            if len(found) != shape.count(",") + 1 or found[0] != found[1]:
                raise ValueError(f"rows[{label!r}] must hold pictures {shape}, got shape {found}")
