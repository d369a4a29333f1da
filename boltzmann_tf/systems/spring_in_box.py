"""Two particles on a line, joined by a spring, the first in a box: a closed-form map exists."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import positive
from boltzmann_tf.systems.base import System

__all__ = ["SpringInBox"]


def _first(x: tf.Tensor) -> tf.Tensor:
    return x[..., 0]


def _extension(x: tf.Tensor) -> tf.Tensor:
    return x[..., 1] - x[..., 0]


class SpringInBox(System):
    """H = k (x2 - x1)^2 for 0 <= x1 <= L, infinite otherwise, in kT.

    The Knothe-Rosenblatt map to a standard normal is z1 = Phi^-1(x1 / L),
    z2 = sqrt(2 k / T) (x2 - x1); see `boltzmann_tf.exact.SpringInBox`.

    Args:
      stiffness: k, in kT per length squared.
      length: L of the box.
      wall_stiffness: of the regularised wall, in kT per length squared; training only.

    Examples:
      >>> system = bg.systems.SpringInBox(length=4.0)
      >>> system.energy(tf.constant([[1.0, 2.0], [5.0, 2.0]])).numpy()
      array([ 1., inf], dtype=float32)
    """

    event_shape = (2,)
    domain = "box"
    reaction_coordinates = {"x1": _first, "extension": _extension}

    def __init__(
        self, stiffness: float = 1.0, length: float = 4.0, *, wall_stiffness: float = 200.0
    ) -> None:
        self.stiffness = positive("stiffness", stiffness)
        self.length = positive("length", length)
        self.wall_stiffness = positive("wall_stiffness", wall_stiffness)
        self.bounds = ([0.0, -np.inf], [self.length, np.inf])
        self.initial_states = {"centre": np.full(2, self.length / 2)}

    def _spring(self, x: tf.Tensor) -> tf.Tensor:
        extension = x[..., 1] - x[..., 0]
        return self.stiffness * extension * extension

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """Energy in kT: `[..., 2]` to `[...]`; +inf outside the box."""
        return self.confined(x, self._spring(x))

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The same with a harmonic wall: an infinite one has no gradient to learn from."""
        return self.walled(x, self._spring(x))

    @functools.cached_property
    def exact(self) -> exact.SpringInBox:
        """Closed form."""
        return exact.SpringInBox(stiffness=self.stiffness, length=self.length)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "stiffness": self.stiffness,
            "length": self.length,
            "wall_stiffness": self.wall_stiffness,
        }
