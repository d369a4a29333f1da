"""Length, direction and centre of a pair of particles in the plane."""

from __future__ import annotations

import tensorflow as tf

from boltzmann_tf.bijectors.base import Bijector, register

__all__ = ["DimerCoordinates"]


@register
class DimerCoordinates(Bijector):
    """Maps (d, angle, centre, other coordinates) to positions, those of the dimer first.

    From z to x: with c the centre and e = (cos angle, sin angle), the two particles are at
    c - d e / 2 and c + d e / 2; all other coordinates pass unchanged; log|dx/dz| = log d. From x to
    z, the angle lies in (-pi, pi].

    Args:
      event_size: number of coordinates, at least 4.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(self, event_size: int, *, dtype: str = "float32", name: str | None = None) -> None:
        super().__init__(event_size, dtype=dtype, name=name)
        if event_size < 4:
            raise ValueError(f"event_size must be at least 4, two positions, got {event_size}")

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """(d, angle, centre) to two positions."""
        d, angle, centre = z[..., :1], z[..., 1:2], z[..., 2:4]
        half = 0.5 * d * tf.concat([tf.cos(angle), tf.sin(angle)], axis=-1)
        x = tf.concat([centre - half, centre + half, z[..., 4:]], axis=-1)
        return x, tf.math.log(tf.abs(z[..., 0]))

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Two positions to (d, angle, centre)."""
        a, b = x[..., :2], x[..., 2:4]
        dx, dy = tf.unstack(b - a, axis=-1)
        # Kept off 0, where neither length nor angle has a gradient.
        dx = tf.where((dx == 0) & (dy == 0), tf.constant(1e-6, x.dtype), dx)
        d = tf.sqrt(tf.maximum(dx * dx + dy * dy, tf.constant(1e-12, x.dtype)))
        z = tf.concat(
            [tf.stack([d, tf.atan2(dy, dx)], axis=-1), 0.5 * (a + b), x[..., 4:]], axis=-1
        )
        return z, -tf.math.log(d)
