"""Free-energy profiles along a reaction coordinate, from weighted samples. Energies in kT."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import choice, instance
from boltzmann_tf.estimators._common import (
    DEFAULT_BLOCKS,
    GroupSums,
    bin_index,
    check_bootstrap,
    check_coordinate,
    check_edges,
    check_mask,
    flag,
    group_sums,
)
from boltzmann_tf.estimators._lowest import lowest
from boltzmann_tf.estimators._states import check_period, wrapped
from boltzmann_tf.estimators._tails import NEGLIGIBLE, kish, pareto_shape, tail_message

__all__ = [
    "Profile",
    "align_profile",
    "free_energy_profile",
    "profile_rmse",
    "published_standard_error",
]


class Profile(NamedTuple):
    """A free-energy profile.

    Attributes:
      centers: bin centres [bins].
      edges: bin edges [bins + 1].
      free_energy: -log of the probability density in kT [bins]; NaN in empty bins.
      standard_error: its error in kT, relative to the alignment [bins]; NaN in empty bins.
      counts: samples of non-zero weight in each bin [bins].
      bootstrap_error: standard deviation over the finite bootstrap values alone [bins]: too small
        where a bin holds a handful of samples, kept for `published_standard_error`.
    """

    centers: np.ndarray
    edges: np.ndarray
    free_energy: np.ndarray
    standard_error: np.ndarray
    counts: np.ndarray
    bootstrap_error: np.ndarray


def _zero(
    align: str | None, free_energy: np.ndarray, sums: GroupSums, edges: np.ndarray
) -> tuple[np.ndarray, float] | None:
    """Returns the linear combination of bins that is made zero, [bins], and its value."""
    filled = np.isfinite(free_energy)
    if align is None or not filled.any():
        return None
    if align == "mean":
        weights = filled / filled.sum()
        return weights, float(free_energy[filled] @ weights[filled])
    n_blocks = len(sums.blocks)
    # The block bootstrap's covariance: what a block holds of a bin's weight, about its mean.
    influence = sums.shares()[:, :-1] - 1 / n_blocks
    covariance = influence.T @ influence * (n_blocks / max(1, n_blocks - 1))
    return lowest(free_energy, covariance, 0.5 * (edges[1:] + edges[:-1]))


def free_energy_profile(
    coordinate: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    edges: ArrayLike,
    n_bootstrap: int = 100,
    seed: int = 0,
    align: str | None = "minimum",
    n_blocks: int = DEFAULT_BLOCKS,
    period: float | None = None,
) -> Profile:
    """Returns -log of the weighted histogram density, with errors.

    As in `free_energy_difference`, the stated error is the larger of the delta method's and the
    bootstrap's, the latter over blocks of consecutive samples: 1e6 samples and 100 replicas take
    a fraction of a second and no array of samples x replicas. Both are errors of the aligned
    profile.

    The bin that happens to be lowest is too low, by about one error where several bins compete, and
    a profile with its zero there is too high. So "minimum" puts the zero at the lowest bin where
    that is four errors below all others (it then has no error), and elsewhere at the lowest value
    of a parabola through the bottom of the well, up to 1 kT: bins there lie about zero, on either
    side of it. Where the bins do not follow one, in ever smaller ranges, it is the lowest bin.

    Args:
      coordinate: reaction coordinate of the samples [n].
      log_weights: [n], -inf allowed; None for samples of the target itself.
      edges: bin edges [bins + 1], increasing; samples outside count in the normalisation only.
      n_bootstrap: replicas.
      seed: of the bootstrap.
      align: "minimum" puts the lowest free energy at zero, "mean" the mean over non-empty bins,
        None leaves -log p(r), in units where the coordinate is dimensionless.
      n_blocks: blocks at most; samples correlated over m steps need n / n_blocks well above m.
      period: of the coordinate, at least the range of the edges: values count where their image
        lies; None for a line.

    Returns:
      the profile, see `Profile`; errors are NaN in bins that a single block fills.

    Examples:
      >>> x = np.random.default_rng(0).normal(size=100_000)
      >>> profile = bg.free_energy_profile(x, edges=np.linspace(-2, 2, 5))
      >>> profile.centers
      array([-1.5, -0.5,  0.5,  1.5])
      >>> profile.free_energy.round(1)
      array([0.9, 0. , 0. , 0.9])
    """
    values, weights = check_coordinate("coordinate", coordinate, log_weights)
    edges = check_edges("edges", edges)
    values = wrapped(values, edges[0], check_period(period, edges))
    choice("align", align, ("minimum", "mean", None))
    n_bootstrap, seed, n_blocks = check_bootstrap(n_bootstrap, seed, n_blocks)
    bins = edges.size - 1
    if log_weights is not None and np.any(weights > -np.inf):
        shape = pareto_shape(weights, NEGLIGIBLE)
        heavy = tail_message("free_energy_profile", shape, kish(weights), weights.size)
        if heavy is not None:
            flag(heavy)
    sums = group_sums(bin_index(values, edges), bins + 1, weights, n_blocks)
    log_width = np.log(np.diff(edges))

    def profile_of(log_sums: np.ndarray) -> np.ndarray:
        total = np.logaddexp.reduce(log_sums, axis=-1, keepdims=True)
        density = log_sums[..., :bins] - total - log_width
        return np.where(np.isfinite(density), -density, np.nan)

    free_energy = profile_of(sums.log_sums())
    with np.errstate(invalid="ignore"):  # a replica may have no sample of non-zero weight at all
        replicas = profile_of(sums.bootstrap_log_sums(n_bootstrap, seed))
    zero = _zero(align, free_energy, sums, edges)
    offset: np.ndarray | None = None
    if zero is not None:
        offset = zero[0]
        free_energy = free_energy - zero[1]
        used = offset != 0
        # A replica that lost one of the aligning bins is aligned on those it kept.
        kept = np.where(np.isfinite(replicas[:, used]), offset[used], 0.0)
        with np.errstate(invalid="ignore"):
            kept /= kept.sum(axis=1, keepdims=True)  # they sum to one
        shift = np.sum(np.nan_to_num(replicas[:, used]) * kept, axis=1, keepdims=True)
        replicas = replicas - shift
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # empty bins: NaN is the answer
        bootstrap_error = np.nanstd(replicas, axis=0, ddof=1)
    delta_error = _delta_errors(sums.blocks, sums.log_sums(), sums.shares(), offset)
    counts = sums.counts[:bins]
    unknown = np.count_nonzero(sums.blocks[:, :bins], axis=0) < 2
    standard_error = np.where(unknown, np.nan, np.fmax(delta_error, bootstrap_error))
    return Profile(
        centers=0.5 * (edges[1:] + edges[:-1]),
        edges=edges,
        free_energy=free_energy,
        standard_error=standard_error,
        counts=counts,
        bootstrap_error=np.where(counts > 0, bootstrap_error, np.nan),
    )


def _delta_errors(
    blocks: np.ndarray, log_sums: np.ndarray, shares: np.ndarray, offset: np.ndarray | None
) -> np.ndarray:
    """Returns the linearised error of each aligned bin [bins]."""
    n_blocks, bins = blocks.shape[0], blocks.shape[1] - 1
    if n_blocks < 2:
        return np.full(bins, np.nan)
    if offset is None:
        # each block's share of all the weight
        group_share = np.exp(log_sums - np.logaddexp.reduce(log_sums))
        common = np.nan_to_num(shares) @ group_share
    else:
        common = np.nan_to_num(shares[:, :bins]) @ offset
    influence = shares[:, :bins] - common[:, np.newaxis]
    return np.sqrt(np.sum(influence**2, axis=0) * n_blocks / (n_blocks - 1))


def align_profile(
    free_energy: ArrayLike, reference: ArrayLike, mask: ArrayLike | None = None
) -> np.ndarray:
    """Returns `free_energy` shifted by the constant that brings it closest to `reference`.

    Args:
      free_energy: [bins], NaN in empty bins.
      reference: [bins], in the same units; may be infinite or NaN outside its support.
      mask: boolean [bins], the bins to compare; None for all. Bins that are not finite in both
        are left out.

    Returns:
      the shifted profile [bins], closest in the sense of least squares.

    Examples:
      >>> bg.estimators.align_profile([3.0, 4.0, 6.0], [0.0, 1.0, 3.0])
      array([0., 1., 3.])
    """
    values, target, used = _paired(free_energy, reference, mask)
    used = used & np.isfinite(values) & np.isfinite(target)
    if not used.any():
        raise ValueError("mask must leave a bin that is finite in both profiles, got none")
    return values + np.mean(target[used] - values[used])


def _paired(
    free_energy: ArrayLike, reference: ArrayLike, mask: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.asarray(free_energy, dtype=np.float64)
    target = np.asarray(reference, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"free_energy must be a non-empty 1-D array, got shape {values.shape}")
    if target.shape != values.shape:
        raise ValueError(f"reference must have shape {values.shape}, got {target.shape}")
    used = np.ones(values.size, bool) if mask is None else check_mask("mask", mask, values.size)
    return values, target, used


def profile_rmse(
    profile: Profile,
    reference: ArrayLike,
    *,
    lower: float = -math.inf,
    upper: float = math.inf,
    mask: ArrayLike | None = None,
    skip_empty: bool = False,
) -> float:
    """Returns the root mean square difference to a reference after the best shift, in kT.

    Args:
      profile: of `free_energy_profile`.
      reference: free energy at the bins [bins], up to a constant.
      lower: compare bins whose centre is at or above this.
      upper: compare bins whose centre is at or below this.
      mask: boolean [bins], further restriction (say, reference < 10 kT).
      skip_empty: leave empty bins out. Off by default, when an empty bin makes the result inf: a
        profile is not better for what it failed to sample.

    Returns:
      the RMSE in kT.

    Examples:
      >>> x = np.random.default_rng(0).normal(size=100_000)
      >>> profile = bg.free_energy_profile(x, edges=np.linspace(-2, 2, 41))
      >>> bg.estimators.profile_rmse(profile, 0.5 * profile.centers**2) < 0.05
      True
    """
    instance("profile", profile, Profile)
    values, target, used = _paired(profile.free_energy, reference, mask)
    used = used & (profile.centers >= lower) & (profile.centers <= upper)
    if not used.any():
        raise ValueError(f"lower, upper and mask must leave a bin, got none in [{lower}, {upper}]")
    if not np.all(np.isfinite(target[used])):
        raise ValueError("reference must be finite in every bin compared, got NaN or infinity")
    empty = used & ~np.isfinite(values)
    if empty.any() and (not skip_empty or np.array_equal(empty, used)):
        return math.inf
    used = used & ~empty
    difference = align_profile(values, target, used)[used] - target[used]
    return float(np.sqrt(np.mean(difference**2)))


def published_standard_error(profile: Profile) -> float:
    """Returns the one number the notebooks of Noe et al. 2019 call the estimator's error, in kT.

    It is sqrt(mean over bins of the variance over finite bootstrap values); bins without any are
    left out. Source: the notebooks of Noé et al. 2019 (figure 3).

    Args:
      profile: of `free_energy_profile`.
    """
    instance("profile", profile, Profile)
    variance = profile.bootstrap_error**2
    if not np.any(np.isfinite(variance)):
        return math.nan
    return float(np.sqrt(np.nanmean(variance)))
