"""Energies with gradients of Lennard-Jones clusters, here, in jax-md, JAX and PyTorch.

Each library runs in a process of its own, on the same cores, in alternation: ratios of
neighbouring measurements are what counts. A library that does not import is left out, with a word
why; REFERENCE_PYTHON may name a Python of another environment that has the others.
"""

from __future__ import annotations

import os
import statistics
import sys
from typing import Any

import numpy as np

from benchmarks.cluster_worker import CONFIGURATIONS, LIBRARIES
from benchmarks.flows import Worker
from benchmarks.peers import OURS

__all__ = ["run"]

CALLS = 50  # a round, of which the best counts


def _start() -> dict[str, Worker]:
    """Starts the libraries one after the other; checks that they compute the same."""
    workers: dict[str, Worker] = {}
    reference: dict[str, list[float]] = {}
    for label in LIBRARIES:
        python = sys.executable if label == OURS else os.environ.get("REFERENCE_PYTHON")
        try:
            worker = Worker("benchmarks.cluster_worker", label, python=python or sys.executable)
        except RuntimeError as error:
            if label == OURS:
                raise
            print(f"{label} is left out: {str(error).splitlines()[-1]}", file=sys.stderr)
            continue
        found = worker.ask("agree")
        reference = reference or found
        for what, values in found.items():
            if not np.allclose(values, reference[what], rtol=1e-4, atol=1e-3):
                raise RuntimeError(f"{what}: {label} computes {values}, {OURS} {reference[what]}")
        workers[label] = worker
    return workers


def run(repeats: int = 7) -> dict[str, Any]:
    """Times all in alternation.

    Args:
      repeats: rounds, in each of which every library does its share once.

    Returns:
      for each library microseconds a configuration, and its time as a multiple of this package's:
      the median over the rounds, the least and the greatest.
    """
    workers = _start()
    times: dict[str, list[float]] = {label: [] for label in workers}
    for worker in workers.values():
        worker.ask("time", CALLS)  # warm
    for _ in range(repeats):
        for label, worker in workers.items():
            times[label].append(worker.ask("time", CALLS)["seconds"])
    for worker in workers.values():
        worker.close()
    result = {}
    for label, own in times.items():
        ratios = [b / a for a, b in zip(times[OURS], own, strict=True)]
        result[label] = {
            "us_a_configuration": statistics.median(own) / CONFIGURATIONS * 1e6,
            "time_over_ours": statistics.median(ratios),
            "time_over_ours_least": min(ratios),
            "time_over_ours_most": max(ratios),
        }
    return result
