"""Studies, and calls of theirs, on the machines of a Dask cluster.

    dask scheduler                                            # on one machine
    dask worker tcp://HOST:8786 --nworkers 4 --nthreads 1     # on each
    boltzmann-tf reproduce --all --scheduler tcp://HOST:8786

Workers need the package in the same version, and no disk in common: a report comes home with its
study. A study whose worker dies runs again on another.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from boltzmann_tf._support.checks import instance
from boltzmann_tf._support.folders import begin_folder, finish_folder
from boltzmann_tf.reproduction.context import Context, versions
from boltzmann_tf.reproduction.study import Outcome, Task, run_study

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "cluster"]

PATIENCE = 10.0  # seconds for the scheduler to answer
_ONE = threading.Lock()  # a worker of many threads still runs one study at a time


class Cluster(NamedTuple):
    """The workers of a scheduler that have this version of the package."""

    executor: Executor
    start: Callable[[Executor, Context], Future[Outcome]]
    idle: Callable[[], str | None]
    died: type[Exception]


@contextlib.contextmanager
def cluster(scheduler: str) -> Iterator[Cluster]:
    """Connects to a cluster.

    Args:
      scheduler: address of its scheduler, such as "tcp://10.0.0.1:8786".

    Yields:
      its executor, and how a study runs there.

    Raises:
      ModuleNotFoundError: without the extra `cluster`.
      OSError: where the scheduler does not answer.
      ValueError: where no worker has this version of the package.
    """
    instance("scheduler", scheduler, str)
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "scheduler needs Dask: pip install 'boltzmann_tf[cluster]'", name=error.name
        ) from error
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OSError(
            f"scheduler must be the address of one that answers within {PATIENCE:g} s, got "
            f"{scheduler!r}: {error}"
        ) from None
    with client:
        workers = _workers(client, scheduler)
        executor = client.get_executor(workers=workers, pure=False)

        def idle() -> str | None:
            left = set(client.scheduler_info(n_workers=-1)["workers"])
            able = left if workers is None else left & set(workers)
            return None if able else f"no worker of {scheduler} is left"

        with executor:
            yield Cluster(executor, _start, idle, KilledWorker)


def _workers(client: Client, scheduler: str) -> list[str] | None:
    """Those of this version, or None if all are; warns of others."""
    own = versions()
    found = client.run(versions, on_error="return")
    same = [worker for worker, theirs in found.items() if theirs == own]
    for worker, theirs in found.items():
        if worker in same:
            continue
        if isinstance(theirs, dict):
            other = {k: v for k, v in theirs.items() if v != own.get(k)}
            told = ", ".join(f"{k} {v} where this is {own.get(k)}" for k, v in other.items())
        else:
            told = f"boltzmann_tf cannot be loaded: {theirs!r}"
        warnings.warn(f"worker {worker} takes no part: {told}", RuntimeWarning, stacklevel=4)
    if not same:
        raise ValueError(
            f"scheduler must have a worker with boltzmann_tf {own['boltzmann_tf']}, got "
            f"{len(found)} workers at {scheduler!r}, and none"
        )
    # A worker that was started anew has another address: it is welcome where all are.
    return None if len(same) == len(found) else same


def _start(executor: Executor, context: Context) -> Future[Outcome]:
    """Starts a study; its report is put into its place when it comes home."""
    task = Task(context.name, context.preset, context.seed)
    away = executor.submit(run_away, task)
    home: Future[Outcome] = Future()
    home.set_running_or_notify_cancel()

    def bring(done: Future[Any]) -> None:
        try:
            outcome, files = done.result()
            _place(context, files)
        except BaseException as error:
            home.set_exception(error)
        else:
            home.set_result(outcome)

    away.add_done_callback(bring)
    return home


def run_away(task: Task) -> tuple[Outcome, dict[str, bytes]]:
    """Runs a study where nobody reads the disk; returns the files of its report, too."""
    with _ONE, tempfile.TemporaryDirectory() as folder:
        context = Context(task.name, task.preset, Path(folder), task.seed)
        outcome = run_study(context)
        own = context.directory
        files = {
            path.relative_to(own).as_posix(): path.read_bytes()
            for path in sorted(own.rglob("*"))
            if path.is_file()
        }
    return outcome, files


def _place(context: Context, files: dict[str, bytes]) -> None:
    final = context.output / context.name
    work = begin_folder(final)
    for name, content in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    finish_folder(work, final)
