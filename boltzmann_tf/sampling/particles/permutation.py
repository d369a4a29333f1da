"""Identical particles in one order: the labels that put each nearest to a reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from boltzmann_tf._support.checks import finite_array, positive_int

__all__ = ["Relabelled", "relabel"]

CHUNK = 4096  # configurations whose distances are held at a time


class Relabelled(NamedTuple):
    """Configurations in the order of the reference.

    Attributes:
      x: as given but for the labels, `[n, particles * dimension]`.
      permuted: whether any label changed, `[n]`.
    """

    x: np.ndarray
    permuted: np.ndarray


def relabel(x: Any, reference: Any, *, fixed: int = 0, dimension: int = 2) -> Relabelled:
    """Exchanges labels of identical particles for the least sum of squared distances (Hungarian).

    A flow of dense particles learns one of their many equivalent orders (Noé et al. 2019, "removing
    permutation"). Where each site has a nearest particle of its own, those are the solution;
    elsewhere SciPy's assignment finds it.

    Args:
      x: configurations, `[n, particles * dimension]`, all coordinates of a particle together.
      reference: one configuration, `[particles * dimension]`.
      fixed: number of particles at the beginning that keep their labels.
      dimension: of space.

    Returns:
      `Relabelled`.
    """
    reference = finite_array("reference", reference, ndim=1)
    d = positive_int("dimension", dimension)
    fixed = positive_int("fixed", fixed, minimum=0)
    x = finite_array("x", x, ndim=2, last=reference.size, dtype=None)
    particles = reference.size // d
    if particles * d != reference.size or fixed >= particles:
        raise ValueError(
            f"reference must hold more than fixed={fixed} particles of {d} coordinates, got "
            f"{reference.size} numbers"
        )
    sites = reference.reshape(particles, d)[fixed:]
    out = np.array(x).reshape(len(x), particles, d)
    permuted = np.zeros(len(x), bool)
    same = np.arange(len(sites))
    for start in range(0, len(x), CHUNK):
        free = out[start : start + CHUNK, fixed:]
        # Squared distances but for the sites' own squares, the same for every particle.
        cost = np.sum(free**2, axis=-1)[:, None] - 2 * np.einsum("sd,npd->nsp", sites, free)
        order = np.argmin(cost, axis=2)
        for i in np.flatnonzero(np.any(np.sort(order, axis=1) != same, axis=1)):
            order[i] = linear_sum_assignment(cost[i])[1]
        changed = np.any(order != same, axis=1)
        free[changed] = np.take_along_axis(free[changed], order[changed][..., None], axis=1)
        permuted[start : start + CHUNK] = changed
    return Relabelled(out.reshape(x.shape), permuted)
