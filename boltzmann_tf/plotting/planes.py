"""Pictures in the plane: energies, clouds of configurations, paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann_tf.plotting._arguments import axis_of, cloud, filled, has, on_grid
from boltzmann_tf.plotting.style import COLORS, grid, label_axes, palette, styled

__all__ = ["landscape", "latent_circles", "paths", "potential", "scatter_grid"]


def landscape(axis: Axes, x: np.ndarray, y: np.ndarray, energy: np.ndarray, top: float) -> Any:
    """Draws filled contours of an energy `[len(y), len(x)]` up to `top` kT above its minimum."""
    axis_of("axis", axis)
    on_grid(x, y, energy)
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
    on_grid(x, y, energy)
    for name, points_of in points.items():
        cloud(f"points[{name!r}]", points_of)
    figure, axes = grid(1, 2 if profile else 1, (4.6, 3.6))
    filled = landscape(axes[0, 0], x, y, energy, top)
    figure.colorbar(filled, ax=axes[0, 0], label="u (kT)")
    for (name, points_of), color in zip(points.items(), palette(), strict=False):
        axes[0, 0].plot(*points_of.T, ".", ms=2, color=color, label=name)
    axes[0, 0].legend(markerscale=5, loc="upper center", ncols=2)
    label_axes(axes[0, 0], labels, "potential and training data")
    if profile:
        axes[0, 1].plot(profile[0], profile[1], color=COLORS["black"])
        label_axes(axes[0, 1], (profile[2], "F (kT)"), "exact free energy, T = 1")
    return figure


def latent_circles(axis: Axes, radii: Sequence[float] = (1.0, 2.0, 3.0)) -> None:
    """Draws the contours of the standard normal at the given radii."""
    axis_of("axis", axis)
    filled("radii", radii, Sequence)
    if min(radii) <= 0:
        raise ValueError(f"radii must be positive, got {list(radii)}")
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
    filled("panels", panels, Sequence)
    for i, line in enumerate(panels):
        filled(f"panels[{i}]", line, Sequence)
        for j, panel in enumerate(line):
            has(f"panels[{i}][{j}]", panel, ("clouds", "labels", "title"))
            for name, points in panel["clouds"].items():
                cloud(f"panels[{i}][{j}]['clouds'][{name!r}]", points)
    figure, axes = grid(len(panels), len(panels[0]))
    for row, axis_row in zip(panels, axes, strict=True):
        for panel, axis in zip(row, axis_row, strict=True):
            if panel.get("circles"):
                latent_circles(axis)
                axis.set_aspect("equal", adjustable="box" if panel.get("limits") else "datalim")
            if panel.get("landscape"):
                landscape(axis, *panel["landscape"])
            for (name, points), color in zip(panel["clouds"].items(), palette(), strict=False):
                axis.plot(*points.T, ".", ms=2.2, color=color, alpha=0.6, label=name)
            if len(panel["clouds"]) > 1:
                axis.legend(markerscale=5, loc="upper right", handletextpad=0.1)
            if panel.get("limits"):
                axis.set_xlim(panel["limits"][0])
                axis.set_ylim(panel["limits"][1])
            label_axes(axis, panel["labels"], panel["title"])
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
    on_grid(x, y, energy)
    filled("routes", routes)
    has("energies", energies, routes)
    figure, axes = grid(2, len(routes), (4.2, 3.2))
    for column, (name, color) in enumerate(zip(routes, palette(), strict=False)):
        landscape(axes[0, column], x, y, energy, top)
        for path, values in zip(routes[name], energies[name], strict=True):
            axes[0, column].plot(*path.T, color=color, lw=0.9)
            axes[1, column].plot(np.linspace(0, 1, len(values)), values, color=color, lw=0.9)
        axes[0, column].set_xlim(x[0], x[-1])
        axes[0, column].set_ylim(y[0], y[-1])
        label_axes(axes[0, column], labels, name)
        if barrier is not None:
            axes[1, column].axhline(
                barrier, color=COLORS["black"], ls="--", lw=1, label="saddle (exact)"
            )
            axes[1, column].legend()
        low = np.nanmin(energy)
        axes[1, column].set_ylim(low - 1, low + 1.6 * top)
        label_axes(axes[1, column], ("fraction of the path in z", "u (kT)"))
    return figure
