"""What the systems of figure 2 are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from boltzmann_tf.reproduction import Context, Targets
from boltzmann_tf.reproductions.figure2.measured import LOSSES, Found, Trained
from boltzmann_tf.reproductions.published import published

QUADRATURE = "quadrature, boltzmann_tf.exact"
# Variants whose differences must be within their stated errors, too.
IN_ERRORS = ("published KL+RC", "ours KL+RC", "ours")


def published_values(context: Context, found: Found, system: str, *, last: int) -> None:
    """Losses, over the `last` iterations, and weights of the published variants as published."""
    for row in published("noe2019_figure2", system):
        name, quantity = row["variant"], row["quantity"]
        trained, term = found[name], LOSSES.get(quantity)
        value = trained.ensemble.end(term, last) if term else trained.ess()
        targets = Targets(context, name, row["source"], "published", row["justification"])
        targets.close(quantity, value, row["value"], row["tolerance"])


def above_bound(context: Context, trained: Trained) -> None:
    """No network ends below the bound of J_KL."""
    bound = trained.case.exact.optimal_kl_loss(1.0)
    last = [member.history["kl"][-100:] for member in trained.ensemble.members]
    excess = [(np.mean(kl) - bound) / (np.std(kl) / 10) for kl in last]
    why = "sampling noise: 4 standard errors, false alarm 3e-5 a network"
    targets = Targets(context, trained.ensemble.name, QUADRATURE, why=why)
    name = "lowest J_KL above its bound, in standard errors of its mean"
    targets.at_least(name, np.min(excess), -4.0, widened=False)


def ours(context: Context, trained: Trained, *, gap: float, lost: float) -> None:
    """J_KL above its bound, and the fraction of samples that the weights lose."""
    targets = Targets(context, "ours", QUADRATURE)
    targets.at_most("J_KL above its bound (kT)", trained.gap(), gap, headline=True)
    targets.at_least("ESS fraction", trained.ess(), 1.0, slack=lost, headline=True)


def differences(
    context: Context, found: Found, names: Iterable[str], tolerance: float, at: Sequence[float]
) -> None:
    """Free-energy differences at some temperatures in kT, and of some variants in stated errors."""
    for name in names:
        targets = Targets(context, name, QUADRATURE)
        for t in at:
            value = found[name].difference(t)
            exact = found[name].case.exact.free_energy_difference(t)
            targets.close(f"ΔF at T = {t:g} (kT)", value, exact, tolerance)
            if name in IN_ERRORS:
                within = f"ΔF at T = {t:g} within three stated errors (kT)"
                why = "three standard errors of one network's estimate"
                targets.within_errors(within, value, exact, justification=why)


def profiles(context: Context, found: Found, tolerances: Mapping[str, float]) -> None:
    """Free-energy profiles of the variants that this preset has, each with its tolerance."""
    for name in filter(found.__contains__, tolerances):
        targets = Targets(context, name, QUADRATURE)
        targets.at_most("RMSE of the profile (kT)", found[name].rmse(), tolerances[name])


def calibration(context: Context, scores: Mapping[str, np.ndarray]) -> None:
    """Stated errors are honest, neither too small nor too large."""
    source = "20 evaluation seeds at T = 0.5, 1, 2"
    why = "set before any run; false alarm below 0.1 % for 60 normal scores"
    for name, z in scores.items():
        rms, targets = np.sqrt(np.mean(z**2)), Targets(context, name, source, why=why)
        targets.within("standard deviation of 60 z-scores of ΔF", rms, 0.7, 1.4)


def none_in_nan(context: Context, found: Found) -> None:
    """No network may end in NaN."""
    source = "the published code loses about 1 Müller-Brown run in 6"
    for name, trained in found.items():
        metric = f"networks that ended in NaN, of {len(trained.ensemble.members)}"
        targets = Targets(context, name, source, why="none may")
        targets.at_most(metric, trained.ensemble.nan_count, 0, widened=False)
