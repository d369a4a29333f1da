"""A whole umbrella sampling: burn-in and run of independent ladders at several temperatures."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import finite_array, instance, positive_int
from boltzmann_tf.estimators import Umbrella
from boltzmann_tf.sampling.particles.umbrella import UmbrellaInfo, umbrella_rounds, umbrella_state
from boltzmann_tf.systems import ParticleSystem

__all__ = ["UmbrellaLadders", "umbrella_sampling"]


class UmbrellaLadders(NamedTuple):
    """Independent ladders of windows at one temperature.

    Attributes:
      info: of its ladders alone.
      centres: of their windows.
      stiffness: of the bias stiffness (c - centre)^2, in kT.
      energy_evaluations: cost in units of one energy, which a sweep costs about, with the burn-in;
        where temperatures exchange configurations that of all of them.
    """

    info: UmbrellaInfo
    centres: np.ndarray
    stiffness: float
    energy_evaluations: int

    def joined(self, edges: Any, *, part: slice | None = None, **options: Any) -> Umbrella:
        """The windows of all ladders as one distribution (`estimators.umbrella_histogram`).

        Args:
          edges: of the bins of profiles, [bins + 1].
          part: of the rounds; None for all.
          **options: of `umbrella_histogram`.
        """
        coordinate = self.info.coordinate[..., part or slice(None)]
        return estimators.umbrella_histogram(
            coordinate, self.centres, self.stiffness, edges=edges, **options
        )

    def each(self, edges: Any, **options: Any) -> list[Umbrella]:
        """The same of each ladder by itself, which shows whether all have seen the same."""
        return [
            estimators.umbrella_histogram(
                ladder, self.centres, self.stiffness, edges=edges, **options
            )
            for ladder in self.info.coordinate
        ]


def umbrella_sampling(
    system: ParticleSystem,
    centres: Any,
    *,
    temperatures: Any = (1.0,),
    n_rounds: int,
    burn_in: int,
    n_ladders: int = 8,
    n_sweeps: int = 10,
    stiffness: float = 200.0,
    exchange: bool = False,
    seed: int = 0,
    **start: Any,
) -> dict[float, UmbrellaLadders]:
    """Runs independent ladders at each temperature, with step sizes from the burn-in.

        found = umbrella_sampling(system, centres, n_rounds=4000, burn_in=800)
        profile = found[1.0].joined(edges).profile()

    Where a fluid does not rearrange within a run, as a cold dense one, a window keeps the packing
    that it came with, and all ladders those of their common start. With `exchange`, ladders form
    groups of all temperatures, in which configurations change places: the temperatures are then to
    be near enough (`temperature_ladder`) and to reach up to where the fluid rearranges by itself.

    Args:
      system: of particles.
      centres: of the windows, strictly increasing, [windows].
      temperatures: T > 0, all different; with `exchange` in the order of the ladder.
      n_rounds: rounds that are kept.
      burn_in: rounds before, at least 1, in which step sizes are tuned.
      n_ladders: independent ladders at each temperature.
      n_sweeps: sweeps a round.
      stiffness: of the bias in kT at the ladder's own temperature, without a factor 1/2.
      exchange: whether neighbouring temperatures exchange configurations.
      seed: of everything.
      **start: `coordinate` and `start` of `umbrella_state`.

    Returns:
      temperature -> its ladders, in the order given.
    """
    instance("system", system, ParticleSystem)
    T = finite_array("temperatures", temperatures, ndim=1, dtype=np.float64)
    if np.any(T <= 0) or len(np.unique(T)) < len(T):
        raise ValueError(f"temperatures must be different numbers > 0, got {T.tolist()}")
    rounds, burn_in = positive_int("n_rounds", n_rounds), positive_int("burn_in", burn_in)
    each = np.tile(T, positive_int("n_ladders", n_ladders))
    together = instance("exchange", exchange, bool) and len(T) > 1
    options: dict[str, Any] = {
        "system": system,
        "centres": centres,
        "coordinate": start.get("coordinate"),
        "stiffness": stiffness,
        "temperature": each,
        "n_sweeps": n_sweeps,
        "levels": len(T) if together else 1,
    }
    state = umbrella_state(system, centres, n_ladders=len(each), seed=seed, **start)
    state, _ = umbrella_rounds(state, burn_in, tune=True, **options)
    _, info = umbrella_rounds(state, rounds, **options)
    c = np.asarray(centres, np.float64)
    # An exchange of temperatures asks for the energies of all walkers.
    cost = (n_sweeps + together) * (rounds + burn_in) * c.size * n_ladders
    cost *= len(T) if together else 1
    return {
        t: UmbrellaLadders(UmbrellaInfo(*(part[each == t] for part in info)), c, stiffness, cost)
        for t in T.tolist()
    }
