"""What is measured of a generator of the dimer, alone and annealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import BoltzmannGenerator, estimators, sampling
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import Annealed
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from reproductions.solvated_dimer.reference import CUT, EDGES

__all__ = [
    "REGIONS",
    "FlatBias",
    "Region",
    "Reweighted",
    "annealed",
    "annealed_log_z",
    "barrier",
    "inversion_error",
    "kl_loss",
    "length",
    "minima",
    "regions",
    "reweighted",
]

# d of each, as the issue has it.
REGIONS = {"closed": (0.0, 1.3), "transition": (1.3, 1.7), "open": (1.7, np.inf)}


def length(x: np.ndarray) -> np.ndarray:
    """d of configurations `[n, 76]`."""
    return np.hypot(x[:, 0] - x[:, 2], x[:, 1] - x[:, 3])


@dataclass(frozen=True)
class Region:
    """Generated configurations of one range of d.

    Attributes:
      share: of all samples.
      median: of their true energies, kT; NaN where there are none.
      low: share of them with u < 80 kT.
    """

    share: float
    median: float
    low: float


def regions(x: np.ndarray, energy: np.ndarray) -> dict[str, Region]:
    """By range of d."""
    d = length(x)
    found = {}
    for name, (low, high) in REGIONS.items():
        u = energy[(d > low) & (d <= high)].astype(np.float64)
        some = len(u) > 0
        found[name] = Region(
            len(u) / len(d),
            float(np.median(u)) if some else np.nan,
            float(np.mean(u < 80)) if some else np.nan,
        )
    return found


def kl_loss(samples: Samples) -> Estimate:
    """J_KL by the true energy at T = 1, in kT: mean of u - log|dx/dz|."""
    size = samples.z.shape[1]
    terms = -samples.log_weight + 0.5 * size * np.log(2 * np.pi)
    terms += 0.5 * np.sum(samples.z.astype(np.float64) ** 2, axis=1)
    return Estimate(float(np.mean(terms)), float(np.std(terms) / np.sqrt(len(terms))))


def inversion_error(generator: BoltzmannGenerator, z: np.ndarray) -> float:
    """Largest |z - F^-1(F(z))|."""
    x, _ = generator.to_configuration(tf.constant(z))
    back, _ = generator.to_latent(x)
    return float(np.max(np.abs(back.numpy() - z)))


class Reweighted(NamedTuple):
    """Free energies from weighted samples.

    Attributes:
      profile: F(d) in kT, the lowest bin at zero.
      difference: F(open) - F(closed), kT.
      ess: effective fraction of the weights.
      spread_ess: the same of annealed samples for the target that spreads them along d, with the
        descendants of one sample counted as one; NaN without annealing.
      pareto_k: of the weights.
      energies: number of energies that it took.
    """

    profile: Profile
    difference: Estimate
    ess: float
    spread_ess: float
    pareto_k: float
    energies: int


def reweighted(
    x: np.ndarray,
    log_weight: np.ndarray,
    energies: int,
    *,
    batches: int = 200,
    seed: int,
) -> Reweighted:
    """Profile and difference with bootstrap errors over blocks, at most `batches` of them."""
    d = length(x).astype(np.float64)
    options = {"seed": seed, "n_blocks": batches}
    return Reweighted(
        estimators.free_energy_profile(d, log_weight, edges=EDGES, **options),
        estimators.free_energy_difference(
            d, log_weight, left=(-np.inf, CUT), right=(CUT, np.inf), **options
        ),
        estimators.ess_fraction(log_weight),
        np.nan,
        estimators.pareto_k(log_weight),
        energies,
    )


def barrier(profile: Profile) -> float:
    """Highest point of F(d) between 1.3 and 1.7 above the lowest below 1.3."""
    d, f = profile.centers, profile.free_energy
    return float(np.nanmax(f[(d > 1.3) & (d < 1.7)]) - np.nanmin(f[d < 1.3]))


def minima(profile: Profile) -> float:
    """Lowest point of F(d) above 1.7 minus the lowest below 1.3."""
    d, f = profile.centers, profile.free_energy
    return float(np.nanmin(f[d > 1.7]) - np.nanmin(f[d < 1.3]))


class FlatBias:
    """A bias along d under which the annealed samples keep the lengths they were generated with.

    It is the median log-weight at each d, of the generator alone: minus its estimate of F(d) and
    minus the log density of what it generates, up to a constant. It need not be exact: weights undo
    it. One object serves all temperatures, so that annealing is compiled once.

    Args:
      low: of the range of d.
      high: of the range; the bias is constant outside.
      bins: between them.
    """

    def __init__(self, low: float = 0.65, high: float = 2.4, bins: int = 35) -> None:
        self._edges = np.linspace(low, high, bins + 1)
        self._middles = 0.5 * (self._edges[1:] + self._edges[:-1])
        self._values = tf.Variable(tf.zeros(bins))

    def fit(self, samples: Samples) -> None:
        """Takes the medians over samples of the generator; empty bins from their neighbours."""
        which = np.searchsorted(self._edges, length(samples.x)) - 1
        value = np.array(
            [
                np.median(w) if (w := samples.log_weight[which == k]).size > 9 else np.nan
                for k in range(len(self._middles))
            ]
        )
        known = np.isfinite(value)
        value = np.interp(self._middles, self._middles[known], value[known])
        self._values.assign(value - value.max())

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Of configurations `[batch, 76]`, in kT at their own temperature."""
        d = dimer_distance(x)
        return tfp.math.interp_regular_1d_grid(
            d, float(self._middles[0]), float(self._middles[-1]), self._values
        )


def annealed(
    context: Context,
    generator: BoltzmannGenerator,
    bias: FlatBias,
    n: int,
    temperature: float,
    *,
    steps: int,
    batch_size: int,
    seed: int,
) -> tuple[Annealed, Reweighted]:
    """Anneals generated samples at T, spread along d, and reweights them."""
    context.log(f"annealing at T = {temperature:g}")
    pilot = generator.sample(8192, temperature, seed=seed + 1)
    bias.fit(pilot)
    found = sampling.anneal(
        generator,
        n,
        temperature,
        n_steps=steps,
        bias=bias,
        resample_below=0.5,
        seed=seed,
        batch_size=batch_size,
    )
    energies = found.energy_evaluations + len(pilot.x)
    context.count_energy_evaluations(energies)
    result = reweighted(found.x, found.log_weight, energies, batches=n // batch_size, seed=seed)
    return found, result._replace(spread_ess=found.ess_fraction())


def annealed_log_z(
    context: Context,
    generator: BoltzmannGenerator,
    n: int,
    temperature: float,
    *,
    steps: int = 60,
    batch_size: int = 256,
    seed: int,
) -> Estimate:
    """log Z at T from annealed samples, its error from the scatter of independent batches."""
    found = sampling.anneal(
        generator,
        n,
        temperature,
        n_steps=steps,
        resample_below=0.5,
        seed=seed,
        batch_size=batch_size,
    )
    context.count_energy_evaluations(found.energy_evaluations)
    batches = found.log_weight.reshape(-1, batch_size)
    peak = batches.max()
    z = np.mean(np.exp(batches - peak), axis=1)
    error = np.std(z, ddof=1) / np.mean(z) / np.sqrt(len(z))
    return Estimate(float(np.log(np.mean(z)) + peak), float(error))
