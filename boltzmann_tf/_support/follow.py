"""Processes that end with the one that started them, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

__all__ = ["FOLLOW", "follow_parent"]

FOLLOW = "BOLTZMANN_TF_FOLLOW_STDIN"  # set for children: they end when their standard input does
PATIENCE = 20.0  # seconds for a child to save and end


def follow_parent() -> None:
    """Ends this process by SIGTERM once its standard input ends, where its parent asked for that.

    The parent holds the other end and never writes: however it ends, killed too, the system closes
    it. One that does not end by SIGTERM in time is ended at once.
    """
    if not os.environ.pop(FOLLOW, ""):
        return

    def watch() -> None:
        # Of the descriptor itself: Python aborts at its end when a thread still holds the lock of
        # a buffered stream.
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()
