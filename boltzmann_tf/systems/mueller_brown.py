"""The Müller-Brown potential (Noé et al. 2019, figure 2g-m)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import positive
from boltzmann_tf.systems.base import System

__all__ = ["MuellerBrown"]

# Müller and Brown, Theor. Chim. Acta 53, 75 (1979). The paper's supplement prints c3 = +6.5.
AMPLITUDE = np.array([-200.0, -100.0, -170.0, 15.0])
A = np.array([-1.0, -1.0, -6.5, 0.7])
B = np.array([0.0, 0.0, 11.0, 0.6])
C = np.array([-10.0, -10.0, -6.5, 0.7])
X = np.array([1.0, 0.0, -0.5, -1.0])
Y = np.array([0.0, 0.5, 1.5, 1.0])

# exp(30) is 1e13: far above any energy that training distinguishes (the cut ends at 1e10), and far
# below the overflow of float32, also when squared in a gradient.
MAX_EXPONENT = 30.0


def _projection(x: tf.Tensor) -> tf.Tensor:
    return 0.7 * (x[..., 0] - x[..., 1])


def _y(x: tf.Tensor) -> tf.Tensor:
    return x[..., 1]


class MuellerBrown(System):
    """u = scale * sum_j A_j exp(a_j dx^2 + b_j dx dy + c_j dy^2), in kT.

    Minima near (-0.558, 1.442), (0.623, 0.028) and (-0.050, 0.467). The first reaction coordinate
    is the published projection 0.7 (x - y), in which the states are cut at -1 and 0; the second is
    y, on which the published networks were biased.

    Args:
      scale: prefactor; the published figures use 0.1.
    """

    event_shape = (2,)
    reaction_coordinates = {"projection": _projection, "y": _y}
    initial_states = {"left": np.array([-0.5, 1.5]), "right": np.array([0.5, 0.0])}

    def __init__(self, scale: float = 0.1) -> None:
        self.scale = positive("scale", scale)

    def _energy(self, x: tf.Tensor, max_exponent: float | None) -> tf.Tensor:
        dx = x[..., 0, None] - tf.constant(X, x.dtype)
        dy = x[..., 1, None] - tf.constant(Y, x.dtype)
        exponent = (
            tf.constant(A, x.dtype) * dx * dx
            + tf.constant(B, x.dtype) * dx * dy
            + tf.constant(C, x.dtype) * dy * dy
        )
        if max_exponent is not None:
            exponent = tf.minimum(exponent, tf.cast(max_exponent, x.dtype))
        return tf.reduce_sum(tf.constant(self.scale * AMPLITUDE, x.dtype) * tf.exp(exponent), -1)

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """Energy in kT: `[..., 2]` to `[...]`; +inf far outside, where exp overflows."""
        return self._energy(x, None)

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The same with the exponent capped at 30 (u = 1e13), before the exp that overflows."""
        # The coordinates first: their squares overflow too, and inf * 0 is NaN in a gradient.
        return self._energy(tf.clip_by_value(x, -1e4, 1e4), MAX_EXPONENT)

    @functools.cached_property
    def exact(self) -> exact.MuellerBrown:
        """Quadrature reference."""
        return exact.MuellerBrown(scale=self.scale)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"scale": self.scale}
