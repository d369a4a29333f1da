"""How much a file that is being read may ask for, so that a small one cannot fill the memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

__all__ = ["claim", "claim_part", "room", "within"]

# Bijectors may hold their numbers more than once while they are built (`Repeated` stacks them).
TIMES = 8
SPARE_NUMBERS, SPARE_PARTS = 1 << 16, 100


class _Room:
    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        self.numbers, self.arrays = sum(map(math.prod, shapes)), len(shapes)
        self.size = self.left = TIMES * self.numbers + SPARE_NUMBERS
        # The first axis of an array may be the number of bijectors that share it (`Repeated`).
        self.parts = sum(shape[0] if shape else 1 for shape in shapes) + SPARE_PARTS
        self.layers = self.parts  # each has an array at least; a small one takes its time as well


_ROOM: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextlib.contextmanager
def room(shapes: Sequence[tuple[int, ...]]) -> Iterator[None]:
    """Within the block, what a file of arrays of these shapes cannot fill is refused."""
    token = _ROOM.set(_Room(shapes))
    try:
        yield
    finally:
        _ROOM.reset(token)


def claim(*shape: int) -> None:
    """Called before variables are made: raises unless the file has numbers for them."""
    within(*shape)
    current = _ROOM.get()
    if current is not None:
        current.left -= math.prod(shape)
        current.layers -= 1
        if min(current.left, current.layers) < 0:
            raise ValueError(
                f"the document asks for more variables than the {current.numbers} numbers in its "
                f"{current.arrays} arrays can fill"
            )


def claim_part() -> None:
    """Called for each bijector: raises where there are many more than arrays in the file."""
    current = _ROOM.get()
    if current is not None:
        current.parts -= 1
        if current.parts < 0:
            raise ValueError(
                f"the document asks for more bijectors than its {current.arrays} arrays can fill"
            )


def within(*shape: int) -> None:
    """Called before a table is made: raises if it is out of all proportion to the file."""
    current = _ROOM.get()
    if current is not None and math.prod(shape) > current.size:
        raise ValueError(
            f"the document asks for an array of shape {list(shape)}, and its arrays hold "
            f"{current.numbers} numbers in all"
        )
