"""Weighted samples from a generator's priors at several temperatures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from boltzmann_tf import priors
from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive,
    positive_int,
    seed_int,
)
from boltzmann_tf.generator import BATCH_SIZE, BoltzmannGenerator, Samples

__all__ = ["tempered"]


def tempered(
    generator: BoltzmannGenerator,
    temperatures: ArrayLike,
    n: int,
    *,
    temperature: float = 1.0,
    condition: Any = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
) -> Samples:
    """Weighted samples of one Boltzmann density from priors at several temperatures.

    Hot priors reach what the prior at T = 1 hardly does: barriers, and states that the map has left
    in its tails. The map is the same at every temperature, so the density of the mixture over
    priors is known for each sample at no cost, and with it the weight, which is exact: at most the
    number of temperatures times that which the best of them alone would give (the balance heuristic
    of Veach and Guibas, SIGGRAPH 1995).

        samples = sampling.tempered(generator, (1.0, 2.0, 4.0), 60_000)
        profile = estimators.free_energy_profile(samples.x[:, 0], samples.log_weight, edges=edges)

    Args:
      generator: with a prior that has temperatures, as those of `boltzmann_tf.priors` do.
      temperatures: relative temperatures of the priors, `[k]`.
      n: samples in all, in equal shares as near as they come.
      temperature: tau of the weights, which are of exp(-u / tau).
      condition: of a conditional generator, `[condition_size]`, one for all samples.
      seed: of the draws and of their order; the i-th prior is drawn from with `seed + i`.
      batch_size: samples a batch.

    Returns:
      `Samples` in random order, as errors come from blocks of consecutive ones. `log_q` is of the
      mixture, in float64.

    Raises:
      ValueError: for a prior without temperatures, of a distribution say.
    """
    instance("generator", generator, BoltzmannGenerator)
    taus = finite_array("temperatures", temperatures, ndim=1).tolist()
    for i, t in enumerate(taus):
        positive(f"temperatures[{i}]", t)
    generator.prior.check_temperatures("temperatures", taus)
    n, seed = positive_int("n", n, minimum=len(taus)), seed_int("seed", seed)
    tau = positive("temperature", temperature)
    if condition is not None and np.ndim(condition) != 1:
        raise ValueError(
            f"condition must be one for all samples, [condition_size], got {np.shape(condition)}"
        )
    sizes = np.diff(np.arange(len(taus) + 1) * n // len(taus))
    largest = sizes.max()
    of_prior = condition if generator.prior.condition_size else None
    parts = []
    for i, (t, size) in enumerate(zip(taus, sizes.tolist(), strict=True)):
        part = generator.sample(size, t, seed=seed + i, condition=condition, batch_size=batch_size)
        each = np.stack([priors.log_density(generator.prior, part.z, s, of_prior) for s in taus])
        mixture = logsumexp(each + np.log(sizes / largest)[:, None], axis=0)
        log_q = part.log_q - each[i] + mixture - np.log(n / largest)
        parts.append(part._replace(log_q=log_q, log_weight=_log_weight(part.energy, tau, log_q)))
    order = np.random.default_rng(seed).permutation(n)
    return Samples(*(np.concatenate(fields)[order] for fields in zip(*parts, strict=True)))


def _log_weight(energy: np.ndarray, tau: float, log_q: np.ndarray) -> np.ndarray:
    """As of a generator: a NaN or infinite energy gets no weight, whatever density is there."""
    u = energy.astype(np.float64)
    none = np.isnan(u) | np.isposinf(u)
    return np.where(none, -np.inf, -np.where(none, 0.0, u) / tau - log_q)
