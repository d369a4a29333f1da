"""Histograms of several ensembles that differ by a known reduced energy at each level, joined.

Ferrenberg and Swendsen, Phys. Rev. Lett. 63, 1195 (1989). Ensemble k weighs level l by
exp(-reduced[k, l]); together the samples tell what each level weighs without it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

__all__ = ["joined", "sums_by_level"]

_TOLERANCE = 1e-8  # kT; stated errors are 1e-4 at best
_ITERATIONS = 100_000


def sums_by_level(
    level: np.ndarray, log_weights: np.ndarray, columns: np.ndarray, levels: int, blocks: int
) -> np.ndarray:
    """Sums of weights and of weights times columns by block and level, [blocks, levels, 1 + m].

    Weights are normalised over all blocks.

    Args:
      level: of each sample and draw, int [n, draws]; draws of one sample share its weight.
      log_weights: [n].
      columns: [n, draws, m].
      levels: how many.
      blocks: of consecutive samples.
    """
    n, draws = level.shape
    if n < blocks:
        raise ValueError(f"n_blocks must be at most the number of samples, {n}, got {blocks}")
    weights = np.exp(log_weights - log_weights.max())
    weights = np.repeat(weights / weights.sum() / draws, draws)
    place = np.repeat(np.arange(n) * blocks // n, draws) * levels + level.ravel()
    each = [np.ones(n * draws), *columns.reshape(n * draws, -1).T]
    found = [np.bincount(place, weights * column, blocks * levels) for column in each]
    return np.stack(found, axis=-1).reshape(blocks, levels, -1)


def joined(
    reduced: np.ndarray, sums: np.ndarray, sizes: np.ndarray, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The log-weight of each level without any of the reduced energies, up to a constant.

    Args:
      reduced: [K, levels].
      sums: of weights in each ensemble, [K, levels].
      sizes: numbers of (effective) samples, [K].
      start: free energies to start from, [K].

    Returns:
      the log-weights, -inf at levels never seen, [levels]; and the free energies f_k = -log Z_k
      with f_0 = 0, [K].

    Raises:
      RuntimeError: if the free energies do not converge, as when neighbours share no level.
    """
    f = np.zeros(len(sizes)) if start is None else start
    shares = sums / sums.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        seen = np.log(sizes @ shares)
    log_sizes = np.log(sizes)[:, None]
    for _ in range(_ITERATIONS):
        density = seen - logsumexp(log_sizes + f[:, None] - reduced, axis=0)
        new = -logsumexp(density - reduced, axis=1)
        new -= new[0]
        change, f = np.max(np.abs(new - f)), new
        if change < _TOLERANCE:
            return density, f
    raise RuntimeError(f"free energies must converge, still changed by {change:.1e} a step")
