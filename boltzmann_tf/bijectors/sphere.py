"""Unit vectors in cylindrical coordinates: a chart that keeps areas, and couplings on spheres.

A unit vector u is given by (c, phi), c = cos theta: the solid angle is dc dphi (Archimedes), so
that a density in these coordinates *is* that with respect to solid angle. N vectors are the 2 N
numbers c_1, phi_1, c_2, phi_2, ...

Rezende et al., ICML 2020, section 2.3, for splines in these coordinates; what keeps them smooth at
the poles, and the symmetry of head and tail, are this package's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import choice, positive_int
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.circle import circular_parameter_count, rotated_spline, wrap
from boltzmann_tf.bijectors.coupling import Coupling, network
from boltzmann_tf.bijectors.halves import moving_mask

__all__ = ["SphereCoupling", "SpheresFromPlanes", "to_cylindrical", "to_unit_vectors"]


def to_unit_vectors(x: tf.Tensor) -> tf.Tensor:
    """(c, phi) of N vectors `[..., 2 N]` to the vectors `[..., N, 3]`."""
    c, phi = tf.unstack(_pairs(x), axis=-1)
    s = _sine(c)
    return tf.stack([s * tf.cos(phi), s * tf.sin(phi), c], axis=-1)


def to_cylindrical(u: tf.Tensor) -> tf.Tensor:
    """Unit vectors `[..., N, 3]` to their (c, phi), `[..., 2 N]`; phi is in [-pi, pi]."""
    a, b, c = tf.unstack(u, axis=-1)
    # At a pole any angle will do, but its gradient must be finite.
    pole = (a == 0) & (b == 0)
    phi = tf.atan2(b, tf.where(pole, tf.ones_like(a), a))
    return _flat(tf.stack([tf.clip_by_value(c, -1.0, 1.0), phi], axis=-1))


def raised(
    c: tf.Tensor, k: splines.Knots, *, odd: bool, inverse: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cosines through a spline on [-1, 1]; by an odd one, |c| through it as 2 |c| - 1.

    Args:
      c: `[...]`.
      k: knots on [-1, 1].
      odd: whether c keeps its sign and -c goes where c does.
      inverse: the other way round.

    Returns:
      The new cosines and the log of the slope.
    """
    spline = splines.spline_inverse if inverse else splines.spline_forward
    # An end of the interval counts as outside, where the slope is one.
    edge = 1 - 2 * np.finfo(c.dtype.as_numpy_dtype).eps
    value = 2 * tf.abs(c) - 1 if odd else c
    out, log_slope = spline(tf.clip_by_value(value, -edge, edge), k, 1.0)
    if odd:
        out = tf.where(c < 0, -0.5 * (1 + out), 0.5 * (1 + out))
    return out, log_slope


def _sine(c: tf.Tensor) -> tf.Tensor:
    """sin theta; kept off 0, where it has no slope."""
    return tf.sqrt(tf.maximum((1 - c) * (1 + c), tf.constant(1e-30, c.dtype)))


def _pairs(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, tf.concat([tf.shape(x)[:-1], [x.shape[-1] // 2, 2]], axis=0))


def _flat(pairs: tf.Tensor) -> tf.Tensor:
    size = pairs.shape[-2] * pairs.shape[-1]
    return tf.reshape(pairs, tf.concat([tf.shape(pairs)[:-2], [size]], axis=0))


def _even(event_size: int) -> int:
    size = positive_int("event_size", event_size, minimum=2)
    if size % 2:
        raise ValueError(f"event_size must be even, two numbers a unit vector, got {size}")
    return size


@register
class SpheresFromPlanes(Bijector):
    """Maps each pair of latent coordinates onto a sphere; normal ones become uniform directions.

    With r the radius of a pair, c = 1 - 2 exp(-r^2 / 2) and phi its angle: the origin is the south
    pole, infinity the north pole, and the map is smooth, without a seam. Per pair,
    log|d(c, phi) / dz| = log 2 - r^2 / 2.

    Args:
      event_size: number of latent coordinates, two a vector.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(self, event_size: int, *, dtype: str = "float32", name: str | None = None) -> None:
        super().__init__(_even(event_size), dtype=dtype, name=name)

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Planes to spheres."""
        a, b = tf.unstack(_pairs(z), axis=-1)
        half = 0.5 * (a * a + b * b)
        phi = tf.atan2(b, tf.where((a == 0) & (b == 0), tf.ones_like(a), a))
        x = _flat(tf.stack([1 - 2 * tf.exp(-half), phi], axis=-1))
        return x, tf.reduce_sum(np.log(2.0) - half, axis=-1)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Spheres to planes; the north pole itself goes as far as the precision resolves it."""
        c, phi = tf.unstack(_pairs(x), axis=-1)
        eps = np.finfo(self.dtype.as_numpy_dtype).eps
        # Below one by more than rounds to it: at the south pole r = 0 has no slope.
        half = -tf.math.log(tf.clip_by_value(0.5 * (1 - c), 0.25 * eps, 1 - eps))
        r = tf.sqrt(2 * half)
        z = _flat(tf.stack([r * tf.cos(phi), r * tf.sin(phi)], axis=-1))
        return z, tf.reduce_sum(half - np.log(2.0), axis=-1)


@register
class SphereCoupling(Coupling):
    """A coupling of unit vectors: some move along splines in c and phi, given the others.

    About one of the three axes, c passes through a monotone spline on [-1, 1], then phi through a
    circular spline and a rotation. The network sees the tensors u u^T of the fixed vectors, which
    know neither poles nor head and tail. Where head and tail are the same, the spline of c is odd
    and that of phi has half the period: the map commutes with turning any vector round. The
    parameters of the spline of phi fade towards the poles as 1 - c^2, where else the density
    would depend on an angle that does not exist. It starts as the identity.

    Args:
      event_size: two numbers, (c, phi), a vector; at least two vectors.
      transformed: which vectors move: "even", "odd" or one boolean a vector.
      axis: "x", "y" or "z", about which c and phi are taken.
      head_tail: whether u and -u are the same; else the network sees u, too.
      bins: number of bins of each spline.
      hidden: widths of the hidden layers.
      activation: of the hidden layers; a smooth one keeps the density smooth.
      condition_size: size of the keyword `condition`.
      seed: of the initial weights.
      dtype: "float32", "float64" or "mixed_bfloat16".
      name: of the bijector.

    Raises:
      ValueError: for fewer than 2 bins, an odd event_size, or another axis.
    """

    def __init__(
        self,
        event_size: int,
        *,
        transformed: str | Sequence[bool] = "odd",
        axis: str = "z",
        head_tail: str = "same",
        bins: int = 8,
        hidden: Sequence[int] = (64, 64),
        activation: str = "silu",
        condition_size: int = 0,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        vectors = _even(event_size) // 2
        mask = moving_mask(transformed, vectors)
        if not isinstance(transformed, str):
            transformed = mask.tolist()
        self._same = choice("head_tail", head_tail, ("same", "different")) == "same"
        self._bins = splines.check_bins(bins)
        # The axis comes last; the cyclic order keeps the system right-handed.
        self._roll = {"z": 0, "x": -1, "y": -2}[choice("axis", axis, ("x", "y", "z"))]
        self._counts = [3 * bins + 1, circular_parameter_count(bins), 1]
        moving = int(mask.sum())
        self._fixed = 2 * (vectors - moving)  # coordinates
        seen = (6 if self._same else 9) * (vectors - moving) + condition_size
        spline = network(
            (seen, moving * sum(self._counts)), hidden, "activation", activation, seed, dtype,
            zero_output=True,
        )  # fmt: skip
        options = {
            "transformed": transformed,
            "axis": axis,
            "head_tail": head_tail,
            "bins": bins,
            "hidden": list(hidden),
            "activation": activation,
            "seed": seed,
        }
        super().__init__(
            event_size,
            transformed=np.repeat(mask, 2).tolist(),  # both coordinates of a vector
            networks={"spline": spline},
            options=options,
            condition_size=condition_size,
            dtype=dtype,
            name=name,
        )

    def _transform(
        self, moving: tf.Tensor, seen: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        raw = self._networks["spline"](self._tensors(seen))
        each = [moving.shape[-1] // 2, sum(self._counts)]
        shape = tf.concat([tf.shape(moving)[:-1], each], axis=0)
        for_c, for_phi, turn = tf.split(tf.reshape(raw, shape), self._counts, axis=-1)
        u = tf.roll(to_unit_vectors(moving), self._roll, axis=-1)
        c, phi = tf.unstack(_pairs(to_cylindrical(u)), axis=-1)
        knots = splines.free_knots(for_c, self._bins, 1.0)
        if inverse:
            # The spline of phi looks at c on this side of the map.
            phi, slope_phi = self._turned(phi, c, for_phi, turn[..., 0], inverse=True)
            c, slope_c = raised(c, knots, odd=self._same, inverse=True)
        else:
            c, slope_c = raised(c, knots, odd=self._same, inverse=False)
            phi, slope_phi = self._turned(phi, c, for_phi, turn[..., 0], inverse=False)
        u = to_unit_vectors(_flat(tf.stack([c, phi], axis=-1)))
        return to_cylindrical(tf.roll(u, -self._roll, axis=-1)), slope_c + slope_phi

    def _tensors(self, seen: tf.Tensor) -> tf.Tensor:
        """What the network sees: u u^T of the fixed vectors, and the condition."""
        u = to_unit_vectors(seen[..., : self._fixed])
        a, b, c = tf.unstack(u, axis=-1)
        parts = [a * a, b * b, c * c, a * b, b * c, c * a]
        if not self._same:
            parts += [a, b, c]
        return tf.concat([*parts, seen[..., self._fixed :]], axis=-1)

    def _turned(
        self, phi: tf.Tensor, c: tf.Tensor, parameters: tf.Tensor, turn: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """phi through its spline, which is none at the poles, and a rotation."""
        parameters *= ((1 - c) * (1 + c))[..., None]
        if not self._same:
            return rotated_spline(phi, parameters, turn, self._bins, inverse=inverse)
        # Half of what the doubled angle does.
        start = wrap(2 * (phi - turn) if inverse else 2 * phi)
        end, log_slope = rotated_spline(
            start, parameters, tf.zeros_like(turn), self._bins, inverse=inverse
        )
        moved = 0.5 * (end - start)
        return wrap(phi + moved - turn if inverse else phi + moved + turn), log_slope
