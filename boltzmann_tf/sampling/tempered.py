"""Weighted samples from priors at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf import BoltzmannGenerator
from boltzmann_tf.generator import Samples

__all__ = ["tempered"]


def tempered(
    generator: BoltzmannGenerator, temperatures: Sequence[float], n: int, *, seed: int
) -> Samples:
    """Weighted samples of the Boltzmann density at T = 1 from priors at several temperatures.

    The map is the same at every temperature, so the density of the mixture over priors is known
    for each sample at no cost, and with it the weight: at most the number of temperatures times
    that of the best of them.

    Args:
      generator: with the standard normal prior.
      temperatures: of the priors, with equal shares.
      n: samples in all.
      seed: of the draws.
    """
    size = generator.system.event_size

    def log_normal(square: np.ndarray, t: float) -> np.ndarray:
        return -square / (2 * t) - 0.5 * size * np.log(2 * np.pi * t)

    parts = []
    for i, t in enumerate(temperatures):
        part = generator.sample(n // len(temperatures), t, seed=seed + i)
        square = np.sum(part.z.astype(np.float64) ** 2, axis=1)
        mixture = logsumexp([log_normal(square, s) for s in temperatures], axis=0)
        log_q = part.log_q - log_normal(square, t) + mixture - np.log(len(temperatures))
        parts.append(part._replace(log_q=log_q, log_weight=-part.energy - log_q))
    # Shuffled: the errors come from blocks of consecutive samples.
    order = np.random.default_rng(seed).permutation(sum(len(p.x) for p in parts))
    return Samples(*(np.concatenate(fields)[order] for fields in zip(*parts, strict=True)))
