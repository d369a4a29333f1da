"""Configurations that need not be in memory: rows of a file, or a stream of chunks.

A source of either kind is read in two ways: one pass in order, batch by batch (`batches`), or as
an endless sequence of rows, pass after pass (`read`), of which training takes windows. Chunks are
checked as they come, for a file may be larger than the patience to look through it first.
"""

from __future__ import annotations

import inspect
import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._checks import finite_array, number_array

__all__ = ["Chunk", "Form", "Rows", "Stream", "source", "with_conditions"]

PLACES = 256  # in the file, from which a window takes its rows
BLOCKS = 1 << 22  # whose order is drawn, at most: 16 MB
SINGLES = 1024  # configurations of a `tf.data.Dataset` of single ones that make a chunk


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
        found = _joined([self.slice(low, high) for low, high in pieces])
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


class Stream:
    """Chunks that come one after another, in passes.

    Args:
      form: what they must be.
      passes: returns an iterator over a new pass at each call.
      can_repeat: whether there is more than one pass.
      ends: whether a pass ends.
    """

    rows = None
    in_memory = False

    def __init__(
        self,
        form: Form,
        passes: Callable[[], Iterator[Any]],
        *,
        can_repeat: bool = True,
        ends: bool = True,
    ) -> None:
        self.form, self._passes, self.can_repeat = form, passes, can_repeat
        self._ends = ends
        self._endless = self._all()
        self._rest: Chunk | None = None  # of the chunk that was begun
        self._position = 0

    def batches(self, size: int) -> Iterator[Chunk]:
        """Yields one pass in order, `size` rows at a time, the last ones fewer."""
        if not self._ends:
            raise ValueError(f"{self.form.name} must end, got a dataset that repeats for ever")
        held: list[Chunk] = []
        have = 0
        for chunk in self._pass(0):
            held.append(chunk)
            have += len(chunk.x)
            if have < size:
                continue
            joined, rest = _joined(held), have % size
            for low in range(0, have - rest, size):
                yield joined.part(low, low + size)
            held, have = [joined.part(have - rest, have)] if rest else [], rest
        if held:
            yield _joined(held)

    def arrange(self, seed: int, window: int) -> None:
        """Nothing: rows come as they come."""

    def read(self, start: int, count: int) -> Chunk:
        """The rows `start` to `start + count` of all passes; `start` never falls.

        Rows between the last call's and these are passed over: a resumed run is further on.
        """
        parts: list[Chunk] = []
        missing = count
        while missing:
            rest = next(self._endless) if self._rest is None else self._rest
            passed = min(len(rest.x), start - self._position)
            taken = min(len(rest.x) - passed, missing)
            if taken:
                parts.append(rest.part(passed, passed + taken))
            self._position += passed + taken
            start, missing = max(start, self._position), missing - taken
            used = passed + taken
            self._rest = rest.part(used, len(rest.x)) if used < len(rest.x) else None
        return _joined(parts)

    def _all(self) -> Iterator[Chunk]:
        number = 0
        while True:
            yield from self._pass(number)
            number += 1

    def _pass(self, number: int) -> Iterator[Chunk]:
        name = self.form.name
        if number and not self.can_repeat:
            raise ValueError(
                f"{name} must not run dry, got an iterator that ended after {self._position} rows "
                "had been used: give a function that returns a new one at each call"
            )
        row = 0
        for i, element in enumerate(self._passes()):
            chunk = self.form.chunk(element, f"chunk {i}", row)
            row += len(chunk.x)
            if len(chunk.x):
                yield chunk
        if not row:
            again = ": a function must return a new iterator at each call" if number else ""
            raise ValueError(f"{name} must not be empty, got no rows in pass {number}{again}")


def source(form: Form, value: Any) -> Rows | Stream:
    """Returns what a user gave as a source, or raises unless it is one.

    Args:
      form: what its rows must be.
      value: an array, or what `numpy.asarray` makes one of, which is checked as a whole; what is
        read by number; a `tf.data.Dataset` of chunks or of single configurations; a function
        without arguments that returns an iterator of chunks; what can be walked again and again;
        an iterator, for one walk. Streams give pairs (x, condition) where rows have conditions;
        to the others `with_conditions` gives them.
    """
    stream = _stream(form, value)
    if stream is not None:
        return stream
    form = replace(form, size=0)
    if _is_rows(value):
        if getattr(value.dtype, "kind", "") not in tuple("biuf"):
            raise TypeError(
                f"{form.name} must be an array of numbers, got {type(value).__name__} of dtype "
                f"{value.dtype}"
            )
        form.check_shape(value.shape)
        return Rows(form, value)
    array = finite_array(form.name, value, ndim=1 + len(form.shape), dtype=form.dtype)
    form.check_shape(array.shape)
    return Rows(form, array)


def with_conditions(rows: Rows, size: int, condition: Any, name: str) -> Rows:
    """The same rows with a condition each, or raises unless there is one of each.

    Args:
      rows: without conditions.
      size: components of a condition; 0 for an unconditional generator.
      condition: an array, or what is read by number, `[n, size]`; None where there is none.
      name: of the argument, for messages.
    """
    if condition is None and not size:
        return rows
    wanted = f"{name} must have shape [{rows.rows}, {size}] for this generator"
    if condition is None or not size:
        raise ValueError(f"{wanted}, got {'none' if size else 'one for an unconditional one'}")
    if not _is_rows(condition):
        condition = finite_array(name, condition, ndim=2, dtype=rows.form.dtype)
    if tuple(condition.shape) != (rows.rows, size):
        raise ValueError(f"{wanted}, got {tuple(condition.shape)}")
    return Rows(replace(rows.form, size=size), rows.x, condition)


def _is_rows(value: Any) -> bool:
    """Whether it is an array that is not in memory, known by shape, dtype and slices."""
    if isinstance(value, np.memmap):
        return True
    if isinstance(value, np.ndarray | np.generic | keras.Variable) or tf.is_tensor(value):
        return False
    # Tensors of other libraries, which are in memory, offer it.
    elsewhere = any(hasattr(value, n) for n in ("__dlpack__", "__array_interface__"))
    return not elsewhere and all(
        hasattr(value, n) for n in ("shape", "dtype", "__getitem__", "__len__")
    )


def _stream(form: Form, value: Any) -> Stream | None:
    """The stream that it is, or None."""
    if isinstance(value, tf.data.Dataset):
        return _dataset(form, value)
    if any(hasattr(value, n) for n in ("shape", "__array__")):
        return None
    if callable(value) and not isinstance(value, type):
        try:
            inspect.signature(value).bind()
        except TypeError as error:
            raise TypeError(
                f"{form.name} must be a function without arguments, got {value!r}: {error}"
            ) from error
        except ValueError:  # no signature to look at, as of some built-in functions
            pass
        return Stream(form, lambda: _walk(form, value()))
    if isinstance(value, str | bytes | Mapping | Set | Sequence):
        return None
    if isinstance(value, Iterator):
        return Stream(form, lambda: value, can_repeat=False)
    return Stream(form, lambda: iter(value)) if isinstance(value, Iterable) else None


def _dataset(form: Form, dataset: tf.data.Dataset) -> Stream:
    ends = int(dataset.cardinality().numpy()) != tf.data.INFINITE_CARDINALITY
    spec = dataset.element_spec
    first = spec[0] if isinstance(spec, tuple) and spec else spec
    rank = first.shape.rank if isinstance(first, tf.TensorSpec) else None
    if rank == len(form.shape):
        dataset = dataset.batch(SINGLES)
    return Stream(form, dataset.as_numpy_iterator, ends=ends)


def _walk(form: Form, found: Any) -> Iterator[Any]:
    """An iterator over what a function returned."""
    if isinstance(found, tf.data.Dataset):
        return found.as_numpy_iterator()
    if hasattr(found, "shape"):  # one array is one chunk
        return iter([found])
    try:
        return iter(found)
    except TypeError as error:
        raise TypeError(
            f"{form.name} must return an iterator of chunks, got {type(found).__name__}"
        ) from error


def _joined(parts: list[Chunk]) -> Chunk:
    if len(parts) == 1:
        return parts[0]
    return Chunk(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
