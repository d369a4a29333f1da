"""Signals that end a program, held back while a piece of work must not be torn."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["interrupts_held", "terminations_raised"]

# A batch system's notice and the end of a terminal; Windows has no SIGHUP.
TERMINATIONS = [n for n in (signal.SIGTERM, getattr(signal, "SIGHUP", None)) if n is not None]


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Lets Ctrl-C during the block take effect at its end; a second one does at once.

    Without it, an interrupt during compiled code is raised when that returns: its variables have
    been written, and what it was to hand back is lost. SIGTERM and SIGHUP wait likewise where
    something of Python handles them: the user's own handler, or `terminations_raised`.
    """
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, *TERMINATIONS)}
    own = {n: handler for n, handler in handlers.items() if callable(handler)}
    # Only the main thread receives signals, and may set handlers.
    if threading.current_thread() is not threading.main_thread() or not own:
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []

    def restore() -> None:
        for number, handler in own.items():
            signal.signal(number, handler)

    def hold(number: int, frame: FrameType | None) -> None:
        restore()
        caught.append((number, frame))

    try:
        for number in own:
            signal.signal(number, hold)
        yield
    finally:
        restore()
    if caught:
        own[signal.Signals(caught[0][0])](*caught[0])


@contextlib.contextmanager
def terminations_raised() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP raise `SystemExit`, where they would end the process.

    So that work can be saved on the way out. The exit status is 128 plus the signal's number, what
    a shell reports of a process that ended by it. Handlers of the user's own, and signals that are
    ignored (nohup), stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    default = [n for n in TERMINATIONS if signal.getsignal(n) is signal.SIG_DFL]
    try:
        for number in default:
            signal.signal(number, leave)
        yield
    finally:
        for number in default:
            signal.signal(number, signal.SIG_DFL)
