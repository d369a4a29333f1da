"""Two boxes of the Gibbs ensemble from one generator of a box: Q(n, v), their sum, joint samples.

The boxes know of each other by N1 + N2 = N and V1 + V2 = V alone, so that

    P(N1, V1) = Q(N1, V1) Q(N - N1, V - V1) / Z:

one conditional generator q(x | n, v) gives ln Q(n, v) by its weights, what is summed over N1 and V1
is summed exactly, and joint configurations are drawn from the sum, with exact weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import gammaln, logsumexp, xlogy

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import instance, positive, positive_int, seed_int
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.exact import GibbsJoint, StateCount
from boltzmann_tf.generator import BoltzmannGenerator

__all__ = ["Nodes", "SampledCount", "StateSurfaces", "conditions_of", "state_surfaces"]


@dataclass(frozen=True, eq=False)
class SampledCount(StateCount):
    """log Q(n, v) between what was sampled, at one temperature.

    Attributes:
      shares: of the volume that n particles leave of `volume`, `[nodes]`, increasing.
      log_free: log of Q over the power n of what they leave of v, `[most + 1, nodes]`.
      volume: the largest v.
      least: what n particles need, `[most + 1]`.
      temperature: of the generator.
      uniform: c of a term c / v of log Q that is known and not in `log_free`, `[most + 1]`.
    """

    shares: np.ndarray
    log_free: np.ndarray
    volume: float
    least: np.ndarray
    temperature: float
    uniform: np.ndarray

    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        if temperature != self.temperature:
            raise ValueError(
                f"temperature must be that of the generator, {self.temperature:g}, got "
                f"{temperature:g}"
            )
        if n >= len(self.log_free):
            raise ValueError(f"n must be at most {len(self.log_free) - 1}, got {n}")
        least = float(self.least[n])
        free = volume - least
        # Dense boxes change fastest: nodes are even in the root of the share.
        root = np.sqrt(np.maximum(free, 0.0) / (self.volume - least))
        known = np.isfinite(self.log_free[n])  # where not one sample had a weight
        if known.sum() < 2:
            return np.full(volume.shape, -np.inf)
        places = np.sqrt(self.shares[known])
        # Its dense end is noise where hardly a sample fits: nothing must overshoot.
        bent = PchipInterpolator(places, self.log_free[n][known])
        # Of no volume, as of nothing that fits.
        with np.errstate(divide="ignore", invalid="ignore"):
            found = bent(np.clip(root, places[0], places[-1])) + xlogy(n, np.maximum(free, 0.0))
            found += self.uniform[n] / volume
        seen = (free > 0) & (known[0] | (root >= places[0]))
        return np.where(seen, found, -np.inf)

    def least_volume(self, n: int) -> float:
        """What n particles need."""
        return float(self.least[positive_int("n", n, minimum=0)])


class StateSurfaces(NamedTuple):
    """Independent estimates of log Q(n, v).

    Attributes:
      surfaces: each of its own samples.
      mean: of Q over the surfaces.
      ess: effective fraction of the weights, all surfaces together, `[most + 1, nodes]`.
      samples: in all.
      sweeps: of Monte Carlo that they took, each a move of every particle of a box.
    """

    surfaces: list[SampledCount]
    mean: SampledCount
    ess: np.ndarray
    samples: int
    sweeps: int = 0

    def joint(self, n: int, volume: float) -> GibbsJoint:
        """P(N1, V1) and log Z by the mean surface."""
        return GibbsJoint(self.mean, n, volume, self.mean.temperature)

    def log_z(self, n: int, volume: float) -> Estimate:
        """log Z of two boxes, its error from the surfaces one by one (a jackknife)."""
        value = self.joint(n, volume).log_z
        left_out = [_mean([s for s in self.surfaces if s is not own]) for own in self.surfaces]
        each = [GibbsJoint(s, n, volume, s.temperature).log_z for s in left_out]
        return Estimate(value, float(estimators.jackknife_error(np.array(each))))

    def number_probabilities(self, n: int, volume: float) -> estimators.Estimates:
        """P(N1), `[n + 1]`, with errors in the same way."""
        value = self.joint(n, volume).number_probabilities()
        left_out = [_mean([s for s in self.surfaces if s is not own]) for own in self.surfaces]
        each = [GibbsJoint(s, n, volume, s.temperature).number_probabilities() for s in left_out]
        return estimators.Estimates(value, estimators.jackknife_error(np.stack(each)))


def _mean(surfaces: list[SampledCount]) -> SampledCount:
    """Q averaged."""
    each = np.stack([s.log_free for s in surfaces])
    mean = logsumexp(each, axis=0) - np.log(len(each))
    first = surfaces[0]
    return replace(first, log_free=mean)


class Nodes(NamedTuple):
    """Where Q(n, v) is sampled: n = 1 .. most, and shares of the volume that n particles leave.

    Attributes:
      shares: `[nodes]`, increasing to 1.
      least: the volume that n = 0 .. most particles need, `[most + 1]`.
      uniform: c of a known term c / v of log Q, `[most + 1]`.
      temperature: T.
      n: `[most, nodes]`.
      volume: v, `[most, nodes]`.
    """

    shares: np.ndarray
    least: np.ndarray
    uniform: np.ndarray
    temperature: float
    n: np.ndarray
    volume: np.ndarray

    @classmethod
    def of(
        cls, system: Any, most: int, volume: float, n_nodes: int, temperature: float | None = None
    ) -> Nodes:
        """Dense boxes change fastest: even in the root of the share."""
        largest, v = positive_int("most", most), positive("volume", volume)
        nodes = positive_int("n_nodes", n_nodes, minimum=4)
        tau = getattr(system, "temperature", 1.0)
        tau = tau if temperature is None else positive("temperature", temperature)
        count = range(largest + 1)
        least, uniform = np.zeros(largest + 1), np.zeros(largest + 1)
        if hasattr(system, "least_volume"):
            least[:] = [system.least_volume(n) for n in count]
        if hasattr(system, "uniform"):
            uniform[:] = [system.uniform(n) / tau for n in count]
        if least.max() >= v:
            raise ValueError(f"volume must be above {least.max():g}, got {volume!r}")
        shares = ((np.arange(nodes) + 1) / nodes) ** 2
        needed = least[1:, None]
        lengths = needed + shares * (v - needed)
        n = np.broadcast_to(np.arange(1, largest + 1)[:, None], lengths.shape)
        return cls(shares, least, uniform, tau, n, lengths)

    def samples(self, mean: int) -> np.ndarray:
        """How many at each node of n = 1 .. most particles, `[most]`, `mean` of them on average.

        In proportion to n, as weights spread with it.
        """
        share = self.n[:, 0] / self.n[:, 0].mean()
        return np.maximum(1, np.rint(mean * share)).astype(int)

    def repeated(self, times: np.ndarray, temperature: float | None) -> np.ndarray:
        """Conditions of times[n - 1] samples at each node of n particles, node after node."""
        condition = conditions_of(self.n, self.volume, temperature)
        times = np.repeat(times, len(self.shares))
        return np.repeat(condition.reshape(len(times), -1), times, axis=0)

    def surfaces(
        self, log_weight: np.ndarray, samples: np.ndarray, n_surfaces: int, sweeps: int = 0
    ) -> StateSurfaces:
        """Of the weights of n_surfaces * samples[n - 1] samples at each node of n particles.

        The weights are for exp(-U / T), of configurations in which the ideal gas is uniform.
        """
        ends = np.cumsum(samples)[:-1] * n_surfaces * len(self.shares)
        each = np.split(log_weight, ends)
        w = [v.reshape(len(self.shares), n_surfaces, -1) for v in each]
        log_mean = np.stack([logsumexp(v, axis=2) - np.log(v.shape[2]) for v in w])
        ess = np.stack([_ess(v.reshape(len(v), -1)) for v in w])
        left = self.volume - self.least[1:, None]
        power = xlogy(self.n, self.volume / left) - gammaln(self.n + 1)
        power -= self.uniform[1:, None] / self.volume
        log_free = log_mean + power[..., None]  # of Q over what is left to the power n
        none, v = np.zeros((1, len(self.shares))), float(self.volume[0, -1])
        known = (v, self.least, self.temperature, self.uniform)
        counts = [
            SampledCount(self.shares, np.concatenate([none, log_free[..., k]]), *known)
            for k in range(n_surfaces)
        ]
        ess = np.concatenate([none + 1, ess])
        return StateSurfaces(counts, _mean(counts), ess, log_weight.size, sweeps)


def _ess(log_weight: np.ndarray) -> np.ndarray:
    """Effective fractions of rows; 0 where no sample has a weight."""
    total, squares = logsumexp(log_weight, axis=1), logsumexp(2 * log_weight, axis=1)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.exp(2 * total - squares)) / log_weight.shape[1]


def state_surfaces(
    generator: BoltzmannGenerator,
    most: int,
    volume: float,
    *,
    temperature: float | None = None,
    n_nodes: int = 48,
    n_samples: int = 500,
    n_surfaces: int = 4,
    seed: int = 0,
) -> StateSurfaces:
    """ln Q(n, v) for n = 0 .. most and v up to `volume`, by the weights of a generator of a box.

    Args:
      generator: of a box whose condition is (n, v) or (n, v, T), with configurations in which the
        ideal gas is uniform, as those of `systems.NeighbourLine`: Q = v^n / n! <weight>. What its
        system says that n particles need (`least_volume`) is left out, and a uniform energy
        of its, -c / v, is taken as known (`uniform`).
      most: largest n.
      volume: largest v.
      temperature: T of a tempered generator; None for one whose condition has none, which is at its
        system's `temperature`, or at T = 1.
      n_nodes: volumes at which it is sampled; between them ln Q is a monotone cubic.
      n_samples: at each n, v and surface, on average over n: in proportion to n, as the weights
        spread with it.
      n_surfaces: independent ones, at least 2, from whose spread errors come. Few samples of poor
        weights have a mean that is too low mostly, which no single surface shows.
      seed: of the samples.
    """
    instance("generator", generator, BoltzmannGenerator)
    nodes = Nodes.of(generator.system, most, volume, n_nodes, temperature)
    samples = nodes.samples(positive_int("n_samples", n_samples))
    count = positive_int("n_surfaces", n_surfaces, minimum=2)
    every = nodes.repeated(count * samples, temperature)
    found = generator.sample(len(every), seed=seed_int("seed", seed), condition=every)
    return nodes.surfaces(found.log_weight, samples, count)


def conditions_of(n: Any, volume: Any, temperature: float | None) -> np.ndarray:
    """(n, v), or (n, v, T), `[..., 2 or 3]`."""
    parts = [n, volume] + ([] if temperature is None else [np.full(np.shape(n), temperature)])
    return np.stack([np.asarray(part, np.float64) for part in parts], axis=-1)
