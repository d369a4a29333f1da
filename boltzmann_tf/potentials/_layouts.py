"""All pairs of particles as one block of numbers: how they lie in it, for TensorFlow's code.

Values of pairs go back to their particles by matrix products. XLA computes again, for every sum,
all that leads to it, but not for every product; and its gradients of gathered rows are loops.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.products import product
from boltzmann_tf.potentials._space import Space

__all__ = ["Layout", "Listed", "Ordered", "layout_of"]

LISTED = 128  # particles at most: the products' cost grows as their third power


class Layout(abc.ABC):
    """The pairs of n particles; configurations are the last axis.

    Args:
      n: number of particles.
      dtype: of all numbers.
    """

    def __init__(self, n: int, dtype: tf.DType) -> None:
        self.n, self.dtype = n, dtype

    @abc.abstractmethod
    def squared_distances(self, rows: list[tf.Tensor], space: Space, sides: Any) -> tf.Tensor:
        """Of all pairs, from rows `[n, batch]`; 1 where a block has a particle with itself."""

    @abc.abstractmethod
    def of_pairs(self, table: Any) -> Any:
        """Parameters of pairs, from a number or a symmetric `[n, n]`."""

    @abc.abstractmethod
    def of_first(self, values: Any) -> tf.Tensor:
        """Values `[n, batch]`, or parameters `[n]`, of the first of each pair."""

    @abc.abstractmethod
    def of_second(self, values: Any) -> tf.Tensor:
        """Values `[n, batch]`, or parameters `[n]`, of the second of each pair."""

    @abc.abstractmethod
    def onto(self, first: Callable[[], tf.Tensor], second: Callable[[], tf.Tensor]) -> tf.Tensor:
        """Sums for each particle over its pairs, `[n, batch]`.

        Args:
          first: makes what each pair gives to its first particle.
          second: to its second one.
        """

    @abc.abstractmethod
    def of_mask(self, mask: np.ndarray) -> np.ndarray:
        """Which pairs are marked, from bool `[n, n]`."""

    @abc.abstractmethod
    def total(self, values: tf.Tensor) -> tf.Tensor:
        """The sum over pairs, each once, `[batch]`."""

    def constant(self, values: Any) -> tf.Tensor:
        """Numbers in the dtype of all."""
        return tf.constant(values, self.dtype)


class Listed(Layout):
    """Each pair once, `[pairs, batch]`: for few particles."""

    def __init__(self, n: int, dtype: tf.DType) -> None:
        super().__init__(n, dtype)
        self._i, self._j = np.triu_indices(n, 1)
        identity = np.eye(n)
        # [pairs, n] matrices: 1 for the first, or for the second, of each pair.
        self._first, self._second = identity[self._i], identity[self._j]

    def squared_distances(self, rows: list[tf.Tensor], space: Space, sides: Any) -> tf.Tensor:
        apart = tuple(product(self._first - self._second, row) for row in rows)
        d = space.difference(apart, (0.0,) * len(rows), sides)
        return space.dot(d, d)

    def of_pairs(self, table: Any) -> Any:
        if np.ndim(table) == 0:
            return self.constant(table)
        return self.constant(table[self._i, self._j][:, None])

    def of_first(self, values: Any) -> tf.Tensor:
        return self._of(values, self._first, self._i)

    def of_second(self, values: Any) -> tf.Tensor:
        return self._of(values, self._second, self._j)

    def _of(self, values: Any, matrix: np.ndarray, index: np.ndarray) -> tf.Tensor:
        if tf.is_tensor(values):
            return product(matrix, values)
        return self.constant(np.asarray(values)[index, None])

    def onto(self, first: Callable[[], tf.Tensor], second: Callable[[], tf.Tensor]) -> tf.Tensor:
        return product(self._first.T, first()) + product(self._second.T, second())

    def of_mask(self, mask: np.ndarray) -> np.ndarray:
        return mask[self._i, self._j, None]

    def total(self, values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(values, axis=0)


class Ordered(Layout):
    """Each pair twice, and each particle with itself, `[n, n, batch]`: for many particles."""

    def squared_distances(self, rows: list[tf.Tensor], space: Space, sides: Any) -> tf.Tensor:
        d = space.difference(
            tuple(row[:, None] for row in rows), tuple(row[None] for row in rows), sides
        )
        return space.dot(d, d) + self.constant(np.eye(self.n)[:, :, None])

    def of_pairs(self, table: Any) -> Any:
        return self.constant(table if np.ndim(table) == 0 else table[:, :, None])

    def of_first(self, values: Any) -> tf.Tensor:
        return values[:, None] if tf.is_tensor(values) else self.constant(values[:, None, None])

    def of_second(self, values: Any) -> tf.Tensor:
        return values[None] if tf.is_tensor(values) else self.constant(values[None, :, None])

    def onto(self, first: Callable[[], tf.Tensor], second: Callable[[], tf.Tensor]) -> tf.Tensor:
        del second  # the pair is met the other way round, too
        return tf.reduce_sum(self._without_itself(first()), axis=1)

    def of_mask(self, mask: np.ndarray) -> np.ndarray:
        return mask[:, :, None]

    def total(self, values: tf.Tensor) -> tf.Tensor:
        return 0.5 * tf.reduce_sum(self._without_itself(values), axis=[0, 1])

    def _without_itself(self, values: tf.Tensor) -> tf.Tensor:
        others = ~np.eye(self.n, dtype=bool)[:, :, None]
        return tf.where(others, values, tf.zeros([], self.dtype))


def layout_of(n: int, dtype: tf.DType) -> Layout:
    """The layout that is faster for n particles."""
    return Listed(n, dtype) if n <= LISTED else Ordered(n, dtype)
