"""The structure factor S(q), in periodic boxes and in open space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j0

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.estimators._common import flag
from boltzmann_tf.estimators._streams import DEFAULT_BLOCKS, average_of, sides_of

__all__ = ["StructureFactor", "debye_structure_factor", "structure_factor"]

MOST_VECTORS = 2_000_000


class StructureFactor(NamedTuple):
    """What scatters, for each length of a wave vector.

    Attributes:
      q: lengths of wave vectors, increasing; of a shell, the mean of its vectors' [k].
      value: S(q), 1 for an ideal gas in a periodic box [k].
      standard_error: [k]; NaN where none can be stated.
      vectors: how many wave vectors the value is the average of, q and -q counted once [k]; 0 where
        it is an average over all directions.
    """

    q: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    vectors: np.ndarray


def structure_factor(
    positions: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    q_max: float,
    lengths: ArrayLike,
    width: float | None = None,
    n_blocks: int = DEFAULT_BLOCKS,
) -> StructureFactor:
    """Returns S(q) = <|sum over particles of exp(i q x)|^2> / N in a periodic box.

    For the wave vectors of the box, q = 2 pi (n_x / L_x, n_y / L_y, ...), and no others: between
    them the shape of the box scatters. Vectors of one length, or in one shell, are averaged.

    Configurations, weights and errors are as in `pair_distribution`.

    Args:
      positions: [samples, n, dimension], chains or an iterator, as in `pair_distribution`.
      log_weights: [samples], -inf allowed; None for samples of the target itself.
      q_max: the longest wave vectors.
      lengths: sides of the box, a number or [dimension].
      width: of shells (0, width], (width, 2 width], ...; None for one for each length that there
        is.
      n_blocks: as in `pair_distribution`.

    Returns:
      see `StructureFactor`.
    """
    top = positive("q_max", q_max)
    thick = None if width is None else positive("width", width)
    dimension = _dimension_of(positions, lengths)
    sides = sides_of(lengths, dimension)
    vectors, shell, lengths_of, sizes = _shells(top, sides, thick)

    def check(shape: tuple[int, int]) -> None:
        if shape[1] != dimension:
            raise ValueError(
                f"positions must have {dimension} dimensions, as many as lengths, got {shape[1]}"
            )

    most = np.abs(vectors).max(axis=0)
    three = np.concatenate([sides, np.ones(3 - dimension)])

    def scattered(part: np.ndarray) -> np.ndarray:
        from boltzmann_tf.estimators._pair_kernels import densities

        m, n = part.shape[:2]
        rows = np.zeros((m, 3, n))
        rows[:, :dimension] = part.transpose(0, 2, 1)
        out = np.zeros((m, sizes.size))
        densities(rows, three, vectors, shell, most, out)
        return out / (n * sizes)

    found = average_of(
        scattered, positions, log_weights, name="structure_factor", n_blocks=n_blocks, k=sizes.size,
        cost=lambda n, _: 4 * n + 3 * sizes.size, check=check,
    )  # fmt: skip
    if found.message is not None:
        flag(found.message)
    return StructureFactor(lengths_of, found.value, found.standard_error, sizes)


def _dimension_of(positions: ArrayLike, lengths: ArrayLike) -> int:
    """Of an array from itself; of an iterator, from the sides, one for each dimension."""
    if hasattr(positions, "__next__"):
        if np.ndim(lengths) != 1 or not 1 <= np.size(lengths) <= 3:
            raise ValueError(
                "lengths must have one side for each dimension where positions are an iterator, "
                f"got {lengths!r}"
            )
        return np.size(lengths)
    shape = np.shape(positions)
    return shape[-1] if len(shape) >= 3 and 1 <= shape[-1] <= 3 else 1


def _shells(
    top: float, sides: np.ndarray, width: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Half of the wave vectors up to a length, the other half being their negatives.

    Returns:
      n, int [vectors, 3], sorted; the shell of each; of each shell, mean length and number.
    """
    unit = 2 * np.pi / sides
    top *= 1 + 1e-12  # a vector of just this length is in
    most = np.zeros(3, np.int64)
    most[: sides.size] = np.floor(top / unit)
    if np.prod(2.0 * most + 1) > 2 * MOST_VECTORS:
        raise ValueError(
            f"q_max must be short enough for {MOST_VECTORS} wave vectors, got {top:.6g} in a box "
            f"of {sides.tolist()}"
        )
    grids = np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij")
    vectors = np.stack([g.ravel() for g in grids], axis=1)
    vectors = vectors[vectors.shape[0] // 2 + 1 :]  # q and -q scatter alike; nor is 0 there
    squares = ((vectors[:, : sides.size] * unit) ** 2).sum(axis=1)
    lengths = np.sqrt(squares)
    vectors, lengths = vectors[lengths <= top], lengths[lengths <= top]
    if not len(vectors):
        raise ValueError(
            f"q_max must be at least the shortest wave vector of the box, {unit.min():.6g}, got "
            f"{top:.6g}"
        )
    # Lengths that differ by rounding alone are one.
    key = np.rint(lengths / unit.min() * 1e7) if width is None else np.ceil(lengths / width - 1e-9)
    _, shell, sizes = np.unique(key, return_inverse=True, return_counts=True)
    mean = np.bincount(shell, lengths) / sizes
    return vectors, shell.astype(np.int64), mean, sizes


def debye_structure_factor(
    positions: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    q: ArrayLike,
    n_blocks: int = DEFAULT_BLOCKS,
) -> StructureFactor:
    """Returns S(q) in open space, averaged over all directions, by Debye's formula.

        S(q) = 1 + 2 / N <sum over pairs of f(q r)>

    with f = sin(q r) / (q r) in space, the Bessel function J_0(q r) in the plane and cos(q r) on a
    line; S(0) = N. Configurations, weights and errors are as in `pair_distribution`.

    Args:
      positions: [samples, n, dimension], chains or an iterator, as in `pair_distribution`.
      log_weights: [samples], -inf allowed; None for samples of the target itself.
      q: lengths of wave vectors, >= 0, [k].
      n_blocks: as in `pair_distribution`.

    Returns:
      see `StructureFactor`.

    Examples:
      >>> pair = np.tile([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], (400, 1, 1))
      >>> found = bg.estimators.debye_structure_factor(pair, q=[0.01, np.pi])
      >>> found.value.round(3)  # 1 + sin(q r) / (q r)
      array([2., 1.])
    """
    at = finite_array("q", q, ndim=1)
    if np.any(at < 0):
        raise ValueError(f"q must be >= 0, got {at.min():.6g}")

    def scattered(part: np.ndarray) -> np.ndarray:
        m, n, dimension = part.shape
        i, j = np.triu_indices(n, 1)
        r = np.sqrt(((part[:, i] - part[:, j]) ** 2).sum(axis=-1))
        out = np.empty((m, at.size))
        for k, value in enumerate(at):
            x = value * r
            f = {1: np.cos, 2: j0, 3: lambda x: np.sinc(x / np.pi)}[dimension](x)
            out[:, k] = 1 + 2 / n * f.sum(axis=1)
        return out

    found = average_of(
        scattered, positions, log_weights, name="debye_structure_factor", n_blocks=n_blocks,
        k=at.size, cost=lambda n, dimension: (dimension + 3) * n * n + 3 * at.size,
        check=lambda _: None,
    )  # fmt: skip
    if found.message is not None:
        flag(found.message)
    return StructureFactor(at, found.value, found.standard_error, np.zeros(at.size, np.int64))
