"""The cut of energies that training sees: what is huge, infinite or NaN must not end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

__all__ = ["Cut", "cut_energy", "linlog", "safe_energy", "with_slope"]


def linlog(energy: tf.Tensor, high: tf.Tensor, maximum: tf.Tensor) -> tf.Tensor:
    """The published energy cut: linear to `high`, then logarithmic, constant from `maximum`.

    `E` below high, `high + log(E - high + 1)` above, with E clamped at maximum first and
    non-finite values taken as maximum (Noé et al. 2019, supplement p. 3). For training only:
    weights from a cut energy are wrong. For a gradient that stays finite where the energy's own
    does not, use `safe_energy`.
    """
    energy = tf.convert_to_tensor(energy)
    if not energy.dtype.is_floating:
        raise TypeError(f"energy must be of a floating dtype, got {energy.dtype.name}")
    high, maximum = tf.cast(high, energy.dtype), tf.cast(maximum, energy.dtype)
    clamped = tf.minimum(tf.where(tf.math.is_finite(energy), energy, maximum), maximum)
    # The logarithm's argument is sanitised too: its unused branch must not make NaN gradients.
    above = tf.maximum(clamped - high, 0.0)
    return tf.where(clamped < high, clamped, high + tf.math.log1p(above))


class Cut(NamedTuple):
    """Energies after the cut, and what was wrong with them.

    Attributes:
      energy: reduced, `[batch]`; its gradient is finite.
      bad: 1 where the energy was NaN or infinite, `[batch]`.
      lost: 1 where the energy was finite and below `maximum`, and its gradient was not finite.
    """

    energy: tf.Tensor
    bad: tf.Tensor
    lost: tf.Tensor


def cut_energy(
    energy: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    temperature: tf.Tensor,
    high: tf.Tensor,
    maximum: tf.Tensor,
) -> Cut:
    """Reduced energies after the cut, with gradients that are finite for any energy function.

    Selecting after the fact does not stop NaN (0 times infinity), so the gradient of each
    configuration is formed here, from the energy's own gradient and the slope of the cut, and is
    zero where either is not finite or the energy is beyond `maximum`, as published. It is with
    respect to x alone: variables that the energy reads are not trained.

    Args:
      energy: the function of x to cut; its batch members must not interact.
      x: `[batch, ...]`.
      temperature: tau, `[batch]` or scalar; the cut acts on energy / tau, as published.
      high: where the logarithm starts, in kT.
      maximum: where the energy becomes constant, in kT.

    Returns:
      the cut reduced energy and two masks of what was not finite, `[batch]` each.
    """
    if not callable(energy):
        raise TypeError(f"energy must be a function of x, got {energy!r}")
    held = tf.stop_gradient(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(held)
        reduced = energy(held) / temperature
    slope = tape.gradient(reduced, held, unconnected_gradients="zero")
    bad = ~tf.math.is_finite(reduced)
    top, limit = tf.cast(high, x.dtype), tf.cast(maximum, x.dtype)
    clean = tf.where(bad, limit, reduced)
    cut_slope = tf.where(clean < top, tf.ones_like(clean), 1 / (1 + tf.nn.relu(clean - top)))
    cut_slope = tf.where(clean < limit, cut_slope, tf.zeros_like(clean))

    def column(v: tf.Tensor) -> tf.Tensor:
        return tf.reshape(v, [-1] + [1] * (x.shape.rank - 1))

    finite = tf.math.is_finite(slope)
    whole = tf.reduce_all(finite, axis=list(range(1, x.shape.rank)))
    lost = (clean < limit) & ~whole
    usable = finite & column(clean < limit)
    slope = tf.where(usable, slope, tf.zeros_like(slope)) * column(cut_slope)

    cut = with_slope(linlog(reduced, high, maximum), x, slope)
    masks = (tf.stop_gradient(tf.cast(mask, x.dtype)) for mask in (bad, lost))
    return Cut(cut, *masks)


def safe_energy(
    energy: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    temperature: tf.Tensor,
    high: tf.Tensor,
    maximum: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """As `cut_energy`; returns the energy and the mask of those that were NaN or infinite."""
    return cut_energy(energy, x, temperature, high, maximum)[:2]


def with_slope(value: tf.Tensor, x: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """The values `[batch]` with `slope`, finite and of the shape of x, as their gradient in x.

    Not by `tf.custom_gradient`: each trace registers that for ever, and with it the whole graph,
    thousands of Python objects (TensorFlow 2.21).
    """
    usable = tf.math.is_finite(x)
    # Zero, with the derivative 1; where x is not finite, zero with the derivative 0.
    move = tf.where(usable, x, tf.zeros_like(x))
    move -= tf.stop_gradient(move)
    terms = tf.reshape(move * tf.stop_gradient(slope), [tf.shape(x)[0], -1])
    return tf.stop_gradient(value) + tf.reduce_sum(terms, axis=1)
