"""Lebwohl-Lasher nematics that can be solved: chains, rings, and all spins with all.

Unit vectors u_i in three dimensions with P2(u_i . u_j) = (3 (u_i . u_j)^2 - 1) / 2 on each bond: u
and -u are the same. Everything comes from integrals over one bond, by Gauss-Legendre quadrature.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import eval_legendre, ive

from boltzmann_tf._support.checks import positive, positive_int
from boltzmann_tf.exact._quadrature import composite_nodes

__all__ = ["FullyConnectedNematic", "NematicChain", "bond_moments"]

_COLDEST = 1000.0  # largest eps / T of a ring or complete graph that the quadratures are for
_NEGLIGIBLE = 80.0  # logarithm of what is left out, against the largest term


def _p2(x: np.ndarray) -> np.ndarray:
    return 1.5 * x * x - 0.5


def _bond_nodes(K: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in x = cos(angle) on [0, 1] and the weights dx exp(K (P2 - 1))."""
    x, log_weight, _ = composite_nodes(np.array([0.0, 1.0]), min(0.04, 2 / (1 + abs(K))))
    return x, np.exp(log_weight + K * (_p2(x) - 1))


def _even_orders(K: float) -> np.ndarray:
    """l of the eigenvalues of a ring that matter: they fall as exp(-l^2 / 6 K), to the power N."""
    return np.arange(0, max(120, 2 * int(np.ceil(4.3 * np.sqrt(K)))) + 1, 2)


def _check_cold(K: float, temperature: float, what: str) -> float:
    """Returns K, or raises where a sum or an integral would be cut off."""
    if K > _COLDEST:
        raise ValueError(
            f"temperature must be at least {what} / {_COLDEST:g} for this quadrature, got "
            f"{temperature!r}, {what} / {K:.6g}"
        )
    return K


def bond_moments(K: float) -> tuple[float, float, float]:
    """Of one bond at K = eps / T: ln z, its mean P2 and the variance of P2.

    z = integral over x from 0 to 1 of exp(K P2(x)) = exp(K) D(a) / a with a = sqrt(3 K / 2) and D
    Dawson's function; in this form small K lose no digits.
    """
    x, weight = _bond_nodes(K)
    z = weight.sum()
    mean = float(weight @ _p2(x) / z)
    return float(np.log(z)) + K, mean, float(weight @ (_p2(x) - mean) ** 2 / z)


@dataclass(frozen=True)
class NematicChain:
    """H = -eps sum over neighbours of P2(u_i . u_(i+1)), open or closed to a ring. k_B = 1.

    Source: Lebwohl and Lasher, Phys. Rev. A 6, 426 (1972) for the model; the chain by Vuillermot
    and Romerio, J. Phys. C 6, 2922 (1973).

    Attributes:
      length: number of spins N >= 2; a ring has at least 3.
      coupling: eps > 0.
      periodic: whether it is a ring.

    Examples:
      >>> chain = bg.exact.NematicChain(10)
      >>> round(chain.log_z(1.0), 4), round(chain.correlation(1, 1.0), 4)
      (26.2787, 0.2205)
    """

    length: int
    coupling: float = 1.0
    periodic: bool = False

    def __post_init__(self) -> None:
        positive_int("length", self.length, minimum=3 if self.periodic else 2)
        positive("coupling", self.coupling)

    def _k(self, temperature: float) -> float:
        return self.coupling / positive("temperature", temperature)

    def _moments(self, temperature: float) -> tuple[float, float, float]:
        """ln Z without the solid angles, and its first two derivatives by K."""
        K = self._k(temperature)
        n = int(self.length)
        if not self.periodic:
            return tuple((n - 1) * m for m in bond_moments(K))  # type: ignore[return-value]
        x, weight = _bond_nodes(_check_cold(K, temperature, "coupling"))
        order = _even_orders(K)
        legendre = eval_legendre(order[:, None], x)
        # Eigenvalues and their derivatives; exp(K) is left out, so P2 - 1 is what K multiplies.
        value, first, second = (legendre @ (weight * (_p2(x) - 1) ** k) for k in range(3))
        value, first, second = (v / value[0] for v in (value, first, second))
        degeneracy = 2 * order + 1
        total = np.sum(degeneracy * value**n)
        slope = np.sum(degeneracy * n * value ** (n - 1) * first) / total
        curve = degeneracy * n * ((n - 1) * value ** (n - 2) * first**2 + value ** (n - 1) * second)
        log_z = np.log(total) + n * (np.log(weight.sum()) + K)
        return float(log_z), float(n + slope), float(np.sum(curve) / total - slope**2)

    def log_z(self, temperature: float) -> float:
        """ln of the integral over all directions, (4 pi)^N included, of exp(-H / T)."""
        return self.length * float(np.log(4 * np.pi)) + self._moments(temperature)[0]

    def energy(self, temperature: float) -> float:
        """<H> of the whole chain, in units of eps's."""
        return -self.coupling * self._moments(temperature)[1]

    def heat_capacity(self, temperature: float) -> float:
        """dE/dT of the whole chain."""
        return self._k(temperature) ** 2 * self._moments(temperature)[2]

    def correlation(self, distance: int, temperature: float) -> float:
        """<P2(u_i . u_(i+r))>: q^r in an open chain, q the mean over a bond; the same on a ring.

        Args:
          distance: r, from 0 to N - 1.
          temperature: T > 0.
        """
        r = positive_int("distance", distance, minimum=0)
        if r >= self.length:
            raise ValueError(f"distance must be less than length={self.length}, got {r}")
        if r == 0:
            return 1.0
        K = self._k(temperature)
        if not self.periodic:
            return bond_moments(K)[1] ** r
        x, weight = _bond_nodes(_check_cold(K, temperature, "coupling"))
        order = _even_orders(K)
        legendre = eval_legendre(order[:, None], x)
        value = legendre @ weight / weight.sum()
        nodes, plain = np.polynomial.legendre.leggauss(2 * int(order[-1]))
        table = eval_legendre(order[:, None], nodes)
        # Half the integral of P_l P_2 P_l' is the square of a 3j symbol.
        mix = 0.5 * (table * plain * _p2(nodes)) @ table.T
        degeneracy = 2.0 * order + 1
        left, right = degeneracy * value**r, degeneracy * value ** (self.length - r)
        return float(left @ mix @ right / np.sum(degeneracy * value**self.length))


@dataclass(frozen=True)
class FullyConnectedNematic:
    """H = -(U / N) sum over pairs of P2(u_i . u_j): Maier-Saupe's mean field at a finite N.

    The sum over pairs is a square of the tensor sum of u u^T - 1/3, which an integral over
    symmetric traceless tensors Q linearises (Hubbard and Stratonovich); of its five dimensions,
    rotations leave the two of the eigenvalues:

        Z = exp(-K / 2) (4 pi)^N < zeta(sqrt(3 K / 2 N) G)^N >,  zeta(Q) = < exp(u^T Q u) >_u,

    with K = U / T and G of five independent normal coordinates.

    Attributes:
      spins: N >= 2.
      coupling: U > 0.

    Examples:
      >>> few = bg.exact.FullyConnectedNematic(8)
      >>> round(float(np.sqrt(few.pair_order(0.1))), 4)
      0.8811
    """

    spins: int
    coupling: float = 1.0

    def __post_init__(self) -> None:
        positive_int("spins", self.spins, minimum=2)
        positive("coupling", self.coupling)

    def _moments(self, temperature: float) -> tuple[float, float, float]:
        """ln Z without the solid angles, and its first two derivatives by K."""
        K = self.coupling / positive("temperature", temperature)
        return _connected_moments(_check_cold(K, temperature, "coupling"), int(self.spins))

    def log_z(self, temperature: float) -> float:
        """ln of the integral over all directions, (4 pi)^N included, of exp(-H / T)."""
        return self.spins * float(np.log(4 * np.pi)) + self._moments(temperature)[0]

    def energy(self, temperature: float) -> float:
        """<H> of all spins."""
        return -self.coupling * self._moments(temperature)[1]

    def heat_capacity(self, temperature: float) -> float:
        """dE/dT of all spins."""
        K = self.coupling / positive("temperature", temperature)
        return K**2 * self._moments(temperature)[2]

    def pair_order(self, temperature: float) -> float:
        """<P2(u_i . u_j)> of a pair, whose root is an order parameter without the finite-N bias."""
        return 2 * self._moments(temperature)[1] / (self.spins - 1)


@functools.lru_cache(maxsize=512)
def _connected_moments(K: float, n: int) -> tuple[float, float, float]:
    """ln Z of n spins all with all without the solid angles, and its first two derivatives by K."""
    scale = np.sqrt(1.5 * K / n)
    rho, log_rho, _ = composite_nodes(np.array([0.0, np.sqrt(n * K) + 12]), 1.0)
    # The Gaussian and its five dimensions.
    log_rho += 4 * np.log(rho) - 0.5 * rho**2
    # zeta is largest where Q has one large eigenvalue: what is negligible there is everywhere.
    largest = log_rho + n * _log_zeta(scale * rho * _eigenvalues(np.ones(1)))
    kept = largest > largest.max() - _NEGLIGIBLE
    # Of three times the angle in the plane; in the cold all weight is within 9 / (n K) of one.
    cosine, log_plain, _ = composite_nodes(_edges_towards_one(-1.0, n * K / 9), 2.0)
    log_w = log_rho[:, None] + log_plain
    log_zeta = _log_zeta(scale * rho[kept, None] * _eigenvalues(cosine)[:, None])
    log_term = log_w[kept] + n * log_zeta
    weight = np.exp(log_term - log_term.max())
    log_mean = np.log(weight.sum()) + log_term.max() - np.log(np.exp(log_w).sum())
    square = rho[kept, None] ** 2
    mean = float(np.sum(weight * square) / weight.sum())
    variance = float(np.sum(weight * (square - mean) ** 2) / weight.sum())
    # K enters as the scale of G only: zeta(s G)^N depends on K rho^2.
    first = -0.5 + (mean - 5) / (2 * K)
    second = (variance - 4 * mean + 10) / (4 * K**2)
    return -0.5 * K + float(log_mean), first, second


def _eigenvalues(cosine: np.ndarray) -> np.ndarray:
    """Of traceless tensors of norm one, `[3, ...]`, from three times their angle in the plane.

    Largest first: the integrand of zeta is then largest at the pole.
    """
    turns = np.arccos(cosine) / 3 - 2 * np.pi / 3 * np.arange(3)[:, None]
    return -np.sort(-np.sqrt(2 / 3) * np.cos(turns), axis=0)


def _edges_towards_one(start: float, rate: float) -> np.ndarray:
    """Edges that halve their distance from one, down to 8 over the rate of an exponential."""
    halvings = max(1, int(np.ceil(np.log2(max(rate, 1.0) * (1 - start) / 8))))
    return np.append(1 - (1 - start) * 0.5 ** np.arange(halvings + 1), 1.0)


def _log_zeta(eigen: np.ndarray) -> np.ndarray:
    """ln of the mean of exp(u^T Q u) over directions, from eigenvalues `[3, ...]`, falling."""
    # Of the pole, within 1 / drop, in the cold.
    z, log_weight, _ = composite_nodes(_edges_towards_one(0.0, np.ptp(eigen, axis=0).max()), 0.5)
    out = np.zeros(eigen.shape[1:])
    rest = 1 - z**2
    half = 0.5 * (eigen[1] - eigen[2])
    # With respect to exp(largest): the exponents are <= 0.
    drop = eigen[1] - eigen[0]
    for weight, part in zip(np.exp(log_weight), rest, strict=True):
        out += weight * np.exp(drop * part) * ive(0, half * part)
    return np.log(out) + eigen[0]
