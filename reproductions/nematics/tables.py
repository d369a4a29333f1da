"""Tables of `nematic`: how weights and Monte Carlo fared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf import sampling
from boltzmann_tf.estimators import Extrapolation, extrapolate_peaks
from boltzmann_tf.reproduction import Context, weight_columns
from boltzmann_tf.reproductions.nematics.measured import Lattice
from boltzmann_tf.reproductions.nematics.simulations import Peaks


def weights(context: Context, title: str, found: Lattice) -> None:
    """Effective sizes beside tails, bounds of log Z, and what they have cost."""
    rows: list[dict[str, Any]] = []
    for t, m in found.measured.items():
        row = {"T": f"{t:g}"} | weight_columns(m.log_weight)
        row["log Z - lower bound"] = f"{m.log_z.value - np.mean(m.log_weight):.3f}"
        if m.upper is not None:
            gap = m.upper._replace(value=m.upper.value - m.log_z.value)
            row["upper bound - log Z"] = f"{gap:.3f}"
        if found.system.exact is not None:
            row["exact log Z"] = f"{found.system.exact.log_z(t):.4f}"
        row["energy evaluations so far"] = f"{m.evaluations}"
        rows.append(row)
    context.table(title, rows)


def buys(context: Context, lattices: Sequence[Lattice], n: int = 20_000) -> None:
    """Weights of each generator at its ends of temperature, and of free, uniform vectors."""
    rows: list[tuple[dict[str, Any], np.ndarray]] = []
    rng = np.random.default_rng(context.seed_of("free vectors"))
    for found in lattices:
        system, measured = found.system, found.measured
        vectors = rng.standard_normal((n, system.sites, 3))
        vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
        energy = sampling.vector_energies(vectors, system)
        for t in (max(measured), min(measured)):
            free = system.sites * np.log(4 * np.pi) - energy / t
            for proposal, log_weight in (
                ("uniform vectors", free),
                ("generator", measured[t].log_weight),
            ):
                row = {"lattice": found.name, "T": f"{t:g}", "proposal": proposal}
                rows.append((row, log_weight))
    context.buys_table("free vectors, uniform in all directions", rows)


def what_limits(context: Context, cubic: Sequence[Lattice]) -> None:
    """The spread of log-weights, in all and over sqrt(N), beside the smallest effective sample."""
    rows = []
    for found in cubic:
        each = {t: float(np.std(m.log_weight)) for t, m in found.measured.items()}
        worst = max(each, key=lambda t: each[t])
        row = {
            "L": f"{found.system.length}",
            "vectors": f"{found.system.sites}",
            "largest SD of log w": f"{each[worst]:.2f}",
            "at T": f"{worst:g}",
            "SD / sqrt(N)": f"{each[worst] / found.system.sites**0.5:.3f}",
            "smallest ESS": f"{min(m.ess for m in found.measured.values()):.3f}",
        }
        rows.append(row)
    context.table("What limits the effective sample size", rows)
    context.text(
        "The log-weight is a sum of what each vector's density is off, given the vectors before "
        "it: the true conditional density of a vector has integrated out all vectors after it, "
        "with the directions of the earlier ones seen in their whole pattern, and the flow knows "
        "of them one tensor. These errors add, so the variance of log w grows with the number of "
        "vectors (it would be N times a constant if they were independent and alike), and the "
        "effective fraction falls as exp(-variance) where it is large."
    )


def peaks(context: Context, larger: Peaks, fit: Extrapolation) -> None:
    """The heat-capacity peaks, and what the straight line through them says."""
    rows = [
        {"L": f"{n}", "T of the peak": f"{c.position:.4f}", "C a site there": f"{c.height:.2f}"}
        for n, (_, c) in larger.items()
    ]
    context.table("Heat-capacity peaks", rows)
    chi = "" if np.isnan(fit.chi_square) else f" (chi^2 a degree {fit.chi_square:.2f})"
    without = ""
    if len(larger) > 2:
        rest = {n: c.position for n, (_, c) in larger.items() if n != min(larger)}
        other = extrapolate_peaks(rest, dimension=3).transition
        without = f"; without L = {min(larger)}, {other:.4f}"
    context.text(
        f"T_peak(L) = T_NI + a / L^3 gives T_NI = {fit.transition:.4f}{chi}{without}. The "
        "error is widened by the root of chi^2 a degree where that is above one. The transition "
        "is of first order, if weakly so: two phases whose free energies differ by kT / L^3 a "
        "site are rounded and shifted by as much. The power is an asymptotic one; in lattices "
        "smaller than the correlation length at the transition it need not hold, which is why "
        "the tolerance is wider than the stated error."
    )


def moves(
    context: Context,
    lattices: Sequence[Lattice],
    larger: Peaks,
) -> None:
    """Angles and acceptances of replica exchange on each lattice."""
    runs = {found.name: found.simulated for found in lattices}
    runs |= {f"cubic, L = {n}, about its peak": run for n, (run, _) in larger.items()}
    rows = []
    for name, run in runs.items():
        row = {"lattice": name, "T": f"{run.temperatures[0]:.4g} to {run.temperatures[-1]:.4g}"}
        each = {"angle": run.angle, "single moves": run.moves, "exchanges": run.exchanges}
        for label, values in each.items():
            row[f"{label}, smallest"] = f"{np.min(values):.2f}"
            row[f"{label}, largest"] = f"{np.max(values):.2f}"
        rows.append(row)
    context.table("Monte Carlo: angles (radians) and shares of moves and exchanges accepted", rows)
    context.text(
        "The largest angle of a single move is tuned at each temperature during the burn-in, "
        "towards an acceptance of one half, and then kept; at pi, where free vectors accept more, "
        "it ends."
    )
