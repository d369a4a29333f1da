"""The table of calibration: how the stated errors of every estimator compare with the truth.

Each case draws independent data of a model whose answer is known, on the seeds 0, 1, 2, ... (never
chosen; samplers make all of a case's runs as independent chains of one call, of the seed 0), and
forms z = (value - exact) / stated error. Errors from few blocks are mapped from
Student's t to the normal law first. Stated errors that are right give z a standard deviation of 1
and hold the exact value in 95 % of their 95 % intervals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track
from rich.table import Table

from benchmarks.calibration import annealing, chains, histograms, overlap, states, weights
from benchmarks.calibration.case import Case, evaluate
from boltzmann_tf.plotting.style import COLORS, grid, styled

__all__ = ["CASES", "figure", "markdown", "run", "tables"]

CASES: tuple[Case, ...] = (
    *weights.CASES,
    *states.CASES,
    *overlap.CASES,
    *histograms.CASES,
    *chains.CASES,
    *annealing.CASES,
)


def run(repeats: int = 1) -> list[dict[str, Any]]:
    """Runs all cases.

    Args:
      repeats: not used; the number of runs is part of each case.

    Returns:
      a row a case, as in `Row`, with its verdict `holds`.
    """
    del repeats
    rows = [evaluate(case) for case in track(CASES, "calibration")]
    return [row._asdict() | {"holds": row.holds} for row in rows]


def _cells(row: dict[str, Any]) -> list[str]:
    low, high = row["limits"]
    return [
        row["name"],
        row["regime"],
        str(row["runs"]),
        f"{row['mean']:+.2f}",
        f"{row['deviation']:.3f}",
        f"{low:g} to {high:g}",
        f"{row['coverage']:.1%}",
        f"{row['flagged']:.0%}" if row["flagged"] else "–",
    ]


_HEADER = ("estimator", "regime", "runs", "mean z", "sd of z", "limits", "coverage", "flagged")


def tables(result: list[dict[str, Any]]) -> list[Table]:
    """One table; rows that do not hold are marked."""
    table = Table(*_HEADER, "holds", title="Stated errors beside the truth")
    for row in result:
        table.add_row(*_cells(row), "yes" if row["holds"] else "[red]NO[/red]")
    return [table]


def markdown(result: list[dict[str, Any]]) -> str:
    """The table of docs/evaluation.md."""
    lines = [_HEADER, ["---"] * len(_HEADER), *map(_cells, result)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


@styled
def figure(result: list[dict[str, Any]]) -> Figure:
    """The standard deviation of each case's z-scores with its own error, between the limits."""
    fig, panels = grid(1, 1, (9.5, 0.27 * len(result) + 1.2))
    panel = panels[0][0]
    y = np.arange(len(result))[::-1]
    low, high = np.array([row["limits"] for row in result]).T
    panel.barh(y, high - low, left=low, height=0.8, color=COLORS["grey"], alpha=0.25)
    for at, row in zip(y, result, strict=True):
        color = COLORS["blue"] if row["holds"] else COLORS["red"]
        error = row["deviation"] / np.sqrt(2 * (row["runs"] - 1))
        panel.errorbar(row["deviation"], at, xerr=error, fmt="o", ms=4, color=color)
    panel.axvline(1, color=COLORS["black"], lw=0.8)
    panel.set_yticks(y, [f"{row['name']}: {row['regime']}" for row in result], fontsize=7.5)
    panel.set_ylim(-0.7, len(result) - 0.3)
    panel.set_xlim(0.75, 1.25)
    panel.set_xlabel("spread of (value − exact) / stated error")
    return fig
