"""States of chains, and what rounds of moves tell of them."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import finite_array, seed_int
from boltzmann_tf.sampling._random import streams
from boltzmann_tf.sampling.saving import Streams, register

__all__ = ["PolymerInfo", "PolymerState", "polymer_state"]

STEPS = (0.3, 1.0, 1.0)  # to begin with


@register
class PolymerState(NamedTuple):
    """Replicas of a chain and what is around it, each with a random stream of its own.

    Attributes:
      x: configurations, float64 [replicas, event_size].
      step: half sides of moves of single particles; largest angles of pivots and of crankshafts, in
        radians; float64 [replicas, 3].
      rng: states of the streams, uint64 [replicas, 4].
    """

    x: Annotated[np.ndarray, "float64 [replicas, event_size]"]
    step: Annotated[np.ndarray, "float64 [replicas, 3], above 0"]
    rng: Streams


class PolymerInfo(NamedTuple):
    """What each round left behind, and how moves fared.

    Attributes:
      end_to_end_squared: R_ee^2 along the bonds, [replicas, rounds].
      gyration_squared: R_g^2, likewise.
      bond_squared: the mean of b^2, likewise.
      energy: u in kT at T = 1, likewise.
      acceptance: of moves of particles, pivots, crankshafts and reptation, [replicas, 4]; NaN for
        those that were not tried.
      not_finite: moves rejected because their energy difference was NaN, int64 [replicas].
    """

    end_to_end_squared: np.ndarray
    gyration_squared: np.ndarray
    bond_squared: np.ndarray
    energy: np.ndarray
    acceptance: np.ndarray
    not_finite: np.ndarray


def polymer_state(x: Any, *, seed: int = 0) -> PolymerState:
    """Returns replicas that start from configurations `[replicas, event_size]`, with streams."""
    x = finite_array("x", x, ndim=2, dtype=np.float64)
    step = np.tile(np.array(STEPS), (len(x), 1))
    return PolymerState(x.copy(), step, streams(len(x), seed_int("seed", seed)))
