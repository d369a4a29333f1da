"""Training steps on data that are not in memory beside the same data in memory.

J_ML alone, so that nothing but the data and the network is in the step: the published network of
the plane, whose steps are short, and that of the dimer.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.ours import Well
from benchmarks.precision import ratio
from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp

__all__ = ["run"]

ROWS, CHUNK, BATCH = 1_000_000, 10_000, 1000
# D, blocks, widths, calls of 50 steps
NETWORKS = {"D = 2": (2, 4, (100, 100), 6), "D = 76": (76, 1, (200, 200, 200), 2)}


def run(repeats: int = 7) -> dict[str, Any]:
    """Times of steps as multiples of those on data in memory.

    Args:
      repeats: alternating rounds, of which each entry is the median.

    Returns:
      by network, the ratio for a `np.memmap` and for a function that returns chunks.
    """
    found: dict[str, Any] = {}
    for name, (size, blocks, hidden, calls) in NETWORKS.items():
        data = np.random.default_rng(0).standard_normal((ROWS, size), np.float32)
        network = realnvp(size, blocks=blocks, hidden=hidden)
        trainer = Trainer(BoltzmannGenerator(Well(size), network))
        stage = Stage(calls * trainer.steps_per_call, BATCH, 1e-4)
        # One compiled step for all: its data have one shape.
        memory = data[: trainer.steps_per_call * BATCH]

        def chunks(data: np.ndarray = data) -> Iterator[np.ndarray]:
            return (data[low : low + CHUNK] for low in range(0, ROWS, CHUNK))

        with tempfile.TemporaryDirectory(prefix="boltzmann-streams-") as folder:
            path = Path(folder) / "x.npy"
            np.save(path, data)
            given = {"memmap": np.load(path, mmap_mode="r"), "stream": chunks}
            found[name] = {
                kind: ratio(
                    repeats,
                    functools.partial(trainer.fit, source, stage, verbose=0),
                    functools.partial(trainer.fit, memory, stage, verbose=0),
                )
                for kind, source in given.items()
            }
    return found
