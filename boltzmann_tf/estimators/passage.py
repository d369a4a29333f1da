"""How long a diffusion takes over a free-energy profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite, finite_array, positive

__all__ = ["mean_first_passage_time"]


def mean_first_passage_time(
    coordinate: ArrayLike,
    free_energy: ArrayLike,
    target: float,
    *,
    diffusion: float,
    start: float | None = None,
) -> float:
    """Returns the mean time in which a diffusion over F(r) comes to the target for the first time.

    With a reflecting left end r_0 of the profile and a constant D it is

        tau = integral from start to target of dy exp(F(y)) / D
              times the integral from r_0 to y of dx exp(-F(x))

    (Zwanzig, "Nonequilibrium statistical mechanics", 2001, section 4.3). So much of a plain
    simulation is what a jump over a barrier costs; coordinates with a memory take longer. For the
    way from the right, give -r and F from right to left.

    For the steps of a random walk, D is half of the mean square displacement of the coordinate in
    a step, rejected ones included, and the time comes in steps.

    Args:
      coordinate: r, increasing and evenly spaced, such as the centres of a profile's bins, [n].
      free_energy: F in kT, [n], finite.
      target: where the passage ends, within the profile.
      diffusion: D, in the square of the coordinate's unit a unit of time.
      start: where it begins; None for the left end.

    Returns:
      the time, by the rectangle rule: right to first order in the spacing over the distance.
    """
    r = finite_array("coordinate", coordinate, ndim=1)
    f = finite_array("free_energy", free_energy, ndim=1)
    if r.shape != f.shape or len(r) < 2:
        raise ValueError(
            f"free_energy must have a value for each of 2 or more of coordinate, got {f.size} for "
            f"{r.size}"
        )
    width = r[1] - r[0]
    if not width > 0 or not np.allclose(np.diff(r), width, rtol=1e-3, atol=0.0):
        raise ValueError(
            "coordinate must be increasing and evenly spaced, got steps from "
            f"{np.diff(r).min():g} to {np.diff(r).max():g}"
        )
    target, rate = finite("target", target), positive("diffusion", diffusion)
    if not r[0] < target <= r[-1]:
        raise ValueError(
            f"target must be within the profile, {r[0]:g} to {r[-1]:g}, got {target:g}"
        )
    begin = r[0] if start is None else finite("start", start)
    if not r[0] <= begin < target:
        raise ValueError(
            f"start must be within the profile and before the target, {r[0]:g} to {target:g}, got "
            f"{begin:g}"
        )
    f = f - np.min(f)
    inner = np.cumsum(np.exp(-f)) * width
    between = (r >= begin) & (r < target)
    return float(np.sum((np.exp(f) * inner)[between]) * width / rate)
