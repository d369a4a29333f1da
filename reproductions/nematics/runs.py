"""One lattice: Monte Carlo and a generator at the same temperatures."""

from __future__ import annotations

from dataclasses import dataclass

from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.generators import Trained, walk
from boltzmann_tf.reproductions.nematics.measured import Measured, measure
from boltzmann_tf.reproductions.nematics.plan import Plan, Walk
from boltzmann_tf.reproductions.nematics.simulations import Simulated, simulate
from boltzmann_tf.systems import Nematic

__all__ = ["Run", "run_lattice"]


@dataclass(frozen=True)
class Run:
    """What is known of one lattice.

    Attributes:
      simulated: by Monte Carlo.
      measured: of the generator, temperatures increasing.
      trained: the generator, at the lowest temperature.
    """

    simulated: Simulated
    measured: dict[float, Measured]
    trained: Trained


def run_lattice(context: Context, system: Nematic, steps: Walk, plan: Plan, *, seed: int) -> Run:
    """Simulates at the temperatures of the walk, walks, and measures at each of them."""
    context.log(f"{system.lattice}, {system.sites} spins: Monte Carlo")
    simulated = simulate(context, system, steps.temperatures, rounds=plan.rounds, seed=seed)
    context.log("training and sampling")
    measured = {}
    for t, trained in walk(
        context,
        system.lattice,
        system.length,
        steps.temperatures,
        first=steps.first,
        then=steps.then,
        seed=seed,
    ):
        k = int(abs(simulated.temperatures - t).argmin())
        measured[t] = measure(context, trained, plan.samples, seed + 1, simulated.vectors[k])
    return Run(simulated, dict(sorted(measured.items())), trained)
