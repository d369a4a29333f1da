"""The published generators of figure 6e: pairs of them, each trained on one trajectory a state.

The difference of two bounds has the difference of their gaps in it. One pair does not show how much
of that is chance; several do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import generators, reference
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.reproductions.solvated_dimer.reference import STATES

__all__ = ["SWEEPS", "averaged", "explain", "table", "train", "trajectory"]

# The published trajectories move all particles at once and keep every hundredth configuration;
# two sweeps of single moves go about as far.
SWEEPS = 2
SHOWN = (0.5, 1.0, 2.0)  # temperatures of the table


def trajectory(state: str, n: int, *, seed: int) -> np.ndarray:
    """Configurations `[n, 76]` of one trajectory, as many apart as the published ones."""
    return reference.frames(state, n, seed=seed, stride=SWEEPS, walkers=1)


def train(context: Context, n_pairs: int, n_frames: int) -> list[dict[str, Trained]]:
    """Trains the generators of both states, each pair on trajectories and weights of its own.

    The two of a pair start from the same weights and share the random numbers of their training.
    """
    pairs = []
    for i in range(n_pairs):
        seed, pair = context.seed_of("published pair", i), {}
        for state in STATES:
            x = trajectory(state, n_frames, seed=context.seed_of(f"trajectory, {state}", i))
            pair[state] = generators.published_state(context, state, x, seed=seed)
        pairs.append(pair)
    return pairs


def averaged(each: Sequence[Mapping[float, Estimate]]) -> dict[float, Estimate]:
    """Means over pairs, with standard errors from their scatter; of one pair, its own."""
    if len(each) == 1:
        return dict(each[0])
    values = {t: np.array([own[t].value for own in each]) for t in each[0]}
    error = {t: np.std(v, ddof=1) / np.sqrt(len(v)) for t, v in values.items()}
    return {t: Estimate(float(np.mean(v)), float(error[t])) for t, v in values.items()}


def table(
    context: Context,
    pairs: Sequence[Mapping[str, Trained]],
    differences: Sequence[Mapping[float, Estimate]],
) -> None:
    """Losses and differences of bounds pair by pair, above the published ones."""
    titles = {t: f"difference of bounds, T = {t:g} (kT)" for t in SHOWN if t in differences[0]}

    def row(name: str, losses: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
        kl = {f"J_KL, {s}": f"{losses[s]['kl']:.1f}" for s in STATES}
        ml = {f"weighted J_ML, median, {s}": f"{losses[s]['ml']:.1f}" for s in STATES}
        return {"pair": name} | kl | ml

    rows = []
    for i, (pair, found) in enumerate(zip(pairs, differences, strict=True)):
        last = {s: {k: pair[s].history[k][-100:] for k in ("kl", "ml")} for s in STATES}
        # The median of J_ML, which has spikes.
        ends = {
            s: {"kl": float(np.nanmean(v["kl"])), "ml": float(np.nanmedian(v["ml"]))}
            for s, v in last.items()
        }
        said = {title: f"{found[t].value:.2f}" for t, title in titles.items()}
        rows.append(row(str(i + 1), ends) | said)
    read = {v: f"{PUBLISHED['differences'][f'{t:g}']:g} (read)" for t, v in titles.items()}
    rows.append(row("published", PUBLISHED["pairs"]) | read)
    context.table("Published networks, pair by pair", rows)


def explain(context: Context, differences: Sequence[Mapping[float, Estimate]]) -> None:
    """How the pairs scatter, and where the published curve lies."""
    at_one = [own[1.0].value for own in differences]
    context.text(
        f"**Differences of bounds.** At T = 1 the {len(at_one)} published pairs, each with "
        "trajectories, noise and weights of its own, differ by "
        f"{', '.join(f'{v:.1f}' for v in at_one)} kT; the published curve has "
        f"{PUBLISHED['differences']['1']:g} ± 1.5, which is the scatter of batches of 200 samples "
        "of one pair. The weights of J_ML are one softmax over a batch of three temperatures, as "
        "published, which few configurations at the highest one carry. Which 10,000 configurations "
        "of its trajectories the paper trained on is not said."
    )
