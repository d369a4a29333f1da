"""The figures of `dimer` and of `free_energies`, each result beside its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import plotting
from boltzmann_tf.estimators import Estimate, align_profile, profile_extrema
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.solvated_dimer import measured
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import (
    CENTRES,
    PUBLISHED,
    STIFFNESS,
    readings,
)
from boltzmann_tf.reproductions.solvated_dimer.reference import SYSTEM, Windows
from boltzmann_tf.samples import Samples
from boltzmann_tf.sampling import Path
from boltzmann_tf.systems.solvated_dimer import dimer_distance

SHOWN = (0.7, 2.35)  # d
DIAMETER = 0.9  # of the particles as drawn
DIFFERENCE = "F(open) - F(closed) (kT)"
LOOKS = tuple(zip("os^DvP", ("blue", "red", "orange", "green", "purple", "sky"), strict=True))


def umbrella(context: Context, windows: Windows) -> None:
    """Profiles at all temperatures beside the published windows."""
    each = []
    for t in windows.joined:
        p, kind = windows.profile(t), f"T = {t:g}"
        f, error = p.free_energy, p.standard_error
        each.append(Series("umbrella sampling", p.centers, f, error, kind=kind, style=".-"))
    top = 50 if len(each) > 1 else 25
    own = windows.joined[1.0].biased_free_energies(CENTRES, STIFFNESS)
    said = PUBLISHED["umbrella"]
    f = said["free_energy"] - np.mean(said["free_energy"] - own)
    look: dict[str, Any] = {"style": "v", "color": "grey"}
    series = [
        Series("ours, the same windows", CENTRES, own, color="black"),
        Series("published, six half-loops", CENTRES, f, said["deviation"], size=6, **look),
    ]
    panels = [
        Panel("d", "F(d) (kT)", each, "umbrella sampling", SHOWN, (-1, top)),
        Panel("window centre", "F of the window (kT)", series, "published windows, T = 1"),
    ]
    caption = (
        "Left: F(d) by umbrella sampling with window exchange, jackknife errors. Next to it: free "
        "energies of the published windows at T = 1, from the authors' data and from our profile."
    )
    if len(each) > 1:
        read = readings(windows.joined)
        right, undivided = "ours, bias divided by T", "ours, bias undivided in the ratios"
        series = [
            Series.over("published", read, "published", **look),
            Series.over(right, read, "right", style="s", color="black"),
            Series.over(undivided, read, "as_published", style="x", color="red", size=9),
        ]
        y, title = "F(open) - F(closed) from windows (kT)", "the published points at T ≠ 1"
        panels.append(Panel("T", y, series, title, yscale="log"))
        caption += (
            " Right: differences from window free energies; crosses: what one gets where the "
            "sampler divides energy and bias by T, the ratios between windows use the bias "
            "undivided, and the result is divided by T. At T = 1 both readings are one."
        )
    context.figure(plotting.curves(panels, panel=(4.4, 3.6)), "umbrella.png", caption)


def training(context: Context, trained: Sequence[Trained]) -> None:
    """Losses with their bounds."""
    bound = PUBLISHED["bound"]
    terms = {
        "ml": ("J_ML", None, ""),
        "kl": ("J_KL (kT)", bound["walls once"], "bound, one order, walls once"),
        "rc": ("J_RC", 11 * np.log(11), "minimum"),
    }
    if all(own.name != "published" for own in trained):
        del terms["rc"]
    ends = {own.name: own.history.stage_ends for own in trained}
    context.figure(
        plotting.convergence(
            {own.name: own.history.values for own in trained},
            terms,
            # Where there is no training by example, the energy is there from the start.
            stage_start={name: end[0] for name, end in ends.items() if len(end) > 1},
            windows={"ml": (-170, 0), "kl": (220, 400), "rc": (26, 34)},
            legend="above",
        ),
        "training.png",
        "Losses; dotted: where the energy comes in. The bound of J_KL holds for one order of the "
        "solvent with the walls counted once; the published training energy counts them twice "
        f"(bound {bound['walls twice']}). What is spread along d on purpose lies "
        "above it by the free energies it climbs.",
    )


def configurations(context: Context, samples: Samples) -> None:
    """Generated configurations of each region, energies in the titles."""
    first = {region: np.flatnonzero(own)[:5] for region, own in measured.regions(samples.x).items()}
    rows = {region: samples.x[own] for region, own in first.items()}
    titles = {region: _titles(x, samples.energy[first[region]]) for region, x in rows.items()}
    context.figure(
        plotting.particle_pictures(rows, titles, diameter=DIAMETER, box=SYSTEM.box),
        "configurations.png",
        "The first generated configurations of each region, as drawn from the prior; dimer in red, "
        "walls dotted.",
        thumbnail=True,
    )


def _titles(x: np.ndarray, energy: np.ndarray) -> list[str]:
    pairs = zip(dimer_distance(x), energy, strict=True)
    return [f"d = {d:.2f}, u = {u:.0f} kT" for d, u in pairs]


def energies(
    context: Context, samples: Mapping[str, Samples], simulated: Mapping[str, np.ndarray]
) -> None:
    """Energies of generated configurations by region, beside those of Monte Carlo."""
    edges = np.linspace(20, 130, 111)
    panels = []
    for region, (low, high) in measured.REGIONS.items():
        series = [Series.density("Monte Carlo", simulated[region], edges, style="-")]
        colors = (color for _, color in LOOKS if color != "red")  # which is Monte Carlo's
        for (name, s), color in zip(samples.items(), colors, strict=False):
            own = measured.regions(s.x)[region]
            title = f"{name} ({np.mean(own):.0%} of samples)"
            series.append(Series.density(title, s.energy[own], edges, color=color))
        panels.append(
            Panel(
                "u (kT)",
                "probability density (1/kT)",
                series,
                f"{region}, " + (f"{low:g} < d < {high:g}" if high < np.inf else f"d > {low:g}"),
                ylim=(0, 1.5 * max(line.value.max() for line in series)),
            )
        )
    context.figure(
        plotting.curves(panels, panel=(4.4, 3.4)),
        "energies.png",
        "Energies of generated configurations, not reweighted, beside Monte Carlo at T = 1; in the "
        "transition region Monte Carlo is held at lengths spread evenly, as the generator's are.",
    )


def path(context: Context, points: Path, fine: Path, tried: int) -> None:
    """The best of many straight lines in latent space."""
    x, u = points.x, points.energy
    context.figure(
        plotting.particle_pictures(
            {"path": x[::2]}, {"path": _titles(x[::2], u[::2])}, diameter=DIAMETER, box=SYSTEM.box
        ),
        "path.png",
        "Every other point of the path below.",
    )
    at, label = np.linspace(0, 1, len(fine.energy)), "position on the path"
    series = [
        Series("energy", at, fine.energy),
        Series(f"its {len(u)} points", np.linspace(0, 1, len(u)), u, style="o"),
    ]
    panels = [
        Panel(label, "u (kT)", series, f"best of {tried} paths"),
        Panel(label, "d", [Series("d", at, dimer_distance(fine.x))], "length of the dimer"),
    ]
    context.figure(
        plotting.curves(panels, panel=(4.4, 3.4)),
        "path_energy.png",
        "A straight line in latent space from a closed to an open configuration of Monte Carlo: "
        f"that with the lowest maximum of {tried} at {len(u)} points, as published.",
    )


def profiles(
    context: Context, windows: Windows, found: Mapping[float, Mapping[str, measured.Reweighted]]
) -> None:
    """F(d) at each temperature from generators, beside umbrella sampling."""
    names = dict.fromkeys(name for series in found.values() for name in series)
    # A look for each name, the same at all temperatures, whichever of them are there.
    looks = dict(zip(names, LOOKS, strict=False))
    panels = []
    for t, results in found.items():
        known = windows.profile(t)
        d, reference, use = known.centers, known.free_energy, measured.compared(known)
        series = [Series("umbrella sampling", d, reference, style="-")]
        if f"{t:g}" in PUBLISHED["profile"]:
            at = d[list(profile_extrema(known, measured.TOP))]
            read = [0.0, *PUBLISHED["profile"][f"{t:g}"]]
            name = "published figure, read"
            series.append(Series(name, at, read, style="*", color="grey", size=10))
        for name, r in results.items():
            f, (style, color) = r.profile.free_energy, looks[name]
            if np.any(use & np.isfinite(f) & np.isfinite(reference)):
                f = align_profile(f, reference, use)
            error = r.profile.standard_error
            series.append(Series(name, d, f, error, style=style, color=color))
        top = 1.3 * np.nanmax(reference[(d > 1.2) & (d < 1.8)])
        panels.append(Panel("d", "F(d) (kT)", series, f"T = {t:g}", SHOWN, (-0.1 * top, top)))
    context.figure(
        plotting.curves(panels, panel=(4.6, 3.8), legend="above"),
        "free_energy.png",
        "Free energy along the dimer's length, reweighted, aligned by its mean over 0.8 < d < 2.2, "
        "with bootstrap errors; of snapshots, with their scatter. Stars: barrier and open minimum "
        "of the published curves, read off figure 3e to half a kT, at the extrema of the "
        "reference.",
    )


def temperatures(
    context: Context,
    windows: Windows,
    scanned: Mapping[float, Estimate],
    annealed: Mapping[float, Estimate],
) -> None:
    """F(open) - F(closed) of one generator over temperature, beside umbrella sampling."""
    series = [Series.over("ours, alone", scanned, style="s-", color="blue")]
    if annealed:
        name = "another, hot and tethered, annealed"
        series.append(Series.over(name, annealed, style="D", color="red", size=7))
    known = {t: windows.difference(t) for t in windows.joined}
    series.append(Series.over("umbrella sampling", known))
    panel = Panel("T", DIFFERENCE, series, "one generator at many temperatures")
    context.figure(
        plotting.curves([panel], panel=(5.2, 3.8)),
        "temperatures.png",
        "The generator trained at T = 1 with its prior scaled to each temperature, reweighted "
        "there, with bootstrap errors, which are too small where few weights carry the sum.",
    )


def differences(
    context: Context,
    known: Mapping[float, Estimate],
    results: Mapping[str, Mapping[float, Estimate]],
    pairs: int,
) -> None:
    """Figure 6e: differences over temperature by each method, and their errors.

    Args:
      context: of the report.
      known: temperature -> umbrella sampling.
      results: method -> temperature -> its difference.
      pairs: of published networks, over which theirs is a mean.
    """
    read = {float(t): v for t, v in PUBLISHED["differences"].items() if t != "source"}
    dots = PUBLISHED["umbrella_differences"]["values"]
    means = {float(t): np.mean(v) for t, v in dots.items()}
    umbrella = Series.over("umbrella sampling", known)
    curves = [Series.over(name, r, style="s-") for name, r in results.items()]
    errors = []
    for name, r in results.items():
        both = {t: r[t] for t in r if t in known}
        reference = [known[t].value for t in both]
        errors.append(Series.over(name, both, style="s-") - reference)
    read_off, points = "published figure, two generators (read)", "published points, umbrella"
    curves += [
        Series.over(read_off, read, style="v--", color="grey"),
        Series.over(f"{points} (valid at T = 1)", means, style="x", color="grey"),
        umbrella,
    ]
    gap = "difference to umbrella sampling (kT)"
    panels = [
        Panel("T", DIFFERENCE, curves, "figure 6e", yscale="log", ylim=(1.0, 90.0)),
        Panel("T", gap, [*errors, umbrella - umbrella], "minus the reference"),
    ]
    several = f"Published networks: mean of {pairs} pairs with its standard error. "
    context.figure(
        plotting.curves(panels, columns=2, panel=(5.6, 4.0)),
        "free_energy_differences.png",
        "F(open) - F(closed) from two generators, each trained on one state, over temperature. "
        + (several if pairs > 1 else "")
        + "Statistical errors of differences of bounds do not contain the difference of the two "
        "Kullback-Leibler divergences, and as published leave out energies more than 50 kT above "
        "the median, so that strictly they are no bounds.",
        thumbnail=True,
    )
