"""From tethered, hot particles, which a flow learns, to the fluid, by annealing.

Trained on the fluid itself, the flow sits in one packing, about 7 kT of free energy short, and
annealing from there through latent space does not find the others. With the solvent tethered and
at T = 4 it comes within 2 kT, which a few densities in latent space close. Single-particle moves
walk the rest: tethers are let go and the temperature falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, estimators, sampling, systems
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import flows, generators
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted, reweighted
from boltzmann_tf.reproductions.solvated_dimer.plan import Plan
from boltzmann_tf.reproductions.solvated_dimer.reference import EDGES, SITES, SYSTEM
from boltzmann_tf.systems import CentresAlong
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training.schedules import Cosine, Exponential

__all__ = ["Annealed", "anneal", "tethered_dimer", "train"]

HOT, STIFF = 4.0, 40.0  # where the flow is trained
LOOSE = 3.0  # stiffness of the tethers, down to which they are let go while it is hot
ENDS = (2.0, 1.0)  # temperatures that are reached from there; lower ones from the last
HEATING = 400  # densities on the way of the training data from the fluid to the tethers
LATENT = 30  # densities in latent space


def tethered_dimer(centres: CentresAlong) -> systems.Tethered:
    """u(x) / T with the solvent tethered to its centres."""
    hot = systems.AtTemperature(SYSTEM, HOT)
    return systems.Tethered(hot, centres, STIFF, coordinates=slice(4, None))


class Annealed(NamedTuple):
    """Weighted samples of the dimer at one temperature.

    Attributes:
      x: configurations, `[n, 76]`.
      log_weight: for exp(-u / T), `[n]`; Z is that of one order and one direction.
      energies: that it took from the trained generator on.
    """

    x: np.ndarray
    log_weight: np.ndarray
    energies: int

    @property
    def spread_ess(self) -> float:
        """Effective fraction of the weights for the target with the generated spread along d."""
        return estimators.ess_fraction_along(dimer_distance(self.x), self.log_weight, edges=EDGES)

    def reweighted(self, seed: int) -> Reweighted:
        """Profile, difference and effective fractions."""
        found = reweighted(self.x, self.log_weight, energies=self.energies, seed=seed)
        return found._replace(spread_ess=self.spread_ess)

    def walked(
        self,
        centres: CentresAlong,
        steps: int,
        tethers: tuple[float, float],
        temperatures: tuple[float, float],
        *,
        seed: int,
    ) -> Annealed:
        """One leg on: stiffness and temperature from the first to the second of each."""
        s = np.linspace(0, 1, steps + 1)
        # Where tethers are loose, changes of them in proportion are changes of more.
        first, last = np.power(tethers, 0.3)
        stiffness = (first + (last - first) * s) ** (1 / 0.3)
        temperature = temperatures[0] * (temperatures[1] / temperatures[0]) ** s
        leg = sampling.anneal_particles(
            self.x,
            system=SYSTEM,
            reference=SITES,
            centres=centres(self.x),
            stiffness=stiffness,
            temperature=temperature,
            step_size=0.15 * temperature**0.25 * (1 + 0.6 * np.exp(-stiffness / 5)),
            seed=seed,
        )
        return Annealed(
            leg.x, self.log_weight + leg.log_weight, self.energies + leg.energy_evaluations
        )


def train(
    context: Context, frames: np.ndarray, lengths: np.ndarray, plan: Plan, *, name: str
) -> tuple[BoltzmannGenerator, CentresAlong]:
    """A generator of hot, tethered particles, and the centres of their tethers.

    Tethers frames of Monte Carlo to their means along d, heats them, and trains on that.

    Args:
      context: of the report.
      frames: of all lengths to generate, the solvent in order, `[n, 76]`.
      lengths: of the dimer, to generate, `[n]`.
      plan: for the width of the networks and the length of the energy training.
      name: of what is sampled, for the seeds.
    """
    centres = CentresAlong.fit(dimer_distance, frames)
    cold = Annealed(frames, np.zeros(len(frames)), 0)
    heating = context.seed_of(f"{name}: heating")
    hot = cold.walked(centres, HEATING, (LOOSE, STIFF), (HOT, HOT), seed=heating)
    data, seed = hot.x.astype(np.float32), context.seed_of(f"{name}: tethered particles")
    options: dict[str, Any] = {"blocks": 4, "hidden": plan.hidden, "coupling": "affine"}
    flow = flows.flow(data, lengths, seed=seed, **options)
    early, late = plan.tethered_steps // 3, plan.tethered_steps - plan.tethered_steps // 3
    stages = [
        Stage(200, 512, Cosine(2e-3, 5e-4, warmup=0.1)),
        generators.by_energy(
            early, Cosine(2e-3, 1e-3, warmup=0.1), Exponential(1e3, 1e5), batch_size=512
        ),
        generators.by_energy(late, Cosine(1e-3, 1e-5), 1e5, batch_size=512),
    ]
    generator = generators.compiled(context, flow, tethered_dimer(centres))
    generators.train(context, "tethered particles", generator, data, stages, seed=seed)
    return generator, centres


def anneal(
    context: Context,
    generator: BoltzmannGenerator,
    centres: CentresAlong,
    temperatures: Sequence[float],
    plan: Plan,
    *,
    name: str,
) -> dict[float, Annealed]:
    """Weighted samples of the fluid at each temperature, all with the same ancestors.

    Args:
      context: of the report.
      generator: of hot, tethered particles.
      centres: of their tethers.
      temperatures: any of 2, 1 and lower ones, falling.
      plan: for the number of samples, and of sweeps for each fall of the temperature by e, as many
        of which loosen the tethers.
      name: of what is sampled, for the seeds.
    """
    context.log("annealing: through latent space")
    start = sampling.anneal(
        generator,
        plan.annealed,
        n_steps=LATENT,
        # The first makes the length, and keeps what it makes.
        moving=np.arange(SYSTEM.event_size) > 0,
        seed=context.seed_of(f"{name}: through latent space"),
        batch_size=min(plan.annealed, 1024),
    )
    context.log("annealing: the tethers")
    sweeps = plan.annealing_sweeps
    stiff = Annealed(start.x.astype(np.float64), start.log_weight, start.energy_evaluations)
    loosening = context.seed_of(f"{name}: loosening")
    loose = stiff.walked(centres, sweeps, (STIFF, LOOSE), (HOT, HOT), seed=loosening)
    found: dict[float, Annealed] = {}
    for i, t in enumerate(temperatures):
        context.log(f"annealing: to T = {t:g}")
        before, tethers, above = loose, (LOOSE, 0.0), HOT
        if t not in ENDS:
            above = temperatures[i - 1]
            before, tethers = found[above], (0.0, 0.0)
        steps, seed = round(sweeps * np.log(above / t)), context.seed_of(f"{name}: cooling", i)
        found[t] = before.walked(centres, steps, tethers, (above, t), seed=seed)
    return found
