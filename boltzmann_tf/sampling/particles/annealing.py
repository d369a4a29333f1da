"""Annealed importance sampling of particles: tethers let go, temperature falls.

A dense fluid is hard for a flow: its particles leave their cages and settle in many packings. With
each particle tethered to a place of its own, and hot, it is nearly Gaussian, and a flow learns it.
What remains is a path from there to the fluid (for crystals: Frenkel and Ladd, J. Chem. Phys. 81,
3188, 1984), walked by single-particle moves, whose work corrects the weights exactly whatever its
length (Neal 2001).

Two things keep the path short. Identical particles stay in one order, the cell of `_label_cell.py`:
the n! orders are equivalent, and a weight would have to count how many of them a run has found; so
are the two directions of a pair, of which it keeps one. A rigid group also keeps its shape, such as
the length of the dimer, and so the spread of shapes that the generator was given: free energies
along the length come from the weights at each of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials.base import index_of
from boltzmann_tf.sampling._random import streams
from boltzmann_tf.sampling.particles._annealing_kernels import annealing_kernel
from boltzmann_tf.sampling.particles._kernels import shared
from boltzmann_tf.sampling.particles.sweeps import configurations_of, rows_of, sides_of, terms_of
from boltzmann_tf.systems import ParticleSystem

__all__ = ["AnnealedParticles", "anneal_particles"]

CHUNK = 1024  # configurations whose energies are computed at a time


class AnnealedParticles(NamedTuple):
    """Configurations at the end of the path, with the weights of the path.

    Attributes:
      x: configurations, float64 [n, event_size].
      energy: u(x), kT at temperature 1, [n].
      log_weight: of the path, [n]: minus the work in kT; -inf for starts in another order or
        direction.
      acceptance: accepted moves of the attempted ones, mean over configurations.
      not_finite: moves rejected because their energy difference was NaN.
      energy_evaluations: cost in units of one energy, which a sweep costs about.
    """

    x: np.ndarray
    energy: np.ndarray
    log_weight: np.ndarray
    acceptance: float
    not_finite: int
    energy_evaluations: int


def anneal_particles(
    x: Any,
    *,
    system: ParticleSystem,
    reference: Any = None,
    centres: Any,
    stiffness: Any,
    temperature: Any,
    step_size: Any,
    rigid: Sequence[int] | None = None,
    seed: int = 0,
) -> AnnealedParticles:
    """Moves configurations along a path of densities, one sweep in each, and weighs them.

    Density k of the path is that of exp(-u / T_k - kappa_k sum |x_i - centre_i|^2) over
    configurations in the order of `reference`, if one is given. The sum is over the particles that
    are not in the rigid group; the group keeps the shape that it has, and a group of two with a
    reference also its direction there (within 90 degrees). Given weighted samples of density 0, add
    `log_weight` to theirs for the last one.

    In a periodic box distances from the tethers' ends are those to the nearest image. Where nothing
    else holds the particles in place, neither do the tethers: the sum is then the least one of all
    common shifts, without a rigid group the squared distance of the configurations.

    Args:
      x: of density 0, with or without weights, [n, event_size]; what lies outside it, in another
        order or of infinite energy, keeps its place and gets a log-weight of -inf.
      system: its true energy is used.
      reference: configuration whose sites the particles are assigned to, [event_size], where those
        that are not in the rigid group are identical; None for particles in whatever order.
        `sampling.relabel` to it, with `fixed=2` for the dimer, brings configurations in open space
        into this order.
      centres: of the tethers, [event_size] or [n, event_size]; those of the rigid group do not
        count.
      stiffness: kappa_k >= 0, [steps + 1].
      temperature: T_k > 0, [steps + 1].
      step_size: half the side of the square or cube of a move in each density, a number or
        [steps + 1].
      rigid: numbers of two or more particles that are only turned and shifted together, none of
        them tethered; () for no such group, None for the system's own (the dimer of a
        `SolvatedDimer`).
      seed: of all moves.

    Returns:
      `AnnealedParticles`.
    """
    instance("system", system, ParticleSystem)
    size = system.event_size
    x = finite_array("x", x, ndim=2, last=size, dtype=np.float64)
    ties = finite_array("centres", centres, last=size, dtype=np.float64)
    if ties.shape not in ((size,), x.shape):
        raise ValueError(f"centres must have shape [{size}] or {list(x.shape)}, got {ties.shape}")
    path = _path(stiffness, temperature, step_size)
    members, free = _groups(system, rigid)
    sites, direction = _order(system, reference, members, free)
    slot = np.full(system.n, -1)
    slot[members] = np.arange(members.size)
    rows = rows_of(system, x)
    log_weight, counts = np.zeros(len(x)), np.zeros((len(x), 2), np.int64)
    shared(
        annealing_kernel(system.compiled, system.dimension, periodic=system.lengths is not None),
        (
            rows,
            streams(len(x), seed_int("seed", seed)),
            np.broadcast_to(rows_of(system, np.atleast_2d(ties)), rows.shape),
            _energies(system, x),
            log_weight,
            counts,
        ),
        (
            terms_of(system),
            np.ones(len(system.moving_terms)),
            system.constant,
            path,
            members,
            slot,
            free,
            sites,
            direction,
            sides_of(system),
            not system.anchored and free.size > 0,
        ),
        len(path) * rows.size * system.n,  # a move sees all particles
    )
    cost = len(x) * len(path)  # the energies of the start, and a sweep in each density after it
    count_energies(cost)
    moves = (len(path) - 1) * (free.size + min(members.size, 2 if system.dimension > 1 else 1))
    moved = configurations_of(system, rows)
    moved = np.where(np.isfinite(log_weight)[:, None], moved, x)
    return AnnealedParticles(
        moved,
        _energies(system, moved),
        log_weight,
        float(np.mean(counts[:, 0] / moves)),
        int(counts[:, 1].sum()),
        cost,
    )


def _path(stiffness: Any, temperature: Any, step_size: Any) -> np.ndarray:
    """Stiffness, temperature and step of each density, [steps + 1, 3], or raises."""
    kappa = finite_array("stiffness", stiffness, ndim=1, dtype=np.float64)
    T = finite_array("temperature", temperature, ndim=1, dtype=np.float64)
    step = finite_array("step_size", step_size, dtype=np.float64)
    if kappa.size < 2 or np.any(kappa < 0):
        raise ValueError(f"stiffness must be two or more numbers >= 0, got {kappa.tolist()}")
    if T.shape != kappa.shape or np.any(T <= 0):
        raise ValueError(f"temperature must be {kappa.size} numbers > 0, got {T.tolist()}")
    if step.shape not in ((), kappa.shape) or np.any(step <= 0):
        raise ValueError(f"step_size must be > 0, a number or [{kappa.size}], got {step.tolist()}")
    return np.stack([kappa, T, np.broadcast_to(step, kappa.shape)], axis=1)


def _groups(system: ParticleSystem, rigid: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rigid group and of the other particles, or raises."""
    given = system.rigid if rigid is None else rigid
    members = np.empty(0, np.int64)
    if np.size(given):
        members = index_of("rigid", [np.ravel(given)], np.size(given), n=system.n)[0]
        if members.size < 2:
            raise ValueError(f"rigid must be two or more particles or none, got {given!r}")
    return members, np.setdiff1d(np.arange(system.n), members)


def _order(
    system: ParticleSystem, reference: Any, members: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Sites of the free particles, [dimension, free], and the direction that a pair keeps."""
    anywhere = (0.0,) * system.dimension
    if reference is None:
        return np.empty((system.dimension, 0)), anywhere
    sites = finite_array("reference", reference, ndim=1, last=system.event_size, dtype=np.float64)
    rows = rows_of(system, sites[None])[0]
    if members.size == 2:
        d = rows[:, members[0]] - rows[:, members[1]]
        if system.lengths is not None:
            d -= system.lengths * np.round(d / system.lengths)
        anywhere = tuple(float(v) for v in d)
    return np.ascontiguousarray(rows[:, free]), anywhere


def _energies(system: ParticleSystem, x: np.ndarray) -> np.ndarray:
    """Of `[n, event_size]`, in parts that fit into memory."""
    parts = np.array_split(x, 1 + len(x) // CHUNK)
    return np.concatenate([system.energy(part).numpy() for part in parts])
