"""Conventional Monte Carlo for `ising`: cluster updates, and Wang and Landau's walkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import spins as lattice

__all__ = ["equilibrium_spins", "simulate"]


def equilibrium_spins(length: int, temperatures: Any, n: int, seed: int) -> np.ndarray:
    """`n` independent configurations at each temperature, `[temperatures * n, L, L]`.

    Swendsen and Wang's updates: 100 of them forget the start by far for L <= 16.
    """
    values = np.repeat(np.atleast_1d(np.asarray(temperatures, np.float64)), n)
    state = lattice.lattice_state(len(values), length, start="random", seed=seed)
    state, _ = lattice.swendsen_wang_updates(state, 100, temperature=values)
    return state.spins


def simulate(
    context: Context, length: int, temperatures: Sequence[float], n: int
) -> dict[str, Any]:
    """Swendsen and Wang's algorithm at each temperature: 64 replicas of `n` measurements each."""
    found: dict[str, Any] = {"T": temperatures, "|m|": [], "E": [], "C": [], "chains": []}
    for i, t in enumerate(temperatures):
        chain = lattice.ising_chain(
            length,
            float(t),
            n_replicas=64,
            n_measurements=n,
            method="swendsen_wang",
            burn_in=200,
            seed=context.seed + i,
        )
        summary = chain.summary()
        found["|m|"].append(summary.abs_magnetization)
        found["E"].append(summary.energy)
        found["C"].append(summary.heat_capacity)
        found["chains"].append(chain)
    return found
