"""Exact answers for four particles in the plane, each pair with two lengths (DW4): quadrature."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft
from scipy.interpolate import CubicSpline

from boltzmann_tf._support.checks import finite_array, non_negative, positive
from boltzmann_tf.exact._arguments import bin_edges

__all__ = ["DoubleWell4"]

_PARTICLES, _DIMENSION, _PAIRS = 4, 2, 6
_WINDOW = 40.0  # T above its lowest energy, up to which a pair counts: exp(-40) is below rounding
_PASSES = 25.0  # T that it costs two particles to pass through each other, at least
_SPACING = 0.4  # of the grid, in widths of a well: log Z is then right to ten digits


@dataclass(frozen=True)
class DoubleWell4:
    """u = sum over pairs of quartic (d - distance)^4 - quadratic (d - distance)^2, in kT at T = 1.

    With particles 1 and 2 at a distance r, particle 3 at p has the weight f(p) =
    exp(-[v(|p|) + v(|p - r|)] / T), particle 4 at q likewise, and the two meet with k(p - q) =
    exp(-v(|p - q|) / T). The integral over p and q is the sum of |f|^2 k over wave vectors, by fast
    Fourier transform on a grid, with errors that fall faster than any power of its spacing; what
    remains is an integral over r:

        Z = 1/4 2 pi integral of r exp(-v(r) / T) g(r) dr,    g(r) = integral of f(p) k(p - q) f(q),

    where 1/4 = n^(-d/2) takes the volume of three relative positions in the plane to that of
    orthonormal coordinates of four positions without their mean. The integrand in r is the density
    of the distance of a pair.

    Attributes:
      quartic: > 0.
      quadratic: >= 0.
      distance: between the two lengths of a pair.

    Examples:
      >>> exact = bg.exact.DoubleWell4()
      >>> round(exact.log_z(1.0), 6), round(exact.mean_energy(1.0), 6)
      (29.667232, -22.54151)
    """

    quartic: float = 0.9
    quadratic: float = 4.0
    distance: float = 4.0

    def __post_init__(self) -> None:
        positive("quartic", self.quartic)
        non_negative("quadratic", self.quadratic)
        positive("distance", self.distance)

    def pair_energy(self, r: ArrayLike) -> np.ndarray:
        """Energy of a pair at distances r, in kT at T = 1."""
        square = (finite_array("r", r) - self.distance) ** 2
        return square * (self.quartic * square - self.quadratic)

    def log_z(self, temperature: float = 1.0) -> float:
        """log Z with respect to orthonormal coordinates of the positions without their mean."""
        table = _table(self, positive("temperature", temperature))
        volume = 2 * math.pi * _PARTICLES ** (-_DIMENSION / 2)
        return table.offset + math.log(volume * table.spacing * float(np.sum(table.density)))

    def mean_energy(self, temperature: float = 1.0) -> float:
        """<u> in kT at T = 1: that of six pairs."""
        table = _table(self, positive("temperature", temperature))
        each = np.sum(table.density * self.pair_energy(table.r)) / np.sum(table.density)
        return _PAIRS * float(each)

    def pair_probabilities(self, edges: ArrayLike, temperature: float = 1.0) -> np.ndarray:
        """Probability that the distance of a pair is in each bin, `[bins]`."""
        edges = bin_edges("edges", edges)
        tau = positive("temperature", temperature)
        table = _table(self, tau)
        low, high = table.r[0], table.r[-1]
        # log g bends little between the nodes; what bends more is known everywhere.
        own = np.log(table.r) - self.pair_energy(table.r) / tau
        log_g = CubicSpline(table.r, np.log(table.density) - own)
        nodes, weights = np.polynomial.legendre.leggauss(8)
        cells = np.unique(np.clip(np.concatenate([edges, table.r]), low, high))
        half = 0.5 * np.diff(cells)[:, None]
        r = 0.5 * (cells[1:] + cells[:-1])[:, None] + half * nodes
        density = np.exp(log_g(r) + np.log(r) - self.pair_energy(r) / tau)
        below = np.concatenate([[0.0], np.cumsum(np.sum(half * weights * density, axis=1))])
        return np.diff(np.interp(edges, cells, below / below[-1]))


class _Table(NamedTuple):
    """Distances r, and r exp(-v / T) g(r) there but for exp(offset)."""

    r: np.ndarray
    density: np.ndarray
    spacing: float
    offset: float


@functools.lru_cache(maxsize=16)
def _table(pairs: DoubleWell4, temperature: float) -> _Table:
    a, b = pairs.quartic, pairs.quadratic
    lowest = -b * b / (4 * a)
    highest = (float(pairs.pair_energy(0.0)) - lowest) / _PASSES
    if temperature > highest:
        # At distance 0 the energy has an edge, and a grid no longer converges so fast.
        raise ValueError(
            f"temperature must be at most {highest:.6g}, where particles cannot pass through each "
            f"other, got {temperature!r}"
        )
    # From its lowest energy up, a pair is between these distances.
    rest = math.sqrt(b * b + 4 * a * (lowest + _WINDOW * temperature))
    half = math.sqrt((b + rest) / (2 * a))
    low, high = max(pairs.distance - half, 0.0), pairs.distance + half
    width = 0.4 * (temperature / a) ** 0.25
    if b > 0:
        width = min(width, math.sqrt(temperature / (4 * b)))
    spacing = _SPACING * width

    def boltzmann(square: np.ndarray) -> np.ndarray:
        return np.exp(-(pairs.pair_energy(np.sqrt(square)) - lowest) / temperature)

    # f reaches as far as `high` from both ends: no two of its images are `high` apart or nearer.
    n = fft.next_fast_len(math.ceil(3 * high / spacing), real=True)
    step = 3 * high / n
    x = (np.arange(n) - n // 2)[:, None] * step
    y = x.T
    meeting = fft.rfft2(fft.ifftshift(boltzmann(x**2 + y**2))).real
    meeting[:, 1 : (n + 1) // 2] *= 2  # of wave vectors, half are stored
    rows = math.ceil((high - low) / spacing)
    r = low + (np.arange(rows) + 0.5) * (high - low) / rows
    g = np.empty(rows)
    for i, d in enumerate(r):
        third = boltzmann((x - d / 2) ** 2 + y**2) * boltzmann((x + d / 2) ** 2 + y**2)
        g[i] = np.sum(meeting * np.abs(fft.rfft2(third)) ** 2) / n**2 * step**4
    density = r * boltzmann(r**2) * g
    return _Table(r, density, (high - low) / rows, -_PAIRS * lowest / temperature)
