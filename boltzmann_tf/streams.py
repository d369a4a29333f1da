"""Configurations that need not be in memory: rows of a file, or a stream of chunks.

A source of either kind is read in two ways: one pass in order, batch by batch (`batches`), or as
an endless sequence of rows, pass after pass (`read`), of which training takes windows. Chunks are
checked as they come, for nobody waits until a large file has been looked through.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._checks import finite_array, whole_numbers_held
from boltzmann_tf._rows import Chunk, Form, Rows, joined

__all__ = ["Stream", "source", "with_conditions"]

SINGLES = 1024  # configurations of a `tf.data.Dataset` of single ones that make a chunk


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
            together, rest = joined(held), have % size
            for low in range(0, have - rest, size):
                yield together.part(low, low + size)
            held, have = [together.part(have - rest, have)] if rest else [], rest
        if held:
            yield joined(held)

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
        return joined(parts)

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
        whole_numbers_held(name, condition, rows.form.dtype)
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
