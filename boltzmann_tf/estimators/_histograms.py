"""Histograms of several ensembles that differ by a known reduced energy at each level, joined.

Ferrenberg and Swendsen, Phys. Rev. Lett. 63, 1195 (1989). Ensemble k weighs level l by
exp(-reduced[k, l]); together the samples tell what each level weighs without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

__all__ = ["check_links", "joined", "sums_by_level"]

_TOLERANCE = 1e-8  # kT; stated errors are 1e-4 at best
_ITERATIONS = 1000
_STEPS = 100  # of free energies, between logarithms that start anew
_SMALL = 20_000_000
_FAR = 30.0  # kT from the last start; exp(30) loses nothing yet
FEWEST_SHARED, FEW_SHARED = 10.0, 50.0


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
    filled = count > 0
    log_sizes = np.log(sizes)[:, None]
    change = np.inf

    def density(f: np.ndarray) -> np.ndarray:
        return seen - logsumexp(log_sizes + f[:, None] - reduced, axis=0)

    for _ in range(_ITERATIONS):
        # One step in logarithms, which no start can overflow; then many without.
        f = -logsumexp(density(f)[filled] - reduced[:, filled], axis=1)
        log_terms = log_sizes + f[:, None] - reduced[:, filled]
        step, change = _refined(log_terms, count[filled], sizes)
        f = f + step
        f = f - f[0]
        if change < _TOLERANCE:
            return density(f), f
    raise RuntimeError(
        f"free energies must change by less than {_TOLERANCE:g} kT a step in the end, got "
        f"{change:.1e}"
    )


def _refined(
    log_terms: np.ndarray, count: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, float]:
    """What to add to the free energies, [K], and by how much a further step would change them."""
    terms = np.exp(log_terms - log_terms.max(axis=0))

    def shared(step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        share = np.exp(step)[:, None] * terms
        share /= share.sum(axis=0)
        return share, share @ count

    def change(given: np.ndarray) -> np.ndarray:
        new = -np.log(given / sizes)
        return new - new[0]

    step = np.zeros(len(sizes))
    share, given = shared(step)
    for _ in range(_STEPS):
        if np.any(given <= 0) or np.max(np.abs(step)) > _FAR:
            return step, np.inf  # to be taken up anew from here
        fixed = change(given)
        if np.max(np.abs(fixed)) < _TOLERANCE:
            return step + fixed, float(np.max(np.abs(fixed)))
        # Newton's step of the likelihood, whose maximum is the fixed point (Shirts and Chodera
        # 2008, appendix C); taken where it brings the equations nearer, as it does close to it.
        newton = _newton(share, given, count, sizes)
        if newton is not None and np.max(np.abs(newton)) < _FAR:
            share_then, given_then = shared(step + newton)
            if np.all(given_then > 0) and np.max(np.abs(change(given_then))) < np.max(
                np.abs(fixed)
            ):
                step, share, given = step + newton, share_then, given_then
                continue
        step = step + fixed
        share, given = shared(step)
    return step, np.inf


def check_links(
    reduced: np.ndarray,
    sums: np.ndarray,
    sizes: np.ndarray,
    f: np.ndarray,
    what: str,
    names: Sequence[str],
) -> float:
    """Returns how many samples the weakest link between ensembles rests on, or raises.

    A sample at a level belongs to ensemble k with the probability share_k; two ensembles share
    sum share_i share_j of the samples. These numbers are the information about f_i - f_j, and
    act as conductances: f_i - f_j has the variance of the resistance between i and j.

    Args:
      reduced: [K, levels].
      sums: of weights in each ensemble, [K, levels].
      sizes: numbers of (effective) samples, [K].
      f: from `joined`, [K].
      what: a message's name for the ensembles.
      names: of each, for the message.

    Raises:
      RuntimeError: where two groups of ensembles are held together by fewer than ten samples.
    """
    if len(sizes) == 1:
        return float("inf")
    count = sizes @ (sums / sums.sum(axis=1, keepdims=True))
    log_terms = np.log(sizes)[:, None] + f[:, None] - reduced
    share = np.exp(log_terms - logsumexp(log_terms, axis=0))
    shared = (share * count) @ share.T
    np.fill_diagonal(shared, 0.0)
    tiny = 1e-6 * FEWEST_SHARED  # such links carry nothing, and would cost the inverse its digits
    groups, group = connected_components(shared > tiny, directed=False)
    links = np.zeros_like(shared)
    for g in range(groups):
        own = np.flatnonzero(group == g)
        part = shared[np.ix_(own, own)]
        inverse = np.linalg.pinv(np.diag(part.sum(axis=1)) - part, hermitian=True)
        variances = np.diag(inverse)
        resistance = variances[:, None] + variances - 2 * inverse
        np.fill_diagonal(resistance, np.inf)
        links[np.ix_(own, own)] = 1 / np.maximum(resistance, 1e-300)
    groups, group = connected_components(links >= FEWEST_SHARED, directed=False)
    if groups > 1:
        said = " and ".join(
            "[" + ", ".join(n for n, g in zip(names, group, strict=True) if g == one) + "]"
            for one in range(groups)
        )
        outside = group[:, None] != group
        raise RuntimeError(
            f"{what} must share {FEWEST_SHARED:g} samples or more with another for their free "
            f"energies to be known, got {links[outside].max():.2g} at most between {said}"
        )
    # The weakest link of the best way through all: where a rising limit first parts them.
    for limit in np.unique(links[links >= FEWEST_SHARED]):
        if connected_components(links > limit, directed=False)[0] > 1:
            return float(limit)
    return float("inf")


def _newton(
    share: np.ndarray, given: np.ndarray, count: np.ndarray, sizes: np.ndarray
) -> np.ndarray | None:
    """Newton's step of the free energies, the first of which stays; None where there is none."""
    # A library's threads wait for each other longer than a product of this size takes.
    small = share.size * len(share) < _SMALL
    product = np.einsum("il,jl->ij", share * count, share) if small else (share * count) @ share.T
    curvature = np.diag(given) - product
    try:
        step = np.linalg.solve(curvature[1:, 1:], (sizes - given)[1:])
    except np.linalg.LinAlgError:
        return None
    return np.concatenate([[0.0], step]) if np.all(np.isfinite(step)) else None
