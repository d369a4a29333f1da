"""The reference of the dimer in the report: profiles, the published windows, diagnostics."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.solvated_dimer.hamiltonian_exchange import Exchange
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import (
    PUBLISHED,
    read_as_published,
    window_free_energies,
)
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, Windows

__all__ = ["explain", "published_table", "show_umbrella", "umbrella_table"]

SHOWN = (0.7, 2.35)  # d
PUBLISHED_CENTRES = np.array(PUBLISHED["umbrella"]["centres"])


def show_umbrella(context: Context, windows: Windows) -> None:
    """Profiles at all temperatures beside the published windows."""
    panels = [_profiles(windows), _published_windows(windows)]
    said = (
        "Left: F(d) by umbrella sampling with window exchange, jackknife errors. Next to it: free "
        "energies of the published windows at T = 1, from the authors' data and from our profile."
    )
    if len(windows.by_temperature) > 1:
        panels.append(_published_differences(windows))
        said += (
            " Right: differences from window free energies; crosses: what one gets where the "
            "sampler divides energy and bias by T, the ratios between windows use the bias "
            "undivided, and the result is divided by T. At T = 1 both readings are one."
        )
    context.figure(plotting.curves(panels, panel=(4.4, 3.6)), "umbrella.png", said)


def _profiles(windows: Windows) -> dict[str, Any]:
    series = {}
    for t in windows.by_temperature:
        p = windows.profile(t)
        line = {"x": p.centers, "y": p.free_energy, "error": p.standard_error, "style": ".-"}
        series[f"T = {t:g}"] = line
    return {
        "labels": ("d", "F(d) (kT)"),
        "title": "umbrella sampling",
        "series": series,
        "xlim": SHOWN,
        "ylim": (-1, 50 if len(series) > 1 else 25),
    }


def _published_windows(windows: Windows) -> dict[str, Any]:
    said = PUBLISHED["umbrella"]
    ours = window_free_energies(windows.by_temperature[1.0], PUBLISHED_CENTRES)
    published = np.array(said["free_energy"])
    return {
        "labels": ("window centre", "F of the window (kT)"),
        "title": "published windows, T = 1",
        "series": {
            "published, six half-loops": {
                "x": PUBLISHED_CENTRES,
                "y": published - np.mean(published - ours),
                "error": said["deviation"],
                "color": "black",
            },
            "ours, the same windows": {"x": PUBLISHED_CENTRES, "y": ours},
        },
    }


def _published_differences(windows: Windows) -> dict[str, Any]:
    published = PUBLISHED["umbrella_differences"]["values"]
    ts = [t for t in windows.by_temperature if f"{t:g}" in published]
    readings = [read_as_published(windows.by_temperature[t], t, PUBLISHED_CENTRES) for t in ts]
    values = [published[f"{t:g}"] for t in ts]
    return {
        "labels": ("T", "F(open) - F(closed) from windows (kT)"),
        "title": "the published points at T ≠ 1",
        "series": {
            "published": {
                "x": ts,
                "y": np.mean(values, axis=1),
                "error": np.std(values, axis=1, ddof=1),
                "color": "black",
            },
            "ours, bias divided by T": {"x": ts, "y": [r.right for r in readings], "style": "s"},
            "ours, bias undivided in the ratios": {
                "x": ts,
                "y": [r.as_published for r in readings],
                "style": "x",
                "ms": 9,
            },
        },
        "yscale": "log",
    }


def published_table(context: Context, windows: Windows) -> None:
    """The published differences at each temperature beside both readings of our profiles."""
    published = PUBLISHED["umbrella_differences"]["values"]
    rows = []
    for t, umbrella in windows.by_temperature.items():
        if f"{t:g}" not in published:
            continue
        values = published[f"{t:g}"]
        reading = read_as_published(umbrella, t, PUBLISHED_CENTRES)
        rows.append(
            {
                "T": f"{t:g}",
                "published, three repeats": _said(np.mean(values), np.std(values, ddof=1)),
                "ours, bias divided by T": f"{reading.right:.3f}",
                "ours, bias undivided in the ratios": f"{reading.as_published:.3f}",
            }
        )
    context.table("F(open) - F(closed) from window free energies, kT", rows)


def explain(context: Context, windows: Windows, other: Exchange) -> None:
    """The second method, and what the published points at T other than 1 are."""
    rates = other.acceptance
    context.text(
        "Without a bias, by Hamiltonian replica exchange and MBAR, F(open) - F(closed) at T = 1 is "
        f"{_said(*other.difference)} kT: {_said(*other.from_closed)} from the ladders that started "
        f"closed, {_said(*other.from_open)} from those that started open. Exchanges between "
        f"neighbours are accepted at rates from {rates.min():.2f} to {rates.max():.2f}."
    )
    known = PUBLISHED["umbrella_differences"]["values"]
    cold = [t for t in windows.ladders if t != 1 and f"{t:g}" in known]
    if not cold:
        return
    parts = []
    for t in cold:
        reading = read_as_published(windows.by_temperature[t], t, PUBLISHED_CENTRES)
        parts.append(
            f"at T = {t:g} they say {np.mean(known[f'{t:g}']):.2f} kT, where {reading.right:.2f} "
            f"is right, and {reading.as_published:.2f} what comes of a bias that is not divided by "
            "T in the ratios between windows"
        )
    context.text(
        "**The published umbrella points at T other than 1 are no reference:** "
        + "; ".join(parts)
        + "."
    )


def umbrella_table(context: Context, windows: Windows) -> None:
    """How the sampling fared: ladders, two halves, acceptance, exchanges, autocorrelation."""
    rows = []
    for t, own in windows.ladders.items():
        d = own.info.distance
        tau: list[Any] = [estimators.autocorrelation_time(d[:, k]) for k in range(d.shape[1])]
        half = d.shape[2] // 2
        halves = [own.part(0, half), own.part(half, d.shape[2])]
        rows.append(
            {
                "T": f"{t:g}",
                "F(open) - F(closed) (kT)": _said(*windows.difference(t)),
                "each ladder alone": ", ".join(
                    f"{u.free_energy_difference(CUT).value:.2f}" for u in own.each
                ),
                "first half, second half": ", ".join(
                    f"{u.free_energy_difference(CUT).value:.3f}" for u in halves
                ),
                "windows": str(own.centres.size),
                "energies": f"{own.energies:.3g}",
                "acceptance of moves": f"{own.info.acceptance.mean():.2f}",
                "least of exchanges": f"{np.nanmin(own.info.exchange):.2f}",
                "with the next temperature": _rate(own.info.temperature_exchange),
                "longest autocorrelation of d (rounds)": diagnose(
                    "autocorrelation time", float(np.max(tau)), n=d.shape[0] * d.shape[2]
                ),
            }
        )
    context.table(f"Umbrella sampling, {windows.seconds:.0f} s in all", rows)


def _rate(values: np.ndarray) -> str:
    return f"{np.nanmean(values):.2f}" if np.isfinite(values).any() else "–"


def _said(value: float, error: float) -> str:
    return f"{value:.3f} ± {error:.3f}"
