"""Several studies at a time, by one executor: processes of this machine, or a cluster.

Small networks do not fill several cores, and compilation uses one: two processes with one thread
each get through the work of all reproductions about a third faster than one with two. A process
serves one study after another, so that TensorFlow is loaded once in each.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING, Any

from typing_extensions import deprecated

from boltzmann_tf._support.deprecated import going
from boltzmann_tf._support.processes import ProcessDiedError, Processes
from boltzmann_tf.reproduction import registry
from boltzmann_tf.reproduction.study import Outcome, Task, run_task

if TYPE_CHECKING:
    from boltzmann_tf.reproduction.context import Context

__all__ = ["available_cores", "processes", "run_here", "run_processes", "run_studies"]

PERIOD = 60.0  # seconds between two looks at those who should be working

# From an executor and a study to what becomes of it.
Start = Callable[[Executor, "Context"], "Future[Outcome]"]


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """Processes that share the cores, started when they are needed; none where one is enough."""
    if jobs == 1:
        yield None
        return
    with Processes(jobs, threads=max(1, available_cores() // jobs)) as executor:
        yield executor


def run_here(executor: Executor, context: Context) -> Future[Outcome]:
    """Starts a study in a process that writes its report itself."""
    task = Task(
        context.name,
        context.preset,
        context.seed,
        str(context.output.absolute()),
        str(registry.directory()),
    )
    return executor.submit(run_task, task)


def run_studies(
    contexts: Sequence[Context],
    executor: Executor,
    start: Start = run_here,
    idle: Callable[[], str | None] = lambda: None,
    died: type[Exception] = ProcessDiedError,
) -> Iterator[tuple[Context, Outcome]]:
    """Runs studies, and yields each when it is done.

    Args:
      contexts: one for each, not begun, in the order in which they begin.
      executor: what runs them.
      start: how.
      idle: why nothing can be going on at all, or None; asked now and then.
      died: what the executor raises where a study takes its process with it. Its report says so,
        and the others go on.

    Yields:
      the context of a study and what it ended with.

    Raises:
      OSError: where one could not write its report; what has not begun does not.
    """
    running = {start(executor, context): context for context in contexts}
    said = None
    while running:
        done, _ = wait(running, timeout=PERIOD, return_when="FIRST_COMPLETED")
        for future in done:
            context = running.pop(future)
            try:
                outcome = future.result()
            except died as error:
                # An earlier run's numbers must not be taken for this one's.
                context.begin()
                outcome = Outcome(context.finish(str(error)), context.verdicts)
            yield context, outcome
        if not done and (reason := idle()) != said:
            if reason:
                next(iter(running.values())).log(f"waiting: {reason}")
            said = reason


@deprecated(going("run_processes", "processes and run_studies", since="0.1"))
def run_processes(contexts: Sequence[Context], jobs: int) -> list[dict[str, Any]]:
    """Runs the studies of `contexts`, `jobs` at a time; returns each one's `metrics.json`."""
    with Processes(jobs, threads=max(1, available_cores() // jobs)) as executor:
        found = {
            context.name: outcome.content for context, outcome in run_studies(contexts, executor)
        }
    return [found[context.name] for context in contexts]
