"""Cluster updates without a field: Wolff's single cluster, Swendsen and Wang's all clusters.

A bond that is satisfied (J s_i s_j > 0) is active with probability 1 - exp(-2 |J| / T), and spins
joined by active bonds flip together. Clusters grow from a queue and not by recursion. Both signs
of J are allowed, on odd tori too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling._random import (
    kernel,
    next_word,
    probability_words,
    random_below,
)
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.spins._state import LatticeState, check_update, no_field

__all__ = ["ClusterInfo", "swendsen_wang_updates", "wolff_updates"]


class ClusterInfo(NamedTuple):
    """The clusters of a number of updates.

    Attributes:
      mean_size: mean number of sites of the cluster that a random site belongs to, float64
        [replicas]. For J > 0 its expectation is L^2 <m^2>, the improved estimator of T chi.
      n_clusters: clusters flipped (Wolff) or found (Swendsen-Wang), int64 [replicas].
    """

    mean_size: np.ndarray
    n_clusters: np.ndarray


def wolff_updates(
    state: LatticeState,
    n_updates: int,
    *,
    temperature: Any,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[LatticeState, ClusterInfo]:
    """Updates that flip the cluster of one random site each.

    Source: Wolff, Phys. Rev. Lett. 62, 361 (1989).

    Args:
      state: replicas of any L >= 2; it is not changed.
      n_updates: clusters to flip in each replica.
      temperature: T in units of energy (k_B = 1), a number or [replicas].
      coupling: J, either sign but not 0 (flipping one spin at a time for sure is periodic).
      field: h, which must be 0.

    Returns:
      the state after the updates, and `ClusterInfo`.
    """
    state, n, active, sign = _check(state, n_updates, temperature, coupling, field)
    if sign == 0:
        raise ValueError("coupling must not be 0 for Wolff updates, got 0.0")
    sites = np.zeros(len(active), np.int64)
    with threads(len(active), n * state.spins.size):
        _wolff(state.spins, state.rng, active, sign, n, sites)
    count_energies(-(-int(sites.sum()) // state.spins[0].size))
    return state, ClusterInfo(sites / n, np.full(len(active), n, np.int64))


def swendsen_wang_updates(
    state: LatticeState,
    n_updates: int,
    *,
    temperature: Any,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[LatticeState, ClusterInfo]:
    """Updates that flip each cluster of the lattice with probability 1/2.

    Source: Swendsen and Wang, Phys. Rev. Lett. 58, 86 (1987). Arguments and results as in
    `wolff_updates`.

    Args:
      state: replicas of any L >= 2; it is not changed.
      n_updates: updates of the whole lattice.
      temperature: T, a number or [replicas].
      coupling: J.
      field: h, which must be 0.
    """
    state, n, active, sign = _check(state, n_updates, temperature, coupling, field)
    squares, clusters = np.zeros((2, len(active)), np.int64)
    with threads(len(active), 4 * n * state.spins.size):
        _swendsen_wang(state.spins, state.rng, active, sign, n, squares, clusters)
    count_energies(n * len(active))
    return state, ClusterInfo(squares / (n * state.spins[0].size), clusters)


def _check(
    state: LatticeState, n_updates: int, temperature: Any, coupling: float, field: float
) -> tuple[LatticeState, int, np.ndarray, int]:
    """Returns a copy of the state, the number, words for the bond probability, the sign of J."""
    state, n, model = check_update(state, n_updates, "n_updates", temperature, coupling, field)
    no_field(model.field, "cluster updates")
    with np.errstate(over="ignore"):
        active = probability_words(-np.expm1(-2 * abs(model.coupling) / model.temperature))
    return state, n, active, int(np.sign(model.coupling))


@numba.njit
def _grow(
    lattice: np.ndarray,
    site: int,
    active: int,
    sign: int,
    queue: np.ndarray,
    stream: tuple[int, int, int, int],
) -> tuple[int, tuple[int, int, int, int]]:
    """Grows the cluster of a site; marks its sites by doubling their spins.

    A bond is looked at once: when the second of its ends is reached, the first is marked. (For
    L = 2 a pair of neighbours meets twice, once for each of its two bonds.)

    Returns:
      the number of sites, which are the first in the queue, and the stream's state.
    """
    L = lattice.shape[0]
    a, b, c, d = stream
    i, j = site // L, site % L
    lattice[i, j] *= 2
    queue[0, 0], queue[0, 1] = i, j
    size, head = 1, 0
    while head < size:
        i, j = queue[head, 0], queue[head, 1]
        head += 1
        wanted = sign * (lattice[i, j] >> 1)
        for k in range(4):
            x, y = i, j
            if k == 0:
                x = i - 1 if i > 0 else L - 1
            elif k == 1:
                x = i + 1 if i < L - 1 else 0
            elif k == 2:
                y = j - 1 if j > 0 else L - 1
            else:
                y = j + 1 if j < L - 1 else 0
            if lattice[x, y] == wanted:
                word, a, b, c, d = next_word(a, b, c, d)
                if word < active:
                    lattice[x, y] *= 2
                    queue[size, 0], queue[size, 1] = x, y
                    size += 1
    return size, (a, b, c, d)


@kernel()
def _wolff(
    spins: np.ndarray,
    rng: np.ndarray,
    active: np.ndarray,
    sign: int,
    n_updates: int,
    sites: np.ndarray,
) -> None:
    n_replicas, L, _ = spins.shape
    for r in numba.prange(n_replicas):
        lattice = spins[r]
        queue = np.empty((L * L, 2), np.int64)
        a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        for _ in range(n_updates):
            word, a, b, c, d = next_word(a, b, c, d)
            first = random_below(word, L * L)
            size, (a, b, c, d) = _grow(lattice, first, active[r], sign, queue, (a, b, c, d))
            for k in range(size):
                i, j = queue[k, 0], queue[k, 1]
                lattice[i, j] = -(lattice[i, j] >> 1)
            sites[r] += size
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = a, b, c, d


@kernel()
def _swendsen_wang(
    spins: np.ndarray,
    rng: np.ndarray,
    active: np.ndarray,
    sign: int,
    n_updates: int,
    squares: np.ndarray,
    clusters: np.ndarray,
) -> None:
    n_replicas, L, _ = spins.shape
    for r in numba.prange(n_replicas):
        lattice = spins[r]
        queue = np.empty((L * L, 2), np.int64)
        a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        for _ in range(n_updates):
            for first in range(L * L):
                if abs(lattice[first // L, first % L]) == 2:  # in a cluster already
                    continue
                size, (a, b, c, d) = _grow(lattice, first, active[r], sign, queue, (a, b, c, d))
                squares[r] += size * size
                clusters[r] += 1
                word, a, b, c, d = next_word(a, b, c, d)
                if word >> np.uint64(63):
                    for k in range(size):
                        lattice[queue[k, 0], queue[k, 1]] *= -1
            for i in range(L):
                for j in range(L):
                    lattice[i, j] >>= 1
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = a, b, c, d
