"""Cost against size: training steps and the time to the first, over D, depth and batch.

It compiles two dozen networks, some minutes in all, so it runs only when asked for by name.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.peers.ours import Well
from benchmarks.work import Work
from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp
from boltzmann_tf.plotting.style import grid, styled

__all__ = ["figure", "run", "tables"]

# The dimer's network and batch, with one of them changed at a time.
SIZES = (2, 8, 32, 76, 256, 1024)
DEPTHS = (2, 4, 8, 16, 32, 64)
BATCHES = (64, 256, 1024, 4096, 16384)
HIDDEN = (200, 200, 200)
SECONDS = 1.5  # of steps, about, for each reading


def _measure(size: int, blocks: int, batch: int, repeats: int, *, repeated: bool) -> dict[str, Any]:
    """Time to the first step of a fresh network, and of a step after it."""
    work = Work(size, blocks, HIDDEN, batch, steps=1, samples=0)
    flow = realnvp(size, blocks=blocks, hidden=HIDDEN, scale_bound=2.0, repeated=repeated)
    trainer = Trainer(BoltzmannGenerator(Well(size), flow), steps_per_call=200)
    data = work.data()

    def steps(n: int) -> float:
        start = time.perf_counter()
        trainer.fit(data, Stage(n, batch, 1e-4, ml=1.0, kl=1.0), verbose=0)
        return time.perf_counter() - start

    first = steps(1)
    n = int(np.clip(SECONDS / steps(1), 1, 200))
    step = statistics.median(steps(n) / n for _ in range(repeats))
    row = {"D": size, "blocks": blocks, "batch": batch, "repeated": repeated}
    return {**row, "parameters": work.parameters, "first_step_s": first, "step_s": step}


def run(repeats: int = 3) -> dict[str, Any]:
    """Measures along each axis.

    Args:
      repeats: readings of each step time, of which the median is taken.

    Returns:
      for "D", "blocks", "batch" and "blocks, repeated": rows of sizes and times; and
      `compile_growth`, the time to the first step of 32 blocks over that of 8, repeated.
    """
    axes = {
        "D": [(size, 8, 1024, False) for size in SIZES],
        "blocks": [(76, blocks, 1024, False) for blocks in DEPTHS],
        "blocks, repeated": [(76, blocks, 1024, True) for blocks in DEPTHS],
        "batch": [(76, 8, batch, False) for batch in BATCHES],
    }
    result: dict[str, Any] = {
        axis: [_measure(d, n, b, repeats, repeated=r) for d, n, b, r in points]
        for axis, points in axes.items()
    }
    for axis in ("blocks", "blocks, repeated"):
        first = {row["blocks"]: row["first_step_s"] for row in result[axis]}
        result[f"compile_growth, {axis}"] = first[32] / first[8]
    return result


def _rows(result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {axis: rows for axis, rows in result.items() if isinstance(rows, list)}


def _cost(row: dict[str, Any]) -> float:
    """Picoseconds a parameter and sample."""
    return row["step_s"] / row["parameters"] / row["batch"] * 1e12


def tables(result: dict[str, Any]) -> list[Table]:
    """One table an axis."""
    found = []
    for axis, rows in _rows(result).items():
        columns = ("D", "blocks", "batch", "parameters")
        table = Table(*columns, "first step (s)", "step (ms)", "ps a parameter and sample")
        table.title = f"Cost against {axis}"
        for row in rows:
            times = (row["first_step_s"], row["step_s"] * 1e3, _cost(row))
            table.add_row(*(str(row[c]) for c in columns), *(f"{t:.3g}" for t in times))
        found.append(table)
    return found


@styled
def figure(result: dict[str, Any]) -> Figure:
    """Step time over parameters x batch, which must not grow; and time to the first step."""
    fig, panels = grid(1, 4, (3.3, 3.2))
    labels = {"D": "coordinates D", "blocks": "blocks", "batch": "batch"}
    for axis, rows in _rows(result).items():
        key = axis.split(",")[0]
        panel = panels[0][list(labels).index(key)]
        x = [row[key] for row in rows]
        name = "one loop (repeated)" if "repeated" in axis else "unrolled"
        panel.plot(x, [_cost(row) for row in rows], "o-", label=name)
        if key == "blocks":
            panel.legend()
            panels[0][3].plot(x, [row["first_step_s"] for row in rows], "o-", label=name)
    panels[0][0].set_ylabel("step time per parameter\nand sample (ps)")
    panels[0][3].set_ylabel("time to the first step (s)")
    panels[0][3].legend()
    for panel, label in zip(panels[0], [*labels.values(), labels["blocks"]], strict=True):
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter("{x:.0f}")
        panel.set_xlabel(label)
        panel.set_ylim(0, 1.05 * panel.get_ylim()[1])
    return fig
