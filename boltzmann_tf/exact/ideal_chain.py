"""Chains whose bonds do not know of each other: closed forms and quadrature of one bond.

Positions of n beads are known but for a common shift. `log_z` is with respect to orthonormal
coordinates of the positions without their mean, as `systems.ParticleSystem` has them where nothing
holds particles in place; with one bead held it is larger by `log_jacobian`, d / 2 log n, and with
the chain anywhere in a volume V by log V on top of that.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, j0, logsumexp

from boltzmann_tf._support.checks import finite_array, positive, positive_int
from boltzmann_tf.exact._arguments import bin_edges, generator
from boltzmann_tf.exact._quadrature import composite_nodes

__all__ = ["BondEnergy", "IdealChain", "harmonic_bond"]

NEGLIGIBLE = 46.0  # kT: exp(-46) is 1e-20
PANELS = 200  # of the support of a bond
FARTHEST = 1e6

BondEnergy = Callable[[np.ndarray], np.ndarray]


def harmonic_bond(stiffness: float, length: float = 0.0) -> BondEnergy:
    """stiffness / 2 (r - length)^2, in kT at T = 1, as `potentials.HarmonicBond`.

    Args:
      stiffness: > 0.
      length: at rest.
    """
    k, r0 = positive("stiffness", stiffness), float(length)

    def energy(r: np.ndarray) -> np.ndarray:
        return 0.5 * k * (np.asarray(r, np.float64) - r0) ** 2

    return energy


class _Bond(NamedTuple):
    """Lengths, and logs of weights that hold r^(d-1) exp(-u / T) and a sphere's surface."""

    r: np.ndarray
    log_weight: np.ndarray
    log_z: float

    @property
    def weight(self) -> np.ndarray:
        return np.exp(self.log_weight - self.log_z)


class IdealChain:
    """A chain of n beads with an energy of its bonds, and of the angles between them, alone.

    Moments hold for any bond law and any bending energy, bond lengths and angles being
    independent; densities of the distance of the ends are those of a chain without bending.

    Args:
      n: beads.
      bond: energy of a bond of length r, in kT at T = 1, a function of arrays; +inf allowed.
      bending: energy of an angle whose cosine, between one bond and the next, is c: 1 for a
        straight chain; None for freely jointed bonds.
      dimension: 1, 2 or 3; 2 or 3 with bending.

    Examples:
      >>> chain = bg.exact.IdealChain(10, bg.exact.harmonic_bond(5.0, 1.5))
      >>> round(chain.bond_moment(2), 6), round(chain.log_bond(), 6)
      (3.21736, 3.541328)
      >>> round(chain.end_to_end_squared(), 3), round(chain.gyration_squared(), 3)
      (28.956, 5.309)
    """

    def __init__(
        self,
        n: int,
        bond: BondEnergy,
        *,
        bending: BondEnergy | None = None,
        dimension: int = 3,
    ) -> None:
        self.n = positive_int("n", n, minimum=2)
        for name, function in (("bond", bond), ("bending", bending)):
            if not callable(function) and not (name == "bending" and function is None):
                raise TypeError(f"{name} must be a function of arrays, got {function!r}")
        self.bond, self.bending = bond, bending
        if positive_int("dimension", dimension) > 3 or (bending is not None and dimension == 1):
            raise ValueError(
                f"dimension must be 1, 2 or 3, and above 1 with bending, got {dimension}"
            )
        self.dimension = int(dimension)

    # One bond, one angle.

    @functools.lru_cache(maxsize=16)  # noqa: B019
    def _bond(self, temperature: float) -> _Bond:
        tau, d = positive("temperature", temperature), self.dimension
        low, high = _support(lambda r: self.bond(r) / tau - (d - 1) * np.log(r))
        r, log_weight, _ = composite_nodes(np.array([low, high]), (high - low) / PANELS)
        log_weight = log_weight + (d - 1) * np.log(r) - self.bond(r) / tau
        log_weight += math.log(2 * math.pi ** (d / 2) / gamma(d / 2))
        return _Bond(r, log_weight, float(logsumexp(log_weight)))

    def log_bond(self, temperature: float = 1.0) -> float:
        """log of the integral of exp(-u / T) over all bond vectors."""
        return self._bond(temperature).log_z

    def bond_moment(self, k: int, temperature: float = 1.0) -> float:
        """<r^k> of a bond."""
        bond = self._bond(temperature)
        return float(np.sum(bond.weight * bond.r ** positive_int("k", k)))

    def mean_energy(self, temperature: float = 1.0) -> float:
        """<u>, in kT at T = 1."""
        bond = self._bond(temperature)
        used = bond.weight > 0
        mean = (self.n - 1) * float(np.sum(bond.weight[used] * self.bond(bond.r[used])))
        if self.bending is not None:
            c, weight = self._angle(temperature)[:2]
            mean += (self.n - 2) * float(np.sum(weight * self.bending(c)))
        return mean

    def _angle(self, temperature: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Cosines, their probabilities, and log of the mean of exp(-u / T) over directions."""
        tau = positive("temperature", temperature)
        theta, log_weight, _ = composite_nodes(np.array([0.0, np.pi]), np.pi / PANELS)
        c = np.cos(theta)
        log_weight = log_weight + (self.dimension - 2) * np.log(np.sin(theta))
        log_all = float(logsumexp(log_weight))
        if self.bending is not None:
            log_weight = log_weight - self.bending(c) / tau
        log_z = float(logsumexp(log_weight))
        return c, np.exp(log_weight - log_z), log_z - log_all

    def mean_cosine(self, temperature: float = 1.0) -> float:
        """<cos> between one bond and the next; 0 without bending."""
        if self.bending is None:
            return 0.0
        c, weight, _ = self._angle(temperature)
        return float(np.sum(weight * c))

    # The chain.

    @property
    def log_jacobian(self) -> float:
        """log of the volume of positions with one bead held, over that without their mean."""
        return 0.5 * self.dimension * math.log(self.n)

    def log_z(self, temperature: float = 1.0) -> float:
        """log Z with respect to orthonormal coordinates without the mean; see the module."""
        log_z = (self.n - 1) * self.log_bond(temperature) - self.log_jacobian
        if self.bending is not None:
            log_z += (self.n - 2) * self._angle(temperature)[2]
        return log_z

    def log_z_periodic(self, side: float, temperature: float = 1.0) -> float:
        """log Z of all positions in a periodic cube, bonds and bead by the nearest image.

        A bond may reach into the corners of the cube, and no further.

        Args:
          side: of the cube.
          temperature: T.
        """
        if self.bending is not None:
            raise ValueError("bending must be None in a periodic cube, got a function")
        length = positive("side", side)
        log_bond, _ = self._periodic(length, temperature)
        return self.dimension * math.log(length) + (self.n - 1) * log_bond

    def periodic_bond_squared(self, side: float, temperature: float = 1.0) -> float:
        """<r^2> of a bond by the nearest image in a periodic cube."""
        return self._periodic(positive("side", side), temperature)[1]

    def _periodic(self, side: float, temperature: float) -> tuple[float, float]:
        """log of the integral over the cube of bond vectors, and <r^2>."""
        tau = positive("temperature", temperature)
        bond = self._bond(tau)
        if side / 2 >= bond.r[-1]:
            return bond.log_z, self.bond_moment(2, tau)
        # One corner of 2^d: what is not smooth at the origin is at its edge.
        x, log_w, _ = composite_nodes(np.array([0.0, side / 2]), side / 10)
        axes = np.meshgrid(*[x] * self.dimension, indexing="ij", sparse=True)
        weights = np.meshgrid(*[log_w] * self.dimension, indexing="ij", sparse=True)
        r2 = functools.reduce(np.add, [a * a for a in axes])
        log_weight = functools.reduce(np.add, weights) - self.bond(np.sqrt(r2)) / tau
        log_z = float(logsumexp(log_weight))
        mean = float(np.sum(np.exp(log_weight - log_z) * r2))
        return log_z + self.dimension * math.log(2), mean

    def separation_squared(self, k: int, temperature: float = 1.0) -> float:
        """<|r_(i+k) - r_i|^2> of beads k bonds apart."""
        if positive_int("k", k) >= self.n:
            raise ValueError(f"k must be below the number of beads, {self.n}, got {k}")
        c = self.mean_cosine(temperature)
        steps = np.arange(1, k)
        cross = float(np.sum((k - steps) * c**steps)) if c else 0.0
        mean = self.bond_moment(1, temperature)
        return k * self.bond_moment(2, temperature) + 2 * mean * mean * cross

    def end_to_end_squared(self, temperature: float = 1.0) -> float:
        """<R_ee^2>: (n - 1) <b^2> without bending."""
        return self.separation_squared(self.n - 1, temperature)

    def gyration_squared(self, temperature: float = 1.0) -> float:
        """<R_g^2>: <b^2> (n^2 - 1) / (6 n) without bending."""
        apart = [(self.n - k) * self.separation_squared(k, temperature) for k in range(1, self.n)]
        return float(np.sum(apart)) / self.n**2

    def sample(self, n: int, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
        """Independent chains from the origin on, `[n, beads, dimension]`.

        Args:
          n: chains.
          temperature: T.
          seed: integer seed or NumPy generator.
        """
        rng, d = generator("seed", seed), self.dimension
        m = positive_int("n", n)
        bond = self._bond(temperature)
        lengths = _quantiles(bond.r, bond.weight, rng.uniform(size=(m, self.n - 1)))
        steps = rng.standard_normal((m, self.n - 1, d))
        steps /= np.linalg.norm(steps, axis=-1, keepdims=True)
        if self.bending is not None:
            theta, weight, _ = self._angle(temperature)
            turns = np.cos(_quantiles(np.arccos(theta), weight, rng.uniform(size=(m, self.n - 2))))
            for k in range(1, self.n - 1):
                last, other = steps[:, k - 1], steps[:, k]
                other = other - np.sum(other * last, axis=-1, keepdims=True) * last
                other /= np.linalg.norm(other, axis=-1, keepdims=True)
                c = turns[:, k - 1, None]
                steps[:, k] = c * last + np.sqrt(1 - c * c) * other
        path = np.cumsum(lengths[..., None] * steps, axis=1)
        return np.concatenate([np.zeros((m, 1, d)), path], axis=1)

    def end_to_end_density(self, r: ArrayLike, temperature: float = 1.0) -> np.ndarray:
        """The density of the distance of the ends, of distances of any shape.

        The density of the vector is the inverse Fourier transform of the (n - 1)th power of that
        of a bond.
        """
        at = finite_array("r", r)
        if np.any(at < 0):
            raise ValueError(f"r must be >= 0, got {float(at.min())!r}")
        if self.bending is not None or self.n < 3:
            raise ValueError(
                "bending must be None and n above 2 for a density of the ends, got "
                f"n = {self.n}, bending {'None' if self.bending is None else 'a function'}"
            )
        q, log_q, power = self._spectrum(temperature)
        d = self.dimension
        # Of one of cos, J_0, sin(x) / x, the transform of a sphere's surface.
        surface = 2 * math.pi ** (d / 2) / gamma(d / 2)
        measure = np.exp(log_q) * q ** (d - 1) * power * surface / (2 * math.pi) ** d
        flat = at.ravel()
        found = np.array([np.sum(measure * _wave(q * x, d)) for x in flat])
        return np.maximum(surface * flat ** (d - 1) * found, 0.0).reshape(at.shape)

    def end_to_end_probabilities(self, edges: ArrayLike, temperature: float = 1.0) -> np.ndarray:
        """Probability that the distance of the ends is in each bin, `[bins]`."""
        ends = np.maximum(bin_edges("edges", edges), 0.0)
        r, log_w, first = composite_nodes(ends, float(np.max(np.diff(ends))) + 1e-300)
        mass = np.exp(log_w) * self.end_to_end_density(r, temperature)
        return np.add.reduceat(mass, first)

    @functools.lru_cache(maxsize=4)  # noqa: B019
    def _spectrum(self, temperature: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Wave numbers, logs of their weights, and the transform of a bond to the power n - 1."""
        bond = self._bond(temperature)
        keep = bond.weight > 1e-22
        r, w = bond.r[keep], bond.weight[keep]
        # Where the power has died out; panels that resolve waves of the whole length.
        reach = math.sqrt((self.n - 1) * float(np.sum(w * r * r))) * 6 + r.max()
        highest, step = 0.0, 2 * math.pi / reach

        def of_bond(q: np.ndarray) -> np.ndarray:
            return np.array([np.sum(w * _wave(k * r, self.dimension)) for k in q])

        while True:
            lowest, highest = highest, highest + 40 * step
            q = np.linspace(lowest, highest, 41)
            power = of_bond(q) ** (self.n - 1) * np.maximum(q, 1) ** (self.dimension - 1)
            if np.max(np.abs(power)) < 1e-17 or highest > FARTHEST:
                break
        q, log_q, _ = composite_nodes(np.array([0.0, highest]), step)
        return q, log_q, of_bond(q) ** (self.n - 1)


def _wave(x: np.ndarray, dimension: int) -> np.ndarray:
    """Mean of exp(i k r) over directions: cos, J_0 or sin(x) / x."""
    if dimension == 1:
        return np.cos(x)
    return j0(x) if dimension == 2 else np.sinc(x / np.pi)


def _quantiles(nodes: np.ndarray, weights: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Where a density at the nodes of a quadrature has a share p below, linear between nodes."""
    below = np.cumsum(weights) - 0.5 * weights
    return np.interp(p, below, nodes)


def _support(energy: BondEnergy) -> tuple[float, float]:
    """Between which lengths exp(-energy) is more than nothing."""
    high = 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        while True:
            r = np.linspace(0, high, 20_001)[1:]
            u = energy(r)
            lowest = float(np.nanmin(np.where(np.isnan(u), np.inf, u)))
            if np.isfinite(lowest) and u[-1] - lowest > NEGLIGIBLE:
                break
            high *= 2
            if high > FARTHEST:
                raise ValueError("bond must have an energy that grows with its length, got none")
        there = np.flatnonzero(u - lowest <= NEGLIGIBLE)
    step = r[0]
    return max(float(r[there[0]]) - step, 0.0), float(r[there[-1]]) + step
