"""Points in order on a line, each placed given what is left for those to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import (
    choice,
    instance,
    non_negative,
    positive,
    positive_int,
)
from boltzmann_tf._support.sticks import log_rests, points_left, smallest
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors._boltzmann_table import BoltzmannTable
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Pairs, from_document, to_document

__all__ = ["GapFlow"]

LEAST = 1e-3  # of a free length that a network sees: below, nothing fits


@register
class GapFlow(Bijector):
    """Breaks of a stick, one after another, by splines that know what is left of it.

    Where only neighbours on a line interact, the density of the next gap depends on the length that
    is left, on how many particles are to come, and on whether the gap begins at a wall: the flow is
    of the exact form, for any number of particles and any length. Breaks are those of
    `systems.NeighbourLine`; those beyond the particles of the condition (n, L) or (n, L, T) stay as
    they are. It starts as the identity, the ideal gas of what cores leave; with `pairs`, lengths
    between neighbours are stretched by their Boltzmann factor first, so that wall and well of a
    potential need not be learned.

    Args:
      most: number of breaks.
      boundary: "walls" or "ring".
      pairs: of neighbours, as in the system; None for none.
      core: of the particles, as in the system.
      margin: as in the system.
      tempered: whether the condition has a temperature.
      reach: distance beyond which the factor of `pairs` is taken as it is there.
      bins: of each spline.
      hidden: widths of the hidden layers of the one network.
      activation: of the hidden layers.
      seed: of the initial weights.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        most: int,
        pairs: Pairs | None = None,
        *,
        boundary: str = "walls",
        core: float = 0.0,
        margin: float = 0.0,
        tempered: bool = False,
        reach: float = 3.0,
        bins: int = 16,
        hidden: Sequence[int] = (64, 64),
        activation: str = "silu",
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._most = positive_int("most", most)
        self._ring = choice("boundary", boundary, ("walls", "ring")) == "ring"
        self._core, self._margin = non_negative("core", core), non_negative("margin", margin)
        self._tempered = bool(tempered)
        given = from_document(pairs)
        self._pairs: Pairs | None = None if given is None else instance("pairs", given, Pairs)
        self._reach = positive("reach", reach)
        if self._reach <= self._core:
            raise ValueError(f"reach must be above core, {core!r}, got {reach!r}")
        self._bins = splines.check_bins(bins)
        net = MLP(
            6 if tempered else 5,
            3 * bins + 1,
            hidden,
            activation=check_activation("activation", activation),
            zero_output=True,
            seed=seed,
            dtype=dtype,
        )
        super().__init__(
            most, layers=[net], condition_size=3 if tempered else 2, dtype=dtype, name=name
        )
        self._net = self._no_dependency(net)
        self._given = self._no_dependency(
            {
                "pairs": None if self._pairs is None else to_document(self._pairs),
                "boundary": boundary,
                "core": self._core,
                "margin": self._margin,
                "tempered": self._tempered,
                "reach": self._reach,
                "bins": bins,
                "hidden": list(hidden),
                "activation": activation,
                "seed": seed,
            }
        )

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One break after another."""
        shape, most = tf.shape(z), self._most
        flat = tf.reshape(z, [-1, most])
        c = tf.reshape(condition, [-1, self.condition_size])
        left, free, known = self._start(c)
        table = self._table(known)
        columns = tf.transpose(flat)

        def step(k: tf.Tensor, log_rest: tf.Tensor, log_det: tf.Tensor, out: Any) -> Any:
            m = tf.gather(left, k, axis=1)
            begins = tf.cast(tf.equal(k, 0), flat.dtype) * tf.ones_like(m)
            t, log_slope = self._spline(
                columns[k], self._seen(log_rest, m, begins, free, known), inverse=False
            )
            there = m > 0
            if table is not None:
                t, log_stretch = self._unstretched(table, t, free * tf.exp(log_rest), m, k)
                log_slope += log_stretch
            t = tf.where(there, t, columns[k])
            log_det += tf.where(there, log_slope, tf.zeros_like(log_slope))
            log_rest += log_rests(t[:, None], m[:, None])[:, 0]
            return k + 1, log_rest, log_det, out.write(k, t)

        none = tf.zeros_like(free)
        out = tf.TensorArray(flat.dtype, most, element_shape=[None])
        *_, log_det, out = tf.while_loop(
            lambda k, *_: k < most,
            step,
            (tf.constant(0), none, none, out),
            maximum_iterations=most,
            parallel_iterations=1,
        )
        x = tf.reshape(tf.transpose(out.stack()), shape)
        x.set_shape(z.shape)
        return x, tf.reshape(log_det, shape[:-1])

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """All breaks at once, which say what is left at each."""
        shape = tf.shape(x)
        flat = tf.reshape(x, [-1, self._most])
        c = tf.reshape(condition, [-1, self.condition_size])
        left, free, known = self._start(c)
        after = log_rests(flat, left)
        before = tf.concat([tf.zeros_like(after[:, :1]), after[:, :-1]], axis=1)
        place = tf.range(self._most)[None]
        begins = tf.cast(tf.equal(place, 0), flat.dtype) * tf.ones_like(left)
        seen = self._seen(before, left, begins, free[:, None], known[:, None])
        table, inner, log_stretch = self._table(known), flat, tf.zeros_like(flat)
        if table is not None:
            rest = free[:, None] * tf.exp(before)
            inner, log_stretch = self._stretched(table, flat, rest, left)
        z, log_slope = self._spline(inner, seen, inverse=True)
        log_slope += log_stretch
        there = left > 0
        z = tf.reshape(tf.where(there, z, flat), shape)
        z.set_shape(x.shape)
        log_det = tf.reduce_sum(tf.where(there, log_slope, tf.zeros_like(log_slope)), axis=-1)
        return z, tf.reshape(log_det, shape[:-1])

    def _start(self, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Points to come at each break, `[n, most]`; the free length; what else is known, `[n]`."""
        n, length = c[:, 0], c[:, 1]
        if self._ring:
            points = tf.maximum(n - 1, 0)
            free = length - self._core * n
        else:
            points = n
            free = length - self._core * tf.maximum(n - 1, 0) - 2 * self._margin
        known = c[:, 2] if self._tempered else tf.ones_like(n)
        return points_left(points, self._most), tf.maximum(free, LEAST), known

    def _table(self, temperature: tf.Tensor) -> BoltzmannTable | None:
        """How lengths between neighbours are stretched."""
        if self._pairs is None:
            return None
        return BoltzmannTable.of(self._pairs, self._core, self._reach, temperature)

    def _unstretched(
        self, table: BoltzmannTable, share: tf.Tensor, rest: tf.Tensor, m: tf.Tensor, k: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """A break in stretched lengths to the break itself, and the log of the slope, `[n]`."""
        points = tf.maximum(m, 1)
        total = table.stretched(rest[:, None])[0][:, 0]
        log_kept = tf.math.log(tf.maximum(1 - share, smallest(share.dtype))) / points
        length, log_factor = table.shrunk((total * -tf.math.expm1(log_kept))[:, None])
        log_left = _log_left(length[:, 0], rest)
        t = -tf.math.expm1(points * log_left)
        slope = tf.math.log(total / rest) + (points - 1) * (log_left - log_kept) - log_factor[:, 0]
        if self._ring:
            return t, slope
        # The first length is that to a wall.
        wall = tf.equal(k, 0)
        return tf.where(wall, share, t), tf.where(wall, tf.zeros_like(slope), slope)

    def _stretched(
        self, table: BoltzmannTable, breaks: tf.Tensor, rest: tf.Tensor, left: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Breaks to those in stretched lengths, and the log of the slopes, `[n, most]`."""
        points = tf.maximum(left, 1)
        total = table.stretched(rest)[0]
        log_left = tf.math.log(tf.maximum(1 - breaks, smallest(breaks.dtype))) / points
        w, log_factor = table.stretched(rest * -tf.math.expm1(log_left))
        log_kept = _log_left(w, total)
        share = -tf.math.expm1(points * log_kept)
        slope = tf.math.log(rest / total) + (points - 1) * (log_kept - log_left) + log_factor
        if self._ring:
            return share, slope
        wall = tf.equal(tf.range(self._most), 0)[None]
        return tf.where(wall, breaks, share), tf.where(wall, tf.zeros_like(slope), slope)

    def _seen(
        self, log_rest: tf.Tensor, left: tf.Tensor, begins: tf.Tensor, free: Any, known: Any
    ) -> tf.Tensor:
        """What the network sees: the mean gap to come and its logarithm, 1 / m, where it begins."""
        m = tf.maximum(left, 1)
        mean = free * tf.exp(log_rest) / m
        parts = [tf.math.log(mean + LEAST), 1 / (0.3 + mean), 1 / m, tf.sqrt(1 / m), begins]
        if self._tempered:
            parts.append(1 / known + tf.zeros_like(m))
        return tf.stack(parts, axis=-1)

    def _spline(
        self, value: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """A break, or its inverse, by a spline of [0, 1], and the log of the slope."""
        k = splines.free_knots(self._net(seen), self._bins, 1.0)
        # An end of the interval counts as outside, where the slope is one.
        edge = 1 - 2 * float(np.finfo(self.dtype.as_numpy_dtype).eps)
        moved = tf.clip_by_value(2 * value - 1, -edge, edge)
        out, log_slope = (splines.spline_inverse if inverse else splines.spline_forward)(
            moved, k, 1.0
        )
        return 0.5 * (out + 1), log_slope

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given, "most": self._most}
        del config["event_size"], config["condition_size"]
        return config


def _log_left(length: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
    """log of the share of a length that is left."""
    return tf.math.log(tf.maximum(1 - length / total, smallest(length.dtype)))
