"""Pictures of particles in a plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from boltzmann_tf._support.checks import positive
from boltzmann_tf.plotting._arguments import filled, has
from boltzmann_tf.plotting.style import COLORS, grid, styled

__all__ = ["particle_pictures"]


@styled
def particle_pictures(
    rows: Mapping[str, np.ndarray],
    titles: Mapping[str, list[str]],
    *,
    diameter: float,
    box: float,
    marked: int = 2,
) -> Figure:
    """One row of pictures for each state.

    Args:
      rows: name -> configurations `[pictures, 2 n]`.
      titles: name -> a title for each picture.
      diameter: of the particles as drawn.
      box: half width of the box, a dotted line.
      marked: number of particles at the beginning that are joined and in colour.
    """
    filled("rows", rows)
    has("titles", titles, rows)
    diameter, box = positive("diameter", diameter), positive("box", box)
    columns = max(len(x) for x in rows.values())
    figure, axes = grid(len(rows), columns, (2.3, 2.6))
    for (name, configurations), line in zip(rows.items(), axes, strict=True):
        for axis in line[len(configurations) :]:
            axis.axis("off")
        for x, title, axis in zip(configurations, titles[name], line, strict=False):
            positions = np.reshape(x, (-1, 2))
            colors = [COLORS["red"]] * marked + ["#c9d6e2"] * (len(positions) - marked)
            size = np.full(len(positions), diameter)
            circles = EllipseCollection(
                size, size, np.zeros(len(positions)), units="xy", offsets=positions,
                offset_transform=axis.transData, facecolors=colors, edgecolors="#5b6b7a", lw=0.6,
            )  # fmt: skip
            axis.add_collection(circles)
            axis.plot(*positions[:marked].T, color=COLORS["black"], lw=2)
            axis.plot(*(box * np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]])), "k:", lw=0.8)
            axis.set_xlim(-1.25 * box, 1.25 * box)
            axis.set_ylim(-1.25 * box, 1.25 * box)
            axis.set_aspect("equal")
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_title(title, fontsize=9.5)
        line[0].set_ylabel(name)
    return figure
