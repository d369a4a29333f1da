"""Averages of a run of two boxes, with errors from the spread of its replicas."""

from __future__ import annotations

import numpy as np

from boltzmann_tf.estimators import Estimates
from boltzmann_tf.sampling import GibbsInfo


def shares(info: GibbsInfo, n: int) -> Estimates:
    """P(N1)."""
    return _over_replicas(_seen(info, n), np.ones(info.n.shape[:2])[..., None])


def volumes(info: GibbsInfo, n: int) -> Estimates:
    """Means of V1 given N1."""
    seen = _seen(info, n)
    return _over_replicas(seen * info.volume[..., :1], seen)


def _seen(info: GibbsInfo, n: int) -> np.ndarray:
    """Whether N1 is 0, 1, ..., N, `[replicas, rounds, N + 1]`."""
    return (info.n[..., :1] == np.arange(n + 1)).astype(np.float64)


def _over_replicas(above: np.ndarray, below: np.ndarray) -> Estimates:
    """The ratio of two sums, its error from the spread over replicas, of first order."""
    a, b = above.sum(axis=1), below.sum(axis=1)
    with np.errstate(invalid="ignore"):  # a number that was never seen: NaN
        ratio = a.sum(axis=0) / b.sum(axis=0)
        rest = (a - ratio * b) / b.mean(axis=0)
    return Estimates(ratio, rest.std(axis=0, ddof=1) / np.sqrt(len(a)))
