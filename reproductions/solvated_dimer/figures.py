"""The panels of figure 3, each with its reference in the same axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, plotting, sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from reproductions.solvated_dimer.generators import Trained
from reproductions.solvated_dimer.measured import REGIONS, Reweighted, compared, extrema, length
from reproductions.solvated_dimer.published_umbrella import PUBLISHED
from reproductions.solvated_dimer.reference import SYSTEM, Windows

__all__ = [
    "cost_table",
    "show_energies",
    "show_paths",
    "show_pictures",
    "show_profiles",
    "show_temperatures",
    "show_training",
    "weights_table",
]

BOUND = {"walls once": 227.7, "walls twice": 233.5}  # of J_KL, one order of the solvent
SHOWN = (0.7, 2.35)  # d
COLOURS = ("blue", "red", "orange", "green", "purple", "sky")
MARKERS = ("o", "s", "^", "D", "v", "P")


def show_training(context: Context, trained: Mapping[str, Trained]) -> None:
    """Losses with their bounds."""
    runs = {name: t.history.values for name, t in trained.items()}
    terms = {
        "ml": ("J_ML", None, ""),
        "kl": ("J_KL (kT)", BOUND["walls once"], "bound, one order, walls once"),
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
        "(bound 233.5). What is spread along d on purpose lies above it by the free energies it "
        "climbs.",
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

        series = {
            "Monte Carlo": {"x": middles, "y": density(monte_carlo[region]), "color": "black"}
        }
        for name, s in samples.items():
            d = length(s.x)
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
    d = length(samples.x)
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
    d = length(path.x[best])
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
                    "series": {"d": {"x": np.linspace(0, 1, 65), "y": length(fine.x[0])}},
                },
            ],
            panel=(4.4, 3.4),
        ),
        "path_energy.png",
        "A straight line in latent space from a closed to an open configuration of Monte Carlo: "
        f"that with the lowest maximum of {n} at 9 points, as published.",
    )  # fmt: skip
    return float(path.energy[best].max())


def show_profiles(
    context: Context,
    windows: Windows,
    found: Mapping[float, Mapping[str, Reweighted]],
) -> None:
    """F(d) at each temperature from generators, beside umbrella sampling."""
    names = list(dict.fromkeys(name for series in found.values() for name in series))
    # A look for each name, the same at all temperatures, whichever of them are there.
    looks = dict(zip(names, zip(COLOURS, MARKERS, strict=True), strict=False))
    panels = []
    for t, series in found.items():
        reference = windows.profile(t)
        lines = {
            "umbrella sampling": {"x": reference.centers, "y": reference.free_energy,
                                  "color": "black"}
        }  # fmt: skip
        said = PUBLISHED["profile"].get(f"{t:g}")
        if said:
            at = [reference.centers[i] for i in extrema(reference)]
            lines["published figure, read"] = {"x": at, "y": [0.0, *said], "style": "*",
                                               "color": "grey", "ms": 10}  # fmt: skip
        for name, r in series.items():
            p = r.profile
            shift = _offset(p.free_energy, reference.free_energy, p.centers)
            color, marker = looks[name]
            lines[name] = {"x": p.centers, "y": p.free_energy + shift, "error": p.standard_error,
                           "style": marker, "color": color}  # fmt: skip
        top = 1.3 * np.nanmax(reference.free_energy[(reference.centers > 1.2)
                                                    & (reference.centers < 1.8)])  # fmt: skip
        panels.append(
            {
                "labels": ("d", "F(d) (kT)"),
                "title": f"T = {t:g}",
                "series": lines,
                "xlim": SHOWN,
                "ylim": (-0.1 * top, top),
            }
        )
    context.figure(
        plotting.curves(panels, panel=(4.6, 3.8), legend="above"),
        "free_energy.png",
        "Free energy along the dimer's length, reweighted, aligned by its mean over 0.8 < d < 2.2, "
        "with bootstrap errors; of snapshots, with their scatter. Stars: barrier and open minimum "
        "of the published curves, read off figure 3e to half a kT, at the extrema of the "
        "reference.",
    )


def _offset(f: np.ndarray, reference: np.ndarray, d: np.ndarray) -> float:
    use = (d > 0.8) & (d < 2.2) & np.isfinite(f) & np.isfinite(reference)
    return float(np.mean(reference[use] - f[use])) if use.any() else 0.0


def show_temperatures(
    context: Context,
    windows: Windows,
    scanned: Mapping[float, Estimate],
    annealed: Mapping[float, Estimate],
) -> None:
    """F(open) - F(closed) of one generator over temperature, beside umbrella sampling."""
    known = {t: windows.difference(t) for t in windows.ladders}

    def points(found: Mapping[float, Estimate], **look: Any) -> dict[str, Any]:
        value, error = np.array(list(found.values())).T
        return {"x": list(found), "y": value, "error": error, **look}

    series = {
        "umbrella sampling": points(known, style="o", color="black"),
        "ours, alone": points(scanned, style="s-", color="blue"),
    }
    if annealed:
        series["another, hot and tethered, annealed"] = points(annealed, style="D", color="red")
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("T", "F(open) - F(closed) (kT)"),
                    "title": "one generator at many temperatures",
                    "series": series,
                }
            ],
            panel=(5.2, 3.8),
        ),
        "temperatures.png",
        "The generator trained at T = 1 with its prior scaled to each temperature, reweighted "
        "there, with bootstrap errors, which are too small where few weights carry the sum.",
    )


def weights_table(context: Context, found: Mapping[float, Mapping[str, Reweighted]]) -> None:
    """Weights and free-energy differences of generators, alone and annealed."""
    rows = []
    for t, series in found.items():
        for name, r in series.items():
            rows.append(
                {
                    "T": f"{t:g}",
                    "generator": name,
                    "F(open) - F(closed) (kT)": f"{r.difference.value:.3f} ± "
                    f"{r.difference.standard_error:.3f}",
                    "ESS fraction": f"{r.ess:.2g}",
                    "of the spread target": f"{r.spread_ess:.2g}",
                    "k-hat": f"{r.pareto_k:.2f}",
                    "energies": f"{r.energies:,}",
                }
            )
    context.table("Weights", rows)


def cost_table(
    context: Context, windows: Windows, annealed: Mapping[float, Reweighted]
) -> dict[float, float]:
    """Energies of annealing and of umbrella sampling at the same error; returns their ratios."""
    rows, ratios = [], {}
    for t, r in annealed.items():
        reference = windows.profile(t)
        use = compared(reference.centers)
        stated, known = (
            float(np.sqrt(np.mean(p.standard_error[use] ** 2))) for p in (r.profile, reference)
        )
        # Stated errors of heavy-tailed weights are too small: the larger of the two counts.
        actual = estimators.profile_rmse(r.profile, reference.free_energy, mask=use)
        own = max(stated, actual)
        energies = windows.ladders[t].energies
        equal = energies * (known / own) ** 2
        ratios[t] = r.energies / equal
        rows.append(
            {
                "T": f"{t:g}",
                "annealing: energies": f"{r.energies:,}",
                "RMS error of F(d), stated (kT)": f"{stated:.3f}",
                "to umbrella sampling (kT)": f"{actual:.3f}",
                "umbrella sampling: energies": f"{energies:,}",
                "its RMS error (kT)": f"{known:.3f}",
                "its energies at the error of annealing": f"{equal:,.0f}",
                "ratio": f"{ratios[t]:.2g}",
            }
        )
    context.table("Annealing and umbrella sampling, training not counted", rows)
    return ratios
