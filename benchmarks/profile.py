"""Where the time of `boltzmann-tf reproduce` goes, preset quick: a sampling profile of each.

py-spy (`.[bench]`) looks at the main thread once a second, native frames included.
"""

from __future__ import annotations

import collections
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from boltzmann_tf.plotting.style import grid, styled
from boltzmann_tf.reproduction import registry

__all__ = ["KINDS", "figure", "kind", "run", "tables"]

RATE = 1  # a look at the native frames takes a good part of a second, while the process waits
KINDS = {
    "compiled programs": "training, sampling and densities in TensorFlow",
    "arrays": "NumPy, SciPy, Numba: chains, exact answers, estimators",
    "compilation": "XLA, LLVM, TensorFlow's graph passes",
    "tracing": "TensorFlow and Keras in Python: building graphs, single operations",
    "figures": "matplotlib",
    "imports": "loading modules, start and end of the process",
    "Python": "this package's and other libraries' Python",
}
COMPILED = ("compiled programs", "arrays")
_PYTHON_FRAME = re.compile(r"\((.*\.py|<.*>):\d+\)$")
_COMPILERS = re.compile(r"Compile|HloPass|llvm::|mlir::|grappler|ConstantFolding|numba/core")
_TRACERS = re.compile(r"\((tensorflow|tensorflow_probability|keras|tf_keras|gast|astunparse)/")


def kind(frames: list[str]) -> str:
    """Which of `KINDS` a stack belongs to, given its frames from the outermost to the innermost."""
    python = [i for i, frame in enumerate(frames) if _PYTHON_FRAME.search(frame)]
    if not python or any("_find_and_load" in frame for frame in frames):
        return "imports"
    inner, native = frames[python[-1]], frames[python[-1] + 1 :]
    if any(_COMPILERS.search(frame) for frame in native) or "numba/core" in inner:
        return "compilation"
    if any("(matplotlib/" in frame for frame in frames):
        return "figures"
    if "quick_execute" in inner:
        return "compiled programs"
    if any("_ahead.py" in frame for frame in frames) and "threading.py" in inner:
        return "compiled programs"  # the main thread waits for a batch
    if _TRACERS.search(inner):
        return "tracing"
    return "arrays" if native and "libpython" not in native[-1] else "Python"


def shares(stacks: Iterable[str]) -> dict[str, float]:
    """Shares of the main thread's time from py-spy's lines, `outer;..;inner count` each."""
    counts: collections.Counter[str] = collections.Counter()
    for line in stacks:
        stack, _, count = line.rstrip().rpartition(" ")
        thread, *frames = [frame.strip() for frame in stack.split(";")]
        if re.fullmatch(r"thread \(\d+\)(: MainThread)?", thread):
            counts[kind(frames)] += int(count)
    return {name: counts[name] / counts.total() for name in KINDS}


def run(repeats: int = 1) -> dict[str, Any]:
    """Profiles every reproduction.

    Args:
      repeats: not used; once says it.

    Returns:
      for each reproduction the shares of `KINDS`.

    Raises:
      RuntimeError: where py-spy is not installed, or may not look at processes.
    """
    del repeats
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        raise RuntimeError("py-spy must be installed (pip install '.[bench]'), got none")
    result = {}
    for name in registry.names():
        with tempfile.TemporaryDirectory(prefix="boltzmann-profile-") as folder:
            raw = Path(folder) / "stacks"
            options = ["--native", "--idle", "--threads", "--rate", str(RATE), "--format", "raw"]
            command = [sys.executable, "-m", "boltzmann_tf.cli", "reproduce", name]
            command += ["--output", folder]
            done = subprocess.run(
                [spy, "record", *options, "--output", str(raw), "--", *command],
                capture_output=True,
                text=True,
                check=False,
            )
            if not raw.is_file():
                raise RuntimeError(f"py-spy must write a profile, got: {done.stderr[-500:]}")
            with raw.open(encoding="utf-8") as stacks:
                result[name] = shares(stacks)
    return result


def tables(result: dict[str, Any]) -> list[Table]:
    """Shares of each reproduction's time."""
    table = Table("reproduction", *KINDS, "compiled", title="where the time of preset quick goes")
    for name, row in result.items():
        compiled = sum(row[k] for k in COMPILED)
        table.add_row(name, *(f"{row[k]:.0%}" for k in KINDS), f"{compiled:.0%}")
    return [table]


@styled
def figure(result: dict[str, Any]) -> Figure:
    """Shares of each reproduction's time, stacked."""
    fig, axes = grid(1, 1, (7.2, 1.2 + 0.5 * len(result)))
    axis = axes[0, 0]
    left = np.zeros(len(result))
    for name in KINDS:
        width = np.array([row[name] for row in result.values()])
        axis.barh(list(result), width, left=left, label=name)
        left += width
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of the time")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncol=4)
    return fig
