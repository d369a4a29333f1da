"""Directions of bonds: unit vectors, and axes along the bond before."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

__all__ = ["angle_of", "direction", "directions", "frame_of", "turned", "turned_all"]


def directions(m: int, dimension: int) -> np.ndarray:
    """m unit vectors, spread evenly, `[m, d]`."""
    if dimension == 2:
        angle = 2 * np.pi * (np.arange(m) + 0.5) / m
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    z = 1 - (2 * np.arange(m) + 1) / m
    phi = np.pi * (3 - 5**0.5) * np.arange(m)
    s = np.sqrt(1 - z**2)
    return np.stack([s * np.cos(phi), s * np.sin(phi), z], axis=1)


def direction(c: tf.Tensor, phi: tf.Tensor, dimension: int) -> tf.Tensor:
    """Unit vectors of a cosine and a turn, or in the plane of an angle, `[..., d]`."""
    if dimension == 2:
        return tf.stack([tf.cos(phi), tf.sin(phi)], axis=-1)
    s = tf.sqrt(tf.maximum(1 - c * c, 0))
    return tf.stack([s * tf.cos(phi), s * tf.sin(phi), c * tf.ones_like(phi)], axis=-1)


def angle_of(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Of a vector; of none, any."""
    nowhere = (x == 0) & (y == 0)
    return tf.atan2(y, tf.where(nowhere, tf.ones_like(x), x))


def frame_of(beads: tf.Tensor, k: tf.Tensor, d: int) -> tf.Tensor:
    """Axes as columns `[batch, d, d]`; those of the room for the first bond.

    In space the last one is along the bond before, in the plane the first.
    """
    last = tf.gather(beads, k - 1, axis=1) - tf.gather(beads, tf.maximum(k - 2, 0), axis=1)
    first = tf.one_hot(d - 1 if d == 3 else 0, d, dtype=beads.dtype)
    last = tf.where(k > 1, last, last + first)
    along = last / tf.sqrt(tf.maximum(tf.reduce_sum(last**2, -1, keepdims=True), 1e-20))
    if d == 2:
        x, y = along[:, 0], along[:, 1]
        return tf.stack([along, tf.stack([-y, x], axis=-1)], axis=-1)
    # Across: from the axis of the room that it is furthest from.
    least = tf.one_hot(tf.argmin(tf.abs(along), axis=-1), 3, dtype=beads.dtype)
    across = tf.linalg.cross(along, least)
    across /= tf.norm(across, axis=-1, keepdims=True)
    return tf.stack([across, tf.linalg.cross(along, across), along], axis=-1)


def turned(frame: tf.Tensor, local: tf.Tensor) -> tf.Tensor:
    """Vectors `[batch, d]` from a frame's axes to those of the room."""
    return tf.einsum("bij,bj->bi", frame, local)


def turned_all(frame: tf.Tensor, local: tf.Tensor) -> tf.Tensor:
    """The same vectors `[m, d]` in each frame, `[batch, m, d]`."""
    return tf.einsum("bij,mj->bmi", frame, local)
