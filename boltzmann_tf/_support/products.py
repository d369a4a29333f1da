"""Products with matrices of numbers, for coordinates: in full precision on every device."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["product"]


def product(matrix: Any, rows: tf.Tensor) -> tf.Tensor:
    """A matrix `[m, n]` times `[n, batch]`.

    Accelerators multiply float32 matrices with ten bits of each number unless they are told
    otherwise. Networks bear that; distances of atoms do not.
    """
    matrix = tf.convert_to_tensor(matrix, rows.dtype)
    if rows.dtype != tf.float32 or not tf.config.list_logical_devices("GPU"):
        return tf.matmul(matrix, rows)
    return tf.reduce_sum(matrix[:, :, None] * rows[None], axis=1)
