"""Calls in processes of their own: an executor that goes on where a process of it dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

import cloudpickle

from boltzmann_tf._support.interrupt import terminations_raised

__all__ = ["LIMITS", "ProcessDiedError", "Processes"]

# Threads of TensorFlow, of libraries that use OpenMP, and of Numba.
LIMITS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
ATTEMPTS = 2  # at a call whose process dies
PATIENCE = 20.0  # seconds for a process to clear up and end


class ProcessDiedError(RuntimeError):
    """The process of a call has ended, again, without an answer."""


class Processes(Executor):
    """Processes that are started when they are needed and serve one call after another.

    A call whose process dies (killed, out of memory) is made once more, in another process; those
    of other processes go on. What is called, its arguments and its result go by `cloudpickle`.
    Processes end with this one, also when it is killed.

    Args:
      workers: processes at most.
      threads: of each; what the user's environment sets stays.
    """

    def __init__(self, workers: int, *, threads: int = 1) -> None:
        self._slots = ThreadPoolExecutor(workers, thread_name_prefix="process")
        self._threads = threads
        self._own = threading.local()  # each slot's process
        self._workers: set[_Worker] = set()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedules a call."""
        return self._slots.submit(self._call, cloudpickle.dumps((fn, args, kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """Ends the processes when what was submitted is done, or what is running."""
        self._slots.shutdown(wait, cancel_futures=cancel_futures)
        # Without waiting, calls may still be on their way to a process: it ends with this one.
        for worker in list(self._workers) if wait else []:
            worker.pool.shutdown()

    def terminate(self) -> None:
        """Ends the processes now, by SIGTERM, so that they can clear up."""
        self._closed = True
        self._slots.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._workers):
            worker.process.terminate()
            worker.pool.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._workers):
            worker.process.join(PATIENCE)
            worker.process.kill()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.terminate()

    def _call(self, call: bytes) -> Any:
        codes: list[int | None] = []
        while len(codes) < ATTEMPTS and not self._closed:
            try:
                worker = self._worker()
                return cloudpickle.loads(worker.pool.submit(_answer, call).result())
            except BrokenProcessPool:
                codes.append(self._drop())
        raise ProcessDiedError(f"its process ended {_times(codes)} without an answer")

    def _worker(self) -> _Worker:
        if getattr(self._own, "worker", None) is None:
            self._own.worker = _Worker(self._threads)
            self._workers.add(self._own.worker)
        return cast(_Worker, self._own.worker)

    def _drop(self) -> int | None:
        """Forgets the process of this slot, which is dead; returns its exit code."""
        worker, self._own.worker = getattr(self._own, "worker", None), None
        if worker is None:  # it did not even begin
            return None
        self._workers.discard(worker)
        worker.pool.shutdown(wait=False)
        return _exit_code(worker.process)


class _Worker:
    """One process."""

    def __init__(self, threads: int) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork of TensorFlow's threads would hang
        self.pool = ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=(threads,))
        number = self.pool.submit(os.getpid).result()
        self.process = next(p for p in multiprocessing.active_children() if p.pid == number)


def _exit_code(process: BaseProcess) -> int | None:
    """Waits for its end. The pool does, too: the one of both that comes second sees no code yet."""
    end = time.monotonic() + PATIENCE
    while process.exitcode is None and time.monotonic() < end:
        time.sleep(0.01)
    return process.exitcode


def _times(codes: list[int | None]) -> str:
    told = ", then ".join(f"with exit code {code}" for code in dict.fromkeys(codes))
    return f"{told} ({len(codes)} times)" if len(codes) > 1 else told


def _begin(threads: int) -> None:
    """What a process does first, before anything that has threads is imported."""
    for name in LIMITS:
        os.environ.setdefault(name, str(threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says what becomes of the others
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def follow() -> None:
        wait([sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=follow, name="follow-parent", daemon=True).start()


def _answer(call: bytes) -> bytes:
    with terminations_raised():
        function, args, kwargs = cloudpickle.loads(call)
        return cast(bytes, cloudpickle.dumps(function(*args, **kwargs)))
