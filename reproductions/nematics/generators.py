"""The generators of `nematic`: one flow for each lattice, walked from hot to cold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, Trainer, bijectors
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling.vectors.sweeps import neighbour_table
from boltzmann_tf.systems import Nematic, NematicAngles

__all__ = ["NematicAt", "Trained", "fixed", "start_couplings", "walk"]


class NematicAt(NematicAngles):
    """`NematicAngles` with H / T as its energy, where T can be changed after compilation.

    The noise of a generator at relative temperature tau is tau times as wide, which says nothing
    on a sphere, so a temperature must come by the energy. As a variable it leaves compiled
    functions as they are.

    Args:
      lattice: as of `Nematic`.
      length: as of `Nematic`.
      temperature: T > 0 at the start.
    """

    def __init__(self, lattice: str, length: int, temperature: float = 1.0) -> None:
        super().__init__(lattice, length)
        if not temperature > 0:
            raise ValueError(f"temperature must be a positive number, got {temperature!r}")
        self.temperature = tf.Variable(temperature, trainable=False, dtype=tf.float64)

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """H / T."""
        return super().energy(x) / tf.cast(self.temperature, x.dtype)

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """H / T, with a wall where the angles end."""
        return super().training_energy(x) / tf.cast(self.temperature, x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        nematic = self.nematic
        return {
            "lattice": nematic.lattice,
            "length": nematic.length,
            "temperature": float(self.temperature.numpy()),
        }


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

    system: NematicAt
    generator: BoltzmannGenerator
    losses: dict[float, np.ndarray] = field(default_factory=dict)
    evaluations: int = 0

    @property
    def temperature(self) -> float:
        """T of now."""
        return float(self.system.temperature.numpy())


def fixed(trained: Trained) -> BoltzmannGenerator:
    """The generator with its temperature in the coupling, eps / T, as a system of the package.

    Loaded from a file it needs no other system, and its weights are those of now.
    """
    nematic = trained.system.nematic
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
    system = NematicAt(lattice, length, ordered[0])
    director = bijectors.DirectorFlow(start_couplings(system.nematic, ordered[0]), seed=seed)
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
