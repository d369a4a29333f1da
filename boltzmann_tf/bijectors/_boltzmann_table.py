"""Lengths stretched by a Boltzmann factor: where particles like to be takes more room.

W(g) is the integral from 0 to g of exp(-u(core + s) / T). In W the density of the distance of
neighbours is as smooth as what is beyond them. The factor is linear between the nodes of a table,
so that W and its inverse are closed forms, and goes on as it ends beyond them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf.potentials import Pairs

__all__ = ["BoltzmannTable"]

NODES = 97
LEAST = 1e-4  # of the factor: below, a length would have no room in single precision


class BoltzmannTable(NamedTuple):
    """The factor and its integral for each sample, `[batch, nodes]`, and the distance of nodes."""

    factor: tf.Tensor
    integral: tf.Tensor
    step: float

    @classmethod
    def of(cls, pairs: Pairs, core: float, reach: float, temperature: tf.Tensor) -> BoltzmannTable:
        """Of distances from `core` to `reach`, at temperatures `[batch]`."""
        step = (reach - core) / (NODES - 1)
        r = np.maximum(np.linspace(core, reach, NODES), 0.05)
        u = np.asarray(pairs.of_pair(r**2), np.float64)
        u = tf.constant(np.clip(u, -50.0, 50.0), temperature.dtype)
        return cls.linear(tf.maximum(tf.exp(-u / temperature[:, None]), LEAST), step)

    @classmethod
    def linear(cls, factor: tf.Tensor, step: float) -> BoltzmannTable:
        """Of any positive factor at nodes, `[batch, nodes]`, from 0 on."""
        pieces = 0.5 * step * (factor[:, 1:] + factor[:, :-1])
        integral = tf.concat([tf.zeros_like(pieces[:, :1]), tf.cumsum(pieces, axis=1)], axis=1)
        return cls(factor, integral, step)

    @property
    def whole(self) -> tf.Tensor:
        """The integral over all nodes, `[batch, 1]`."""
        return self.integral[:, -1:]

    @classmethod
    def of_logs(cls, log_values: tf.Tensor, unseen: float) -> BoltzmannTable:
        """A density on [0, 1] from logs of its values at even nodes, `[batch, nodes]`.

        A share `unseen` of it is even, so that no place is beyond it.
        """
        nodes = log_values.shape[1]
        return cls.linear(tf.nn.softmax(log_values, axis=1) + unseen / nodes, 1 / (nodes - 1))

    def drawn(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What has a share z `[batch]` below it, and the log of the density there."""
        whole = self.whole[:, 0]
        value, log_slope = self.shrunk((z * whole)[:, None])
        return value[:, 0], log_slope[:, 0] - tf.math.log(whole)

    def share(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The way back: the share below a value `[batch]`, and the log of the density there."""
        whole = self.whole[:, 0]
        z, log_slope = self.stretched(value[:, None])
        return z[:, 0] / whole, log_slope[:, 0] - tf.math.log(whole)

    def stretched(self, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """W of lengths >= 0, `[batch, k]`, and the log of its slope there."""
        cells = self.factor.shape[1] - 1
        cell = tf.clip_by_value(tf.cast(tf.floor(length / self.step), tf.int32), 0, cells - 1)
        first, second, begin = self._cell(cell)
        end = cells * self.step
        x = tf.minimum(length, end) - tf.cast(cell, length.dtype) * self.step
        slope = first + (second - first) * x / self.step
        inside = begin + x * (first + 0.5 * (second - first) * x / self.step)
        return inside + tf.maximum(length - end, 0) * slope, tf.math.log(slope)

    def shrunk(self, stretched: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Lengths of values of W, `[batch, k]`, and the log of W's slope there."""
        cells = self.factor.shape[1] - 1
        beyond = stretched[:, :, None] >= self.integral[:, None, 1:]
        cell = tf.minimum(tf.reduce_sum(tf.cast(beyond, tf.int32), axis=-1), cells - 1)
        first, second, begin = self._cell(cell)
        last = self.whole
        y = tf.maximum(tf.minimum(stretched, last) - begin, 0)
        root = tf.sqrt(first**2 + 2 * y * (second - first) / self.step)
        x = tf.minimum(2 * y / (first + root), self.step)
        slope = first + (second - first) * x / self.step
        length = tf.cast(cell, x.dtype) * self.step + x
        return length + tf.maximum(stretched - last, 0) / slope, tf.math.log(slope)

    def _cell(self, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The factor at both ends of cells, and the integral where they begin."""
        return (
            tf.gather(self.factor, cell, batch_dims=1),
            tf.gather(self.factor, cell + 1, batch_dims=1),
            tf.gather(self.integral, cell, batch_dims=1),
        )
