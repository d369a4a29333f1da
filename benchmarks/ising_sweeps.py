"""Attempted flips per second of each Ising kernel: `python -m benchmarks ising_sweeps`.

64 x 64 sites at the critical temperature. Machines are shared and noisy: kernels are timed in
alternation, and the CPU time of the process counts next to the wall clock. `of_bound` compares
with a machine that did nothing but draw the random words, one thread's rate times the number of
threads: a word a flip for single spins; for multi-spin coding, the words that 64 comparisons need
until the last is decided. Cluster updates count flipped or visited sites.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from boltzmann_tf.sampling._random import next_word, streams
from boltzmann_tf.sampling.spins import (
    LatticeState,
    heat_bath_sweeps,
    lattice_state,
    metropolis_sweeps,
    multispin_sweeps,
    swendsen_wang_updates,
    wolff_updates,
)

__all__ = ["run", "words_per_comparison"]

LENGTH = 64
TEMPERATURE = 2 / math.log(1 + math.sqrt(2))
WORDS = 20_000_000

# update, replicas, updates a call
CASES: dict[str, tuple[Callable[..., Any], int, int]] = {
    "metropolis": (metropolis_sweeps, 64, 50),
    "heat_bath": (heat_bath_sweeps, 64, 50),
    "multispin, 64 replicas": (multispin_sweeps, 64, 400),
    "multispin, 128 replicas": (multispin_sweeps, 128, 400),
    "wolff": (wolff_updates, 64, 50),
    "swendsen_wang": (swendsen_wang_updates, 64, 10),
}


@numba.njit
def _draw(state: np.ndarray, n: int) -> np.uint64:
    a, b, c, d = state
    total = np.uint64(0)
    for _ in range(n):
        word, a, b, c, d = next_word(a, b, c, d)
        total ^= word
    return total


def words_per_comparison(undecided: float = 64.0) -> float:
    """Random words until `undecided` bits are all decided, each by each word with chance 1/2.

    Multi-spin coding at the critical point compares some 55 to 64 replicas at a time.
    """
    return sum(1 - (1 - 2.0**-k) ** undecided for k in range(64))


def _attempted(info: Any, sites: int, updates: int) -> float:
    if hasattr(info, "attempted"):
        return float(info.attempted)
    if np.all(info.n_clusters == updates):  # Wolff: the flipped sites
        return float(np.sum(info.mean_size * info.n_clusters))
    return float(sites * updates)


def run(repeats: int = 5) -> dict[str, dict[str, float]]:
    """Times the kernels in alternation.

    Args:
      repeats: rounds, of which the medians are taken.

    Returns:
      for `all` the number of threads; for each kernel millions of attempted flips per second of
      wall clock and of CPU time, and the fraction of what drawing the random words alone
      would allow.
    """
    state = streams(1, 0)[0]
    _draw(state, 1)
    seconds = []
    for _ in range(3):
        cpu = time.process_time()
        _draw(state, WORDS)
        seconds.append(time.process_time() - cpu)
    words = WORDS / statistics.median(seconds)
    lattices: dict[str, LatticeState] = {}
    for name, (update, replicas, n) in CASES.items():
        start = lattice_state(replicas, LENGTH)  # random ones would order slowly
        lattices[name], _ = update(start, n, temperature=TEMPERATURE)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for _ in range(repeats):
        for name, (update, replicas, n) in CASES.items():
            wall, cpu = time.perf_counter(), time.process_time()
            lattices[name], info = update(lattices[name], n, temperature=TEMPERATURE)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            attempted = _attempted(info, replicas * LENGTH**2, n)
            rates[name].append((attempted / wall, attempted / cpu))
    result: dict[str, dict[str, float]] = {"all": {"threads": numba.get_num_threads()}}
    for name, pairs in rates.items():
        wall_rate, cpu_rate = (statistics.median(column) for column in zip(*pairs, strict=True))
        result[name] = {"million_per_s": wall_rate / 1e6, "million_per_cpu_s": cpu_rate / 1e6}
        if CASES[name][0] in (metropolis_sweeps, heat_bath_sweeps, multispin_sweeps):
            flips = 64 / words_per_comparison() if "multispin" in name else 1.0
            result[name]["of_bound"] = cpu_rate / (words * flips)
    return result
