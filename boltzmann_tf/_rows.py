"""Rows of configurations, checked, and read by number from arrays that need not be in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._checks import number_array, whole_numbers_held

__all__ = ["Chunk", "Form", "Rows", "joined"]

PLACES = 256  # in the file, from which a window takes its rows
BLOCKS = 1 << 22  # whose order is drawn, at most: 16 MB


class Chunk(NamedTuple):
    """Some rows.

    Attributes:
      x: configurations, `[k, *event_shape]`.
      condition: of each, `[k, condition_size]`.
      rows: their numbers in the pass, int64 `[k]`.
    """

    x: np.ndarray
    condition: np.ndarray
    rows: np.ndarray

    def part(self, low: int, high: int) -> Chunk:
        """The rows `low` to `high`."""
        return Chunk(*(array[low:high] for array in self))


@dataclass(frozen=True)
class Form:
    """What rows must be.

    Attributes:
      name: of the argument, for messages.
      shape: of a configuration.
      dtype: to which they are converted.
      size: components of the condition that each row must have.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Any
    size: int = 0

    def chunk(self, element: Any, place: str, first: int) -> Chunk:
        """Returns an element of a stream as a chunk, or raises unless it is one.

        Args:
          element: configurations `[k, *event_shape]` or a single one; a pair of these and
            conditions where rows have conditions.
          place: of the element in the stream, for messages.
          first: number of its first row.
        """
        x, condition = element, None
        if isinstance(element, tuple) and len(element) in (1, 2):
            x, condition = (*element, None)[:2]
        if (condition is None) == bool(self.size):
            wanted = f"pairs (x, condition) with {self.size} component(s)" if self.size else "x"
            got = "x alone" if condition is None else "a pair"
            raise ValueError(
                f"{self.name} must have elements {wanted} for this generator, got {got} in {place}"
            )
        x = self._rows(self.name, x, self.shape, place, first)
        if condition is None:
            condition = np.zeros((len(x), 0), self.dtype)
        else:
            name = f"condition of {self.name}"
            whole_numbers_held(name, condition, self.dtype)
            condition = self._rows(name, condition, (self.size,), place, first)
            if len(condition) != len(x):
                raise ValueError(
                    f"{name} must have a row for each of the {len(x)} configurations of {place}, "
                    f"got {len(condition)}"
                )
        return Chunk(x, condition, np.arange(first, first + len(x)))

    def _rows(
        self, name: str, value: Any, shape: tuple[int, ...], place: str, first: int
    ) -> np.ndarray:
        array = number_array(name, value, self.dtype)
        if array.shape == shape:
            array = array[None]
        if array.shape[1:] != shape or array.ndim != 1 + len(shape):
            raise ValueError(
                f"{name} must have chunks of shape [k, {', '.join(map(str, shape))}], got "
                f"{array.shape} in {place}"
            )
        if not np.all(np.isfinite(array)):
            bad = np.flatnonzero(~np.all(np.isfinite(array.reshape(len(array), -1)), axis=1))
            raise ValueError(
                f"{name} must be finite, got {len(bad)} row(s) with NaN or infinite of the "
                f"{len(array)} of {place}, the first is row {first + bad[0]}"
            )
        return array

    def check_shape(self, shape: Sequence[int]) -> None:
        """Raises unless an array of this shape holds configurations."""
        wanted = 1 + len(self.shape)
        if len(shape) != wanted:
            raise ValueError(
                f"{self.name} must have {wanted} dimension(s), got shape {tuple(shape)}"
            )
        if tuple(shape[1:]) != self.shape:
            raise ValueError(
                f"{self.name} must have shape [n, {', '.join(map(str, self.shape))}], got "
                f"{tuple(shape)}"
            )
        if not shape[0]:
            raise ValueError(f"{self.name} must not be empty, got shape {tuple(shape)}")


class Rows:
    """Rows that are read by number: an array, `np.memmap`, HDF5 or Zarr dataset.

    `read` takes them in blocks of neighbours, in an order that each pass draws anew: a pass has
    every row once, a window has its rows from many places, and files are read in few pieces.

    Args:
      form: what they must be.
      x: has `shape`, `dtype` and slices, `[n, *event_shape]`.
      condition: the same, `[n, condition_size]`; None without conditions.
      first: row with which they begin.
      last: row before which they end; None for the last.
    """

    can_repeat = True

    def __init__(
        self, form: Form, x: Any, condition: Any = None, first: int = 0, last: int | None = None
    ) -> None:
        self.form, self.x, self.condition, self._first = form, x, condition, first
        self.rows = (len(x) if last is None else last) - first
        self._seed, self._block = 0, 1
        self._order: tuple[int, np.ndarray] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether they take no reading."""
        return all(a is None or type(a) is np.ndarray for a in (self.x, self.condition))

    def between(self, low: int, high: int) -> Rows:
        """The rows `low` to `high` of these."""
        return Rows(self.form, self.x, self.condition, self._first + low, self._first + high)

    def slice(self, low: int, high: int) -> Chunk:
        """Reads neighbouring rows."""
        own = slice(self._first + low, self._first + high)
        element = self.x[own] if self.condition is None else (self.x[own], self.condition[own])
        return self.form.chunk(element, f"rows {own.start} to {own.stop - 1}", own.start)

    def batches(self, size: int) -> Iterator[Chunk]:
        """Yields them in order, `size` at a time, the last ones fewer."""
        for low in range(0, self.rows, size):
            yield self.slice(low, min(low + size, self.rows))
            self._release()

    def arrange(self, seed: int, window: int) -> None:
        """Sets the seed of the order, and the size of the windows that `read` will be asked for."""
        self._seed = seed
        self._block = max(1, window // PLACES, -(-self.rows // BLOCKS))
        self._order = None

    def read(self, start: int, count: int) -> Chunk:
        """The rows `start` to `start + count` of the endless sequence, sorted by number."""
        pieces: list[list[int]] = []
        for low, high in sorted(self._pieces(start, count)):
            if pieces and pieces[-1][1] == low:
                pieces[-1][1] = high
            else:
                pieces.append([low, high])
        found = joined([self.slice(low, high) for low, high in pieces])
        self._release()
        return found

    def _pieces(self, start: int, count: int) -> Iterator[tuple[int, int]]:
        """Where they are."""
        size = self._block
        while count:
            number, offset = divmod(start, self.rows)
            order = self._order_of(number)
            # All blocks are of one size, but for the one at the end of the file.
            short = self.rows - (len(order) - 1) * size
            place = int(np.flatnonzero(order == len(order) - 1)[0]) if short < size else len(order)
            i = offset // size if offset < place * size else (offset + size - short) // size
            begin = i * size - (size - short if i > place else 0)
            low = int(order[i]) * size + offset - begin
            taken = min(count, (short if i == place else size) - (offset - begin))
            yield low, low + taken
            start, count = start + taken, count - taken

    def _order_of(self, number: int) -> np.ndarray:
        if self._order is None or self._order[0] != number:
            blocks = np.arange(-(-self.rows // self._block), dtype=np.int32)
            rng = np.random.default_rng([self._seed, number])
            self._order = (number, rng.permutation(blocks))
        return self._order[1]

    def _release(self) -> None:
        """Lets go of the pages of a mapped file, which would count as the process's memory."""
        for array in (self.x, self.condition):
            # What was written to a private copy lives in its pages alone.
            if not isinstance(array, np.memmap) or array.mode == "c":
                continue
            base: Any = array
            while base is not None and not isinstance(base, mmap.mmap):
                base = getattr(base, "base", None)
            if base is not None and hasattr(mmap, "MADV_DONTNEED"):
                base.madvise(mmap.MADV_DONTNEED)


def joined(parts: list[Chunk]) -> Chunk:
    """The chunks as one."""
    if len(parts) == 1:
        return parts[0]
    return Chunk(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
