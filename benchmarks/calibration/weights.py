"""Estimators of importance weights: Gaussian proposals for a Gaussian target, in closed form."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.case import Case, Measured
from boltzmann_tf import estimators

__all__ = ["CASES", "gaussian_weights"]

LOG_Z = 0.5 * math.log(2 * math.pi)


def gaussian_weights(scale: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-weights of N(0, scale^2) for exp(-x^2 / 2), and the samples.

    Their tail has k-hat 1 - scale^2, below 0 for a proposal wider than the target.
    """
    x = scale * np.random.default_rng(seed).normal(size=n)
    return -0.5 * x**2 + 0.5 * (x / scale) ** 2 + math.log(scale) + LOG_Z, x


def _log_z(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        yield Measured(*estimators.log_z(gaussian_weights(scale, n, seed)[0]), LOG_Z)


def _bounds(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    # KL of N(0, a^2) from N(0, b^2): log(b / a) + (a / b)^2 / 2 - 1/2
    lower = LOG_Z - (0.5 * scale**2 - 0.5 - math.log(scale))
    upper = LOG_Z + (0.5 / scale**2 - 0.5 + math.log(scale))
    for seed in seeds:
        generated, _ = gaussian_weights(scale, n, seed)
        x = np.random.default_rng([seed, 1]).normal(size=n)
        reference = -0.5 * x**2 + 0.5 * (x / scale) ** 2 + math.log(scale) + LOG_Z
        found = estimators.log_z_bounds(generated, reference)
        values = [found.lower.value, found.upper.value]
        errors = [found.lower.standard_error, found.upper.standard_error]
        yield Measured(np.array(values), np.array(errors), np.array([lower, upper]))


def _mean(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        log_w, x = gaussian_weights(scale, n, seed)
        yield Measured(*estimators.weighted_average(x, log_w), 0.0)


def _variance(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        log_w, x = gaussian_weights(scale, n, seed)
        found = estimators.weighted_average(
            np.stack([x, x**2], axis=1), log_w, function=lambda m: m[1] - m[0] ** 2
        )
        yield Measured(*found, 1.0)


CASES = (
    Case.of("log_z", "k-hat −1.25, 1,000 samples", _log_z, 1.5, 1000),
    Case.of("log_z", "k-hat 0.19, 4,000 samples", _log_z, 0.9, 4000),
    Case.of("log_z_bounds, both", "k-hat −1.25, 1,000 samples", _bounds, 1.5, 1000),
    Case.of("weighted_average, mean", "k-hat −1.25, 2,000 samples", _mean, 1.5, 2000),
    Case.of("weighted_average, mean", "k-hat 0.19, 4,000 samples", _mean, 0.9, 4000),
    Case.of("weighted_average, variance", "k-hat −1.25, 4,000 samples", _variance, 1.5, 4000),
)
