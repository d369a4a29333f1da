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
    count = sizes @ shares  # of each level, in all ensembles
    with np.errstate(divide="ignore"):
        seen = np.log(count)
    log_sizes = np.log(sizes)[:, None]

    def density(f: np.ndarray) -> np.ndarray:
        return seen - logsumexp(log_sizes + f[:, None] - reduced, axis=0)

    def consistent(f: np.ndarray) -> np.ndarray:
        new = -logsumexp(density(f) - reduced, axis=1)
        return new - new[0]

    for _ in range(_ITERATIONS):
        new = consistent(f)
        change = np.max(np.abs(new - f))
        if change < _TOLERANCE:
            return density(new), new
        # Newton's step of the likelihood, whose maximum is the fixed point (Shirts and Chodera
        # 2008, appendix C); taken where it brings the equations nearer, as it does close to it.
        step = _newton(log_sizes + new[:, None] - reduced, count, sizes)
        if step is not None and np.max(np.abs(consistent(new + step) - new - step)) < change:
            new = new + step
        f = new
    raise RuntimeError(f"free energies must converge, still changed by {change:.1e} a step")


def _newton(log_terms: np.ndarray, count: np.ndarray, sizes: np.ndarray) -> np.ndarray | None:
    """Newton's step of the free energies, the first of which stays; None where there is none."""
    share = np.exp(log_terms - logsumexp(log_terms, axis=0))
    given = share * count
    slope = given.sum(axis=1) - sizes
    curvature = np.diag(given.sum(axis=1)) - given @ share.T
    try:
        step = np.linalg.solve(curvature[1:, 1:], -slope[1:])
    except np.linalg.LinAlgError:
        return None
    return np.concatenate([[0.0], step]) if np.all(np.isfinite(step)) else None
