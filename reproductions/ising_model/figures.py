"""The figures of `ising`: thermodynamics, distributions, pictures and densities of states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import estimators, exact, plotting
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ising_model.measured import Measured

__all__ = ["show_distributions", "show_free_energies", "show_pictures", "show_thermodynamics"]

ONSAGER = exact.OnsagerIsing()


def show_thermodynamics(
    context: Context,
    measured: Mapping[float, Measured],
    monte_carlo: Mapping[int, Mapping[str, Any]],
) -> None:
    """Magnetization, energy, heat capacity and free energy over temperature."""
    torus = exact.IsingTorus(8)
    t = np.array(list(measured))
    fine = np.linspace(t[0], t[-1], 241)
    found = list(measured.values())
    free = np.array([-s * m.log_z.value / 64 for s, m in measured.items()])
    free_error = np.array([s * m.log_z.standard_error / 64 for s, m in measured.items()])
    quantities = (
        (
            "|m| per site",
            [torus.mean_abs_magnetization(s) for s in fine],
            [ONSAGER.magnetization(s) for s in fine],
            [m.averages.value[0] for m in found],
            [m.averages.standard_error[0] for m in found],
            "|m|",
        ),
        (
            "energy per site (J)",
            [torus.energy(s) / 64 for s in fine],
            [ONSAGER.energy_per_site(s) for s in fine],
            [m.averages.value[1] for m in found],
            [m.averages.standard_error[1] for m in found],
            "E",
        ),
        (
            "heat capacity per site",
            [torus.heat_capacity(s) / 64 for s in fine],
            [ONSAGER.heat_capacity_per_site(s) for s in fine],
            [m.averages.value[2] for m in found],
            [m.averages.standard_error[2] for m in found],
            "C",
        ),
        (
            "free energy per site (J)",
            [torus.free_energy(s) / 64 for s in fine],
            [ONSAGER.free_energy_per_site(s) for s in fine],
            free,
            free_error,
            None,
        ),
    )
    panels = []
    for label, finite, infinite, value, error, key in quantities:
        series: dict[str, Any] = {
            "exact, L = 8": {"x": fine, "y": finite, "style": "-", "color": "black"},
            "exact, infinite lattice": {"x": fine, "y": infinite, "style": "--", "color": "grey"},
            "generator, L = 8": {"x": t, "y": value, "error": error, "style": "o"},
        }
        if key is not None:
            for length, style in zip(monte_carlo, ("x", "+"), strict=True):
                estimates = monte_carlo[length][key]
                series[f"Monte Carlo, L = {length}"] = {
                    "x": monte_carlo[length]["T"],
                    "y": [e.value for e in estimates],
                    "error": [e.standard_error for e in estimates],
                    "style": style,
                }
        panel: dict[str, Any] = {"labels": ("T (J)", label), "title": label, "series": series}
        if key == "C":
            panel["ylim"] = (0.0, 2.6)
        panels.append(panel)
    context.figure(
        plotting.curves(panels, columns=2, panel=(5.0, 3.8)),
        "thermodynamics.png",
        "Magnetization, energy, heat capacity and free energy of the spins from one generator for "
        "all temperatures (weighted, with errors; averages from multiple histograms), beside the "
        "exact solution of the same lattice, that of the infinite one (Onsager, Yang), and Monte "
        "Carlo (Swendsen-Wang).",
        thumbnail=True,
    )


def show_distributions(
    context: Context, found: Sequence[Measured], chains: Sequence[Any], names: Sequence[str]
) -> None:
    """P(M) below, at and above T_c."""
    torus = exact.IsingTorus(8)
    panels = []
    for measured, chain, name in zip(found, chains, names, strict=True):
        levels, (value, error) = measured.distribution()
        known, probability = torus.magnetization_distribution(measured.temperature)
        counts = np.bincount((chain.magnetization.ravel() + 64) // 2, minlength=65)
        visited = value > 0
        panels.append(
            {
                "labels": ("M", "P(M)"),
                "title": f"L = 8, {name}",
                "yscale": "log",
                "ylim": (max(1e-6, probability.min() / 2), 2 * probability.max()),
                "series": {
                    "exact": {"x": known, "y": probability, "style": "-", "color": "black"},
                    "generator": {
                        "x": levels[visited],
                        "y": value[visited],
                        "error": error[visited],
                        "style": "o",
                    },
                    "Monte Carlo": {"x": levels, "y": counts / counts.sum(), "style": "x"},
                },
            }
        )
    context.figure(
        plotting.curves(panels, columns=3, panel=(4.2, 3.6)),
        "distributions.png",
        "Distribution of the magnetization from the generator of all temperatures (weighted, one-"
        "sigma errors), from Monte Carlo, and exact. Where the generator seldom goes, as between "
        "the states at T = 1.8, its stated errors can be too small: large weights are missing.",
    )


def show_pictures(
    context: Context, found: Sequence[Measured], chains: Sequence[Any], names: Sequence[str]
) -> None:
    """Configurations of the generator beside Monte Carlo."""
    rng = np.random.default_rng(context.seed)
    generated, simulated, titles = [], [], []
    for measured, chain, name in zip(found, chains, names, strict=True):
        weights = estimators.normalized_weights(measured.log_weight)
        generated += list(measured.spins[rng.choice(len(weights), 3, p=weights)])
        simulated += list(chain.state.spins[:3])
        titles += [name] * 3
    context.figure(
        plotting.spin_pictures({"generator": generated, "Monte Carlo": simulated}, titles),
        "pictures.png",
        "Spin configurations, three at each temperature: above those of the generator (drawn in "
        "proportion to their weights), below those of Monte Carlo.",
    )


def show_free_energies(
    context: Context,
    profiles: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    states: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """F(M) and ln g(E) by Wang-Landau against the exact counts."""
    energies, log_g, known, reference = states
    panels: list[dict[str, Any]] = [
        {
            "labels": ("E (J)", "ln g(E)"),
            "title": "density of states, 8 x 8",
            "series": {
                "exact": {"x": known, "y": reference, "style": "-", "color": "black"},
                "Wang-Landau": {"x": energies, "y": log_g, "style": "o", "ms": 3},
            },
        }
    ]
    for name, (levels, value, error, curve) in profiles.items():
        shift = curve.min()
        panels.append(
            {
                "labels": ("M", "F(M) / T"),
                "title": f"free energy of the magnetization, {name}",
                "series": {
                    "exact": {"x": levels, "y": curve - shift, "style": "-", "color": "black"},
                    "Wang-Landau": {
                        "x": levels,
                        "y": value - shift,
                        "error": error,
                        "style": "o",
                    },
                },
            }
        )
    context.figure(
        plotting.curves(panels, columns=2, panel=(4.8, 3.4)),
        "wang_landau.png",
        "Wang-Landau on the 8 x 8 lattice: the density of states and the free energy of the "
        "magnetization below, at and above T_c, with the spread of four walkers as the error, "
        "against the exact counts of states.",
    )
