"""A whole replica exchange of unit vectors: burn-in and run, averages and configurations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import finite_array, instance, positive_int
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.sampling.vectors.tempering import vector_tempering_rounds, vector_tempering_state
from boltzmann_tf.systems import Nematic

__all__ = [
    "VectorAverages",
    "VectorLadders",
    "nematic_tempering",
    "vector_averages",
]


class VectorAverages(NamedTuple):
    """Averages at one temperature.

    Attributes:
      order: <S>, with the bias of few vectors.
      energy: <H> / N.
      heat_capacity: (<H^2> - <H>^2) / (N T^2).
    """

    order: Estimate
    energy: Estimate
    heat_capacity: Estimate


def vector_averages(
    order: ArrayLike,
    energy: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    temperature: float,
    sites: int,
    **options: Any,
) -> VectorAverages:
    """Averages with errors from configurations at one temperature, simulated or generated.

    Args:
      order: S of each, as `vector_order` has it, `[n]`.
      energy: H of each, `[n]`.
      log_weights: `[n]`; None for equal ones.
      temperature: T.
      sites: N.
      **options: of `estimators.weighted_average`.
    """

    def observables(moments: np.ndarray) -> np.ndarray:
        heat = estimators.heat_capacity(moments[1], moments[2], temperature, sites)
        return np.array([moments[0], moments[1], heat])

    e = finite_array("energy", energy, ndim=1, dtype=np.float64) / positive_int("sites", sites)
    moments = np.stack([finite_array("order", order, ndim=1), e, sites * e**2], axis=-1)
    found = estimators.weighted_average(moments, log_weights, function=observables, **options)
    return VectorAverages(*map(Estimate, *found))


class VectorLadders(NamedTuple):
    """Independent ladders of walkers at several temperatures.

    Attributes:
      system: the lattice.
      temperatures: increasing, `[temperatures]`.
      energy: H after each round, `[ladders, temperatures, rounds]`.
      order: S, likewise.
      vectors: temperature -> configurations far apart in time, `[n, N, 3]`.
      angle: largest of a single move at each temperature, from the burn-in, `[temperatures]`.
      moves: acceptance of single moves, `[temperatures]`.
      exchanges: acceptance between neighbouring temperatures, `[temperatures - 1]`.
    """

    system: Nematic
    temperatures: np.ndarray
    energy: np.ndarray
    order: np.ndarray
    vectors: dict[float, np.ndarray]
    angle: np.ndarray
    moves: np.ndarray
    exchanges: np.ndarray

    def averages(self) -> dict[float, VectorAverages]:
        """At each temperature; errors by a jackknife over ladders, or parts of them if few."""
        n = len(self.energy)
        options = {"sites": self.system.sites, "n_blocks": n if n >= 20 else 5 * n}
        return {
            t: vector_averages(s.ravel(), e.ravel(), temperature=t, **options)
            for t, s, e in zip(
                self.temperatures.tolist(),
                self.order.swapaxes(0, 1),
                self.energy.swapaxes(0, 1),
                strict=True,
            )
        }


def nematic_tempering(
    system: Nematic,
    temperatures: Any,
    *,
    n_rounds: int,
    burn_in: int | None = None,
    n_ladders: int = 64,
    n_sweeps: int = 8,
    n_snapshots: int = 8,
    start: Any = "disordered",
    seed: int = 0,
) -> VectorLadders:
    """Runs ladders of walkers, with the angles of moves from the burn-in.

        found = sampling.nematic_tempering(systems.Nematic("cubic", 6), (1.0, 1.1), n_rounds=500)
        found.averages()[1.1].order

    Args:
      system: the lattice.
      temperatures: at least 2, > 0 and different, in any order, in units of energy (k_B = 1).
      n_rounds: rounds that are kept, rounded down to a multiple of `n_snapshots`.
      burn_in: rounds before, in which angles are tuned; None for a fifth of `n_rounds`, but at
        least 20.
      n_ladders: independent copies.
      n_sweeps: sweeps of single moves a round.
      n_snapshots: times at which configurations of all walkers are kept, evenly spread.
      start: as for `vector_state`.
      seed: of everything.
    """
    instance("system", system, Nematic)
    T = np.sort(finite_array("temperatures", temperatures, ndim=1, dtype=np.float64))
    snapshots, ladders = (
        positive_int("n_snapshots", n_snapshots),
        positive_int("n_ladders", n_ladders),
    )
    rounds = positive_int("n_rounds", n_rounds, minimum=snapshots)
    before = max(20, rounds // 5) if burn_in is None else positive_int("burn_in", burn_in)
    options: dict[str, Any] = {"system": system, "temperatures": T, "n_sweeps": n_sweeps}
    state = vector_tempering_state(system, len(T), n_ladders=ladders, start=start, seed=seed)
    state, _ = vector_tempering_rounds(state, before, tune=True, **options)
    infos, kept = [], []
    for _ in range(snapshots):
        state, info = vector_tempering_rounds(state, rounds // snapshots, **options)
        infos.append(info)
        at = np.argsort(state.rung, axis=1)[..., None, None]
        now = state.walkers.vectors.reshape(ladders, len(T), system.sites, 3)
        kept.append(np.take_along_axis(now, at, axis=1))
    return VectorLadders(
        system,
        T,
        np.concatenate([info.energy for info in infos], axis=-1),
        np.concatenate([info.order for info in infos], axis=-1),
        dict(zip(T.tolist(), np.concatenate(kept).swapaxes(0, 1), strict=True)),
        state.angle,
        np.mean([info.move_acceptance for info in infos], axis=0),
        # A single round attempts every other pair only.
        np.nanmean([info.acceptance for info in infos], axis=0),
    )
