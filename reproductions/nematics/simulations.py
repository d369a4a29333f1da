"""Conventional Monte Carlo for `nematic`: replica exchange on every lattice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimates, HeatCurve, heat_capacity
from boltzmann_tf.reproduction import Context
from boltzmann_tf.systems import Nematic

__all__ = ["Simulated", "observables", "peaks", "simulate"]

SNAPSHOTS = 8


def observables(moments: np.ndarray, temperature: float, sites: int) -> np.ndarray:
    """<S>, energy and heat capacity a site from averages of S, E / N and E^2 / N."""
    heat = heat_capacity(moments[1], moments[2], temperature, sites)
    return np.array([moments[0], moments[1], heat])


@dataclass(frozen=True)
class Simulated:
    """Replica exchange at some temperatures.

    Attributes:
      system: the lattice.
      temperatures: increasing.
      energy: H, `[ladders, temperatures, rounds]`.
      order: S, the same.
      vectors: configurations far apart in time, `[temperatures, n, N, 3]`.
      averages: <S>, energy and heat capacity a site at each temperature.
      angle: largest of a single move at each temperature, from the burn-in, `[temperatures]`.
      moves: acceptance of single moves, `[temperatures]`.
      exchanges: acceptance between neighbouring temperatures, `[temperatures - 1]`.
    """

    system: Nematic
    temperatures: np.ndarray
    energy: np.ndarray
    order: np.ndarray
    vectors: np.ndarray
    averages: dict[float, Estimates]
    angle: np.ndarray
    moves: np.ndarray
    exchanges: np.ndarray


def simulate(
    context: Context,
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
    burn_in = max(20, rounds // 5)
    state, _ = sampling.vector_tempering_rounds(state, burn_in, tune=True, **options)
    infos, kept = [], []
    for _ in range(SNAPSHOTS):
        state, info = sampling.vector_tempering_rounds(state, rounds // SNAPSHOTS, **options)
        infos.append(info)
        at = np.argsort(state.rung, axis=1)[..., None, None]
        now = state.walkers.vectors.reshape(ladders, len(T), system.sites, 3)
        kept.append(np.take_along_axis(now, at, axis=1))
    energy = np.concatenate([i.energy for i in infos], axis=-1)
    order = np.concatenate([i.order for i in infos], axis=-1)
    vectors = np.concatenate(kept).swapaxes(0, 1)
    walkers = ladders * len(T)
    context.count_energy_evaluations(walkers * (burn_in + energy.shape[-1]) * (sweeps + 1))
    blocks = ladders if ladders >= 20 else 5 * ladders
    averages: dict[float, Estimates] = {}
    for k, t in enumerate(T):
        e, s = energy[:, k].ravel() / system.sites, order[:, k].ravel()
        averages[float(t)] = cast(
            Estimates,
            estimators.weighted_average(
                np.stack([s, e, system.sites * e**2], axis=-1),
                function=lambda m, t=t: observables(m, t, system.sites),  # type: ignore[misc]
                n_blocks=blocks,
            ),
        )
    return Simulated(
        system=system,
        temperatures=T,
        energy=energy,
        order=order,
        vectors=vectors,
        averages=averages,
        angle=state.angle,
        moves=np.mean([i.move_acceptance for i in infos], axis=0),
        # A single round attempts every other pair only.
        exchanges=np.nanmean([i.acceptance for i in infos], axis=0),
    )


def peaks(
    context: Context, rounds: Mapping[int, int], *, seed: int = 0
) -> dict[int, tuple[Simulated, HeatCurve]]:
    """The heat-capacity peak of cubic lattices, each searched for about that of the one before.

    Args:
      context: of the report.
      rounds: L -> rounds of each of four ladders, L increasing.
      seed: of everything.
    """
    centre, found = 1.15, {}
    for length, n in rounds.items():
        context.log(f"Monte Carlo, L = {length}")
        # The peak is narrower, and further down, the larger the lattice.
        half = 0.05 if length < 10 else 0.03 if length < 16 else 0.02
        T = np.linspace(centre - 1.2 * half, centre + 0.8 * half, 9)
        system = Nematic("cubic", length)
        run = simulate(context, system, T, rounds=n, ladders=4, start="aligned", seed=seed + length)
        curve = estimators.heat_curve(run.energy, run.temperatures, system.sites)
        found[length] = (run, curve)
        if np.isfinite(curve.position.value):
            centre = curve.position.value
    return found
