"""Density of states ln g(E), or the free energy of the magnetization, by Wang-Landau sampling.

A walker flips random single spins with acceptance min(1, g(old) / g(new)) and adds ln f to its
ln g after each attempt. As in Wang and Landau, Phys. Rev. Lett. 86, 2050 (2001), ln f is halved
when the histogram of visits is flat, from 1 on; from when it would fall below 1 / t, with t the
attempts per level, it is 1 / t, as in Belardinelli and Pereyra, Phys. Rev. E 75, 046701 (2007).
The errors of the first scheme stop falling at some point, those of the second go on.

Over the energy walkers stay at E <= 0, as turning one sublattice over shows that g(-E) = g(E) for
even L: half the levels take a quarter of the time to cross, and what would take them above is
refused and counts as a visit to where they are.

Over the magnetization the acceptance has the factor exp(-dE / T), so that what becomes flat is M
and ln g(M) is ln P(M) = -F(M) / T.
"""

from __future__ import annotations

import math
import warnings
from typing import Annotated, NamedTuple

import numpy as np
from scipy import special

from boltzmann_tf._support.checks import choice, finite, instance, positive, positive_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.estimators import CalibrationWarning, Estimates
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.saving import register
from boltzmann_tf.sampling.spins._state import (
    Model,
    check_spins,
    lattice_observables,
    lattice_state,
)
from boltzmann_tf.sampling.spins._walk import walk
from boltzmann_tf.sampling.spins.sweeps import flip_costs

__all__ = ["WangLandauInfo", "WangLandauState", "wang_landau_state", "wang_landau_sweeps"]


@register
class WangLandauState(NamedTuple):
    """Independent walkers, each with its own estimate; enough to go on exactly.

    Attributes:
      variable: "energy" or "magnetization".
      temperature: T of the walk over magnetizations; infinite for energies.
      coupling: J of the walk over magnetizations; 1 for energies.
      spins: int8 [walkers, L, L].
      rng: states of the streams, uint64 [walkers, 4].
      log_g: unnormalised, float64 [walkers, L^2 + 1]; see `columns` and `log_density`. Infinite
        where walkers must not go.
      histogram: visits since ln f last changed, int64 [walkers, L^2 + 1].
      log_f: what the next visit adds, float64 [walkers].
      refining: whether ln f is 1 / t by now, bool [walkers].
      sweeps: L^2 attempted flips each, of each walker so far.
    """

    variable: str
    temperature: float
    coupling: float
    spins: Annotated[np.ndarray, "int8 [walkers, L, L], -1 or 1"]
    rng: Annotated[np.ndarray, "uint64 [walkers, 4], not all 0"]
    log_g: Annotated[np.ndarray, "float64 [walkers, L^2 + 1], finite or infinite"]
    histogram: Annotated[np.ndarray, "int64 [walkers, L^2 + 1], at least 0"]
    log_f: Annotated[np.ndarray, "float64 [walkers], above 0"]
    refining: Annotated[np.ndarray, "bool [walkers]"]
    sweeps: int

    @property
    def columns(self) -> np.ndarray:
        """Columns of `log_g` that walkers visit, int64: E = -2 L^2 + 4 does not exist."""
        if self.variable == "energy":
            return np.delete(np.arange(self.spins[0].size // 2 + 1), 1)
        return np.arange(self.spins[0].size + 1)

    @property
    def levels(self) -> np.ndarray:
        """Energies in units of J, or magnetizations, int64 [n], in increasing order."""
        sites = self.spins[0].size
        if self.variable == "energy":
            lower = 4 * self.columns - 2 * sites
            return np.concatenate([lower, -lower[-2::-1]])
        return 2 * self.columns - sites

    def log_density(self, normalise: str | None = None) -> Estimates:
        """Returns ln g or ln P(M) at `levels`, [n]: the mean over walkers, its error their spread.

        Args:
          normalise: "total" for sum g(E) = 2^(L^2), or sum P(M) = 1; "ground" for g = 2 at the
            lowest energy, over energies only; None for "ground" over energies, whose relative
            errors of ln g it keeps small at both ends, and "total" over magnetizations.

        Returns:
          estimates [n], in increasing order of the levels; the errors of one walker are NaN, and
          that of a level that is given is 0. Before all walkers are `refining`, what ln f still
          adds is an error that they have in common and their spread does not show: errors are NaN
          then, and a `CalibrationWarning` says so.
        """
        over_energy = self.variable == "energy"
        if normalise is None:
            normalise = "ground" if over_energy else "total"
        choice("normalise", normalise, ["total", "ground"])
        if normalise == "ground" and not over_energy:
            raise ValueError("normalise must be 'total' over magnetizations, got 'ground'")
        log_g = self.log_g[:, self.columns]
        if over_energy:
            log_g = np.hstack([log_g, log_g[:, -2::-1]])
        if normalise == "ground":
            log_g = log_g - log_g[:, :1] + math.log(2)
        else:
            total = self.spins[0].size * math.log(2) if over_energy else 0.0
            log_g = log_g - special.logsumexp(log_g, axis=1, keepdims=True) + total
        n = len(log_g)
        error = np.full(log_g.shape[1], math.nan)
        settled = int(np.count_nonzero(self.refining))
        if settled < n:
            warnings.warn(
                f"log_density: all walkers must be refining for an error, got {settled} of {n} "
                f"after {self.sweeps} sweeps",
                CalibrationWarning,
                stacklevel=2,
            )
        elif n > 1:
            error = log_g.std(axis=0, ddof=1) / math.sqrt(n)
        return Estimates(log_g.mean(axis=0), error)


class WangLandauInfo(NamedTuple):
    """How walkers fared.

    Attributes:
      acceptance: accepted flips of the attempted ones, float64 [walkers].
      flatness: least visited level over the mean since ln f last changed, float64 [walkers].
    """

    acceptance: np.ndarray
    flatness: np.ndarray


def wang_landau_state(
    variable: str,
    length: int,
    *,
    n_walkers: int = 1,
    temperature: float | None = None,
    coupling: float = 1.0,
    seed: int = 0,
) -> WangLandauState:
    """Returns walkers at the beginning: random spins, ln g = 0, ln f = 1.

    Args:
      variable: "energy", for even L only (an odd torus is frustrated and lacks the highest
        levels), or "magnetization".
      length: L >= 2.
      n_walkers: independent walkers, which run in parallel.
      temperature: T > 0 in units of energy (k_B = 1), over magnetizations.
      coupling: J, over magnetizations; energies are in units of J.
      seed: of the streams and of the spins.
    """
    choice("variable", variable, ["energy", "magnetization"])
    J = finite("coupling", coupling)
    T = math.inf
    if variable == "magnetization":
        if temperature is None:
            raise ValueError("temperature must be given over magnetizations, got None")
        T = positive("temperature", temperature)
    elif temperature is not None:
        raise ValueError(f"temperature must be None over energies, got {temperature!r}")
    elif J != 1:
        raise ValueError(f"coupling must be 1 over energies, got {coupling!r}")
    n = positive_int("n_walkers", n_walkers)
    spins, rng = lattice_state(n, length, start="random", seed=seed)
    check_spins(spins, even=variable == "energy")
    sites = length**2
    log_g = np.zeros((n, sites + 1))
    if variable == "energy":
        log_g[:, sites // 2 + 1 :] = math.inf
        above = lattice_observables(spins)[0] < 0
        spins[above] *= (-1) ** np.indices((length, length), np.int8).sum(axis=0, dtype=np.int8)
    return WangLandauState(
        variable,
        T,
        J,
        spins,
        rng,
        log_g,
        np.zeros(log_g.shape, np.int64),
        np.ones(n),
        np.zeros(n, bool),
        0,
    )


def wang_landau_sweeps(
    state: WangLandauState, n_sweeps: int, *, flatness: float = 0.8
) -> tuple[WangLandauState, WangLandauInfo]:
    """Walks on; to go on in two calls is the same as in one.

    Args:
      state: from `wang_landau_state` or an earlier call; it is not changed.
      n_sweeps: sweeps of L^2 attempted flips of each walker.
      flatness: the least visited level over the mean that counts as flat, in (0, 1).

    Returns:
      the state after the walk, and `WangLandauInfo`.
    """
    instance("state", state, WangLandauState)
    n = positive_int("n_sweeps", n_sweeps)
    flat = positive("flatness", flatness)
    if flat >= 1:
        raise ValueError(f"flatness must be in (0, 1), got {flatness!r}")
    spins = check_spins(state.spins, even=state.variable == "energy")
    sites = spins[0].size
    row = (sites + 1,)
    shapes = {"rng": (4,), "log_g": row, "histogram": row, "log_f": (), "refining": ()}
    for name, columns in shapes.items():
        wanted, shape = (len(spins), *columns), getattr(state, name).shape
        if shape != wanted:
            raise ValueError(f"state.{name} must have shape {wanted}, got {shape}")
    bonds, magnetization = lattice_observables(spins)
    # The energies in units of J are minus the sum over bonds.
    over_energy = state.variable == "energy"
    level = (2 * sites - bonds) // 4 if over_energy else (sites + magnetization) // 2
    if np.any(level > state.columns[-1]):
        raise ValueError(f"state.spins must have energies <= 0, got {-int(bonds.min())}")
    cost = flip_costs(Model(np.array([state.temperature]), state.coupling, 0.0))
    log_weight = -cost / state.temperature  # -0 over energies
    # Flipping s changes the energy by 2 s n, half a level for n = 1, and the magnetization by 2.
    step = np.round(cost / 4).astype(np.int64) if over_energy else np.tile([1, -1], 5)
    state = state._replace(
        **{
            name: getattr(state, name).copy("C")
            for name in ("spins", "rng", "log_g", "histogram", "log_f", "refining")
        },
        sweeps=state.sweeps + n,
    )
    accepted = np.zeros(len(spins), np.int64)
    with threads(len(spins), 4 * n * spins.size):
        walk(
            state.spins,
            state.rng,
            level,
            state.log_g,
            state.histogram,
            state.log_f,
            state.refining,
            state.columns,
            log_weight,
            step,
            np.array([state.sweeps - n, state.sweeps]),
            flat,
            accepted,
        )
    count_energies(n * len(spins))
    visits = state.histogram[:, state.columns]
    mean = np.maximum(visits.mean(axis=1), np.finfo(float).tiny)  # 0 when ln f has just changed
    return state, WangLandauInfo(accepted / (n * sites), visits.min(axis=1) / mean)
