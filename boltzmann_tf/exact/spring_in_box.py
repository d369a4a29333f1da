"""Exact answers for the spring in a box, all in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import erf, ndtr, ndtri

from boltzmann_tf._support.checks import choice, finite_array, positive, positive_int
from boltzmann_tf.exact._arguments import bin_edges, finite_number, generator

__all__ = ["SpringInBox"]

_LOG_2PI = math.log(2.0 * math.pi)
_TINY = np.finfo(np.float64).tiny


def _ramp(t: np.ndarray) -> np.ndarray:
    """Integral of the normal distribution function up to t: t Phi(t) + phi(t)."""
    return t * ndtr(t) + np.exp(-0.5 * t * t - 0.5 * _LOG_2PI)


@dataclass(frozen=True)
class SpringInBox:
    """H = stiffness (x2 - x1)^2 for 0 <= x1 <= length, infinite otherwise; kT at T = 1.

    x1 is uniform on the box and e = x2 - x1 is normal with variance T/(2 stiffness), independent
    of it; x2 is free. Z(T) = length sqrt(pi T/stiffness).

    The map to a standard normal is the Knothe-Rosenblatt map z1 = Phi^-1(x1/length),
    z2 = sqrt(2 stiffness/T) (x2 - x1), the only increasing triangular one. (The form with
    |x2 - x1| found in print is two-to-one and its image is half-normal.)

    Source: direct integration; Knothe 1957, Rosenblatt 1952 for the map.

    Attributes:
      stiffness: k, in kT per unit length squared, > 0.
      length: L, the size of the box of x1, > 0.

    Examples:
      >>> box = bg.exact.SpringInBox(stiffness=1.0, length=4.0)
      >>> round(box.log_z(1.0), 4)
      1.9587
    """

    stiffness: float = 1.0
    length: float = 4.0

    dimension = 2

    def __post_init__(self) -> None:
        positive("stiffness", self.stiffness)
        positive("length", self.length)

    def _sigma(self, temperature: float) -> float:
        """Standard deviation of the extension x2 - x1, sqrt(T/(2 k))."""
        return math.sqrt(0.5 * positive("temperature", temperature) / self.stiffness)

    def log_z(self, temperature: float = 1.0) -> float:
        """Returns ln Z(T) = ln L + (1/2) ln(pi T/k)."""
        temperature = positive("temperature", temperature)
        return math.log(self.length) + 0.5 * math.log(math.pi * temperature / self.stiffness)

    def free_energy(self, temperature: float = 1.0) -> float:
        """F(T) = -T ln Z(T), in kT at T = 1 (the units of H)."""
        return -positive("temperature", temperature) * self.log_z(temperature)

    def mean_energy(self, temperature: float = 1.0) -> float:
        """<H> = T/2: one quadratic degree of freedom."""
        return 0.5 * positive("temperature", temperature)

    def entropy(self, temperature: float = 1.0) -> float:
        """Differential entropy ln Z(T) + 1/2 in nats: the NLL of a perfect generator."""
        return self.log_z(temperature) + 0.5

    def optimal_ml_loss(self, temperature: float = 1.0) -> float:
        """Lower bound of J_ML = <|z|^2/2 - log|dz/dx|> over data at temperature T.

        The entropy less the constant (d/2) ln 2 pi that J_ML leaves out.
        """
        return self.entropy(temperature) - _LOG_2PI

    def optimal_kl_loss(self, temperature: float = 1.0) -> float:
        """Lower bound of J_KL(T) = <u(F(z))/T - log|dF/dz|>, z ~ N(0, T I).

        H_Z(T) - ln Z(T) with the entropy of the prior at T, H_Z = ln(2 pi e T): from
        J_KL = KL(q || p) + H_Z(T) - ln Z(T). Source: Noé et al. 2019, supplement p. 2-3.
        """
        temperature = positive("temperature", temperature)
        return _LOG_2PI + 1.0 + math.log(temperature) - self.log_z(temperature)

    def best_affine_nll(self, temperature: float = 1.0) -> float:
        """NLL of the best affine flow: the entropy of the Gaussian with the same covariance."""
        determinant = float(np.linalg.det(self.covariance(temperature)))
        return _LOG_2PI + 1.0 + 0.5 * math.log(determinant)

    def mean(self) -> np.ndarray:
        """<x> = (L/2, L/2), [2], at any temperature."""
        return np.full(2, 0.5 * self.length)

    def covariance(self, temperature: float = 1.0) -> np.ndarray:
        """Covariance of (x1, x2), [2, 2]: L^2/12 everywhere, plus T/(2 k) for x2."""
        out = np.full((2, 2), self.length**2 / 12.0)
        out[1, 1] += self._sigma(temperature) ** 2
        return out

    def energy(self, points: Any) -> np.ndarray:
        """H in kT at T = 1: points [..., 2] to [...], float64; +inf where x1 is out of the box."""
        array = finite_array("points", points, last=2)
        inside = (array[..., 0] >= 0) & (array[..., 0] <= self.length)
        return np.where(inside, self.stiffness * (array[..., 1] - array[..., 0]) ** 2, np.inf)

    def log_density(self, points: Any, temperature: float = 1.0) -> np.ndarray:
        """Returns ln p(x) at T: points [..., 2] to [...]; -inf where x1 is out of the box."""
        temperature = positive("temperature", temperature)
        return -self.energy(points) / temperature - self.log_z(temperature)

    def to_latent(self, points: Any, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """The exact map x -> z at temperature T.

        CAUTION: z is *standard* normal at every T (T is in the map). A generator at relative
        temperature T has the prior N(0, T I), so compare its z with sqrt(T) times this one, and
        its log-determinant with this one plus ln T.

        Args:
          points: [..., 2] with 0 <= x1 <= length. At the two walls, where z1 is infinite, the
            distance to the wall is taken as the smallest normal number, so that z1 = -+37.5.
          temperature: relative temperature T.

        Returns:
          z [..., 2] and log|dz/dx| [...] = (1/2) ln(2 k/T) - ln L + z1^2/2 + (1/2) ln 2 pi.
        """
        sigma = self._sigma(temperature)
        array = finite_array("points", points, last=2)
        x1, x2 = array[..., 0], array[..., 1]
        if np.any((x1 < 0) | (x1 > self.length)):
            raise ValueError(
                f"points must have 0 <= x1 <= {self.length}, "
                f"got x1 from {float(x1.min())} to {float(x1.max())}"
            )
        # From the nearer wall, so that no digits are lost at the far one.
        left = np.maximum(x1 / self.length, _TINY)
        right = np.maximum((self.length - x1) / self.length, _TINY)
        z1 = np.where(left <= 0.5, ndtri(np.minimum(left, 0.5)), -ndtri(np.minimum(right, 0.5)))
        z = np.stack([z1, (x2 - x1) / sigma], axis=-1)
        return z, self._log_det(z1, sigma)

    def to_configuration(
        self, latent: Any, temperature: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The exact map z -> x at temperature T, z standard normal (see `to_latent`).

        Args:
          latent: [..., 2].
          temperature: relative temperature T.

        Returns:
          x [..., 2] and log|dx/dz| [...].
        """
        sigma = self._sigma(temperature)
        z = finite_array("latent", latent, last=2)
        z1 = z[..., 0]
        x1 = np.where(z1 <= 0, self.length * ndtr(z1), self.length - self.length * ndtr(-z1))
        return np.stack([x1, x1 + sigma * z[..., 1]], axis=-1), -self._log_det(z1, sigma)

    def _log_det(self, z1: np.ndarray, sigma: float) -> np.ndarray:
        return 0.5 * (z1 * z1 + _LOG_2PI) - math.log(sigma) - math.log(self.length)

    def pdf_x1(self, x1: Any) -> np.ndarray:
        """Density of x1: 1/L in the box, 0 outside; same shape as `x1`."""
        x = finite_array("x1", x1)
        return np.where((x >= 0) & (x <= self.length), 1.0 / self.length, 0.0)

    def pdf_x2(self, x2: Any, temperature: float = 1.0) -> np.ndarray:
        """Density of x2, [erf(x2 sqrt(k/T)) - erf((x2 - L) sqrt(k/T))]/(2 L); same shape as `x2`.

        Far from the box the difference is taken between the tails, which keeps its digits.
        """
        sigma = self._sigma(temperature)
        x = finite_array("x2", x2)
        # The density is symmetric about L/2; on the left of it both tails are small numbers.
        near = np.minimum(x, self.length - x)
        return (ndtr(near / sigma) - ndtr((near - self.length) / sigma)) / self.length

    def pdf_extension(self, extension: Any, temperature: float = 1.0) -> np.ndarray:
        """Density of x2 - x1: normal with variance T/(2 k); same shape as `extension`."""
        sigma = self._sigma(temperature)
        t = finite_array("extension", extension) / sigma
        return np.exp(-0.5 * t * t - 0.5 * _LOG_2PI) / sigma

    def cdf_x2(self, x2: Any, temperature: float = 1.0) -> np.ndarray:
        """P(x2' < x2) = (sigma/L) [G(x2/sigma) - G((x2 - L)/sigma)], G(t) = t Phi(t) + phi(t)."""
        sigma = self._sigma(temperature)
        x = finite_array("x2", x2)
        near = np.minimum(x, self.length - x)
        tail = _ramp(near / sigma) - _ramp((near - self.length) / sigma)
        tail = tail * sigma / self.length
        return np.where(x <= 0.5 * self.length, tail, 1.0 - tail)

    def free_energy_profile(
        self, edges: Any, temperature: float = 1.0, *, coordinate: str = "x2"
    ) -> np.ndarray:
        """-ln P(bin) in kT at T, [n], float64; +inf in an empty bin.

        Args:
          edges: [n + 1] increasing edges of the bins of the coordinate.
          temperature: relative temperature T.
          coordinate: "x1", "x2" or "extension" (x2 - x1).
        """
        choice("coordinate", coordinate, ("x1", "x2", "extension"))
        sigma = self._sigma(temperature)
        cuts = bin_edges("edges", edges)
        if coordinate == "x1":
            probability = np.diff(np.clip(cuts, 0.0, self.length)) / self.length
        else:
            # A bin right of the centre is the mirror image of one on the left, where the
            # distribution function is a small number and its differences keep their digits.
            centre = 0.5 * self.length if coordinate == "x2" else 0.0
            low, high = cuts[:-1], cuts[1:]
            mirrored = low + high > 2.0 * centre
            low, high = (
                np.where(mirrored, 2.0 * centre - high, low),
                np.where(mirrored, 2.0 * centre - low, high),
            )
            if coordinate == "x2":
                probability = self.cdf_x2(high, temperature) - self.cdf_x2(low, temperature)
            else:
                probability = ndtr(high / sigma) - ndtr(low / sigma)
        with np.errstate(divide="ignore"):
            return -np.log(probability)

    def free_energy_profile_density(
        self, points: Any, temperature: float = 1.0, *, coordinate: str = "x2"
    ) -> np.ndarray:
        """-ln p(r) of one coordinate at `points` [n], float64; see `free_energy_profile`."""
        choice("coordinate", coordinate, ("x1", "x2", "extension"))
        r = finite_array("points", points, ndim=1)
        with np.errstate(divide="ignore"):
            if coordinate == "x1":
                return -np.log(self.pdf_x1(r))
            pdf = self.pdf_x2 if coordinate == "x2" else self.pdf_extension
            return -np.log(pdf(r, temperature))

    def free_energy_difference(self, temperature: float = 1.0, cut: float = 0.0) -> float:
        """F(x2 > cut) - F(x2 < cut) = -ln(P_right/P_left) in kT at T.

        Args:
          temperature: relative temperature T.
          cut: the x2 that divides left from right; at 0 the left is what leans out of the box.
        """
        cut = finite_number("cut", cut)
        left = float(self.cdf_x2(cut, temperature))
        right = float(self.cdf_x2(self.length - cut, temperature))
        with np.errstate(divide="ignore"):
            return float(np.log(left) - np.log(right))

    def sample(
        self, n: int, temperature: float = 1.0, seed: int | np.random.Generator = 0
    ) -> np.ndarray:
        """Independent configurations [n, 2], float64, at temperature T."""
        n = positive_int("n", n)
        sigma = self._sigma(temperature)
        rng = generator("seed", seed)
        x1 = self.length * rng.random(n)
        return np.stack([x1, x1 + sigma * rng.standard_normal(n)], axis=-1)

    def energy_histogram(self, edges: Any, temperature: float = 1.0) -> np.ndarray:
        """Probability that H falls in each bin, [n]: P(H < E) = erf(sqrt(E/T))."""
        temperature = positive("temperature", temperature)
        cuts = np.maximum(bin_edges("edges", edges), 0.0)
        return np.diff(erf(np.sqrt(cuts / temperature)))
