"""Joint states of two coupled boxes, drawn from P(N1, V1) and a generator of one box."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from boltzmann_tf._support.checks import instance, positive_int, seed_int
from boltzmann_tf.exact import GibbsJoint
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.sampling.state_surfaces import conditions_of

__all__ = ["GibbsSamples", "gibbs_samples"]


class GibbsSamples(NamedTuple):
    """Weighted joint states of two boxes.

    Attributes:
      n: particles in the first box, int64 `[n]`.
      volume: of the first box, `[n]`.
      x: configurations of both boxes, as of the generator, `[n, 2, *event_shape]`.
      log_weight: for the Gibbs ensemble, float64 `[n]`; its log-mean-exp is log Z.
    """

    n: np.ndarray
    volume: np.ndarray
    x: np.ndarray
    log_weight: np.ndarray


def gibbs_samples(
    generator: BoltzmannGenerator,
    joint: GibbsJoint,
    n: int,
    *,
    temperature: float | None = None,
    n_bins: int = 512,
    seed: int = 0,
) -> GibbsSamples:
    """Draws N1 and V1 from a sum, and both boxes from the generator, with exact weights.

        surfaces = sampling.state_surfaces(generator, 12, 33.0)
        both = sampling.gibbs_samples(generator, surfaces.joint(12, 33.0), 10_000)
        estimators.log_z(both.log_weight)

    Args:
      generator: of one box, as in `state_surfaces`.
      joint: P(N1, V1), from surfaces or exact.
      n: joint states.
      temperature: as in `state_surfaces`.
      n_bins: of V1, in each of which it is drawn from a straight line between its ends.
      seed: of all draws.
    """
    instance("generator", generator, BoltzmannGenerator)
    instance("joint", joint, GibbsJoint)
    samples, bins = positive_int("n", n), positive_int("n_bins", n_bins)
    rng = np.random.default_rng(seed_int("seed", seed))
    n1, v1, log_weight = _drawn(joint, samples, bins, rng)
    boxes = []
    for k, (m, v) in enumerate(((n1, v1), (joint.n - n1, joint.volume - v1))):
        found = generator.sample(
            samples, seed=seed + 1 + k, condition=conditions_of(m, v, temperature)
        )
        log_weight = log_weight + xlogy(m, v) - gammaln(m + 1) + found.log_weight
        boxes.append(found.x)
    return GibbsSamples(n1, v1, np.stack(boxes, axis=1), log_weight)


def _drawn(
    joint: GibbsJoint, samples: int, bins: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N1, V1 and minus the log of the density that they were drawn from."""
    edges = np.linspace(0, joint.volume, bins + 1)
    p = joint.bin_probabilities(edges)
    drawn = rng.choice(p.size, samples, p=p.ravel() / p.sum())
    n1, place = np.unravel_index(drawn, p.shape)
    count = np.arange(joint.n + 1)
    low = np.array([joint.fluid.least_volume(int(k)) for k in count])
    high = joint.volume - low[::-1]
    # Of each N1, at both ends of each bin that it can reach.
    ends = np.clip(edges, low[:, None], np.maximum(low, high)[:, None])
    with np.errstate(divide="ignore"):
        height = np.exp([joint.log_density(int(k), ends[k]) - joint.log_z for k in count])
    height = np.nan_to_num(height)
    (begin, end), (first, second) = ((a[n1, place], a[n1, place + 1]) for a in (ends, height))
    even = first + second <= 0
    first, second = np.where(even, 1.0, first), np.where(even, 1.0, second)
    area = 0.5 * (first + second) * rng.uniform(size=samples)
    x = 2 * area / (first + np.sqrt(first**2 + 2 * area * (second - first)))
    slope = np.maximum(first + (second - first) * x, np.finfo(np.float64).tiny)
    log_q = np.log(p[n1, place] / p.sum()) + np.log(2 * slope / (first + second))
    return n1, begin + (end - begin) * x, np.log(end - begin) - log_q
