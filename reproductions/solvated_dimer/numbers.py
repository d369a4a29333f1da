"""The numbers of `dimer`, each beside its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context, Metric
from boltzmann_tf.reproductions.solvated_dimer.generators import CLOSED, Trained
from boltzmann_tf.reproductions.solvated_dimer.measured import (
    Region,
    Reweighted,
    barrier,
    compared,
    kl_loss,
    minima,
)
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.reproductions.solvated_dimer.reference import Windows

__all__ = [
    "add_alone",
    "add_annealed",
    "add_coverage",
    "add_equilibrium",
    "add_path",
    "add_published",
]

TARGET = {"justification": "a target set before any run; quick: twice as wide"}


def add_published(
    context: Context, trained: Trained, low: float, inversion: float, wide: float
) -> None:
    """Losses of the published variant at the end of its schedule."""
    for term in PUBLISHED["training"]:
        name = {"J_KL": "kl", "J_RC": "rc"}[term["quantity"]]
        context.add(
            Metric.close(
                f"published: {term['quantity']}, last 100 iterations",
                float(np.nanmean(trained.history[name][-100:])),
                term["value"],
                term["tolerance"] * wide,
                reference_kind="published",
                source=term["source"],
                justification=term["justification"],
            )
        )
    context.add(Metric.at_least("published: share of u < 80 kT", low, 0.7, **TARGET))
    context.add(Metric.at_most("published: largest inversion error", inversion, 1e-4, **TARGET))


def add_equilibrium(context: Context, samples: Samples, closed: np.ndarray, wide: float) -> None:
    """Ours with the length trained by energy, too: how near it comes to the bound."""
    loss = kl_loss(samples)
    context.add(
        Metric.at_most(
            f"{CLOSED}: J_KL at T = 1, walls once (kT)",
            loss.value,
            PUBLISHED["bound"]["walls once"] + 5 * wide,
            standard_error=loss.standard_error,
            source="bound for one order of the solvent, by thermodynamic integration",
            **TARGET,
        ),
        headline=True,
    )
    u = samples.energy
    context.add(
        Metric.at_least(f"{CLOSED}: share of u < 80 kT", float(np.mean(u < 80)),
                        1 - 0.01 * wide, **TARGET)
    )  # fmt: skip
    context.add(
        Metric.close(f"{CLOSED}: median energy (kT)", float(np.median(u)),
                     float(np.median(closed)), 3 * wide, reference_kind="simulation",
                     source="Monte Carlo of the closed state, this run", **TARGET)
    )  # fmt: skip


def add_coverage(
    context: Context,
    found: Mapping[str, Region],
    monte_carlo: Mapping[str, np.ndarray],
    wide: float,
) -> None:
    """Ours, spread along d: share and median energy of each region."""
    for region, own in found.items():
        context.add(
            Metric.at_least(f"ours: share of samples, {region}", own.share, 0.1 / wide, **TARGET)
        )
        context.add(
            Metric.close(
                f"ours: median energy, {region} (kT)",
                own.median,
                float(np.median(monte_carlo[region])),
                4 * wide,
                reference_kind="simulation",
                source="Monte Carlo, this run; in the transition region at lengths spread evenly",
                **TARGET,
            )
        )


def add_alone(
    context: Context,
    windows: Windows,
    found: Mapping[float, Mapping[str, Reweighted]],
    scatter: Mapping[float, Mapping[str, Sequence[Reweighted]]],
) -> None:
    """Profiles of generators without annealing, held to the scatter of the published ones.

    Args:
      context: of the report.
      windows: the reference.
      found: temperature -> name -> what is held.
      scatter: temperature -> name of an average -> what it is an average of; the metric's error.
    """
    for t, series in found.items():
        reference = windows.profile(t)
        for name, r in series.items():
            for what, of in (("barrier from closed", barrier), ("open minus closed", minima)):
                each = [
                    of(part.profile, reference).value for part in scatter.get(t, {}).get(name, ())
                ]
                context.add(
                    Metric.close(
                        f"{name}: {what}, at the extrema of the reference, T = {t:g} (kT)",
                        of(r.profile, reference).value,
                        of(reference).value,
                        1.5 if t == 1 else 2.5,
                        standard_error=float(np.std(each)) if each else None,
                        reference_kind="simulation",
                        source="umbrella sampling, this run",
                        justification="the scatter of the published profiles of figure 3e",
                    )
                )


def add_annealed(
    context: Context,
    windows: Windows,
    found: Mapping[float, Reweighted],
    cost: Mapping[float, float],
    wide: float,
) -> None:
    """Ours with annealing: weights, difference, barrier, profiles, cost."""
    one, reference = found[1.0], windows.difference(1.0)
    context.add(
        Metric.at_least(
            "ours, annealed: ESS fraction at T = 1, of the target spread along d",
            one.spread_ess,
            0.2 / wide,
            **TARGET,
        ),
        headline=True,
    )
    source = {"reference_kind": "simulation", "source": "umbrella sampling, this run"}
    context.add(
        Metric.close(
            "ours, annealed: F(open) - F(closed) at T = 1 (kT)",
            one.difference.value,
            reference.value,
            0.15 * wide,
            standard_error=one.difference.standard_error,
            **source,
            **TARGET,
        ),
        headline=True,
    )
    context.add(
        Metric.at_most(
            "ours, annealed: the same, |deviation| in stated errors",
            abs(one.difference.value - reference.value)
            / float(np.hypot(one.difference.standard_error, reference.standard_error)),
            3.0,
            **source,
            justification="a target set before any run",
        )
    )
    known = windows.profile(1.0)
    top = barrier(one.profile, known)
    context.add(
        Metric.close(
            "ours, annealed: barrier from closed at T = 1, at the reference's extrema (kT)",
            top.value,
            barrier(known).value,
            0.3 * wide,
            standard_error=top.standard_error,
            **source,
            **TARGET,
        )
    )
    for t, result in found.items():
        p = windows.profile(t)
        context.add(
            Metric.at_most(
                f"ours, annealed: RMSE of F(d) at T = {t:g}, 0.8 < d < 2.2 (kT)",
                estimators.profile_rmse(result.profile, p.free_energy, mask=compared(p.centers)),
                0.3 * wide,
                **source,
                **TARGET,
            )
        )
    context.add(
        Metric.at_most(
            "ours, annealed: energies over those of umbrella sampling at the same error, T = 1",
            cost[1.0],
            0.1 * wide,
            source="umbrella sampling, this run; training not counted",
            **TARGET,
        )
    )


def add_path(context: Context, highest: float) -> None:
    """The best straight line in latent space."""
    context.add(
        Metric.at_most(
            "ours: highest energy on the best path from closed to open, 9 points (kT)",
            highest,
            150.0,
            source="Noé et al. 2019, figure 3: no point above about 150 kT",
            justification="read off the figure",
        )
    )
