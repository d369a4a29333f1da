"""The generators of `nematic`: one flow for each lattice, walked from hot to cold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Cosine, Stage, Trainer, bijectors
from boltzmann_tf.reproductions.nematics.plan import Walk
from boltzmann_tf.systems import AtTemperature, Nematic, NematicAngles


@dataclass
class Trained:
    """A generator on its walk through temperatures: `walk` changes it in place."""

    angles: NematicAngles  # the system without its temperature
    temperature: float  # of now; the generator's system is at it
    generator: BoltzmannGenerator  # trained at this temperature
    # J_KL of each temperature's training, without its constant
    losses: dict[float, np.ndarray] = field(default_factory=dict)
    evaluations: int = 0  # of the energy, in training so far


def fixed(trained: Trained) -> BoltzmannGenerator:
    """The generator with its temperature in the coupling, eps / T, as a system of the package.

    Loaded from a file it needs no other system, and its weights are those of now.
    """
    nematic = trained.angles.nematic
    coupling = nematic.coupling / trained.temperature
    system = NematicAngles(nematic.lattice, nematic.length, coupling)
    return BoltzmannGenerator(system, trained.generator.bijector)


def walk(
    system: Nematic, steps: Walk, *, batch_size: int = 256, seed: int = 0
) -> Iterator[tuple[float, Trained]]:
    """Trains a flow by energy alone at each temperature, from hot to cold, and yields it there.

    Hot spins are nearly free, which no flow gets wrong; the next temperature then starts from
    weights that are right but for a little, its couplings multiplied by the ratio of the two.
    A flow that starts in the cold instead ends with a fraction of the effective samples.

    Args:
      system: the lattice.
      steps: temperatures, and steps of training at them.
      batch_size: configurations a step.
      seed: of the initial weights, and of training.

    Yields:
      T and the generator as trained there, before it goes on.
    """
    ordered = sorted(steps.temperatures, reverse=True)
    temperature = tf.Variable(ordered[0], trainable=False, dtype=tf.float64)
    angles = NematicAngles(system.lattice, system.length)
    warm = AtTemperature(angles, temperature)
    couplings = 1.5 * system.bond_matrix / ordered[0]  # 3 eps / 2 T for each bond
    director = bijectors.DirectorFlow(couplings, seed=seed)
    planes = bijectors.SpheresFromPlanes(warm.event_size)
    generator = BoltzmannGenerator(warm, bijectors.Sequence([planes, director]))
    trained = Trained(angles, ordered[0], generator)
    # One trainer, so that the step is compiled once.
    trainer = Trainer(generator, seed=seed)
    for t in ordered:
        hottest = t == ordered[0]
        director.scale_couplings(trained.temperature / t)
        temperature.assign(t)
        rate = Cosine(5e-3 if hottest else 2e-3, 2e-4, warmup=0.05)
        iterations = steps.first if hottest else steps.then
        stage = Stage(iterations, batch_size, rate, ml=0.0, kl=1.0, clip_norm=100.0)
        history = trainer.fit(None, stage, verbose=0)
        trained.temperature = t
        trained.evaluations += history.energy_evaluations
        trained.losses[t] = np.asarray(history["kl"], np.float64)
        yield t, trained
