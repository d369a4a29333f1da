"""Free energies along the dimer's length and over temperature, with the weights behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.solvated_dimer.measured import Reweighted, compared, extrema
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import PUBLISHED
from boltzmann_tf.reproductions.solvated_dimer.reference import Windows

__all__ = ["cost_table", "show_profiles", "show_temperatures", "weights_table"]

SHOWN = (0.7, 2.35)  # d
COLOURS = ("blue", "red", "orange", "green", "purple", "sky")
MARKERS = ("o", "s", "^", "D", "v", "P")


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
                    "ESS fraction": diagnose("ESS fraction", r.ess, n=r.samples),
                    "of the spread target": f"{r.spread_ess:.2g}",
                    "k-hat": diagnose("k-hat", r.pareto_k),
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
