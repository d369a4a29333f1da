"""Free-energy differences of two states from replica exchange. Energies in kT."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array, positive_int
from boltzmann_tf.estimators._common import Estimate, jackknife_error
from boltzmann_tf.estimators._states import check_period, inside, two_states
from boltzmann_tf.estimators.multistate import mbar

__all__ = ["exchange_difference"]


def exchange_difference(
    coordinate: ArrayLike,
    energy: ArrayLike,
    factors: ArrayLike,
    *,
    cut: float | None = None,
    left: tuple[float, float] | None = None,
    right: tuple[float, float] | None = None,
    period: float | None = None,
    n_samples: int = 1600,
) -> Estimate:
    """Returns F(right) - F(left) at the first rung, by MBAR over all of them.

    Rung k sampled exp(-factors_k v - rest), the rest being the same at all rungs: a term of the
    energy that is scaled (`sampling.hamiltonian_exchange`), or v = u and factors 1 / T on a ladder
    of temperatures. The two states are two more of MBAR, which no sample is of: the first rung's
    density, and none outside the state. The error is a jackknife over the ladders: these are
    independent, rounds and rungs are not.

    Args:
      coordinate: of the walker at each rung after each round, [ladders, rungs, rounds]; two ladders
        at least.
      energy: v of it, likewise.
      factors: of v at each rung, [rungs].
      cut: boundary between the states.
      left: (low, high) of the left state, as in `free_energy_difference`.
      right: (low, high) of the right state.
      period: of the coordinate; None for a line.
      n_samples: of each rung that MBAR sees, or up to twice as many: rounds are thinned to that.

    Returns:
      the difference in kT. MBAR's warnings and errors where rungs do not overlap apply.
    """
    circle = check_period(period)
    states = two_states(cut, left, right, circle)
    c = finite_array("coordinate", coordinate, ndim=3, dtype=np.float64)
    v = finite_array("energy", energy, ndim=3, dtype=np.float64)
    scales = finite_array("factors", factors, ndim=1, dtype=np.float64)
    if v.shape != c.shape:
        raise ValueError(f"energy must have the shape of coordinate, {c.shape}, got {v.shape}")
    ladders, rungs, rounds = c.shape
    if scales.shape != (rungs,):
        raise ValueError(f"factors must be {rungs} numbers, one a rung, got {scales.size}")
    if ladders < 2:
        raise ValueError("coordinate must be of two ladders or more, got 1")
    thin = max(1, rounds * ladders // positive_int("n_samples", n_samples))
    c, v = (part[..., ::thin].transpose(1, 2, 0) for part in (c, v))
    counts = np.array([0, 0, *[c[0].size] * rungs])

    def difference(kept: np.ndarray) -> float:
        own, u = c[..., kept].ravel(), v[..., kept].ravel()
        within = [np.where(inside(own, state, circle), scales[0] * u, np.inf) for state in states]
        reduced = np.concatenate([within, scales[:, None] * u])
        return float(mbar(reduced, counts * len(kept) // ladders).value[1])

    every = np.arange(ladders)
    without = np.array([difference(every[every != k]) for k in every])
    return Estimate(difference(every), float(jackknife_error(without)))
