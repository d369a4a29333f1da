"""Compiled loops over pairs and wave vectors; imported on first use, with Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = ["densities", "histogram"]

# Sums in any order, for vector units; NaN and infinity are what they are.
OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
}


def _njit(function: Callable[..., None]) -> Any:
    """Compiled at the first call; cached on disk where there is a place."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return numba.njit(**OPTIONS)(function)


@_njit
def histogram(
    first: np.ndarray,
    second: np.ndarray,
    same: bool,  # noqa: FBT001
    sides: np.ndarray,
    edges: np.ndarray,
    even: bool,  # noqa: FBT001
    counts: np.ndarray,
) -> None:
    """Counts pairs by their distance, as `numpy.histogram` does: the last bin is closed.

    Args:
      first: [m, dimension, n].
      second: [m, dimension, k]; the same array for pairs within it, each once.
      same: whether it is.
      sides: of the periodic box, [dimension], 0 for open.
      edges: [bins + 1].
      even: whether bins have one width.
      counts: to add to, [m, bins].
    """
    n, k, dimension, bins = first.shape[2], second.shape[2], first.shape[1], counts.shape[1]
    low, high = edges[0], edges[bins]
    per_width = bins / (high - low)
    square = np.empty(k)
    least, most = low * low * (1 - 1e-12), high * high * (1 + 1e-12)
    for c in range(first.shape[0]):
        for i in range(n):
            start = i + 1 if same else 0
            square[start:] = 0.0
            for a in range(dimension):
                x, side = first[c, a, i], sides[a]
                row = second[c, a]
                if side > 0:
                    for j in range(start, k):
                        d = row[j] - x
                        d -= side * np.floor(d / side + 0.5)
                        square[j] += d * d
                else:
                    for j in range(start, k):
                        d = row[j] - x
                        square[j] += d * d
            for j in range(start, k):
                if square[j] < least or square[j] > most:
                    continue
                r = np.sqrt(square[j])
                if r < low or r > high:
                    continue
                if even:
                    b = min(int((r - low) * per_width), bins - 1)
                    # The edges decide, not the division.
                    while b > 0 and r < edges[b]:
                        b -= 1
                    while b < bins - 1 and r >= edges[b + 1]:
                        b += 1
                else:
                    b = min(np.searchsorted(edges, r, side="right") - 1, bins - 1)
                counts[c, b] += 1.0


@_njit
def densities(
    rows: np.ndarray,
    sides: np.ndarray,
    vectors: np.ndarray,
    shell: np.ndarray,
    most: np.ndarray,
    out: np.ndarray,
) -> None:
    """Adds |sum over particles of exp(i q x)|^2 of each wave vector to its shell.

    exp(2 pi i n x / L) comes from that of n - 1 by one multiplication, for each axis.

    Args:
      rows: [m, 3, n], zero beyond the dimension.
      sides: of the box, [3].
      vectors: n, int [vectors, 3]; sorted, so that those with the same first two follow another.
      shell: of each vector, [vectors].
      most: largest |n| on each axis, [3].
      out: to add to, [m, shells].
    """
    m, n = rows.shape[0], rows.shape[2]
    size = 2 * most.max() + 1
    re, im = np.empty((3, size, n)), np.empty((3, size, n))
    two_re, two_im = np.empty(n), np.empty(n)
    for c in range(m):
        for a in range(3):
            top = most[a]
            for j in range(n):
                angle = 2 * np.pi * rows[c, a, j] / sides[a]
                cosine, sine = np.cos(angle), np.sin(angle)
                u, v = 1.0, 0.0
                for k in range(top + 1):
                    re[a, top + k, j], im[a, top + k, j] = u, v
                    re[a, top - k, j], im[a, top - k, j] = u, -v
                    u, v = u * cosine - v * sine, u * sine + v * cosine
        for q in range(vectors.shape[0]):
            kx, ky, kz = vectors[q, 0], vectors[q, 1], vectors[q, 2]
            if q == 0 or kx != vectors[q - 1, 0] or ky != vectors[q - 1, 1]:
                xr, xi = re[0, most[0] + kx], im[0, most[0] + kx]
                yr, yi = re[1, most[1] + ky], im[1, most[1] + ky]
                for j in range(n):
                    two_re[j] = xr[j] * yr[j] - xi[j] * yi[j]
                    two_im[j] = xr[j] * yi[j] + xi[j] * yr[j]
            zr, zi = re[2, most[2] + kz], im[2, most[2] + kz]
            s, t = 0.0, 0.0
            for j in range(n):
                s += two_re[j] * zr[j] - two_im[j] * zi[j]
                t += two_re[j] * zi[j] + two_im[j] * zr[j]
            out[c, shell[q]] += s * s + t * t
