"""Averages at several temperatures from the samples of all of them: multiple histograms.

Ferrenberg and Swendsen, Phys. Rev. Lett. 63, 1195 (1989), here for samples with weights. A
configuration drawn at one temperature says what it would weigh at the next; rare configurations
of a cold system are common in a warmer one, which sees them with far smaller errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf._support.checks import finite_array, positive_int
from boltzmann_tf.estimators._common import (
    Estimates,
    as_float64,
    check_log_weights,
    flag,
    jackknife_error,
)
from boltzmann_tf.estimators._histograms import (
    FEW_SHARED,
    check_links,
    joined,
    sums_by_level,
)
from boltzmann_tf.estimators.weights import effective_sample_size

__all__ = ["multi_histogram"]

_MOST_LEVELS = 10_000


def multi_histogram(
    energies: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    temperatures: ArrayLike,
    *,
    log_weights: Sequence[ArrayLike] | None = None,
    at: ArrayLike | None = None,
    function: Callable[[np.ndarray, float], np.ndarray] | None = None,
    n_blocks: int = 100,
) -> Estimates:
    """Returns averages at each of K temperatures, or at others, from the samples of all K.

    A function of averages gets them and the temperature; a heat capacity, of the averages of E and
    E^2, is `lambda m, t: (m[1] - m[0] ** 2) / t**2`. The errors are those of a jackknife over
    blocks of consecutive samples, the same at all temperatures; samples of different
    temperatures must be independent, or those of one block only depend on each other (walkers of
    replica exchange, in arrays of one length).

    Args:
      energies: K arrays `[n]`, or `[n, draws]` where several draws share a weight (they need not
        be independent of each other); of discrete levels, 10 000 at most.
      values: K arrays `[n, m]` or `[n, draws, m]` of what is averaged.
      temperatures: T > 0 in the units of the energies, [K].
      log_weights: K arrays [n], -inf allowed; None for equal weights.
      at: temperatures to give averages at, within the range of the sampled ones; None for those.
      function: of the m averages and T, to an array; the averages themselves for None.
      n_blocks: of the jackknife.

    Returns:
      values and errors, `[K, m]`, or K times the shape of what `function` returns; the size of `at`
      for K where it is given.

    Raises:
      RuntimeError: if temperatures are held together by fewer than ten (effective) samples of
        energies that both have, or if their free energies do not converge. Below fifty a
        `CalibrationWarning` says so.
    """
    T = finite_array("temperatures", temperatures, ndim=1)
    if T.size == 0 or np.any(T <= 0):
        raise ValueError(f"temperatures must be numbers > 0, got {T.tolist()}")
    wanted = T if at is None else finite_array("at", at, ndim=1)
    if wanted.size == 0 or wanted.min() < T.min() or wanted.max() > T.max():
        raise ValueError(f"at must be within {T.min():g} to {T.max():g}, got {wanted.tolist()}")
    blocks = positive_int("n_blocks", n_blocks, minimum=2)
    logs = [None] * T.size if log_weights is None else list(log_weights)
    for name, given in (("energies", energies), ("values", values), ("log_weights", logs)):
        if len(given) != T.size:
            raise ValueError(f"{name} must hold {T.size} arrays, got {len(given)}")
    each = [_checked(k, *parts) for k, parts in enumerate(zip(energies, values, logs, strict=True))]
    levels, level = np.unique(np.concatenate([e.ravel() for e, _, _ in each]), return_inverse=True)
    if levels.size > _MOST_LEVELS:
        raise ValueError(
            f"energies must have {_MOST_LEVELS} levels at most, got {levels.size}: round them"
        )
    owners = np.split(level, np.cumsum([e.size for e, _, _ in each])[:-1])
    sums = np.stack(
        [
            sums_by_level(own.reshape(e.shape), w, v, levels.size, blocks)
            for own, (e, v, w) in zip(owners, each, strict=True)
        ]
    )
    sizes = np.array([effective_sample_size(w) for _, _, w in each])
    reduced = levels / T[:, None]

    def result(kept: np.ndarray, start: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        density, f = joined(reduced, kept[..., 0], sizes, start)
        log_p = density - levels / wanted[:, None]
        p = np.exp(log_p - logsumexp(log_p, axis=1, keepdims=True))
        at_level = np.tensordot(sizes / kept[..., 0].sum(axis=1), kept, axes=1)
        seen = at_level[:, 0] > 0
        means = p[:, seen] @ (at_level[seen, 1:] / at_level[seen, :1])
        if function is not None:
            means = np.stack(
                [np.asarray(function(m, t)) for m, t in zip(means, wanted, strict=True)]
            )
        return np.asarray(means, np.float64), f

    total = sums.sum(axis=1)
    value, f = result(total, None)
    shared = check_links(reduced, total[..., 0], sizes, f, "temperatures", [f"{t:g}" for t in T])
    if shared < FEW_SHARED:
        flag(
            f"multi_histogram: temperatures must share {FEW_SHARED:g} samples with others, got "
            f"{shared:.3g}"
        )
    replicas = np.stack([result(total - sums[:, b], f)[0] for b in range(blocks)])
    return Estimates(value, jackknife_error(replicas))


def _checked(
    k: int, energies: ArrayLike, values: ArrayLike, log_weights: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One temperature's energies [n, draws], values [n, draws, m] and log-weights [n]."""
    e, v = as_float64(f"energies[{k}]", energies), as_float64(f"values[{k}]", values)
    if e.ndim not in (1, 2) or e.size == 0 or not np.all(np.isfinite(e)):
        raise ValueError(f"energies[{k}] must be finite, [n] or [n, draws], got shape {e.shape}")
    if v.shape[:-1] != e.shape or v.ndim != e.ndim + 1 or not np.all(np.isfinite(v)):
        raise ValueError(f"values[{k}] must be finite, {[*e.shape, 'm']}, got shape {v.shape}")
    w = np.zeros(len(e)) if log_weights is None else log_weights
    w = check_log_weights(f"log_weights[{k}]", w, size=len(e))
    return e.reshape(len(e), -1), v.reshape(len(e), -1, v.shape[-1]), w
