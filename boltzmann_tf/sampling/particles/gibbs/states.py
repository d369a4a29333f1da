"""States of two coupled boxes, where they begin, and what rounds of moves tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive_int,
    seed_int,
    sequence,
)
from boltzmann_tf.sampling._random import streams
from boltzmann_tf.sampling.saving import Streams, register
from boltzmann_tf.systems.gibbs import GibbsBoxes

__all__ = ["GibbsInfo", "GibbsState", "gibbs_state"]


@register
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

    x: Annotated[np.ndarray, "float64 [replicas, 2, dimension, N]"]
    n: Annotated[np.ndarray, "int64 [replicas, 2], at most N"]
    volume: Annotated[np.ndarray, "float64 [replicas, 2], above 0"]
    step: Annotated[np.ndarray, "float64 [replicas, 3], above 0"]
    rng: Streams

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
        _check_room(system, x[k, :, : n[0, k]].T, float(volume[0, k]), k + 1)
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


def _check_room(system: GibbsBoxes, x: np.ndarray, volume: float, box: int) -> None:
    """Raises where hard cores overlap at the beginning: no move would get them apart."""
    if system.pairs is None or len(x) < 2:
        return
    d = x[:, None] - x
    if system.boundary == "periodic":
        side = volume ** (1 / system.dimension)
        d -= side * np.round(d / side)
    r2 = np.sum(d**2, axis=-1)[np.triu_indices(len(x), 1)]
    # Rounding must not make an overlap of a lattice whose particles just touch.
    if np.any(np.isinf(system.pairs.of_pair(r2 * (1 + 1e-12)))):
        raise ValueError(
            f"box {box} must have room for its {len(x)} particles at the beginning, got hard cores "
            f"that overlap in a volume of {volume:.6g}"
        )
