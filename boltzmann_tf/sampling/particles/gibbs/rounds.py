"""Gibbs-ensemble Monte Carlo: many replicas of two coupled boxes, in rounds of mixed moves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive_int,
)
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.potentials._kernels import _own_sources
from boltzmann_tf.potentials._space import SPACES
from boltzmann_tf.sampling._random import next_word
from boltzmann_tf.sampling._uniform import uniform_open
from boltzmann_tf.sampling.particles._kernels import closure, shared
from boltzmann_tf.sampling.particles.gibbs._cells import most_cells
from boltzmann_tf.sampling.particles.gibbs._pairs import PairSums, pair_numbers, pair_sums
from boltzmann_tf.sampling.particles.gibbs.displacement import displacement
from boltzmann_tf.sampling.particles.gibbs.states import GibbsInfo, GibbsState
from boltzmann_tf.sampling.particles.gibbs.transfer import transfer
from boltzmann_tf.sampling.particles.gibbs.volume import volume_exchange
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["gibbs_rounds"]

MOVES = ("displacement", "volume", "transfer")
TARGETS = (0.4, 0.4, 0.3)  # acceptance of displacements in each box, and of volume moves
WIDEST = 3.0  # largest step of ln(V1 / V2)
MORE = 1.0  # power of each volume by which the density of ln(V1 / V2) differs from that of V1


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
        (
            *(pair_numbers(system), system.told_by(), np.cumsum(w / w.sum())),
            *(rounds, moves, tune, MORE, most_cells(system)),
        ),
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
    total, forces, held, build = sums.total, sums.forces, sums.cells.held, sums.cells.build
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
        across: int,
    ) -> str:
        cells = (
            np.empty((2, across**dimension), np.int64),
            np.empty((2, x.shape[3]), np.int64),
            np.empty((2, x.shape[3]), np.int64),
            np.empty(x.shape[3], np.int64),
            np.zeros(2, np.int64),
        )
        energy, widom = np.zeros(2), np.zeros((2, 2))
        tried, accepted = np.zeros(4, np.int64), np.zeros(4, np.int64)
        for r in range(x.shape[0]):
            stream = (rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3])
            xr, nr, vr, t = x[r], n[r], volume[r], temperature[r]
            boxes, model = (xr, nr, vr, energy, cells), (own, told)
            for k in range(2):
                side = vr[k] ** (1 / dimension)
                rows, hold = rows_of(xr[k]), held(cells, k)
                build(hold, rows, nr[k], side, np.sqrt(own[1]))
                energy[k] = total(rows, nr[k], own, side, 1.0, hold)
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
                    rows, hold = rows_of(xr[k]), held(cells, k)
                    # From positions: what is added up move by move collects rounding, and what is
                    # moved about in cells an order that another call would not begin with.
                    build(hold, rows, nr[k], side, np.sqrt(own[1]))
                    energy[k] = total(rows, nr[k], own, side, 1.0, hold)
                    virial, shell = forces(rows, nr[k], own, side, t, hold)
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
