"""Helmert's orthonormal basis of numbers whose sum is zero."""

from __future__ import annotations

import numpy as np

__all__ = ["helmert"]


def helmert(n: int) -> np.ndarray:
    """The basis for `n` numbers, float64 `[n - 1, n]`."""
    basis = np.tril(np.ones((n - 1, n)))
    i = np.arange(1, n)
    basis[i - 1, i] = -i
    return basis / np.sqrt(i * (i + 1.0))[:, None]
