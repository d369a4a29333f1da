"""Profiles the published way: of a network in training, averaged; of nine temperatures at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained, published_multi
from boltzmann_tf.reproductions.solvated_dimer.measured import (
    Reweighted,
    barrier,
    minima,
    reweighted,
)
from boltzmann_tf.reproductions.solvated_dimer.plan import Plan
from boltzmann_tf.reproductions.solvated_dimer.reference import permuted
from boltzmann_tf.reproductions.solvated_dimer.snapshots import Averaged, snapshots

__all__ = ["Published", "in_one_order", "of_published"]


def in_one_order(samples: Samples) -> Samples:
    """Samples whose solvent is in the order of the data, all others dropped as published.

    Each order has the same share of Z, so that those of one order are enough.
    """
    known = np.flatnonzero(np.isfinite(samples.log_weight) & np.isfinite(samples.x).all(axis=1))
    kept = known[~permuted(samples.x[known])]
    return Samples(*(part[kept] for part in samples))


class Published(NamedTuple):
    """The published profiles of a run.

    Attributes:
      averaged: temperature -> of the network of figure 3's notebook.
      multi: temperature -> of one network trained at nine temperatures, by a shortened schedule.
      kept: temperature -> share of its samples that are in the order of the data.
      trained: that network.
      plan: how much was done.
    """

    averaged: dict[float, Averaged]
    multi: dict[float, Reweighted]
    kept: dict[float, float]
    trained: Trained
    plan: Plan

    def hold(
        self, held: dict[float, dict[str, Reweighted]], shown: dict[float, dict[str, Reweighted]]
    ) -> dict[float, dict[str, list[Reweighted]]]:
        """Adds them to what is shown and held; averages stand in the place of the single network.

        Returns:
          temperature -> name of the average -> what it is an average of.
        """
        scatter = {}
        for t, found in self.averaged.items():
            name = f"published, {len(found.each)} snapshots averaged"
            for series in (held[t], shown[t]):
                del series["published, alone"]
            held[t][name] = shown[t][name] = found.mean
            scatter[t] = {name: found.each}
        for t, result in self.multi.items():
            shown[t]["published, nine temperatures, shortened"] = result
        return scatter

    def explain(self, context: Context) -> None:
        """Says how the profiles came about, and what was shortened."""
        each, plan, end = self.averaged[1.0].each, self.plan, self.trained.history.stage_ends[-1]
        last = {name: np.nanmean(self.trained.history[name][end - 20 :]) for name in ("kl", "rc")}
        shares = ", ".join(f"{share:.2f} at T = {t:g}" for t, share in self.kept.items())
        context.text(
            f"**Published, averaged.** {len(each)} snapshots of the network of figure 3's notebook "
            f"10 iterations of its last stage apart, {plan.samples:,} samples each, as in the "
            "notebook, which has T = 1 only; the network was trained at T = 1, and at other "
            "temperatures its prior is scaled. Averaged is F(d) of all resamples, aligned by its "
            "mean over 0.8 < d < 2.2; error bars are standard deviations over them, as published. "
            "Bins are those of the reference, 0.05 wide; the published ones are 0.014. "
            f"At T = 1 single snapshots have barriers of {_spread(each, barrier)} and minima "
            f"{_spread(each, minima)} kT apart.\n\n"
            "**Published, nine temperatures, shortened.** The curves of figure 3e are averages "
            "over 10 or 20 networks, each trained for 3800 iterations of 8000 energies after 20 "
            f"epochs by example. Here is one network, with stages {plan.multi_shorter} times "
            f"shorter and batches of {plan.multi_batch}: 1/{self.shortened:.0f} of the published "
            "30.4 million energies, without the published loss on the spread of the log-weights, "
            f"and {plan.samples:,} samples, not a million. It is shown and held to nothing. Its "
            f"J_KL and J_RC over nine temperatures end at {last['kl']:.1f} and {last['rc']:.2f}. "
            f"Samples in another order of the solvent are dropped, as published; kept: {shares}."
        )

    @property
    def shortened(self) -> float:
        """Published over own number of energies in the training of nine temperatures."""
        return 8000 // 9 * 9 * 3800 / self.trained.history.energy_evaluations


def _spread(each: list[Reweighted], of: Callable[[Profile], Estimate]) -> str:
    values = [of(r.profile).value for r in each]
    return f"{min(values):.1f} to {max(values):.1f}"


def of_published(
    context: Context, single: Trained, data: np.ndarray, plan: Plan, *, seed: int
) -> Published:
    """Averages over snapshots of the one network, trains the other, and reweights both.

    Args:
      context: of the report.
      single: the published network of T = 1.
      data: both states in equal parts, `[n, 76]`.
      plan: of the preset.
      seed: of everything.
    """
    average = snapshots(
        context,
        single,
        data,
        plan.temperatures,
        count=plan.snapshots,
        samples=plan.samples,
        seed=seed,
    )
    nine = published_multi(
        context, data, shorter=plan.multi_shorter, batch_size=plan.multi_batch, seed=seed
    )
    multi, kept = {}, {}
    for i, t in enumerate(plan.temperatures):
        drawn = in_one_order(nine.generator.sample(plan.samples, t, seed=seed + i))
        kept[t] = len(drawn.x) / plan.samples
        if len(drawn.x):  # else there is no profile to show, and the text says so
            multi[t] = reweighted(drawn.x, drawn.log_weight, plan.samples, seed=seed)
    context.count_energy_evaluations(plan.samples * len(kept))
    return Published(average, multi, kept, nine, plan)
