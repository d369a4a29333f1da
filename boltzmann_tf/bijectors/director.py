"""Nematic vectors one after another, each along the field of those before it.

A spin of a nematic sees its neighbours through the tensor of their u u^T. Generated in turn, each
vector's density given the earlier ones is one about the main axis of such a tensor, with weights
that are learned: the map commutes with turning any one round, and with rotations of all vectors
except where the two largest eigenvalues of such a tensor are close. There the axis is a mixture
that depends on the frame. The map is one with an exact log-determinant all the same, and weights
are exact; only their values differ from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, Parameters, check_activation
from boltzmann_tf.bijectors.sphere import raised, to_cylindrical, to_unit_vectors

__all__ = ["DirectorFlow"]

SQUARINGS = 6  # of the tensor, whose main axis its 64th power has
EMBEDDING = 4  # numbers that tell one site from another
WEAK = 0.1  # size of a field below which it does little
FLATTEST = 0.9  # most by which a direction is stretched or shrunk


@register
class DirectorFlow(Bijector):
    """Moves unit vector i given vectors 0 .. i - 1, by their tensor M_i.

    M_i = sum over j < i of W_ij (u_j u_j^T - 1/3), with W learned. About the main axis n of M_i,
    |c| = |u . n| passes through a monotone spline, c keeping its sign; then u goes to A u / |A u|,
    where A stretches the plane across n along the axes of M_i in it. The spline and the stretch
    come from one network that sees n . M_i n, the size of M_i, and numbers of the site. With
    log|det A| - 3 log|A u| the log-determinants are exact, with respect to solid angle.

    From x to z all vectors are known, and it takes one pass; from z to x it takes N steps.

    Args:
      couplings: W at the start, `[N, N]`; what is not below the diagonal is left out.
        3 eps / 2 T on the bonds of a nematic is a good one.
      bins: number of bins of the splines.
      hidden: widths of the hidden layers.
      activation: of the hidden layers.
      seed: of the initial weights.
      dtype: "float32" or "float64".
      name: of the bijector.

    Raises:
      ValueError: for fewer than 2 bins, or couplings that are not square.
    """

    def __init__(
        self,
        couplings: Any,
        *,
        bins: int = 8,
        hidden: Sequence[int] = (32, 32),
        activation: str = "silu",
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        start = finite_array("couplings", couplings, ndim=2, dtype=np.float64)
        n = len(start)
        if start.shape != (n, n) or n < 2:
            raise ValueError(f"couplings must have shape [N, N], N at least 2, got {start.shape}")
        self._bins = splines.check_bins(bins)
        below = np.tril(np.ones((n, n), bool), -1)
        self._below = np.flatnonzero(below)
        weights = Parameters(len(self._below), dtype=dtype)
        weights.vector.assign(start[below])
        sites = Parameters(n * EMBEDDING, dtype=dtype)
        sites.vector.assign(0.1 * np.random.default_rng([seed, 1]).standard_normal(n * EMBEDDING))
        net = MLP(
            2 + EMBEDDING,
            3 * bins + 2,
            hidden,
            activation=check_activation("activation", activation),
            zero_output=True,
            seed=seed,
            dtype=dtype,
        )
        super().__init__(2 * n, layers=[weights, sites, net], dtype=dtype, name=name)
        self._parts = self._no_dependency({"weights": weights, "sites": sites, "net": net})
        self._start = self._no_dependency({"couplings": start.tolist()})
        self._options = self._no_dependency(
            {"bins": bins, "hidden": list(hidden), "activation": activation, "seed": seed}
        )

    @property
    def vectors(self) -> int:
        """N."""
        return self.event_size // 2

    def scale_couplings(self, factor: float) -> None:
        """Multiplies W: by T_1 / T_2 a flow of temperature T_1 becomes a start for T_2."""
        weights = self._parts["weights"].vector
        weights.assign(weights * positive("factor", factor))

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One vector after another."""
        n = self.vectors
        shape = tf.shape(z)[:-1]
        u = to_unit_vectors(tf.reshape(z, [-1, 2 * n]))
        w = self._matrix()
        sites = tf.reshape(self._parts["sites"](), [n, EMBEDDING])

        def step(
            i: tf.Tensor, fields: tf.Tensor, log_det: tf.Tensor, out: tf.TensorArray
        ) -> tuple[Any, ...]:
            seen = tf.gather(fields, i, axis=1)
            moved, log_slope = self._moved(tf.gather(u, i, axis=1), seen, sites[i], inverse=False)
            fields += w[:, i, None, None] * _tensor(moved)[:, None]
            return i + 1, fields, log_det + log_slope, out.write(i, moved)

        start = (
            tf.constant(0),
            tf.zeros([tf.shape(u)[0], n, 3, 3], z.dtype),
            tf.zeros([tf.shape(u)[0]], z.dtype),
            tf.TensorArray(z.dtype, n, element_shape=[None, 3]),
        )
        *_, log_det, out = tf.while_loop(
            lambda i, *_: i < n, step, start, maximum_iterations=n, parallel_iterations=1
        )
        x = to_cylindrical(tf.transpose(out.stack(), [1, 0, 2]))
        x = tf.reshape(x, tf.concat([shape, [2 * n]], axis=0))
        x.set_shape(z.shape)
        return x, tf.reshape(log_det, shape)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """All at once."""
        n = self.vectors
        u = to_unit_vectors(x)
        fields = tf.einsum("ij,...jab->...iab", self._matrix(), _tensor(u))
        sites = tf.reshape(self._parts["sites"](), [n, EMBEDDING])
        moved, log_slope = self._moved(u, fields, sites, inverse=True)
        z = to_cylindrical(moved)
        z.set_shape(x.shape)
        return z, tf.reduce_sum(log_slope, axis=-1)

    def _matrix(self) -> tf.Tensor:
        """W, strictly below the diagonal."""
        n = self.vectors
        flat = tf.scatter_nd(
            self._below[:, None].astype(np.int32), self._parts["weights"](), [n * n]
        )
        return tf.reshape(flat, [n, n])

    def _moved(
        self, u: tf.Tensor, field: tf.Tensor, site: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Vectors `[..., 3]` along fields `[..., 3, 3]`, and the log of the change of area."""
        axis = _main_axis(field)
        along = tf.linalg.matvec(field, axis)
        strength = tf.reduce_sum(along * axis, axis=-1, keepdims=True)
        square = tf.reduce_sum(field * field, axis=[-2, -1])[..., None]
        size = tf.sqrt(square + 1e-6)
        embedded = tf.broadcast_to(site, tf.concat([tf.shape(strength)[:-1], [EMBEDDING]], axis=0))
        raw = self._parts["net"](tf.concat([strength, size, embedded], axis=-1))
        raw *= square / (square + WEAK**2)  # without a field there is no axis
        k = splines.free_knots(raw[..., :-1], self._bins, 1.0)
        stretch, log_stretch = _stretch(field, axis, along, strength, raw[..., -1:])
        if inverse:
            u, log_area = _projected(u, stretch, inverse=True)
            u, log_slope = _raised(u, axis, k, inverse=True)
            return u, log_slope + log_area - log_stretch
        u, log_slope = _raised(u, axis, k, inverse=False)
        u, log_area = _projected(u, stretch, inverse=False)
        return u, log_slope + log_area + log_stretch

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._start, **self._options}
        del config["event_size"]
        return config


def _tensor(u: tf.Tensor) -> tf.Tensor:
    """u u^T - 1/3: `[..., 3]` to `[..., 3, 3]`."""
    return u[..., :, None] * u[..., None, :] - tf.eye(3, dtype=u.dtype) / 3


def _main_axis(field: tf.Tensor) -> tf.Tensor:
    """Unit vectors along the largest eigenvalue, by squaring; where two are equal, some mixture.

    Nothing but its being a unit vector matters for the map to be one with this log-determinant,
    and unlike that of an eigenvector its gradient is finite.
    """
    size = tf.sqrt(tf.reduce_sum(field * field, axis=[-2, -1], keepdims=True) + 1e-12)
    power = field / size + tf.eye(3, dtype=field.dtype)
    for _ in range(SQUARINGS):
        power = tf.matmul(power, power)
        power /= tf.linalg.trace(power)[..., None, None]
    longest = tf.one_hot(tf.argmax(tf.linalg.diag_part(power), axis=-1), 3, dtype=field.dtype)
    column = tf.linalg.matvec(power, longest)
    return column / tf.norm(column, axis=-1, keepdims=True)


def _raised(
    u: tf.Tensor, axis: tf.Tensor, k: splines.Knots, *, inverse: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """|u . n| through its spline; the direction across n stays."""
    c = tf.clip_by_value(tf.reduce_sum(u * axis, axis=-1), -1.0, 1.0)
    new, log_slope = raised(c, k, odd=True, inverse=inverse)
    tiny = tf.constant(1e-20, u.dtype)
    across = u - c[..., None] * axis
    across /= tf.sqrt(tf.reduce_sum(across**2, axis=-1, keepdims=True) + tiny)
    sine = tf.sqrt(tf.maximum((1 - new) * (1 + new), tiny))
    out = new[..., None] * axis + sine[..., None] * across
    return out / tf.norm(out, axis=-1, keepdims=True), log_slope


def _stretch(
    field: tf.Tensor, axis: tf.Tensor, along: tf.Tensor, strength: tf.Tensor, raw: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """A = 1 + b B, B the traceless part of the field across n, and log det A."""
    one = tf.eye(3, dtype=field.dtype)
    own = axis[..., :, None] * axis[..., None, :]
    mixed = along[..., :, None] * axis[..., None, :]
    mixed += tf.linalg.matrix_transpose(mixed)
    plane = field - mixed + strength[..., None] * own
    trace = tf.linalg.trace(plane)[..., None, None]
    plane -= 0.5 * trace * (one - own)
    # Its eigenvalues across n are plus and minus this.
    half = tf.sqrt(0.5 * tf.reduce_sum(plane * plane, axis=[-2, -1]) + 1e-12)[..., None]
    factor = FLATTEST * tf.tanh(raw * half) / half
    size = (factor * half)[..., 0]
    return one + factor[..., None] * plane, tf.math.log((1 - size) * (1 + size))


def _projected(u: tf.Tensor, stretch: tf.Tensor, *, inverse: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """A u / |A u|, or the inverse; -3 log|A u| of the vector before, with that sign."""
    if inverse:
        v = tf.linalg.matvec(tf.linalg.inv(stretch), u)
        length = tf.norm(v, axis=-1)
        # With v / |v| the vector before, A (v / |v|) has the length 1 / |v|.
        return v / length[..., None], -3 * tf.math.log(length)
    v = tf.linalg.matvec(stretch, u)
    length = tf.norm(v, axis=-1)
    return v / length[..., None], -3 * tf.math.log(length)
