"""Compiled sweeps of single-particle moves, for any sum of potentials.

A kernel is made for the formulas of a system's terms and of a coordinate. Replicas are shared
among threads from outside: Numba's own loops over threads take no parameters of terms.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials.coordinates import Coordinate, CoordinateKernel
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import symmetric, symmetric_pair, uniform_open

__all__ = ["PROPOSED", "closure", "energies_kernel", "shared", "sweep_kernel", "switch_kernel"]


def closure(function: Callable, version: str | None) -> Any:
    """Compiles at the first call; cached on disk, where there is a place, for known formulas."""
    options = {"nogil": True, "error_model": "numpy"}
    if version is not None:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
    return numba.njit(**options)(function)


AT_ONCE = 500_000_000  # of the same steps, after which a call can be interrupted
ENOUGH = 2_000_000  # steps of some 2 ns for each thread: 4 ms, against waking it on a busy machine


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers)


# A forked child has the pool, but not its threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


def shared(kernel: Callable, arrays: tuple[np.ndarray, ...], rest: tuple, steps: int) -> None:
    """Calls a kernel with parts of the arrays, split along their first axis, a part a thread.

    Args:
      kernel: takes the arrays and then `rest`; writes to the arrays.
      arrays: of one length.
      rest: arguments that all parts share.
      steps: of work in all, in units of an attempted flip of a spin.
    """
    n = len(arrays[0])
    workers = max(1, min(n, numba.get_num_threads(), steps // ENOUGH))
    if workers == 1:
        kernel(*arrays, *rest)
        return
    edges = np.linspace(0, n, workers + 1).astype(int)
    first, *others = (tuple(a[low:high] for a in arrays) for low, high in itertools.pairwise(edges))
    running = [_pool(workers - 1).submit(kernel, *part, *rest) for part in others]
    kernel(*first, *rest)
    for part in running:
        part.result()


@formula
def _proposed1(x: Any, i: Any, step: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    word, a, b, c, d = next_word(a, b, c, d)
    return (x[0, i] + step * symmetric(word),), a, b, c, d


@formula
def _proposed2(x: Any, i: Any, step: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    word, a, b, c, d = next_word(a, b, c, d)
    first, second = symmetric_pair(word)
    return (x[0, i] + step * first, x[1, i] + step * second), a, b, c, d


@formula
def _proposed3(x: Any, i: Any, step: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    word, a, b, c, d = next_word(a, b, c, d)
    first, second = symmetric_pair(word)
    word, a, b, c, d = next_word(a, b, c, d)
    q = (x[0, i] + step * first, x[1, i] + step * second, x[2, i] + step * symmetric(word))
    return q, a, b, c, d


PROPOSED = {1: _proposed1, 2: _proposed2, 3: _proposed3}


@formula
def _nowhere(x: Any, index: Any, sides: Any) -> float:
    return 0.0


@formula
def _unmoved(x: Any, index: Any, sides: Any, i: Any, q: Any) -> float:
    return 0.0


def sweep_kernel(compiled: Compiled, coordinate: Coordinate | None, system: Any) -> Callable:
    """Sweeps of all particles in turn: takes x, rng, options, factors, counts and what is shared.

    x is [replicas, dimension, n]; options are step size, temperature, centre and stiffness of each
    replica; counts of accepted moves and of NaN.
    """
    of_coordinate = CoordinateKernel(_nowhere, _unmoved, own=True)
    if coordinate is not None:
        of_coordinate = coordinate.kernel(system.dimension, periodic=system.lengths is not None)
    key = None if coordinate is None else (coordinate.function, coordinate.particles.size)
    return _sweep_kernel(compiled, _ByKey(of_coordinate, key), system.dimension)


class _ByKey:
    """A value that caches know by a key."""

    def __init__(self, value: Any, key: Any) -> None:
        self.value, self.key = value, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=64)
def _sweep_kernel(compiled: Compiled, coordinate: _ByKey, dimension: int) -> Callable:
    swept = _one_sweep(compiled, coordinate, dimension)
    version = compiled.version if coordinate.value.own else None

    def sweep(
        x: np.ndarray,
        rng: np.ndarray,
        options: np.ndarray,
        factors: np.ndarray,
        counts: np.ndarray,
        terms: Any,
        index: np.ndarray,
        biased: np.ndarray,
        sides: Any,
        n_sweeps: int,
    ) -> str:
        bias = (index, biased, sides)
        for r in range(x.shape[0]):
            accepted, not_finite = 0, 0
            for _ in range(n_sweeps):
                yes, bad = swept(x[r], rng[r], options[r], factors[r], terms, bias)
                accepted += yes
                not_finite += bad
            counts[r, 0], counts[r, 1] = accepted, not_finite
        return version or ""  # read, so that it is part of what the cache knows the kernel by

    return closure(sweep, version)


@functools.lru_cache(maxsize=64)
def _one_sweep(compiled: Compiled, coordinate: _ByKey, dimension: int) -> Callable:
    """A sweep of one replica, part of kernels: accepted moves, and those that were not finite."""
    change, proposed = compiled.change, PROPOSED[dimension]
    now, moved = coordinate.value.now, coordinate.value.moved

    @formula
    def swept(x: Any, rng: Any, options: Any, factors: Any, terms: Any, bias: Any) -> Any:
        a, b, c, d = rng[0], rng[1], rng[2], rng[3]
        step, temperature, centre, stiffness = options
        index, biased, sides = bias
        accepted, not_finite = 0, 0
        for i in range(x.shape[1]):
            q, a, b, c, d = proposed(x, i, step, a, b, c, d)
            log_ratio = -change(x, i, q, terms, factors) / temperature
            if biased[i]:
                after = moved(x, index, sides, i, q) - centre
                before = now(x, index, sides) - centre
                log_ratio -= stiffness * (after * after - before * before)
            word, a, b, c, d = next_word(a, b, c, d)
            if np.isnan(log_ratio):
                not_finite += 1
            elif log_ratio >= 0 or uniform_open(word) < np.exp(log_ratio):
                for k in range(x.shape[0]):
                    x[k, i] = q[k]
                accepted += 1
        rng[0], rng[1], rng[2], rng[3] = a, b, c, d
        return accepted, not_finite

    return swept


@functools.lru_cache(maxsize=64)
def switch_kernel(compiled: Compiled, dimension: int) -> Callable:
    """Walks through densities: takes x, rng, work and counts, and what is shared.

    Shared: temperature, factors of the terms in each density `[steps + 1, terms]`, step sizes
    `[steps + 1]`, terms, and a coordinate's arrays, which are not used.
    """
    nothing = CoordinateKernel(_nowhere, _unmoved, own=True)
    swept = _one_sweep(compiled, _ByKey(nothing, None), dimension)
    total, version = compiled.total, compiled.version

    def switch(
        x: np.ndarray,
        rng: np.ndarray,
        work: np.ndarray,
        counts: np.ndarray,
        temperature: float,
        factors: np.ndarray,
        sizes: np.ndarray,
        terms: Any,
        bias: Any,
    ) -> str:
        for r in range(x.shape[0]):
            for k in range(1, len(factors)):
                work[r] += total(x[r], terms, factors[k] - factors[k - 1]) / temperature
                options = (sizes[k], temperature, 0.0, 0.0)
                yes, bad = swept(x[r], rng[r], options, factors[k], terms, bias)
                counts[r, 0] += yes
                counts[r, 1] += bad
        return version or ""

    return closure(switch, version)


@functools.lru_cache(maxsize=64)
def energies_kernel(compiled: Compiled) -> Callable:
    """Energies: takes x, [replicas, dimension, n], and u to fill, then terms and their factors."""
    total, version = compiled.total, compiled.version

    def energies(x: np.ndarray, u: np.ndarray, terms: Any, factors: np.ndarray) -> str:
        for r in range(x.shape[0]):
            u[r] = total(x[r], terms, factors)
        return version or ""

    return closure(energies, version)
