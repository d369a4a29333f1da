"""How many threads a compiled kernel is worth."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numba

__all__ = ["threads"]

_ENOUGH = 50_000  # steps of some 2 ns for each thread: 0.1 ms, against 0.01 ms to start and meet


@contextlib.contextmanager
def threads(tasks: int, steps: int) -> Iterator[None]:
    """Runs kernels inside with as many threads as have enough to do, at most those set before.

    Threads that are done wait for the others by spinning. On a machine with other work that is a
    whole time slice, and a run of many small calls took 50 times the processor time of one thread.
    Results depend on streams and never on the number of threads.

    Args:
      tasks: that can run side by side.
      steps: of all tasks together, in units of an attempted flip of a spin.
    """
    most = numba.get_num_threads()
    worth = max(1, min(most, tasks, steps // _ENOUGH))
    if worth == most:
        yield
        return
    numba.set_num_threads(worth)
    try:
        yield
    finally:
        numba.set_num_threads(most)
