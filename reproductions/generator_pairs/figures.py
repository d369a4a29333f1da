"""The figures of `two_generators`: differences over temperature, and convergence; a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.training import Ensemble

__all__ = ["show_differences", "show_losses", "what_the_networks_buy"]

MARKERS = ("s", "D", "o")


def show_differences(
    context: Context,
    cases: Sequence[Any],
    results: Mapping[str, Mapping[float, Mapping[str, Estimate]]],
) -> None:
    """The difference over temperature by each estimator, and its error.

    Args:
      context: of the report.
      cases: the systems, each with `name`, `system` and `scanned`.
      results: name -> temperature -> estimator -> estimate, of one pair of networks.
    """
    panels: list[dict[str, Any]] = []
    for case in cases:
        t = np.array(case.scanned)
        found = [results[case.name][float(s)] for s in t]
        fine = np.geomspace(t[0], t[-1], 60)
        exact, curve = (
            np.array([case.system.exact.free_energy_difference(float(s)) for s in grid])
            for grid in (t, fine)
        )
        for title, offset, reference, ylim in (
            (case.name, 0 * t, (fine, curve), None),
            (f"{case.name}: minus exact", exact, (t, 0 * t), (-0.3, 0.3)),
        ):
            series: dict[str, Any] = {
                kind: {
                    "x": t,
                    "y": np.array([f[kind].value for f in found]) - offset,
                    "error": np.array([f[kind].standard_error for f in found]),
                    "style": style,
                }
                for kind, style in zip(found[0], MARKERS, strict=True)
            }
            x, y = reference
            series["exact"] = {"x": x, "y": y, "style": "-", "color": "black"}
            quantity = "F(right) - F(left)" if ylim is None else "error of the difference"
            panels.append(
                {
                    "labels": ("T", f"{quantity} (kT)"),
                    "title": title,
                    "series": series,
                    **({} if ylim is None else {"ylim": ylim}),
                }
            )
    context.figure(
        plotting.curves(panels, columns=2, panel=(4.8, 3.5)),
        "free_energy_differences.png",
        "Figure 6c,d: free-energy difference between states from two generators that each saw one "
        "of them, over temperature, by the first pair of networks. The statistical errors of the "
        "two differences of bounds do not contain the difference of the two Kullback-Leibler "
        "divergences; the reweighted estimate has no such error.",
        thumbnail=True,
    )


def show_losses(
    context: Context, cases: Sequence[Any], ensembles: Mapping[str, Mapping[str, Ensemble]]
) -> None:
    """J_KL of each generator of the first pair with its exact bound.

    Args:
      context: of the report.
      cases: the systems, each with `name`, `system` and the training `temperatures`.
      ensembles: name -> state -> networks.
    """
    losses: list[dict[str, Any]] = []
    for case in cases:
        for state, ensemble in ensembles[case.name].items():
            history = ensemble.members[0].history
            bound = np.mean(
                [case.system.exact.optimal_kl_loss(t, state) for t in case.temperatures]
            )
            steps = np.arange(len(history))
            losses.append(
                {
                    "labels": ("iteration", "J_KL (kT), mean over T"),
                    "title": f"{case.name}, {state} generator",
                    "ylim": (bound - 0.6, bound + 3.0),
                    "series": {
                        "J_KL": {"x": steps, "y": history["kl"], "lw": 0.8},
                        "bound of this state (exact)": {
                            "x": [200, len(history)],
                            "y": [bound, bound],
                            "style": "--",
                            "color": "black",
                        },
                    },
                }
            )
    context.figure(
        plotting.curves(losses, columns=2, panel=(4.8, 3.0)),
        "convergence.png",
        "Energy loss of the first pair, averaged over the training temperatures, with the exact "
        "bound of a generator that stays in its state.",
    )


def without_networks(context: Context, case: Any, temperature: float, n: int) -> Estimate:
    """F(right) - F(left) in kT from a Gaussian a state, reweighted within the states."""
    drawn = [
        gaussian_baseline(case.system, case.data(s, 0), n, temperature=temperature, seed=i)
        for i, s in enumerate(("left", "right"))
    ]
    context.count_energy_evaluations(2 * n)
    inside = [case.inside(d.x)[i] for i, d in enumerate(drawn)]
    return estimators.reweighted_difference(*(d.log_weight for d in drawn), *inside)


def what_the_networks_buy(
    context: Context,
    cases: Sequence[Any],
    results: Mapping[str, Sequence[Mapping[float, Mapping[str, Estimate]]]],
    temperatures: Sequence[float],
    samples: int,
) -> None:
    """Reweighted differences of the first pair of networks and of two Gaussians.

    Args:
      context: of the report.
      cases: the systems, each with `name`, `system`, `data` and `inside`.
      results: name -> for each pair of networks, temperature -> estimator -> estimate.
      temperatures: shown.
      samples: of each state, as the networks drew.
    """
    rows = []
    for case in cases:
        for t in temperatures:
            exact = case.system.exact.free_energy_difference(t)
            row = {"system": case.name, "T": f"{t:g}", "exact": f"{exact:.4f}"}
            for name, found in (
                ("two Gaussians", without_networks(context, case, t, samples)),
                ("two networks", results[case.name][0][t]["reweighted"]),
            ):
                row[name] = f"{found.value:.4f} ± {found.standard_error:.4f}"
                row[f"{name}, error"] = f"{found.value - exact:+.4f}"
            rows.append(row)
    context.table(
        "What the networks buy: F(right) - F(left) in kT, reweighted within each state, from "
        f"{samples:,} samples a state of a Gaussian fitted to its data and of a network",
        rows,
    )
