"""Free energies along a coordinate from the windows of an umbrella sampling. Energies in kT."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

from boltzmann_tf._support.checks import finite, finite_array, positive, positive_int
from boltzmann_tf.estimators._common import Estimate, check_edges, flag
from boltzmann_tf.estimators._histograms import FEW_SHARED, check_links, joined, sums_by_level
from boltzmann_tf.estimators._lowest import lowest
from boltzmann_tf.estimators._states import check_period, inside, two_states, wrapped
from boltzmann_tf.estimators.ladders import ladder_error
from boltzmann_tf.estimators.profiles import Profile

__all__ = ["Umbrella", "umbrella_histogram"]

# The bias at the middle of a bin stands for the bin. Where windows overlap that is off by at most
# 0.7 stiffness width^2 kT: 0.002 kT in bins as narrow as this, in units of 1 / sqrt(stiffness).
_NARROW = 0.05
_MOST_BINS = 100_000


class Umbrella(NamedTuple):
    """The distribution of a coordinate without the biases, in fine bins.

    Attributes:
      edges: of the bins a profile is shown in, [bins + 1].
      counts: samples in each of them, [bins].
      log_p: log of the probability of each fine bin, [bins * resolution].
      replicas: the same without one block of rounds each, [blocks, bins * resolution].
      window_free_energy: -log Z of each window with its bias, the first at 0, [windows].
      period: of the coordinate; None for a line.
      ladders: `log_p` without one ladder each, [ladders, bins * resolution]; None for one ladder.
    """

    edges: np.ndarray
    counts: np.ndarray
    log_p: np.ndarray
    replicas: np.ndarray
    window_free_energy: np.ndarray
    period: float | None = None
    ladders: np.ndarray | None = None

    @property
    def middles(self) -> np.ndarray:
        """Of the fine bins, [bins * resolution]."""
        grid = _grid(self.edges, self.log_p.size // (self.edges.size - 1))
        return 0.5 * (grid[1:] + grid[:-1])

    def biased_free_energies(self, centres: ArrayLike, stiffness: ArrayLike) -> np.ndarray:
        """-log Z of windows with other biases than those sampled, the lowest at 0, [windows].

        Args:
          centres: of the biases stiffness (c - centre)^2, [windows].
          stiffness: in kT, without a factor 1/2, a number or [windows].
        """
        c = finite_array("centres", centres, ndim=1)
        k = finite_array("stiffness", stiffness, dtype=np.float64)
        if k.shape not in ((), c.shape) or np.any(k < 0):
            raise ValueError(f"stiffness must be >= 0, a number or [{c.size}], got {k.tolist()}")
        distance = self.middles - c[:, None]
        if self.period is not None:
            distance -= self.period * np.round(distance / self.period)
        f = -logsumexp(self.log_p - np.reshape(k, (-1, 1)) * distance**2, axis=1)
        return np.asarray(f - f.min())

    def profile(self) -> Profile:
        """-log of the probability density, the lowest value at zero; jackknife errors.

        The zero is that of `free_energy_profile` with "minimum": the lowest bin where there is no
        doubt which it is. Both are NaN in empty bins, the error also in bins that a single block
        or ladder fills. Errors of several ladders: see `ladder_error`.
        """
        bins = self.edges.size - 1
        log_width = np.log(np.diff(self.edges))

        def coarse(log_p: np.ndarray) -> np.ndarray:
            merged = logsumexp(log_p.reshape(*log_p.shape[:-1], bins, -1), axis=-1)
            return np.where(np.isfinite(merged), log_width - merged, np.nan)

        value, replicas = coarse(self.log_p), coarse(self.replicas)
        centers = 0.5 * (self.edges[1:] + self.edges[:-1])
        blocks = len(replicas)
        spread = replicas - replicas.mean(axis=0)
        zero, bottom = lowest(value, spread.T @ spread * ((blocks - 1) / blocks), centers)
        used = zero != 0

        def above(replicas: np.ndarray) -> np.ndarray:
            return replicas - (replicas[:, used] @ zero[used])[:, None]

        error = ladder_error(
            above(replicas),
            None if self.ladders is None else above(coarse(self.ladders)),
            quantity="umbrella_histogram, a bin of the profile",
            stacklevel=3,
        )
        return Profile(
            centers=centers,
            edges=self.edges,
            free_energy=value - bottom,
            standard_error=error,
            counts=self.counts,
            bootstrap_error=error,
        )

    def free_energy_difference(
        self,
        cut: float | None = None,
        *,
        left: tuple[float, float] | None = None,
        right: tuple[float, float] | None = None,
    ) -> Estimate:
        """F(above the cut) - F(below it), or F(right) - F(left), in kT.

        Infinite, without an error, where all samples are on one side of the cut.

        Args:
          cut: taken to the next fine edge; not for a coordinate with a period.
          left: (low, high) of the left state: the fine bins whose middles are in it. With a period
            any images will do, as for `free_energy_difference`.
          right: of the right state.
        """
        grid = _grid(self.edges, self.log_p.size // (self.edges.size - 1))
        if cut is not None:
            k = int(np.argmin(np.abs(grid - finite("cut", cut))))
            if not 0 < k < self.log_p.size:
                raise ValueError(
                    f"cut must be between {self.edges[0]} and {self.edges[-1]}, got {cut}"
                )
            cut = float(grid[k])
        states = two_states(cut, left, right, self.period)
        one, two = (inside(self.middles, state, self.period) for state in states)

        def difference(log_p: np.ndarray) -> np.ndarray:
            return logsumexp(log_p[..., one], axis=-1) - logsumexp(log_p[..., two], axis=-1)

        for name, mask in (("left", one), ("right", two)):
            if not mask.any():
                raise ValueError(f"{name} must hold the middle of a fine bin, got none")
        error = ladder_error(
            difference(self.replicas),
            None if self.ladders is None else difference(self.ladders),
            quantity="umbrella_histogram, the free-energy difference",
            stacklevel=3,
        )
        return Estimate(float(difference(self.log_p)), float(error))


def umbrella_histogram(
    coordinate: ArrayLike | Sequence[ArrayLike],
    centres: ArrayLike,
    stiffness: ArrayLike,
    *,
    edges: ArrayLike,
    resolution: int = 10,
    n_blocks: int = 40,
    period: float | None = None,
) -> Umbrella:
    """Joins the windows of an umbrella sampling (WHAM), with errors over blocks of rounds.

    Window k sampled exp(-u / T - stiffness_k (r - centre_k)^2), with the shortest distance on a
    circle where there is a period. Kumar et al., J. Comput. Chem. 13, 1011 (1992). Errors are a
    jackknife over blocks of consecutive rounds in all windows at once, so that they hold for
    walkers that exchange windows, and count correlations shorter than a block. What is slower than
    that, only independent ladders of windows show: with several, stated errors are at least those
    of their spread, and a `CalibrationWarning` says where that is more than blocks would have it.

    Args:
      coordinate: r of each window after each round, [windows, rounds], or of several independent
        ladders of the same windows, an array [ladders, windows, rounds], or a sequence of windows
        with arrays of their own lengths; all samples must lie between the edges, and windows
        overlap: be linked, by way of others, by bins that two of them have samples in.
      centres: [windows].
      stiffness: in kT, without a factor 1/2, a number or [windows].
      edges: of the bins of profiles, [bins + 1]; from one end of the period to the other where
        there is one.
      resolution: fine bins in each, in which results are stored. The bias is taken in bins of the
        same width or finer, a twentieth of 1 / sqrt(stiffness) at most.
      n_blocks: of the jackknife; of several ladders, at least two of each.
      period: of the coordinate, 2 pi for a dihedral in radians; samples may be any images. None
        for a line.

    Raises:
      RuntimeError: if windows are held together by fewer than ten samples. Below fifty a
        `CalibrationWarning` says so.
    """
    windows, ladders = _windows(coordinate)
    c = finite_array("centres", centres, ndim=1)
    if c.size != len(windows):
        raise ValueError(f"centres must be {len(windows)} numbers, one a window, got {c.size}")
    k = finite_array("stiffness", stiffness, dtype=np.float64)
    if k.ndim == 0:
        k = np.full(c.shape, positive("stiffness", stiffness))
    elif k.shape != c.shape or np.any(k <= 0):
        raise ValueError(f"stiffness must be > 0, a number or [{c.size}], got {k.tolist()}")
    edges = check_edges("edges", edges)
    circle = check_period(period, edges)
    if circle is not None and not math.isclose(edges[-1] - edges[0], circle, rel_tol=1e-9):
        raise ValueError(
            f"edges must span the period {circle:g}, got {edges[0]:.6g} to {edges[-1]:.6g}"
        )
    fine = positive_int("resolution", resolution)
    blocks = positive_int("n_blocks", n_blocks, minimum=2)
    if ladders > 1:
        blocks = ladders * max(2, blocks // ladders)
    windows = [wrapped(r, edges[0], circle) for r in windows]
    low, high = min(r.min() for r in windows), max(r.max() for r in windows)
    if low < edges[0] or high > edges[-1] and circle is None:
        raise ValueError(
            f"edges must hold all of coordinate, {low:.4g} to {high:.4g}, got "
            f"{edges[0]:.4g} to {edges[-1]:.4g}"
        )
    widest = np.diff(edges).max() / fine
    finer = math.ceil(widest * math.sqrt(k.max()) / _NARROW)
    bins = (edges.size - 1) * fine * finer
    if bins > _MOST_BINS:
        raise ValueError(
            f"stiffness must be at most {k.max() * (_MOST_BINS / bins) ** 2:.3g} for edges of this "
            f"range, got {k.max():.3g}"
        )
    grid = _grid(edges, fine * finer)
    level = [np.clip(np.searchsorted(grid, r, side="right") - 1, 0, bins - 1) for r in windows]
    _check_overlap([own // (fine * finer) for own in level], edges.size - 1, c)
    distance = 0.5 * (grid[1:] + grid[:-1]) - c[:, None]
    if circle is not None:
        distance -= circle * np.round(distance / circle)
    reduced = k[:, None] * distance**2
    sums = np.stack(
        [
            sums_by_level(
                own[:, None], np.zeros(own.size), np.zeros((own.size, 1, 0)), bins, blocks
            )
            for own in level
        ]
    )[..., 0]
    sizes = np.array([float(own.size) for own in level])
    total = sums.sum(axis=1)
    log_p, f = joined(reduced, total, sizes)
    shared = check_links(reduced, total, sizes, f, "windows", [f"{v:g}" for v in c])
    if shared < FEW_SHARED:
        flag(
            f"umbrella_histogram: windows must share {FEW_SHARED:g} samples with others, got "
            f"{shared:.3g}"
        )

    def stored(log_p: np.ndarray) -> np.ndarray:
        return logsumexp((log_p - logsumexp(log_p)).reshape(-1, finer), axis=-1)

    def without(parts: np.ndarray) -> np.ndarray:
        left = [joined(reduced, total - part, sizes, f)[0] for part in parts.swapaxes(0, 1)]
        return np.stack([stored(p) for p in left])

    whole = sums.reshape(len(windows), ladders, -1, bins).sum(axis=2)
    counts = sum(np.bincount(own // (fine * finer), minlength=edges.size - 1) for own in level)
    return Umbrella(
        edges,
        np.asarray(counts),
        stored(log_p),
        without(sums),
        f,
        circle,
        without(whole) if ladders > 1 else None,
    )


def _grid(edges: np.ndarray, parts: int) -> np.ndarray:
    """Each bin in equal parts."""
    n = edges.size
    return np.interp(np.arange((n - 1) * parts + 1), np.arange(n) * parts, edges)


def _windows(coordinate: ArrayLike | Sequence[ArrayLike]) -> tuple[list[np.ndarray], int]:
    """One array a window, of equal lengths or not, and how many ladders are in each, in a row."""
    if isinstance(coordinate, list | tuple):
        found = [finite_array(f"coordinate[{k}]", r, ndim=1) for k, r in enumerate(coordinate)]
        if not found or any(r.size == 0 for r in found):
            raise ValueError(
                f"coordinate must hold samples of each window, got {[r.size for r in found]}"
            )
        return found, 1
    r = finite_array("coordinate", coordinate)
    if r.ndim not in (2, 3):
        raise ValueError(
            f"coordinate must be [windows, rounds] or [ladders, windows, rounds], got {r.shape}"
        )
    if r.ndim == 2:
        return list(r), 1
    # Ladder after ladder, so that no block has parts of two.
    return list(r.transpose(1, 0, 2).reshape(r.shape[1], -1)), len(r)


def _check_overlap(bins: Sequence[np.ndarray], n_bins: int, centres: np.ndarray) -> None:
    """Raises where nothing but the tails of the biases says how windows compare."""
    filled = np.stack([np.bincount(row, minlength=n_bins) > 0 for row in bins])
    groups, group = connected_components(filled.astype(int) @ filled.T, directed=False)
    if groups > 1:
        said = " and ".join(str(centres[group == g].tolist()) for g in range(groups))
        raise ValueError(
            f"coordinate must overlap from window to window, got no bin in common between {said}"
        )
