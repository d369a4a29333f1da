"""Pictures of nematics: a short rod for each vector, whose head and tail are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from boltzmann_tf.plotting._arguments import pictures as check_pictures
from boltzmann_tf.plotting.style import grid, styled

__all__ = ["rod_pictures"]


@styled
def rod_pictures(rows: Mapping[str, Sequence[np.ndarray]], columns: Sequence[str]) -> Figure:
    """Planes of unit vectors seen from the side, the director upright, a row a source.

    Args:
      rows: label -> planes `[L, L, 3]` of vectors whose third component is that along the
        director; they are seen along the second one, and coloured by |third|. Below each, the
        mean over the plane of P2 = (3 x^2 - 1) / 2 of the third.
      columns: title of each column.
    """
    check_pictures(rows, columns, "[L, L, 3]")
    figure, axes = grid(len(rows), len(columns), (2.1, 2.25))
    color = ScalarMappable(Normalize(0.0, 1.0), "viridis")
    for (label, pictures), line in zip(rows.items(), axes, strict=True):
        for axis, title, plane in zip(line, columns, pictures, strict=False):
            u = np.asarray(plane, np.float64).reshape(-1, 3)
            size = len(plane)
            centre = np.stack(np.divmod(np.arange(size**2), size), axis=1)
            half = 0.42 * u[:, [0, 2]]
            rods = LineCollection(
                list(np.stack([centre - half, centre + half], axis=1)),
                colors=color.to_rgba(np.abs(u[:, 2])),
                lw=22.0 / (size + 3),
                capstyle="round",
            )
            axis.add_collection(rods)
            axis.set_xlim(-0.6, size - 0.4)
            axis.set_ylim(-0.6, size - 0.4)
            axis.set_aspect("equal")
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_xlabel(f"<P2> = {np.nanmean(1.5 * u[:, 2] ** 2 - 0.5):+.2f}")
            if axis in axes[0]:
                axis.set_title(title)
        line[0].set_ylabel(label)
    figure.colorbar(color, ax=axes, label="|u . director|", shrink=0.8)
    return figure
