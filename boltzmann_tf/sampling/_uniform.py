"""Numbers from random words, for compiled kernels: never 0, as often to one side as the other."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["symmetric", "symmetric_pair", "uniform_open"]


@numba.njit(inline="always")
def uniform_open(word: np.uint64) -> float:
    """Returns a uniform number of (0, 1), an odd multiple of 2^-53: neither 0 nor 1.

    With 0 among them, u < exp(-dE / T) would let any move pass once in 2^53, however impossible.
    """
    return np.float64((word >> np.uint64(11)) | np.uint64(1)) * 2.0**-53


@numba.njit(inline="always")
def symmetric(word: np.uint64) -> float:
    """Returns a uniform number of (-1, 1) by the 53 highest bits; x is as likely as -x, exactly."""
    return np.float64(word >> np.uint64(11)) * 2.0**-52 - (1 - 2.0**-53)


@numba.njit(inline="always")
def symmetric_pair(word: np.uint64) -> tuple[float, float]:
    """Returns two uniform numbers of (-1, 1), of 32 bits each; x is as likely as -x, exactly."""
    return (
        np.float64(word >> np.uint64(32)) * 2.0**-31 - (1 - 2.0**-32),
        np.float64(word & np.uint64(2**32 - 1)) * 2.0**-31 - (1 - 2.0**-32),
    )
