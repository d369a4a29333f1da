"""Annealed importance sampling of the solvated dimer: tethers let go, temperature falls.

A dense fluid is hard for a flow: its particles leave their cages and settle in many packings. With
each particle tethered to a place of its own, and hot, it is nearly Gaussian, and a flow learns it.
What remains is a path from there to the fluid (for crystals: Frenkel and Ladd, J. Chem. Phys. 81,
3188, 1984), walked by single-particle moves, whose work corrects the weights exactly whatever its
length (Neal 2001).

Two things keep the path short. The solvent stays in one order, the cell of `_label_cell.py`: the
n! orders are equivalent, and a weight would have to count how many of them a run has found; so are
the two directions of the dimer, of which it keeps one. The dimer also keeps its length, and so the
spread along it that the generator was given: free energies along the length come from the weights
at each of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from boltzmann_tf._checks import finite_array, instance, seed_int
from boltzmann_tf.sampling._label_cell import find_potentials, leaves
from boltzmann_tf.sampling._random import kernel, next_word, streams
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling._uniform import symmetric_pair, uniform_open
from boltzmann_tf.systems import SolvatedDimer

__all__ = ["AnnealedParticles", "anneal_particles"]

SHIFT, TURN = 0.1, 0.2  # of the dimer as a whole, half widths, at T = 1

# By how much, in kT, rounding may put off an energy that moves carry along by their differences
# before it is summed anew. From an overlap of 1e16 that is at once.
ROUNDING = 1e-9

_FAR = 1e8  # where a particle is put whose repulsion must not count

# Sums in any order, for vector units; but NaN and infinity are what they are.
REORDERED = {"reassoc", "contract", "arcp", "nsz"}

CHUNK = 1024  # configurations whose energies are computed at a time


class AnnealedParticles(NamedTuple):
    """Configurations at the end of the path, with the weights of the path.

    Attributes:
      x: configurations, float64 [n, 2 N].
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
    system: SolvatedDimer,
    reference: Any,
    centres: Any,
    stiffness: Any,
    temperature: Any,
    step_size: Any,
    seed: int = 0,
) -> AnnealedParticles:
    """Moves configurations along a path of densities, one sweep in each, and weighs them.

    Density k of the path is that of exp(-u / T_k - kappa_k sum over the solvent |x_i - centre_i|^2)
    over configurations with the solvent in the order of `reference` and the dimer in its direction
    (within 90 degrees) at the length that it has. Given weighted samples of density 0, add
    `log_weight` to theirs for the last one.

    Args:
      x: of density 0, with or without weights, [n, 2 N]; what lies outside it, in another order
        or of infinite energy, keeps its place and gets a log-weight of -inf.
      system: the dimer; its true energy is used.
      reference: configuration whose sites the solvent is assigned to, [2 N]; `sampling.relabel`
        to it, with `fixed=2`, brings configurations into this order.
      centres: of the tethers, [2 N] or [n, 2 N]; those of the dimer do not count.
      stiffness: kappa_k >= 0, [steps + 1].
      temperature: T_k > 0, [steps + 1].
      step_size: half the side of the square of a move in each density, a number or [steps + 1].
      seed: of all moves.

    Returns:
      `AnnealedParticles`.
    """
    instance("system", system, SolvatedDimer)
    size = system.event_size
    x = finite_array("x", x, ndim=2, last=size, dtype=np.float64)
    sites = finite_array("reference", reference, ndim=1, last=size, dtype=np.float64)
    ties = finite_array("centres", centres, last=size, dtype=np.float64)
    if ties.shape not in ((size,), x.shape):
        raise ValueError(f"centres must have shape [{size}] or {list(x.shape)}, got {ties.shape}")
    kappa = finite_array("stiffness", stiffness, ndim=1, dtype=np.float64)
    T = finite_array("temperature", temperature, ndim=1, dtype=np.float64)
    step = finite_array("step_size", step_size, dtype=np.float64)
    if kappa.size < 2 or np.any(kappa < 0):
        raise ValueError(f"stiffness must be two or more numbers >= 0, got {kappa.tolist()}")
    if T.shape != kappa.shape or np.any(T <= 0):
        raise ValueError(f"temperature must be {kappa.size} numbers > 0, got {T.tolist()}")
    if step.shape not in ((), kappa.shape) or np.any(step <= 0):
        raise ValueError(f"step_size must be > 0, a number or [{kappa.size}], got {step.tolist()}")
    rows = _rows(x)
    energy = _energies(system, x)
    log_weight, counts = np.zeros(len(x)), np.zeros((len(x), 2), np.int64)
    with threads(len(x), kappa.size * rows.shape[2] * x.size):  # a move sees all particles
        _anneal(
            rows,
            streams(len(x), seed_int("seed", seed)),
            parameters(system),
            _rows(sites[None])[0],
            np.broadcast_to(_rows(np.atleast_2d(ties)), rows.shape),
            np.stack([kappa, T, np.broadcast_to(step, kappa.shape)], axis=1),
            energy,
            log_weight,
            counts,
        )
    moves = (kappa.size - 1) * (system.solvent + 2)
    moved = rows.transpose(0, 2, 1).reshape(x.shape).copy()
    return AnnealedParticles(
        moved,
        _energies(system, moved),
        log_weight,
        float(np.mean(counts[:, 0] / moves)),
        int(counts[:, 1].sum()),
        len(x) * kappa.size,
    )


def parameters(system: SolvatedDimer) -> np.ndarray:
    """What the kernel needs of the system, in its order."""
    s = system
    return np.array(
        [s.slope, s.quadratic, s.quartic, s.distance, s.dimer_k, s.box, s.box_k, s.diameter**2]
    )


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


def _energies(system: SolvatedDimer, x: np.ndarray) -> np.ndarray:
    """Of `[n, 2 N]`, in parts that fit into memory."""
    parts = np.array_split(x, 1 + len(x) // CHUNK)
    return np.concatenate([system.energy(part).numpy() for part in parts])


def _rows(x: np.ndarray) -> np.ndarray:
    """[n, 2 N] as [n, 2, N]: neighbours in memory are what a vector unit wants."""
    return np.ascontiguousarray(x.reshape(len(x), -1, 2).transpose(0, 2, 1))


@numba.njit(fastmath=REORDERED, error_model="numpy")
def _total(x: np.ndarray, p: np.ndarray) -> float:
    """The energy of a configuration, rows of x and of y, [2, N]."""
    xs, ys = x[0], x[1]
    d = np.sqrt((xs[0] - xs[1]) ** 2 + (ys[0] - ys[1]) ** 2)
    q = 2 * (d - p[3])
    u = p[0] * q - p[1] * q * q + p[2] * q**4
    u += p[4] * ((xs[0] + xs[1]) ** 2 + ys[0] ** 2 + ys[1] ** 2)
    for i in range(xs.size):
        u += p[6] * (max(abs(xs[i]) - p[5], 0.0) ** 2 + max(abs(ys[i]) - p[5], 0.0) ** 2)
        for j in range(max(i + 1, 2), xs.size):  # without the dimer's own pair
            power = p[7] / ((xs[i] - xs[j]) ** 2 + (ys[i] - ys[j]) ** 2)
            power = power * power * power
            u += power * power
    return u


@numba.njit(inline="always")
def _stretch(x: np.ndarray, ties: np.ndarray) -> float:
    """Sum over the solvent of the squared distances from the tethers' ends."""
    total = 0.0
    for i in range(2, x.shape[1]):
        total += (x[0, i] - ties[0, i]) ** 2 + (x[1, i] - ties[1, i]) ** 2
    return total


@numba.njit(inline="always")
def _solvent_change(x: np.ndarray, i: int, qx: float, qy: float, p: np.ndarray) -> float:
    """Energy that a move of solvent particle i to (qx, qy) adds; x is as before."""
    px, py = x[0, i], x[1, i]
    new = max(abs(qx) - p[5], 0.0) ** 2 + max(abs(qy) - p[5], 0.0) ** 2
    old = max(abs(px) - p[5], 0.0) ** 2 + max(abs(py) - p[5], 0.0) ** 2
    x[0, i] = _FAR
    change = p[6] * (new - old) + _repulsion_change(x, px, py, qx, qy, p[7])
    x[0, i] = px
    return change


@numba.njit(inline="always")
def _dimer_change(x: np.ndarray, to: np.ndarray, p: np.ndarray) -> float:
    """Energy that a move of both dimer particles to `to`, [2, 2], at the same distance adds."""
    x0, y0, x1, y1 = x[0, 0], x[1, 0], x[0, 1], x[1, 1]
    x[0, 0] = x[0, 1] = _FAR
    change = _repulsion_change(x, x0, y0, to[0, 0], to[1, 0], p[7])
    change += _repulsion_change(x, x1, y1, to[0, 1], to[1, 1], p[7])
    x[0, 0], x[0, 1] = x0, x1
    new = (to[0, 0] + to[0, 1]) ** 2 + to[1, 0] ** 2 + to[1, 1] ** 2
    old = (x0 + x1) ** 2 + y0**2 + y1**2
    change += p[4] * (new - old)
    for i in range(2):
        for c in range(2):
            change += p[6] * max(abs(to[c, i]) - p[5], 0.0) ** 2
            change -= p[6] * max(abs(x[c, i]) - p[5], 0.0) ** 2
    return change


@numba.njit(inline="always")
def _place(x: np.ndarray, i: int, first: float, second: float, to: np.ndarray) -> None:
    """Writes to `to` where the dimer goes in the move of its particle i: a turn, or a shift."""
    if i == 0:
        cos, sin = np.cos(first), np.sin(first)
        hx, hy = 0.5 * (x[0, 0] - x[0, 1]), 0.5 * (x[1, 0] - x[1, 1])
        mx, my = 0.5 * (x[0, 0] + x[0, 1]), 0.5 * (x[1, 0] + x[1, 1])
        gx, gy = cos * hx - sin * hy, sin * hx + cos * hy
        to[0, 0], to[1, 0], to[0, 1], to[1, 1] = mx + gx, my + gy, mx - gx, my - gy
    else:
        for i in range(2):
            to[0, i], to[1, i] = x[0, i] + first, x[1, i] + second


@numba.njit(inline="always")
def _along(x: np.ndarray, sites: np.ndarray) -> float:
    """Scalar product of the dimer's direction and that of its sites."""
    along_x = (x[0, 0] - x[0, 1]) * (sites[0, 0] - sites[0, 1])
    return along_x + (x[1, 0] - x[1, 1]) * (sites[1, 0] - sites[1, 1])


@kernel()
def _anneal(
    x: np.ndarray,
    rng: np.ndarray,
    p: np.ndarray,
    sites: np.ndarray,
    centres: np.ndarray,
    path: np.ndarray,
    energy: np.ndarray,
    log_weight: np.ndarray,
    counts: np.ndarray,
) -> None:
    replicas, _, n = x.shape
    for r in numba.prange(replicas):
        xr, ties = x[r], centres[r]
        v, reach = np.empty(n - 2), np.empty(n - 2)
        done = np.empty(n - 2, np.bool_)
        to = np.empty((2, 2))
        # Overlaps of infinite energy have no weight, and no move out of them has a ratio.
        if (
            not np.isfinite(energy[r])
            or _along(xr, sites) < 0
            or not find_potentials(xr[:, 2:], sites[:, 2:], v)
        ):
            log_weight[r] = -np.inf
            continue
        a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        u, total, accepted, not_finite = energy[r], 0.0, 0, 0
        size = 0.0  # sum of the energies that rounding was relative to
        for k in range(1, len(path)):
            if size * 2.0**-52 > ROUNDING:
                u, size = _total(xr, p), 0.0
            total += (path[k - 1, 0] - path[k, 0]) * _stretch(xr, ties)
            total += (1 / path[k - 1, 1] - 1 / path[k, 1]) * u
            kappa, temperature, step = path[k]
            for i in range(n):
                word, a, b, c, d = next_word(a, b, c, d)
                first, second = symmetric_pair(word)
                word, a, b, c, d = next_word(a, b, c, d)
                choice = np.log(uniform_open(word))
                if i < 2:
                    width = (TURN if i == 0 else SHIFT) * np.sqrt(temperature)
                    _place(xr, i, width * first, width * second, to)
                    if _along(to, sites) < 0:
                        continue
                    du, stretched = _dimer_change(xr, to, p), 0.0
                else:
                    px, py = xr[0, i], xr[1, i]
                    qx, qy = px + step * first, py + step * second
                    du = _solvent_change(xr, i, qx, qy, p)
                    stretched = (qx - ties[0, i]) ** 2 + (qy - ties[1, i]) ** 2
                    stretched -= (px - ties[0, i]) ** 2 + (py - ties[1, i]) ** 2
                log_ratio = -du / temperature - kappa * stretched
                if np.isnan(log_ratio):
                    not_finite += 1
                elif choice < log_ratio:
                    if i < 2:
                        xr[:, :2] = to
                    elif leaves(i - 2, qx, qy, xr[:, 2:], sites[:, 2:], v, reach, done):
                        continue
                    else:
                        xr[0, i], xr[1, i] = qx, qy
                    size += max(abs(u), abs(du))
                    u += du
                    accepted += 1
        log_weight[r] = total
        counts[r, 0], counts[r, 1] = accepted, not_finite
