"""Walks of chains from one sum of potentials to another, or from one temperature to another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int, sequence
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.sampling.particles._kernels import AT_ONCE, closure, shared
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


def switch_polymers(
    state: PolymerState,
    *,
    system: ParticleSystem | Sequence[ParticleSystem],
    factors: Mapping[str, Any] | None = None,
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

    and, in temperature, all factors being T / T_k. Or through those of systems that differ in
    numbers only, as where particles may lie on each other at first:

        path = [
            systems.Polymer(8, dimension=2, pairs=SoftCoreLennardJones(c), solvent=32, box=box)
            for c in np.linspace(0, 1, 301) ** 2
        ]
        state, info = switch_polymers(polymer_state(ideal), system=path)

    Args:
      state: configurations of density 0, in equilibrium, with steps; it is not changed.
      system: of all terms; or one for each density, of the same terms.
      factors: of terms by their names, [steps + 1] each; of others 1. None for systems of each
        density.
      temperature: T > 0.
      chain: as in `polymer_rounds`, as are the two that follow.
      n_moves: attempted moves in each density.
      weights: of the moves.

    Returns:
      the state after a round in the last density, and `SwitchInfo`.
    """
    instance("state", state, PolymerState)
    T = positive("temperature", temperature)
    path = _path(system, factors)
    first = path[0][0]
    moves = first.n if n_moves is None else positive_int("n_moves", n_moves)
    if state.x.shape[1:] != first.event_shape:
        raise ValueError(f"x must have shape [replicas, {first.event_size}], got {state.x.shape}")
    if first.dimension < 2:
        raise ValueError("system must be in the plane or in space, got one on a line")
    beads, w = chain_of(first, chain), checked_weights(weights)
    check_bonds(first, state.x)
    x, rng, replicas = rows_of(first, state.x), state.rng.copy("C"), len(state.x)
    work, counts = np.zeros(replicas), np.zeros((replicas, 9), np.int64)
    kernel = _kernel(first.compiled, first.dimension, first.lengths is not None)
    each, steps = max(1, AT_ONCE // (4 * moves * x.size)), 0
    before = first
    for own, table in path:
        work += (own.constant - before.constant) / T
        for k in range(0, len(table) - 1, each):
            part = table[k : k + each + 1]
            shared(
                kernel,
                (x, finite_array("step", state.step), rng, work, counts),
                (beads, terms_of(before), terms_of(own), part, sides_of(own), w, T, moves)
                + (own is not before,),
                4 * moves * x.size * (len(part) - 1),
            )
            before = own
        steps += len(table) - 1
    # Of two systems there are two energies to be known.
    looks = steps * replicas * (1 if len(path) == 1 else 2)
    count_energies(whole_energies(counts[:, :4].sum(axis=0), first.n, looks))
    acceptance = counts[:, 4:8].sum(axis=1) / (steps * moves)
    after = PolymerState(configurations_of(first, x), state.step.copy(), rng)
    return after, SwitchInfo(work, acceptance, int(counts[:, 8].sum()))


def _path(system: Any, factors: Any) -> list[tuple[ParticleSystem, np.ndarray]]:
    """Systems one after another, and the factors of their terms while each lasts, or raises."""
    if isinstance(system, ParticleSystem):
        if factors is None:
            raise ValueError("factors must be given for one system, got None")
        return [(system, factor_table(system, factors))]
    if factors is not None:
        raise ValueError("factors must be None for a system of each density, got some")
    systems = [instance("system", s, ParticleSystem) for s in sequence("system", system)]
    if len(systems) < 2:
        raise ValueError(f"system must be one, or two or more for a path, got {len(systems)}")
    one = systems[0]
    wanted = _form(one)
    for k, own in enumerate(systems):
        if _form(own) != wanted:
            raise ValueError(
                f"system must be of the same terms, particles and box in each density, got "
                f"{one!r} and then, in density {k}, {own!r}"
            )
    ones = np.ones((2, len(one.moving_terms)))
    return [(one, ones[:1]), *((s, ones) for s in systems[1:])]


def _form(system: ParticleSystem) -> tuple[Any, ...]:
    """What densities of one path share: all but the numbers in their terms."""
    sides = None if system.lengths is None else tuple(system.lengths)
    return system.compiled, system.n, system.dimension, system.moving_terms, sides


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
        before: Any,
        terms: Any,
        factors: np.ndarray,
        sides: Any,
        cumulated: np.ndarray,
        temperature: float,
        n_moves: int,
        differ: bool,  # noqa: FBT001
    ) -> str:
        n = x.shape[2]
        group = (np.zeros(n, np.int64), np.full(n, -1, np.int64), np.zeros((dimension, n)))
        for r in range(x.shape[0]):
            stream = (rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3])
            tried, accepted = counts[r, :4], counts[r, 4:8]
            for k in range(1, len(factors)):
                if differ:
                    change = total(x[r], terms, factors[k]) - total(x[r], before, factors[k - 1])
                else:
                    change = total(x[r], terms, factors[k] - factors[k - 1])
                work[r] += change / temperature
                model = (terms, factors[k], sides)
                bad, stream = mixed(
                    x[r], chain, step[r], temperature, model, group, cumulated, n_moves, stream,
                    tried, accepted,
                )  # fmt: skip
                counts[r, 8] += bad
            rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = stream
        return version or ""

    return closure(switch, version)
