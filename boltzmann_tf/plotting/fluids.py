"""What one sees of a fluid: distances of its particles, and how it scatters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann_tf._checks import choice
from boltzmann_tf.plotting._arguments import axis_of, filled, line
from boltzmann_tf.plotting.style import COLORS, grid, label_axes, palette, styled

__all__ = ["pair_distributions", "structure_factors"]

Curve = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # positions, values, standard errors
BAND = 2.0  # standard errors to both sides


@styled
def pair_distributions(
    series: Mapping[str, Curve],
    *,
    reference: tuple[np.ndarray, np.ndarray] | None = None,
    ideal: float | None = 1.0,
    kind: str = "g(r)",
    length: str = "r",
    axis: Axes | None = None,
) -> Figure:
    """g(r), or densities of pair distances, as lines in a band of two standard errors.

    Args:
      series: name -> (bin centres, values, standard errors or None), as `PairDistribution` has
        them.
      reference: (distances, values), a black line.
      ideal: of an ideal gas, a dotted line; None for none.
      kind: "g(r)" in periodic boxes, "density" in open space.
      length: label of the distance.
      axis: to draw into; None for a figure of its own.
    """
    choice("kind", kind, ("g(r)", "density"))
    level = ideal if kind == "g(r)" else None
    figure, axis = _panel("series", series, axis)
    _lines(axis, series, reference, level, marker="")
    axis.set_ylim(bottom=0)
    label_axes(axis, (length, "g(r)" if kind == "g(r)" else "density of pair distances"))
    return figure


@styled
def structure_factors(
    series: Mapping[str, Curve],
    *,
    reference: tuple[np.ndarray, np.ndarray] | None = None,
    axis: Axes | None = None,
) -> Figure:
    """S(q) in a band of two standard errors, with a point at each q; an ideal gas is dotted.

    Args:
      series: name -> (q, values, standard errors or None), as `StructureFactor` has them.
      reference: (q, values), a black line.
      axis: to draw into; None for a figure of its own.
    """
    figure, axis = _panel("series", series, axis)
    _lines(axis, series, reference, 1.0, marker=".")
    axis.set_ylim(bottom=0)
    axis.set_xlim(left=0)
    label_axes(axis, ("q", "S(q)"))
    return figure


def _panel(name: str, series: Mapping[str, Curve], axis: Axes | None) -> tuple[Figure, Axes]:
    filled(name, series)
    for key, curve in series.items():
        if not isinstance(curve, tuple | list) or len(curve) != 3:
            raise ValueError(
                f"{name}[{key!r}] must be (positions, values, standard errors or None), got "
                f"{type(curve).__name__} of {np.size(curve)}"
            )
        line(f"{name}[{key!r}]", *(part for part in curve if part is not None))
    if axis is None:
        figure, axes = grid(1, 1, (4.8, 3.5))
        return figure, axes[0, 0]
    axis_of("axis", axis)
    return axis.figure, axis  # type: ignore[return-value]


def _lines(
    axis: Axes, series: Mapping[str, Curve], reference: Any, level: float | None, *, marker: str
) -> None:
    if level is not None:
        axis.axhline(level, color=COLORS["grey"], lw=0.9, ls=":", label="ideal gas")
    for (name, (x, y, error)), color in zip(series.items(), palette() * 3, strict=False):
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if error is not None:
            # Where no error can be stated there is no band.
            half = BAND * np.asarray(error, np.float64)
            axis.fill_between(x, y - half, y + half, color=color, alpha=0.25, lw=0)
        axis.plot(x, y, color=color, lw=1.4, marker=marker, ms=5, label=name)
    if reference is not None:
        line("reference", *reference)
        axis.plot(*reference, color=COLORS["black"], lw=1.0, ls="--", label="reference")
    axis.legend()
