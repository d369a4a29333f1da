"""From tethered, hot particles, which a flow learns, to the fluid, by annealing.

Trained on the fluid itself, the flow sits in one packing, about 7 kT of free energy short, and
annealing from there through latent space does not find the others. With the solvent tethered and
at T = 4 it comes within 2 kT, which a few densities in latent space close. Single-particle moves
walk the rest: tethers are let go and the temperature falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, estimators, sampling, systems
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import flows, measured
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted
from boltzmann_tf.reproductions.solvated_dimer.reference import EDGES, SITES, SYSTEM
from boltzmann_tf.sampling import AnnealedParticles
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training.schedules import Cosine, Exponential

__all__ = [
    "AnnealedDimer",
    "Centres",
    "Tethered",
    "anneal",
    "reweighted",
    "tethered_dimer",
    "train",
]

HOT, STIFF = 4.0, 40.0  # where the flow is trained
LOOSE = 3.0  # stiffness of the tethers, down to which they are let go while it is hot
ENDS = (2.0, 1.0)  # temperatures that are reached from there; lower ones from the last


class Centres:
    """Where the tethers of all coordinates end, by the dimer's length d.

    Args:
      coefficients: of 1, d and d^2, `[3, 76]`.
    """

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = np.asarray(coefficients)

    def at(self, d: np.ndarray) -> np.ndarray:
        """At lengths `[n]`: `[n, 76]`."""
        return np.stack([np.ones_like(d), d, d * d], axis=1) @ self.coefficients

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Of configurations `[n, 76]`: `[n, 76]`."""
        d = dimer_distance(x)
        powers = tf.stack([tf.ones_like(d), d, d * d], axis=-1)
        return powers @ tf.constant(self.coefficients, x.dtype)


def tethered_dimer(centres: Centres) -> systems.Tethered:
    """u(x) / T with the solvent tethered to its centres."""
    hot = systems.AtTemperature(SYSTEM, HOT)
    return systems.Tethered(hot, centres, STIFF, coordinates=slice(4, None))


class Tethered(NamedTuple):
    """A generator of hot, tethered particles.

    Attributes:
      generator: of them.
      centres: of their tethers.
    """

    generator: BoltzmannGenerator
    centres: Centres


class AnnealedDimer(NamedTuple):
    """Weighted samples of the dimer at one temperature.

    Attributes:
      x: configurations, `[n, 76]`.
      log_weight: for exp(-u / T), `[n]`.
      energies: that it took from the trained generator on.
    """

    x: np.ndarray
    log_weight: np.ndarray
    energies: int

    def log_z(self) -> Estimate:
        """Of the cell of one order and one direction; samples are independent."""
        peak = self.log_weight.max()
        w = np.exp(self.log_weight - peak)
        error = np.std(w, ddof=1) / np.mean(w) / np.sqrt(len(w))
        return Estimate(float(np.log(np.mean(w)) + peak), float(error))

    def spread_ess(self) -> float:
        """Effective fraction of the weights for the target with the generated spread along d.

        That target's bias along d is estimated on every other sample and used on the rest.
        """
        d = dimer_distance(self.x)
        middles = 0.5 * (EDGES[1:] + EDGES[:-1])
        parts = []
        for first in (0, 1):
            bias = _mean_log_weight(d[1 - first :: 2], self.log_weight[1 - first :: 2])
            known = np.isfinite(bias)
            own = np.interp(d[first::2], middles[known], bias[known])
            parts.append(estimators.ess_fraction(self.log_weight[first::2] - own))
        return float(np.mean(parts))


def _mean_log_weight(d: np.ndarray, log_weight: np.ndarray) -> np.ndarray:
    """log of the mean weight in each of the profile's bins; NaN in empty ones."""
    which = np.digitize(d, EDGES) - 1
    total = np.full(len(EDGES) - 1, np.nan)
    for k in np.unique(which[np.isfinite(log_weight)]):
        own = log_weight[which == k]
        total[k] = np.log(np.mean(np.exp(own - own.max()))) + own.max()
    return total


def _path(
    context: Context,
    x: np.ndarray,
    centres: Centres,
    steps: int,
    tethers: tuple[float, float],
    temperatures: tuple[float, float],
    *,
    seed: int,
) -> AnnealedParticles:
    """One leg: stiffness and temperature from the first to the second of each."""
    s = np.linspace(0, 1, steps + 1)
    # Where tethers are loose, changes of them in proportion are changes of more.
    first, last = np.power(tethers, 0.3)
    stiffness = (first + (last - first) * s) ** (1 / 0.3)
    temperature = temperatures[0] * (temperatures[1] / temperatures[0]) ** s
    free = 1 + 0.6 * np.exp(-stiffness / 5)
    found = sampling.anneal_particles(
        x,
        system=SYSTEM,
        reference=SITES,
        centres=centres.at(dimer_distance(x)),
        stiffness=stiffness,
        temperature=temperature,
        step_size=0.15 * temperature**0.25 * free,
        seed=seed,
    )
    context.count_energy_evaluations(found.energy_evaluations)
    return found


def train(
    context: Context,
    frames: np.ndarray,
    lengths: np.ndarray,
    *,
    iterations: int,
    seed: int,
    **options: Any,
) -> Tethered:
    """Tethers frames of Monte Carlo to their means along d, heats them, and trains on that.

    Args:
      context: of the report.
      frames: of all lengths to generate, the solvent in order, `[n, 76]`.
      lengths: of the dimer, to generate, `[n]`.
      iterations: of the energy training.
      seed: of everything.
      **options: of the flow: `blocks`, `hidden`.
    """
    context.log("tethered particles: training")
    d = dimer_distance(frames)
    powers = np.stack([np.ones_like(d), d, d * d], axis=1)
    centres = Centres(np.linalg.lstsq(powers, frames, rcond=None)[0])
    data = _path(context, frames, centres, 400, (LOOSE, STIFF), (HOT, HOT), seed=seed).x
    flow = flows.flow(data.astype(np.float32), lengths, coupling="affine", seed=seed, **options)
    jit = False if context.quick else "auto"
    generator = BoltzmannGenerator(tethered_dimer(centres), flow, jit_compile=jit)
    by_energy: dict[str, Any] = {"ml": 0.0, "kl": 1.0, "clip_norm": 100.0}
    early = iterations // 3
    stages = [
        Stage(200, 512, Cosine(2e-3, 5e-4, warmup=0.1)),
        Stage(early, 512, Cosine(2e-3, 1e-3, warmup=0.1), energy_high=Exponential(1e3, 1e5),
              **by_energy),
        Stage(iterations - early, 512, Cosine(1e-3, 1e-5), energy_high=1e5, **by_energy),
    ]  # fmt: skip
    history = Trainer(generator, seed=seed, jit_compile=jit).fit(
        data.astype(np.float32), stages, verbose=0
    )
    context.count_energy_evaluations(history.energy_evaluations)
    return Tethered(generator, centres)


def anneal(
    context: Context,
    tethered: Tethered,
    n: int,
    temperatures: tuple[float, ...],
    *,
    sweeps: int,
    latent_steps: int = 30,
    seed: int,
) -> dict[float, AnnealedDimer]:
    """Weighted samples of the fluid at each temperature.

    Args:
      context: of the report.
      tethered: from `train`.
      n: samples, all with the same ancestors at all temperatures.
      temperatures: any of 2, 1 and lower ones, falling.
      sweeps: for each fall of the temperature by e; as many to loosen the tethers.
      latent_steps: densities in latent space, before.
      seed: of everything.
    """
    context.log("annealing: through latent space")
    start = sampling.anneal(
        tethered.generator,
        n,
        n_steps=latent_steps,
        # The first makes the length, and keeps what it makes.
        moving=np.arange(SYSTEM.event_size) > 0,
        seed=seed,
        batch_size=min(n, 1024),
    )
    context.count_energy_evaluations(start.energy_evaluations)
    context.log("annealing: the tethers")
    centres = tethered.centres
    x = start.x.astype(np.float64)
    loose = _path(context, x, centres, sweeps, (STIFF, LOOSE), (HOT, HOT), seed=seed + 1)
    common = start.energy_evaluations + loose.energy_evaluations
    log_weight = start.log_weight + loose.log_weight
    found: dict[float, AnnealedDimer] = {}
    for i, t in enumerate(temperatures):
        context.log(f"annealing: to T = {t:g}")
        if t in ENDS:
            leg = _path(context, loose.x, centres, round(sweeps * np.log(HOT / t)),
                        (LOOSE, 0.0), (HOT, t), seed=seed + 2 + i)  # fmt: skip
            before, cost = log_weight, common
        else:
            last = temperatures[i - 1]
            leg = _path(context, found[last].x, centres, round(sweeps * np.log(last / t)),
                        (0.0, 0.0), (last, t), seed=seed + 2 + i)  # fmt: skip
            before, cost = found[last].log_weight, found[last].energies
        found[t] = AnnealedDimer(leg.x, before + leg.log_weight, cost + leg.energy_evaluations)
    return found


def reweighted(found: Mapping[float, AnnealedDimer], *, seed: int) -> dict[float, Reweighted]:
    """Profiles, differences and effective fractions of annealed samples."""
    return {
        t: measured.reweighted(a.x, a.log_weight, a.energies, seed=seed)._replace(
            spread_ess=a.spread_ess()
        )
        for t, a in found.items()
    }
