"""The published generators of figure 6e: pairs of them, each trained on one trajectory a state.

The difference of two bounds has the difference of their gaps in it. One pair does not show how much
of that is chance; several do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Metric
from boltzmann_tf.reproductions.solvated_dimer import generators, reference
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED

__all__ = ["SWEEPS", "add_numbers", "averaged", "explain", "table", "train", "trajectory"]

# The published trajectories move all particles at once and keep every hundredth configuration;
# two sweeps of single moves go about as far.
SWEEPS = 2
PRINTED: dict[str, dict[str, float]] = {s: PUBLISHED["pairs"][s] for s in ("closed", "open")}

SHOWN = (0.5, 1.0, 2.0)  # temperatures of the table

Pair = Mapping[str, Trained]


def trajectory(state: str, n: int, *, seed: int) -> np.ndarray:
    """Configurations `[n, 76]` of one trajectory, as many apart as the published ones."""
    return reference.frames(state, n, seed=seed, stride=SWEEPS, walkers=1)


def train(context: Context, n_pairs: int, n_frames: int, *, seed: int) -> list[Pair]:
    """Pairs of generators, one a state; trajectories, noise and weights differ from pair to pair.

    The two of a pair start from the same weights and share the random numbers of their training.

    Args:
      context: of the report.
      n_pairs: how many.
      n_frames: of each trajectory; published: 10 000.
      seed: of the first pair, the next ones have the numbers after it.
    """
    return [
        {
            s: generators.published_state(
                context, s, trajectory(s, n_frames, seed=seed + i), seed=seed + i
            )
            for s in PRINTED
        }
        for i in range(n_pairs)
    ]


def averaged(each: Sequence[Mapping[float, Estimate]]) -> dict[float, Estimate]:
    """Means over pairs, with standard errors from their scatter; of one pair, its own."""
    if len(each) == 1:
        return dict(each[0])
    found = {}
    for t in each[0]:
        values = [own[t].value for own in each]
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        found[t] = Estimate(float(np.mean(values)), float(error))
    return found


def _ends(pair: Pair, state: str) -> dict[str, float]:
    """Losses of the last 100 iterations: mean J_KL, and the median of J_ML, which has spikes."""
    last = {name: pair[state].history[name][-100:] for name in ("kl", "ml")}
    return {"kl": float(np.nanmean(last["kl"])), "ml": float(np.nanmedian(last["ml"]))}


def table(
    context: Context, pairs: Sequence[Pair], differences: Sequence[Mapping[float, Estimate]]
) -> None:
    """Losses and differences of bounds pair by pair, above the published ones."""

    def row(name: str, losses: Mapping[str, Mapping[str, float]], said: dict[str, str]) -> dict:
        numbers = {
            f"{label}, {s}": f"{losses[s][term]:.1f}"
            for label, term in (("J_KL", "kl"), ("weighted J_ML, median", "ml"))
            for s in PRINTED
        }
        return {"pair": name} | numbers | said

    rows = [
        row(
            str(i + 1),
            {s: _ends(pair, s) for s in PRINTED},
            {_title(t): f"{found[t].value:.2f}" for t in SHOWN if t in found},
        )
        for i, (pair, found) in enumerate(zip(pairs, differences, strict=True))
    ]
    read = {_title(t): f"{PUBLISHED['differences'][f'{t:g}']:g} (read)" for t in SHOWN}
    shown = {title: said for title, said in read.items() if title in rows[0]}
    context.table("Published networks, pair by pair", [*rows, row("published", PRINTED, shown)])


def _title(temperature: float) -> str:
    return f"difference of bounds, T = {temperature:g} (kT)"


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


def add_numbers(context: Context, pairs: Sequence[Pair]) -> None:
    """J_KL at the end, means over the pairs, against those printed in the notebook."""
    for state, printed in PRINTED.items():
        context.add(
            Metric.close(
                f"published, {state}: J_KL over T = 1, 2, 3, last 100 iterations",
                float(np.mean([_ends(pair, state)["kl"] for pair in pairs])),
                printed["kl"],
                PUBLISHED["pairs"]["tolerance"],
                reference_kind="published",
                source=PUBLISHED["pairs"]["source"],
                justification=PUBLISHED["pairs"]["justification"],
            )
        )
