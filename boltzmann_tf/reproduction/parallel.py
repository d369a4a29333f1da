"""Several reproductions at a time, each in a process of its own.

Small networks do not fill several cores, and compilation uses one: two processes with one thread
each get through the work of all reproductions about a third faster than one with two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boltzmann_tf.reproduction.context import Context

from boltzmann_tf._support.follow import FOLLOW

__all__ = ["available_cores", "run_processes"]

USAGE = 2  # exit code of the command line where it could not begin, or write its report


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_processes(contexts: Sequence[Context], jobs: int) -> list[dict[str, Any]]:
    """Runs the reproductions of `contexts`, `jobs` at a time.

    Args:
      contexts: one for each reproduction, not begun.
      jobs: processes at a time; the cores are shared among them.

    Returns:
      the content of each one's `metrics.json`.

    Raises:
      OSError: where one of them could not write its report; the others are ended.
    """
    # Subprocesses find the package where this one did, installed or not.
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = str(max(1, available_cores() // jobs))
    environment = {
        "TF_NUM_INTRAOP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "NUMBA_NUM_THREADS": threads,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        FOLLOW: "1",
    }
    running: list[subprocess.Popen[bytes]] = []

    def run(context: Context) -> dict[str, Any]:
        command = [sys.executable, "-m", "boltzmann_tf.cli", "reproduce", context.name]
        command += ["--preset", context.preset, "--output", str(context.output)]
        command += ["--seed", str(context.seed)]
        path = context.directory / "metrics.json"
        before = _identity(path)
        # A pipe that nothing is written to: it ends with this process, and the child with it.
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)
        running.append(process)
        code = process.wait()
        # An earlier run's numbers must not be taken for this one's.
        if path.is_file() and _identity(path) != before:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        if code == USAGE:  # what it has said: no room for a report, and the earlier one stays
            raise OSError(f"the process of {context.name} ended with exit code {code}, see above")
        context.begin()
        return context.finish(f"its process ended with exit code {code} and without a report")

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(run, contexts))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            for process in running:
                process.wait()
            raise


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from another that takes its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
