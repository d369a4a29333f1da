"""Fluids whose number of states in a box, Q(n, V), is known: the ideal gas, and fluids on a line.

On a line particles keep their order. Where only neighbours interact, Q is a convolution of the
factors exp(-u / T) of the gaps (Takahashi, Proc. Phys.-Math. Soc. Japan 24, 60, 1942).
"""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, xlogy

from boltzmann_tf._support.checks import (
    choice,
    finite,
    finite_array,
    non_negative,
    positive,
    positive_int,
)

__all__ = ["HardRods", "IdealGas", "NeighbourPoints", "SquareWellRods", "StateCount"]

BOUNDARIES = ("walls", "ring")


class StateCount(abc.ABC):
    """A fluid whose Q(n, V) = 1 / n! integral of exp(-U / T) over n positions in V is known."""

    def log_q(self, n: int, volume: ArrayLike, temperature: float = 1.0) -> np.ndarray:
        """log Q(n, V) of volumes of any shape; -inf where n particles do not fit, 0 for none.

        Args:
          n: particles, from 0 on.
          volume: of the box, >= 0; the length of a line.
          temperature: T.
        """
        v = finite_array("volume", volume)
        if np.any(v < 0):
            raise ValueError(f"volume must be >= 0, got {float(v.min())!r}")
        tau = positive("temperature", temperature)
        if positive_int("n", n, minimum=0) == 0:
            return np.zeros(v.shape)
        with np.errstate(divide="ignore"):
            return np.asarray(self._log_q(n, v, tau))

    @abc.abstractmethod
    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        """The same for n > 0."""

    def least_volume(self, n: int) -> float:
        """The volume that n particles need at least."""
        positive_int("n", n, minimum=0)
        return 0.0


@dataclass(frozen=True)
class IdealGas(StateCount):
    """Q = V^n / n!, in any dimension."""

    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        del temperature
        return xlogy(n, volume) - gammaln(n + 1)


@dataclass(frozen=True)
class HardRods(StateCount):
    """Rods that do not overlap, and Kac's attraction of each by all, -attraction n^2 / L.

    Between walls Q = (L - n b)^n / n!; on a ring L (L - n b)^(n - 1) / n!. With an attraction the
    pressure of large boxes is van der Waals' (`VanDerWaals`), exactly.

    Attributes:
      diameter: b > 0.
      attraction: a >= 0, in kT at T = 1 times a length.
      boundary: "walls" (rods are inside of 0 .. L as a whole) or "ring".
    """

    diameter: float = 1.0
    attraction: float = 0.0
    boundary: str = "walls"

    def __post_init__(self) -> None:
        positive("diameter", self.diameter)
        non_negative("attraction", self.attraction)
        choice("boundary", self.boundary, BOUNDARIES)

    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        free = np.maximum(volume - n * self.diameter, 0.0)
        if self.boundary == "walls":
            found = xlogy(n, free)
        else:  # one rod alone cannot overlap with itself, but must fit
            found = np.where(free > 0, np.log(volume) + xlogy(n - 1, free), -np.inf)
        attraction = self.attraction * n**2 / (np.where(volume > 0, volume, 1.0) * temperature)
        return np.where(free > 0, found - gammaln(n + 1) + attraction, -np.inf)

    def least_volume(self, n: int) -> float:
        """n b."""
        return positive_int("n", n, minimum=0) * self.diameter


@dataclass(frozen=True)
class SquareWellRods(StateCount):
    """Points on a ring with a hard core and a well so narrow that only neighbours see each other.

    u = +infinity for r < core, -depth up to `reach`, 0 beyond. Of two particles the pair counts
    once, the nearer way round.

    Attributes:
      core: > 0.
      reach: of the well, between core and 2 core.
      depth: in kT at T = 1, of either sign.
    """

    core: float = 1.0
    reach: float = 1.5
    depth: float = 1.0

    def __post_init__(self) -> None:
        positive("core", self.core)
        finite("depth", self.depth)
        if not self.core < positive("reach", self.reach) <= 2 * self.core:
            raise ValueError(
                f"reach must be above core and at most twice as long, {self.core} .. "
                f"{2 * self.core}, got {self.reach!r}"
            )

    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        inside = math.exp(self.depth / temperature)
        if n == 1:
            return np.log(volume)
        if n == 2:
            half = volume / 2
            well = np.clip(half, self.core, self.reach) - self.core
            return np.log(volume * (inside * well + np.maximum(half - self.reach, 0.0)))
        # The factor of a gap is inside H(g - core) - (inside - 1) H(g - reach): a sum of powers.
        terms = []
        for k in range(n + 1):
            room = np.maximum(volume - (n - k) * self.core - k * self.reach, 0.0)
            factor = math.comb(n, k) * inside ** (n - k) * (1 - inside) ** k
            terms.append(factor * room ** (n - 1))
        total = np.array([math.fsum(each) for each in np.stack(terms, axis=-1).reshape(-1, n + 1)])
        count = np.maximum(total.reshape(volume.shape), 0.0) / math.factorial(n - 1)
        return np.log(volume * count / n)

    def least_volume(self, n: int) -> float:
        """n core, for more than one."""
        return positive_int("n", n, minimum=0) * self.core if n > 1 else 0.0


@dataclass(frozen=True)
class NeighbourPoints(StateCount):
    """Points between walls whose neighbours interact by a smooth potential, and Kac's attraction.

    Q(n, L) is the convolution of n - 1 factors exp(-u(g) / T) of gaps, and of 1 for each of the
    two ends. On an even grid a sum converges faster than any power of its step, as all derivatives
    of the factor vanish where the potential diverges.

    Attributes:
      potential: u of distances > 0, as an array function in kT at T = 1, smooth, and infinite at 0.
      longest: length of the largest box that is asked for.
      attraction: a, of a term -a n (n - 1) / L.
      step: of the grid.
    """

    potential: Callable[[np.ndarray], np.ndarray]
    longest: float
    attraction: float = 0.0
    step: float = 0.01

    def __post_init__(self) -> None:
        if not callable(self.potential):
            raise TypeError(f"potential must be a function, got {self.potential!r}")
        positive("longest", self.longest)
        finite("attraction", self.attraction)
        positive("step", self.step)

    def _log_q(self, n: int, volume: np.ndarray, temperature: float) -> np.ndarray:
        if np.any(volume > self.longest):
            raise ValueError(
                f"volume must be at most longest, {self.longest:g}, got {float(volume.max())!r}"
            )
        attraction = self.attraction * n * (n - 1)
        length = np.where(volume > 0, volume, 1.0)
        if n == 1:
            return np.log(volume)
        known, lowest = _ends(self, n, temperature)
        found = known(np.maximum(volume, lowest)) + attraction / (length * temperature)
        return np.where(volume > lowest, found, -np.inf)


TINY = 1e-280  # densities below this are counted as zero


@functools.lru_cache(maxsize=256)
def _gaps(fluid: NeighbourPoints, m: int, temperature: float) -> tuple[np.ndarray, float]:
    """m-fold convolution of the factors on the grid, divided by exp of what is returned beside."""
    r = fluid.step * np.arange(math.ceil(fluid.longest / fluid.step) + 2)
    if m == 1:
        factor = np.zeros(len(r))
        with np.errstate(over="ignore"):
            factor[1:] = np.exp(-np.asarray(fluid.potential(r[1:])) / temperature)
        if not np.all(np.isfinite(factor)):
            raise ValueError("potential must be bounded from below, got factors that are infinite")
        return factor, 0.0
    half = m // 2
    (one, first), (other, second) = (_gaps(fluid, k, temperature) for k in (half, m - half))
    both = np.convolve(one, other)[: len(r)] * fluid.step
    size = both.max()
    return both / size, first + second + math.log(size)


@functools.lru_cache(maxsize=256)
def _ends(
    fluid: NeighbourPoints, n: int, temperature: float
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """log Q(n, L) without the attraction as a function of L, and the length where it begins."""
    density, offset = _gaps(fluid, n - 1, temperature)
    r = fluid.step * np.arange(len(density))
    # The integral of (L - r) density(r): trapezoids, corrected for the slope at the upper end.
    inner = fluid.step * np.cumsum(density) - 0.5 * fluid.step * density
    moment = fluid.step * np.cumsum(r * density) - 0.5 * fluid.step * r * density
    total = r * inner - moment + fluid.step**2 / 12 * density
    begin = int(np.argmax(total > TINY * total.max())) + 1
    spline = CubicSpline(r[begin:], np.log(total[begin:]) + offset)
    return spline, float(r[begin])
