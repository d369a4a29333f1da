"""Rounds of mixed moves of chains, in many replicas."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling.particles._kernels import AT_ONCE, closure, shared
from boltzmann_tf.sampling.particles.polymers._mixed import MOVES, mixed_round
from boltzmann_tf.sampling.particles.polymers.states import PolymerInfo, PolymerState
from boltzmann_tf.sampling.particles.sweeps import (
    configurations_of,
    per_replica,
    rows_of,
    sides_of,
    terms_of,
)
from boltzmann_tf.systems import ParticleSystem

__all__ = ["polymer_rounds"]

TARGETS = (0.4, 0.3, 0.4)  # acceptance that steps are tuned towards
WIDEST = 1.0  # half side of a move of a particle, in bond lengths


def polymer_rounds(
    state: PolymerState,
    n_rounds: int,
    *,
    system: ParticleSystem,
    temperature: Any = 1.0,
    chain: Any = None,
    n_moves: int | None = None,
    weights: Sequence[float] = (0.6, 0.2, 0.2, 0.0),
    tune: bool = False,
) -> tuple[PolymerState, PolymerInfo]:
    """Rounds of moves, each drawn by its weight; the chain is looked at after each round.

        chain = systems.Polymer(64, pairs=WeeksChandlerAndersen(), special=(0, 1, 1))
        state = sampling.polymer_state(np.tile(chain.initial_state("stretched"), (8, 1)))
        state, _ = sampling.polymer_rounds(state, 500, system=chain, tune=True)
        state, info = sampling.polymer_rounds(state, 5000, system=chain)
        estimators.mean_with_error(info.end_to_end_squared)

    Args:
      state: from `polymer_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      system: any system of particles in the plane or in space; its true energy is used.
      temperature: T > 0, a number or [replicas].
      chain: numbers of the beads in their order; None for the system's `chain`, or else all.
      n_moves: attempted moves a round; None for as many as there are particles.
      weights: of moves of single particles, which are drawn from all; pivots; crankshafts;
        reptation, for chains that are the same read from every bead.
      tune: adjust steps after each round; for the burn-in only, as moves that learn from the walk
        do not keep its density.

    Returns:
      the state after the rounds, and `PolymerInfo`.
    """
    instance("state", state, PolymerState)
    instance("system", system, ParticleSystem)
    rounds = positive_int("n_rounds", n_rounds)
    moves = system.n if n_moves is None else positive_int("n_moves", n_moves)
    if system.dimension < 2:
        raise ValueError("system must be in the plane or in space, got one on a line")
    if state.x.shape[1:] != system.event_shape:
        raise ValueError(f"x must have shape [replicas, {system.event_size}], got {state.x.shape}")
    replicas = len(state.x)
    beads = chain_of(system, chain)
    T = per_replica("temperature", temperature, replicas)
    if np.any(T <= 0):
        raise ValueError(f"temperature must be > 0, got {float(T.min())!r}")
    instance("tune", tune, bool)
    check_bonds(system, state.x)
    x, step, rng = rows_of(system, state.x), state.step.copy(), state.rng.copy("C")
    series = []
    counts = np.zeros((replicas, 9), np.int64)
    factors = np.ones(len(system.moving_terms))
    kernel = _kernel(system.compiled, system.dimension, system.lengths is not None)
    model, w = (terms_of(system), factors, sides_of(system)), checked_weights(weights)
    cost = 4 * replicas * moves * system.n
    each = max(1, AT_ONCE // cost)
    for k in range(0, rounds, each):
        part = min(each, rounds - k)
        series.append(np.zeros((replicas, part, 4)))
        shared(
            kernel,
            (x, step, rng, np.ascontiguousarray(T), series[-1], counts),
            (beads, model, w, part, moves, tune),
            part * cost,
        )
    count_energies(whole_energies(counts[:, :4].sum(axis=0), system.n, replicas * rounds))
    with np.errstate(invalid="ignore", divide="ignore"):
        acceptance = counts[:, 4:8] / counts[:, :4]
    ends, size, bonds, energy = np.moveaxis(np.concatenate(series, axis=1), -1, 0)
    info = PolymerInfo(
        ends,
        size,
        bonds,
        energy + system.constant,
        acceptance,
        counts[:, 8],
    )
    return PolymerState(configurations_of(system, x), step, rng), info


def check_bonds(system: ParticleSystem, x: np.ndarray) -> None:
    """Raises for bonds whose energy is infinite: no move could be weighed against it."""
    names = [term.name for term in system.terms if len(term.bonds)]
    for name, energy in system.term_energies(x, names).items():
        broken = np.flatnonzero(~np.isfinite(energy.numpy()))
        if broken.size:
            raise ValueError(
                f"x must begin with bonds of finite energy, got {name!r} of infinite energy in "
                f"{broken.size} of {len(x)} replicas, the first {broken[0]}"
            )


def checked_weights(weights: Sequence[float]) -> np.ndarray:
    """Sums of the weights up to each move, of 1 in all, or raises."""
    w = finite_array("weights", weights, ndim=1, dtype=np.float64)
    if w.shape != (4,) or np.any(w < 0) or not w.sum() > 0:
        raise ValueError(
            f"weights must be four numbers >= 0, of {', '.join(MOVES)}, got {w.tolist()}"
        )
    return np.cumsum(w / w.sum())


def whole_energies(tried: np.ndarray, n: int, looks: int) -> int:
    """Whole energies that moves cost: of one particle of n the n-th part."""
    beads, pivots, cranks, creeps = (int(v) for v in tried)
    return -(-(beads + cranks * min(4, n)) // n) + -(-pivots // 4) + 2 * creeps + looks


def chain_of(system: ParticleSystem, chain: Any) -> np.ndarray:
    """Numbers of the beads, or raises."""
    given = getattr(system, "chain", np.arange(system.n)) if chain is None else chain
    beads = np.asarray(given)
    good = beads.ndim == 1 and beads.dtype.kind in "iu" and beads.size > 1
    if (
        not good
        or len(set(beads.tolist())) != beads.size
        or not 0 <= beads.min() <= beads.max() < system.n
    ):
        raise ValueError(
            f"chain must be two or more different particles of 0 .. {system.n - 1}, got {chain!r}"
        )
    return np.ascontiguousarray(beads, np.int64)


@functools.lru_cache(maxsize=32)
def _kernel(compiled: Compiled, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    mixed = mixed_round(compiled, dimension, periodic)
    total, version, look = compiled.total, compiled.version, _look(dimension, periodic)

    def rounds(
        x: np.ndarray,
        step: np.ndarray,
        rng: np.ndarray,
        temperature: np.ndarray,
        series: np.ndarray,
        counts: np.ndarray,
        chain: np.ndarray,
        model: Any,
        cumulated: np.ndarray,
        n_rounds: int,
        n_moves: int,
        tune: bool,  # noqa: FBT001
    ) -> str:
        n = x.shape[2]
        group = (np.zeros(n, np.int64), np.full(n, -1, np.int64), np.zeros((dimension, n)))
        tried, accepted = np.zeros(4, np.int64), np.zeros(4, np.int64)
        for r in range(x.shape[0]):
            stream = (rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3])
            xr, t, own = x[r], temperature[r], step[r]
            for s in range(n_rounds):
                tried[:] = 0
                accepted[:] = 0
                bad, stream = mixed(
                    xr, chain, own, t, model, group, cumulated, n_moves, stream, tried, accepted
                )
                counts[r, 8] += bad
                for k in range(4):
                    counts[r, k] += tried[k]
                    counts[r, 4 + k] += accepted[k]
                if tune:
                    for k in range(3):
                        if tried[k] > 0:
                            share = accepted[k] / tried[k]
                            gain = min(1.0, tried[k] / 20)
                            grown = own[k] * np.exp(0.5 * gain * (share - TARGETS[k]))
                            own[k] = min(grown, WIDEST if k == 0 else np.pi)
                ends, size, bonds = look(xr, chain, model[2])
                series[r, s, 0] = ends
                series[r, s, 1] = size
                series[r, s, 2] = bonds
                series[r, s, 3] = total(xr, model[0], model[1])
            rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = stream
        return version or ""

    return closure(rounds, version)


@functools.cache
def _look(dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    """R_ee^2, R_g^2 and the mean of b^2 along the bonds: (x, chain, sides)."""
    space = SPACES[dimension, periodic]
    point, rows_of, difference = space.point, space.rows, space.difference

    @formula
    def look(x: Any, chain: Any, sides: Any) -> Any:
        rows, n = rows_of(x), chain.size
        ends, size, bonds = 0.0, 0.0, 0.0
        for k in range(dimension):
            at, total, squares = 0.0, 0.0, 0.0
            for i in range(1, n):
                b = difference(point(rows, chain[i]), point(rows, chain[i - 1]), sides)[k]
                at += b
                total += at
                squares += at * at
                bonds += b * b
            ends += at * at
            size += squares / n - (total / n) ** 2
        return ends, size, bonds / (n - 1)

    return look
