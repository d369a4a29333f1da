"""RealNVP training and sampling, here and in the other libraries, in alternation.

Same parameters, batch, dtype and threads; from the same weights all give the same densities, which
is checked. Machines differ and are shared: ratios of neighbouring measurements are what counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.peers import OURS, PEERS
from benchmarks.work import WORKS
from boltzmann_tf.plotting.style import grid, styled

__all__ = ["Worker", "figure", "measure", "run", "tables"]

COMMANDS = {"steps": "training step", "sample": "weighted samples", "density": "densities"}


class Worker:
    """A library's process."""

    def __init__(self, module: str, *arguments: str, python: str = sys.executable) -> None:
        self._errors = tempfile.TemporaryFile("w+")
        start = time.time()
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.cold_start = self._answer()["ready"] - start

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise RuntimeError(f"a worker stopped:\n{self._errors.read()[-2000:]}")
        return json.loads(line)

    def ask(self, command: str, n: int = 0) -> dict[str, Any]:
        """Sends a command and waits for the answer."""
        self._process.stdin.write(json.dumps([command, n]) + "\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait()


def _product_rate(m: int = 3072, k: int = 3072, n: int = 3072) -> float:
    """Operations per second of a float32 matrix product, large unless sizes are given."""
    a, b = np.ones((m, k), np.float32), np.ones((k, n), np.float32)
    out = a @ b
    best = float("inf")
    for _ in range(max(3, 2**27 // (m * k * n))):
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        best = min(best, time.perf_counter() - start)
    return 2 * m * k * n / best


def _start(name: str, labels: Iterable[str]) -> dict[str, Worker]:
    """Starts the libraries one after the other; checks that they compute the same."""
    workers: dict[str, Worker] = {}
    reference: np.ndarray | None = None
    for label in labels:
        try:
            workers[label] = worker = Worker("benchmarks.worker", label, name)
        except RuntimeError as error:
            if label == OURS:
                raise
            print(f"{label} is left out: {str(error).splitlines()[-1]}", file=sys.stderr)
            continue
        found = worker.ask("agree")
        if found["parameters"] != WORKS[name].parameters:
            raise RuntimeError(f"{label} has {found['parameters']} parameters")
        log_prob = np.array(found["log_prob"])
        reference = log_prob if reference is None else reference
        if not np.allclose(log_prob, reference, rtol=1e-4, atol=1e-3):
            raise RuntimeError(f"{label} computes {log_prob}, {OURS} {reference}")
    return workers


def measure(name: str, repeats: int, labels: Iterable[str] = tuple(PEERS)) -> dict[str, Any]:
    """Measures some of the libraries at one size; arguments and result as of `run`."""
    work = WORKS[name]
    workers = _start(name, labels)
    amounts = {"steps": work.steps, "sample": work.samples, "density": work.samples}
    for worker in workers.values():  # warm
        for command, n in amounts.items():
            worker.ask(command, n)
    seconds: dict[str, dict[str, list[float]]] = {c: {w: [] for w in workers} for c in amounts}
    peak: dict[str, float] = {}
    rates, own_rates = [], []
    for _ in range(repeats):
        rates.append(_product_rate())
        own_rates.append(_product_rate(work.batch, work.hidden[0], work.hidden[0]))
        for command, n in amounts.items():
            for label, worker in workers.items():
                answer = worker.ask(command, n)
                seconds[command][label].append(answer["seconds"])
                peak[label] = answer["peak_mib"]
    for worker in workers.values():
        worker.close()
    table: dict[str, Any] = {}
    for label, worker in workers.items():
        row: dict[str, float] = {}
        for command, n in amounts.items():
            times = seconds[command]
            ratios = [b / a for a, b in zip(times[OURS], times[label], strict=True)]
            row[f"{command}_per_s"] = n / statistics.median(times[label])
            row[f"{command}_ratio"] = statistics.median(ratios)
            row[f"{command}_ratio_low"], row[f"{command}_ratio_high"] = min(ratios), max(ratios)
        achieved = row["steps_per_s"] * work.products
        row["of_product_rate"] = achieved / statistics.median(rates)
        row["hidden_layer_of_product_rate"] = statistics.median(own_rates) / statistics.median(
            rates
        )
        row["cold_start_s"] = worker.cold_start
        row["peak_mib"] = peak[label]
        table[label] = row
    return table


def run(repeats: int = 7) -> dict[str, Any]:
    """Measures every library at both sizes.

    Args:
      repeats: rounds, in each of which every library does its share once.

    Returns:
      for each work and library: steps and samples per second; the time of the library as a
      multiple of this package's, with its range over the rounds; the fraction of the rate of a
      large matrix product that a training step reaches, and that the product of one hidden layer
      reaches by itself (in NumPy); seconds from the start of the process to the end of the first
      step; and the peak memory of the process.
    """
    return {name: measure(name, repeats) for name in WORKS}


def tables(result: dict[str, Any]) -> list[Table]:
    """One table a work: times as multiples of this package's, with their range."""
    found = []
    for name, rows in result.items():
        work = WORKS[name]
        own = next(iter(rows.values()))["hidden_layer_of_product_rate"]
        table = Table(
            "library",
            *(f"{title}: time / ours" for title in COMMANDS.values()),
            "steps/s",
            "samples/s",
            "of the product rate",
            "cold start to first step (s)",
            "peak memory (MiB)",
            title=f"RealNVP, {name}: {work.parameters} parameters, batch {work.batch}; product "
            f"of a hidden layer by itself: {own:.0%} of the rate of a large one",
        )
        for label, row in rows.items():
            ratios = (
                f"{row[f'{c}_ratio']:.2f} ({row[f'{c}_ratio_low']:.2f} to "
                f"{row[f'{c}_ratio_high']:.2f})"
                for c in COMMANDS
            )
            table.add_row(
                label,
                *ratios,
                f"{row['steps_per_s']:.3g}",
                f"{row['sample_per_s']:.3g}",
                f"{row['of_product_rate']:.0%}",
                f"{row['cold_start_s']:.1f}",
                f"{row['peak_mib']:.0f}",
            )
        found.append(table)
    return found


@styled
def figure(result: dict[str, Any]) -> Figure:
    """Times as multiples of this package's, on a logarithmic axis, with their range."""
    fig, axes = grid(1, len(result), (5.2, 4.2))
    for axis, (name, rows) in zip(axes[0], result.items(), strict=True):
        place = np.arange(len(rows))
        for offset, (command, title) in zip((-0.27, 0, 0.27), COMMANDS.items(), strict=True):
            middle, low, high = (
                np.array([row[f"{command}_ratio{end}"] for row in rows.values()])
                for end in ("", "_low", "_high")
            )
            spread = [middle - low, high - middle]
            axis.barh(place + offset, middle, 0.25, xerr=spread, label=title)
        axis.axvline(1, color="black", linewidth=1)
        axis.set_xscale("log")
        axis.set_yticks(place, list(rows))
        axis.invert_yaxis()
        axis.set_xlabel("time / time of boltzmann_tf")
        axis.set_title(f"{name}, batch {WORKS[name].batch}")
    axes[0, 0].legend()
    return fig
