"""Energies with gradients of alanine dipeptide, here and by OpenMM's platforms, in alternation.

`Reference` goes through the configurations one by one, which is what flows of molecules usually do.
`CPU` has a process a core, each with its context and its share of the configurations.
"""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import systems
from boltzmann_tf._support.processes import Processes
from boltzmann_tf.reproductions.alanine_dipeptide import parameters

__all__ = ["run"]

CONFIGURATIONS = 1000
SHAKEN = 0.003  # nm, about what bonds are at 300 K
CALLS = 20  # of ours, in one measurement


@functools.cache
def _positions() -> np.ndarray:
    """Near C7eq, `[1000, 22, 3]`, nm."""
    molecule = systems.AlanineDipeptide()
    r = molecule.positions(molecule.initial_state("C7eq")).numpy()
    noise = np.random.default_rng(0).standard_normal((CONFIGURATIONS, *r.shape))
    return np.asarray(r + SHAKEN * noise)


@functools.cache
def _context(platform: str) -> Any:
    """OpenMM's, made once in each process."""
    import openmm
    from openmm import app

    topology = parameters.topology()
    system = app.ForceField(*parameters.FILES).createSystem(
        topology, nonbondedMethod=app.NoCutoff, constraints=None
    )
    options = {"Threads": "1"} if platform == "CPU" else {}
    found = openmm.Platform.getPlatformByName(platform)
    return openmm.Context(system, openmm.VerletIntegrator(1e-3), found, options)


def _openmm(platform: str, first: int, last: int) -> list[float]:
    """Energies of some configurations, kJ/mol; the forces are computed and fetched, too."""
    from openmm import unit

    context, energies = _context(platform), []
    for r in _positions()[first:last]:
        context.setPositions(r)
        state = context.getState(energy=True, forces=True)
        state.getForces(asNumpy=True)
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
    return energies


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(repeats: int = 7) -> dict[str, Any]:
    """Times all three in alternation.

    Args:
      repeats: rounds, in each of which everyone does its share once.

    Returns:
      for each microseconds of wall time a configuration, on all cores but for `Reference`, and as
      a multiple of ours: the median over the rounds, the least and the greatest.
    """
    molecule = systems.AlanineDipeptide()
    x = tf.constant(molecule.configuration(_positions()), tf.float32)

    @tf.function(jit_compile=True)
    def both(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = molecule.energy(x)
        return u, tape.gradient(u, x)

    def ours() -> None:
        for _ in range(CALLS):
            both(x)[0].numpy()

    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    ends = np.linspace(0, CONFIGURATIONS, cores + 1).astype(int).tolist()
    few = CONFIGURATIONS // 10  # of Reference
    with Processes(cores) as processes:

        def in_processes() -> list[float]:
            shares = zip(ends[:-1], ends[1:], strict=True)
            calls = [processes.submit(_openmm, "CPU", a, b) for a, b in shares]
            return [u for call in calls for u in call.result()]

        mine = molecule.kilojoules(both(x)[0].numpy())
        for name, u in (("CPU", in_processes()), ("Reference", _openmm("Reference", 0, few))):
            if not np.allclose(u, mine[: len(u)], rtol=0, atol=2e-2):
                raise RuntimeError(f"{name}: computes {u[:3]}, ours {mine[:3]} kJ/mol")
        times: dict[str, list[float]] = {"here": [], "CPU": [], "Reference": []}
        for _ in range(repeats):
            times["here"].append(_seconds(ours) / CALLS / CONFIGURATIONS)
            times["CPU"].append(_seconds(in_processes) / CONFIGURATIONS)
            times["Reference"].append(_seconds(lambda: _openmm("Reference", 0, few)) / few)
    result = {}
    for name, own in times.items():
        ratios = [b / a for a, b in zip(times["here"], own, strict=True)]
        result[name] = {
            "us_a_configuration": statistics.median(own) * 1e6,
            "time_over_ours": statistics.median(ratios),
            "time_over_ours_least": min(ratios),
            "time_over_ours_most": max(ratios),
        }
    return result
