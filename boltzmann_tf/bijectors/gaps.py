"""Points in order on a line, each placed given what is left for those to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import choice, non_negative, positive_int
from boltzmann_tf._support.sticks import log_rests, points_left
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation

__all__ = ["GapFlow"]

LEAST = 1e-3  # of a free length that a network sees: below, nothing fits


@register
class GapFlow(Bijector):
    """Breaks of a stick, one after another, by splines that know what is left of it.

    Where only neighbours on a line interact, the density of the next gap depends on the length that
    is left, on how many particles are to come, and on whether the gap begins at a wall: the flow is
    of the exact form, for any number of particles and any length. Breaks are those of
    `systems.NeighbourLine`; those beyond the particles of the condition (n, L) or (n, L, T) stay as
    they are. It starts as the identity, the ideal gas of what cores leave.

    Args:
      most: number of breaks.
      boundary: "walls" or "ring".
      core: of the particles, as in the system.
      margin: as in the system.
      tempered: whether the condition has a temperature.
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
        *,
        boundary: str = "walls",
        core: float = 0.0,
        margin: float = 0.0,
        tempered: bool = False,
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
                "boundary": boundary,
                "core": self._core,
                "margin": self._margin,
                "tempered": self._tempered,
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
        columns = tf.transpose(flat)

        def step(k: tf.Tensor, log_rest: tf.Tensor, log_det: tf.Tensor, out: Any) -> Any:
            m = tf.gather(left, k, axis=1)
            begins = tf.cast(tf.equal(k, 0), flat.dtype) * tf.ones_like(m)
            t, log_slope = self._spline(
                columns[k], self._seen(log_rest, m, begins, free, known), inverse=False
            )
            there = m > 0
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
        z, log_slope = self._spline(flat, seen, inverse=True)
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
