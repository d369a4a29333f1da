"""The tables of figure 2, without verdicts."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.figure2.case import Case
from boltzmann_tf.reproductions.figure2.measured import LOSSES, SAMPLES, SHOWN, TEMPERATURES, Found


def differences(context: Context, case: Case, found: Found) -> None:
    """Free-energy differences of all variants at all temperatures."""
    rows = []
    for name, trained in found.items():
        for t in TEMPERATURES:
            exact, (value, error) = case.exact.free_energy_difference(t), trained.difference(t)
            each = [e.difference[t] for e in trained.evaluations]
            row = {
                "variant": name,
                "T": t,
                "exact": f"{exact:.4f}",
                "median": f"{value:.4f}",
                "median stated error": f"{error:.4f}",
                "largest |z|": f"{max(abs(f - exact) / stated for f, stated in each):.1f}",
                "median ESS fraction": diagnose("ESS fraction", trained.ess(t), n=SAMPLES),
            }
            rows.append(row)
    context.table("Free-energy difference right - left (kT), reweighted", rows)


def losses(context: Context, found: Found) -> None:
    """How training ended."""
    rows = []
    for name, ensemble in ((name, trained.ensemble) for name, trained in found.items()):
        for label, term in LOSSES.items():
            end = ensemble.end(term)
            mean = np.median([np.mean(member.history[term][-50:]) for member in ensemble.members])
            row = {"variant": name, "loss": label, "median of the last 100": f"{end:.3f}"}
            if np.isfinite(end):
                rows.append(row | {"mean of the last 50": f"{mean:.3f}"})
    context.table(
        "Losses at the end of training, medians over the networks. Verdicts take the median of the "
        "last 100 steps, as one reads a curve with spikes; a mean follows the spikes",
        rows,
    )


def weights(context: Context, case: Case, found: Found) -> None:
    """Effective sizes beside tails, coverage and profiles, and what training has cost."""
    error, rows = estimators.published_standard_error, []
    for name, trained in found.items():
        ensemble, median = trained.ensemble, trained.median
        tails = [e.weights[1.0].pareto_k for e in trained.evaluations]
        row = {
            "variant": name,
            "networks": len(ensemble.members),
            "ended in NaN": ensemble.nan_count,
            "steps skipped": sum(member.history.skipped for member in ensemble.members),
            "ESS fraction": diagnose("ESS fraction", trained.ess(), n=SAMPLES),
            "Pareto k-hat": diagnose("k-hat", float(np.median(tails))),
            "the largest": diagnose("k-hat", max(tails)),
            "J_KL above bound": f"{trained.gap():.4f}",
            "basin coverage": f"{median(lambda e: e.coverage.fraction):.4f}",
            "worst basin ratio": f"{median(lambda e: e.coverage.worst_ratio):.2f}",
            "profile RMSE (kT)": f"{trained.rmse():.3f}",
            "the same, prior at T = 1 alone": f"{median(lambda e: case.rmse(e.plain)):.3f}",
            "estimator error as published": f"{median(lambda e: error(e.plain)):.3f}",
            "training energies": ensemble.members[0].history.energy_evaluations,
        }
        rows.append(row)
    context.table(
        "Weights at T = 1 (the effective size cannot see a lost state: read it with the coverage)",
        rows,
    )


def buys(context: Context, case: Case, found: Found, data: np.ndarray) -> None:
    """Weights at T = 1 of the first network of each variant, and of a Gaussian a state."""
    seed = context.seed_of("Gaussians")
    drawn = {"a Gaussian a state": gaussian_baseline(case.system, data, SHOWN, parts=2, seed=seed)}
    drawn |= {name: trained.shown for name, trained in found.items()}
    context.buys_table(
        "a Gaussian fitted to the data of each state, mixed evenly; exact log Z "
        f"{case.exact.log_z(1.0):.4f}",
        [({"proposal, T = 1": name}, samples.log_weight) for name, samples in drawn.items()],
    )
