"""The compiled walk of `anneal_particles`, for any sum of potentials in 1, 2 or 3 dimensions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials._space import SPACES, Space, squared_distance_of
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._label_cell import label_cell
from boltzmann_tf.sampling._particle_kernels import PROPOSED, closure
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import uniform_open

__all__ = ["SHIFT", "TURN", "annealing_kernel", "rigid_moves"]

SHIFT, TURN = 0.1, 0.2  # of a rigid group as a whole, half widths, at T = 1

# By how much, in kT, rounding may put off an energy that moves carry along by their differences
# before it is summed anew. From an overlap of 1e16 that is at once.
ROUNDING = 1e-9


@formula
def _turned1(v: Any, w: Any) -> Any:
    return v


@formula
def _turned2(v: Any, w: Any) -> Any:
    cos, sin = np.cos(w[0]), np.sin(w[0])
    return cos * v[0] - sin * v[1], sin * v[0] + cos * v[1]


@formula
def _turned3(v: Any, w: Any) -> Any:
    """About the axis w by the angle |w| (Rodrigues)."""
    angle = np.sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2])
    x, y, z = w[0] / angle, w[1] / angle, w[2] / angle
    cos, sin = np.cos(angle), np.sin(angle)
    along = (x * v[0] + y * v[1] + z * v[2]) * (1 - cos)
    return (
        cos * v[0] + sin * (y * v[2] - z * v[1]) + x * along,
        cos * v[1] + sin * (z * v[0] - x * v[2]) + y * along,
        cos * v[2] + sin * (x * v[1] - y * v[0]) + z * along,
    )


_TURNED = {1: _turned1, 2: _turned2, 3: _turned3}


@functools.cache
def rigid_moves(dimension: int, *, periodic: bool) -> tuple[Callable, Callable]:
    """Where a rigid group goes: functions (x, members, sides, w, to) that fill to, [dimension, m].

    Returns:
      that of a turn about the group's middle, by the angle w[0] in the plane and the vector w in
      space, and that of a shift by w. A turn by -w undoes one by w.
    """
    space = SPACES[dimension, periodic]
    difference, point, rows_of = space.difference, space.point, space.rows
    less, turned = SPACES[dimension, False].difference, _TURNED[dimension]

    @formula
    def turn(x: Any, members: Any, sides: Any, w: Any, to: Any) -> None:
        rows = rows_of(x)
        first = point(rows, members[0])  # whose nearest images the others are
        for k in range(x.shape[0]):
            middle = 0.0
            for g in range(members.size):
                middle += difference(point(rows, members[g]), first, sides)[k] / members.size
            to[k, 0] = middle
        centre = point(rows_of(to), 0)
        for g in range(members.size - 1, -1, -1):
            from_first = difference(point(rows, members[g]), first, sides)
            after = turned(less(from_first, centre, ()), w)
            for k in range(x.shape[0]):
                to[k, g] = first[k] + centre[k] + after[k]

    @formula
    def shift(x: Any, members: Any, sides: Any, w: Any, to: Any) -> None:
        for g in range(members.size):
            for k in range(x.shape[0]):
                to[k, g] = x[k, members[g]] + w[k]

    return turn, shift


def _tethers(space: Space) -> tuple[Callable, Callable]:
    """Sum of squared distances from the tethers' ends, and what a move of one particle adds.

    Where nothing else holds the particles in place (`floating`), neither do the tethers: distances
    are then those after the common shift that makes the sum least.
    """
    point, rows_of, squared_distance = space.point, space.rows, squared_distance_of(space)

    @formula
    def stretch(x: Any, free: Any, ties: Any, sides: Any, floating: Any, pull: Any) -> float:
        rows, ends = rows_of(x), rows_of(ties)
        result = 0.0
        for a in range(free.size):
            result += squared_distance(point(rows, free[a]), point(ends, free[a]), sides)
        if floating:
            for k in range(x.shape[0]):
                pull[k] = 0.0
                for a in range(free.size):
                    pull[k] += x[k, free[a]] - ties[k, free[a]]
                result -= pull[k] * pull[k] / free.size
        return result

    @formula
    def change(
        x: Any, i: Any, q: Any, m: Any, ties: Any, sides: Any, floating: Any, pull: Any
    ) -> float:
        end = point(rows_of(ties), i)
        result = squared_distance(q, end, sides)
        result -= squared_distance(point(rows_of(x), i), end, sides)
        if floating:
            for k in range(x.shape[0]):
                step = q[k] - x[k, i]
                result -= step * (2 * pull[k] + step) / m
        return result

    return stretch, change


@functools.lru_cache(maxsize=64)
def annealing_kernel(compiled: Compiled, dimension: int, *, periodic: bool) -> Callable:
    """The walk along a path, for `shared`.

    It takes x `[replicas, dimension, n]`, random streams, ends of the tethers like x, energies,
    log-weights and counts (accepted moves and NaN), all of which but the ends it writes to; then
    what replicas share: terms, their factors, the constant of the energy, the path's stiffness,
    temperature and step, the rigid group's numbers and the place of each particle in it or -1, the
    other particles' numbers, their sites, of size 0 for any order, the direction that a pair keeps
    or zeros, the box's sides, and whether nothing holds the particles in place.
    """
    space = SPACES[dimension, periodic]
    difference, dot, point, rows_of = space.difference, space.dot, space.point, space.rows
    total_energy, change, group_change = compiled.total, compiled.change, compiled.group_change
    proposed, (find, leaves) = PROPOSED[dimension], label_cell(dimension, periodic=periodic)
    turn, shift = rigid_moves(dimension, periodic=periodic)
    stretch, stretch_change = _tethers(space)
    version = compiled.version
    turns = dimension > 1

    @formula
    def along(x: Any, members: Any, direction: Any, sides: Any) -> float:
        """Scalar product of a pair's direction and the one that it keeps."""
        rows = rows_of(x)
        d = difference(point(rows, members[0]), point(rows, members[1]), sides)
        return dot(d, direction)

    def anneal(
        x: np.ndarray,
        rng: np.ndarray,
        centres: np.ndarray,
        energy: np.ndarray,
        log_weight: np.ndarray,
        counts: np.ndarray,
        terms: Any,
        factors: np.ndarray,
        constant: float,
        path: np.ndarray,
        members: np.ndarray,
        slot: np.ndarray,
        free: np.ndarray,
        sites: np.ndarray,
        direction: Any,
        sides: Any,
        floating: bool,  # noqa: FBT001
    ) -> str:
        size_of, m, group = x.shape[1], free.size, members.size
        v, reach, done = np.empty(m), np.empty(m), np.empty(m, np.bool_)
        to, pull, origin = np.empty((size_of, group)), np.zeros(size_of), np.zeros((size_of, 1))
        pair, ordered = np.arange(group), sites.size > 0
        for r in range(x.shape[0]):
            xr, ties = x[r], centres[r]
            # Overlaps of infinite energy have no weight, and no move out of them has a ratio.
            outside = not np.isfinite(energy[r])
            if not outside and group > 1:
                outside = along(xr, members, direction, sides) < 0
            if not outside and ordered:
                outside = not find(xr, free, sites, sides, v)
            if outside:
                log_weight[r] = -np.inf
                continue
            a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
            u, total, accepted, not_finite = energy[r], 0.0, 0, 0
            size = 0.0  # sum of the energies that rounding was relative to
            for k in range(1, len(path)):
                if size * 2.0**-52 > ROUNDING:
                    u, size = total_energy(xr, terms, factors) + constant, 0.0
                stretched = stretch(xr, free, ties, sides, floating, pull)
                total += (path[k - 1, 0] - path[k, 0]) * stretched
                total += (1 / path[k - 1, 1] - 1 / path[k, 1]) * u
                kappa, temperature, step = path[k]
                if group > 1:
                    for kind in range(0 if turns else 1, 2):
                        width = (TURN if kind == 0 else SHIFT) * np.sqrt(temperature)
                        w, a, b, c, d = proposed(origin, 0, width, a, b, c, d)
                        word, a, b, c, d = next_word(a, b, c, d)
                        choice = np.log(uniform_open(word))
                        if kind == 0:
                            turn(xr, members, sides, w, to)
                        else:
                            shift(xr, members, sides, w, to)
                        if along(to, pair, direction, sides) < 0:
                            continue
                        du = group_change(xr, members, slot, to, terms, factors)
                        log_ratio = -du / temperature
                        if np.isnan(log_ratio):
                            not_finite += 1
                        elif choice < log_ratio:
                            for g in range(group):
                                for e in range(size_of):
                                    xr[e, members[g]] = to[e, g]
                            size += max(abs(u), abs(du))
                            u += du
                            accepted += 1
                for f in range(m):
                    i = free[f]
                    q, a, b, c, d = proposed(xr, i, step, a, b, c, d)
                    word, a, b, c, d = next_word(a, b, c, d)
                    choice = np.log(uniform_open(word))
                    du = change(xr, i, q, terms, factors)
                    stretched = stretch_change(xr, i, q, m, ties, sides, floating, pull)
                    log_ratio = -du / temperature - kappa * stretched
                    if np.isnan(log_ratio):
                        not_finite += 1
                    elif choice < log_ratio:
                        if ordered and leaves(f, q, xr, free, sites, sides, v, reach, done):
                            continue
                        for e in range(size_of):
                            pull[e] += q[e] - xr[e, i]
                            xr[e, i] = q[e]
                        size += max(abs(u), abs(du))
                        u += du
                        accepted += 1
            rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = a, b, c, d
            log_weight[r] = total
            counts[r, 0], counts[r, 1] = accepted, not_finite
        return version or ""  # read, so that it is part of what the cache knows the kernel by

    return closure(anneal, version)
