"""Work done one piece ahead of the reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")
WORKERS = 2


def ahead(piece: Callable[[int], T], count: int) -> Iterator[T]:
    """Yields `piece(0) .. piece(count - 1)`, two of them computed at a time.

    Compiled functions leave Python's lock, but one alone often keeps a single core busy, as one
    small operation follows another. At most three pieces exist at a time.
    """
    if count < 1:
        return
    yield piece(0)  # alone: it may trace and compile
    if count == 1:
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[T]] = deque()
        for i in range(1, count):
            waiting.append(pool.submit(piece, i))
            if len(waiting) == WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
