"""Averages of many columns over configurations, taken in parts so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, positive_int
from boltzmann_tf.estimators._common import as_float64, check_log_weights, jackknife_error
from boltzmann_tf.estimators._tails import NEGLIGIBLE, kish, pareto_shape, tail_message
from boltzmann_tf.estimators.chains import mean_with_error

__all__ = ["BlockSums", "Columns", "average_of", "sides_of"]

DEFAULT_BLOCKS = 400
PART = 1_000_000  # numbers in memory at a time: 8 MB, which stay in the cache of a processor
PIECES = 400  # of a chain: what is averaged before its correlations are looked at

Function = Callable[[np.ndarray], np.ndarray]  # [m, n, dimension] to [m, k]


class Columns(NamedTuple):
    """Averages of columns.

    Attributes:
      value: [k].
      standard_error: [k], NaN where none can be stated.
      counts: sums of the columns without weights, over configurations of non-zero weight, [k].
      message: what to `flag`, or None.
    """

    value: np.ndarray
    standard_error: np.ndarray
    counts: np.ndarray
    message: str | None


class BlockSums:
    """Weighted sums over blocks of consecutive samples, of which any number may come.

    Blocks hold 1, 2, 4, ... samples: when there are twice as many as wanted, neighbours are joined.

    Args:
      n_blocks: at the end there are this many up to twice as many, or all samples.
      k: columns.
    """

    def __init__(self, n_blocks: int, k: int) -> None:
        self.most, self.size, self.n = 2 * n_blocks, 1, 0
        self.shift = -np.inf  # the largest log-weight so far: exp(-shift) is in all sums
        self.weights, self.sums = np.zeros(self.most), np.zeros((self.most, k))

    def add(self, columns: np.ndarray, log_weights: np.ndarray) -> None:
        """Adds samples, [m, k] and [m]; columns finite also where the weight is zero."""
        top = float(log_weights.max())
        if top > self.shift:
            scale = np.exp(self.shift - top)
            self.weights *= scale
            self.sums *= scale
            self.shift = top
        m = len(log_weights)
        while (self.n + m - 1) // self.size >= self.most:
            for array in (self.weights, self.sums):
                half = self.most // 2
                array[:half] = array[0::2] + array[1::2]
                array[half:] = 0.0
            self.size *= 2
        weights = np.zeros(m) if self.shift == -np.inf else np.exp(log_weights - self.shift)
        block = (self.n + np.arange(m)) // self.size
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        self.weights[block[starts]] += np.add.reduceat(weights, starts)
        self.sums[block[starts]] += np.add.reduceat(weights[:, None] * columns, starts, axis=0)
        self.n += m

    def averages(self) -> tuple[np.ndarray, np.ndarray]:
        """Averages [k] and their errors by a jackknife over blocks [k].

        An error is NaN where one block holds all there is, and where nothing ever changed.
        """
        used = -(-self.n // self.size)
        weights, sums = self.weights[:used], self.sums[:used]
        total, whole = weights.sum(), sums.sum(axis=0)
        value = whole / total
        if used < 2:
            return value, np.full(value.shape, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (whole - sums) / (total - weights)[:, None]
        error = jackknife_error(left)
        alone = np.count_nonzero(sums, axis=0) < 2
        # Of columns that never change only rounding is left.
        still = error <= 1e-14 * np.abs(value)
        return value, np.where(alone | still, np.nan, error)


def average_of(
    columns: Function,
    positions: Any,
    log_weights: Any,
    *,
    name: str,
    n_blocks: int,
    k: int,
    cost: Callable[[int, int], int],
    check: Callable[[tuple[int, int]], None],
) -> Columns:
    """Averages columns over configurations, with errors.

    Args:
      columns: of configurations.
      positions: [samples, n, dimension]; Markov chains [chains, draws, n, dimension]; or an
        iterator of pairs of the first and log-weights.
      log_weights: [samples], or None; None for the other two.
      name: of the estimator.
      n_blocks: of consecutive samples.
      k: number of columns.
      cost: numbers in memory for one configuration, of n and dimension.
      check: raises unless (n, dimension) fits the other arguments.
    """
    positive_int("n_blocks", n_blocks, minimum=2)
    if isinstance(positions, Iterator):
        if log_weights is not None:
            raise ValueError("log_weights must be None where positions are an iterator of pairs")
        batches: Any = positions
    else:
        array = _configurations("positions", positions)
        check(array.shape[-2:])
        if array.ndim == 4:
            if log_weights is not None:
                raise ValueError("log_weights must be None for chains, got an array")
            return _of_chains(columns, array, k, _part(cost, array))
        batches = [(array, log_weights)]
    return _of_samples(columns, batches, name, BlockSums(n_blocks, k), cost, check)


def _of_samples(
    columns: Function,
    batches: Any,
    name: str,
    blocks: BlockSums,
    cost: Callable[[int, int], int],
    check: Callable[[tuple[int, int]], None],
) -> Columns:
    counts, given = np.zeros(blocks.sums.shape[1]), []
    weighted: bool | None = None
    for batch in batches:
        if not isinstance(batch, tuple) or len(batch) != 2:
            raise TypeError(f"positions must yield pairs of positions and log-weights, got {batch}")
        array = _configurations("positions", batch[0])
        if array.ndim != 3:
            raise ValueError(f"positions must have shape [samples, n, d], got {array.shape}")
        check(array.shape[-2:])
        logs = np.zeros(len(array))
        if weighted not in (None, batch[1] is not None):
            raise ValueError("positions must all come with log-weights, or none of them, got both")
        weighted = batch[1] is not None
        if weighted:
            logs = check_log_weights(
                "log_weights", batch[1], size=len(array), some_finite=batches.__class__ is list
            )
        given.append(logs)
        step = _part(cost, array)
        for start in range(0, len(array), step):
            part = logs[start : start + step]
            used = part > -np.inf
            table = np.zeros((len(part), len(counts)))
            if used.any():
                # What has no weight lies outside the support, and may be anything.
                inside = finite_array("positions", array[start : start + step][used])
                table[used] = columns(inside)
                counts += table.sum(axis=0)
            blocks.add(table, part)
    if blocks.n == 0 or blocks.shift == -np.inf:
        raise ValueError(f"log_weights must hold a weight above zero, got none of {blocks.n}")
    value, error = blocks.averages()
    message = None
    if weighted:
        logs = np.concatenate(given)
        message = tail_message(name, pareto_shape(logs, NEGLIGIBLE), kish(logs), logs.size)
    return Columns(value, error, counts, message)


def _of_chains(columns: Function, array: np.ndarray, k: int, step: int) -> Columns:
    """Pieces of each chain are averaged; the rest is what is done with any chains."""
    chains, draws = array.shape[:2]
    length = -(-draws // PIECES)
    pieces = draws // length
    sums = np.zeros((chains, pieces, k))
    for chain in range(chains):
        for start in range(draws - pieces * length, draws, step):
            part = finite_array("positions", array[chain, start : start + step])
            piece = (np.arange(start, start + len(part)) - (draws - pieces * length)) // length
            np.add.at(sums[chain], piece, columns(part))
    found = mean_with_error(sums / length)
    return Columns(
        np.asarray(found.value),
        np.asarray(found.standard_error),
        sums.sum(axis=(0, 1)),
        None,
    )


def _configurations(name: str, value: Any) -> np.ndarray:
    """The array in its own dtype: what is large is converted in parts."""
    array = value if isinstance(value, np.ndarray) else as_float64(name, value)
    if array.ndim not in (3, 4) or array.size == 0 or not 1 <= array.shape[-1] <= 3:
        raise ValueError(
            f"{name} must have shape [samples, n, dimension] or [chains, draws, n, dimension], got "
            f"{array.shape}"
        )
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be an array of numbers, got dtype {array.dtype}")
    if array.shape[-2] < 2:
        raise ValueError(f"{name} must be of two particles or more, got {array.shape[-2]}")
    return array


def _part(cost: Callable[[int, int], int], array: np.ndarray) -> int:
    return max(1, PART // cost(*array.shape[-2:]))


def sides_of(lengths: Any, dimension: int) -> np.ndarray:
    """Sides of a periodic box, `[dimension]`, or raises."""
    array = finite_array("lengths", lengths)
    if array.shape not in ((), (dimension,)) or np.any(array <= 0):
        raise ValueError(
            f"lengths must be positive, a number or [{dimension}], got {np.asarray(lengths)}"
        )
    return np.broadcast_to(array, (dimension,)).astype(np.float64)
