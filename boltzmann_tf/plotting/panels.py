"""Panels of curves: series in one axis, and figures of several panels."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from boltzmann_tf._support.checks import choice, instance
from boltzmann_tf._support.series import Series
from boltzmann_tf.plotting._arguments import axis_of, filled, has
from boltzmann_tf.plotting.style import COLORS, NAMED, grid, label_axes, styled

__all__ = ["Panel", "curves", "draw_panel", "legend_above"]

FEW_DECADES = 2.0


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """What one axis shows.

        Panel("T (eps)", "energy a site (eps)", [exact, monte_carlo, generator], "energy")

    Attributes:
      x: label of the horizontal axis.
      y: label of the vertical axis.
      series: what is drawn, in this order; names differ.
      title: above it.
      xlim: limits of the horizontal axis.
      ylim: limits of the vertical axis.
      yscale: "linear", "log", "symlog".
      xscale: likewise.
    """

    x: str
    y: str
    series: Sequence[Series]
    title: str = ""
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    yscale: str | None = None
    xscale: str | None = None

    def __post_init__(self) -> None:
        filled("series", self.series, Sequence)
        for i, each in enumerate(self.series):
            instance(f"series[{i}]", each, Series)
        names = [each.label for each in self.series if each.named]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"series must have different names, got {twice} more than once")

    @classmethod
    def from_mapping(cls, name: str, given: Mapping[str, Any]) -> Panel:
        """Of a mapping with `labels`, `title` and `series`, as `curves` takes."""
        has(name, given, ("labels", "title", "series"))
        series = []
        for i, (label, curve) in enumerate(given["series"].items()):
            error = curve.get("error")
            style = curve.get("style", "-" if error is None else "o")
            look = {"width": curve.get("lw"), "size": curve.get("ms"), "alpha": curve.get("alpha")}
            # The order alone decides the colour: these names are no sources.
            look["color"] = curve.get("color") or NAMED[i % len(NAMED)]
            look["named"] = not label.startswith("_")
            series.append(Series(label, curve["x"], curve["y"], error, style=style, **look))
        limits = {key: given[key] for key in ("xlim", "ylim", "yscale", "xscale") if key in given}
        x, y = given["labels"]
        return cls(x, y, series, given["title"], **limits)


def draw_panel(panel: Panel, *, ax: Axes, legend: bool = True) -> Axes:
    """Draws a panel into an axis of any figure.

    Args:
      panel: what to draw.
      ax: where.
      legend: whether it gets a legend of its own.

    Returns:
      the axis.
    """
    instance("panel", panel, Panel)
    axis_of("ax", ax)
    for each, (style, color) in zip(panel.series, _looks(panel), strict=True):
        given = {"lw": each.width, "ms": each.size, "alpha": each.alpha}
        options: dict[str, Any] = {key: v for key, v in given.items() if v is not None}
        options |= {"color": COLORS.get(color, color), "label": each.label if each.named else None}
        if each.error is None:
            ax.plot(each.x, each.value, style, **options)
        else:
            options = {"ms": 4, "lw": 1.2, **options}
            ax.errorbar(each.x, each.value, each.error, fmt=style, **options)
    for limit in ("xlim", "ylim", "yscale", "xscale"):
        value = getattr(panel, limit)
        if value is not None:
            getattr(ax, f"set_{limit}")(value)
    for axis in (ax.xaxis, ax.yaxis):
        _plain_ticks(axis)
    if legend and ax.get_legend_handles_labels()[1]:
        ax.legend()
    label_axes(ax, (panel.x, panel.y), panel.title)
    return ax


def _plain_ticks(axis: Axis) -> None:
    """1, 2, 5, 10 as plain numbers on a logarithmic axis of few decades.

    There Matplotlib labels ticks between powers of ten as 2 x 10^1, and into each other.
    """
    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "log" and low > 0 and np.log10(high / low) < FEW_DECADES:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _looks(panel: Panel) -> list[tuple[str, str]]:
    """Style and colour of each series; warns of two in the legend that nobody can tell apart."""
    # One colour a kind, whatever sources it comes from; one a series where there are no kinds. What
    # has a colour of its own takes none, so that a kind has the same in panels with and without it.
    colors: dict[str, str] = {}
    looks: list[tuple[str, str]] = []
    named: dict[tuple[str, str], str] = {}
    for each in panel.series:
        style, color = each.look
        if not color:
            key = each.kind or each.label
            color = colors.setdefault(key, NAMED[len(colors) % len(NAMED)])
        looks.append((style, color))
        if each.named and named.setdefault(looks[-1], each.label) != each.label:
            # No error: a figure at the end of a long run is better than none.
            warnings.warn(
                f"panel {(panel.title or panel.y)!r}: {named[looks[-1]]!r} and {each.label!r} look "
                f"the same, both {style!r} in {color}; give one of them a style or a color",
                stacklevel=3,
            )
    return looks


@styled
def curves(
    panels: Sequence[Panel | Mapping[str, Any]],
    *,
    columns: int = 3,
    panel: tuple[float, float] = (4.2, 3.4),
    legend: str = "inside",
) -> Figure:
    """Curves, a panel each.

    Args:
      panels: `Panel`s, or mappings with `labels`, `title`, `series` (name -> dict of x, y, and
        optionally `error`, `style` for `Axes.plot`, `color`), and optionally `xlim`, `ylim`,
        `yscale`.
      columns: panels a row.
      panel: inches of one panel.
      legend: "inside" for one in every panel; "above" for one over all of them, where the data
        leave no room: a name then needs one look in all panels.

    Examples:
      >>> t = np.linspace(0, 1, 20)
      >>> exact = bg.plotting.Series.of("exact", t, np.exp)
      >>> figure = bg.plotting.curves([bg.plotting.Panel("t", "y", [exact], "growth")])
      >>> [axes.get_title() for axes in figure.axes]
      ['growth']
    """
    choice("legend", legend, ("inside", "above"))
    filled("panels", panels, Sequence)
    every = [
        each if isinstance(each, Panel) else Panel.from_mapping(f"panels[{i}]", each)
        for i, each in enumerate(panels)
    ]
    columns = min(columns, len(every))
    figure, axes = grid(-(-len(every) // columns), columns, panel)
    for axis in axes.flat[len(every) :]:
        axis.axis("off")
    for each, axis in zip(every, axes.flat, strict=False):
        draw_panel(each, ax=axis, legend=legend == "inside")
    if legend == "above":
        legend_above(figure, axes.flat[: len(every)], min(columns, 3))
    return figure


def legend_above(figure: Figure, axes: Iterable[Axes], columns: int = 3) -> None:
    """One legend over all panels, each name once."""
    named: dict[str, Any] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(list(named.values()), list(named), loc="outside upper center", ncols=columns)
