"""The dimer's free-energy difference by a second method: replica exchange without a bias."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, SYSTEM, length_energy
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = ["Exchange", "exchange"]


class Exchange(NamedTuple):
    """F(open) - F(closed) in kT by Hamiltonian replica exchange.

    Attributes:
      difference: of all ladders.
      from_closed: of those that started closed.
      from_open: of those that started open.
      acceptance: of exchanges between neighbours.
    """

    difference: Estimate
    from_closed: Estimate
    from_open: Estimate
    acceptance: np.ndarray


def exchange(
    context: Context, rounds: int, *, replicas: int = 16, sweeps: int = 20, levels: int = 10
) -> Exchange:
    """F(open) - F(closed) at T = 1 without a bias: Hamiltonian replica exchange and MBAR.

    Level k has the dimer's potential scaled by lambda_k between 1 and 0.02, where the dimer opens
    and closes freely; neighbours exchange configurations. Nothing is shared with the windows of
    `umbrella` but the moves.

    Args:
      context: for the seed and the log.
      rounds: stored, after a third as many to forget the start: at all levels, half of the ladders
        closed and half open.
      replicas: independent ladders.
      sweeps: a round.
      levels: number of levels.

    """
    context.log("Hamiltonian replica exchange")
    scales = np.linspace(1.0, 0.02**0.5, levels) ** 2
    ends = [
        SYSTEM.initial_state("closed" if r < replicas // 2 else "open") for r in range(replicas)
    ]
    walkers = sampling.particle_state(np.repeat(ends, levels, axis=0), seed=context.seed + 100)
    state = sampling.exchange_state(walkers, levels, n_ladders=replicas, seed=context.seed)

    def sweep(walkers: sampling.ParticleState, rung: np.ndarray) -> sampling.ParticleState:
        return sampling.particle_sweeps(
            walkers, sweeps, system=SYSTEM, step_size=0.2, factors={"length": scales[rung]}
        )[0]

    options: dict[str, Any] = {
        "sweep": sweep,
        # The rest of the energy is the same at all levels.
        "reduced_energy": lambda w: length_energy(dimer_distance(w.x))[:, None] * scales,
        "observe": lambda w: dimer_distance(w.x),
    }
    if rounds // 3:
        state, _ = sampling.exchange_rounds(state, rounds // 3, **options)
    state, info = sampling.exchange_rounds(state, rounds, **options)
    lengths = np.transpose(info.observed, (1, 2, 0))
    half = replicas // 2
    return Exchange(
        _restricted_difference(lengths, scales),
        _restricted_difference(lengths[:, :, :half], scales),
        _restricted_difference(lengths[:, :, half:], scales),
        info.acceptance,
    )


def _restricted_difference(lengths: np.ndarray, scales: np.ndarray) -> Estimate:
    """By MBAR with two states more, that no sample is of: closed and open; jackknife over ladders.

    MBAR's own error is for independent samples; ladders are independent, rounds are not.
    """
    levels, rounds, replicas = lengths.shape
    thin = max(1, rounds * replicas // 1600)

    def difference(kept: np.ndarray) -> float:
        d = lengths[:, ::thin][:, :, kept].reshape(levels, -1)
        v = length_energy(d.ravel())
        is_open = d.ravel() > CUT
        own = [np.where(is_open == state, v, np.inf) for state in (False, True)]
        u = np.concatenate([own, scales[:, None] * v])
        counts = np.array([0, 0, *[d.shape[1]] * levels])
        return float(estimators.mbar(u, counts).value[1])

    every = np.arange(replicas)
    without = np.array([difference(every[every != r]) for r in every])
    return Estimate(difference(every), float(estimators.jackknife_error(without)))
