"""Tables of `nematic`: how weights and Monte Carlo fared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import sampling
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.baseline import buys_table
from boltzmann_tf.reproductions.nematics.measured import Measured
from boltzmann_tf.reproductions.nematics.simulations import Simulated

__all__ = ["buys", "moves_table", "weights_table"]


def weights_table(context: Context, title: str, measured: Mapping[float, Measured]) -> None:
    """Effective sizes beside tails, bounds of log Z, and what they have cost."""
    rows: list[dict[str, Any]] = []
    for t, m in measured.items():
        row: dict[str, Any] = {
            "T": f"{t:g}",
            "ESS fraction": diagnose("ESS fraction", m.ess, n=len(m.log_weight)),
            "Pareto k-hat": diagnose("k-hat", m.pareto_k),
            "log Z": f"{m.log_z.value:.4f} ± {m.log_z.standard_error:.4f}",
            "log Z - lower bound": f"{m.log_z.value - m.lower:.3f}",
        }
        if m.upper is not None:
            gap = m.upper.value - m.log_z.value
            row["upper bound - log Z"] = f"{gap:.3f} ± {m.upper.standard_error:.3f}"
        if m.system.exact is not None:
            row["exact log Z"] = f"{m.system.exact.log_z(t):.4f}"
        row["energy evaluations so far"] = f"{m.evaluations}"
        rows.append(row)
    context.table(title, rows)


def buys(
    context: Context, measured: Mapping[str, Mapping[float, Measured]], n: int = 20_000
) -> None:
    """Weights of each generator at its ends of temperature, and of free, uniform vectors."""
    rows: list[tuple[dict[str, Any], np.ndarray]] = []
    rng = np.random.default_rng(context.seed)
    for name, by_temperature in measured.items():
        system = by_temperature[min(by_temperature)].system
        vectors = rng.standard_normal((n, system.sites, 3))
        vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
        energy = sampling.vector_energies(vectors, system)
        context.count_energy_evaluations(n)
        for t in (max(by_temperature), min(by_temperature)):
            free = system.sites * np.log(4 * np.pi) - energy / t
            for proposal, log_weight in (
                ("uniform vectors", free),
                ("generator", by_temperature[t].log_weight),
            ):
                rows.append(({"lattice": name, "T": f"{t:g}", "proposal": proposal}, log_weight))
    buys_table(context, "free vectors, uniform in all directions", rows)


def moves_table(context: Context, runs: Mapping[str, Simulated]) -> None:
    """Angles and acceptances of replica exchange on each lattice.

    Args:
      context: of the report.
      runs: name of the lattice -> its run.
    """

    def span(values: np.ndarray) -> dict[str, str]:
        return {"smallest": f"{np.min(values):.2f}", "largest": f"{np.max(values):.2f}"}

    rows = []
    for name, run in runs.items():
        row = {"lattice": name, "T": f"{run.temperatures[0]:.4g} to {run.temperatures[-1]:.4g}"}
        for label, values in (
            ("angle", run.angle),
            ("single moves", run.moves),
            ("exchanges", run.exchanges),
        ):
            row |= {f"{label}, {which}": value for which, value in span(values).items()}
        rows.append(row)
    context.table("Monte Carlo: angles (radians) and shares of moves and exchanges accepted", rows)
    context.text(
        "The largest angle of a single move is tuned at each temperature during the burn-in, "
        "towards an acceptance of one half, and then kept; at pi, where free vectors accept more, "
        "it ends."
    )
