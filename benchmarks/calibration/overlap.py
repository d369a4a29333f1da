"""BAR and MBAR of Gaussians at a distance, whose free energies are all equal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.case import Case, Measured
from benchmarks.calibration.weights import LOG_Z
from boltzmann_tf import estimators

__all__ = ["CASES"]


def _bar(distance: float, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=n), rng.normal(distance, 1.0, n)

        def work(x: np.ndarray) -> np.ndarray:
            return 0.5 * (x - distance) ** 2 - 0.5 * x**2

        yield Measured(*estimators.bar(work(x), -work(y)), 0.0)


def _log_z_bar(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        rng = np.random.default_rng(seed)

        def log_w(x: np.ndarray) -> np.ndarray:
            return -0.5 * x**2 + 0.5 * (x / scale) ** 2 + np.log(scale) + LOG_Z

        found = estimators.log_z_bar(log_w(scale * rng.normal(size=n)), log_w(rng.normal(size=n)))
        yield Measured(*found, LOG_Z)


def _mbar(states: int, spacing: float, n: int, seeds: range) -> Iterator[Measured]:
    centres = spacing * np.arange(states)
    for seed in seeds:
        x = np.random.default_rng(seed).normal(centres[:, None], 1.0, (states, n)).ravel()
        found = estimators.mbar(0.5 * (x - centres[:, None]) ** 2, np.full(states, n))
        yield Measured(found.value[1:], found.standard_error[1:], 0.0)


CASES = (
    Case.of("bar", "Gaussians 1 apart, 500 samples each", _bar, 1.0, 500),
    Case.of("bar", "Gaussians 3 apart, 500 samples each", _bar, 3.0, 500),
    Case.of("log_z_bar", "proposal 1.5 times wider, 500 each", _log_z_bar, 1.5, 500),
    Case.of("log_z_bar", "proposal 0.7 times as wide, 500 each", _log_z_bar, 0.7, 500),
    Case.of("mbar", "5 Gaussians 1.5 apart, 200 each", _mbar, 5, 1.5, 200),
)
