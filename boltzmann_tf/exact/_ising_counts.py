"""How many states of the L x L Ising torus have each energy and magnetization, exactly."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["MAX_LENGTH", "count_states", "log_counts"]

# 2^(L^2) states in all: beyond this they overflow 64 bits, and the time and memory of the sweep.
MAX_LENGTH = 8


def _first_rows(length: int) -> list[tuple[int, int]]:
    """First rows up to translation, reflection and flip: (bits, size of the class)."""
    sizes: dict[int, int] = {}
    ones = 2**length - 1
    for row in range(2**length):
        text = format(row, f"0{length}b")
        turned = [text[i:] + text[:i] for i in range(length)]
        images = [int(t[::way], 2) for t in turned for way in (1, -1)]
        least = min(min(image, ones ^ image) for image in images)
        sizes[least] = sizes.get(least, 0) + 1
    return list(sizes.items())


def _sweep(length: int, first: int) -> np.ndarray:
    """Counts with the first row fixed, [(L² + 1)²] uint64 in the layout of `count_states`.

    The spins of the other rows are added one at a time. What has to be remembered is the last
    spin of every column, 2^L boundary states, and per boundary state the number of ways to reach
    it with n unequal bonds and k spins up. Boundary state and first row fix the parity of n, by
    the paths along the columns and the row; so n = 2 m + parity, and only m is an index. It and k
    share one flat index m (L² + 1) + k, in which a new spin is one shift: k never overflows.
    """
    sites = length**2
    width = sites + 1
    # Zeros in front of the counts, to be shifted in: as many as the largest shift.
    margin = (length // 2 + 2) * width
    states = range(2**length)
    old = np.zeros((len(states), margin + width * width), np.uint64)
    new = np.zeros_like(old)
    unlike = [(first ^ state).bit_count() for state in states]
    parity = [n % 2 for n in unlike]
    ring = (first ^ (first >> 1 | (first & 1) << (length - 1))).bit_count()
    old[first, margin + ring // 2 * width + first.bit_count()] = 1
    bonds = length
    for site in range(length, sites):
        column = site % length
        bonds += 1 + (column > 0) + (column == length - 1)
        filled = (bonds // 2 + 1) * width
        next_parity = []
        for state in states:
            spin = state >> column & 1
            unequal = 0
            if column > 0:
                unequal += state >> (column - 1) & 1 ^ spin
            if column == length - 1:
                unequal += state & 1 ^ spin
            # It came from the same boundary with this spin up or down.
            flipped = state ^ 1 << column
            same = parity[state] + unequal
            other = parity[flipped] + unequal + 1
            start = margin - spin - same // 2 * width
            start_other = margin - spin - other // 2 * width
            np.add(
                old[state, start : start + filled],
                old[flipped, start_other : start_other + filled],
                out=new[state, margin : margin + filled],
            )
            next_parity.append(same % 2)
        old, new, parity = new, old, next_parity
    counts = np.zeros(width * width, np.uint64)
    for state in states:
        # The bonds to the first row close the torus.
        start = margin - (parity[state] + unlike[state]) // 2 * width
        counts += old[state, start : start + counts.size]
    return counts


@lru_cache(maxsize=MAX_LENGTH)
def count_states(length: int) -> np.ndarray:
    """Numbers of states g[m, k], [N + 1, N + 1] uint64, read-only, N = L² sites.

    m is half the number of unequal bonds of the 2 N (always even, as every ring has an even
    number), k the number of spins up. Site by site transfer matrix with the first row fixed,
    once for every class of first rows; exact, since every number is below 2^64.

    Source: Binder, Physica 62, 508 (1972), for the recursion.

    Args:
      length: L from 2 to `MAX_LENGTH`; takes 1 s of one core and 20 MB for L = 8.
    """
    width = length**2 + 1
    counts = np.zeros((width, width), np.uint64)
    for first, size in _first_rows(length):
        part = _sweep(length, first).reshape(width, width)
        # Half of the class are flips of the other half, or the class is its own flip.
        counts += np.uint64(size // 2) * (part + part[:, ::-1])
    counts.flags.writeable = False
    return counts


@lru_cache(maxsize=MAX_LENGTH)
def log_counts(length: int) -> np.ndarray:
    """Logs of `count_states`, [N + 1, N + 1] float64, read-only; -inf where there is no state."""
    with np.errstate(divide="ignore"):
        logs = np.log(count_states(length).astype(np.float64))
    logs.flags.writeable = False
    return logs
