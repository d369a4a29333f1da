"""Replica exchange between Hamiltonians: one term of the energy scaled down from rung to rung.

A barrier that one term makes, as a bond of two lengths does, is crossed where that term is nearly
off, without a bias and without windows (Fukunishi, Watanabe and Takada, J. Chem. Phys. 116, 9058,
2002). `estimators.exchange_difference` has the free-energy difference of two states from it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive, positive_int
from boltzmann_tf.potentials import Coordinate
from boltzmann_tf.sampling.exchange import exchange_rounds, exchange_state
from boltzmann_tf.sampling.particles.sweeps import (
    ParticleState,
    coordinate_of,
    coordinate_values,
    particle_state,
    particle_sweeps,
)
from boltzmann_tf.systems import ParticleSystem

__all__ = ["HamiltonianExchange", "hamiltonian_exchange"]


class HamiltonianExchange(NamedTuple):
    """Time series at each rung, and how the exchanges fared.

    Attributes:
      coordinate: after each round, [ladders, rungs, rounds].
      energy: of the term without its factor, in kT at the run's temperature, likewise.
      factors: of the term, [rungs].
      acceptance: of exchanges between rungs k and k + 1, [rungs - 1].
    """

    coordinate: np.ndarray
    energy: np.ndarray
    factors: np.ndarray
    acceptance: np.ndarray


def hamiltonian_exchange(
    system: ParticleSystem,
    start: Any,
    *,
    term: str,
    factors: Any,
    n_rounds: int,
    burn_in: int = 0,
    n_sweeps: int = 10,
    step_size: float,
    temperature: float = 1.0,
    coordinate: Coordinate | str | None = None,
    seed: int = 0,
) -> HamiltonianExchange:
    """Runs ladders of walkers, one at each factor of a term, neighbours of which exchange.

    Args:
      system: of particles.
      start: a configuration for each ladder, from which all of its walkers start, [ladders,
        event_size]. Ladders that started in different states and agree have forgotten it.
      term: name of one of the system's terms that depend on positions.
      factors: of it at each rung, the first usually 1, [rungs].
      n_rounds: rounds that are kept.
      burn_in: rounds before, from 0 on.
      n_sweeps: sweeps a round.
      step_size: half the side of the square or cube of a move.
      temperature: T, the same at all rungs.
      coordinate: that is observed, as in `umbrella_state`.
      seed: of everything.

    Returns:
      `HamiltonianExchange`.
    """
    instance("system", system, ParticleSystem)
    choice("term", term, system.moving_terms)
    scales = finite_array("factors", factors, ndim=1, dtype=np.float64)
    x = finite_array("start", start, ndim=2, last=system.event_size, dtype=np.float64)
    rounds, burn_in = (
        positive_int("n_rounds", n_rounds),
        positive_int("burn_in", burn_in, minimum=0),
    )
    T, along = positive("temperature", temperature), coordinate_of(system, coordinate)

    def sweep(walkers: ParticleState, rung: np.ndarray) -> ParticleState:
        return particle_sweeps(
            walkers,
            n_sweeps,
            system=system,
            step_size=step_size,
            temperature=T,
            factors={term: scales[rung]},
        )[0]

    def energy(walkers: ParticleState) -> np.ndarray:
        return system.term_energies(walkers.x, [term])[term].numpy() / T

    def observe(walkers: ParticleState) -> np.ndarray:
        return np.stack([coordinate_values(system, along, walkers.x), energy(walkers)], axis=-1)

    options: dict[str, Any] = {
        "sweep": sweep,
        # The rest of the energy is the same at all rungs.
        "reduced_energy": lambda walkers: energy(walkers)[:, None] * scales,
        "observe": observe,
    }
    walkers = particle_state(np.repeat(x, scales.size, axis=0), seed=seed)
    state = exchange_state(walkers, scales.size, n_ladders=len(x), seed=seed)
    if burn_in:
        state, _ = exchange_rounds(state, burn_in, **options)
    _, info = exchange_rounds(state, rounds, **options)
    c, v = np.moveaxis(info.observed, -1, 0)
    return HamiltonianExchange(c, v, scales, info.acceptance)
