"""What energies that jump at a cut add to averages of forces, where there is no force."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf.systems import ParticleSystem

__all__ = ["jumps"]

WINDOW = 0.04  # of the cut, to both sides


def jumps(r: np.ndarray, system: ParticleSystem, temperature: float) -> np.ndarray:
    """T sum over pairs of delta(r / cut - 1) [exp(u(cut) / T) - 1] y-weighted, `[m]`.

    Integrating exp(-u / T) over r by parts, a step of it at the cut is as good as the forces of a
    steep wall: T (1 - exp(-u(cut) / T)) for each pair there, counted with exp(u(r) / T) within the
    cut, so that the count goes on smoothly from one side to the other; by a kernel that errs in the
    fourth order of the window's width. Half the box away there is nothing beyond the cut: there
    the kernel is one-sided, and errs in the second.

    Args:
      r: positions `[m, n, dimension]`.
      system: of the particles.
      temperature: relative.
    """
    total = np.zeros(len(r))
    for term in system.bound_terms:
        if term.invariant != "pairs" or term.cut is None:
            continue
        height = np.asarray(term.function(term.cut, *term.parameters)) - term.shift
        if np.any(np.abs(height) > 1e-12 * np.abs(term.shift)):  # not shifted to 0
            total += _of_term(r, term, height, system, temperature)
    return total


def _of_term(
    r: np.ndarray, term: Any, height: np.ndarray, system: ParticleSystem, t: float
) -> np.ndarray:
    n, d = system.n, system.dimension
    total = np.zeros(len(r))
    for i in range(n - 1):
        others = np.flatnonzero(term.mask[i, i + 1 :]) + i + 1
        if not others.size:
            continue

        def of_these(value: Any, i: int = i, others: np.ndarray = others) -> Any:
            return value if np.ndim(value) == 0 else value[i, others]

        delta = r[:, others] - r[:, i : i + 1]
        if system.lengths is not None:
            delta -= system.lengths * np.floor(delta / system.lengths + 0.5)
        r2 = np.einsum("mjd,mjd->mj", delta, delta)
        cut = np.sqrt(of_these(term.cut))
        ratio = np.sqrt(r2) / cut
        both = True if system.lengths is None else cut * (1 + WINDOW) <= system.lengths.min() / 2
        s = (ratio - 1) / WINDOW
        inside, outside = (s < 0) & (s > -1), (s >= 0) & (s < 1) & both
        share = np.where(both, (9 - 15 * s * s) / 8, 4 + 6 * s) / WINDOW
        safe = np.where(inside, r2, of_these(term.cut))
        u = term.function(safe, *(of_these(p) for p in term.parameters)) - of_these(term.shift)
        count = np.where(inside, np.exp(u / t), 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            count = np.where(inside | outside, count * ratio ** (1 - d), 0.0)
        total += (count * share * (1 - np.exp(-of_these(height) / t))).sum(axis=1)
    return t * total
