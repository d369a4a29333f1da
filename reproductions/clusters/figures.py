"""Histograms of a cluster's energies and distances, the generator beside Monte Carlo."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters.case import Case
from boltzmann_tf.reproductions.clusters.generated import Generated
from boltzmann_tf.reproductions.clusters.reference import Reference

__all__ = ["show_distances", "show_energies", "show_training"]

REFERENCE = "Monte Carlo"


def _curve(edges: np.ndarray, shares: np.ndarray, **options: Any) -> dict[str, Any]:
    """A density from the shares of bins."""
    return {"x": 0.5 * (edges[1:] + edges[:-1]), "y": shares / np.diff(edges), **options}


def _panels(
    edges: np.ndarray,
    reference: dict[str, dict[str, Any]],
    generated: dict[str, np.ndarray],
    labels: tuple[str, str],
) -> list[dict[str, Any]]:
    """As generated, and reweighted; what the reference reaches is what is shown."""
    top = 1.35 * max(float(np.max(curve["y"])) for curve in reference.values())
    return [
        {
            "title": title,
            "labels": labels,
            "series": reference | {"generator": _curve(edges, shares, color="red", lw=1.2)},
            "ylim": (0, top),
        }
        for title, shares in generated.items()
    ]


def _weights(generated: Generated) -> dict[str, np.ndarray | None]:
    """By the titles of their panels, which say of how many samples a curve really is."""
    w = estimators.normalized_weights(generated.samples.log_weight)
    effective = 1 / np.sum(w**2)
    return {"as generated": None, f"reweighted: {effective:.0f} of {w.size:,} effective": w}


def show_energies(context: Context, case: Case, reference: Reference, generated: Generated) -> None:
    """Energies of both."""
    edges, energy = case.energies, generated.samples.energy
    shares = {
        title: np.histogram(energy, edges, weights=w)[0] / (len(energy) if w is None else 1)
        for title, w in _weights(generated).items()
    }
    panels = _panels(
        edges,
        {REFERENCE: _curve(edges, reference.energies.mean(axis=0), color="black")},
        shares,
        ("u (kT)", "probability density (1/kT)"),
    )
    context.figure(
        plotting.curves([*panels, _whole(reference.energy, energy)], legend="above"),
        "energies.png",
        f"Energies. Of what is generated, {np.sum(shares['as generated']):.1%} has an energy in "
        "the range of the first two panels; the third shows all of it. Weights of few effective "
        "samples leave single spikes.",
    )


def _whole(reference: np.ndarray, energy: np.ndarray) -> dict[str, Any]:
    """Energies of all sizes: those of clashes are beyond any linear axis."""
    parts = {REFERENCE: reference.ravel(), "generator": energy[np.isfinite(energy)]}
    lowest = min(float(u.min()) for u in parts.values()) - 1.0
    logs = {name: np.log10(u - lowest) for name, u in parts.items()}
    edges = np.linspace(0, min(12.0, max(float(v.max()) for v in logs.values())), 81)
    return {
        "title": "as generated, all of it",
        "labels": (f"log10 (u + {-lowest:.1f} kT)", "probability density"),
        "series": {
            name: _curve(edges, np.histogram(v, edges)[0] / v.size, color=color)
            for (name, v), color in zip(logs.items(), ("black", "red"), strict=True)
        },
    }


def show_distances(
    context: Context, case: Case, reference: Reference, generated: Generated
) -> None:
    """Distances of pairs of both, and by quadrature where there is one."""
    edges = case.distances
    d = case.system.pair_distances(generated.samples.x).numpy()
    shares = {
        title: np.histogram(
            d, edges, weights=None if w is None else np.repeat(w[:, None], d.shape[1], axis=1)
        )[0]
        / (d.size if w is None else d.shape[1])
        for title, w in _weights(generated).items()
    }
    known = {REFERENCE: _curve(edges, reference.distances.mean(axis=0), color="black")}
    said = "Distances of pairs."
    if case.system.exact is not None:
        known[REFERENCE] |= {"style": "o", "ms": 3.5, "color": "blue"}
        exact = case.system.exact.pair_probabilities(edges)
        known = {"exact": _curve(edges, exact, color="black", lw=1.4)} | known
        said += " Errors of Monte Carlo are smaller than its points."
    context.figure(
        plotting.curves(
            _panels(edges, known, shares, ("d", "probability density")), legend="above"
        ),
        "distances.png",
        said,
        thumbnail=True,
    )


def show_training(context: Context, case: Case, generated: Generated) -> None:
    """Losses of the generator."""
    history = generated.run.history
    context.figure(
        plotting.convergence(
            {"couplings": history.values},
            {"ml": ("J_ML", None, ""), "kl": ("J_KL (kT)", None, "")},
            stage_start={"couplings": history.stage_ends[0]},
        ),
        "training.png",
        "Losses by example and by energy; dotted: where the energy comes in.",
    )
