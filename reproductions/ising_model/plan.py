"""How much each preset of `ising` does, and the temperatures it looks at."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import exact, reproduction
from boltzmann_tf.reproduction import by_preset
from boltzmann_tf.systems import IsingField

CRITICAL = exact.OnsagerIsing().critical_temperature
RANGE = (1.5, 3.5)
SINGLE = (1.8, CRITICAL, 3.0)
TORUS = exact.IsingTorus(8)
FIELD = IsingField(8, CRITICAL)


class Plan(reproduction.Plan):
    """How much a preset does: quick, paper. Lattices are of L = 8 where nothing else is said."""

    single = by_preset((CRITICAL,), SINGLE)  # temperatures with a generator of their own
    steps = by_preset(200, 1500)  # of the training of each
    family_steps = by_preset(400, 4000)  # of the generator for all temperatures
    cold_steps = by_preset(8, 12)  # of its integration, in training
    # at which its averages are checked
    temperatures = by_preset((2.0, 2.5, 3.0, 3.5), tuple(np.linspace(*RANGE, 9).tolist()))
    large_steps = by_preset(0, 1500)  # of each generator at L = 16; 0 for none
    dense_steps = by_preset(0, 3000)  # of the dense baseline; 0 for none
    ill_posed_steps = by_preset(200, 2000)  # of the flow on raw spins
    samples = by_preset(50_000, 150_000)  # of a generator at each of the three temperatures
    curve_samples = by_preset(10_000, 60_000)  # of the one for all temperatures at the others
    chain = by_preset(10_000, 50_000)  # steps of the independence chains
    simulated = by_preset(16, 32)  # L of the larger lattice whose curves are simulated
    measurements = by_preset(200, 2000)  # of each of the 64 replicas of a simulation
    critical = by_preset((8, 16), (8, 16, 32, 64))  # L of the lattices simulated at T_c
    critical_measurements = by_preset(2000, 8000)  # of each of their 64 replicas
    sweeps = by_preset(100_000, 200_000)  # of Wang and Landau's walkers


def name_of(temperature: float) -> str:
    """T_c by its name."""
    return "T_c" if temperature == CRITICAL else f"T = {temperature:g}"
