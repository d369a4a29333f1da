"""The compiled walk of Wang-Landau sampling; see `wang_landau`."""

from __future__ import annotations

import math

import numba
import numpy as np

from boltzmann_tf.sampling._random import kernel, next_word, random_below

__all__ = ["walk"]

CHECK_EVERY = 1000  # sweeps between looks at the histogram


@kernel()
def walk(
    spins: np.ndarray,
    rng: np.ndarray,
    levels: np.ndarray,
    log_g: np.ndarray,
    histogram: np.ndarray,
    log_f: np.ndarray,
    refining: np.ndarray,
    existing: np.ndarray,
    log_weight: np.ndarray,
    step: np.ndarray,
    sweeps: np.ndarray,
    flatness: float,
    accepted: np.ndarray,
) -> None:
    """Walks from sweep `sweeps[0]` to `sweeps[1]`; tables at n + 4 + (s > 0) as in `_sweep`."""
    n_walkers, L, _ = spins.shape
    sites = L * L
    for w in numba.prange(n_walkers):
        a, b, c, d = rng[w, 0], rng[w, 1], rng[w, 2], rng[w, 3]
        lattice, g, visits = spins[w], log_g[w], histogram[w]
        level, count, add = levels[w], 0, log_f[w]
        for sweep in range(sweeps[0], sweeps[1]):
            if refining[w]:
                add = existing.size / (sites * max(sweep, 1))
            for _ in range(sites):
                word, a, b, c, d = next_word(a, b, c, d)
                i, j = random_below(word, L), random_below(word << np.uint64(32), L)
                s = lattice[i, j]
                k = np.int64(
                    lattice[i, j - 1 if j > 0 else L - 1]
                    + lattice[i, j + 1 if j < L - 1 else 0]
                    + lattice[i - 1 if i > 0 else L - 1, j]
                    + lattice[i + 1 if i < L - 1 else 0, j]
                    + 4
                    + (s > 0)
                )
                new = level + step[k]
                log_ratio = g[level] - g[new] + log_weight[k]
                # The logarithm of the number and not the exponential of the ratio, as it can be
                # worked out while the last step is not; no branch, as nothing could foretell it.
                word, a, b, c, d = next_word(a, b, c, d)
                log_uniform = math.log(((word >> np.uint64(11)) + np.uint64(1)) * 2.0**-53)
                flip = log_uniform <= log_ratio
                lattice[i, j] = s * (1 - 2 * np.int8(flip))
                level += flip * step[k]
                count += flip
                g[level] += add
                visits[level] += 1
            if not refining[w] and (sweep + 1) % CHECK_EVERY == 0:
                least, total = visits[existing[0]], 0
                for k in existing:
                    least = min(least, visits[k])
                    total += visits[k]
                if least * existing.size >= flatness * total:
                    visits[:] = 0
                    add /= 2
                    refining[w] = add * sites * (sweep + 1) <= existing.size
        rng[w, 0], rng[w, 1], rng[w, 2], rng[w, 3] = a, b, c, d
        log_f[w], accepted[w] = add, count
