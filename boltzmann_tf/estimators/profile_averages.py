"""Profiles of resamples and of several runs, and their average. Energies in kT."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import positive_int, seed_int
from boltzmann_tf.estimators._common import as_float64, check_coordinate, check_edges
from boltzmann_tf.estimators._states import interval
from boltzmann_tf.estimators.profiles import Profile

__all__ = ["average_profiles", "bootstrap_profiles"]


def bootstrap_profiles(
    coordinate: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    edges: ArrayLike,
    n_bootstrap: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Returns the profile of each of many resamples, as `average_profiles` takes them.

    For what is not linear in the weights, such as a mean over free energies; errors of one profile
    come cheaper from `free_energy_profile`.

    Args:
      coordinate: of the samples, [n].
      log_weights: [n], -inf allowed; None for samples of the target itself.
      edges: of the bins, [bins + 1]; samples outside do not count.
      n_bootstrap: resamples, each of as many samples, with replacement.
      seed: of the resampling.

    Returns:
      -log of the weighted histogram density, not aligned, [n_bootstrap, bins]; NaN in bins that a
      resample left empty.
    """
    r, log_w = check_coordinate("coordinate", coordinate, log_weights)
    edges = check_edges("edges", edges)
    n, bins = positive_int("n_bootstrap", n_bootstrap), edges.size - 1
    rng = np.random.default_rng(seed_int("seed", seed))
    which = np.searchsorted(edges, r, side="right") - 1
    inside = np.flatnonzero((which >= 0) & (which < bins) & (log_w > -np.inf))
    inside = inside[np.argsort(which[inside], kind="stable")]
    log_w = log_w[inside]
    filled, first, counts = np.unique(which[inside], return_index=True, return_counts=True)
    f = np.full((n, bins), np.nan)
    for k in range(n):
        times = np.bincount(rng.integers(r.size, size=r.size), minlength=r.size)[inside]
        # Each bin's own peak: the weights of one bin are no numbers beside those of another.
        peak = np.maximum.reduceat(np.where(times > 0, log_w, -np.inf), first)
        peak[np.isneginf(peak)] = np.inf
        weight = times * np.exp(np.minimum(log_w - np.repeat(peak, counts), 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            f[k, filled] = -np.log(np.add.reduceat(weight, first)) - peak
    return np.where(np.isfinite(f), f + np.log(np.diff(edges)), np.nan)


def average_profiles(
    free_energies: ArrayLike,
    *,
    edges: ArrayLike,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> Profile:
    """Returns the mean of profiles, its lowest bin at zero; errors are their scatter.

    Each is known up to a constant: all are put at a mean of zero over the bins that every one of
    them has, and free energies are averaged, not histograms. What differs from run to run, such as
    networks of several seeds, or of several moments of a training, then shows in the error, which
    is one of a single profile, not of the mean.

    Args:
      free_energies: [profiles, bins]; NaN in empty bins.
      edges: of the bins, [bins + 1].
      within: the average is of bins whose centres are in this range.

    Returns:
      the profile; NaN outside the range and where fewer than two profiles have a value. Its counts
      are profiles.
    """
    edges = check_edges("edges", edges)
    f = as_float64("free_energies", free_energies)
    if f.ndim != 2 or f.shape[1] != edges.size - 1:
        raise ValueError(
            f"free_energies must have shape [profiles, {edges.size - 1}], got {f.shape}"
        )
    low, high = interval("within", within)
    centers = 0.5 * (edges[1:] + edges[:-1])
    shown = (centers > low) & (centers < high)
    known = np.isfinite(f)
    common = shown & known.all(axis=0)
    if not common.any():
        raise ValueError(
            f"free_energies must have a bin in common between {low:g} and {high:g}, got none"
        )
    f = np.where(known, f, np.nan)
    f = f - f[:, common].mean(axis=1, keepdims=True)
    counts = np.where(shown, known.sum(axis=0), 0)
    mean, scatter = np.full((2, len(centers)), np.nan)
    enough = counts > 1
    mean[enough] = np.nanmean(f[:, enough], axis=0)
    scatter[enough] = np.nanstd(f[:, enough], axis=0)
    return Profile(centers, edges, mean - np.nanmin(mean), scatter, counts, scatter)
