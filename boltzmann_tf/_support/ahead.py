"""Work done one piece ahead of the reader."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead", "mapped_ahead"]

S = TypeVar("S")
T = TypeVar("T")
WORKERS = 2


def ahead(piece: Callable[[int], T], count: int) -> Iterator[T]:
    """Yields `piece(0) .. piece(count - 1)`, two of them computed at a time.

    Compiled functions leave Python's lock, but one alone often keeps a single core busy, as one
    small operation follows another. At most three pieces exist at a time.
    """
    return mapped_ahead(piece, range(count))


def mapped_ahead(piece: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """Yields `piece(item)` of each item in order, two of them computed at a time.

    Items are taken as they are needed, in the reader's own thread.
    """
    left = iter(items)
    for item in left:
        yield piece(item)  # alone: it may trace and compile
        break
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[T]] = deque()
        for item in left:
            # In the reader's context: what is counted there is counted in the threads too.
            waiting.append(pool.submit(contextvars.copy_context().run, piece, item))
            if len(waiting) == WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
