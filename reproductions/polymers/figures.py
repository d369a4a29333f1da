"""Figures of `polymer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import estimators, plotting
from boltzmann_tf.estimators import SizeExponent
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.compared import Compared
from boltzmann_tf.reproductions.polymers.solvent import Solvated
from boltzmann_tf.reproductions.polymers.targets import SELF_AVOIDING, heat_capacities
from boltzmann_tf.reproductions.published import published


def ends(context: Context, runs: Sequence[Simulated], grown: Sequence[Grown]) -> None:
    """The density of R_ee of ideal chains, and its free energy."""
    panels = []
    for run, own in zip(runs, grown, strict=True):
        system = run.system
        n = len(system.chain)
        edges = np.linspace(0, 3.2 * (run.ideal.end_to_end_squared() / 3) ** 0.5 + 2, 41)
        fine = np.linspace(0, edges[-1], 300)
        exactly = run.ideal.end_to_end_density(fine)
        weight = estimators.normalized_weights(own.samples.log_weight)
        r = system.end_to_end(own.samples.x).numpy()
        ends_ = np.sqrt(run.info.end_to_end_squared.ravel())
        drawn = [
            Series("exact", fine, exactly),
            Series.density("generator", r, edges, weights=weight),
            Series.density("Monte Carlo", ends_, edges),
        ]
        panels.append(Panel("R_ee", "probability density", drawn, f"ideal chain, N = {n}"))
    context.figure(
        plotting.curves(panels, legend="above"),
        "ends.png",
        "The distance of the ends of ideal chains: by Fourier transform of the law of a bond, from "
        "a generator, whose weights are constant, and by Monte Carlo.",
    )


def profiles(context: Context, runs: Mapping[str, Simulated], grown: Mapping[str, Grown]) -> None:
    """F(R_ee) of chains with pairs, and distances of their bonds."""
    panels = []
    for name, run in runs.items():
        own, system = grown[name], run.system
        r = np.sqrt(run.info.end_to_end_squared)
        low, high = np.quantile(r, [1e-4, 1 - 1e-4])
        edges = np.linspace(low, high, 36)
        known = estimators.free_energy_profile(r.ravel(), edges=edges)
        found = estimators.free_energy_profile(
            system.end_to_end(own.samples.x).numpy(), own.samples.log_weight, edges=edges
        )
        shown = estimators.align_profile(
            found.free_energy, known.free_energy, known.free_energy < 3
        )
        # A bin of one sample has a value and no error: it says nothing.
        shown = np.where(np.isfinite(found.standard_error), shown, np.nan)
        drawn = [
            Series("Monte Carlo", known.centers, known.free_energy, style="-"),
            Series("generator", known.centers, shown, found.standard_error),
        ]
        panels.append(Panel("R_ee", "F(R_ee) (kT)", drawn, name, ylim=(-0.5, 8)))
    context.figure(
        plotting.curves(panels, legend="above"),
        "profiles.png",
        "Free energy along the distance of the ends, from a generator (weighted, with errors) and "
        "by Monte Carlo.",
    )


def bonds(context: Context, seen: Mapping[str, np.ndarray], grown: Mapping[str, Grown]) -> None:
    """Lengths of bonds, and angles between them; `seen`: configurations of Monte Carlo."""
    panels = []
    for name, simulated in seen.items():
        own, system = grown[name], grown[name].system
        weight = estimators.normalized_weights(own.samples.log_weight)
        lengths, cosines = [], []
        for x, w in ((own.samples.x, weight), (simulated, None)):
            b = system.bond_vectors(x).numpy().astype(np.float64)
            r = np.linalg.norm(b, axis=-1)
            c = np.sum(b[:, 1:] * b[:, :-1], axis=-1) / (r[:, 1:] * r[:, :-1])
            source = "generator" if w is not None else "Monte Carlo"
            style = "-" if w is not None else "x"
            lengths.append(
                Series.density(source, r, np.linspace(0.7, 3.2, 51), weights=w, style=style)
            )
            cosines.append(
                Series.density(source, c, np.linspace(-1, 1, 41), weights=w, style=style)
            )
        panels.append(Panel("bond length", "probability density", lengths, name))
        panels.append(Panel("cosine between bonds", "probability density", cosines, name))
    context.figure(
        plotting.curves(panels, columns=2, legend="above"),
        "bonds.png",
        "Lengths of bonds and angles from one to the next.",
    )


def growth(
    context: Context,
    every: Mapping[str, Mapping[int, Simulated]],
    fits: Mapping[str, SizeExponent],
) -> None:
    """R_ee^2 over N, and that of self-avoiding chains over the power law."""
    nu = published("polymer", "exponent", "value")
    sizes = []
    for name, runs in every.items():
        fine = _between(runs)
        law = fits[name].squared_size(fine)
        sizes += [
            _squared_sizes(runs, name),
            Series("fit", fine - 1, law, kind=name, style="-", named=False),
        ]
    avoiding = every[SELF_AVOIDING]
    r2 = _squared_sizes(avoiding, SELF_AVOIDING)
    ratio = [r2 * (r2.x ** (-2.0 * nu))]
    for name, fit in fits.items():
        if name.startswith(SELF_AVOIDING):
            fine = _between(avoiding)
            law = fit.squared_size(fine) * (fine - 1) ** (-2.0 * nu)
            ratio.append(Series("fit", fine - 1, law, kind=name, style="-"))
    y = f"<R_ee^2> / (N - 1)^(2 x {nu:.4f})"
    panels = [
        Panel("N - 1", "<R_ee^2>", sizes, "growth", xscale="log", yscale="log"),
        Panel("N - 1", y, ratio, "self-avoiding, over the power law", xscale="log"),
    ]
    context.figure(
        plotting.curves(panels, panel=(5.4, 4.0)),
        "growth.png",
        "How chains grow with the number of beads: self-avoiding ones by Flory's exponent, "
        "collapsed ones as globules. Over the power law, what is left are corrections of short "
        "chains.",
        thumbnail=True,
    )


def _squared_sizes(runs: Mapping[int, Simulated], name: str) -> Series:
    means = {float(n - 1): run.mean("end_to_end_squared") for n, run in runs.items()}
    return Series.over("Monte Carlo", means, kind=name)


def _between(runs: Mapping[int, Simulated]) -> np.ndarray:
    """Numbers of beads from the fewest to the most."""
    return np.geomspace(min(runs) - 1, max(runs) - 1, 60) + 1


def solvent(context: Context, found: Solvated) -> None:
    """F(R_ee) of a chain in a solvent, and the two in their box."""
    known = found.known
    drawn = [Series("umbrella sampling", known.centers, known.free_energy, style="-")]
    best = max(found.begun, key=lambda walk: walk.ess)
    for source, walk in (
        ("annealed from a generator", best),
        ("from the ideal gas", found.plain[-1]),
    ):
        own = found.profile(walk)
        shown = estimators.align_profile(own.free_energy, known.free_energy, known.free_energy < 3)
        shown = np.where(np.isfinite(own.standard_error), shown, np.nan)
        drawn.append(Series(source, known.centers, shown, own.standard_error))
    panel = Panel("R_ee", "F(R_ee) (kT)", drawn, "a chain in a solvent", ylim=(-0.5, 8))
    context.figure(
        plotting.curves([panel], panel=(6.0, 4.2)),
        "solvent.png",
        "Free energy along the distance of the ends of a chain in a solvent, to the nearest image.",
    )


def annealing(context: Context, pairs: Mapping[str, Compared]) -> None:
    """Effective fraction over sweeps."""
    drawn = []
    for source, field, style in (
        ("from the ideal chain", "ideal_chain", "o--"),
        ("from a generator", "begun", "s-"),
    ):
        for name, one in pairs.items():
            walks = getattr(one, field)
            x, ess = [w.sweeps for w in walks], [w.ess for w in walks]
            drawn.append(Series(source, x, ess, kind=name, style=style))
    context.figure(
        plotting.curves(
            [Panel("sweeps", "effective fraction", drawn, "annealing", xscale="log")],
            panel=(7.0, 4.2),
            legend="above",
        ),
        "annealing.png",
        "Effective fraction of annealed chains over the sweeps that they take.",
    )


def heat(context: Context, found: Mapping[float, Grown], runs: Mapping[float, Simulated]) -> None:
    """C(T) and the size over temperature, of one generator."""
    if not found:
        return
    own, other = heat_capacities(found, runs)
    of = "gyration_squared"
    by_flow = {t: g.mean(of) for t, g in found.items()}
    by_runs = {t: run.mean(of) for t, run in runs.items()}
    sizes = [Series.over("generator", by_flow), Series.over("Monte Carlo", by_runs)]
    n = len(next(iter(runs.values())).system.chain)
    panels = [
        Panel("T", "C", [own, other], "heat capacity", xscale="log"),
        Panel("T", "<R_g^2>", sizes, "collapse", xscale="log"),
    ]
    context.figure(
        plotting.curves(panels, panel=(4.8, 3.8)),
        "collapse.png",
        f"A chain of {n} beads at many temperatures, from one generator (weighted, with errors) "
        "and by Monte Carlo.",
    )


def pictures(context: Context, rows: Mapping[str, np.ndarray]) -> None:
    """Chains, name -> positions `[n, beads, d]`."""
    context.figure(
        plotting.chain_pictures(rows),
        "chains.png",
        "Chains as drawn from the generator, of the upper half of its weights where these differ; "
        "each picture is as wide as its chain.",
    )
