"""Which coordinates a coupling moves, and how they are taken apart and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.room import within

__all__ = ["Halves", "Transformed", "moving_mask"]

Transformed = str | Sequence[bool]


def moving_mask(transformed: Transformed, event_size: int) -> np.ndarray:
    """True where a coordinate moves."""
    if event_size < 2:
        raise ValueError(f"event_size must be at least 2 for a coupling, got {event_size}")
    within(event_size)
    if isinstance(transformed, str):
        if transformed not in ("even", "odd"):
            raise ValueError(
                f"transformed must be 'even', 'odd' or {event_size} booleans, got {transformed!r}"
            )
        return np.arange(event_size) % 2 == (transformed == "odd")
    mask = np.asarray(transformed)
    if mask.dtype != bool or mask.shape != (event_size,):
        raise ValueError(
            f"transformed must be 'even', 'odd' or {event_size} booleans, got {transformed!r}"
        )
    if mask.all() or not mask.any():
        raise ValueError(
            f"transformed must leave some coordinates and move some, got {mask.tolist()}"
        )
    return mask


class Halves:
    """Takes `[..., D]` apart into what stays and what moves, and puts it together.

    Args:
      mask: `[D]`, True where a coordinate moves.
    """

    def __init__(self, mask: np.ndarray) -> None:
        self._size = len(mask)
        self._moving = np.flatnonzero(mask)
        self._fixed = np.flatnonzero(~mask)
        # Position of each coordinate in the concatenation (fixed, moving).
        self._order = np.argsort(np.concatenate([self._fixed, self._moving]))
        # Every second coordinate moves: then pairs of neighbours take the place of slices and a
        # gather, and XLA cancels one coupling's merge against the next one's split.
        self._alternating = self._size % 2 == 0 and np.array_equal(
            self._moving, np.arange(self._moving[0], self._size, 2)
        )

    def split(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The fixed and the moving coordinates."""
        if not self._alternating:
            return _take(value, self._fixed), _take(value, self._moving)
        pairs = tf.reshape(value, _shaped(value, self._size // 2, 2))
        even, odd = tf.unstack(pairs, axis=-1)
        return (odd, even) if self._moving[0] == 0 else (even, odd)

    def merge(self, fixed: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        """Undoes `split`."""
        if not self._alternating:
            return _take(tf.concat([fixed, moved], axis=-1), self._order)
        pairs = tf.stack((moved, fixed) if self._moving[0] == 0 else (fixed, moved), axis=-1)
        return tf.reshape(pairs, _shaped(fixed, self._size))


def _shaped(value: tf.Tensor, *event_shape: int) -> Any:
    """The batch shape of the value with another event shape, for `tf.reshape`."""
    if len(value.shape) == 2:  # without an operation, of which a deep network has many
        return [-1, *event_shape]
    return tf.concat([tf.shape(value)[:-1], event_shape], axis=0)


def _take(value: tf.Tensor, index: np.ndarray) -> tf.Tensor:
    """Selects coordinates; a slice where the positions are evenly spaced, which is cheaper."""
    steps = np.unique(np.diff(index))
    if len(index) == 1:
        return value[..., index[0] : index[0] + 1]
    if len(steps) == 1 and steps[0] > 0:
        return value[..., index[0] : index[-1] + 1 : steps[0]]
    return tf.gather(value, index, axis=-1)
