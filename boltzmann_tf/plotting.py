"""The pictures of the reports: functions of arrays that return a matplotlib figure.

Nothing here knows a system or a network. References are drawn in the same axes as the results, in
black; generated quantities carry the colour of their variant.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "COLORS",
    "STYLE",
    "convergence",
    "curves",
    "energy_histograms",
    "landscape",
    "latent_circles",
    "paths",
    "potential",
    "profiles",
    "scatter_grid",
    "styled",
]

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

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Figure:
        with plt.rc_context({**mpl.rcParamsDefault, **STYLE, "backend": mpl.get_backend()}):
            figure = function(*args, **kwargs)
        plt.close(figure)  # out of pyplot's registry; the object stays usable
        return figure

    return wrapper


def _grid(rows: int, columns: int, panel: tuple[float, float] = PANEL) -> tuple[Figure, np.ndarray]:
    return plt.subplots(rows, columns, figsize=(panel[0] * columns, panel[1] * rows), squeeze=False)


def _label(axis: Axes, labels: Sequence[str], title: str = "") -> None:
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])
    axis.set_title(title)


def landscape(axis: Axes, x: np.ndarray, y: np.ndarray, energy: np.ndarray, top: float) -> Any:
    """Draws filled contours of an energy `[len(y), len(x)]` up to `top` kT above its minimum."""
    low = np.nanmin(energy)
    levels = np.linspace(low, low + top, 13)
    return axis.contourf(
        x, y, np.clip(energy, None, levels[-1]), levels=levels, cmap="Greys_r", alpha=0.8
    )


@styled
def potential(
    x: np.ndarray,
    y: np.ndarray,
    energy: np.ndarray,
    points: Mapping[str, np.ndarray],
    *,
    labels: Sequence[str],
    top: float = 20.0,
    profile: tuple[np.ndarray, np.ndarray, str] | None = None,
) -> Figure:
    """The energy in the plane with training data, and the exact profile beside it.

    Args:
      x: grid `[nx]`.
      y: grid `[ny]`.
      energy: `[ny, nx]` in kT.
      points: name -> configurations `[n, 2]`.
      labels: of the two coordinates.
      top: highest contour above the minimum, in kT.
      profile: (positions, free energy in kT, label of the coordinate).
    """
    figure, axes = _grid(1, 2 if profile else 1, (4.6, 3.6))
    filled = landscape(axes[0, 0], x, y, energy, top)
    figure.colorbar(filled, ax=axes[0, 0], label="u (kT)")
    for (name, cloud), color in zip(points.items(), _palette(), strict=False):
        axes[0, 0].plot(*cloud.T, ".", ms=2, color=color, label=name)
    axes[0, 0].legend(markerscale=5, loc="upper center", ncols=2)
    _label(axes[0, 0], labels, "potential and training data")
    if profile:
        axes[0, 1].plot(profile[0], profile[1], color=COLORS["black"])
        _label(axes[0, 1], (profile[2], "F (kT)"), "exact free energy, T = 1")
    return figure


def _palette() -> list[str]:
    return [COLORS[n] for n in ("blue", "red", "orange", "green", "purple", "sky")]


def latent_circles(axis: Axes, radii: Sequence[float] = (1.0, 2.0, 3.0)) -> None:
    """Draws the contours of the standard normal at the given radii."""
    angle = np.linspace(0, 2 * np.pi, 200)
    for radius in radii:
        axis.plot(radius * np.cos(angle), radius * np.sin(angle), color=COLORS["grey"], lw=0.7)


@styled
def scatter_grid(
    panels: Sequence[Sequence[Mapping[str, Any]]],
) -> Figure:
    """Clouds of points in rows and columns.

    Args:
      panels: rows of panels, each a mapping with `clouds` (name -> points `[n, 2]`), `labels`,
        `title`, and optionally `limits` ((x0, x1), (y0, y1)), `circles` (draw the standard
        normal) and `landscape` (x, y, energy, top).
    """
    figure, axes = _grid(len(panels), len(panels[0]))
    for row, axis_row in zip(panels, axes, strict=True):
        for panel, axis in zip(row, axis_row, strict=True):
            if panel.get("circles"):
                latent_circles(axis)
            if panel.get("landscape"):
                landscape(axis, *panel["landscape"])
            for (name, cloud), color in zip(panel["clouds"].items(), _palette(), strict=False):
                axis.plot(*cloud.T, ".", ms=2.2, color=color, alpha=0.6, label=name)
            if len(panel["clouds"]) > 1:
                axis.legend(markerscale=5, loc="upper right", handletextpad=0.1)
            if panel.get("limits"):
                axis.set_xlim(panel["limits"][0])
                axis.set_ylim(panel["limits"][1])
            _label(axis, panel["labels"], panel["title"])
    return figure


@styled
def convergence(
    runs: Mapping[str, Mapping[str, np.ndarray]],
    terms: Mapping[str, tuple[str, float | None, str]],
    *,
    stage_start: Mapping[str, int] | None = None,
    windows: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Losses against iterations, a panel a term, with the reference of each as a line.

    Args:
      runs: variant -> metric name -> `[steps]`; NaN where the term was not evaluated.
      terms: metric name -> (axis label, reference value or None, label of the reference).
      stage_start: variant -> iteration at which its second stage began.
      windows: metric name -> limits of the vertical axis.
    """
    figure, axes = _grid(1, len(terms), (4.3, 3.4))
    for (term, (label, reference, said)), axis in zip(terms.items(), axes[0], strict=True):
        for (name, values), color in zip(runs.items(), _palette(), strict=False):
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
        axis.legend()
        _label(axis, ("iteration", label))
    return figure


def _running_mean(series: np.ndarray, width: int) -> np.ndarray:
    finite = np.isfinite(series)
    kernel = np.ones(width)
    total = np.convolve(np.where(finite, series, 0.0), kernel, "same")
    count = np.convolve(finite.astype(float), kernel, "same")
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
    edges, exact = reference
    widths = np.diff(edges)
    figure, axes = _grid(1, 2 if weights else 1, (4.8, 3.5))
    for axis, given, title in zip(
        axes[0], (None, weights), ("as generated", "reweighted"), strict=False
    ):
        if monte_carlo is not None:
            axis.hist(
                monte_carlo, edges, density=True, color="#d0d0d0", label="Monte Carlo, both wells"
            )
        axis.stairs(exact / widths, edges, color=COLORS["black"], lw=1.4, label="exact, T = 1")
        for (name, energy), color in zip(generated.items(), _palette(), strict=False):
            weight = None if given is None else given[name]
            counts, _ = np.histogram(energy, edges, weights=weight)
            total = len(energy) if weight is None else weight.sum()
            axis.stairs(counts / total / widths, edges, color=color, label=name)
        axis.legend()
        _label(axis, ("u (kT)", "probability density (1/kT)"), title)
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
    rows = -(-len(panels) // columns)
    figure, axes = _grid(rows, min(columns, len(panels)), (4.0, 3.3))
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for (title, series), axis in zip(panels.items(), axes.flat, strict=False):
        axis.plot(*reference, color=COLORS["black"], lw=1.2, label="exact")
        for (name, (x, f, error)), color in zip(series.items(), _palette(), strict=False):
            if error is None:
                axis.plot(x, f, color=color, lw=1.0, ls="--", label=name)
            else:
                axis.errorbar(x, f, error, fmt=".", ms=3, lw=0.8, color=color, label=name)
        if window:
            axis.set_ylim(window)
        axis.legend()
        _label(axis, (label, "F (kT)"), title)
    return figure


@styled
def paths(
    x: np.ndarray,
    y: np.ndarray,
    energy: np.ndarray,
    routes: Mapping[str, np.ndarray],
    energies: Mapping[str, np.ndarray],
    *,
    labels: Sequence[str],
    barrier: float | None = None,
    top: float = 20.0,
) -> Figure:
    """Latent interpolation paths on the energy surface, and the energies along them.

    Args:
      x: grid `[nx]`.
      y: grid `[ny]`.
      energy: `[ny, nx]` in kT.
      routes: variant -> configurations `[paths, points, 2]`.
      energies: variant -> energies `[paths, points]` in kT.
      labels: of the two coordinates.
      barrier: energy of the highest saddle between the states, drawn as a line.
      top: highest contour above the minimum, in kT.
    """
    figure, axes = _grid(2, len(routes), (4.2, 3.2))
    for column, (name, color) in enumerate(zip(routes, _palette(), strict=False)):
        landscape(axes[0, column], x, y, energy, top)
        for path, values in zip(routes[name], energies[name], strict=True):
            axes[0, column].plot(*path.T, color=color, lw=0.9)
            axes[1, column].plot(np.linspace(0, 1, len(values)), values, color=color, lw=0.9)
        axes[0, column].set_xlim(x[0], x[-1])
        axes[0, column].set_ylim(y[0], y[-1])
        _label(axes[0, column], labels, name)
        if barrier is not None:
            axes[1, column].axhline(
                barrier, color=COLORS["black"], ls="--", lw=1, label="saddle (exact)"
            )
            axes[1, column].legend()
        low = np.min(energy)
        axes[1, column].set_ylim(low - 1, low + 1.6 * top)
        _label(axes[1, column], ("fraction of the path in z", "u (kT)"))
    return figure


@styled
def curves(
    panels: Sequence[Mapping[str, Any]],
    *,
    columns: int = 3,
    panel: tuple[float, float] = (4.2, 3.4),
) -> Figure:
    """General curves, a panel each.

    Args:
      panels: mappings with `labels`, `title`, `series` (name -> dict of x, y, and optionally
        `error`, `style` for `Axes.plot`, `color`), and optionally `xlim`, `ylim`, `yscale`.
      columns: panels a row.
      panel: inches of one panel.
    """
    columns = min(columns, len(panels))
    figure, axes = _grid(-(-len(panels) // columns), columns, panel)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for spec, axis in zip(panels, axes.flat, strict=False):
        for (name, line), color in zip(spec["series"].items(), _palette() * 3, strict=False):
            color = COLORS.get(line.get("color", ""), color)
            if line.get("error") is not None:
                axis.errorbar(
                    line["x"], line["y"], line["error"], fmt=line.get("style", "o"), ms=4,
                    lw=1.2, color=color, label=name,
                )  # fmt: skip
            else:
                options = {k: line[k] for k in ("alpha", "ms", "lw") if k in line}
                axis.plot(
                    line["x"], line["y"], line.get("style", "-"), color=color, label=name, **options
                )
        for limit in ("xlim", "ylim", "yscale"):
            if limit in spec:
                getattr(axis, f"set_{limit}")(spec[limit])
        axis.legend()
        _label(axis, spec["labels"], spec["title"])
    return figure
