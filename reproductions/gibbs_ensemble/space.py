"""The Lennard-Jones fluid in space: 512 particles in two boxes, by Monte Carlo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import CriticalPoint
from boltzmann_tf.potentials import LennardJones
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.gibbs_ensemble.plan import Run
from boltzmann_tf.sampling import GibbsInfo, GibbsPhases, GibbsState
from boltzmann_tf.systems import GibbsBoxes

N = 512
REPLICAS = 20  # so many that errors come from their spread, however slowly they move
MELTING = 100  # rounds without transfers: the holes of a lattice would be filled at once
BURN_IN = 400  # rounds
CHUNK = 1000  # rounds a call, so that it can be interrupted
FULL: dict[str, Any] = {"pairs": LennardJones(cut=3.0), "tail": True}
SHIFTED: dict[str, Any] = {"pairs": LennardJones(cut=2.5, shifted=True)}


class Space(NamedTuple):
    """Two boxes at one temperature."""

    temperature: float
    system: GibbsBoxes
    info: GibbsInfo
    state: GibbsState
    phases: GibbsPhases


def run(context: Context, plan: Run, fluid: dict[str, Any]) -> Space:
    """Replicas that begin near the two phases."""
    name = f"space, T = {plan.temperature:g}" + (", shifted" if fluid is SHIFTED else "")
    context.log(f"{name}: Monte Carlo")
    system = GibbsBoxes(N, plan.volume, **fluid)
    begin = (plan.vapour, plan.liquid)
    state = sampling.gibbs_state(system, REPLICAS, densities=begin, seed=context.seed_of(name))
    options: dict[str, Any] = {"system": system, "temperature": plan.temperature}
    state, _ = sampling.gibbs_rounds(state, MELTING, weights=(1, 0, 0), tune=True, **options)
    state, _ = sampling.gibbs_rounds(state, BURN_IN, tune=True, **options)
    parts = []
    for done in range(0, plan.rounds, CHUNK):
        state, info = sampling.gibbs_rounds(state, min(CHUNK, plan.rounds - done), **options)
        parts.append(info)
    joined = GibbsInfo.joined(parts)
    phases = sampling.gibbs_phases(joined, system, temperature=plan.temperature)
    return Space(plan.temperature, system, joined, state, phases)


def critical(runs: Sequence[Space]) -> CriticalPoint | None:
    """From temperatures of 1 and above; None for fewer than three."""
    near = [run for run in runs if run.temperature >= 1.0]
    if len(near) < 3:
        return None
    return estimators.critical_point(
        [run.temperature for run in near],
        [run.phases.vapour.density for run in near],
        [run.phases.liquid.density for run in near],
    )
