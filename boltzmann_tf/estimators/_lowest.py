"""Where a free-energy profile is lowest, without the luck of the bin that noise put lowest.

The lowest of several bins that differ by less than their noise is low by about one standard error
of a bin, and a profile that has its zero there is too high everywhere. A parabola through the
bottom of the well, fitted to all its bins, has no such luck.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

__all__ = ["lowest"]

_CLEAR = 4.0  # standard errors by which a bin is lowest beyond doubt
_SPAN = 1.0  # kT above the bottom that the parabola is fitted to, at first
_NEAR = 2  # bins on either side of the lowest that are fitted however high, at first
_MINIMUM_BINS = 5  # three parameters, and two to see whether they fit
_UNLIKELY = 0.01  # a fit as bad as this by chance is one of fewer bins
_ROUNDS = 10  # for the fit and its range to agree; they may take turns for ever
_HALVINGS = 20  # of the range, to 1e-6 kT, where noise has no bottom left to fit


def lowest(
    free_energy: np.ndarray, covariance: np.ndarray, centers: np.ndarray
) -> tuple[np.ndarray, float]:
    """Returns the lowest value of a profile as a linear combination of its bins, and the value.

    One bin that lies more than four standard errors below all others is the lowest. Otherwise a
    log-density of second order is fitted to the contiguous bins up to 1 kT above the bottom, and
    to two on either side (a quasi-Poisson regression: it takes densities and not their noisy
    logarithms), and its lowest bin is taken; a constant where the data do not tell it from a
    parabola (Akaike). Where the fit is bad, the range is halved, until it holds four bins: then it
    is the lowest bin after all.

    Args:
      free_energy: in kT, NaN in empty bins, one finite at least, [bins].
      covariance: of its errors, [bins, bins]; anything in empty bins.
      centers: of the bins.

    Returns:
      coefficients, which sum to one, [bins]; and the lowest value, in kT.
    """
    bottom = int(np.nanargmin(free_energy))
    filled = np.isfinite(free_energy)
    variance = np.where(filled, np.diag(covariance), 0.0)
    apart = variance + variance[bottom] - 2 * np.where(filled, covariance[bottom], 0.0)
    apart = np.sqrt(np.maximum(apart, 0.0))
    height = np.where(filled, free_energy - free_energy[bottom], np.inf)
    alone = np.zeros(free_energy.size)
    alone[bottom] = 1.0
    if np.count_nonzero(height <= _CLEAR * apart) == 1:
        return alone, float(free_energy[bottom])
    p = np.exp(-height)
    span = _SPAN
    near = _NEAR
    index = np.arange(free_energy.size)
    for _ in range(_HALVINGS):
        close = filled & (np.abs(index - bottom) <= near)
        used = _around(close | (height < span + 2 * apart), bottom)
        for _ in range(_ROUNDS):
            if used.size < _MINIMUM_BINS:
                return alone, float(free_energy[bottom])
            fit, row, likely = _fitted(p[used], variance[used], centers[used], centers)
            top = used[np.argmax(fit[used])]
            close = np.abs(index - top) <= near
            now = _around((close | (fit > fit[top] - span)) & filled, top)
            if np.array_equal(now, used):
                if not likely:
                    break
                coefficients = np.zeros(free_energy.size)
                coefficients[used] = row
                return coefficients, float(free_energy[bottom] - fit[used].max())
            used = now
        span, near = span / 2, 0
    return alone, float(free_energy[bottom])


def _around(mask: np.ndarray, at: int) -> np.ndarray:
    """Indices of the contiguous true values around one of them (which counts as true)."""
    wrong = np.flatnonzero(~mask)
    wrong = wrong[wrong != at]
    first = wrong[wrong < at].max(initial=-1) + 1
    return np.arange(first, wrong[wrong > at].min(initial=mask.size))


def _fitted(
    p: np.ndarray, variance: np.ndarray, x: np.ndarray, everywhere: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """log p at all bins, the combination of the given bins' logs that is highest, is it likely."""
    middle, width = x.mean(), np.ptp(x)
    spread = max(float(np.median(variance * p)), np.finfo(float).tiny)  # of p over its mean
    best, found = np.inf, (x, x, False)
    for order in (0, 2):
        terms = np.vander((x - middle) / width, order + 1, increasing=True)
        log = np.full(p.size, np.log(p.mean()))
        for _ in range(30):  # Newton's steps of the likelihood
            mean = np.exp(np.clip(log, -30.0, 30.0))
            hat = np.linalg.solve(terms.T @ (mean[:, None] * terms), (terms * mean[:, None]).T)
            factors = hat @ (log + (p - mean) / mean)
            change = np.max(np.abs(terms @ factors - log))
            log = terms @ factors
            if change < 1e-10:
                break
        mean = np.exp(np.clip(log, -30.0, 30.0))
        misfit = float(np.sum((p - mean) ** 2 / (mean * spread)))
        if misfit + 2 * order < best:
            best = misfit + 2 * order
            likely = misfit <= chi2.isf(_UNLIKELY, p.size - order - 1)
            shape = np.vander((everywhere - middle) / width, order + 1, increasing=True)
            found = shape @ factors, terms[np.argmax(log)] @ hat, bool(likely)
    return found
