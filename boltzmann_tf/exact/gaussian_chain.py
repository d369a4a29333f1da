"""A chain of springs without a length: Rouse's modes, and hard walls around it."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf._support.checks import positive, positive_int
from boltzmann_tf.exact._quadrature import composite_nodes

__all__ = ["GaussianChain"]


class GaussianChain:
    """A chain of springs without a length: stiffness / 2 r^2 a bond, Rouse's.

    Args:
      n: beads.
      stiffness: k, in kT at T = 1 per length squared.
      dimension: of space.

    Examples:
      >>> chain = bg.exact.GaussianChain(4, 3.0)
      >>> chain.rouse_eigenvalues().round(3)
      array([ 1.757,  6.   , 10.243])
      >>> round(chain.end_to_end_squared(), 6)  # three bonds of 3 / k
      3.0
    """

    def __init__(self, n: int, stiffness: float = 3.0, *, dimension: int = 3) -> None:
        self.n = positive_int("n", n, minimum=2)
        self.stiffness = positive("stiffness", stiffness)
        self.dimension = positive_int("dimension", dimension)

    def rouse_eigenvalues(self) -> np.ndarray:
        """Of the energy's Hessian in each direction, k 4 sin^2(p pi / 2 n), p = 1 .. n - 1."""
        p = np.arange(1, self.n)
        return self.stiffness * 4 * np.sin(p * np.pi / (2 * self.n)) ** 2

    def log_z(self, temperature: float = 1.0) -> float:
        """log Z with respect to orthonormal coordinates without the mean, as of `IdealChain`."""
        modes = np.log(2 * np.pi * positive("temperature", temperature) / self.rouse_eigenvalues())
        return 0.5 * self.dimension * float(np.sum(modes))

    def end_to_end_squared(self, temperature: float = 1.0) -> float:
        """<R_ee^2>."""
        tau = positive("temperature", temperature)
        return self.dimension * (self.n - 1) * tau / self.stiffness

    def gyration_squared(self, temperature: float = 1.0) -> float:
        """<R_g^2>: the mean over beads of the variances of Rouse's modes."""
        tau = positive("temperature", temperature)
        return self.dimension * tau / self.n * float(np.sum(1 / self.rouse_eigenvalues()))

    def log_z_in_box(self, side: float, temperature: float = 1.0) -> float:
        """log Z of all positions in a hard cube: a product of transfer integrals, one a direction.

        Args:
          side: of the cube, from wall to wall for the beads' centres.
          temperature: T.
        """
        return self.dimension * self._in_box(side, temperature)[0]

    def density_in_box(
        self, side: float, bead: int, temperature: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Places between the walls, and one coordinate's density of a bead there.

        Args:
          side: of the cube.
          bead: its number, from 0 on.
          temperature: T.
        """
        if positive_int("bead", bead, minimum=0) >= self.n:
            raise ValueError(f"bead must be below the number of beads, {self.n}, got {bead}")
        _, x, parts = self._in_box(side, temperature)
        density = np.exp(parts[bead] + parts[self.n - 1 - bead])
        weights = self._nodes(side, temperature)[1]
        return x, density / np.sum(weights * density)

    def _nodes(self, side: float, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        width = min(side, math.sqrt(temperature / self.stiffness))
        x, log_w, _ = composite_nodes(np.array([0.0, side]), width)
        return x, np.exp(log_w)

    def _in_box(
        self, side: float, temperature: float
    ) -> tuple[float, np.ndarray, list[np.ndarray]]:
        """log Z of a direction, places, and logs of what the first k bonds add up to there."""
        length, tau = positive("side", side), positive("temperature", temperature)
        x, w = self._nodes(length, tau)
        kernel = np.exp(-0.5 * self.stiffness / tau * (x[:, None] - x) ** 2) * w
        parts = [np.zeros(len(x))]
        for _ in range(self.n - 1):
            top = parts[-1].max()
            parts.append(top + np.log(kernel @ np.exp(parts[-1] - top)))
        log_z = float(logsumexp(parts[-1] + np.log(w)))
        return log_z, x, parts
