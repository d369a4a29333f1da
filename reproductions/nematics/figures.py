"""The figures of `nematic`: each result beside its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from boltzmann_tf import exact, plotting
from boltzmann_tf.estimators import Extrapolation, orientation_density, orientational_correlation
from boltzmann_tf.exact.nematic import bond_moments
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.nematics.measured import Lattice, pair_order
from boltzmann_tf.reproductions.nematics.plan import CHAIN_TARGETS, ORIENTATION_TARGETS
from boltzmann_tf.reproductions.nematics.simulations import Peaks
from boltzmann_tf.reproductions.published import published
from boltzmann_tf.sampling import VectorAverages

NEIGHBOURS = 6  # of the cubic lattice: its mean field is Maier and Saupe's with U = 6 eps
SMOOTH = 10  # steps of training that one point of a figure is the mean of
ORDER = "S, largest eigenvalue of Q"


def chain(context: Context, found: Lattice) -> None:
    """log Z, energy and correlations against the exact ones."""
    known, n = found.system.exact, found.system.sites
    t = np.array(list(found.measured))
    fine, r = np.linspace(t[0], t[-1], 100), np.arange(1, n)
    log_z = Series.over("generator", found.measured, "log_z")
    energy = Series.over("generator", found.measured, "averages.energy")
    decay = []
    for target in CHAIN_TARGETS:
        own, kind = found.measured[target], f"K = {1 / target:g}"
        correlation = orientational_correlation(own.vectors, own.log_weight)
        decay.append(Series("generator", r, *correlation, kind=kind))
        exactly = [known.correlation(int(k), target) for k in r]
        decay.append(Series("exact", r, exactly, kind=kind, named=False))
    panels = [
        Panel(
            "T (eps)",
            "log Z - exact log Z",
            [Series("exact", t, 0 * t), log_z - known.log_z],
            "partition function",
        ),
        Panel(
            "T (eps)",
            "energy a spin (eps)",
            [Series.of("exact", fine, lambda s: known.energy(s) / n), energy],
            "energy",
        ),
        Panel(
            "distance r (sites)",
            "<P2(u_i . u_(i+r))>",
            decay,
            "correlations",
            yscale="log",
            ylim=(1e-4, 40),
        ),
    ]
    context.figure(
        plotting.curves(panels),
        "chain.png",
        f"A chain of {n} vectors: log Z less its exact value, energy and correlations from the "
        "generator (weighted, with errors) beside the exact solution (lines). K = eps / T.",
    )


def complete(context: Context, lattices: Sequence[Lattice]) -> None:
    """Order and free energy of finite N towards the mean field."""
    theory = exact.MaierSaupe()
    fine = np.sort(np.append(np.linspace(0.14, 0.31, 120), theory.transition * (1 + 1e-6)))
    infinite = "Maier-Saupe, N infinite"
    order, biased, free = (
        [Series.of(infinite, fine, function, color="black")]
        for function in (theory.order_parameter, theory.order_parameter, theory.free_energy)
    )
    for found in lattices:
        kind, known = found.kind, found.system.exact
        n, t = found.system.sites, np.array(list(found.measured))
        pairs = {s: pair_order(found.system, m) for s, m in found.measured.items()}
        log_z = [known.log_z(s) - n * np.log(4 * np.pi) for s in fine]
        own = Series.over("generator", found.measured, "log_z", kind=kind)
        order += [
            Series("exact", fine, np.sqrt([known.pair_order(s) for s in fine]), kind=kind),
            Series.over("generator", pairs, kind=kind),
        ]
        biased += [
            _monte_carlo(found.averages, "order", kind),
            Series.over("generator", found.measured, "averages.order", kind=kind),
        ]
        free += [
            Series("exact", fine, -fine * log_z / n, kind=kind),
            (own - n * np.log(4 * np.pi)) * (-t / n),
        ]
    panels = [
        Panel("T / U", "S = sqrt(<P2> of a pair)", order, "order"),
        Panel("T / U", ORDER, biased, "order with the bias of few spins"),
        Panel("T / U", "free energy a spin (U)", free, "free energy, zero without order"),
    ]
    context.figure(
        plotting.curves(panels, legend="above"),
        "complete.png",
        "Spins bound all with all: two order parameters and the free energy from the generator "
        "(weighted, with errors), from quadrature at finite N, from Monte Carlo, and in the limit "
        "of Maier and Saupe.",
    )


def orientations(context: Context, found: Lattice) -> None:
    """The density of each vector's angle to the director, with the mean field's."""
    theory = exact.MaierSaupe()
    edges, fine = np.linspace(0, 1, 21), np.linspace(0, 1, 200)
    panels = []
    for t in ORIENTATION_TARGETS:
        own = found.measured[t]
        a = theory.order_parameter(t) / t
        density = np.exp(a * (1.5 * fine**2 - 0.5) - bond_moments(a)[0])
        generated = orientation_density(own.vectors, own.log_weight, edges=edges)
        simulated = orientation_density(found.simulated.vectors[t], edges=edges).value
        panels.append(
            Panel(
                "|u . director|",
                "probability density",
                [
                    Series("Maier-Saupe, N infinite", fine, density, color="black"),
                    Series.binned("generator", edges, *generated),
                    Series.binned("Monte Carlo", edges, simulated),
                ],
                f"{found.kind}, T / U = {t:g}",
                ylim=(0.0, 1.15 * max(density.max(), generated.value.max())),
            )
        )
    context.figure(
        plotting.curves(panels),
        "orientations.png",
        "Single-vector orientations about the director of the configuration that they are part "
        "of, generated (weighted, with errors) and simulated. Few vectors align with their own "
        "director also above the transition, where the mean field's density is flat.",
    )


def _monte_carlo(averages: Mapping[float, VectorAverages], of: str, kind: str) -> Series:
    return Series.over("Monte Carlo", averages, of, kind=kind)


def cubic(context: Context, lattices: Sequence[Lattice]) -> None:
    """S, u and C over temperature: generator, Monte Carlo, mean field."""
    theory = exact.MaierSaupe(NEIGHBOURS)
    every = [t for found in lattices for t in found.measured]
    fine = np.sort(np.append(np.linspace(min(every), max(every), 150), theory.transition + 1e-6))
    panels = []
    for of, label, title, mean_field in (
        ("order", ORDER, "order", theory.order_parameter),
        ("energy", "energy a site (eps)", "energy", theory.energy),
        ("heat_capacity", "C a site", "heat capacity", None),
    ):
        series = []
        if mean_field is not None:
            series.append(
                Series.of("mean field, U = 6 eps", fine, mean_field, style="--", color="black")
            )
        for found in lattices:
            own = Series.over("generator", found.measured, f"averages.{of}", kind=found.kind)
            series += [_monte_carlo(found.averages, of, found.kind), own]
        panels.append(Panel("T (eps)", label, series, title))
    context.figure(
        plotting.curves(panels, legend="above"),
        "cubic.png",
        "The Lebwohl-Lasher lattice: order parameter, energy and heat capacity of the generator "
        "(weighted, with errors) and of Monte Carlo, beside the mean field of six neighbours. In "
        "the lattice of L = 2 neighbours share two bonds, so that it orders less gradually than "
        "its size would say.",
        thumbnail=True,
    )


def transition(context: Context, larger: Peaks, fit: Extrapolation) -> None:
    """Heat-capacity curves and the straight line through their peaks."""
    order = [_monte_carlo(run.averages(), "order", f"L = {n}") for n, (run, _) in larger.items()]
    heat = [Series(f"L = {n}", c.temperatures, c.value) for n, (_, c) in larger.items()]
    peaks = Series.over("Monte Carlo", {n**-3: c.position for n, (_, c) in larger.items()})
    known = published("nematic", "transition", "value")
    reach = np.array([0, 1.1 * peaks.x.max()])
    shown = np.concatenate([peaks.value + peaks.error, peaks.value - peaks.error, [known]])
    # A peak at the end of its window is NaN: its metric fails, not the figure.
    shown = shown[np.isfinite(shown)]
    low, span = shown.min(), max(np.ptp(shown), 1e-3)
    panels = [
        Panel("T (eps)", ORDER, order, "order"),
        Panel("T (eps)", "C a site", heat, "heat capacity"),
        Panel(
            "1 / L^3",
            "T of the peak (eps)",
            [
                Series("Fabbri and Zannoni 1986", reach, [known] * 2, style="--", color="black"),
                Series("straight line", reach, fit(reach)),
                peaks,
            ],
            "finite-size scaling",
            ylim=(low - 0.5 * span, low + 1.1 * span),  # room for the legend
        ),
    ]
    context.figure(
        plotting.curves(panels),
        "transition.png",
        "Monte Carlo of larger lattices: order, heat capacity by multiple histograms, and its "
        "peaks, extrapolated by the straight line in 1 / L^3 of a first-order transition.",
    )


def losses(context: Context, lattices: Sequence[Lattice]) -> None:
    """J_KL of each flow on its walk: a step down at each temperature, as H / T counts."""
    series = []
    for found in lattices:
        every = np.concatenate(list(found.trained.losses.values())) / found.system.sites
        series.append(Series(found.name, np.arange(len(every)), every).means(SMOOTH))
    context.figure(
        plotting.curves(
            [Panel("step", "J_KL a vector (kT)", series, "training")], panel=(7.0, 4.0)
        ),
        "losses.png",
        "J_KL a vector, without its constant, from the hottest temperature to the coldest: each "
        "step down is a change of temperature.",
    )
