"""Joined histograms: over temperatures, of a discrete system, and over umbrella windows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import logsumexp

from benchmarks.calibration.case import Case, Measured
from boltzmann_tf import estimators, exact, sampling

__all__ = ["CASES"]

SPINS = 12  # independent, of energy 0 or 1 each
TEMPERATURES = np.array([0.5, 0.7, 1.0, 1.5])
BLOCKS = 40


def _spin_moments(temperature: np.ndarray) -> np.ndarray:
    """Exact E and heat capacity at each temperature, [K, 2]."""
    p = 1 / (1 + np.exp(1 / temperature))
    return np.stack([SPINS * p, SPINS * p * (1 - p) / temperature**2], axis=1)


def _e_and_c(moments: np.ndarray, temperature: float) -> np.ndarray:
    return np.array([moments[0], (moments[1] - moments[0] ** 2) / temperature**2])


def _multi(n: int, seeds: range) -> Iterator[Measured]:
    """Independent samples at four temperatures."""
    p = 1 / (1 + np.exp(1 / TEMPERATURES))
    for seed in seeds:
        e = np.random.default_rng(seed).binomial(SPINS, p, (n, p.size)).T.astype(float)
        found = estimators.multi_histogram(
            list(e),
            list(np.stack([e, e**2], axis=-1)),
            TEMPERATURES,
            function=_e_and_c,
            n_blocks=BLOCKS,
        )
        yield Measured(*found, _spin_moments(TEMPERATURES), BLOCKS - 1)


def _tempering(rounds: int, seeds: range) -> Iterator[Measured]:
    """Replica exchange of 4 x 4 Ising lattices, a ladder a run."""
    temperatures = np.array([2.0, 2.4, 3.0, 4.0])
    state = sampling.tempering_state(4, temperatures.size, n_ladders=len(seeds), seed=0)
    options = {"temperatures": temperatures, "update": sampling.heat_bath_sweeps}
    state, _ = sampling.tempering_rounds(state, 50, **options)
    _, info = sampling.tempering_rounds(state, rounds, **options)
    model = exact.IsingTorus(4)
    truth = np.array([[model.energy(t), model.heat_capacity(t)] for t in temperatures])
    for e in info.energy:
        found = estimators.multi_histogram(
            list(e),
            list(np.stack([e, e**2], axis=-1)),
            temperatures,
            function=_e_and_c,
            n_blocks=BLOCKS,
        )
        yield Measured(*found, truth, BLOCKS - 1)


CENTRES = np.linspace(-1.6, 1.6, 17)
STIFFNESS = 30.0
CUT = 0.2
GRID = np.linspace(-3, 3, 6001)
BINS = np.linspace(-3, 3, 61)


def _potential(x: np.ndarray) -> np.ndarray:
    """Two wells 6 kT deep, the left one lower."""
    return 6 * (x**2 - 1) ** 2 + x


def _umbrella(rounds: int, ladders: int, seeds: range) -> Iterator[Measured]:
    """Independent samples in each window, by inversion of its distribution."""
    u = _potential(GRID)
    log_p = -u - STIFFNESS * (GRID - CENTRES[:, None]) ** 2
    cumulated = np.cumsum(np.exp(log_p - log_p.max(axis=1, keepdims=True)), axis=1)
    cumulated /= cumulated[:, -1:]
    truth = float(logsumexp(-u[GRID < CUT]) - logsumexp(-u[GRID >= CUT]))
    half = 0.5 * (GRID[1] - GRID[0])
    for seed in seeds:
        rng = np.random.default_rng(seed)
        draws = rng.random((cumulated.shape[0], ladders, rounds))
        r = np.stack([np.interp(u, c, GRID + half) for u, c in zip(draws, cumulated, strict=True)])
        r = np.moveaxis(r, 0, 1) if ladders > 1 else r[:, 0]
        joined = estimators.umbrella_histogram(
            r, CENTRES, STIFFNESS, edges=BINS, resolution=10, n_blocks=BLOCKS
        )
        yield Measured(*joined.free_energy_difference(CUT), truth, BLOCKS - 1)


CASES = (
    Case.of(
        "multi_histogram, E and heat capacity",
        f"4 temperatures, 1,000 samples each, {BLOCKS} blocks",
        _multi,
        1000,
    ),
    Case.of(
        "tempering_rounds and multi_histogram",
        f"Ising 4 x 4, one ladder of 800 rounds, {BLOCKS} blocks",
        _tempering,
        800,
    ),
    Case.of(
        "umbrella_histogram, difference",
        f"17 windows of 600 samples, {BLOCKS} blocks",
        _umbrella,
        600,
        1,
    ),
    Case.of(
        "umbrella_histogram, difference",
        f"4 independent ladders of 150 samples a window, {BLOCKS} blocks",
        _umbrella,
        150,
        4,
    ),
)
