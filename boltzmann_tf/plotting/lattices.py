"""Pictures of configurations on lattices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from boltzmann_tf.plotting._arguments import pictures as check_pictures
from boltzmann_tf.plotting.style import grid, styled

__all__ = ["spin_pictures"]


@styled
def spin_pictures(rows: Mapping[str, Sequence[np.ndarray]], columns: Sequence[str]) -> Figure:
    """Spin configurations, a row a source, black up and white down, m = mean spin below each.

    Args:
      rows: label -> configurations `[L, L]`, as many as there are columns.
      columns: title of each column.
    """
    check_pictures(rows, columns, "[L, L]")
    figure, axes = grid(len(rows), len(columns), (1.5, 1.75))
    for row, (label, pictures) in enumerate(rows.items()):
        for column, (picture, title) in enumerate(zip(pictures, columns, strict=True)):
            axis = axes[row, column]
            axis.imshow(picture, cmap="binary", vmin=-1, vmax=1, interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
            axis.set_xlabel(f"m = {np.nanmean(picture):+.2f}")
            for side in axis.spines.values():
                side.set_visible(True)
            if column == 0:
                axis.set_ylabel(label)
            if row == 0:
                axis.set_title(title)
    return figure
