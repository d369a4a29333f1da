"""The generators of `ising`: a flow with the lattice's symmetries, and the dense baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, Trainer, estimators, realnvp
from boltzmann_tf.bijectors import LatticeFlow
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL
from boltzmann_tf.reproductions.ising_model.simulations import equilibrium_spins
from boltzmann_tf.systems import IsingField
from boltzmann_tf.training import History
from boltzmann_tf.training.conditions import LogUniform

__all__ = ["ACCURACY", "Accuracy", "Trained", "train", "train_dense", "train_each"]

ACCURACY = 1e-3  # of log Z, accepted from the integration; stated errors are larger
SPREAD = 0.03  # of a log-weight, accepted from the integration
COMPARED = 4096  # fields that tell


class Accuracy(NamedTuple):
    """How finely a generator is integrated, and what half the step changes.

    Attributes:
      factor: steps, as multiples of those in training.
      log_z: change of log Z.
      spread: standard deviation of the change of the log-weights.
    """

    factor: int
    log_z: float
    spread: float


@dataclass
class Trained:
    """A generator of the field with its training.

    Attributes:
      system: the field.
      generator: with the flow as trained.
      history: of the training.
    """

    system: IsingField
    generator: BoltzmannGenerator
    history: History
    _finer: dict[int, BoltzmannGenerator] = field(default_factory=dict)

    def finer(self, factor: int) -> BoltzmannGenerator:
        """The same map, integrated in `factor` times as many steps as in training."""
        if factor == 1:
            return self.generator
        if factor not in self._finer:
            flow = self.generator.bijector.refined(factor)
            self._finer[factor] = BoltzmannGenerator(self.system, flow)
        return self._finer[factor]

    def sample(self, temperature: float, n: int, seed: int, factor: int = 1) -> Samples:
        """Weighted fields; in batches whose features fit into the processor's cache."""
        condition = [temperature] if self.system.condition_size else None
        return self.finer(factor).sample(n, seed=seed, condition=condition, batch_size=1024)

    def accuracy(self, temperature: float, seed: int = 99) -> Accuracy:
        """The coarsest integration that half the step does not change any more; at most 16 times.

        The caller judges `log_z` where even that was not enough.
        """
        coarse = self.sample(temperature, COMPARED, seed).log_weight
        for factor in (1, 2, 4, 8, 16):
            fine = self.sample(temperature, COMPARED, seed, 2 * factor).log_weight
            log_z = estimators.log_z(fine).value - estimators.log_z(coarse).value
            found = Accuracy(factor, log_z, float(np.std(fine - coarse)))
            if abs(log_z) < ACCURACY and found.spread < SPREAD:
                break
            coarse = fine
        return found


def is_cold(temperature: float) -> bool:
    """Whether there are two states, clearly: below T_c, to rounding and more."""
    return bool(temperature < 0.99 * CRITICAL)


def train(
    context: Context,
    length: int,
    temperature: float | tuple[float, float],
    *,
    iterations: int,
    batch_size: int = 256,
    features: int = 16,
    seed: int = 0,
    start: Trained | None = None,
) -> Trained:
    """Trains one flow by energy alone: its symmetries leave no state to be lost.

    Where a temperature is below the critical one, the flow must part the noise in two, and is
    integrated in smaller steps. A cold flow of its own is best annealed, from one at `start`.

    Args:
      context: of the report.
      length: L.
      temperature: T, or (low, high) for one flow for all temperatures between.
      iterations: steps.
      batch_size: fields a step.
      features: of the flow.
      seed: of the initial weights, and of training.
      start: a generator of the same length at a higher temperature, to start from.
    """
    system = IsingField(length, temperature)
    family = bool(system.condition_size)
    ends = cast(tuple[float, float], temperature)  # of a family
    options: dict[str, Any] = {
        "features": features,
        "seed": seed,
        "steps": 12 if is_cold(np.min(temperature)) else 6,
    }
    stage: dict[str, Any] = {}
    points = np.atleast_1d(temperature if not family else np.geomspace(*ends, 9))
    if family:
        options |= {"condition_size": 1, "condition_range": temperature, "degree": 4}
        stage["condition"] = LogUniform((ends[0],), (ends[1],))
    flow = LatticeFlow(length, **options)
    spins = equilibrium_spins(length, points, 4000 // len(points), seed)
    groups = zip(points, np.split(spins, len(points)), strict=True)
    fields = [
        system.draw_field(group, temperature=float(t) if family else None, seed=i)
        for i, (t, group) in enumerate(groups)
    ]
    condition = np.repeat(points, 4000 // len(points))[:, None] if family else None
    if start is None:
        flow.match_modes(np.concatenate(fields), condition)
    else:
        flow.assign_from(start.generator.bijector)
    generator = BoltzmannGenerator(system, flow)
    at = "{:g} to {:g}".format(*ends) if family else f"{temperature:.4g}"
    context.log(f"L = {length}, T = {at}: {iterations} steps")
    history = Trainer(generator, seed=seed).fit(
        None,
        Stage(
            iterations,
            batch_size,
            Cosine(4e-3 if start is None else 2e-3, warmup=0.05),
            ml=0.0,
            kl=1.0,
            energy_high=1e6,
            path_cost=0.03,
            clip_norm=20.0,
            **stage,
        ),
        verbose=0,
    )
    context.count_energy_evaluations(history.energy_evaluations)
    return Trained(system, generator, history)


def train_each(
    context: Context, length: int, temperatures: Iterable[float], **options: Any
) -> dict[float, Trained]:
    """One flow a temperature, from hot to cold; below T_c each starts from the one before it."""
    found: dict[float, Trained] = {}
    for t in sorted(temperatures, reverse=True):
        start = found[min(found)] if is_cold(t) and found else None
        found[t] = train(context, length, t, start=start, **options)
    return dict(sorted(found.items()))


def train_dense(
    context: Context, length: int, temperature: float, *, iterations: int, seed: int = 0
) -> Trained:
    """The baseline: a plain dense RealNVP on the same field, by example and by energy."""
    system = IsingField(length, temperature)
    flow = realnvp(length**2, blocks=6, hidden=(128, 128), zero_shift=True, seed=seed)
    generator = BoltzmannGenerator(system, flow)
    context.log(f"dense RealNVP: {iterations} steps")
    stage = Stage(
        iterations, 256, Cosine(1e-3, warmup=0.05), ml=0.5, kl=1.0, energy_high=1e6, clip_norm=20.0
    )
    data = system.draw_field(equilibrium_spins(length, temperature, 20_000, seed), seed=seed)
    history = Trainer(generator, seed=seed).fit(data, stage, verbose=0)
    context.count_energy_evaluations(history.energy_evaluations)
    return Trained(system, generator, history)
