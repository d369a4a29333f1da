"""Conventional Monte Carlo for `nematic`: replica exchange on every lattice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate, HeatCurve, heat_capacity
from boltzmann_tf.reproduction import Context
from boltzmann_tf.systems import Nematic

SNAPSHOTS = 8


class Averages(NamedTuple):
    """Averages at one temperature: <S>, and energy and heat capacity a site."""

    order: Estimate
    energy: Estimate
    heat: Estimate


def averages(
    order: np.ndarray,
    energy: np.ndarray,
    log_weight: np.ndarray | None,
    temperature: float,
    sites: int,
    **options: Any,
) -> Averages:
    """Of S and energies a site, `[n]`, with weights; `options` of `weighted_average`."""

    def observables(moments: np.ndarray) -> np.ndarray:
        heat = heat_capacity(moments[1], moments[2], temperature, sites)
        return np.array([moments[0], moments[1], heat])

    moments = np.stack([order, energy, sites * energy**2], axis=-1)
    found = estimators.weighted_average(moments, log_weight, function=observables, **options)
    return Averages(*map(Estimate, *found))


@dataclass(frozen=True)
class Simulated:
    """Replica exchange at some temperatures.

    Attributes:
      system: the lattice.
      temperatures: increasing.
      energy: H, `[ladders, temperatures, rounds]`.
      vectors: temperature -> configurations far apart in time, `[n, N, 3]`.
      averages: at each temperature.
      angle: largest of a single move at each temperature, from the burn-in, `[temperatures]`.
      moves: acceptance of single moves, `[temperatures]`.
      exchanges: acceptance between neighbouring temperatures, `[temperatures - 1]`.
    """

    system: Nematic
    temperatures: np.ndarray
    energy: np.ndarray
    vectors: dict[float, np.ndarray]
    averages: dict[float, Averages]
    angle: np.ndarray
    moves: np.ndarray
    exchanges: np.ndarray


def simulate(
    system: Nematic,
    temperatures: Sequence[float] | np.ndarray,
    *,
    rounds: int,
    ladders: int = 64,
    sweeps: int = 8,
    start: str = "disordered",
    seed: int = 0,
) -> Simulated:
    """Runs ladders of walkers; a fifth as many rounds before, which tune angles, are thrown away.

    Errors come from a jackknife over ladders, or over parts of them where there are few.
    """
    T = np.sort(np.asarray(temperatures, np.float64))
    state = sampling.vector_tempering_state(
        system, len(T), n_ladders=ladders, start=start, seed=seed
    )
    options: dict[str, Any] = {"system": system, "temperatures": T, "n_sweeps": sweeps}
    state, _ = sampling.vector_tempering_rounds(state, max(20, rounds // 5), tune=True, **options)
    infos, kept = [], []
    for _ in range(SNAPSHOTS):
        state, info = sampling.vector_tempering_rounds(state, rounds // SNAPSHOTS, **options)
        infos.append(info)
        at = np.argsort(state.rung, axis=1)[..., None, None]
        now = state.walkers.vectors.reshape(ladders, len(T), system.sites, 3)
        kept.append(np.take_along_axis(now, at, axis=1))
    energy = np.concatenate([i.energy for i in infos], axis=-1)
    order = np.concatenate([i.order for i in infos], axis=-1)
    blocks = ladders if ladders >= 20 else 5 * ladders
    found = {}
    for k, t in enumerate(T):
        e, s = energy[:, k].ravel() / system.sites, order[:, k].ravel()
        found[float(t)] = averages(s, e, None, t, system.sites, n_blocks=blocks)
    return Simulated(
        system=system,
        temperatures=T,
        energy=energy,
        vectors=dict(zip(T.tolist(), np.concatenate(kept).swapaxes(0, 1), strict=True)),
        averages=found,
        angle=state.angle,
        moves=np.mean([i.move_acceptance for i in infos], axis=0),
        # A single round attempts every other pair only.
        exchanges=np.nanmean([i.acceptance for i in infos], axis=0),
    )


def peaks(context: Context, rounds: Mapping[int, int]) -> dict[int, tuple[Simulated, HeatCurve]]:
    """The heat-capacity peak of cubic lattices, each searched for about that of the one before.

    Args:
      context: of the report.
      rounds: L -> rounds of each of four ladders, L increasing.
    """
    centre, found = 1.15, {}
    for length, n in rounds.items():
        context.log(f"Monte Carlo, L = {length}")
        # The peak is narrower, and further down, the larger the lattice.
        half = 0.05 if length < 10 else 0.03 if length < 16 else 0.02
        T = np.linspace(centre - 1.2 * half, centre + 0.8 * half, 9)
        system, seed = Nematic("cubic", length), context.seed_of("peak", length)
        run = simulate(system, T, rounds=n, ladders=4, start="aligned", seed=seed)
        curve = estimators.heat_curve(run.energy, run.temperatures, system.sites)
        found[length] = (run, curve)
        if np.isfinite(curve.position.value):
            centre = curve.position.value
    return found
