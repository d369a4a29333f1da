"""The law of a bond's length, by tabulated quantiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf.bijectors._boltzmann_table import BoltzmannTable
from boltzmann_tf.potentials import Bonds, Pairs

__all__ = ["BondLaw"]

LENGTHS = 513  # nodes of the table
NEGLIGIBLE = 32.0  # kT: lengths whose energy lies this much higher do not occur


class BondLaw(NamedTuple):
    """Energies u of a bond at the nodes of a table, those of its beads as a pair among them.

    Attributes:
      low: the smallest length.
      step: between nodes.
      u: at T = 1, `[nodes]`.
      dimension: 2 or 3.
    """

    low: float
    step: float
    u: np.ndarray
    dimension: int

    @classmethod
    def of(cls, bond: Bonds, pairs: Pairs | None, dimension: int, hottest: float) -> BondLaw:
        """Of a bond, and of a pair that has this energy, too; wide enough for a temperature."""

        def energy(r: np.ndarray) -> np.ndarray:
            own = [float(p) for p in bond.parameters.values()]
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                u = np.asarray(bond.function(r * r, *own), np.float64)
                if pairs is not None:
                    u = u + np.asarray(pairs.of_pair(r * r), np.float64)
            return np.where(np.isfinite(u), np.minimum(u, 1e6), 1e6)

        high = 1.0
        while True:
            r = np.linspace(0, high, 4 * LENGTHS)[1:]
            u = energy(r) / hottest - (dimension - 1) * np.log(r)
            if u[-1] > u.min() + NEGLIGIBLE:
                break
            high *= 1.5
        there = np.flatnonzero(u <= u.min() + NEGLIGIBLE)
        nodes = np.linspace(max(r[there[0]] - r[0], 0.0), r[there[-1]], LENGTHS)
        step = float(nodes[1] - nodes[0])
        return cls(float(nodes[0]), step, energy(np.maximum(nodes, 1e-3)), dimension)

    def moments(self, t: float) -> tuple[float, float]:
        """Mean and standard deviation of the length at a temperature."""
        r = np.maximum(self.low + self.step * np.arange(LENGTHS), 1e-3)
        log_p = (self.dimension - 1) * np.log(r) - (self.u - self.u.min()) / t
        p = np.exp(log_p - log_p.max())
        mean = float(np.average(r, weights=p))
        return mean, float(np.sqrt(np.average((r - mean) ** 2, weights=p)))

    def table(self, t: tf.Tensor) -> BoltzmannTable:
        """The density of lengths less the smallest at temperatures `[batch]`, without its whole."""
        r = np.maximum(self.low + self.step * np.arange(LENGTHS), 1e-3)
        u = tf.constant(self.u - self.u.min(), t.dtype)
        log_factor = (self.dimension - 1) * tf.constant(np.log(r), t.dtype) - u / t[:, None]
        factor = tf.exp(log_factor - tf.reduce_max(log_factor, axis=1, keepdims=True))
        # Where nothing is drawn the table must have a slope all the same.
        return BoltzmannTable.linear(factor + 1e-13, self.step)

    def lengths(self, table: BoltzmannTable, shares: tf.Tensor) -> tf.Tensor:
        """Lengths that have shares `[k]` below them, `[batch, k]`."""
        return table.shrunk(shares[None] * table.whole)[0] + self.low

    def drawn(self, table: BoltzmannTable, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The length that has a share v `[batch]` below it, and the log of its density.

        That of the bond vector: over the area of a sphere of this length, but for its constant.
        """
        length, log_density = table.drawn(v)
        r = tf.maximum(length + self.low, 1e-6)
        return r, log_density - (self.dimension - 1) * tf.math.log(r)

    def share(self, table: BoltzmannTable, r: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The way back."""
        v, log_density = table.share(r - self.low)
        return v, log_density - (self.dimension - 1) * tf.math.log(r)
