"""Unit vectors of which u and -u are the same: the director's frame, densities about it, P2."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._common import Estimates
from boltzmann_tf.estimators.averages import weighted_average

__all__ = ["director_frame", "orientation_density", "orientational_correlation"]


def director_frame(vectors: ArrayLike) -> np.ndarray:
    """Unit vectors along the eigenvectors of their own Q, the director last.

    Args:
      vectors: `[..., N, 3]`.

    Returns:
      float64 `[..., N, 3]`; the last component is u . director.
    """
    u = _vectors(vectors)
    return u @ np.linalg.eigh(np.swapaxes(u, -1, -2) @ u)[1]


def orientation_density(
    vectors: ArrayLike, log_weights: ArrayLike | None = None, *, edges: ArrayLike
) -> Estimates:
    """Density of |u . director| over all vectors, the director being each configuration's own.

    It is one everywhere for free vectors, but for the bias of few: they align with the director
    that they make themselves.

    Args:
      vectors: of n configurations, `[n, N, 3]`.
      log_weights: of these, `[n]`; None for equal ones.
      edges: of bins of [0, 1], increasing, `[bins + 1]`.

    Returns:
      the density in each bin with its error, `[bins]`.
    """
    u = _vectors(vectors, ndim=3)
    bins = finite_array("edges", edges, ndim=1, dtype=np.float64)
    if len(bins) < 2 or np.any(np.diff(bins) <= 0) or bins[0] < 0 or bins[-1] > 1:
        raise ValueError(f"edges must increase within [0, 1], got {bins.tolist()}")
    cosine = np.abs(director_frame(u)[..., 2])
    place = np.clip(np.searchsorted(bins, cosine, side="right") - 1, 0, len(bins) - 2)
    share = np.stack([np.mean(place == k, axis=-1) for k in range(len(bins) - 1)], axis=-1)
    return cast(Estimates, weighted_average(share / np.diff(bins), log_weights))


def orientational_correlation(
    vectors: ArrayLike, log_weights: ArrayLike | None = None
) -> Estimates:
    """<P2(u_i . u_(i+r))> for r = 1 .. N - 1, averaged along an open chain.

    Args:
      vectors: of n configurations, in the order of the chain, `[n, N, 3]`.
      log_weights: of these, `[n]`; None for equal ones.

    Returns:
      the correlation at each r with its error, `[N - 1]`.
    """
    u = _vectors(vectors, ndim=3)
    size = u.shape[-2]
    p2 = 1.5 * np.einsum("nia,nja->nij", u, u, optimize=True) ** 2 - 0.5
    each = [np.trace(p2, offset=r, axis1=1, axis2=2) / (size - r) for r in range(1, size)]
    return cast(Estimates, weighted_average(np.stack(each, axis=-1), log_weights))


def _vectors(vectors: ArrayLike, ndim: int | None = None) -> np.ndarray:
    u = finite_array("vectors", vectors, ndim=ndim, last=3, dtype=np.float64)
    if u.ndim < 2 or u.shape[-2] < 2:
        raise ValueError(f"vectors must have shape [..., N, 3], N at least 2, got {u.shape}")
    return u
