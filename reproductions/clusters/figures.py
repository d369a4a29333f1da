"""The figures of a cluster: energies and distances of the generator beside Monte Carlo, losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.clusters.generators import Generated
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.simulations import Reference, histogram

DENSITY = "probability density"


def energies(context: Context, plan: Plan, reference: Reference, generated: Generated) -> None:
    """Energies of both."""
    edges, energy = plan.energies, generated.samples.energy
    known = [histogram(edges, reference.energies, style="-")]
    panels = _panels(("u (kT)", f"{DENSITY} (1/kT)"), edges, known, energy, generated)
    inside = np.mean((energy >= edges[0]) & (energy <= edges[-1]))
    context.figure(
        plotting.curves([*panels, _whole(reference.energy, energy)], legend="above"),
        "energies.png",
        f"Energies. Of what is generated, {inside:.1%} has an energy in the range of the first two "
        "panels; the third shows all of it. Weights of few effective samples leave single spikes.",
    )


def distances(context: Context, plan: Plan, reference: Reference, generated: Generated) -> None:
    """Distances of pairs of both, and by quadrature where there is one."""
    edges, exact, said = plan.distances, plan.system.exact, "Distances of pairs."
    known = [histogram(edges, reference.distances, style="-" if exact is None else "")]
    if exact is not None:
        known.insert(0, Series("exact", known[0].x, exact.pair_probabilities(edges)))
        said += " Errors of Monte Carlo are smaller than its points."
    d = plan.system.pair_distances(generated.samples.x).numpy()
    panels = _panels(("d", DENSITY), edges, known, d, generated)
    context.figure(plotting.curves(panels, legend="above"), "distances.png", said, thumbnail=True)


def training(context: Context, generated: Generated) -> None:
    """Losses of the generator."""
    history = generated.history
    terms = {"ml": ("J_ML", None, ""), "kl": ("J_KL (kT)", None, "")}
    start = {"couplings": history.stage_ends[0]}
    context.figure(
        plotting.convergence({"couplings": history.values}, terms, stage_start=start),
        "training.png",
        "Losses by example and by energy; dotted: where the energy comes in.",
    )


def _panels(
    labels: tuple[str, str],
    edges: np.ndarray,
    known: Sequence[Series],
    values: np.ndarray,
    generated: Generated,
) -> list[Panel]:
    """Densities as generated, and reweighted; what the known ones reach is what is shown."""
    known = [series * (1 / np.diff(edges)) for series in known]
    ylim = (0, 1.35 * max(series.value.max() for series in known))
    w = estimators.normalized_weights(generated.samples.log_weight)
    reweighted = f"reweighted: {1 / np.sum(w**2):.0f} of {w.size:,} effective"
    return [
        Panel(*labels, [*known, _line("generator", values, edges, weights)], title, ylim=ylim)
        for title, weights in {"as generated": None, reweighted: w}.items()
    ]


def _whole(reference: np.ndarray, energy: np.ndarray) -> Panel:
    """Energies of all sizes: those of clashes are beyond any linear axis."""
    parts = {"Monte Carlo": reference.ravel(), "generator": energy[np.isfinite(energy)]}
    lowest = min(float(u.min()) for u in parts.values()) - 1.0
    logs = {source: np.log10(u - lowest) for source, u in parts.items()}
    edges = np.linspace(0, min(12.0, max(float(v.max()) for v in logs.values())), 81)
    lines = [_line(source, v, edges) for source, v in logs.items()]
    return Panel(f"log10 (u + {-lowest:.1f} kT)", DENSITY, lines, "as generated, all of it")


def _line(source: str, values: np.ndarray, edges: np.ndarray, weights: Any = None) -> Series:
    return Series.density(source, values, edges, weights=weights, style="-")
