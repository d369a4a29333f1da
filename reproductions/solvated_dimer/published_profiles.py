"""Profiles the published way: of a network in training, averaged; of nine temperatures at once.

The authors' notebook of figure 3 trains its network for 20 times 10 iterations more, with the
weights of the last stage and one Adam throughout, and draws 1e5 samples after each ten. Every
snapshot's samples are resampled; the profiles of all resamples, each put at a mean of zero over
0.8 < d < 2.2, are averaged as they are (F, not the histograms), and their standard deviation is
the error bar. The authors call it a faster and less accurate stand-in for averaging networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Trainer, estimators, sampling
from boltzmann_tf.estimators import Estimate, Profile
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import measured
from boltzmann_tf.reproductions.solvated_dimer.generators import (
    Trained,
    published_multi,
    published_stage,
    schedule,
)
from boltzmann_tf.reproductions.solvated_dimer.plan import DimerPlan
from boltzmann_tf.reproductions.solvated_dimer.reference import EDGES, SITES
from boltzmann_tf.samples import Samples
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training import Observer

EVERY = 10  # iterations between two snapshots
RESAMPLES = 100  # of each; 1000 as published, which changes the mean by nothing that shows


class Averaged(NamedTuple):
    """A profile from several snapshots.

    Its errors are standard deviations over the snapshots, as published, not of the mean: snapshots
    ten iterations apart are not independent.
    """

    mean: measured.Reweighted
    each: list[measured.Reweighted]


def snapshots(
    context: Context, trained: Trained, data: np.ndarray, plan: DimerPlan
) -> dict[float, Averaged]:
    """Trains the published network on, draws from it, and averages; its weights are put back.

    The likelihood is weighted by Boltzmann over generated density, as it silently is in the
    published continuation. Bins are those of the reference, wider than the published hundred; the
    published notebook has T = 1 only.
    """
    context.log(f"{trained.name}: {plan.snapshots} snapshots")
    generator = trained.generator
    trainer = Trainer(
        generator,
        seed=context.seed_of("published, continued"),
        steps_per_call=EVERY,
        jit_compile=generator.jit_compile,
    )

    def look(_: BoltzmannGenerator, step: int) -> dict[float, tuple[np.ndarray, np.ndarray]]:
        seen = {}
        for t in plan.temperatures:
            seed = context.seed_of("published, samples of a snapshot", step)
            drawn = generator.sample(plan.samples, t, seed=seed)
            seen[t] = dimer_distance(drawn.x), drawn.log_weight
        return seen

    observer = Observer(look, every=EVERY)
    end = trainer.get_weights()
    last = schedule("figure 3")[-1] | {"iterations": plan.snapshots * EVERY}
    stage = published_stage(**last, weighted_ml=True)
    trainer.fit(data, stage, callbacks=[observer], verbose=0)
    trainer.set_weights(end)
    found = {}
    for t in plan.temperatures:
        each, resampled = [], []
        for i, (d, w) in enumerate(seen[t] for seen in observer.seen):
            seed = context.seed_of("bootstrap", i)
            each.append(measured.reweighted(d, w, seed))
            resampled.append(
                estimators.bootstrap_profiles(d, w, edges=EDGES, n_bootstrap=RESAMPLES, seed=seed)
            )
        profile = estimators.average_profiles(
            np.concatenate(resampled), edges=EDGES, within=measured.COMPARED
        )
        found[t] = Averaged(_mean(each, profile), each)
    return found


def _mean(each: Sequence[measured.Reweighted], profile: Profile) -> measured.Reweighted:
    """What goes with the averaged profile: means over the snapshots, the energies of all.

    Of k-hat the largest: a heavy tail does not average out.
    """
    differences = [r.difference.value for r in each]
    return measured.Reweighted(
        profile,
        Estimate(float(np.mean(differences)), float(np.std(differences))),
        ess=float(np.mean([r.ess for r in each])),
        pareto_k=max(r.pareto_k for r in each),
        samples=each[0].samples,
        energies=sum(r.energies for r in each),
    )


def in_one_order(samples: Samples) -> Samples:
    """Samples whose solvent is in the order of the data, all others dropped as published.

    Each order has the same share of Z, so that those of one order are enough.
    """
    known = np.flatnonzero(np.isfinite(samples.log_weight) & np.isfinite(samples.x).all(axis=1))
    kept = known[~sampling.relabel(samples.x[known], SITES, fixed=2).permuted]
    return Samples(*(part[kept] for part in samples))


class Nine(NamedTuple):
    """The network of nine temperatures."""

    trained: Trained
    found: dict[float, measured.Reweighted]  # temperature -> its profile
    kept: dict[float, float]  # temperature -> share of its samples in the order of the data


def of_nine(context: Context, data: np.ndarray, plan: DimerPlan) -> Nine:
    """Trains it, by a shortened schedule, and reweights its samples."""
    nine = Nine(published_multi(context, data, plan), {}, {})
    for t in plan.temperatures:
        drawn = in_one_order(measured.sampled(context, nine.trained, plan.samples, t))
        nine.kept[t] = len(drawn.x) / plan.samples
        if len(drawn.x):  # else there is no profile to show, and the text says so
            nine.found[t] = measured.alone(context, drawn)._replace(energies=plan.samples)
    return nine


def explain(context: Context, average: Averaged, nine: Nine, plan: DimerPlan) -> None:
    """Says how the profiles came about, and what was shortened; the average is of T = 1."""
    history, each = nine.trained.history, [r.profile for r in average.each]
    kl, rc = (np.nanmean(history[term][history.stage_ends[-1] - 20 :]) for term in ("kl", "rc"))
    shortened = 8000 // 9 * 9 * 3800 / history.energy_evaluations
    shares = ", ".join(f"{share:.2f} at T = {t:g}" for t, share in nine.kept.items())
    at = [estimators.profile_extrema(profile, measured.TOP) for profile in each]
    barriers = [own.barrier(p).value for own, p in zip(at, each, strict=True)]
    minima = [own.difference(p).value for own, p in zip(at, each, strict=True)]
    context.text(
        f"**Published, averaged.** {len(each)} snapshots of the network of figure 3's notebook "
        f"{EVERY} iterations of its last stage apart, {plan.samples:,} samples each, as in the "
        "notebook, which has T = 1 only; the network was trained at T = 1, and at other "
        "temperatures its prior is scaled. Averaged is F(d) of all resamples, aligned by its "
        "mean over 0.8 < d < 2.2; error bars are standard deviations over them, as published. "
        "Bins are those of the reference, 0.05 wide; the published ones are 0.014. "
        f"At T = 1 single snapshots have barriers of {min(barriers):.1f} to {max(barriers):.1f} "
        f"and minima {min(minima):.1f} to {max(minima):.1f} kT apart.\n\n"
        "**Published, nine temperatures, shortened.** The curves of figure 3e are averages "
        "over 10 or 20 networks, each trained for 3800 iterations of 8000 energies after 20 "
        f"epochs by example. Here is one network, with stages {plan.multi_shorter} times "
        f"shorter and batches of {plan.multi_batch}: 1/{shortened:.0f} of the published "
        "30.4 million energies, without the published loss on the spread of the log-weights, "
        f"and {plan.samples:,} samples, not a million. It is shown and held to nothing. Its "
        f"J_KL and J_RC over nine temperatures end at {kl:.1f} and {rc:.2f}. "
        f"Samples in another order of the solvent are dropped, as published; kept: {shares}."
    )
