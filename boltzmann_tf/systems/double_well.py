"""The double well in two dimensions (Noé et al. 2019, figure 2a-f)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import finite, positive
from boltzmann_tf.systems.base import System

__all__ = ["DoubleWell"]


def _first(x: tf.Tensor) -> tf.Tensor:
    return x[..., 0]


class DoubleWell(System):
    """u = a4 x1^4 - a2 x1^2 + a1 x1 + (k / 2) x2^2, in kT.

    The form that made the published figures. (The paper's equation 18 prints a/4 x^4 - b/2 x^2 +
    c x + d/2 y^2: the same function with a = 4, b = 12, c = 1, d = 1.)

    Args:
      a4: quartic coefficient, > 0.
      a2: quadratic coefficient, >= 0 for two wells.
      a1: tilt.
      k: stiffness of the second coordinate, > 0.

    Examples:
      >>> system = bg.systems.DoubleWell()
      >>> system.energy(tf.constant([[-1.8, 0.0], [1.7, 0.0]])).numpy().round(2)
      array([-10.74,  -7.29], dtype=float32)
    """

    event_shape = (2,)
    reaction_coordinates = {"x1": _first}
    initial_states = {"left": np.array([-1.8, 0.0]), "right": np.array([1.8, 0.0])}

    def __init__(self, a4: float = 1.0, a2: float = 6.0, a1: float = 1.0, k: float = 1.0) -> None:
        self.a4 = positive("a4", a4)
        self.a2 = finite("a2", a2)
        self.a1 = finite("a1", a1)
        self.k = positive("k", k)

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """Energy in kT: `[..., 2]` to `[...]`."""
        x1, x2 = x[..., 0], x[..., 1]
        square = x1 * x1
        return square * (self.a4 * square - self.a2) + self.a1 * x1 + 0.5 * self.k * x2 * x2

    @functools.cached_property
    def exact(self) -> exact.DoubleWell:
        """Quadrature reference."""
        return exact.DoubleWell(a4=self.a4, a2=self.a2, a1=self.a1, k=self.k)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"a4": self.a4, "a2": self.a2, "a1": self.a1, "k": self.k}
