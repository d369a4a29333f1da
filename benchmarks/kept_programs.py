"""Processor time of a short training without and with XLA's programs of an earlier one.

`TF_XLA_FLAGS=--tf_xla_persistent_cache_directory` keeps them; each training is a new process.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ["run"]

TRAINING = """
import numpy as np
import boltzmann_tf as bg

generator = bg.BoltzmannGenerator(bg.systems.DoubleWell(), bg.realnvp(2, blocks=8))
data = np.random.default_rng(0).normal(size=(1000, 2))
stages = [bg.Stage(20, 128), bg.Stage(20, 128, ml=1.0, kl=1.0)]
bg.Trainer(generator, seed=1).fit(data, stages, verbose=0)
print(sum(float(np.abs(v.numpy()).sum()) for v in generator.bijector.variables))
"""


def run(repeats: int = 7) -> dict[str, Any]:
    """Measures both, from the start of a process to its end.

    Args:
      repeats: rounds of a training that fills an empty folder and one that finds it full.

    Returns:
      medians of the seconds of the first and of the ratio, and whether all numbers are the same.
    """
    first, ratios, numbers = [], [], set()
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="boltzmann-kept-") as folder:
            (empty, one), (full, other) = _training(folder), _training(folder)
        first.append(empty)
        ratios.append(full / empty)
        numbers |= {one, other}
    return {
        "empty_s": statistics.median(first),
        "full_over_empty": statistics.median(ratios),
        "same_numbers": len(numbers) == 1,
    }


def _training(folder: str) -> tuple[float, str]:
    """Processor time of a training, and what it comes to."""
    environment = os.environ | {"TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={folder}"}
    before = os.times()
    said = subprocess.run(
        [sys.executable, "-c", TRAINING],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4]), said.stdout
