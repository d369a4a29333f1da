"""Tables of `ising`: how weights, the integration and chains fared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import estimators, sampling
from boltzmann_tf.reproduction import Context, Diagnostic, diagnose, weight_columns
from boltzmann_tf.reproductions.ising_model.measured import ByT
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, TORUS, name_of
from boltzmann_tf.sampling import FieldAverages, FieldSpins


def weights(context: Context, found: Mapping[str, FieldSpins]) -> None:
    """What the weights of each generator say at T_c."""
    rows = [
        {"generator": name}
        | weight_columns(spins.log_weight)
        | {"share of M > 0 as generated": f"{np.mean(spins.magnetization > 0):.3f}"}
        for name, spins in found.items()
    ]
    context.table(f"Weights at T_c, L = 8 (exact log Z {TORUS.log_z(CRITICAL):.5f})", rows)


def buys(context: Context, found: Mapping[str, FieldSpins]) -> None:
    """Weights at T_c of a generator, and of a Gaussian fitted to equilibrium fields."""
    context.buys_table(
        "a Gaussian fitted to the field of 20,000 equilibrium configurations; L = 8, T_c, exact "
        f"log Z {TORUS.log_z(CRITICAL):.4f}",
        [({"proposal": name}, spins.log_weight) for name, spins in found.items()],
    )


def integration(context: Context, found: Mapping[str, ByT]) -> None:
    """How finely each flow is integrated, and what half the step would change."""
    rows = [
        {
            "generator": name,
            "T": f"{t:.4g}",
            "steps": f"{m.refined.factor}x",
            "change of log Z": f"{m.refined.log_z:.1e}",
            "SD of log-weights' change": f"{m.refined.spread:.1e}",
        }
        | weight_columns(m.spins.log_weight)
        for name, by_temperature in found.items()
        for t, m in sorted(by_temperature.items())
    ]
    context.table(
        "Integration: steps as multiples of those in training, doubled until half the step changes "
        "neither log Z by 0.001 nor log-weights by 0.03 (SD); the weights at that accuracy",
        rows,
    )


def pooling(context: Context, alone: ByT, together: Mapping[float, FieldAverages]) -> None:
    """What the samples of the other temperatures add to the heat capacity at each."""
    rows = [
        {
            "T": f"{t:.4g}",
            "alone": f"{m.spins.averages().heat_capacity:.4f}",
            "together": f"{together[t].heat_capacity:.4f}",
            "exact": f"{TORUS.heat_capacity_per_site(t):.4f}",
        }
        for t, m in alone.items()
    ]
    context.table(
        "Heat capacity a site of the generator for all temperatures: from the samples at each "
        "temperature alone, and from those of all temperatures together (multiple histograms), "
        "which is what figures and numbers use",
        rows,
    )


def chains(context: Context, found: Mapping[float, tuple[float, np.ndarray]]) -> None:
    """The generator as the proposal of an independence Metropolis chain."""
    rows = []
    for t, (acceptance, spins) in found.items():
        m, energy = abs(spins.mean(axis=(1, 2), dtype=np.float64)), sampling.lattice_energies(spins)
        time, other = map(_time, (m, energy))
        row: dict[str, Any] = {"T": name_of(t), "acceptance": f"{acceptance:.3f}"}
        row |= {"autocorrelation time of |m| (steps)": time, "of E": other}
        row |= {"<|m|>": f"{m.mean():.4f}", "exact": f"{TORUS.mean_abs_magnetization(t):.4f}"}
        rows.append(row)
    context.table("The generator as proposal of a Metropolis chain, L = 8", rows)


def _time(series: np.ndarray) -> Diagnostic:
    time = float(estimators.autocorrelation_time(series[None]))
    return diagnose("autocorrelation time", time, n=len(series))
