"""Free energies along a coordinate from the windows of an umbrella sampling. Energies in kT."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

from boltzmann_tf._checks import finite, finite_array, positive, positive_int
from boltzmann_tf.estimators._common import Estimate, check_edges
from boltzmann_tf.estimators._histograms import joined, sums_by_level
from boltzmann_tf.estimators.ladders import ladder_error
from boltzmann_tf.estimators.profiles import Profile

__all__ = ["Umbrella", "umbrella_histogram"]


class Umbrella(NamedTuple):
    """The distribution of a coordinate without the biases, in fine bins.

    Attributes:
      edges: of the bins a profile is shown in, [bins + 1].
      counts: samples in each of them, [bins].
      log_p: log of the probability of each fine bin, [bins * resolution].
      replicas: the same without one block of rounds each, [blocks, bins * resolution].
      window_free_energy: -log Z of each window with its bias, the first at 0, [windows].
      ladders: `log_p` without one ladder each, [ladders, bins * resolution]; None for one ladder.
    """

    edges: np.ndarray
    counts: np.ndarray
    log_p: np.ndarray
    replicas: np.ndarray
    window_free_energy: np.ndarray
    ladders: np.ndarray | None = None

    def profile(self) -> Profile:
        """-log of the probability density, the lowest bin at zero; jackknife errors.

        Both are NaN in empty bins, the error also in bins that a single block or ladder fills.
        Errors of several ladders: see `ladder_error`.
        """
        bins = self.edges.size - 1
        log_width = np.log(np.diff(self.edges))

        def coarse(log_p: np.ndarray) -> np.ndarray:
            merged = logsumexp(log_p.reshape(*log_p.shape[:-1], bins, -1), axis=-1)
            return np.where(np.isfinite(merged), log_width - merged, np.nan)

        value = coarse(self.log_p)
        lowest = np.nanargmin(value)

        def above_lowest(log_p: np.ndarray) -> np.ndarray:
            replicas = coarse(log_p)
            return replicas - replicas[:, [lowest]]

        error = ladder_error(
            above_lowest(self.replicas),
            None if self.ladders is None else above_lowest(self.ladders),
            quantity="umbrella_histogram, a bin of the profile",
            stacklevel=3,
        )
        return Profile(
            centers=0.5 * (self.edges[1:] + self.edges[:-1]),
            edges=self.edges,
            free_energy=value - value[lowest],
            standard_error=error,
            counts=self.counts,
            bootstrap_error=error,
        )

    def free_energy_difference(self, cut: float) -> Estimate:
        """F(above the cut) - F(below it), in kT; the cut is taken to the next fine edge.

        Infinite, without an error, where all samples are on one side of it.
        """
        bins, fine = self.edges.size - 1, self.log_p.size
        grid = np.interp(np.arange(fine + 1), np.arange(bins + 1) * (fine // bins), self.edges)
        k = int(np.argmin(np.abs(grid - finite("cut", cut))))
        if not 0 < k < fine:
            raise ValueError(f"cut must be between {self.edges[0]} and {self.edges[-1]}, got {cut}")

        def difference(log_p: np.ndarray) -> np.ndarray:
            return logsumexp(log_p[..., :k], axis=-1) - logsumexp(log_p[..., k:], axis=-1)

        error = ladder_error(
            difference(self.replicas),
            None if self.ladders is None else difference(self.ladders),
            quantity="umbrella_histogram, the free-energy difference",
            stacklevel=3,
        )
        return Estimate(float(difference(self.log_p)), float(error))


def umbrella_histogram(
    coordinate: ArrayLike,
    centres: ArrayLike,
    stiffness: float,
    *,
    edges: ArrayLike,
    resolution: int = 10,
    n_blocks: int = 40,
) -> Umbrella:
    """Joins the windows of an umbrella sampling (WHAM), with errors over blocks of rounds.

    Window k sampled exp(-u / T - stiffness (r - centre_k)^2). Kumar et al., J. Comput. Chem. 13,
    1011 (1992). Errors are a jackknife over blocks of consecutive rounds in all windows at once, so
    that they hold for walkers that exchange windows, and count correlations shorter than a block.
    What is slower than that, only independent ladders of windows show: with several, stated errors
    are at least those of their spread, and a `CalibrationWarning` says where that is more than
    blocks would have it.

    Args:
      coordinate: r of each window after each round, [windows, rounds], or of several independent
        ladders of the same windows, [ladders, windows, rounds]; all samples must lie between the
        edges, and windows overlap: be linked, by way of others, by bins that two of them have
        samples in.
      centres: [windows].
      stiffness: in kT, without a factor 1/2.
      edges: of the bins of profiles, [bins + 1].
      resolution: fine bins in each; the bias is taken at their middle.
      n_blocks: of the jackknife; of several ladders, at least two of each.
    """
    r = finite_array("coordinate", coordinate)
    if r.ndim not in (2, 3):
        raise ValueError(
            f"coordinate must be [windows, rounds] or [ladders, windows, rounds], got {r.shape}"
        )
    ladders = len(r) if r.ndim == 3 else 1
    if r.ndim == 3:  # ladder after ladder, so that no block has parts of two
        r = r.transpose(1, 0, 2).reshape(r.shape[1], -1)
    c = finite_array("centres", centres, ndim=1)
    if c.size != len(r):
        raise ValueError(f"centres must be {len(r)} numbers, one a window, got {c.size}")
    k = positive("stiffness", stiffness)
    edges = check_edges("edges", edges)
    fine = positive_int("resolution", resolution)
    blocks = positive_int("n_blocks", n_blocks, minimum=2)
    if ladders > 1:
        blocks = ladders * max(2, blocks // ladders)
    if r.min() < edges[0] or r.max() > edges[-1]:
        raise ValueError(
            f"edges must hold all of coordinate, {r.min():.4g} to {r.max():.4g}, got "
            f"{edges[0]:.4g} to {edges[-1]:.4g}"
        )
    bins = (edges.size - 1) * fine
    grid = np.interp(np.arange(bins + 1), np.arange(edges.size) * fine, edges)
    level = np.clip(np.searchsorted(grid, r, side="right") - 1, 0, bins - 1)
    _check_overlap(level // fine, edges.size - 1, c)
    middle = 0.5 * (grid[1:] + grid[:-1])
    reduced = k * (middle - c[:, None]) ** 2
    none = np.zeros((r.shape[1], 1, 0))
    sums = np.stack(
        [sums_by_level(row[:, None], np.zeros(row.size), none, bins, blocks) for row in level]
    )[..., 0]
    sizes = np.full(len(r), float(r.shape[1]))
    total = sums.sum(axis=1)
    log_p, f = joined(reduced, total, sizes)
    whole = sums.reshape(len(r), ladders, -1, bins).sum(axis=2)

    def without(parts: np.ndarray) -> np.ndarray:
        left = [joined(reduced, total - part, sizes, f)[0] for part in parts.swapaxes(0, 1)]
        return np.stack([p - logsumexp(p) for p in left])

    counts = np.bincount(level.ravel() // fine, minlength=edges.size - 1)
    return Umbrella(
        edges,
        counts,
        log_p - logsumexp(log_p),
        without(sums),
        f,
        without(whole) if ladders > 1 else None,
    )


def _check_overlap(bins: np.ndarray, n_bins: int, centres: np.ndarray) -> None:
    """Raises where nothing but the tails of the biases says how windows compare."""
    filled = np.stack([np.bincount(row, minlength=n_bins) > 0 for row in bins])
    groups, group = connected_components(filled.astype(int) @ filled.T, directed=False)
    if groups > 1:
        said = " and ".join(str(centres[group == g].tolist()) for g in range(groups))
        raise ValueError(
            f"coordinate must overlap from window to window, got no bin in common between {said}"
        )
