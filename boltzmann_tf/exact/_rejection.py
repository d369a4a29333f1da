"""Exact sampling of a low-dimensional density by rejection from a piecewise constant envelope."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["EnvelopeSampler"]

# Room left above the largest of the 3^d values seen in a cell, for a peak between them.
_SLACK = 0.05
_CHUNK = 1 << 19


class EnvelopeSampler:
    """Draws from exp(log_density) on a box of one or two dimensions.

    The box is cut into equal cells. In each the envelope is constant: the largest density at the
    3^d corners, edge midpoints and centre, times 1.05. A cell is drawn with its share of the
    envelope, a point uniformly in it, and kept with probability density / envelope. The result
    has the density exactly (no discretisation error), provided the envelope is one; a proposal
    above it is an error that is raised, not hidden. Mass outside the box is left out.

    Source: von Neumann's rejection method; Devroye, Non-Uniform Random Variate Generation
    (1986), section II.3.
    """

    def __init__(
        self,
        log_density: Callable[[np.ndarray], np.ndarray],
        box: tuple[tuple[float, float], ...],
        cells: int,
    ) -> None:
        """Builds the envelope.

        Args:
          log_density: maps points [n, d] to log densities [n], up to a constant; -inf is zero.
          box: d pairs (lower, upper).
          cells: number of cells along each axis.
        """
        self._log_density = log_density
        self._low = np.array([low for low, _ in box])
        self._size = np.array([(high - low) / cells for low, high in box])
        self._shape = (cells,) * len(box)
        axes = [np.linspace(low, high, 2 * cells + 1) for low, high in box]
        mesh = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=-1)
        log_top = log_density(mesh).reshape((2 * cells + 1,) * len(box))
        for axis in range(len(box)):
            even = np.take(log_top, np.arange(0, 2 * cells + 1, 2), axis=axis)
            odd = np.take(log_top, np.arange(1, 2 * cells + 1, 2), axis=axis)
            left = np.take(even, np.arange(cells), axis=axis)
            right = np.take(even, np.arange(1, cells + 1), axis=axis)
            log_top = np.maximum(np.maximum(left, right), odd)
        self._log_top = log_top.ravel() + np.log1p(_SLACK)
        share = np.exp(self._log_top - self._log_top.max())
        self._cumulative = np.cumsum(share) / share.sum()

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Returns `n` independent points [n, d], float64."""
        out = np.empty((n, len(self._shape)))
        done = 0
        while done < n:
            size = min(_CHUNK, int(1.3 * (n - done)) + 16)
            cell = np.searchsorted(self._cumulative, rng.random(size), side="right")
            cell = np.minimum(cell, self._log_top.size - 1)
            corner = np.stack(np.unravel_index(cell, self._shape), axis=-1)
            points = self._low + (corner + rng.random(corner.shape)) * self._size
            log_ratio = self._log_density(points) - self._log_top[cell]
            if np.any(log_ratio > 0):
                raise RuntimeError(
                    "the rejection envelope was exceeded by a factor of "
                    f"{float(np.exp(log_ratio.max())):.3g}: the density varies too fast for "
                    f"{self._shape[0]} cells an axis"
                )
            kept = points[rng.random(size) < np.exp(log_ratio)][: n - done]
            out[done : done + len(kept)] = kept
            done += len(kept)
        return out
