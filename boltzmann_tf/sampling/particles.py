"""Single-particle Metropolis moves of the solvated dimer, with a bias on its length.

A move of one particle changes 37 distances and not 703, so that a sweep of single moves costs
little more than one energy, and its steps can be ten times those of all particles at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numba
import numpy as np

from boltzmann_tf._checks import finite_array, instance, positive_int, seed_int
from boltzmann_tf.sampling._random import kernel, next_word, streams
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling._uniform import symmetric_pair, uniform_open
from boltzmann_tf.systems import SolvatedDimer

__all__ = ["ParticleInfo", "ParticleState", "particle_state", "particle_sweeps"]

_FAR = 1e8  # where a particle is put whose repulsion must not count

# Sums in any order, for vector units; but NaN and infinity are what they are: moves are rejected
# by the one, and particles that coincide come apart by the other.
REORDERED = {"reassoc", "contract", "arcp", "nsz"}


class ParticleState(NamedTuple):
    """Replicas of the particles, each with a random stream of its own.

    Attributes:
      x: configurations, float64 [replicas, 2 n].
      rng: states of the streams, uint64 [replicas, 4].
    """

    x: np.ndarray
    rng: np.ndarray


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
    """Returns replicas that start from configurations `[replicas, 2 n]`, with their streams."""
    x = finite_array("x", x, ndim=2, dtype=np.float64)
    return ParticleState(x.copy(), streams(len(x), seed_int("seed", seed)))


def particle_sweeps(
    state: ParticleState,
    n_sweeps: int,
    *,
    system: SolvatedDimer,
    step_size: Any,
    temperature: Any = 1.0,
    centre: Any = 0.0,
    stiffness: Any = 0.0,
    length_factor: Any = 1.0,
) -> tuple[ParticleState, ParticleInfo]:
    """Sweeps of n moves each, one of every particle in turn, uniform in a square.

    The density is that of exp(-u / T - stiffness (d - centre)^2), with d the dimer's length.

    Args:
      state: from `particle_state` or an earlier call; it is not changed.
      n_sweeps: sweeps.
      system: the dimer; its true energy is used.
      step_size: half the side of the square, a number or [replicas].
      temperature: T > 0, a number or [replicas].
      centre: of the bias, a number or [replicas].
      stiffness: of the bias in kT at the replica's own temperature, without a factor 1/2; 0 for no
        bias. A number or [replicas].
      length_factor: of the dimer's potential of its length (`slope`, `quadratic`, `quartic`), for
        replica exchange between Hamiltonians. A number or [replicas].

    Returns:
      the state after the sweeps, and `ParticleInfo`.
    """
    given = {
        "step_size": step_size,
        "temperature": temperature,
        "centre": centre,
        "stiffness": stiffness,
        "length_factor": length_factor,
    }
    state, counts = swept(state, n_sweeps, system, given)
    attempted = n_sweeps * (system.solvent + 2)
    not_finite = int(counts[:, 1].sum())
    return state, ParticleInfo(counts[:, 0] / attempted, attempted * len(counts), not_finite)


def swept(
    state: ParticleState, n_sweeps: int, system: SolvatedDimer, options: Mapping[str, Any]
) -> tuple[ParticleState, np.ndarray]:
    """As `particle_sweeps`, with the options in its order.

    Returns:
      the state, and accepted moves and those that were not finite, int64 [replicas, 2].
    """
    instance("state", state, ParticleState)
    instance("system", system, SolvatedDimer)
    n = positive_int("n_sweeps", n_sweeps)
    if state.x.shape[1:] != system.event_shape:
        raise ValueError(f"x must have shape [replicas, {system.event_size}], got {state.x.shape}")
    arrays = {k: per_replica(k, v, len(state.x)) for k, v in options.items()}
    for name in ("step_size", "temperature"):
        if np.any(arrays[name] <= 0):
            raise ValueError(f"{name} must be > 0, got {arrays[name].min()!r}")
    # Rows of x and of y coordinates: neighbours in memory are what a vector unit wants.
    x = np.ascontiguousarray(state.x.reshape(len(state.x), -1, 2).transpose(0, 2, 1))
    rng = state.rng.copy("C")
    counts = np.zeros((len(x), 2), np.int64)
    table = np.stack(list(arrays.values()), axis=1)
    with threads(len(x), n * x.shape[2] * x.size):  # a move sees all particles
        _sweep(x, rng, table, parameters(system), n, counts)
    moved = x.transpose(0, 2, 1).reshape(state.x.shape).copy()
    return ParticleState(moved, rng), counts


def per_replica(name: str, value: Any, replicas: int) -> np.ndarray:
    """Returns a number or `[replicas]` as `[replicas]`, or raises."""
    array = finite_array(name, value, dtype=np.float64)
    if array.shape not in ((), (replicas,)):
        raise ValueError(f"{name} must be a number or have shape ({replicas},), got {array.shape}")
    return np.broadcast_to(array, (replicas,))


def parameters(system: SolvatedDimer) -> np.ndarray:
    """What the kernel needs of the system, in its order."""
    s = system
    return np.array(
        [s.slope, s.quadratic, s.quartic, s.distance, s.dimer_k, s.box, s.box_k, s.diameter**2]
    )


@numba.njit(inline="always")
def _own(
    i: int,
    px: float,
    py: float,
    x: np.ndarray,
    p: np.ndarray,
    centre: float,
    stiffness: float,
    factor: float,
) -> tuple[float, float]:
    """Terms of particle i at (px, py) besides the repulsion: of the energy, and of the bias."""
    u = p[6] * (max(abs(px) - p[5], 0.0) ** 2 + max(abs(py) - p[5], 0.0) ** 2)
    bias = 0.0
    if i < 2:
        ox, oy = x[0, 1 - i], x[1, 1 - i]
        d = np.sqrt((px - ox) ** 2 + (py - oy) ** 2)
        q = 2 * (d - p[3])
        u += p[4] * ((px + ox) ** 2 + py * py)
        u += factor * (p[0] * q - p[1] * q * q + p[2] * q**4)
        bias = stiffness * (d - centre) ** 2
    return u, bias


@numba.njit(fastmath=REORDERED, inline="always")
def _repulsion_change(
    x: np.ndarray, px: float, py: float, qx: float, qy: float, range2: float
) -> float:
    """Repulsion at (qx, qy) minus that at (px, py)."""
    total = 0.0
    xs, ys = x[0], x[1]
    for j in range(xs.size):
        new = range2 / ((xs[j] - qx) ** 2 + (ys[j] - qy) ** 2)
        old = range2 / ((xs[j] - px) ** 2 + (ys[j] - py) ** 2)
        new, old = new * new * new, old * old * old
        total += new * new - old * old
    return total


@numba.njit(inline="always")
def _change(
    x: np.ndarray,
    i: int,
    qx: float,
    qy: float,
    p: np.ndarray,
    centre: float,
    stiffness: float,
    factor: float,
) -> tuple[float, float]:
    """What a move of particle i to (qx, qy) adds to the energy and to the bias; x is as before."""
    px, py = x[0, i], x[1, i]
    u_new, bias_new = _own(i, qx, qy, x, p, centre, stiffness, factor)
    u_old, bias_old = _own(i, px, py, x, p, centre, stiffness, factor)
    # Neither with itself, nor the dimer's pair with each other.
    partner = 1 - min(i, 1)
    ox = x[0, partner]
    x[0, i] = _FAR
    if i < 2:
        x[0, partner] = _FAR
    change = u_new - u_old + _repulsion_change(x, px, py, qx, qy, p[7])
    if i < 2:
        x[0, partner] = ox
    x[0, i] = px
    return change, bias_new - bias_old


def energies(x: np.ndarray, system: SolvatedDimer) -> np.ndarray:
    """u of configurations `[replicas, 2 n]`, kT: `system.energy` at a tenth of its time."""
    rows = np.ascontiguousarray(x.reshape(len(x), -1, 2).transpose(0, 2, 1))
    u = np.empty(len(x))
    with threads(len(x), rows.shape[2] * x.size // 4):  # half of the pairs
        _energies(rows, parameters(system), u)
    return u


@kernel()
def _energies(x: np.ndarray, p: np.ndarray, u: np.ndarray) -> None:
    for r in numba.prange(len(x)):
        u[r] = total_energy(x[r], p)


@numba.njit(fastmath=REORDERED, error_model="numpy")
def total_energy(x: np.ndarray, p: np.ndarray) -> float:
    """The energy of one configuration, [2, n]; +inf where particles coincide."""
    xs, ys = x[0], x[1]
    d = np.sqrt((xs[0] - xs[1]) ** 2 + (ys[0] - ys[1]) ** 2)
    q = 2 * (d - p[3])
    u = p[0] * q - p[1] * q * q + p[2] * q**4
    u += p[4] * ((xs[0] + xs[1]) ** 2 + ys[0] ** 2 + ys[1] ** 2)
    for i in range(xs.size):
        u += p[6] * (max(abs(xs[i]) - p[5], 0.0) ** 2 + max(abs(ys[i]) - p[5], 0.0) ** 2)
        for j in range(max(i + 1, 2), xs.size):  # the dimer's own pair does not repel
            ratio = p[7] / ((xs[i] - xs[j]) ** 2 + (ys[i] - ys[j]) ** 2)
            cube = ratio * ratio * ratio
            u += cube * cube
    return u


@kernel()
def _sweep(
    x: np.ndarray,
    rng: np.ndarray,
    options: np.ndarray,
    p: np.ndarray,
    n_sweeps: int,
    counts: np.ndarray,
) -> None:
    replicas, _, n = x.shape
    for r in numba.prange(replicas):
        a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        xr = x[r]
        step, temperature, centre, stiffness, factor = options[r]
        accepted, not_finite = 0, 0
        for _ in range(n_sweeps):
            for i in range(n):
                word, a, b, c, d = next_word(a, b, c, d)
                first, second = symmetric_pair(word)
                qx, qy = xr[0, i] + step * first, xr[1, i] + step * second
                du, dbias = _change(xr, i, qx, qy, p, centre, stiffness, factor)
                log_ratio = -du / temperature - dbias
                word, a, b, c, d = next_word(a, b, c, d)
                if np.isnan(log_ratio):
                    not_finite += 1
                elif log_ratio >= 0 or uniform_open(word) < np.exp(log_ratio):
                    xr[0, i], xr[1, i] = qx, qy
                    accepted += 1
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = a, b, c, d
        counts[r, 0], counts[r, 1] = accepted, not_finite
