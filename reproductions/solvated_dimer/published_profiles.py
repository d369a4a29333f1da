"""Profiles the published way: of a network in training, averaged; of nine temperatures at once.

The authors' notebook of figure 3 trains its network for 20 times 10 iterations more, with the
weights of the last stage and one Adam throughout, and draws 1e5 samples after each ten. Every
snapshot's samples are resampled; the profiles of all resamples, each put at a mean of zero over
0.8 < d < 2.2, are averaged as they are (F, not the histograms), and their standard deviation is
the error bar. The authors call it a faster and less accurate stand-in for averaging networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from boltzmann_tf import BoltzmannGenerator, Trainer
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from reproductions.solvated_dimer.generators import Trained, published_multi, published_stage
from reproductions.solvated_dimer.measured import Reweighted, barrier, length, minima, reweighted
from reproductions.solvated_dimer.plan import Plan
from reproductions.solvated_dimer.reference import EDGES, permuted

__all__ = [
    "Averaged",
    "Published",
    "averaged",
    "in_one_order",
    "of_published",
    "resampled",
    "snapshots",
]

RANGE = (0.8, 2.2)  # d of the published profile, over whose mean the snapshots are aligned


class Averaged(NamedTuple):
    """A profile from several snapshots.

    Attributes:
      mean: their mean; its errors are standard deviations over the snapshots, as published, not of
        the mean: snapshots ten iterations apart are not independent.
      each: of every snapshot alone.
    """

    mean: Reweighted
    each: list[Reweighted]


def resampled(
    d: np.ndarray, log_weight: np.ndarray, *, edges: np.ndarray, n: int, seed: int
) -> np.ndarray:
    """-log of the weighted histogram of `n` resamples of the samples, `[n, bins]`, not aligned.

    Args:
      d: coordinate of the samples.
      log_weight: of them.
      edges: of the bins.
      n: resamples, each of as many samples, with replacement.
      seed: of the resampling.

    Returns:
      the profiles; NaN in bins left empty.
    """
    size = len(d)
    which = np.searchsorted(edges, d, side="right") - 1
    inside = np.flatnonzero((which >= 0) & (which < len(edges) - 1) & (log_weight > -np.inf))
    inside = inside[np.argsort(which[inside], kind="stable")]
    log_w = log_weight[inside]
    filled, first, counts = np.unique(which[inside], return_index=True, return_counts=True)
    rng = np.random.default_rng(seed)
    f = np.full((n, len(edges) - 1), np.nan)
    for k in range(n):
        times = np.bincount(rng.integers(size, size=size), minlength=size)[inside]
        # Each bin's own peak: the weights of one bin are no numbers beside those of another.
        peak = np.maximum.reduceat(np.where(times > 0, log_w, -np.inf), first)
        peak[np.isneginf(peak)] = np.inf
        weight = times * np.exp(np.minimum(log_w - np.repeat(peak, counts), 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            f[k, filled] = -np.log(np.add.reduceat(weight, first)) - peak
    return np.where(np.isfinite(f), f, np.nan)


def averaged(free_energies: np.ndarray, edges: np.ndarray) -> Profile:
    """The mean of profiles after alignment, its lowest bin at zero; errors are their scatter.

    Args:
      free_energies: `[profiles, bins]` in kT, each up to a constant; NaN in empty bins.
      edges: of the bins.

    Returns:
      the profile over `RANGE`; NaN outside it and where less than two profiles have a value.
    """
    centers = 0.5 * (edges[1:] + edges[:-1])
    shown = (centers > RANGE[0]) & (centers < RANGE[1])
    known = np.isfinite(free_energies)
    common = shown & known.all(axis=0)
    if not common.any():
        raise ValueError("free_energies must have a bin in common between 0.8 and 2.2, got none")
    f = free_energies - free_energies[:, common].mean(axis=1, keepdims=True)
    counts = np.where(shown, known.sum(axis=0), 0)
    enough = counts > 1
    mean, scatter = np.full(len(centers), np.nan), np.full(len(centers), np.nan)
    mean[enough] = np.nanmean(f[:, enough], axis=0)
    scatter[enough] = np.nanstd(f[:, enough], axis=0)
    return Profile(centers, edges, mean - np.nanmin(mean), scatter, counts, scatter)


class _Draw(keras.callbacks.Callback):
    """Keeps the dimer and the log-weight of samples drawn after each call of the training step."""

    def __init__(self, generator: BoltzmannGenerator, samples: int, seed: int) -> None:
        super().__init__()
        self._generator, self._samples, self._seed = generator, samples, seed
        self.drawn: list[tuple[np.ndarray, np.ndarray]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draws at T = 1, by the true energy."""
        del logs
        s = self._generator.sample(self._samples, seed=self._seed + batch)
        self.drawn.append((s.x[:, :4], s.log_weight))


def snapshots(
    context: Context,
    trained: Trained,
    data: np.ndarray,
    *,
    count: int,
    samples: int,
    seed: int,
    every: int = 10,
    resamples: int = 100,
) -> Averaged:
    """Trains the published network on, draws from it, and averages; its weights are put back.

    The likelihood is weighted by Boltzmann over generated density, as it silently is in the
    published continuation. Bins are those of the reference, wider than the published hundred;
    resamples are 100 a snapshot, not 1000, which changes the mean by nothing that shows.

    Args:
      context: of the report.
      trained: the published network at the end of its schedule.
      data: both states in equal parts, `[n, 76]`.
      count: snapshots.
      samples: drawn from each.
      seed: of training, samples and resampling.
      every: iterations between two.
      resamples: of each.

    Returns:
      the profile at T = 1; the published notebook has no other temperature.
    """
    context.log(f"{trained.name}: {count} snapshots")
    generator = trained.generator
    # Other noise than in the training so far.
    trainer = Trainer(
        generator, seed=seed + 1, steps_per_call=every, jit_compile=generator.jit_compile
    )
    end, draw = trainer.get_weights(), _Draw(generator, samples, seed)
    stage = published_stage(count * every, 1e-4, 5e4, 5.0, weighted_ml=True)
    history = trainer.fit(data, stage, callbacks=[draw], verbose=0)
    trainer.set_weights(end)
    context.count_energy_evaluations(history.energy_evaluations + count * samples)
    numbered = list(enumerate(draw.drawn))
    each = [reweighted(x, w, samples, seed=seed + i) for i, (x, w) in numbered]
    profiles = [
        resampled(length(x), w, edges=EDGES, n=resamples, seed=seed + i) for i, (x, w) in numbered
    ]
    return Averaged(_mean(each, averaged(np.concatenate(profiles), EDGES)), each)


def _mean(each: list[Reweighted], profile: Profile) -> Reweighted:
    """What goes with the averaged profile: means over the snapshots, the energies of all."""
    differences = [r.difference.value for r in each]
    return Reweighted(
        profile,
        Estimate(float(np.mean(differences)), float(np.std(differences))),
        float(np.mean([r.ess for r in each])),
        np.nan,
        float(np.mean([r.pareto_k for r in each])),
        sum(r.energies for r in each),
    )


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
      averaged: at T = 1, of the network of figure 3's notebook.
      multi: temperature -> of one network trained at nine temperatures, by a shortened schedule.
      kept: temperature -> share of its samples that are in the order of the data.
      trained: that network.
      plan: how much was done.
    """

    averaged: Averaged
    multi: dict[float, Reweighted]
    kept: dict[float, float]
    trained: Trained
    plan: Plan

    def hold(
        self, held: dict[float, dict[str, Reweighted]], shown: dict[float, dict[str, Reweighted]]
    ) -> dict[str, list[Reweighted]]:
        """Adds them to what is shown; the average is held in the place of the single network.

        Returns:
          name of the average -> what it is an average of.
        """
        name = f"published, {len(self.averaged.each)} snapshots averaged"
        del held[1.0]["published, alone"]
        held[1.0][name] = shown[1.0][name] = self.averaged.mean
        for t, result in self.multi.items():
            shown[t]["published, nine temperatures, shortened"] = result
        return {name: self.averaged.each}

    def explain(self, context: Context) -> None:
        """Says how the profiles came about, and what was shortened."""
        each, plan, end = self.averaged.each, self.plan, self.trained.history.stage_ends[-1]
        last = {name: np.nanmean(self.trained.history[name][end - 20 :]) for name in ("kl", "rc")}
        shares = ", ".join(f"{share:.2f} at T = {t:g}" for t, share in self.kept.items())
        context.text(
            f"**Published, averaged.** {len(each)} snapshots of the network of figure 3's notebook "
            f"10 iterations of its last stage apart, {plan.samples:,} samples each, as in the "
            "notebook, which has T = 1 only. Averaged is F(d) of all resamples, aligned by its "
            "mean over 0.8 < d < 2.2; error bars are standard deviations over them, as published. "
            "Bins are those of the reference, 0.05 wide; the published ones are 0.014. "
            f"Single snapshots have barriers of {_spread(each, barrier)} and minima "
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


def _spread(each: list[Reweighted], of: Callable[[Profile], float]) -> str:
    values = [of(r.profile) for r in each]
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
        context, single, data, count=plan.snapshots, samples=plan.samples, seed=seed
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
