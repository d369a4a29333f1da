"""Weights of ours: generators of hot, tethered particles, annealed from there to the fluid.

Trained on the fluid itself, the flow sits in one packing, about 7 kT of free energy short, and
annealing from there through latent space does not find the others. With the solvent tethered and
at T = 4 it comes within 2 kT, which a few densities in latent space close.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, bijectors, sampling
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import generators
from boltzmann_tf.reproductions.solvated_dimer.plan import Plan
from boltzmann_tf.reproductions.solvated_dimer.reference import SITES, SYSTEM
from boltzmann_tf.sampling import WeightedParticles
from boltzmann_tf.systems import AtTemperature, CentresAlong, Tethered
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training.schedules import Cosine, Exponential

HOT, STIFF = 4.0, 40.0  # where the flow is trained
LOOSE = 3.0  # stiffness of the tethers, down to which they are let go while it is hot
HEATING = 400  # densities on the way of the training data from the fluid to the tethers


def tethered_dimer(centres: CentresAlong) -> Tethered:
    """u(x) / T with the solvent tethered to its centres."""
    return Tethered(AtTemperature(SYSTEM, HOT), centres, STIFF, coordinates=slice(4, None))


def train(
    context: Context, name: str, frames: np.ndarray, lengths: np.ndarray, plan: Plan
) -> BoltzmannGenerator:
    """Tethers frames of Monte Carlo to their means along d, heats them, and trains on that.

    Args:
      context: of the report.
      name: of what is sampled, for the seeds.
      frames: of all lengths to generate, the solvent in order, `[n, 76]`.
      lengths: of the dimer, to generate, `[n]`.
      plan: for the width of the networks and the length of the energy training.
    """
    centres = CentresAlong.fit(dimer_distance, frames)
    heated = sampling.anneal_particles(
        frames,
        system=SYSTEM,
        reference=SITES,
        centres=centres(frames),
        seed=context.seed_of(f"{name}, heating"),
        **sampling.tether_path(HEATING, stiffness=(LOOSE, STIFF), temperature=(HOT, HOT)),
    )
    data, seed = heated.x.astype(np.float32), context.seed_of(f"{name}, tethered particles")
    flow = bijectors.dimer_flow(data, lengths, hidden=plan.hidden, seed=seed)
    early, late = plan.tethered_steps // 3, plan.tethered_steps - plan.tethered_steps // 3
    first, then = Cosine(2e-3, 1e-3, warmup=0.1), Cosine(1e-3, 1e-5)
    stages = [
        Stage(200, 512, Cosine(2e-3, 5e-4, warmup=0.1)),
        generators.by_energy(early, first, Exponential(1e3, 1e5), batch_size=512),
        generators.by_energy(late, then, 1e5, batch_size=512),
    ]
    generator = generators.compiled(context, flow, tethered_dimer(centres))
    return generators.train(context, f"{name}, tethered", generator, data, stages, seed).generator


def anneal(
    context: Context,
    name: str,
    generator: BoltzmannGenerator,
    falling: Sequence[float],
    plan: Plan,
) -> dict[float, WeightedParticles]:
    """Weighted samples of the fluid, of one order and one direction, at falling temperatures."""
    context.log(f"{name}: annealing")
    return sampling.anneal_tethered(
        generator,
        plan.annealed,
        falling,
        loose=LOOSE,
        n_sweeps=plan.annealing_sweeps,
        # The first makes the length, and keeps what it makes.
        moving=np.arange(SYSTEM.event_size) > 0,
        reference=SITES,
        seed=context.seed_of(f"{name}, annealing"),
    )
