"""Products with matrices of numbers, for coordinates: in full precision on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["accurate", "product"]


def accurate(operation: Callable[..., tf.Tensor], *operands: tf.Tensor) -> tf.Tensor:
    """A product of tensors of one dtype, by `tf.matmul` or `tf.einsum`, with all their digits.

    Accelerators multiply float32 matrices with ten bits of each number unless they are told
    otherwise. Networks bear that; distances of atoms do not, and are multiplied in float64 there.
    """
    dtype = operands[0].dtype
    if dtype != tf.float32 or not tf.config.list_logical_devices("GPU"):
        return operation(*operands)
    return tf.cast(operation(*(tf.cast(v, tf.float64) for v in operands)), dtype)


def product(matrix: Any, rows: tf.Tensor) -> tf.Tensor:
    """A matrix `[m, n]` times `[n, batch]`, with all digits."""
    return accurate(tf.matmul, tf.convert_to_tensor(matrix, rows.dtype), rows)
