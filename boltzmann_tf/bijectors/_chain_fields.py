"""What beads that are there make of the place of the next one: a field, and densities by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf.bijectors._boltzmann_table import BoltzmannTable
from boltzmann_tf.bijectors._bond_law import BondLaw
from boltzmann_tf.bijectors._chain_frames import direction, directions, turned_all
from boltzmann_tf.bijectors.conditioner import MLP
from boltzmann_tf.potentials import Pairs

__all__ = ["FEATURES", "WEIGHTS", "ChainField", "Grid", "Seen"]

NEAREST2 = 0.3  # squared distance below which the potential of pairs is as there
HIGHEST = 12.0  # of that potential, kT: what lies above is as good as never drawn
REACH2 = 9.0  # of the widest of the bumps of a field, squared
BUMPS = 4  # exp(-r^2 / REACH2), and its second, fourth and eighth power: see `_field`
WEIGHTS = 1 + BUMPS  # of a bead: of the potential and of the bumps
CROWDS = (1.5, 4.0, 12.0)  # squared ranges in which neighbours of a bead are counted
FEATURES = 9 + 2 * len(CROWDS)  # of a bead, that a network sees
UNSEEN = 1e-4  # share of the density that no field can take away


class Grid(NamedTuple):
    """Where a field is looked at.

    Attributes:
      lengths: of the next bond, at quantiles of its law.
      directions: that are averaged over for each of these.
      cosines: of the angle to the bond before, in space.
      turns: that are averaged over for each of these.
      angles: of the turn about the bond before; in the plane, of the bond itself.
    """

    lengths: int = 8
    directions: int = 32
    cosines: int = 33
    turns: int = 16
    angles: int = 96


class Seen(NamedTuple):
    """What is known when bead k is placed.

    Attributes:
      beads: positions, `[batch, n, d]`, of which the first k are there.
      k: number of the bead.
      t: temperatures, `[batch]`.
      weights: of the beads, see `ChainField.weights`.
      frame: axes along the bond before, `[batch, d, d]`.
    """

    beads: tf.Tensor
    k: tf.Tensor
    t: tf.Tensor
    weights: tf.Tensor | None
    frame: tf.Tensor


class ChainField:
    """The field of a chain, and the densities of length, angle and turn that it gives.

    Args:
      n: beads.
      dimension: 2 or 3.
      pairs: their potential; None for none.
      special: whether beads one, two and three bonds apart have it.
      bending: stiffness of bending.
      grid: where the field is looked at.
      net: that makes the weights; None without pairs.
    """

    def __init__(
        self,
        n: int,
        dimension: int,
        pairs: Pairs | None,
        special: Sequence[int],
        bending: float,
        grid: Grid,
        net: MLP | None,
    ) -> None:
        self.n, self.d, self.pairs, self.special = n, dimension, pairs, special
        self.bending, self.grid, self.net = bending, grid, net
        self.directions = directions(grid.directions, dimension)

    def weights(self, beads: tf.Tensor, k: tf.Tensor, t: tf.Tensor) -> tf.Tensor | None:
        """Of the potential and the bumps of each bead that is there, `[batch, n, 1 + bumps]`."""
        if self.net is None:
            return None
        n, dtype = self.n, beads.dtype
        before = tf.cast(k - tf.range(n), dtype)  # bonds to the bead that is placed
        there = tf.cast(before > 0, dtype)
        placed = tf.cast(k, dtype)
        # What is around each bead and the chain as a whole, from distances alone.
        r2 = tf.reduce_sum((beads[:, :, None] - beads[:, None]) ** 2, axis=-1)
        crowds = [tf.reduce_sum(tf.exp(-r2 / s) * there, axis=2) / 5 for s in CROWDS]
        last = tf.gather(r2, k - 1, axis=1)
        mean = tf.reduce_sum(beads * there[:, None], axis=1, keepdims=True) / placed
        away = tf.reduce_sum((beads - mean) ** 2, axis=-1)
        spread = tf.reduce_sum(away * there, axis=1, keepdims=True) / placed
        one = tf.ones_like(away)
        hot = t[:, None]
        seen = tf.stack(
            [
                *crowds,
                tf.math.log(1 + away),
                tf.math.log(1 + last),
                one * before / n,
                one / tf.maximum(before, 1),
                one * (placed / n),
                one / (n - placed),
                one / hot,
                one * tf.math.log(hot),
                one * tf.math.log(1 + spread),
                *(one * tf.gather(crowd, k - 1, axis=1)[:, None] for crowd in crowds),
            ],
            axis=-1,
        )
        w = self.net(tf.reshape(seen, [-1, FEATURES]))
        w = tf.reshape(w, [-1, n, 1 + BUMPS]) + tf.one_hot(0, 1 + BUMPS, dtype=dtype)
        apart = [before > 1, (before > 3) | ((before > 2) & bool(self.special[2]))]
        apart[1] |= (before > 1) & (before < 3) & bool(self.special[1])
        masks = tf.stack([tf.cast(m, dtype) for m in (apart[1], *[apart[0]] * BUMPS)], axis=-1)
        return w * masks

    def of_lengths(self, law: BondLaw, table: BoltzmannTable, seen: Seen) -> BoltzmannTable | None:
        """The density of the quantile of the next bond's length."""
        if self.net is None:
            return None
        m, directions = self.grid.lengths, tf.constant(self.directions, table.factor.dtype)
        inner = tf.constant((np.arange(m) + 0.5) / m, table.factor.dtype)
        r = law.lengths(table, inner)
        points = r[:, :, None, None] * turned_all(seen.frame, directions)[:, None]
        cosine = directions[:, 2] if self.d == 3 else directions[:, 0]
        field = self._field(points, seen) + self._bend(cosine, seen)[:, None]
        values = _log_mean(-field)
        # From middles of cells to their ends, for a density that is linear between nodes.
        ends = [values[:, :1], 0.5 * (values[:, 1:] + values[:, :-1]), values[:, -1:]]
        return BoltzmannTable.of_logs(tf.concat(ends, axis=1), UNSEEN)

    def of_cosines(self, r: tf.Tensor, seen: Seen) -> BoltzmannTable | None:
        """The density of (cos + 1) / 2, cos that of the angle to the bond before."""
        if self.net is None and not self.bending:
            return None
        c = np.linspace(-1, 1, self.grid.cosines)
        phi = 2 * np.pi * (np.arange(self.grid.turns) + 0.5) / self.grid.turns
        s = np.sqrt(1 - c**2)[:, None]
        turns = np.stack(np.broadcast_arrays(s * np.cos(phi), s * np.sin(phi), c[:, None]), axis=-1)
        directions = tf.constant(turns.reshape(-1, 3), r.dtype)
        points = r[:, None, None] * turned_all(seen.frame, directions)
        field = self._field(points, seen)
        field = tf.reshape(field, [-1, c.size, phi.size])
        bend = self._bend(tf.constant(c, r.dtype), seen)
        return BoltzmannTable.of_logs(_log_mean(-field) - bend, UNSEEN)

    def of_angles(self, r: tf.Tensor, c: tf.Tensor, seen: Seen) -> BoltzmannTable | None:
        """The density of the turn about the bond before; in the plane, of the angle to it."""
        if self.net is None and (self.d == 3 or not self.bending):
            return None
        m = self.grid.angles
        phi = tf.constant(2 * np.pi * np.arange(m) / m - np.pi, r.dtype)[None]
        one = tf.ones_like(r)[:, None]
        directions = direction(c[:, None] * tf.ones_like(phi), phi * one, self.d)
        points = r[:, None, None] * tf.einsum("bij,bmj->bmi", seen.frame, directions)
        field = self._field(points, seen)
        if self.d == 2:
            field += self._bend(tf.cos(phi[0]), seen)
        return BoltzmannTable.of_logs(-tf.concat([field, field[:, :1]], axis=1), UNSEEN)

    def _bend(self, cosine: tf.Tensor, seen: Seen) -> tf.Tensor:
        """Energy of cosines `[m]` over T, `[batch, m]`; the first bond has none before it."""
        there = tf.cast(seen.k > 1, seen.t.dtype) * self.bending
        return there * (1 - cosine)[None] / seen.t[:, None]

    def _field(self, points: tf.Tensor, seen: Seen) -> tf.Tensor:
        """At points `[batch, ..., d]` from the last bead, `[batch, ...]`."""
        beads, k, t, weights, _ = seen
        lead = tf.shape(points)[:-1]
        if weights is None or self.pairs is None:
            return tf.zeros(lead, points.dtype)
        last = tf.gather(beads, k - 1, axis=1)
        flat = tf.reshape(points, [lead[0], -1, self.d])
        from_beads = (last[:, None] - beads)[:, None]  # [batch, 1, n, d]
        r2 = tf.reduce_sum((flat[:, :, None] + from_beads) ** 2, axis=-1)
        u = self.pairs.of_pair(tf.maximum(r2, NEAREST2))
        pairs, *w = tf.unstack(weights[:, None], axis=-1)  # [batch, 1, n] each
        bump = tf.exp(-r2 / REACH2)
        second = bump * bump
        # Nested: of a plain sum in a loop TensorFlow makes one with a buffer that it then finds in
        # use.
        bumps = bump * (w[0] + bump * (w[1] + second * (w[2] + second * second * w[3])))
        field = pairs * tf.minimum(u / t[:, None, None], HIGHEST) + bumps
        return tf.reshape(tf.reduce_sum(field, axis=-1), lead)


def _log_mean(values: tf.Tensor) -> tf.Tensor:
    """But for a constant."""
    return tf.reduce_logsumexp(values, axis=-1)
