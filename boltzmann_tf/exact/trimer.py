"""Three beads with any energies of bonds and pairs, by quadrature."""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy.special import gamma, logsumexp

from boltzmann_tf._support.checks import positive
from boltzmann_tf.exact._quadrature import composite_nodes
from boltzmann_tf.exact.ideal_chain import BondEnergy, IdealChain

__all__ = ["Trimer"]


class Trimer:
    """Three beads in the plane or in space, with any pair energy: quadrature over two bonds.

    Args:
      bond: energy of a bond, as of `IdealChain`.
      pairs: energy of two beads at a distance, likewise.
      bonded: whether bonded beads have it, too; the two ends always do.
      dimension: 2 or 3.

    Examples:
      >>> pairs = lambda r: 4 * (r**-12.0 - r**-6.0)
      >>> trimer = bg.exact.Trimer(bg.exact.harmonic_bond(5.0, 1.5), pairs)
      >>> round(trimer.log_z() + trimer.log_jacobian, 4)  # one bead held
      7.6569
    """

    log_jacobian: float

    def __init__(
        self, bond: BondEnergy, pairs: BondEnergy, *, bonded: bool = True, dimension: int = 3
    ) -> None:
        for name, function in (("bond", bond), ("pairs", pairs)):
            if not callable(function):
                raise TypeError(f"{name} must be a function of arrays, got {function!r}")
        if dimension not in (2, 3):
            raise ValueError(f"dimension must be 2 or 3, got {dimension!r}")
        self.dimension, self.pairs = dimension, pairs
        self.log_jacobian = 0.5 * dimension * math.log(3)

        def whole(r: np.ndarray) -> np.ndarray:
            return bond(r) + pairs(r) if bonded else bond(r)

        self._chain = IdealChain(2, whole, dimension=dimension)

    @functools.lru_cache(maxsize=8)  # noqa: B019
    def _table(self, temperature: float) -> tuple[np.ndarray, np.ndarray, float]:
        """R_ee^2 and probabilities of nodes, and log Z with one bead held."""
        tau = positive("temperature", temperature)
        bond = self._chain._bond(tau)
        low, high = bond.r[0], bond.r[-1]
        b, log_b, _ = composite_nodes(np.array([low, high]), (high - low) / 8)
        d = self.dimension
        log_b = log_b + (d - 1) * np.log(b) - self._chain.bond(b) / tau
        log_b += math.log(2 * math.pi ** (d / 2) / gamma(d / 2))
        theta, log_t, _ = composite_nodes(np.linspace(0.0, np.pi, 2), np.pi / 12)
        log_t = log_t + (d - 2) * np.log(np.sin(theta))
        log_t -= logsumexp(log_t)  # the mean over directions of the second bond
        first, second, cosine = np.meshgrid(b, b, np.cos(theta), indexing="ij", sparse=True)
        r2 = first**2 + second**2 + 2 * first * second * cosine
        with np.errstate(over="ignore"):
            u = self.pairs(np.sqrt(np.maximum(r2, 1e-12)))
        log_w = log_b[:, None, None] + log_b[None, :, None] + log_t - u / tau
        log_z = float(logsumexp(log_w))
        return r2, np.exp(log_w - log_z), log_z

    def log_z(self, temperature: float = 1.0) -> float:
        """log Z with respect to orthonormal coordinates without the mean."""
        return self._table(temperature)[2] - self.log_jacobian

    def end_to_end_squared(self, temperature: float = 1.0) -> float:
        """<R_ee^2>."""
        r2, p, _ = self._table(temperature)
        return float(np.sum(p * r2))
