"""Pictures of particles in boxes of different sizes, drawn to one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from boltzmann_tf._support.checks import positive
from boltzmann_tf.plotting._arguments import filled
from boltzmann_tf.plotting.style import COLORS, grid, styled

__all__ = ["box_pictures"]

BETWEEN = 0.15  # room between the two boxes of a picture, in units of the larger side
NEAR, FAR = np.array([0x3B, 0x7E, 0xB3]), np.array([0xDC, 0xE7, 0xF0])  # colours by depth


@styled
def box_pictures(
    rows: Mapping[str, Sequence[Sequence[tuple[Any, float]]]],
    *,
    diameter: float = 1.0,
    columns: int | None = None,
) -> Figure:
    """Boxes side by side, one row of pictures for each name.

    Args:
      rows: name -> pictures, each of which is one or several boxes: pairs of positions `[n, 2]` or
        `[n, 3]` from 0 to the side, and the side. Of three dimensions the third is the depth, by
        which particles are shaded.
      diameter: of the particles as drawn.
      columns: pictures a line; None for as many as the longest row has.

    Examples:
      >>> gas, liquid = np.array([[1.0, 2.0]]), np.array([[0.5, 0.5], [1.5, 0.6], [0.9, 1.4]])
      >>> figure = bg.plotting.box_pictures({"Monte Carlo": [[(gas, 4.0), (liquid, 2.0)]]})
      >>> len(figure.axes)
      1
    """
    filled("rows", rows)
    size = positive("diameter", diameter)
    for name, pictures in rows.items():
        filled(f"rows[{name!r}]", pictures, Sequence)
        for i, boxes in enumerate(pictures):
            filled(f"rows[{name!r}][{i}]", boxes, Sequence)
            for positions, side in boxes:
                positive("side", side)
                if np.ndim(positions) != 2 or np.shape(positions)[1] not in (2, 3):
                    raise ValueError(
                        f"positions must be [n, 2] or [n, 3], got shape {np.shape(positions)}"
                    )
    each = [len(pictures) for pictures in rows.values()]
    across = max(each) if columns is None else min(columns, max(each))
    lines = [-(-n // across) for n in each]
    sides = [[side for _, side in boxes] for row in rows.values() for boxes in row]
    tall = max(max(s) for s in sides)
    wide = max(sum(s) + BETWEEN * tall * (len(s) - 1) for s in sides)
    panel = 2.1 * max(1.0, wide / tall)
    figure, axes = grid(sum(lines), across, (panel, 2.3))
    top = 0
    for (name, pictures), n in zip(rows.items(), lines, strict=True):
        block = axes[top : top + n]
        for axis in block.flat:
            axis.axis("off")
        for boxes, axis in zip(pictures, block.flat, strict=False):
            _draw(axis, boxes, size, tall, wide)
        block[0, 0].set_title(name, loc="left", fontsize=10)
        top += n
    return figure


def _draw(
    axis: Axes, boxes: Sequence[tuple[Any, float]], diameter: float, tall: float, wide: float
) -> None:
    left = 0.5 * (wide - sum(side for _, side in boxes) - BETWEEN * tall * (len(boxes) - 1))
    for positions, side in boxes:
        r = np.asarray(positions, np.float64)
        depth = r[:, 2] / side if r.shape[1] == 3 else np.zeros(len(r))
        order = np.argsort(-depth)  # the nearest last
        shade = (NEAR + depth[order, None] * (FAR - NEAR)) / 255
        full = np.full(len(r), diameter)
        circles = EllipseCollection(
            full, full, np.zeros(len(r)), units="xy", offsets=r[order, :2] + [left, 0.0],
            offset_transform=axis.transData, facecolors=shade, edgecolors="#34495e", lw=0.4,
        )  # fmt: skip
        axis.add_collection(circles)
        axis.add_patch(Rectangle((left, 0), side, side, fill=False, ec=COLORS["black"], lw=0.9))
        left += side + BETWEEN * tall
    edge = 0.6 * diameter
    axis.set_xlim(-edge, wide + edge)
    axis.set_ylim(-edge, tall + edge)
    axis.set_aspect("equal")
