"""The distribution of distances of particles, g(r), from weighted configurations or chains."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from boltzmann_tf.estimators._common import check_edges, flag
from boltzmann_tf.estimators._streams import DEFAULT_BLOCKS, average_of, sides_of

__all__ = ["PairDistribution", "pair_distribution"]


class PairDistribution(NamedTuple):
    """How often two particles are at a distance.

    Attributes:
      centers: bin centres [bins].
      edges: bin edges [bins + 1].
      value: in a periodic box g(r), averaged over the shell of the bin; in open space the density
        of the distance of a pair, per length [bins].
      standard_error: [bins]; NaN where one block of samples, or none, has a pair.
      counts: pairs in configurations of non-zero weight, without weights [bins].
      ideal: g of particles that do not meet: (N - 1) / N of one kind, 1 between two; NaN in open
        space. `value / ideal` levels off at 1.
    """

    centers: np.ndarray
    edges: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    counts: np.ndarray
    ideal: float


def pair_distribution(
    positions: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    edges: ArrayLike,
    lengths: ArrayLike | None = None,
    between: tuple[Any, Any] | None = None,
    n_blocks: int = DEFAULT_BLOCKS,
) -> PairDistribution:
    """Returns g(r) in a periodic box, or the density of pair distances in open space.

    In a periodic box of volume V and with the nearest image,

        g(r) = V / N^2 <sum over i and j != i of delta(r - r_ij)> / (surface of a sphere),

    the textbook's, so that an ideal gas has (N - 1) / N and not 1: a particle does not meet itself.
    That number is `ideal` of the result. Between two kinds N^2 is N_a N_b, and an ideal gas has 1.
    In open space there is no density to compare with: the value is the density of the distance of
    one pair, per length, and its integral the share of pairs within the edges.

    Configurations are read in parts; an iterator of them need never be in memory as a whole. The
    error is a jackknife's over blocks of consecutive configurations; that of chains is
    `mean_with_error`'s. With weights whose tails are too heavy for it, a `CalibrationWarning` says
    so.

    Args:
      positions: [samples, n, dimension]; Markov chains [chains, draws, n, dimension], without
        weights; or an iterator of pairs, positions and log-weights (or None) of some samples each.
      log_weights: [samples], -inf allowed; None for samples of the target itself.
      edges: bin edges [bins + 1], increasing, >= 0; in a periodic box at most half its shortest
        side, beyond which a sphere leaves it.
      lengths: sides of the periodic box, a number or [dimension]; None for open space.
      between: numbers of the particles of two kinds, equal or without a common one; None for all.
      n_blocks: blocks of samples; there are as many up to twice as many. Samples correlated over m
        steps need n / n_blocks well above m.

    Returns:
      see `PairDistribution`.
    """
    edges = check_edges("edges", edges)
    if edges[0] < 0:
        raise ValueError(f"edges must be >= 0, got {edges[0]:.6g}")
    kinds: list[np.ndarray] = []
    scale = np.ones(edges.size - 1)
    sides = np.zeros(3)
    ideal = np.nan

    def check(shape: tuple[int, int]) -> None:
        nonlocal ideal, sides
        n, dimension = shape
        kinds[:] = _kinds(between, n)
        a, b = kinds[0].size, kinds[-1].size
        pairs = a * (a - 1) / 2 if len(kinds) == 1 else a * b
        if lengths is None:
            scale[:] = 1 / (pairs * np.diff(edges))
            return
        sides = sides_of(lengths, dimension)
        if edges[-1] > sides.min() / 2 * (1 + 1e-12):
            raise ValueError(
                f"edges must be at most half the shortest side, {sides.min() / 2:.6g}, got "
                f"{edges[-1]:.6g}"
            )
        ball = np.pi ** (dimension / 2) / gamma(dimension / 2 + 1)
        shells = ball * np.diff(edges**dimension)
        squares = a * a / 2 if len(kinds) == 1 else a * b
        scale[:] = sides.prod() / (squares * shells)
        ideal = pairs / squares

    even = bool(np.allclose(np.diff(edges), np.diff(edges).mean(), rtol=1e-9, atol=0))

    def counted(part: np.ndarray) -> np.ndarray:
        from boltzmann_tf.estimators._pair_kernels import histogram

        counts = np.zeros((len(part), edges.size - 1))
        rows = [np.ascontiguousarray(part[:, kind].transpose(0, 2, 1)) for kind in kinds]
        histogram(rows[0], rows[-1], len(rows) == 1, sides, edges, even, counts)
        return counts

    found = average_of(
        counted, positions, log_weights, name="pair_distribution", n_blocks=n_blocks,
        k=edges.size - 1, cost=lambda n, dimension: 3 * n * dimension + 3 * edges.size, check=check,
    )  # fmt: skip
    if found.message is not None:
        flag(found.message)
    empty = found.counts == 0
    return PairDistribution(
        centers=0.5 * (edges[1:] + edges[:-1]),
        edges=edges,
        value=scale * found.value,
        standard_error=np.where(empty, np.nan, scale * found.standard_error),
        counts=np.rint(found.counts).astype(np.int64),
        ideal=float(ideal),
    )


def _kinds(between: tuple[Any, Any] | None, n: int) -> list[np.ndarray]:
    """Particles of the kinds: one array for pairs within it, or two."""
    if between is None:
        return [np.arange(n)]
    if not isinstance(between, tuple | list) or len(between) != 2:
        raise TypeError(f"between must be two lists of particles, got {between!r}"[:300])
    kinds = []
    for kind in between:
        array = np.asarray(kind)
        wrong = array.ndim != 1 or not array.size or array.dtype.kind not in "iu"
        if wrong or array.min() < 0 or array.max() >= n or np.unique(array).size < array.size:
            raise ValueError(
                f"between must hold different particle numbers in 0 .. {n - 1}, got {kind!r}"[:300]
            )
        kinds.append(np.sort(array))
    a, b = kinds
    if np.array_equal(a, b):
        if a.size < 2:
            raise ValueError(f"between must hold two particles at least, got {between!r}")
        return [a]
    common = np.intersect1d(a, b)
    if common.size:
        raise ValueError(
            f"between must be equal or have no common particle, got {common.tolist()} in both"[:300]
        )
    return kinds
