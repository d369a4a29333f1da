"""The numbers of the reference of `dimer`, each beside its target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from boltzmann_tf import estimators
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Metric
from boltzmann_tf.reproductions.solvated_dimer.hamiltonian_exchange import Exchange
from boltzmann_tf.reproductions.solvated_dimer.measured import compared
from boltzmann_tf.reproductions.solvated_dimer.numbers import TARGET
from boltzmann_tf.reproductions.solvated_dimer.published_umbrella import (
    PUBLISHED,
    window_free_energies,
)
from boltzmann_tf.reproductions.solvated_dimer.reference import Windows

__all__ = ["add_reference"]


def add_reference(
    context: Context,
    windows: Windows,
    other: Exchange,
    monte_carlo: Mapping[str, np.ndarray],
    wide: float,
) -> None:
    """The reference itself: its errors, a second method, the published windows, mean energies."""
    for t in windows.by_temperature:
        p = windows.profile(t)
        worst = float(np.max(p.standard_error[compared(p.centers)]))
        context.add(
            Metric.at_most(
                f"umbrella sampling, T = {t:g}: largest error of F(d), 0.8 < d < 2.2 (kT)",
                worst,
                0.05 * wide,
                **TARGET,
            )
        )
    one, second = windows.difference(1.0), other.difference
    context.add(
        Metric.close(
            "umbrella sampling, T = 1: F(open) - F(closed) (kT)",
            one.value,
            second.value,
            3 * float(np.hypot(one.standard_error, second.standard_error)),
            standard_error=one.standard_error,
            reference_kind="simulation",
            source="Hamiltonian replica exchange with MBAR, this run "
            f"(± {second.standard_error:.3f})",
            justification="two independent methods within three combined errors",
        ),
        headline=True,
    )
    context.add(
        Metric.at_most(
            "umbrella sampling, T = 1: stated error of F(open) - F(closed) (kT)",
            one.standard_error,
            0.05 * wide,
            **TARGET,
        )
    )
    context.add(
        Metric.at_most(
            "replica exchange, T = 1: stated error of F(open) - F(closed) (kT)",
            second.standard_error,
            0.2 * wide,
            justification="a second method must be able to disagree",
        )
    )
    said = PUBLISHED["umbrella"]
    ours = window_free_energies(windows.by_temperature[1.0], np.array(said["centres"]))
    difference = np.array(said["free_energy"]) - ours
    difference -= difference.mean()
    context.add(
        Metric.at_most(
            "published windows at T = 1, RMS of (published - ours) / published deviation",
            float(np.sqrt(np.mean((difference / np.array(said["deviation"])) ** 2))),
            1.0,
            source=said["source"],
            justification="the mean of six half-loops is off by less than one of them",
        )
    )
    context.add(
        Metric.at_most(
            "published windows at T = 1, largest |published - ours| of a window (kT)",
            float(np.max(np.abs(difference))),
            0.3 * wide,
            source=said["source"],
            justification="the published data scatter by 0.13 to 0.55 from window to window",
        )
    )
    energies = PUBLISHED["mean_energies"]
    for state in ("closed", "open"):
        # Walker after walker, as `reference.frames` has them.
        mean = cast(Estimate, estimators.mean_with_error(monte_carlo[state].reshape(64, -1)))
        context.add(
            Metric.close(
                f"Monte Carlo, T = 1: mean energy {state} (kT)",
                mean.value,
                energies[state],
                energies["tolerance"],
                standard_error=mean.standard_error,
                reference_kind="published",
                source=energies["source"],
                justification=energies["justification"],
            )
        )
