"""Free energies of states and profiles, from counts and from weights, of a Gaussian coordinate."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from benchmarks.calibration.case import Case, Measured
from benchmarks.calibration.weights import gaussian_weights
from boltzmann_tf import estimators

__all__ = ["CASES"]

CUT = 1.0
DIFFERENCE = -float(stats.norm.logsf(CUT) - stats.norm.logcdf(CUT))
EDGES = np.linspace(-1.8, 1.8, 13)


def _samples(scale: float | None, n: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """A coordinate and its log-weights; of the target itself, without weights, for None."""
    if scale is None:
        return np.random.default_rng(seed).normal(size=n), None
    log_w, x = gaussian_weights(scale, n, seed)
    return x, log_w


def _difference(scale: float | None, n: int, seeds: range) -> Iterator[Measured]:
    for seed in seeds:
        x, log_w = _samples(scale, n, seed)
        found = estimators.free_energy_difference(x, log_w, cut=CUT, n_bootstrap=100)
        yield Measured(*found, DIFFERENCE)


def _profile(scale: float | None, n: int, align: str | None, seeds: range) -> Iterator[Measured]:
    exact = -np.log(np.diff(stats.norm.cdf(EDGES)) / np.diff(EDGES))
    if align == "mean":
        exact -= exact.mean()
    elif align == "minimum":
        exact -= exact.min()
    for seed in seeds:
        x, log_w = _samples(scale, n, seed)
        found = estimators.free_energy_profile(x, log_w, edges=EDGES, align=align, n_bootstrap=50)
        # the two bins at the bottom, of which one is the zero and has no error
        kept = np.delete(np.arange(exact.size), [5, 6]) if align == "minimum" else slice(None)
        yield Measured(found.free_energy[kept], found.standard_error[kept], exact[kept])


def _two(estimator: str, n: int, seeds: range) -> Iterator[Measured]:
    """Two generators, N(-3, 1.3^2) and N(3, 1.3^2), of the two states of one density.

    The target is 0.7 N(-3, 1) + 0.3 N(3, 1), cut at 0.
    """
    weights, centres, scale = np.array([0.7, 0.3]), np.array([-3.0, 3.0]), 1.3

    def log_p(x: np.ndarray) -> np.ndarray:
        return np.log(np.exp(-0.5 * (x[:, None] - centres) ** 2) @ weights / math.sqrt(2 * math.pi))

    below = float(stats.norm.cdf(-centres) @ weights)
    exact = math.log(below / (1 - below))
    if estimator == "bound_difference":  # of bounds, whose gap is not part of the error
        bounds = []
        for centre, sign in zip(centres, (-1, 1), strict=True):
            x = np.linspace(0, 12, 200_001) * sign
            q = stats.norm.pdf(x, centre, scale)
            share = np.trapezoid(q, np.abs(x))
            gain = np.trapezoid(q * (log_p(x) - np.log(q)), np.abs(x)) / share
            bounds.append(gain + math.log(share))
        exact = bounds[0] - bounds[1]
    for seed in seeds:
        rng = np.random.default_rng(seed)
        sides = []
        for centre, sign in zip(centres, (-1, 1), strict=True):
            x = rng.normal(centre, scale, n)
            sides.append((log_p(x) - stats.norm.logpdf(x, centre, scale), sign * x > 0))
        (left, in_left), (right, in_right) = sides
        found = getattr(estimators, estimator)(left, right, in_left, in_right)
        yield Measured(*found, exact)


def _populations(scale: float, n: int, seeds: range) -> Iterator[Measured]:
    regions = {"low": (-math.inf, -0.5), "middle": (-0.5, CUT), "high": (CUT, math.inf)}
    low, cut = stats.norm.cdf([-0.5, CUT])
    for seed in seeds:
        x, log_w = _samples(scale, n, seed)
        found = estimators.populations(x, log_w, regions=regions)
        yield Measured(found.probability, found.standard_error, np.array([low, cut - low, 1 - cut]))


CASES = (
    Case.of(
        "free_energy_difference, counts",
        "16 % in the rare state, 500 samples",
        _difference,
        None,
        500,
    ),
    Case.of(
        "free_energy_difference, weights", "k-hat −1.25, 1,000 samples", _difference, 1.5, 1000
    ),
    Case.of("free_energy_difference, weights", "k-hat 0.19, 4,000 samples", _difference, 0.9, 4000),
    Case.of(
        "free_energy_profile, mean at zero",
        "more than 100 samples a bin, counts",
        _profile,
        None,
        4000,
        "mean",
    ),
    Case.of(
        "free_energy_profile, minimum at zero",
        "more than 100 samples a bin, counts",
        _profile,
        None,
        4000,
        "minimum",
    ),
    Case.of(
        "free_energy_profile, −log p",
        "more than 100 samples a bin, weights",
        _profile,
        1.5,
        4000,
        None,
    ),
    Case.of("populations", "three regions, k-hat −1.25, 1,000 samples", _populations, 1.5, 1000),
    Case.of(
        "reweighted_difference",
        "two generators of 1,000 samples",
        _two,
        "reweighted_difference",
        1000,
    ),
    Case.of(
        "bound_difference",
        "two generators of 1,000 samples, about its own mean",
        _two,
        "bound_difference",
        1000,
    ),
)
