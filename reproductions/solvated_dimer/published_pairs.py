"""The published generators of figure 6e: pairs of them, each trained on one trajectory a state.

The difference of two bounds has the difference of their gaps in it. One pair does not show how much
of that is chance; several do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import generators, reference
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.reproductions.solvated_dimer.reference import STATES

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
            pair[state] = generators.published_state(context, state, x, seed)
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
    # The median of J_ML, which has spikes.
    losses: dict[str, Any] = {
        "J_KL": ("kl", np.nanmean),
        "weighted J_ML, median": ("ml", np.nanmedian),
    }
    rows: list[dict[str, str]] = []
    for i, (pair, found) in enumerate(zip(pairs, differences, strict=True)):
        rows.append({"pair": str(i + 1)})
        for loss, (term, level) in losses.items():
            last = {s: pair[s].history[term][-100:] for s in STATES}
            rows[-1] |= {f"{loss}, {s}": f"{level(last[s]):.1f}" for s in STATES}
        rows[-1] |= {title: f"{found[t].value:.2f}" for t, title in titles.items()}
    rows.append({"pair": "published"})
    for loss, (term, _) in losses.items():
        said = {f"{loss}, {s}": f"{PUBLISHED['pairs'][s][term]:.1f}" for s in STATES}
        rows[-1] |= said
    read = {t: f"{PUBLISHED['differences'][f'{t:g}']:g} (read)" for t in titles}
    rows[-1] |= {title: read[t] for t, title in titles.items()}
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
