"""Equally weighted configurations out of weighted ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import instance, positive_int, seed_int

__all__ = ["resample"]


def resample(
    log_weights: ArrayLike, n: int | None = None, *, truncated: bool = False, seed: int = 0
) -> np.ndarray:
    """Draws samples with replacement in proportion to their weights; returns their indices `[n]`.

        x = samples.x[sampling.resample(samples.log_weight, 10_000)]

    It is for what takes no weights: training data, starts of simulations, pictures. What is drawn
    repeats, and holds no more independent configurations than the effective size of the weights
    says. Averages are better taken with the weights (`estimators.weighted_average`).

    Args:
      log_weights: of N samples, `[N]`; -inf for those that are never drawn.
      n: how many to draw; None for N.
      truncated: whether weights are cut to sqrt(N) times their mean before (Ionides, J. Comput.
        Graph. Stat. 17, 295 (2008)). An outlier of a poor proposal then cannot make up most of what
        is drawn, at the price of a bias that vanishes as N grows.
      seed: of the draws, which are independent of each other.
    """
    instance("truncated", truncated, bool)
    weights = estimators.normalized_weights(log_weights)
    count = len(weights) if n is None else positive_int("n", n)
    if truncated:
        weights = np.minimum(weights, len(weights) ** -0.5)
    rng = np.random.default_rng(seed_int("seed", seed))
    return rng.choice(len(weights), count, p=weights / weights.sum())
