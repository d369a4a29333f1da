"""Ctrl-C, held back while a piece of work must not be torn."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["interrupts_held"]


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Lets Ctrl-C during the block take effect at its end; a second one does at once.

    Without it, an interrupt during compiled code is raised when that returns: its variables have
    been written, and what it was to hand back is lost.
    """
    handler = signal.getsignal(signal.SIGINT)
    # Only the main thread receives signals, and may set handlers.
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, handler)
        caught.append((number, frame))

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if caught:
        handler(*caught[0])
