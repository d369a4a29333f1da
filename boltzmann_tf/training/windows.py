"""Training on data larger than memory: each call of the compiled steps sees a window of rows.

The step draws its batches from the window as it does from data that are in memory. The rows of a
window are a function of the position in the run, so that a resumed run is the same run.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import itertools
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.rows import Chunk, Rows
from boltzmann_tf._support.streams import Stream
from boltzmann_tf.training.faults import check_rows, stray_row
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.step_shape import Data

__all__ = ["Windows", "data_document", "of_stage", "sha256", "training_data"]

LARGEST = 1 << 27  # bytes of a window, where the user does not say


class Windows:
    """Data of a run that its calls see window by window.

    A window has as many rows as the steps of a call take, so that a row is seen about once a pass.

    Args:
      source: of the rows.
      stages: of the run.
      steps_per_call: of the compiled steps.
      window: rows of a window; None for as many as the steps take, within `LARGEST`.
      seed: of the order in which rows that are read by number come.
    """

    def __init__(
        self,
        source: Rows | Stream,
        stages: Sequence[Stage],
        steps_per_call: int,
        window: int | None,
        seed: int,
    ) -> None:
        self._source, self._steps_per_call = source, steps_per_call
        form = source.form
        self._iterations = [stage.iterations for stage in stages]
        sizes = _sizes(source, stages, steps_per_call, window)
        # A stage whose losses see no data reads nothing.
        self._sizes = [
            n if stage.shape().of_data else 0 for n, stage in zip(sizes, stages, strict=True)
        ]
        used = [n for n in self._sizes if n] or sizes[:1]
        source.arrange(seed, min(used))
        self._warned = False
        self._none = Data(
            tf.zeros([1, *form.shape], form.dtype), tf.zeros([1, form.size], form.dtype)
        )
        first = self._read(0, used[0])
        self._hashes = [sha256(array) for array in first[:2]]
        self.first = _tensors(first)

    def document(self) -> dict[str, Any]:
        """What of them is seen in the identity of a run: not 10 GB, but the first window."""
        return {
            "shape": [self._source.rows, *self._source.form.shape],
            "windows": self._sizes,
            "steps of a window": self._steps_per_call,
            "sha256 of the first": self._hashes[0],
            "condition_sha256 of the first": self._hashes[1],
        }

    def of_stage(
        self, number: int, done: int, stage_ends: Sequence[int]
    ) -> Generator[Data, None, None]:
        """Yields the windows of the calls that are left in a stage, the next one read meanwhile.

        Args:
          number: of the stage.
          done: steps of it that were taken before.
          stage_ends: steps of the run at the end of each stage before it.
        """
        size, left = self._sizes[number], self._calls(self._iterations[number] - done)
        if not size:
            yield from itertools.repeat(self._none, left)
            return
        before = np.diff([0, *stage_ends[:number]])
        calls = [self._calls(int(steps)) for steps in before]
        start = sum(n * own for n, own in zip(calls, self._sizes, strict=False))
        start += self._calls(done) * size
        with ThreadPoolExecutor(1, thread_name_prefix="windows") as pool:
            read = contextvars.copy_context().run  # a stream may compute, and is counted
            ahead = pool.submit(read, self._window, start, size)
            for i in range(left):
                window = ahead.result()
                start += size
                if i + 1 < left:
                    ahead = pool.submit(read, self._window, start, size)
                yield window

    def _calls(self, steps: int) -> int:
        return -(-steps // self._steps_per_call)

    def _window(self, start: int, size: int) -> Data:
        # The first has been read before, and a stream cannot be read again.
        return self.first if not start else _tensors(self._read(start, size))

    def _read(self, start: int, size: int) -> Chunk:
        chunk = self._source.read(start, size)
        name = self._source.form.name
        stray = stray_row(name, chunk.x, chunk.rows)
        if stray is not None:
            if stray.refused:
                raise ValueError(stray.message)
            if not self._warned:
                warnings.warn(stray.message, UserWarning, stacklevel=2)
            self._warned = True
        return chunk


def training_data(
    source: Rows | Stream,
    stages: Sequence[Stage],
    steps_per_call: int,
    window: int | None,
    seed: int,
) -> Data | Windows:
    """What a run trains on: data that fit into a window are taken into memory.

    The run is then, bit for bit, that of the same array. Arguments as of `Windows`.
    """
    if isinstance(source, Rows):
        fits = source.in_memory and window is None
        if fits or source.rows <= min(_sizes(source, stages, steps_per_call, window)):
            rows = source.slice(0, source.rows)
            if not source.in_memory:  # or it has been looked at
                check_rows(source.form.name, rows.x)
            return _tensors(rows)
    return Windows(source, stages, steps_per_call, window, seed)


@contextlib.contextmanager
def of_stage(
    data: Data | Windows, number: int, done: int, stage_ends: Sequence[int]
) -> Iterator[Iterator[Data]]:
    """An iterator over what the calls of a stage see; arguments as of `Windows.of_stage`."""
    if isinstance(data, Data):
        yield itertools.repeat(data)
        return
    with contextlib.closing(data.of_stage(number, done, stage_ends)) as found:
        yield found


def data_document(data: Data | Windows) -> dict[str, Any]:
    """What of the data is seen in the identity of a run."""
    if isinstance(data, Windows):
        return data.document()
    return {
        "shape": list(data.x.shape),
        "sha256": sha256(data.x.numpy()),
        "condition_sha256": sha256(data.condition.numpy()),
    }


def _sizes(
    source: Rows | Stream, stages: Sequence[Stage], steps_per_call: int, window: int | None
) -> list[int]:
    """Rows of a window in each stage."""
    form = source.form
    row = np.dtype(form.dtype).itemsize * (int(np.prod(form.shape)) + form.size)
    most = max(1, LARGEST // row)
    sizes = [
        window or min(steps_per_call * stage.batch_size, max(stage.batch_size, most))
        for stage in stages
    ]
    return sizes if source.rows is None else [min(size, source.rows) for size in sizes]


def _tensors(chunk: Chunk) -> Data:
    return Data(tf.constant(chunk.x), tf.constant(chunk.condition))


def sha256(array: np.ndarray) -> str:
    """Of the bytes of an array."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
