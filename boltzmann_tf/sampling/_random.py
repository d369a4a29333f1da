"""Random words for compiled kernels: xoshiro256++, one stream a replica, no global state.

Source: Blackman and Vigna, ACM Trans. Math. Softw. 47, 36 (2021). A stream is four words that a
kernel keeps in local variables and writes back when it is done, so that a run depends on its
seeds and neither on the number of threads nor on what else draws numbers.

Numba's cache sees changes of the file a kernel is in but not of what the kernel calls: after a
change here delete the `*.nbi` files in `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = ["kernel", "next_word", "probability_words", "random_below", "streams"]

ALL_ONES = np.uint64(2**64 - 1)

_17, _19, _23, _32, _41, _45 = (np.uint64(k) for k in (17, 19, 23, 32, 41, 45))


def kernel(*, parallel: bool = True) -> Callable[[Callable], Any]:
    """Returns a decorator that compiles a function at its first call, parallel over replicas.

    The machine code is cached on disk where there is a place for it: beside the source, else in
    the user's cache directory. Numba refuses to compile at all where neither can be written to,
    as in a read-only container; there each process compiles for itself.
    """

    def compiled(function: Callable) -> Any:
        try:
            return numba.njit(cache=True, parallel=parallel)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            return numba.njit(parallel=parallel)(function)

    return compiled


def streams(n: int, seed: int) -> np.ndarray:
    """Returns the states of `n` independent streams, uint64 [n, 4], by NumPy's SeedSequence."""
    states = np.empty((n, 4), np.uint64)
    for i in range(n):
        # What SeedSequence(seed).spawn(n)[i] is: stream i does not depend on how many there are.
        sequence = np.random.SeedSequence(seed, spawn_key=(i,))
        states[i] = sequence.generate_state(4, np.uint64)
    return states


def probability_words(probability: np.ndarray) -> np.ndarray:
    """Returns floor(p 2^64), uint64: a random word is below it with probability p.

    A probability of 1 becomes 2^64 - 1, off by 5e-20.
    """
    below_one = np.minimum(probability, np.nextafter(1.0, 0.0))
    return np.where(probability >= 1, ALL_ONES, (below_one * 2.0**64).astype(np.uint64))


@numba.njit(inline="always")
def next_word(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """Returns a random word of 64 bits and the stream's next state."""
    total = a + d
    word = ((total << _23) | (total >> _41)) + a
    shifted = b << _17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << _45) | (d >> _19)
    return word, a, b, c, d


@numba.njit(inline="always")
def random_below(word: np.uint64, n: int) -> np.int64:
    """Returns a random integer in 0 .. n - 1 from a word; n < 2^32, uneven by n / 2^32 at most."""
    return np.int64(((word >> _32) * np.uint64(n)) >> _32)
