"""Pictures of chains of beads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from boltzmann_tf._support.checks import positive
from boltzmann_tf.plotting._arguments import filled
from boltzmann_tf.plotting.style import COLORS, grid, styled

__all__ = ["chain_pictures"]

FIRST, LAST = np.array([0xF2, 0xC1, 0x4E]), np.array([0x2E, 0x6F, 0xA7])  # along the chain


@styled
def chain_pictures(rows: Mapping[str, Any], *, diameter: float = 0.9) -> Figure:
    """Chains in a row for each name, coloured from the first bead to the last.

    Each picture is turned so that the chain is widest across, and as large as the widest of its
    row; of three dimensions the third is the depth.

    Args:
      rows: name -> positions of the beads, `[pictures, n, 2]` or `[pictures, n, 3]`.
      diameter: of the beads as drawn.

    Examples:
      >>> zigzag = np.array([[[0.0, 0.0], [1.0, 0.5], [2.0, 0.0]]])
      >>> len(bg.plotting.chain_pictures({"zigzag": zigzag}).axes)
      1
    """
    filled("rows", rows)
    size = positive("diameter", diameter)
    given = {name: np.asarray(r, np.float64) for name, r in rows.items()}
    for name, r in given.items():
        if r.ndim != 3 or r.shape[-1] not in (2, 3) or not r.size:
            raise ValueError(
                f"rows[{name!r}] must be [pictures, n, 2] or [pictures, n, 3], got {r.shape}"
            )
    figure, axes = grid(len(given), max(len(r) for r in given.values()), (2.2, 2.0))
    for line, (name, chains) in zip(axes, given.items(), strict=True):
        turned = [_across(r) for r in chains]
        finite = np.concatenate([np.abs(r[:, :2][np.isfinite(r[:, :2])]) for r in turned])
        half = float(finite.max(initial=0.0)) + 0.6 * size
        for axis in line:
            axis.axis("off")
        for axis, r in zip(line, turned, strict=False):
            _draw(axis, r, size)
            axis.set_xlim(-half, half)
            axis.set_ylim(-half, half)
            axis.set_aspect("equal")
        line[0].set_title(name, loc="left", fontsize=10)
    return figure


def _across(r: np.ndarray) -> np.ndarray:
    """About its middle, its widest direction to the right, the narrowest to the back."""
    if not np.all(np.isfinite(r)):
        return r
    r = r - 0.5 * (r.max(axis=0) + r.min(axis=0))
    axes = np.linalg.svd(r - r.mean(axis=0), full_matrices=False)[2]
    return r @ axes.T if len(axes) == r.shape[1] else r


def _draw(axis: Axes, r: np.ndarray, diameter: float) -> None:
    depth = r[:, 2] if r.shape[1] == 3 else np.zeros(len(r))
    share = np.linspace(0, 1, len(r))[:, None]
    colors = (FIRST + share * (LAST - FIRST)) / 255
    # From the back to the front, bonds with the deeper of their beads.
    for i in np.argsort(depth[:-1] + depth[1:]):
        axis.plot(*r[i : i + 2, :2].T, color=COLORS["grey"], lw=1.2, zorder=1 + depth[i] / 1e3)
    order = np.argsort(depth)
    full = np.full(len(r), diameter)
    axis.add_collection(
        EllipseCollection(
            full, full, np.zeros(len(r)), units="xy", offsets=r[order, :2],
            offset_transform=axis.transData, facecolors=colors[order], edgecolors="#34495e",
            lw=0.5, zorder=2,
        )
    )  # fmt: skip
