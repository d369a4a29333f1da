"""Gibbs-ensemble Monte Carlo: many replicas of two coupled boxes, in rounds of mixed moves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive_int,
    seed_int,
    sequence,
)
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials._kernels import _own_sources
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.sampling._random import next_word, streams
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles._kernels import closure, shared
from boltzmann_tf.sampling.particles.gibbs._pairs import PairSums, pair_numbers, pair_sums
from boltzmann_tf.sampling.particles.gibbs.displacement import displacement
from boltzmann_tf.sampling.particles.gibbs.transfer import transfer
from boltzmann_tf.sampling.particles.gibbs.volume import volume_exchange
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["GibbsInfo", "GibbsState", "gibbs_rounds", "gibbs_state"]

MOVES = ("displacement", "volume", "transfer")
TARGETS = (0.4, 0.4, 0.3)  # acceptance of displacements in each box, and of volume moves
WIDEST = 3.0  # largest step of ln(V1 / V2)
MORE = 1.0  # power of each volume by which the density of ln(V1 / V2) differs from that of V1


class GibbsState(NamedTuple):
    """Replicas of two boxes, each with a random stream of its own; enough to go on exactly.

    Attributes:
      x: positions in each box from 0 to its side, float64 [replicas, 2, dimension, N]; the first
        n[r, k] of them are there.
      n: particles in each box, int64 [replicas, 2].
      volume: of each box, float64 [replicas, 2].
      step: half sides of displacements in each box, and of ln(V1 / V2), float64 [replicas, 3].
      rng: states of the streams, uint64 [replicas, 4].
    """

    x: np.ndarray
    n: np.ndarray
    volume: np.ndarray
    step: np.ndarray
    rng: np.ndarray

    def positions(self, replica: int, box: int) -> np.ndarray:
        """Of the particles in one box, `[n, dimension]`, from 0 to its side."""
        return self.x[replica, box, :, : self.n[replica, box]].T.copy()


class GibbsInfo(NamedTuple):
    """Time series of each replica's boxes after each round, and how moves fared.

    Attributes:
      n: int64 [replicas, rounds, 2].
      volume: [replicas, rounds, 2].
      energy: U of each box, tail and attraction included, likewise, in kT at T = 1.
      virial: sum over pairs of -r du/dr, likewise.
      shell: pairs at the cut, per unit of r / cut, of y = g exp(u / T), likewise.
      insertion: sum of V / (N + 1) exp(-dU / T) over the insertions of each round, likewise.
      insertions: their number, likewise. Averages are of sums over sums: the mean of a round says
        less of boxes that were seldom tried.
      acceptance: of displacements in each box, volume moves and transfers, [replicas, 4].
      refused: volume moves that would have left a box too small or too dense, int64 [replicas].
      not_finite: moves rejected because their energy difference was NaN, int64 [replicas].
    """

    n: np.ndarray
    volume: np.ndarray
    energy: np.ndarray
    virial: np.ndarray
    shell: np.ndarray
    insertion: np.ndarray
    insertions: np.ndarray
    acceptance: np.ndarray
    refused: np.ndarray
    not_finite: np.ndarray

    @property
    def density(self) -> np.ndarray:
        """N / V of each box, [replicas, rounds, 2]."""
        return self.n / self.volume

    @classmethod
    def joined(cls, parts: Sequence[GibbsInfo]) -> GibbsInfo:
        """Of one run in several calls: series one after the other, counts added up.

        Args:
          parts: in their order; acceptances are averaged over rounds.
        """
        given = sequence("parts", parts)
        if not given:
            raise ValueError("parts must hold at least one, got none")
        for i, part in enumerate(given):
            instance(f"parts[{i}]", part, GibbsInfo)
        found = {
            name: np.concatenate([getattr(p, name) for p in given], axis=1)
            for name in cls._fields[:7]
        }
        lengths = [part.n.shape[1] for part in given]
        found["acceptance"] = np.average([p.acceptance for p in given], axis=0, weights=lengths)
        for name in ("refused", "not_finite"):
            found[name] = np.sum([getattr(p, name) for p in given], axis=0)
        return cls(**found)


def gibbs_state(
    system: GibbsBoxes,
    n_replicas: int = 1,
    *,
    densities: Sequence[float] | None = None,
    shares: Sequence[float] = (0.5, 0.5),
    seed: int = 0,
) -> GibbsState:
    """Replicas that start from lattices in both boxes.

    Args:
      system: the boxes.
      n_replicas: independent ones, which run on all cores.
      densities: of the two boxes at the beginning, which say N1 and V1, the boxes having all of N
        and V; near those of the two phases relaxation is short. None for `shares`.
      shares: of the particles and of the volume in the first box at the beginning.
      seed: of the streams.
    """
    instance("system", system, GibbsBoxes)
    replicas = positive_int("n_replicas", n_replicas)
    n1, v1 = _start(system, densities, shares)
    n = np.tile([n1, system.n - n1], (replicas, 1))
    volume = np.tile([v1, system.volume - v1], (replicas, 1))
    x = np.zeros((2, system.dimension, system.n))
    for k in range(2):
        x[k, :, : n[0, k]] = _lattice(system, int(n[0, k]), float(volume[0, k])).T
    step = np.tile([0.1, 0.1, 0.02], (replicas, 1))
    return GibbsState(
        np.tile(x, (replicas, 1, 1, 1)),
        n.astype(np.int64),
        volume,
        step,
        streams(replicas, seed_int("seed", seed)),
    )


def _start(
    system: GibbsBoxes, densities: Sequence[float] | None, shares: Sequence[float]
) -> tuple[int, float]:
    """N1 and V1 at the beginning, or raises where they cannot be."""
    if densities is None:
        first = finite_array("shares", shares, ndim=1, dtype=np.float64)
        if first.shape != (2,) or np.any(first < 0) or np.any(first > 1):
            raise ValueError(f"shares must be two numbers in 0 .. 1, got {first.tolist()}")
        n1, v1 = round(first[0] * system.n), float(first[1]) * system.volume
    else:
        rho = finite_array("densities", densities, ndim=1, dtype=np.float64)
        mean = system.n / system.volume
        if rho.shape != (2,) or not min(rho) <= mean <= max(rho) or rho[0] == rho[1]:
            raise ValueError(
                f"densities must be two, one below and one above that of both boxes, {mean:.6g}, "
                f"got {rho.tolist()}"
            )
        v1 = (system.n - rho[1] * system.volume) / (rho[0] - rho[1])
        n1 = round(rho[0] * v1)
    for k, (n, v) in enumerate(((n1, v1), (system.n - n1, system.volume - v1))):
        small = not v > 0 or v < system.least_volume * (1 - 1e-12)
        if small or (system.densest is not None and n > system.densest * v):
            raise ValueError(
                f"box {k + 1} must hold its {n} particles and twice the cut-off at the beginning, "
                f"got a volume of {v:.6g}, least {system.least_volume:g}, densest {system.densest}"
            )
    return n1, v1


def _lattice(system: GibbsBoxes, n: int, volume: float) -> np.ndarray:
    """n places of a square or cubic lattice with room for them, spread evenly, `[n, dimension]`."""
    if n == 0:
        return np.zeros((0, system.dimension))
    room = volume ** (1 / system.dimension) - 2 * system.margin
    each = int(np.ceil(n ** (1 / system.dimension) - 1e-9))
    grid = np.indices([each] * system.dimension).reshape(system.dimension, -1).T
    chosen = grid[np.linspace(0, len(grid) - 1, n).round().astype(int)]
    if system.boundary == "walls":  # at both ends, as far from each other as can be
        return system.margin + room * chosen / max(each - 1, 1)
    return room * (chosen + 0.5) / each


def gibbs_rounds(
    state: GibbsState,
    n_rounds: int,
    *,
    system: GibbsBoxes,
    temperature: Any = 1.0,
    n_moves: int | None = None,
    weights: Sequence[float] = (0.5, 0.002, 0.498),
    tune: bool = False,
) -> tuple[GibbsState, GibbsInfo]:
    """Rounds of moves, each of them drawn by its weight; both boxes are looked at after each.

        boxes = systems.GibbsBoxes(512, 1500.0, pairs=potentials.LennardJones(cut=3.0), tail=True)
        state = sampling.gibbs_state(boxes, 2, densities=(0.03, 0.7))
        options = {"system": boxes, "temperature": 1.0}
        state, _ = sampling.gibbs_rounds(state, 100, weights=(1, 0, 0), tune=True, **options)
        state, _ = sampling.gibbs_rounds(state, 1000, tune=True, **options)
        state, info = sampling.gibbs_rounds(state, 10_000, **options)
        phases = sampling.gibbs_phases(info, boxes, temperature=1.0)

    Before particles are transferred, lattices must have melted: holes of a lattice are taken by
    particles at once, and a box that was to be liquid has lost half of them.

    Args:
      state: from `gibbs_state` or an earlier call; it is not changed.
      n_rounds: rounds.
      system: the boxes.
      temperature: T > 0, a number or [replicas].
      n_moves: attempted moves a round; None for 2 N. Looking at the boxes costs about N / 4.
      weights: of displacements, volume moves (which cost N / 4 others) and transfers.
      tune: adjust steps after each round, towards acceptances of 0.4 (displacements) and 0.3
        (volumes); for the burn-in only, as moves that learn from the walk do not keep its density.

    Returns:
      the state after the rounds, and `GibbsInfo`.
    """
    instance("state", state, GibbsState)
    instance("system", system, GibbsBoxes)
    rounds = positive_int("n_rounds", n_rounds)
    moves = 2 * system.n if n_moves is None else positive_int("n_moves", n_moves)
    replicas = len(state.n)
    shape = (replicas, 2, system.dimension, system.n)
    if state.x.shape != shape or np.any(state.n.sum(axis=1) != system.n):
        raise ValueError(
            f"state must be of {system.n} particles in {system.dimension} dimension(s), got x of "
            f"shape {state.x.shape}"
        )
    if not np.allclose(state.volume.sum(axis=1), system.volume, rtol=1e-9):
        raise ValueError(
            f"state must have the volume {system.volume:g} in both boxes, got "
            f"{state.volume.sum(axis=1).tolist()}"[:300]
        )
    T = finite_array("temperature", temperature, dtype=np.float64)
    if T.shape not in ((), (replicas,)) or np.any(T <= 0):
        raise ValueError(f"temperature must be > 0, a number or [{replicas}], got {T.tolist()}")
    w = finite_array("weights", weights, ndim=1, dtype=np.float64)
    if w.shape != (3,) or np.any(w < 0) or not w.sum() > 0:
        raise ValueError(
            f"weights must be three numbers >= 0, of {', '.join(MOVES)}, got {w.tolist()}"
        )
    instance("tune", tune, bool)
    x, n, volume = state.x.copy(), state.n.copy(), state.volume.copy()
    step, rng = state.step.copy(), state.rng.copy("C")
    series = np.zeros((replicas, rounds, 2, 7))
    counts = np.zeros((replicas, 11), np.int64)
    shared(
        _kernel(pair_sums(system), system.dimension, system.boundary == "periodic"),
        (x, n, volume, step, rng, np.broadcast_to(T, (replicas,)).copy(), series, counts),
        (pair_numbers(system), system.told_by(), np.cumsum(w / w.sum()), rounds, moves, tune, MORE),
        2 * replicas * rounds * moves * system.n,
    )
    # A move of one of N particles is the N-th part of an energy; where it begins, and after each
    # round, there is a whole one.
    count_energies(replicas * (1 + rounds * (1 - (-moves // system.n))))
    tried, accepted = counts[:, :4], counts[:, 4:8]
    with np.errstate(invalid="ignore", divide="ignore"):
        acceptance = accepted / tried
    info = GibbsInfo(
        series[..., 0].astype(np.int64),
        series[..., 1],
        series[..., 2],
        series[..., 3],
        series[..., 4],
        series[..., 5],
        series[..., 6],
        acceptance,
        counts[:, 8],
        counts[:, 9],
    )
    return GibbsState(x, n, volume, step, rng), info


@functools.lru_cache(maxsize=32)
def _kernel(sums: PairSums, dimension: int, periodic: bool) -> Callable:  # noqa: FBT001
    displace = displacement(sums, dimension, periodic)
    exchange = volume_exchange(sums, dimension, periodic)
    pass_on = transfer(sums, dimension, periodic)
    total, forces = sums.total, sums.forces
    rows_of = SPACES[dimension, periodic].rows
    version = _own_sources()

    def rounds(
        x: np.ndarray,
        n: np.ndarray,
        volume: np.ndarray,
        step: np.ndarray,
        rng: np.ndarray,
        temperature: np.ndarray,
        series: np.ndarray,
        counts: np.ndarray,
        own: Any,
        told: Any,
        cumulated: np.ndarray,
        n_rounds: int,
        n_moves: int,
        tune: bool,  # noqa: FBT001
        more: float,
    ) -> str:
        energy, widom = np.zeros(2), np.zeros((2, 2))
        tried, accepted = np.zeros(4, np.int64), np.zeros(4, np.int64)
        for r in range(x.shape[0]):
            stream = (rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3])
            xr, nr, vr, t = x[r], n[r], volume[r], temperature[r]
            boxes, model = (xr, nr, vr, energy), (own, told)
            for k in range(2):
                side = vr[k] ** (1 / dimension)
                energy[k] = total(rows_of(xr[k]), nr[k], own, side, 1.0)
            for s in range(n_rounds):
                widom[:] = 0.0
                tried[:] = 0
                accepted[:] = 0
                for _ in range(n_moves):
                    word, a, b, c, d = next_word(stream[0], stream[1], stream[2], stream[3])
                    stream = (a, b, c, d)
                    u = uniform_open(word)
                    if u < cumulated[0]:
                        kind, yes, bad, stream = displace(boxes, step[r], t, model, stream)
                    elif u < cumulated[1]:
                        kind = 2
                        yes, bad, refused, stream = exchange(
                            boxes, step[r, 2], t, model, stream, more
                        )
                        counts[r, 8] += refused
                    else:
                        kind = 3
                        yes, bad, stream = pass_on(boxes, widom, t, model, stream)
                    tried[kind] += 1
                    accepted[kind] += yes
                    counts[r, 9] += bad
                for k in range(4):
                    counts[r, k] += tried[k]
                    counts[r, 4 + k] += accepted[k]
                if tune:
                    for k in range(3):
                        if tried[k] > 0:
                            share = accepted[k] / tried[k]
                            target = 0.3 if k == 2 else 0.4
                            # Few moves say little: a round of them moves the step less.
                            gain = min(1.0, tried[k] / 20)
                            grown = step[r, k] * np.exp(0.5 * gain * (share - target))
                            most = WIDEST if k == 2 else 0.5 * vr[k] ** (1 / dimension)
                            step[r, k] = min(grown, most)
                for k in range(2):
                    side = vr[k] ** (1 / dimension)
                    rows = rows_of(xr[k])
                    # From positions: what is added up move by move collects rounding.
                    energy[k] = total(rows, nr[k], own, side, 1.0)
                    virial, shell = forces(rows, nr[k], own, side, t)
                    series[r, s, k, 0] = nr[k]
                    series[r, s, k, 1] = vr[k]
                    series[r, s, k, 2] = energy[k] + told[0] * nr[k] * nr[k] / vr[k]
                    series[r, s, k, 3] = virial
                    series[r, s, k, 4] = shell
                    series[r, s, k, 5] = widom[k, 0]
                    series[r, s, k, 6] = widom[k, 1]
            rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = stream
        return version

    return closure(rounds, version if version else None)
