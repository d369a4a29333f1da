"""The figures of `nematic`: each result beside its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import exact, plotting
from boltzmann_tf.estimators import Extrapolation, HeatCurve, extrapolate_peaks
from boltzmann_tf.exact.nematic import bond_moments
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.measured import (
    correlations,
    orientation_density,
    pair_order,
)
from boltzmann_tf.reproductions.nematics.plan import CHAIN_TARGETS, ORIENTATION_TARGETS
from boltzmann_tf.reproductions.nematics.runs import Run
from boltzmann_tf.reproductions.nematics.simulations import Simulated
from boltzmann_tf.reproductions.published import published

__all__ = ["show_chain", "show_complete", "show_cubic", "show_orientations", "show_transition"]

COLORS = ("blue", "red", "green", "orange", "purple")
NEIGHBOURS = 6  # of the cubic lattice: its mean field is Maier and Saupe's with U = 6 eps


def _line(x: Any, y: Any, color: str = "black", style: str = "-") -> dict[str, Any]:
    return {"x": x, "y": y, "style": style, "color": color}


def _points(x: Any, value: Any, error: Any, *, color: str, style: str = "o") -> dict[str, Any]:
    return {"x": x, "y": value, "error": error, "style": style, "color": color}


def show_chain(context: Context, run: Run) -> None:
    """log Z, energy and correlations against the exact ones."""
    system = run.simulated.system
    chain, n = system.exact, system.sites
    t = np.array(list(run.measured))
    found = list(run.measured.values())
    fine = np.linspace(t[0], t[-1], 100)
    log_z = np.array([m.log_z for m in found])
    known = np.array([chain.log_z(s) for s in t])
    energy = np.array([[m.averages.value[1], m.averages.standard_error[1]] for m in found])
    decay: dict[str, Any] = {}
    r = np.arange(1, n)
    for target, color in zip(CHAIN_TARGETS, COLORS, strict=False):
        own = run.measured[target]
        value, error = correlations(own.vectors, own.log_weight)
        decay[f"generator, K = {1 / target:g}"] = _points(r, value, error, color=color)
        exactly = [chain.correlation(int(k), target) for k in r]
        # One line in the legend stands for all: names with "_" are left out of it.
        decay[("" if target == CHAIN_TARGETS[0] else f"_{color}, ") + "exact (lines)"] = _line(
            r, exactly, color
        )
    panels = [
        {
            "labels": ("T (eps)", "log Z - exact log Z"),
            "title": "partition function",
            "series": {
                "exact": _line(t, 0 * t),
                "generator": _points(t, log_z[:, 0] - known, log_z[:, 1], color="blue"),
            },
        },
        {
            "labels": ("T (eps)", "energy a spin (eps)"),
            "title": "energy",
            "series": {
                "exact": _line(fine, [chain.energy(s) / n for s in fine]),
                "generator": _points(t, *energy.T, color="blue"),
            },
        },
        {
            "labels": ("distance r (sites)", "<P2(u_i . u_(i+r))>"),
            "title": "correlations",
            "yscale": "log",
            "ylim": (1e-4, 40),
            "series": decay,
        },
    ]
    context.figure(
        plotting.curves(panels),
        "chain.png",
        f"A chain of {n} vectors: log Z less its exact value, energy and correlations from the "
        "generator (weighted, with errors) beside the exact solution. K = eps / T.",
    )


def show_complete(context: Context, runs: Mapping[int, Run]) -> None:
    """Order and free energy of finite N towards the mean field."""
    theory = exact.MaierSaupe()
    fine = np.sort(np.append(np.linspace(0.14, 0.31, 120), theory.transition * (1 + 1e-6)))
    mean_field = [theory.order_parameter(s) for s in fine]
    name = "Maier-Saupe, N infinite"
    order: dict[str, Any] = {name: _line(fine, mean_field)}
    biased: dict[str, Any] = {name: _line(fine, mean_field)}
    free: dict[str, Any] = {name: _line(fine, [theory.free_energy(s) for s in fine])}
    for (n, run), color in zip(runs.items(), COLORS, strict=False):
        graph = run.simulated.system.exact
        t = np.array(list(run.measured))
        found = list(run.measured.values())
        exactly = [np.sqrt(graph.pair_order(s)) for s in fine]
        order[f"exact, N = {n}"] = _line(fine, exactly, color)
        pairs = np.array([pair_order(m) for m in found])
        order[f"generator, N = {n}"] = _points(t, *pairs.T, color=color)
        own = np.array([[m.averages.value[0], m.averages.standard_error[0]] for m in found])
        biased[f"Monte Carlo, N = {n}"] = _monte_carlo(run.simulated, 0, color)
        biased[f"generator, N = {n}"] = _points(t, *own.T, color=color)
        solid = n * np.log(4 * np.pi)
        exactly = [-s * (graph.log_z(s) - solid) / n for s in fine]
        free[f"exact, N = {n}"] = _line(fine, exactly, color)
        value = np.array([-s * (m.log_z.value - solid) / n for s, m in run.measured.items()])
        error = np.array([s * m.log_z.standard_error / n for s, m in run.measured.items()])
        free[f"generator, N = {n}"] = _points(t, value, error, color=color)
    label = "T / U"
    panels = [
        {"labels": (label, "S = sqrt(<P2> of a pair)"), "title": "order", "series": order},
        {
            "labels": (label, "S, largest eigenvalue of Q"),
            "title": "order with the bias of few spins",
            "series": biased,
        },
        {
            "labels": (label, "free energy a spin (U)"),
            "title": "free energy, zero without order",
            "series": free,
        },
    ]
    context.figure(
        plotting.curves(panels, legend="above"),
        "complete.png",
        "Spins bound all with all: two order parameters and the free energy from the generator "
        "(weighted, with errors), from quadrature at finite N, from Monte Carlo, and in the limit "
        "of Maier and Saupe.",
    )


def show_orientations(context: Context, runs: Mapping[int, Run]) -> None:
    """The density of each vector's angle to the director, with the mean field's."""
    theory = exact.MaierSaupe()
    edges = np.linspace(0, 1, 21)
    centre = 0.5 * (edges[1:] + edges[:-1])
    fine = np.linspace(0, 1, 200)
    n = max(runs)
    run = runs[n]
    panels = []
    chosen = [t for t in ORIENTATION_TARGETS if t in run.measured]
    for t in chosen:
        own = run.measured[t]
        a = theory.order_parameter(t) / t
        density = np.exp(a * (1.5 * fine**2 - 0.5) - bond_moments(a)[0])
        k = int(abs(run.simulated.temperatures - t).argmin())
        value, error = orientation_density(own.vectors, own.log_weight, edges)
        simulated = orientation_density(run.simulated.vectors[k], None, edges).value
        panels.append(
            {
                "labels": ("|u . director|", "probability density"),
                "title": f"N = {n}, T / U = {t:g}",
                "ylim": (0.0, 1.15 * max(float(density.max()), float(np.max(value)))),
                "series": {
                    "Maier-Saupe, N infinite": _line(fine, density),
                    "generator": _points(centre, value, error, color="blue"),
                    "Monte Carlo": _line(centre, simulated, "red", "x"),
                },
            }
        )
    context.figure(
        plotting.curves(panels),
        "orientations.png",
        "Single-vector orientations about the director of the configuration that they are part "
        "of, generated (weighted, with errors) and simulated. Few vectors align with their own "
        "director also above the transition, where the mean field's density is flat.",
    )


def _monte_carlo(simulated: Simulated, k: int, color: str, style: str = "-") -> dict[str, Any]:
    found = [(a.value[k], a.standard_error[k]) for a in simulated.averages.values()]
    return _points(list(simulated.averages), *np.array(found).T, color=color, style=style)


def show_cubic(context: Context, runs: Mapping[int, Run]) -> None:
    """S, u and C over temperature: generator, Monte Carlo, mean field."""
    theory = exact.MaierSaupe(NEIGHBOURS)
    every = [t for run in runs.values() for t in run.measured]
    fine = np.sort(np.append(np.linspace(min(every), max(every), 150), theory.transition + 1e-6))
    mean_field = {0: [theory.order_parameter(s) for s in fine], 1: [theory.energy(s) for s in fine]}
    panels = []
    for k, label in enumerate(("S, largest eigenvalue of Q", "energy a site (eps)", "C a site")):
        series: dict[str, Any] = {}
        if k in mean_field:
            series["mean field, U = 6 eps"] = _line(fine, mean_field[k], "black", "--")
        for (length, run), color in zip(runs.items(), COLORS, strict=False):
            found = list(run.measured.values())
            own = np.array([[m.averages.value[k], m.averages.standard_error[k]] for m in found])
            series[f"Monte Carlo, L = {length}"] = _monte_carlo(run.simulated, k, color)
            series[f"generator, L = {length}"] = _points(list(run.measured), *own.T, color=color)
        panels.append({"labels": ("T (eps)", label), "title": label, "series": series})
    panels[0]["title"], panels[1]["title"], panels[2]["title"] = "order", "energy", "heat capacity"
    context.figure(
        plotting.curves(panels, legend="above"),
        "cubic.png",
        "The Lebwohl-Lasher lattice: order parameter, energy and heat capacity of the generator "
        "(weighted, with errors) and of Monte Carlo, beside the mean field of six neighbours. In "
        "the lattice of L = 2 neighbours share two bonds, so that it orders less gradually than "
        "its size would say.",
        thumbnail=True,
    )


def show_transition(
    context: Context,
    larger: Mapping[int, tuple[Simulated, HeatCurve]],
    line: Extrapolation,
) -> None:
    """Heat-capacity curves and the straight line through their peaks."""
    series, order = {}, {}
    for (length, (run, curve)), color in zip(larger.items(), COLORS, strict=False):
        series[f"L = {length}"] = _line(curve.temperatures, curve.value, color)
        order[f"L = {length}"] = _monte_carlo(run, 0, color, "o")
    inverse = np.array([1 / length**3 for length in larger])
    position = np.array([curve.position for _, curve in larger.values()])
    reach = np.array([0, 1.1 * inverse.max()])
    known = published("nematic", "transition", "value")
    shown = np.concatenate([position.sum(axis=1), position @ [1, -1], [known]])
    # A peak at the end of its window is NaN: its metric fails, not the figure.
    shown = shown[np.isfinite(shown)]
    low, span = shown.min(), max(np.ptp(shown), 1e-3)
    panels = [
        {"labels": ("T (eps)", "S, largest eigenvalue of Q"), "title": "order", "series": order},
        {"labels": ("T (eps)", "C a site"), "title": "heat capacity", "series": series},
        {
            "labels": ("1 / L^3", "T of the peak (eps)"),
            "title": "finite-size scaling",
            "ylim": (low - 0.5 * span, low + 1.1 * span),  # room for the legend
            "series": {
                "Fabbri and Zannoni 1986": _line(reach, np.full(2, known), "black", "--"),
                "straight line": _line(reach, line(reach), "red"),
                "Monte Carlo": _points(inverse, *position.T, color="blue"),
            },
        },
    ]
    context.figure(
        plotting.curves(panels),
        "transition.png",
        "Monte Carlo of larger lattices: order, heat capacity by multiple histograms, and its "
        "peaks, extrapolated by the straight line in 1 / L^3 of a first-order transition.",
    )
    rows = [
        {
            "L": f"{length}",
            "T of the peak": f"{curve.position.value:.4f} ± {curve.position.standard_error:.4f}",
            "C a site there": f"{curve.height.value:.2f} ± {curve.height.standard_error:.2f}",
        }
        for length, (_, curve) in larger.items()
    ]
    context.table("Heat-capacity peaks", rows)
    value, error = line.transition
    chi = "" if np.isnan(line.chi_square) else f" (chi^2 a degree {line.chi_square:.2f})"
    without = ""
    if len(larger) > 2:
        rest = {n: c.position for n, (_, c) in larger.items() if n != min(larger)}
        value_rest, error_rest = extrapolate_peaks(rest, dimension=3).transition
        without = f"; without L = {min(larger)}, {value_rest:.4f} ± {error_rest:.4f}"
    context.text(
        f"T_peak(L) = T_NI + a / L^3 gives T_NI = {value:.4f} ± {error:.4f}{chi}{without}. The "
        "error is widened by the root of chi^2 a degree where that is above one. The transition "
        "is of first order, if weakly so: two phases whose free energies differ by kT / L^3 a "
        "site are rounded and shifted by as much. The power is an asymptotic one; in lattices "
        "smaller than the correlation length at the transition it need not hold, which is why "
        "the tolerance is wider than the stated error."
    )
