"""Curves and histograms, each beside its reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann_tf._support.checks import choice
from boltzmann_tf.plotting._arguments import filled, has, line
from boltzmann_tf.plotting.style import COLORS, grid, label_axes, palette, styled

__all__ = ["convergence", "curves", "energy_histograms", "profiles"]


@styled
def convergence(
    runs: Mapping[str, Mapping[str, np.ndarray]],
    terms: Mapping[str, tuple[str, float | None, str]],
    *,
    stage_start: Mapping[str, int] | None = None,
    windows: Mapping[str, tuple[float, float]] | None = None,
    legend: str = "inside",
) -> Figure:
    """Losses against iterations, a panel a term, with the reference of each as a line.

    Args:
      runs: variant -> metric name -> `[steps]`; NaN where the term was not evaluated.
      terms: metric name -> (axis label, reference value or None, label of the reference).
      stage_start: variant -> iteration at which its second stage began.
      windows: metric name -> limits of the vertical axis.
      legend: "inside" for one in every panel, "above" for one over all of them.
    """
    choice("legend", legend, ("inside", "above"))
    filled("runs", runs)
    filled("terms", terms)
    for name, values in runs.items():
        has(f"runs[{name!r}]", values, terms)
    figure, axes = grid(1, len(terms), (4.3, 3.4))
    for (term, (label, reference, said)), axis in zip(terms.items(), axes[0], strict=True):
        for (name, values), color in zip(runs.items(), palette(), strict=False):
            series = np.asarray(values[term], np.float64)
            if np.all(np.isnan(series)):
                continue
            steps = np.arange(len(series))
            axis.plot(steps, series, color=color, lw=0.5, alpha=0.35)
            axis.plot(steps, _running_mean(series, 25), color=color, label=name)
            if stage_start and stage_start.get(name):
                axis.axvline(stage_start[name], color=color, lw=0.6, ls=":")
        if reference is not None:
            axis.axhline(reference, color=COLORS["black"], ls="--", lw=1.2, label=said)
        if windows and term in windows:
            axis.set_ylim(windows[term])
        if legend == "inside":
            axis.legend()
        label_axes(axis, ("iteration", label))
    if legend == "above":
        _legend_above(figure, axes[0])
    return figure


def _legend_above(figure: Figure, axes: Iterable[Axes], columns: int = 3) -> None:
    """One legend over all panels, each name once."""
    named: dict[str, Any] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    figure.legend(list(named.values()), list(named), loc="outside upper center", ncols=columns)


def _running_mean(series: np.ndarray, width: int) -> np.ndarray:
    finite = np.isfinite(series)
    # Not mode "same", which returns the longer of series and kernel.
    centre = slice(width // 2, width // 2 + len(series))
    total = np.convolve(np.where(finite, series, 0.0), np.ones(width))[centre]
    count = np.convolve(finite.astype(float), np.ones(width))[centre]
    return np.where(finite, total / np.maximum(count, 1), np.nan)


@styled
def energy_histograms(
    generated: Mapping[str, np.ndarray],
    reference: tuple[np.ndarray, np.ndarray],
    monte_carlo: np.ndarray | None,
    *,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """Energies of generated configurations beside Monte Carlo and the exact density.

    Args:
      generated: variant -> energies `[n]` in kT.
      reference: (edges `[bins + 1]`, exact probabilities `[bins]`).
      monte_carlo: energies `[m]` of conventional Monte Carlo.
      weights: variant -> normalised weights `[n]`; a second panel shows reweighted histograms.
    """
    filled("generated", generated)
    if len(reference) != 2 or np.shape(reference[0]) != (np.size(reference[1]) + 1,):
        raise ValueError(
            "reference must be edges [bins + 1] and probabilities [bins], got shapes "
            f"{[np.shape(part) for part in reference]}"
        )
    edges, exact = reference
    widths = np.diff(edges)
    figure, axes = grid(1, 2 if weights else 1, (4.8, 3.5))
    for axis, given, title in zip(
        axes[0], (None, weights), ("as generated", "reweighted"), strict=False
    ):
        if monte_carlo is not None:
            axis.hist(
                monte_carlo, edges, density=True, color="#d0d0d0", label="Monte Carlo, both wells"
            )
        axis.stairs(exact / widths, edges, color=COLORS["black"], lw=1.4, label="exact, T = 1")
        for (name, energy), color in zip(generated.items(), palette(), strict=False):
            weight = None if given is None else given[name]
            counts, _ = np.histogram(energy, edges, weights=weight)
            total = len(energy) if weight is None else weight.sum()
            axis.stairs(counts / total / widths, edges, color=color, label=name)
        axis.legend()
        label_axes(axis, ("u (kT)", "probability density (1/kT)"), title)
    return figure


@styled
def profiles(
    panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray | None]]],
    reference: tuple[np.ndarray, np.ndarray],
    *,
    label: str,
    window: tuple[float, float] | None = None,
    columns: int = 3,
) -> Figure:
    """Free-energy profiles with errors, each panel with the exact one.

    Args:
      panels: title -> series -> (positions, free energy in kT, standard error or None).
      reference: (positions, exact free energy in kT).
      label: of the coordinate.
      window: limits of the vertical axis.
      columns: panels a row.
    """
    filled("panels", panels)
    for title, series in panels.items():
        for name, (x, f, error) in series.items():
            given = (x, f) if error is None else (x, f, error)
            line(f"panels[{title!r}][{name!r}]", *given)
    rows = -(-len(panels) // columns)
    figure, axes = grid(rows, min(columns, len(panels)), (4.0, 3.3))
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for (title, series), axis in zip(panels.items(), axes.flat, strict=False):
        axis.plot(*reference, color=COLORS["black"], lw=1.2, label="exact")
        for (name, (x, f, error)), color in zip(series.items(), palette(), strict=False):
            if error is None:
                axis.plot(x, f, color=color, lw=1.0, ls="--", label=name)
            else:
                axis.errorbar(x, f, error, fmt=".", ms=3, lw=0.8, color=color, label=name)
        if window:
            axis.set_ylim(window)
        axis.legend()
        label_axes(axis, (label, "F (kT)"), title)
    return figure


@styled
def curves(
    panels: Sequence[Mapping[str, Any]],
    *,
    columns: int = 3,
    panel: tuple[float, float] = (4.2, 3.4),
    legend: str = "inside",
) -> Figure:
    """General curves, a panel each.

    Args:
      panels: mappings with `labels`, `title`, `series` (name -> dict of x, y, and optionally
        `error`, `style` for `Axes.plot`, `color`), and optionally `xlim`, `ylim`, `yscale`.
      columns: panels a row.
      panel: inches of one panel.
      legend: "inside" for one in every panel; "above" for one over all of them, where the data
        leave no room: a name then needs one `color` in all panels.

    Example:
      >>> t = np.linspace(0, 1, 20)
      >>> series = {"exact": {"x": t, "y": np.exp(-t), "color": "black"}}
      >>> figure = bg.plotting.curves([{"labels": ("t", "y"), "title": "decay", "series": series}])
      >>> [axes.get_title() for axes in figure.axes]
      ['decay']
    """
    choice("legend", legend, ("inside", "above"))
    filled("panels", panels, Sequence)
    for i, spec in enumerate(panels):
        has(f"panels[{i}]", spec, ("labels", "title", "series"))
    columns = min(columns, len(panels))
    figure, axes = grid(-(-len(panels) // columns), columns, panel)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for spec, axis in zip(panels, axes.flat, strict=False):
        for (name, curve), color in zip(spec["series"].items(), palette() * 3, strict=False):
            color = COLORS.get(curve.get("color", ""), color)
            if curve.get("error") is not None:
                axis.errorbar(
                    curve["x"], curve["y"], curve["error"], fmt=curve.get("style", "o"), ms=4,
                    lw=1.2, color=color, label=name,
                )  # fmt: skip
            else:
                options = {k: curve[k] for k in ("alpha", "ms", "lw") if k in curve}
                axis.plot(
                    curve["x"],
                    curve["y"],
                    curve.get("style", "-"),
                    color=color,
                    label=name,
                    **options,
                )
        for limit in ("xlim", "ylim", "yscale"):
            if limit in spec:
                getattr(axis, f"set_{limit}")(spec[limit])
        if legend == "inside":
            axis.legend()
        label_axes(axis, spec["labels"], spec["title"])
    if legend == "above":
        _legend_above(figure, axes.flat[: len(panels)], min(columns, 3))
    return figure
