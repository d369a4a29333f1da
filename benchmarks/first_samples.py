"""Processor time to the first thousand samples of a saved generator, beside that of the imports.

Each in a process of its own, in alternation: what a user waits for who only wants samples.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from boltzmann_tf import BoltzmannGenerator, realnvp, systems

__all__ = ["run"]

IMPORTS = "import tensorflow, tensorflow_probability"
SAMPLES = """
import boltzmann_tf as bg
bg.BoltzmannGenerator.load({folder!r}).sample(1000)
"""


def run(repeats: int = 7) -> dict[str, Any]:
    """Measures both.

    Args:
      repeats: alternating rounds, of which each entry is the median.

    Returns:
      seconds of the imports of TensorFlow and TensorFlow Probability, and those to the samples as a
      multiple of them.
    """
    with tempfile.TemporaryDirectory(prefix="boltzmann-first-") as top:
        folder = str(Path(top) / "generator")
        flow = realnvp(2, blocks=3, hidden=(32, 32))
        BoltzmannGenerator(systems.DoubleWell(), flow).save(folder)
        codes = (IMPORTS, SAMPLES.format(folder=folder))
        _seconds(codes[0])  # from now on the files are warm
        rounds = [tuple(_seconds(code) for code in codes) for _ in range(repeats)]
    return {
        "imports_s": statistics.median(imports for imports, _ in rounds),
        "samples_over_imports": statistics.median(own / imports for imports, own in rounds),
    }


def _seconds(code: str) -> float:
    """Processor time of a new process."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])
