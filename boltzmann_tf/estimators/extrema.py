"""Barriers and differences of minima, read off profiles at the same bins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from boltzmann_tf._support.checks import instance
from boltzmann_tf.estimators._common import Estimate
from boltzmann_tf.estimators._states import interval
from boltzmann_tf.estimators.profiles import Profile

__all__ = ["Extrema", "profile_extrema"]


class Extrema(NamedTuple):
    """Bins of a profile with two minima and a barrier between them.

    Take them from a profile that is well known and ask others at the same bins. Of a profile with
    noise the highest of many bins lies too high and the lowest too low, and a barrier between its
    own extrema is too high by about an error of each.

        at = estimators.profile_extrema(reference, (1.3, 1.7))
        at.barrier(found), at.barrier(reference)

    Attributes:
      left: the lowest bin below the range that holds the top.
      top: the highest bin in that range.
      right: the lowest bin above it.
    """

    left: int
    top: int
    right: int

    def barrier(self, profile: Profile) -> Estimate:
        """F at the top minus F at the left minimum; NaN where one of the bins is empty."""
        return _between(profile, self.left, self.top)

    def difference(self, profile: Profile) -> Estimate:
        """F at the right minimum minus F at the left one; NaN where one of the bins is empty."""
        return _between(profile, self.left, self.right)


def profile_extrema(profile: Profile, between: tuple[float, float]) -> Extrema:
    """Returns the bins of the minima on both sides of a range, and of the top in it.

    Args:
      profile: F along a coordinate; empty bins are passed over.
      between: (low, high) of the coordinate, which the top is in.
    """
    instance("profile", profile, Profile)
    low, high = interval("between", between)
    r, f = profile.centers, profile.free_energy
    parts = {"below": r < low, "in": (r > low) & (r < high), "above": r > high}
    for where, mask in parts.items():
        if not np.any(np.isfinite(f[mask])):
            raise ValueError(
                f"between must leave a bin with samples {where} it, got none for {between!r}"
            )
    left, top, right = (np.where(mask, f, np.nan) for mask in parts.values())
    return Extrema(int(np.nanargmin(left)), int(np.nanargmax(top)), int(np.nanargmin(right)))


def _between(profile: Profile, first: int, last: int) -> Estimate:
    instance("profile", profile, Profile)
    f, error = profile.free_energy, profile.standard_error
    if len(f) <= max(first, last):
        raise ValueError(f"profile must have the bins {first} and {last}, got {len(f)} bins")
    return Estimate(float(f[last] - f[first]), float(np.hypot(error[first], error[last])))
