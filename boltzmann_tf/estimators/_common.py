"""What every estimator shares: its result types, its argument checks, its block bootstrap."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array, non_negative, positive_int

__all__ = ["CalibrationWarning", "Estimate", "Estimates"]

# Enough blocks that an average over them has a relative error of its error of about
# 1/sqrt(2 * 4096) = 1 %, few enough that 100 replicas of 100 bins are one small matrix product.
DEFAULT_BLOCKS = 4096


class CalibrationWarning(UserWarning):
    """An estimate outside the regime in which its stated error is calibrated.

    The message names the estimator, the quantity that left the regime, its limit and its value.
    Where the number itself means nothing, estimators raise a `RuntimeError` instead; where no error
    can be stated, it is NaN.
    """


def flag(message: str) -> None:
    """Warns, at the caller of the public function, that an error is not to be believed."""
    warnings.warn(message, CalibrationWarning, stacklevel=3)


class DependentWeights(np.ndarray):
    """Log-weights of samples that are not independent, as resampling makes them.

    An array like any other, and what is computed from it, or cut out of it, is one too. Estimators
    whose errors are those of independent samples say so when they are given it; `np.asarray` makes
    it an ordinary one, for what needs no error.
    """

    def __array_wrap__(self, array: np.ndarray, *_: Any) -> Any:
        """Numbers are numbers, not arrays of no dimension."""
        return array[()] if array.ndim == 0 else array.view(type(self))


class Estimate(NamedTuple):
    """A number and its standard error.

    Attributes:
      value: the estimate.
      standard_error: one standard deviation of `value`; NaN where the data cannot state one, so
        that a comparison such as `abs(error) < 3 * standard_error` fails and never passes idly.
    """

    value: float
    standard_error: float

    def __format__(self, spec: str) -> str:
        """Both with one format: `f"{Estimate(1.5, 0.01):.2f}"` is "1.50 ± 0.01"."""
        if not spec:
            return repr(self)
        return f"{self.value:{spec}} ± {self.standard_error:{spec}}"

    def __sub__(self, other: Estimate) -> Estimate:
        """The difference of two independent estimates."""
        if not isinstance(other, Estimate):
            return NotImplemented
        error = float(np.hypot(self.standard_error, other.standard_error))
        return Estimate(self.value - other.value, error)


class Estimates(NamedTuple):
    """Several numbers and their standard errors.

    Attributes:
      value: estimates, any shape, float64.
      standard_error: their standard errors, same shape; NaN where none can be stated.
    """

    value: np.ndarray
    standard_error: np.ndarray

    def at(self, *index: int) -> Estimate:
        """One of them: `at(2)` of `[n]`, `at(0, 1)` of `[m, n]`."""
        return Estimate(float(self.value[index]), float(self.standard_error[index]))


def jackknife_error(replicas: np.ndarray) -> np.ndarray:
    """Returns the standard error from replicas without one block each, [blocks, ...].

    NaN where one of them is infinite or NaN.
    """
    if not isinstance(replicas, np.ndarray) or replicas.ndim < 1 or len(replicas) < 2:
        raise ValueError(f"replicas must be an array of two or more, got {replicas!r}")
    blocks = len(replicas)
    with np.errstate(invalid="ignore"):
        spread = replicas - replicas.mean(axis=0)
    return np.asarray(np.sqrt((blocks - 1) / blocks * np.sum(spread**2, axis=0)))


def as_float64(name: str, value: ArrayLike) -> np.ndarray:
    """Returns `value` as a float64 array, or raises a `TypeError` that names it."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an array of numbers, got {kind}") from error


def resolution_of(given: ArrayLike, values: np.ndarray, resolution: float | None) -> float:
    """Returns the rounding of log-weights in kT: `resolution`, or by the dtype they came in.

    Args:
      given: what the caller passed.
      values: the same, checked, float64.
      resolution: >= 0, or None.
    """
    if resolution is not None:
        return non_negative("resolution", resolution)
    dtype = getattr(given, "dtype", None)
    dtype = getattr(dtype, "as_numpy_dtype", dtype)  # of a tensor
    kind = np.dtype(np.float64 if dtype is None else dtype)
    eps = np.finfo(kind).eps if np.issubdtype(kind, np.floating) else np.finfo(np.float64).eps
    return float(eps) * max(1.0, abs(float(values.max())))


def check_log_weights(
    name: str, value: ArrayLike, *, size: int | None = None, some_finite: bool = True
) -> np.ndarray:
    """Returns log-weights as float64 [n], or raises.

    Args:
      name: the argument's name in the message.
      value: log-weights [n]; -inf is a weight of zero and allowed, NaN and +inf are not.
      size: the required n, or None for any.
      some_finite: whether at least one weight must be above zero.
    """
    array = as_float64(name, value)
    if isinstance(value, DependentWeights):
        warnings.warn(
            f"{name} must be of independent samples for an error to be stated from them, got those "
            "of a resampled run: take its own `log_z` and `average`, from the spread of batches",
            CalibrationWarning,
            stacklevel=3,
        )
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a non-empty 1-D array, got shape {array.shape}")
    if size is not None and array.size != size:
        raise ValueError(f"{name} must have {size} values, one a sample, got {array.size}")
    bad = int(np.count_nonzero(np.isnan(array) | (array == np.inf)))
    if bad:
        raise ValueError(
            f"{name} must be finite or -inf (zero weight), got {bad} NaN or +inf of "
            f"{array.size} values"
        )
    if some_finite and not np.any(array > -np.inf):
        raise ValueError(f"{name} must hold a weight above zero, got {array.size} values of -inf")
    return array


def check_coordinate(
    name: str, value: ArrayLike, log_weights: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns (coordinate [n], log_weights [n]), or raises.

    A coordinate may be NaN or infinite only where its weight is zero: such samples lie outside
    the support and must not stop a report.
    """
    coordinate = as_float64(name, value)
    if coordinate.ndim != 1 or coordinate.size == 0:
        raise ValueError(f"{name} must be a non-empty 1-D array, got shape {coordinate.shape}")
    if log_weights is None:
        weights = np.zeros(coordinate.size)
    else:
        weights = check_log_weights("log_weights", log_weights, size=coordinate.size)
    bad = int(np.count_nonzero(~np.isfinite(coordinate) & (weights > -np.inf)))
    if bad:
        raise ValueError(
            f"{name} must be finite wherever the weight is not zero, got {bad} NaN or infinite of "
            f"{coordinate.size} values"
        )
    return coordinate, weights


def check_energies(name: str, energies: np.ndarray) -> None:
    """Raises unless energies are finite or +inf, which is what a state forbids."""
    bad = int(np.count_nonzero(np.isnan(energies) | (energies == -np.inf)))
    if bad:
        raise ValueError(
            f"{name} must be finite or +inf, got {bad} NaN or -inf of {energies.size} values"
        )


def check_edges(name: str, value: ArrayLike) -> np.ndarray:
    """Returns bin edges [bins + 1], finite and strictly increasing, or raises."""
    edges = finite_array(name, value, ndim=1)
    if edges.size < 2 or np.any(np.diff(edges) <= 0):
        raise ValueError(
            f"{name} must be at least 2 strictly increasing numbers, got {edges.size} value(s) "
            f"from {edges[0]!r} to {edges[-1]!r}"
        )
    return edges


def check_mask(name: str, value: ArrayLike, size: int) -> np.ndarray:
    """Returns a boolean mask [size], or raises."""
    mask = np.asarray(value)
    if mask.dtype != np.bool_:
        raise TypeError(f"{name} must be a boolean array, got dtype {mask.dtype}")
    if mask.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {mask.shape}")
    return mask


def bin_index(coordinate: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Returns the bin of each value [n], `bins` for a value outside; as in `numpy.histogram`."""
    bins = edges.size - 1
    index = np.searchsorted(edges, coordinate, side="right") - 1
    index[coordinate == edges[-1]] = bins - 1  # the last bin is closed on the right
    # NaN sorts past the end, so it lands outside like any value above the last edge.
    index[index < 0] = bins
    return np.minimum(index, bins)


class GroupSums(NamedTuple):
    """Weighted sums of samples by (block, group), each group scaled by its own largest weight.

    Attributes:
      blocks: [blocks, groups] sums of exp(log_weight - shift of the group).
      shift: [groups] largest log-weight of each group, -inf for an empty one.
      counts: [groups] number of samples of non-zero weight.
    """

    blocks: np.ndarray
    shift: np.ndarray
    counts: np.ndarray

    def log_sums(self) -> np.ndarray:
        """Returns the log of each group's sum of weights [groups]; -inf where empty."""
        with np.errstate(divide="ignore"):
            return np.log(self.blocks.sum(axis=0)) + self.shift

    def shares(self) -> np.ndarray:
        """Returns each block's share of each group's weight [blocks, groups]; NaN where empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.blocks / self.blocks.sum(axis=0)

    def bootstrap_log_sums(self, n_bootstrap: int, seed: int) -> np.ndarray:
        """Returns log sums over blocks resampled with replacement [n_bootstrap, groups]."""
        n_blocks = self.blocks.shape[0]
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks), size=n_bootstrap)
        with np.errstate(divide="ignore"):
            return np.log(draws.astype(np.float64) @ self.blocks) + self.shift


def group_sums(
    group: np.ndarray, n_groups: int, log_weights: np.ndarray, n_blocks: int
) -> GroupSums:
    """Sums weights by group and by block of consecutive samples.

    Resampling blocks instead of samples costs nothing in accuracy for independent samples (a
    block sum is as independent as a sample), needs no array of n x replicas, and counts
    correlations shorter than a block. With n <= n_blocks it is the ordinary bootstrap.

    Args:
      group: group of each sample [n], 0 <= group < n_groups.
      n_groups: number of groups.
      log_weights: [n], -inf allowed.
      n_blocks: number of blocks at most.
    """
    n = group.size
    n_blocks = min(n_blocks, n)
    shift = np.full(n_groups, -np.inf)
    np.maximum.at(shift, group, log_weights)
    used = log_weights > -np.inf
    if not used.all():
        block = np.flatnonzero(used)
        group, log_weights = group[block], log_weights[block]
    else:
        block = np.arange(n)
    block = block * n_blocks // n
    sums = np.bincount(
        block * n_groups + group,
        weights=np.exp(log_weights - shift[group]),
        minlength=n_blocks * n_groups,
    ).reshape(n_blocks, n_groups)
    return GroupSums(sums, shift, np.bincount(group, minlength=n_groups))


def check_bootstrap(n_bootstrap: int, seed: int, n_blocks: int) -> tuple[int, int, int]:
    """Returns the three, checked: at least two replicas, a seed >= 0, at least two blocks."""
    return (
        positive_int("n_bootstrap", n_bootstrap, minimum=2),
        positive_int("seed", seed, minimum=0),
        positive_int("n_blocks", n_blocks, minimum=2),
    )
