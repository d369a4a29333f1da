"""The style sheet of all figures, and what draws within it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLORS", "NAMED", "PANEL", "STYLE", "grid", "label_axes", "palette", "styled"]

# Okabe and Ito's palette, told apart with every kind of colour vision.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "grey": "#8a8a8a",
    "black": "#111111",
}

NAMED = ("blue", "red", "orange", "green", "purple", "sky")  # of series, in this order

STYLE = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[c for n, c in COLORS.items() if n != "black"]),
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.6,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}

PANEL = (3.7, 3.2)  # inches of one panel


def styled(function: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorator: draws with the package's style sheet, whatever the user's is, without a screen."""
    if not callable(function):
        raise TypeError(f"function must be one that draws a figure, got {function!r}")

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Figure:
        known = plt.get_fignums()
        try:
            with plt.rc_context({**mpl.rcParamsDefault, **STYLE, "backend": mpl.get_backend()}):
                return function(*args, **kwargs)
        finally:  # out of pyplot's registry, also of one that failed; the object stays usable
            for number in set(plt.get_fignums()).difference(known):
                plt.close(number)

    return wrapper


def grid(rows: int, columns: int, panel: tuple[float, float] = PANEL) -> tuple[Figure, np.ndarray]:
    """A figure and its axes, `[rows, columns]`, of panels of the given size in inches."""
    return plt.subplots(rows, columns, figsize=(panel[0] * columns, panel[1] * rows), squeeze=False)


def label_axes(axis: Axes, labels: Sequence[str], title: str = "") -> None:
    """Labels both axes and sets the title."""
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.set_title(title)


def palette() -> list[str]:
    """Colours of the series of a panel, in order."""
    return [COLORS[n] for n in NAMED]
