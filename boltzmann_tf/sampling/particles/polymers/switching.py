"""Walks of chains from one sum of potentials to another, or from one temperature to another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.sampling.particles._kernels import closure, shared
from boltzmann_tf.sampling.particles.polymers._mixed import mixed_round
from boltzmann_tf.sampling.particles.polymers.rounds import (
    chain_of,
    check_bonds,
    checked_weights,
    whole_energies,
)
from boltzmann_tf.sampling.particles.polymers.states import PolymerState
from boltzmann_tf.sampling.particles.sweeps import configurations_of, rows_of, sides_of, terms_of
from boltzmann_tf.sampling.particles.switching import SwitchInfo, factor_table
from boltzmann_tf.systems import ParticleSystem

__all__ = ["switch_polymers"]

AT_ONCE = 500_000_000  # steps of some 2 ns that nothing interrupts


def switch_polymers(
    state: PolymerState,
    *,
    system: ParticleSystem,
    factors: Mapping[str, Any],
    temperature: float = 1.0,
    chain: Any = None,
    n_moves: int | None = None,
    weights: Sequence[float] = (0.6, 0.2, 0.2, 0.0),
) -> tuple[PolymerState, SwitchInfo]:
    """Walks through the densities exp(-sum over terms of factor_k u_term / T), k = 0, 1, ...

    As `switch_particles`, with a round of the moves of `polymer_rounds` in each density. From an
    ideal chain, whose Z is known:

        chain = systems.Polymer(16, pairs=potentials.LennardJones())
        share = np.linspace(0, 1, 301) ** 3
        state, info = switch_polymers(polymer_state(ideal), system=chain, factors={"pairs": share})
        estimators.log_z(-info.work)  # more than that of the ideal chain

    and, in temperature, all factors being T / T_k.

    Args:
      state: configurations of density 0, in equilibrium, with steps; it is not changed.
      system: of all terms.
      factors: of terms by their names, [steps + 1] each; of others 1.
      temperature: T > 0.
      chain: as in `polymer_rounds`, as are the two that follow.
      n_moves: attempted moves in each density.
      weights: of the moves.

    Returns:
      the state after a round in the last density, and `SwitchInfo`.
    """
    instance("state", state, PolymerState)
    instance("system", system, ParticleSystem)
    T = positive("temperature", temperature)
    table = factor_table(system, factors)
    moves = system.n if n_moves is None else positive_int("n_moves", n_moves)
    if state.x.shape[1:] != system.event_shape:
        raise ValueError(f"x must have shape [replicas, {system.event_size}], got {state.x.shape}")
    if system.dimension < 2:
        raise ValueError("system must be in the plane or in space, got one on a line")
    beads, w = chain_of(system, chain), checked_weights(weights)
    check_bonds(system, state.x)
    x, rng, replicas = rows_of(system, state.x), state.rng.copy("C"), len(state.x)
    work, counts = np.zeros(replicas), np.zeros((replicas, 9), np.int64)
    kernel = _kernel(system.compiled, system.dimension, system.lengths is not None)
    each = max(1, AT_ONCE // (4 * moves * x.size))
    for k in range(0, len(table) - 1, each):
        part = table[k : k + each + 1]
        shared(
            kernel,
            (x, finite_array("step", state.step), rng, work, counts),
            (beads, terms_of(system), part, sides_of(system), w, T, moves),
            4 * moves * x.size * (len(part) - 1),
        )
    steps = len(table) - 1
    count_energies(whole_energies(counts[:, :4].sum(axis=0), system.n, steps * replicas))
    acceptance = counts[:, 4:8].sum(axis=1) / (steps * moves)
    after = PolymerState(configurations_of(system, x), state.step.copy(), rng)
    return after, SwitchInfo(work, acceptance, int(counts[:, 8].sum()))


@functools.lru_cache(maxsize=32)
def _kernel(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    mixed = mixed_round(compiled, dimension, periodic)
    total, version = compiled.total, compiled.version

    def switch(
        x: np.ndarray,
        step: np.ndarray,
        rng: np.ndarray,
        work: np.ndarray,
        counts: np.ndarray,
        chain: np.ndarray,
        terms: Any,
        factors: np.ndarray,
        sides: Any,
        cumulated: np.ndarray,
        temperature: float,
        n_moves: int,
    ) -> str:
        n = x.shape[2]
        group = (np.zeros(n, np.int64), np.full(n, -1, np.int64), np.zeros((dimension, n)))
        for r in range(x.shape[0]):
            stream = (rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3])
            tried, accepted = counts[r, :4], counts[r, 4:8]
            for k in range(1, len(factors)):
                work[r] += total(x[r], terms, factors[k] - factors[k - 1]) / temperature
                model = (terms, factors[k], sides)
                bad, stream = mixed(
                    x[r], chain, step[r], temperature, model, group, cumulated, n_moves, stream,
                    tried, accepted,
                )  # fmt: skip
                counts[r, 8] += bad
            rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = stream
        return version or ""

    return closure(switch, version)
