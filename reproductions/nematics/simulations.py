"""The heat-capacity peaks of larger lattices, by replica exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import HeatCurve
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import VectorLadders
from boltzmann_tf.systems import Nematic

Peaks: TypeAlias = Mapping[int, tuple[VectorLadders, HeatCurve]]  # by L


def peaks(context: Context, rounds: Mapping[int, int]) -> Peaks:
    """The peak of each cubic lattice, searched for about that of the one before.

    `rounds`: L -> rounds of each of four ladders, L increasing.
    """
    centre = 1.15
    found: dict[int, tuple[VectorLadders, HeatCurve]] = {}
    for length, n in rounds.items():
        context.log(f"Monte Carlo, L = {length}")
        # The peak is narrower, and further down, the larger the lattice.
        half = 0.05 if length < 10 else 0.03 if length < 16 else 0.02
        T = np.linspace(centre - 1.2 * half, centre + 0.8 * half, 9)
        system, seed = Nematic("cubic", length), context.seed_of("peak", length)
        run = sampling.nematic_tempering(
            system, T, n_rounds=n, n_ladders=4, start="aligned", seed=seed
        )
        curve = estimators.heat_curve(run.energy, run.temperatures, system.sites)
        found[length] = (run, curve)
        if np.isfinite(curve.position.value):
            centre = curve.position.value
    return found
