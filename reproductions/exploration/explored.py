"""Running and showing an exploration, for any system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from boltzmann_tf import Stage, System, plotting, sampling
from boltzmann_tf.reproduction import Context
from boltzmann_tf.training import History
from boltzmann_tf.training.explorer import Explorer

__all__ = ["Explored", "explore", "show", "single_state"]

NEVER = 10**9  # iteration of a state that was not found


@dataclass(frozen=True)
class Explored:
    """What an exploration found.

    Attributes:
      history: of the losses.
      acceptance: of latent moves at each iteration.
      step_size: of them.
      iterations: at which the buffer was looked at.
      energies: spent until then.
      shares: state -> share of the buffer at those iterations.
      first: state -> first of those iterations with a configuration in it.
      snapshots: iteration -> coordinate of the buffer.
    """

    history: History
    acceptance: np.ndarray
    step_size: np.ndarray
    iterations: list[int]
    energies: list[int]
    shares: dict[str, list[float]]
    first: dict[str, int]
    snapshots: dict[int, np.ndarray]

    @property
    def energies_until_all(self) -> float:
        """Energies until the last state was found; infinite if one was not."""
        return max(map(self.energies_until, self.first))

    def energies_until(self, state: str) -> float:
        """Energies until a state was found; infinite if it was not."""
        i = self.first[state]
        return float(self.energies[self.iterations.index(i)]) if i < NEVER else np.inf


def single_state(system: System, seed: int, *, step_size: float, noise: float) -> np.ndarray:
    """The last frame of a short run in the left state, a thousand times, with noise."""
    start = system.initial_state("left")
    chain = sampling.metropolis(
        system, start, n_steps=10_000, stride=10, step_size=step_size, seed=seed
    )
    frame = chain.configurations[-1]
    return frame + noise * np.random.default_rng(seed).standard_normal((1000, frame.size))


def explore(
    explorer: Explorer,
    stage: Callable[[int], Stage],
    iterations: int,
    coordinate: Callable[[np.ndarray], np.ndarray],
    states: Mapping[str, tuple[float, float]],
    *,
    every: int = 10,
) -> Explored:
    """Runs an explorer and looks at its buffer every few iterations."""
    seen: list[int] = [0]
    energies: list[int] = [0]
    shares: dict[str, list[float]] = {name: [] for name in states}
    first = dict.fromkeys(states, NEVER)
    snapshots: dict[int, np.ndarray] = {}
    shown = {0, *(round(iterations * f / every) * every for f in (0.2, 0.5, 1.0))}

    def look() -> None:
        r = coordinate(explorer.buffer)
        for name, (low, high) in states.items():
            share = float(np.mean((r > low) & (r < high)))
            shares[name].append(share)
            if share > 0:
                first[name] = min(first[name], seen[-1])
        if seen[-1] in shown:
            snapshots[seen[-1]] = r

    look()
    for done in range(every, iterations + 1, every):
        history = explorer.run(stage(every), verbose=0)
        seen.append(done)
        energies.append(history.energy_evaluations)
        look()
    return Explored(
        explorer.history,
        explorer.acceptance,
        explorer.step_size,
        seen,
        energies,
        shares,
        first,
        snapshots,
    )


def show(
    context: Context,
    name: str,
    label: str,
    found: Explored,
    profile: tuple[np.ndarray, np.ndarray],
) -> None:
    """Buffer over the iterations, shares of the states, losses, and the moves."""
    coordinate, free_energy = profile
    density = np.exp(-(free_energy - free_energy.min()))
    density /= density.sum() * (coordinate[1] - coordinate[0])
    edges = np.linspace(coordinate[0], coordinate[-1], 81)
    middles = 0.5 * (edges[1:] + edges[:-1])
    snapshots = {
        f"iteration {i}": {
            "x": middles,
            "y": np.histogram(r, edges)[0] / len(r) / np.diff(edges) + 1e-5,
        }
        for i, r in found.snapshots.items()
    }
    steps = np.arange(len(found.history))
    shares = {s: {"x": found.iterations, "y": np.maximum(v, 1e-6)} for s, v in found.shares.items()}
    kl = found.history["kl"]
    finite = kl[np.isfinite(kl)]
    context.figure(
        plotting.curves(
            [
                {
                    "labels": (label, "density of the buffer"),
                    "title": "what the buffer holds",
                    "series": {
                        **snapshots,
                        "equilibrium": {"x": coordinate, "y": density, "color": "black"},
                    },
                    "yscale": "log",
                    "ylim": (1e-4, 20),
                },
                {
                    "labels": ("iteration", "share of the buffer"),
                    "title": "states",
                    "series": shares,
                    "yscale": "log",
                    "ylim": (1e-5, 2),
                },
                {
                    "labels": ("iteration", "J_KL (kT)"),
                    "title": "energy loss",
                    "series": {"J_KL": {"x": steps, "y": kl, "lw": 0.8}},
                    "ylim": (finite.min() - 1, np.quantile(finite, 0.9) + 5),
                },
                {
                    "labels": ("iteration", "acceptance; step size"),
                    "title": "moves in latent space",
                    "series": {
                        "acceptance": {"x": steps, "y": found.acceptance, "lw": 0.8},
                        "step size": {"x": steps, "y": found.step_size},
                    },
                    "ylim": (0, 1.05),
                },
            ],
            columns=2,
            panel=(4.8, 3.4),
        ),
        f"{name.replace(' ', '_').replace('ü', 'ue')}.png",
        f"{name}: exploration from one state. Shares of 0 are drawn at the lower end.",
    )
