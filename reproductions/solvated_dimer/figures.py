"""The panels of figure 3, each with its reference in the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, plotting, sampling
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.measured import REGIONS
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.reproductions.solvated_dimer.reference import SYSTEM
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = [
    "show_energies",
    "show_paths",
    "show_pictures",
    "show_training",
]


def show_training(context: Context, trained: Mapping[str, Trained]) -> None:
    """Losses with their bounds."""
    runs = {name: t.history.values for name, t in trained.items()}
    terms = {
        "ml": ("J_ML", None, ""),
        "kl": ("J_KL (kT)", PUBLISHED["bound"]["walls once"], "bound, one order, walls once"),
        "rc": ("J_RC", 11 * np.log(11), "minimum"),
    }
    if "published" not in trained:
        del terms["rc"]
    context.figure(
        plotting.convergence(
            runs,
            terms,
            # Where there is no training by example, the energy is there from the start.
            stage_start={
                n: t.history.stage_ends[0]
                for n, t in trained.items()
                if len(t.history.stage_ends) > 1
            },
            windows={"ml": (-170, 0), "kl": (220, 400), "rc": (26, 34)},
            legend="above",
        ),
        "training.png",
        "Losses; dotted: where the energy comes in. The bound of J_KL holds for one order of the "
        "solvent with the walls counted once; the published training energy counts them twice "
        f"(bound {PUBLISHED['bound']['walls twice']}). What is spread along d on purpose lies "
        "above it by the free energies it climbs.",
    )


def show_energies(
    context: Context,
    samples: Mapping[str, Samples],
    monte_carlo: Mapping[str, np.ndarray],
) -> None:
    """Energies of generated configurations by region, beside Monte Carlo."""
    edges = np.linspace(20, 130, 111)
    middles = 0.5 * (edges[1:] + edges[:-1])
    panels = []
    for region, (low, high) in REGIONS.items():

        def density(u: np.ndarray) -> np.ndarray:
            return np.histogram(u, edges)[0] / max(len(u), 1) / np.diff(edges)

        series: dict[str, dict[str, Any]] = {
            "Monte Carlo": {"x": middles, "y": density(monte_carlo[region]), "color": "black"}
        }
        for name, s in samples.items():
            d = dimer_distance(s.x)
            u = s.energy[(d > low) & (d <= high)]
            series[f"{name} ({len(u) / len(d):.0%} of samples)"] = {"x": middles, "y": density(u)}
        said = f"{low:g} < d < {high:g}" if np.isfinite(high) else f"d > {low:g}"
        panels.append(
            {
                "labels": ("u (kT)", "probability density (1/kT)"),
                "title": f"{region}, {said}",
                "series": series,
                "ylim": (0, 1.5 * max(line["y"].max() for line in series.values())),
            }
        )
    context.figure(
        plotting.curves(panels, panel=(4.4, 3.4)),
        "energies.png",
        "Energies of generated configurations, not reweighted, beside Monte Carlo at T = 1; in the "
        "transition region Monte Carlo is held at lengths spread evenly, as the generator's are.",
    )


def show_pictures(context: Context, samples: Samples, diameter: float = 0.9) -> None:
    """Generated configurations of each region, energies in the titles."""
    d = dimer_distance(samples.x)
    rows, titles = {}, {}
    for region, (low, high) in REGIONS.items():
        which = np.flatnonzero((d > low) & (d <= high))[:5]
        rows[region] = samples.x[which]
        titles[region] = [f"d = {d[i]:.2f}, u = {samples.energy[i]:.0f} kT" for i in which]
    context.figure(
        plotting.particle_pictures(rows, titles, diameter=diameter, box=SYSTEM.box),
        "configurations.png",
        "The first generated configurations of each region, as drawn from the prior; dimer in red, "
        "walls dotted.",
        thumbnail=True,
    )


def show_paths(
    context: Context, generator: BoltzmannGenerator, closed: np.ndarray, opened: np.ndarray
) -> float:
    """The best of many straight lines in latent space; returns its highest energy."""
    n = min(len(closed), len(opened), 2000)
    path = sampling.interpolate(generator, closed[:n], opened[:n], n_points=9)
    best = int(np.argmin(path.energy.max(axis=1)))
    d = dimer_distance(path.x[best])
    fine = sampling.interpolate(
        generator, closed[best : best + 1], opened[best : best + 1], n_points=65
    )
    context.figure(
        plotting.particle_pictures(
            {"path": path.x[best][::2]},
            {"path": [f"d = {a:.2f}, u = {b:.0f} kT"
                      for a, b in zip(d[::2], path.energy[best][::2], strict=True)]},
            diameter=0.9,
            box=SYSTEM.box,
        ),
        "path.png",
        "Every other point of the path below.",
    )  # fmt: skip
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("position on the path", "u (kT)"),
                    "title": f"best of {n} paths",
                    "series": {
                        "energy": {"x": np.linspace(0, 1, 65), "y": fine.energy[0]},
                        "its 9 points": {"x": np.linspace(0, 1, 9), "y": path.energy[best],
                                         "style": "o"},
                    },
                },
                {
                    "labels": ("position on the path", "d"),
                    "title": "length of the dimer",
                    "series": {"d": {"x": np.linspace(0, 1, 65), "y": dimer_distance(fine.x[0])}},
                },
            ],
            panel=(4.4, 3.4),
        ),
        "path_energy.png",
        "A straight line in latent space from a closed to an open configuration of Monte Carlo: "
        f"that with the lowest maximum of {n} at 9 points, as published.",
    )  # fmt: skip
    return float(path.energy[best].max())
