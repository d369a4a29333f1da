"""A whole umbrella sampling: burn-in and run of independent ladders at several temperatures."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive,
    positive_int,
    seed_int,
)
from boltzmann_tf.bijectors import split_seed
from boltzmann_tf.estimators import Umbrella
from boltzmann_tf.sampling.exchange import temperature_ladder
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

    def joined(self, edges: Any, **options: Any) -> Umbrella:
        """The windows of all ladders as one distribution, by `estimators.umbrella_histogram`.

        Args:
          edges: of the bins of profiles, [bins + 1].
          **options: what else that takes.
        """
        return self._joined(self.info.coordinate, edges, options)

    def each(self, edges: Any, **options: Any) -> list[Umbrella]:
        """The same of each ladder by itself, which shows whether all have seen the same."""
        return [self._joined(ladder, edges, options) for ladder in self.info.coordinate]

    def halves(self, edges: Any, **options: Any) -> list[Umbrella]:
        """The same of all ladders, of the first and of the second half of their rounds."""
        c = self.info.coordinate
        half = c.shape[-1] // 2
        return [self._joined(part, edges, options) for part in (c[..., :half], c[..., half:])]

    @property
    def autocorrelation_time(self) -> float:
        """Of the coordinate, in rounds, in the window where it is longest."""
        windows = self.info.coordinate.swapaxes(0, 1)
        return float(np.max([estimators.autocorrelation_time(own) for own in windows]))

    def _joined(self, coordinate: np.ndarray, edges: Any, options: dict[str, Any]) -> Umbrella:
        return estimators.umbrella_histogram(
            coordinate, self.centres, self.stiffness, edges=edges, **options
        )


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
    mobile: float | None = None,
    ratio: float = 1.25,
    seed: int = 0,
    **start: Any,
) -> dict[float, UmbrellaLadders]:
    """Runs independent ladders of windows at each temperature, with step sizes from the burn-in.

        found = umbrella_sampling(system, centres, n_rounds=4000, burn_in=800)
        profile = found[1.0].joined(edges).profile()

    Where the surroundings of the coordinate, a cold dense fluid say, do not rearrange within a run,
    a walker keeps those that it came with: ladders then differ by several stated errors, or, as all
    have come from one start, are wrong together. `mobile` says from which temperature on they do
    rearrange. Each colder ladder then belongs to a group that reaches up to there, and exchanges
    configurations with its neighbours.

    The windows of that group are also stiffer, and more. On top of a barrier F / T falls off the
    faster the colder it is, and a spring that does not outweigh it holds no window there.

    Args:
      system: of particles.
      centres: of the windows, strictly increasing, [windows].
      temperatures: T > 0, all different.
      n_rounds: rounds that are kept.
      burn_in: rounds before, at least 1, in which step sizes are tuned.
      n_ladders: independent ladders at each temperature.
      n_sweeps: sweeps a round.
      stiffness: of the bias in kT at the ladder's own temperature, without a factor 1/2; below
        `mobile` it is divided by the coldest temperature over `mobile`, and windows are as many
        more, evenly spaced, as keeps their overlap.
      mobile: temperature below which ladders exchange configurations; None for never.
      ratio: of neighbouring temperatures of that group at most (`temperature_ladder`).
      seed: of everything.
      **start: `coordinate` and `start` of `umbrella_state`.

    Returns:
      temperature -> its ladders, temperatures increasing.
    """
    instance("system", system, ParticleSystem)
    T = finite_array("temperatures", temperatures, ndim=1, dtype=np.float64)
    if np.any(T <= 0) or len(np.unique(T)) < len(T):
        raise ValueError(f"temperatures must be different numbers > 0, got {T.tolist()}")
    options: dict[str, Any] = {
        "n_rounds": positive_int("n_rounds", n_rounds),
        "burn_in": positive_int("burn_in", burn_in),
        "n_ladders": positive_int("n_ladders", n_ladders),
        "n_sweeps": positive_int("n_sweeps", n_sweeps),
    }
    k, seed = positive("stiffness", stiffness), seed_int("seed", seed)
    top = 0.0 if mobile is None else positive("mobile", mobile)
    found: dict[float, UmbrellaLadders] = {}
    if np.any(T >= top):
        found |= _group(
            system, centres, T[T >= top], k, exchange=False, seed=seed, **options, **start
        )
    if np.any(T < top):
        c, colder = finite_array("centres", centres, ndim=1, dtype=np.float64), T.min() / top
        finer = np.linspace(c[0], c[-1], round((c.size - 1) / colder**0.5) + 1)
        levels = temperature_ladder([*T[T < top], top], ratio=ratio)
        own = split_seed(seed, 1)[0]
        cold = _group(
            system, finer, levels, k / colder, exchange=True, seed=own, **options, **start
        )
        found |= {t: cold[t] for t in T[T < top].tolist()}
    return dict(sorted(found.items()))


def _group(
    system: ParticleSystem,
    centres: Any,
    temperatures: np.ndarray,
    stiffness: float,
    *,
    n_rounds: int,
    burn_in: int,
    n_ladders: int,
    n_sweeps: int,
    exchange: bool,
    seed: int,
    **start: Any,
) -> dict[float, UmbrellaLadders]:
    """Ladders at some temperatures, each of a group of all of them or each by itself."""
    each = np.tile(temperatures, n_ladders)
    options: dict[str, Any] = {
        "system": system,
        "centres": centres,
        "coordinate": start.get("coordinate"),
        "stiffness": stiffness,
        "temperature": each,
        "n_sweeps": n_sweeps,
        "levels": len(temperatures) if exchange else 1,
    }
    state = umbrella_state(system, centres, n_ladders=len(each), seed=seed, **start)
    state, _ = umbrella_rounds(state, burn_in, tune=True, **options)
    _, info = umbrella_rounds(state, n_rounds, **options)
    c = np.asarray(centres, np.float64)
    # An exchange of temperatures asks for the energies of all walkers.
    cost = (n_sweeps + exchange) * (n_rounds + burn_in) * c.size * n_ladders
    cost *= len(temperatures) if exchange else 1
    return {
        t: UmbrellaLadders(UmbrellaInfo(*(part[each == t] for part in info)), c, stiffness, cost)
        for t in temperatures.tolist()
    }
