"""The numbers of figure 2: tables, and metrics with a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.reproduction import Context, Metric, diagnose
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.evaluation import (
    SAMPLES,
    TEMPERATURES,
    Evaluation,
    calibration,
    median,
)
from boltzmann_tf.reproductions.figure2.case import Case, Results
from boltzmann_tf.reproductions.published import published

__all__ = ["add_common_metrics", "add_published_metrics", "tables", "what_the_networks_buy"]

LOSSES = {"J_KL": "kl", "J_ML": "ml", "J_RC": "rc"}  # as in the history


def add_published_metrics(context: Context, results: Results, system: str) -> None:
    """Holds losses and weights of the published variants against the published values."""
    wide = 2.0 if context.quick else 1.0
    for row in published("noe2019_figure2", system):
        name, quantity = row["variant"], row["quantity"]
        value = results.end(name, LOSSES[quantity]) if quantity in LOSSES else results.ess(name)
        context.add(
            Metric.close(
                f"{name}: {quantity}",
                value,
                row["value"],
                row["tolerance"] * wide,
                reference_kind="published",
                source=row["source"],
                justification=f"{row['justification']}; quick: twice as wide",
            )
        )


def tables(context: Context, results: Results, case: Case) -> None:
    """Free-energy differences and the diagnostics of the weights, without verdicts."""
    rows = []
    for name, evaluations in results.evaluations.items():
        for t in TEMPERATURES:
            exact = case.target.exact.free_energy_difference(t)
            values = [e.difference[t] for e in evaluations]
            scores = [abs(v.value - exact) / v.standard_error for v in values]
            rows.append(
                {
                    "variant": name,
                    "T": t,
                    "exact": f"{exact:.4f}",
                    "median": f"{median([v.value for v in values]):.4f}",
                    "median stated error": f"{median([v.standard_error for v in values]):.4f}",
                    "largest |z|": f"{max(scores):.1f}",
                    "median ESS fraction": diagnose(
                        "ESS fraction", median([e.ess[t] for e in evaluations]), n=SAMPLES
                    ),
                }
            )
    context.table("Free-energy difference right - left (kT), reweighted", rows)
    context.table(
        "Losses at the end of training, medians over the networks. Verdicts take the median of the "
        "last 100 steps, as one reads a curve with spikes; a mean follows the spikes",
        [
            {
                "variant": name,
                "loss": label,
                "median of the last 100": f"{results.end(name, term):.3f}",
                "mean of the last 50": f"{results.mean_end(name, term):.3f}",
            }
            for name in results.ensembles
            for label, term in LOSSES.items()
            if np.isfinite(results.end(name, term))
        ],
    )
    context.table(
        "Weights at T = 1 (the effective size cannot see a lost state: read it with the coverage)",
        [
            {
                "variant": name,
                "networks": len(results.ensembles[name].members),
                "ended in NaN": results.ensembles[name].nan_count,
                "steps skipped": sum(r.history.skipped for r in results.ensembles[name].members),
                "ESS fraction": diagnose("ESS fraction", results.ess(name), n=SAMPLES),
                "Pareto k-hat": diagnose("k-hat", median([v.pareto_k for v in e])),
                "the largest": diagnose("k-hat", max(v.pareto_k for v in e)),
                "J_KL above bound": f"{results.gap(name):.4f}",
                "basin coverage": f"{median([v.coverage.fraction for v in e]):.4f}",
                "worst basin ratio": f"{median([v.coverage.worst_ratio for v in e]):.2f}",
                "profile RMSE (kT)": f"{results.rmse(name):.3f}",
                "the same, prior at T = 1 alone": f"{median([v.plain_rmse for v in e]):.3f}",
                "estimator error as published": _published_error(e),
                "training energies": results.ensembles[name].members[0].history.energy_evaluations,
            }
            for name, e in results.evaluations.items()
        ],
    )


def what_the_networks_buy(
    context: Context, case: Case, results: Results, data: np.ndarray, n: int = 100_000
) -> None:
    """Weights at T = 1 of the first network of each variant, and of a Gaussian a state."""
    rows = [("a Gaussian a state", gaussian(context, case.system, data, n, parts=2))]
    for name, ensemble in results.ensembles.items():
        drawn = ensemble.use(ensemble.members[0]).sample(n, seed=context.seed + 2)
        rows.append((name, drawn.log_weight))
        context.count_energy_evaluations(n)
    buys_table(
        context,
        "a Gaussian fitted to the data of each state, mixed evenly; exact log Z "
        f"{case.target.exact.log_z(1.0):.4f}",
        [({"proposal, T = 1": name}, log_weight) for name, log_weight in rows],
    )


def _published_error(evaluations: Sequence[Evaluation]) -> str:
    values = [estimators.published_standard_error(e.plain_profile) for e in evaluations]
    return f"{median(values):.3f}"


def add_common_metrics(
    context: Context,
    case: Case,
    results: Results,
    *,
    difference_tolerance: Mapping[str, float],
    temperatures: Sequence[float],
    rmse_tolerance: Mapping[str, float],
    in_errors: Sequence[str],
    calibrated: Sequence[str],
    calibration_samples: int = 16_384,
) -> None:
    """Metrics that every system of figure 2 has.

    Args:
      context: to add them to.
      case: the system.
      results: of `reproduce`.
      difference_tolerance: variant -> accepted error of the free-energy difference, in kT.
      temperatures: at which the difference is checked.
      rmse_tolerance: variant -> accepted RMSE of the profile, in kT.
      in_errors: variants whose difference must lie within three stated errors.
      calibrated: variants whose stated errors must be honest over many evaluations.
      calibration_samples: of each of these evaluations; enough for some to fall into the rarer
        state, as a state without samples has no error to be judged.
    """
    exact = case.target.exact
    for name, tolerance in difference_tolerance.items():
        if name not in results.evaluations:
            continue
        for t in temperatures:
            values = [e.difference[t] for e in results.evaluations[name]]
            value = median([v.value for v in values])
            error = median([v.standard_error for v in values])
            reference = exact.free_energy_difference(t)
            context.add(
                Metric.close(
                    f"{name}: ΔF at T = {t:g} (kT)",
                    value,
                    reference,
                    tolerance,
                    standard_error=error,
                    source="quadrature, boltzmann_tf.exact",
                    justification="a target set before any run; quick: twice as wide",
                )
            )
            if name in in_errors:
                context.add(
                    Metric.within_errors(
                        f"{name}: ΔF at T = {t:g} within three stated errors (kT)",
                        value,
                        error,
                        reference,
                        source="quadrature, boltzmann_tf.exact",
                        justification="three standard errors of one network's estimate",
                    )
                )
    for name, tolerance in rmse_tolerance.items():
        if name in results.evaluations:
            context.add(
                Metric.at_most(
                    f"{name}: RMSE of the profile (kT)",
                    results.rmse(name),
                    tolerance,
                    source="quadrature, boltzmann_tf.exact",
                    justification="a target set before any run; quick: twice as wide",
                )
            )
    scores = []
    for name in calibrated:
        ensemble = results.ensembles[name]
        generator = ensemble.use(ensemble.members[0])
        z = calibration(generator, case.target, samples=calibration_samples)
        context.count_energy_evaluations(calibration_samples * len(z))
        scores.append(z)
        context.add(
            Metric.within(
                f"{name}: standard deviation of 60 z-scores of ΔF",
                float(np.sqrt(np.mean(z**2))),
                0.7,
                1.4,
                reference_kind="exact",
                source="20 evaluation seeds at T = 0.5, 1, 2",
                justification="set before any run; false alarm below 0.1 % for 60 normal scores",
            )
        )
    for name, ensemble in results.ensembles.items():
        context.add(
            Metric.at_most(
                f"{name}: networks that ended in NaN, of {len(ensemble.members)}",
                ensemble.nan_count,
                0,
                source="the published code loses about 1 Müller-Brown run in 6",
                justification="none may",
            )
        )
