"""Profiles of a network in training, averaged over snapshots of it.

The authors' notebook of figure 3 trains its network for 20 times 10 iterations more, with the
weights of the last stage and one Adam throughout, and draws 1e5 samples after each ten. Every
snapshot's samples are resampled; the profiles of all resamples, each put at a mean of zero over
0.8 < d < 2.2, are averaged as they are (F, not the histograms), and their standard deviation is
the error bar. The authors call it a faster and less accurate stand-in for averaging networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from boltzmann_tf import BoltzmannGenerator, Trainer
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained, published_stage
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted, reweighted
from boltzmann_tf.reproductions.solvated_dimer.reference import EDGES
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = ["Averaged", "averaged", "bootstrapped", "snapshots"]

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


def bootstrapped(
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

    def __init__(
        self,
        generator: BoltzmannGenerator,
        temperatures: Sequence[float],
        samples: int,
        seed: int,
    ) -> None:
        super().__init__()
        self._generator, self._samples, self._seed = generator, samples, seed
        self.drawn: dict[float, list[tuple[np.ndarray, np.ndarray]]] = {t: [] for t in temperatures}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draws at each temperature, by the true energy."""
        del logs
        for t, drawn in self.drawn.items():
            s = self._generator.sample(self._samples, t, seed=self._seed + batch)
            drawn.append((s.x[:, :4], s.log_weight))


def snapshots(
    context: Context,
    trained: Trained,
    data: np.ndarray,
    temperatures: Sequence[float],
    *,
    count: int,
    samples: int,
    seed: int,
    every: int = 10,
    resamples: int = 100,
) -> dict[float, Averaged]:
    """Trains the published network on, draws from it, and averages; its weights are put back.

    The likelihood is weighted by Boltzmann over generated density, as it silently is in the
    published continuation. Bins are those of the reference, wider than the published hundred;
    resamples are 100 a snapshot, not 1000, which changes the mean by nothing that shows.

    Args:
      context: of the report.
      trained: the published network at the end of its schedule.
      data: both states in equal parts, `[n, 76]`.
      temperatures: T; the published notebook has T = 1 only.
      count: snapshots.
      samples: drawn from each at each temperature.
      seed: of training, samples and resampling.
      every: iterations between two.
      resamples: of each.

    Returns:
      temperature -> the profile.
    """
    context.log(f"{trained.name}: {count} snapshots")
    generator = trained.generator
    # Other noise than in the training so far.
    trainer = Trainer(
        generator, seed=seed + 1, steps_per_call=every, jit_compile=generator.jit_compile
    )
    end, draw = trainer.get_weights(), _Draw(generator, temperatures, samples, seed)
    stage = published_stage(count * every, 1e-4, 5e4, 5.0, weighted_ml=True)
    history = trainer.fit(data, stage, callbacks=[draw], verbose=0)
    trainer.set_weights(end)
    context.count_energy_evaluations(history.energy_evaluations + count * samples * len(draw.drawn))
    found = {}
    for t, drawn in draw.drawn.items():
        numbered = list(enumerate(drawn))
        each = [reweighted(x, w, samples, seed=seed + i) for i, (x, w) in numbered]
        profiles = [
            bootstrapped(dimer_distance(x), w, edges=EDGES, n=resamples, seed=seed + i)
            for i, (x, w) in numbered
        ]
        found[t] = Averaged(_mean(each, averaged(np.concatenate(profiles), EDGES)), each)
    return found


def _mean(each: list[Reweighted], profile: Profile) -> Reweighted:
    """What goes with the averaged profile: means over the snapshots, the energies of all.

    Of k-hat the largest: a heavy tail does not average out.
    """
    differences = [r.difference.value for r in each]
    return Reweighted(
        profile,
        Estimate(float(np.mean(differences)), float(np.std(differences))),
        float(np.mean([r.ess for r in each])),
        np.nan,
        max(r.pareto_k for r in each),
        sum(r.energies for r in each),
        each[0].samples,
    )
