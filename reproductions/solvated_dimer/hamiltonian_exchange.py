"""The dimer's free-energy difference by a second method: replica exchange without a bias."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, SYSTEM, length_energy

from boltzmann_tf import estimators, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context

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
    rng = np.random.default_rng([context.seed, 17])
    ends = [
        SYSTEM.initial_state("closed" if r < replicas // 2 else "open") for r in range(replicas)
    ]
    start = np.tile(np.stack(ends), (levels, 1))
    state = sampling.particle_state(start, seed=context.seed + 100)
    factor = np.repeat(scales, replicas)
    burn_in = rounds // 3
    lengths = np.empty((levels, rounds, replicas))
    accepted, attempted = np.zeros(levels - 1), np.zeros(levels - 1)
    for t in range(burn_in + rounds):
        state, _ = sampling.particle_sweeps(
            state, sweeps, system=SYSTEM, step_size=0.2, length_factor=factor
        )
        x = state.x.reshape(levels, replicas, -1)
        d = np.hypot(x[..., 0] - x[..., 2], x[..., 1] - x[..., 3])
        v = length_energy(d)
        for k in range(t % 2, levels - 1, 2):
            log_ratio = (scales[k] - scales[k + 1]) * (v[k] - v[k + 1])
            swap = np.log(rng.uniform(size=replicas)) < log_ratio
            accepted[k] += swap.mean()
            attempted[k] += 1
            for values in (x, d):
                values[k, swap], values[k + 1, swap] = values[k + 1, swap], values[k, swap]
        if t >= burn_in:
            lengths[:, t - burn_in] = d
    rate = accepted / np.maximum(attempted, 1)
    half = replicas // 2
    return Exchange(
        _restricted_difference(lengths, scales),
        _restricted_difference(lengths[:, :, :half], scales),
        _restricted_difference(lengths[:, :, half:], scales),
        rate,
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
