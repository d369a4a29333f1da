"""How much each preset of `ising` does, and the temperatures it looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boltzmann_tf import exact

__all__ = ["CRITICAL", "PLANS", "RANGE", "SINGLE", "Plan", "name_of"]

CRITICAL = exact.OnsagerIsing().critical_temperature
RANGE = (1.5, 3.5)
SINGLE = (1.8, CRITICAL, 3.0)


@dataclass(frozen=True)
class Plan:
    """How much a preset does.

    Attributes:
      single: temperatures with a generator of their own, L = 8; the critical one among them.
      steps: of the training of each.
      family_steps: of the generator for all temperatures.
      temperatures: at which its averages are checked.
      large_steps: of each generator at L = 16; 0 for none.
      dense_steps: of the dense baseline; 0 for none.
      ill_posed_steps: of the flow on raw spins.
      samples: of a generator at each of the three temperatures with a generator of its own.
      curve_samples: of the generator for all temperatures at each of the others.
      chain: steps of the independence chains.
      simulated: side of the larger lattice whose curves are simulated.
      measurements: of each of the 64 replicas of a simulation.
      critical: sides of the lattices simulated at T_c.
      critical_measurements: of each of their 64 replicas.
      sweeps: of Wang and Landau's walkers.
    """

    single: tuple[float, ...]
    steps: int
    family_steps: int
    temperatures: tuple[float, ...]
    large_steps: int
    dense_steps: int
    ill_posed_steps: int
    samples: int
    curve_samples: int
    chain: int
    simulated: int
    measurements: int
    critical: tuple[int, ...]
    critical_measurements: int
    sweeps: int


PLANS = {
    "quick": Plan(
        single=(CRITICAL,),
        steps=300,
        family_steps=400,
        temperatures=(2.0, 2.5, 3.0, 3.5),
        large_steps=0,
        dense_steps=0,
        ill_posed_steps=200,
        samples=50_000,
        curve_samples=30_000,
        chain=10_000,
        simulated=16,
        measurements=200,
        critical=(8, 16),
        critical_measurements=2000,
        sweeps=100_000,
    ),
    "paper": Plan(
        single=SINGLE,
        steps=1500,
        family_steps=4000,
        temperatures=tuple(np.linspace(*RANGE, 9)),
        large_steps=1500,
        dense_steps=3000,
        ill_posed_steps=2000,
        samples=150_000,
        curve_samples=60_000,
        chain=50_000,
        simulated=32,
        measurements=2000,
        critical=(8, 16, 32, 64),
        critical_measurements=8000,
        sweeps=200_000,
    ),
}


def name_of(temperature: float) -> str:
    """T_c by its name."""
    return "T_c" if temperature == CRITICAL else f"T = {temperature:g}"
