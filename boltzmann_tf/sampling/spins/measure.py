"""The usual run of an Ising lattice: time series, and thermal averages with errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import choice, positive, positive_int
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.estimators.chains import blocks_per_chain
from boltzmann_tf.sampling.spins._state import LatticeState, lattice_observables, lattice_state
from boltzmann_tf.sampling.spins.clusters import swendsen_wang_updates, wolff_updates
from boltzmann_tf.sampling.spins.multispin import multispin_sweeps
from boltzmann_tf.sampling.spins.sweeps import SweepInfo, heat_bath_sweeps, metropolis_sweeps

__all__ = ["IsingChain", "IsingSummary", "ising_chain"]

_UPDATES: dict[str, Callable[..., tuple[LatticeState, Any]]] = {
    "wolff": wolff_updates,
    "swendsen_wang": swendsen_wang_updates,
    "metropolis": metropolis_sweeps,
    "heat_bath": heat_bath_sweeps,
    "multispin": multispin_sweeps,
}


class IsingSummary(NamedTuple):
    """Thermal averages per site, with m = M / N and N = L^2, and how the chains mixed.

    Errors of functions of several averages are by jackknife, over the replicas where there are
    twenty or more, else over blocks of the replicas' series too: `estimators.function_of_means`.
    Errors of means are those of `estimators.mean_with_error`. Where a series is too short for an
    error it is NaN, and a `CalibrationWarning` says why.

    Attributes:
      energy: <H> / N.
      abs_magnetization: <|m|>.
      heat_capacity: (<H^2> - <H>^2) / (N T^2).
      susceptibility: N (<m^2> - <m>^2) / T; without a field <m> is 0 by symmetry and taken so.
      abs_susceptibility: N (<m^2> - <|m|>^2) / T, which has its peak near the critical point.
      binder_cumulant: 1 - <m^4> / (3 <m^2>^2).
      energy_time: integrated autocorrelation time of H in measurements, as
        `estimators.autocorrelation_time`; 1 for independent ones.
      magnetization_time: of |M|.
      r_hat: the larger of those of H and |M|; NaN for a single replica.
      degrees_of_freedom: of the jackknife's errors: deviations over them follow Student's t.
    """

    energy: Estimate
    abs_magnetization: Estimate
    heat_capacity: Estimate
    susceptibility: Estimate
    abs_susceptibility: Estimate
    binder_cumulant: Estimate
    energy_time: float
    magnetization_time: float
    r_hat: float
    degrees_of_freedom: int


class IsingChain(NamedTuple):
    """Time series of replicas and how they were made.

    Attributes:
      energy: H of each measurement, from the exact integer sums of each configuration, float64
        [replicas, measurements].
      magnetization: sum of spins, int64 [replicas, measurements].
      state: after the last measurement; `state.spins` are the last configurations.
      acceptance: of single flips after burn-in, float64 [replicas]; NaN for clusters.
      cluster_size: `ClusterInfo.mean_size` after burn-in, float64 [replicas]; NaN for flips.
      length: L.
      temperature: T.
      coupling: J.
      field: h.
      method: name of the update.
    """

    energy: np.ndarray
    magnetization: np.ndarray
    state: LatticeState
    acceptance: np.ndarray
    cluster_size: np.ndarray
    length: int
    temperature: float
    coupling: float
    field: float
    method: str

    def summary(self) -> IsingSummary:
        """Returns averages with errors and autocorrelation times; 4 measurements at least."""
        sites, T = self.length**2, self.temperature
        e, m = self.energy / sites, self.magnetization / sites
        absolute = np.abs(m)
        # centred, as the variance of the energy is small beside its square
        centred = e - e.mean()
        mean = np.zeros_like(m) if self.field == 0 else m
        series = np.stack([centred, centred**2, mean, absolute, m**2, m**4], axis=-1)

        def functions(x: np.ndarray) -> np.ndarray:
            return np.array(
                [
                    sites / T**2 * (x[1] - x[0] ** 2),
                    sites / T * (x[4] - x[2] ** 2),
                    sites / T * (x[4] - x[3] ** 2),
                    1 - x[5] / (3 * x[4] ** 2),
                ]
            )

        value, error = estimators.function_of_means(series, functions)
        heat, susceptibility, absolute_one, binder = map(
            Estimate, np.asarray(value).tolist(), np.asarray(error).tolist()
        )
        many = len(e) > 1
        r_hat = [float(estimators.r_hat(x)) for x in (e, absolute)] if many else [math.nan]
        return IsingSummary(
            _mean(e),
            _mean(absolute),
            heat,
            susceptibility,
            absolute_one,
            binder,
            float(estimators.autocorrelation_time(e)),
            float(estimators.autocorrelation_time(absolute)),
            max(r_hat),
            len(e) * blocks_per_chain(series) - 1,
        )


def _mean(series: np.ndarray) -> Estimate:
    value, error = estimators.mean_with_error(series)
    return Estimate(float(value), float(error))


def ising_chain(
    length: int,
    temperature: float,
    *,
    n_replicas: int = 32,
    n_measurements: int = 1000,
    method: str = "wolff",
    stride: int = 1,
    burn_in: int = 100,
    start: Any = "up",
    seed: int = 0,
    coupling: float = 1.0,
    field: float = 0.0,
) -> IsingChain:
    """Runs independent replicas at one temperature and measures them.

    Args:
      length: L of the lattice, even for single flips.
      temperature: T > 0 in units of energy (k_B = 1).
      n_replicas: replicas; from 20 on errors come from their spread. For "multispin" take a
        multiple of 64.
      n_measurements: measurements of each replica.
      method: "wolff" or "swendsen_wang" (no field, any L), "metropolis" or "heat_bath" (even L), or
        "multispin", a fast "metropolis" without a field.
      stride: sweeps or cluster updates between measurements. A Wolff update turns few spins at
        high temperatures.
      burn_in: sweeps or cluster updates before the first stride, from 0 on.
      start: as for `lattice_state`.
      seed: of the run.
      coupling: J.
      field: h.

    Returns:
      `IsingChain`.
    """
    update = _UPDATES[choice("method", method, _UPDATES)]
    T = positive("temperature", temperature)
    n = positive_int("n_measurements", n_measurements)
    stride = positive_int("stride", stride)
    burn_in = positive_int("burn_in", burn_in, minimum=0)
    state = lattice_state(n_replicas, length, start=start, seed=seed)
    model = {"temperature": T, "coupling": coupling, "field": field}
    if burn_in:
        state, _ = update(state, burn_in, **model)
    bonds, magnetization = np.empty((2, n_replicas, n), np.int64)
    rates = np.zeros(n_replicas)
    flips = False
    for t in range(n):
        state, info = update(state, stride, **model)
        flips = isinstance(info, SweepInfo)
        rates += info.acceptance if flips else info.mean_size
        bonds[:, t], magnetization[:, t] = lattice_observables(state.spins)
    rates, none = rates / n, np.full(n_replicas, math.nan)
    return IsingChain(
        -float(coupling) * bonds - float(field) * magnetization,
        magnetization,
        state,
        rates if flips else none,
        none if flips else rates,
        length,
        T,
        float(coupling),
        float(field),
        method,
    )
