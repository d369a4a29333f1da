"""The generators of `nematic`: one flow for each lattice, walked from hot to cold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, Trainer, bijectors
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling.vectors.sweeps import neighbour_table
from boltzmann_tf.systems import AtTemperature, Nematic, NematicAngles

__all__ = ["Trained", "fixed", "nematic_at", "start_couplings", "walk"]


def nematic_at(lattice: str, length: int, temperature: float = 1.0) -> AtTemperature:
    """H / T of a nematic in angles, T a variable: compiled functions see another one."""
    t = tf.Variable(temperature, trainable=False, dtype=tf.float64)
    return AtTemperature(NematicAngles(lattice, length), t)


def start_couplings(system: Nematic, temperature: float) -> np.ndarray:
    """W of a `DirectorFlow` before training: 3 eps / 2 T for each bond, `[N, N]`."""
    couplings = np.zeros([system.sites, system.sites])
    table = neighbour_table(system)
    site, which = np.nonzero(table >= 0)
    np.add.at(couplings, (site, table[site, which]), 1.5 * system.bond_strength / temperature)
    return couplings


@dataclass
class Trained:
    """A generator on its walk through temperatures: `walk` changes it in place.

    Attributes:
      system: with the temperature of now.
      generator: trained at this temperature.
      losses: J_KL of each temperature's training, without its constant.
      evaluations: of the energy, in training so far.
    """

    system: AtTemperature
    generator: BoltzmannGenerator
    losses: dict[float, np.ndarray] = field(default_factory=dict)
    evaluations: int = 0

    @property
    def angles(self) -> NematicAngles:
        """The system without its temperature."""
        return cast(NematicAngles, self.system.inner)

    @property
    def temperature(self) -> float:
        """T of now."""
        return float(self.system.temperature.numpy())


def fixed(trained: Trained) -> BoltzmannGenerator:
    """The generator with its temperature in the coupling, eps / T, as a system of the package.

    Loaded from a file it needs no other system, and its weights are those of now.
    """
    nematic = trained.angles.nematic
    coupling = nematic.coupling / trained.temperature
    system = NematicAngles(nematic.lattice, nematic.length, coupling)
    return BoltzmannGenerator(system, trained.generator.bijector)


def walk(
    context: Context,
    lattice: str,
    length: int,
    temperatures: Sequence[float],
    *,
    first: int,
    then: int,
    batch_size: int = 256,
    seed: int = 0,
) -> Iterator[tuple[float, Trained]]:
    """Trains a flow by energy alone at each temperature, from hot to cold, and yields it there.

    Hot spins are nearly free, which no flow gets wrong; the next temperature then starts from
    weights that are right but for a little, its couplings multiplied by the ratio of the two.
    A flow that starts in the cold instead ends with a fraction of the effective samples.

    Args:
      context: of the report.
      lattice: as of `Nematic`.
      length: as of `Nematic`.
      temperatures: T, in any order.
      first: steps at the hottest.
      then: steps at each of the others.
      batch_size: configurations a step.
      seed: of the initial weights, and of training.

    Yields:
      T and the generator as trained there, before it goes on.
    """
    ordered = sorted(temperatures, reverse=True)
    system = nematic_at(lattice, length, ordered[0])
    couplings = start_couplings(Nematic(lattice, length), ordered[0])
    director = bijectors.DirectorFlow(couplings, seed=seed)
    planes = bijectors.SpheresFromPlanes(system.event_size)
    trained = Trained(system, BoltzmannGenerator(system, bijectors.Sequence([planes, director])))
    # One trainer, so that the step is compiled once.
    trainer = Trainer(trained.generator, seed=seed)
    for t in ordered:
        hottest = t == ordered[0]
        director.scale_couplings(trained.temperature / t)
        system.temperature.assign(t)
        rate = Cosine(5e-3 if hottest else 2e-3, 2e-4, warmup=0.05)
        stage = Stage(first if hottest else then, batch_size, rate, ml=0.0, kl=1.0, clip_norm=100.0)
        history = trainer.fit(None, stage, verbose=0)
        context.count_energy_evaluations(history.energy_evaluations)
        trained.evaluations += history.energy_evaluations
        trained.losses[t] = np.asarray(history["kl"], np.float64)
        yield t, trained
