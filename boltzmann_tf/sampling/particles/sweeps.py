"""Single-particle Metropolis moves of any system of particles, with a bias on a coordinate.

A move of one particle changes its distances to the others and not all, so that a sweep of single
moves costs little more than one energy, and its steps can be ten times those of all particles at
once.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials import Coordinate
from boltzmann_tf.sampling._random import streams
from boltzmann_tf.sampling.particles._kernels import energies_kernel, shared, sweep_kernel
from boltzmann_tf.sampling.saving import Streams, register
from boltzmann_tf.systems import ParticleSystem

__all__ = [
    "ParticleInfo",
    "ParticleState",
    "particle_energies",
    "particle_state",
    "particle_sweeps",
]


@register
class ParticleState(NamedTuple):
    """Replicas of the particles, each with a random stream of its own.

    Attributes:
      x: configurations, float64 [replicas, event_size].
      rng: states of the streams, uint64 [replicas, 4].
    """

    x: Annotated[np.ndarray, "float64 [replicas, event_size]"]
    rng: Streams


class ParticleInfo(NamedTuple):
    """How sweeps fared.

    Attributes:
      acceptance: accepted moves of the attempted ones, float64 [replicas].
      attempted: attempted moves, all replicas together.
      not_finite: moves rejected because their energy difference was NaN.
    """

    acceptance: np.ndarray
    attempted: int
    not_finite: int


def particle_state(x: Any, *, seed: int = 0) -> ParticleState:
    """Returns replicas that start from configurations `[replicas, event_size]`, with streams."""
    x = finite_array("x", x, ndim=2, dtype=np.float64)
    return ParticleState(x.copy(), streams(len(x), seed_int("seed", seed)))


def particle_sweeps(
    state: ParticleState,
    n_sweeps: int,
    *,
    system: ParticleSystem,
    step_size: Any,
    temperature: Any = 1.0,
    coordinate: Coordinate | str | None = None,
    centre: Any = 0.0,
    stiffness: Any = 0.0,
    factors: Mapping[str, Any] | None = None,
    length_factor: Any = None,
) -> tuple[ParticleState, ParticleInfo]:
    """Sweeps of n moves each, one of every particle in turn, uniform in a square or cube.

    The density is that of exp(-u / T - stiffness (c - centre)^2), with c the coordinate.

    Args:
      state: from `particle_state` or an earlier call; it is not changed.
      n_sweeps: sweeps.
      system: its true energy is used.
      step_size: half the side of the square or cube, a number or [replicas].
      temperature: T > 0, a number or [replicas].
      coordinate: that the bias is on, one of `boltzmann_tf.potentials` or the name of one of the
        system's; None for the system's first.
      centre: of the bias, a number or [replicas].
      stiffness: of the bias in kT at the replica's own temperature, without a factor 1/2; 0 for no
        bias. A number or [replicas].
      factors: of the system's terms by their names, each a number or [replicas]: for replica
        exchange between Hamiltonians.
      length_factor: the same as `factors={"length": length_factor}`, the term of the dimer's
        length.

    Returns:
      the state after the sweeps, and `ParticleInfo`.

    Warns:
      UserWarning: where a replica's energy is infinite at the end, as it was at the start: the
        density is zero there, and what it gives is no sample.
    """
    if length_factor is not None:
        if factors is not None:
            raise ValueError(
                f"length_factor must be None where factors are given, got {length_factor!r}"
            )
        factors = {"length": length_factor}
    given = {
        "step_size": step_size,
        "temperature": temperature,
        "centre": centre,
        "stiffness": stiffness,
    }
    state, counts = swept(state, n_sweeps, system, given, coordinate=coordinate, factors=factors)
    attempted = n_sweeps * system.n
    not_finite = int(counts[:, 1].sum())
    if not_finite:  # so it is as long as an energy is infinite: each such particle has its moves
        _warn_of_stuck(state.x, system, n_sweeps)
    return state, ParticleInfo(counts[:, 0] / attempted, attempted * len(counts), not_finite)


def _warn_of_stuck(x: np.ndarray, system: ParticleSystem, n_sweeps: int) -> None:
    """Warns of replicas that are still where the density is zero."""
    bad = np.flatnonzero(~np.isfinite(particle_energies(x, system)))
    if len(bad):
        warnings.warn(
            f"state must come to finite energies, got {len(bad)} of {len(x)} replicas whose "
            f"energy is infinite or NaN after {n_sweeps} sweeps, the first {bad[0]}: particles "
            "that coincide come apart, but no single move mends a bond that is broken by more "
            "than its step; start from configurations of finite energy",
            UserWarning,
            stacklevel=3,
        )


def swept(
    state: ParticleState,
    n_sweeps: int,
    system: ParticleSystem,
    options: Mapping[str, Any],
    *,
    coordinate: Coordinate | str | None = None,
    factors: Mapping[str, Any] | None = None,
) -> tuple[ParticleState, np.ndarray]:
    """As `particle_sweeps`, with the options in its order.

    Returns:
      the state, and accepted moves and those that were not finite, int64 [replicas, 2].
    """
    instance("state", state, ParticleState)
    instance("system", system, ParticleSystem)
    n = positive_int("n_sweeps", n_sweeps)
    if state.x.shape[1:] != system.event_shape:
        raise ValueError(f"x must have shape [replicas, {system.event_size}], got {state.x.shape}")
    replicas = len(state.x)
    arrays = {k: per_replica(k, v, replicas) for k, v in options.items()}
    for name in ("step_size", "temperature"):
        if np.any(arrays[name] <= 0):
            raise ValueError(f"{name} must be > 0, got {arrays[name].min()!r}")
    needed = bool(np.any(arrays["stiffness"])) or isinstance(coordinate, Coordinate)
    along = coordinate_of(system, coordinate) if needed else None
    x = rows_of(system, state.x)
    rng = state.rng.copy("C")
    counts = np.zeros((replicas, 2), np.int64)
    index = np.zeros((1, 0), np.int64) if along is None else along.particles[None]
    biased = np.zeros(system.n, bool)
    biased[index.ravel()] = np.any(arrays["stiffness"])
    shared(
        sweep_kernel(system.compiled, along, system),
        (
            x,
            rng,
            np.stack(list(arrays.values()), axis=1),
            _factors(system, factors, replicas),
            counts,
        ),
        (terms_of(system), index, biased, sides_of(system), n),
        n * x.shape[2] * x.size,  # a move sees all particles
    )
    count_energies(n * replicas)
    return ParticleState(configurations_of(system, x), rng), counts


def particle_energies(x: Any, system: ParticleSystem) -> np.ndarray:
    """u of configurations `[replicas, event_size]`, kT: `system.energy` at a tenth of its time."""
    instance("system", system, ParticleSystem)
    x = finite_array("x", x, ndim=2, last=system.event_size, dtype=np.float64)
    return factored_energies(x, system, np.ones(len(system.moving_terms))) + system.constant


def factored_energies(x: np.ndarray, system: ParticleSystem, factors: np.ndarray) -> np.ndarray:
    """The sum of the terms that depend on positions, each times its factor, `[terms]`."""
    rows, u = rows_of(system, x), np.empty(len(x))
    shared(
        energies_kernel(system.compiled),
        (rows, u),
        (terms_of(system), factors),
        rows.size * system.n,
    )
    count_energies(len(x))
    return u


def coordinate_of(system: ParticleSystem, coordinate: Coordinate | str | None) -> Coordinate:
    """A coordinate of the system, by name or as it is, or raises."""
    if isinstance(coordinate, Coordinate):
        coordinate.check(system.particles)
        return coordinate
    return system.coordinate(coordinate)


def coordinate_values(system: ParticleSystem, coordinate: Coordinate, x: np.ndarray) -> np.ndarray:
    """The coordinate of configurations, [replicas]."""
    if system.anchored:
        rows = [x[:, k :: system.dimension] for k in range(system.dimension)]
    else:
        rows = list(np.moveaxis(rows_of(system, x), 1, 0))
    return np.asarray(coordinate(rows, system.lengths))


def terms_of(system: ParticleSystem) -> tuple[Any, ...]:
    """The parameters of the system's terms, as kernels take them."""
    return system.packed


def rows_of(system: ParticleSystem, x: np.ndarray) -> np.ndarray:
    """Rows of x, of y (and of z), [replicas, dimension, n], of configurations."""
    r = x.reshape(len(x), -1, system.dimension)
    if not system.anchored:
        r = system.basis.T @ r
    return np.ascontiguousarray(r.transpose(0, 2, 1))


def configurations_of(system: ParticleSystem, rows: np.ndarray) -> np.ndarray:
    """Configurations of rows, [replicas, event_size]."""
    return system.configuration(rows.transpose(0, 2, 1))


def per_replica(name: str, value: Any, replicas: int) -> np.ndarray:
    """Returns a number or `[replicas]` as `[replicas]`, or raises."""
    array = finite_array(name, value, dtype=np.float64)
    if array.shape not in ((), (replicas,)):
        raise ValueError(f"{name} must be a number or have shape ({replicas},), got {array.shape}")
    return np.broadcast_to(array, (replicas,))


def _factors(
    system: ParticleSystem, factors: Mapping[str, Any] | None, replicas: int
) -> np.ndarray:
    """Of the terms, [replicas, terms]."""
    names = system.moving_terms
    table = np.ones((replicas, len(names)))
    for name, value in instance("factors", factors or {}, Mapping).items():
        choice("names of factors", name, names)
        table[:, names.index(name)] = per_replica(f"factors[{name!r}]", value, replicas)
    return table


def sides_of(system: ParticleSystem) -> tuple[float, ...]:
    """Sides of a periodic box, as kernels take them; () for another."""
    return () if system.lengths is None else tuple(float(v) for v in system.lengths)
