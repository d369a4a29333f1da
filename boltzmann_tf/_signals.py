"""Processes that end in order: by a signal, and with the process that started them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

__all__ = ["FOLLOW", "Terminated", "follow_parent", "terminations_raise"]

FOLLOW = "BOLTZMANN_TF_FOLLOW_STDIN"  # set for children: they end when their standard input does
PATIENCE = 20.0  # seconds for a child to save and end


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, raised where Ctrl-C would be: whoever saves on the one does on the other.

    Attributes:
      number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


@contextlib.contextmanager
def terminations_raise() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP during the block into `Terminated`; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise Terminated(number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Ignored ones stay ignored: `nohup` wants no end by a hang-up.
    numbers = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow_parent() -> None:
    """Ends this process by SIGTERM once its standard input ends, where its parent asked for that.

    The parent holds the other end and never writes: however it ends, killed too, the system closes
    it. One that does not end by SIGTERM in time is ended at once.
    """
    if not os.environ.pop(FOLLOW, ""):
        return

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()
