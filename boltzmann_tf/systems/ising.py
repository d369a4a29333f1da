"""The two-dimensional Ising model, in spins."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import choice, finite, plus_minus_one, positive_int
from boltzmann_tf.systems.base import System

__all__ = ["Ising", "check_spins"]

BOUNDARIES = ("periodic", "open")


def check_spins(name: str, value: Any, length: int) -> np.ndarray:
    """Returns spins `[..., L, L]` as int8, or raises unless they are square and all +1 or -1."""
    spins = np.asarray(value)
    if spins.dtype.kind not in "if":
        raise TypeError(f"{name} must be an array of numbers, got dtype {spins.dtype}")
    if spins.ndim < 2 or spins.shape[-2:] != (length, length):
        raise ValueError(f"{name} must have shape [..., {length}, {length}], got {spins.shape}")
    return plus_minus_one(name, spins).astype(np.int8)


def _magnetization(s: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(s, axis=[-2, -1])


def _absolute(s: tf.Tensor) -> tf.Tensor:
    return tf.abs(_magnetization(s))


class Ising(System):
    """H = -J sum over bonds s_i s_j - h sum s_i on an L x L lattice of spins +1 and -1.

    On the torus there are 2 L^2 bonds; for L = 2 each pair of neighbours has two, one around
    either side. Energies are in the unit of J; at temperature T the reduced energy is H / T.

    Spins have no density and no gradient, so no flow can act on them: `IsingField` is the
    continuous partner that a generator learns.

    Args:
      length: L, at least 2.
      coupling: J; negative for an antiferromagnet.
      field: h.
      boundary: "periodic" or "open", the latter with 2 L (L - 1) bonds.

    Examples:
      >>> system = bg.systems.Ising(4)
      >>> system.energy(tf.ones([1, 4, 4])).numpy()  # two bonds a site
      array([-32.], dtype=float32)
    """

    domain = "spins"
    reaction_coordinates = {"magnetization": _magnetization}
    observables = {"magnetization": _magnetization, "absolute magnetization": _absolute}

    def __init__(
        self,
        length: int,
        coupling: float = 1.0,
        field: float = 0.0,
        *,
        boundary: str = "periodic",
    ) -> None:
        self.length = positive_int("length", length, minimum=2)
        self.coupling = finite("coupling", coupling)
        self.field = finite("field", field)
        self.boundary = choice("boundary", boundary, BOUNDARIES)
        self.event_shape = (length, length)
        up = np.ones(self.event_shape)
        self.initial_states = {"up": up, "down": -up}

    @property
    def sites(self) -> int:
        """N = L^2."""
        return self.length**2

    @property
    def bonds(self) -> int:
        """Number of terms s_i s_j of the energy."""
        return 2 * self.length * (self.length - (self.boundary == "open"))

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """H in the unit of J: `[..., L, L]` to `[...]`; +inf unless all spins are +1 or -1."""
        if self.boundary == "periodic":
            pairs = x * (tf.roll(x, 1, axis=-2) + tf.roll(x, 1, axis=-1))
            bonds = tf.reduce_sum(pairs, axis=[-2, -1])
        else:
            bonds = tf.reduce_sum(x[..., 1:, :] * x[..., :-1, :], axis=[-2, -1])
            bonds += tf.reduce_sum(x[..., :, 1:] * x[..., :, :-1], axis=[-2, -1])
        total = -self.coupling * bonds - self.field * tf.reduce_sum(x, axis=[-2, -1])
        return self.confined(x, total)

    def neighbour_sum(self, x: tf.Tensor) -> tf.Tensor:
        """Sum over the neighbours of each site, with their multiplicity: `[..., L, L]`."""
        if self.boundary == "periodic":
            return tf.add_n([tf.roll(x, step, axis) for axis in (-2, -1) for step in (1, -1)])
        padded = tf.pad(x, [[0, 0]] * (x.shape.rank - 2) + [[1, 1], [1, 1]])
        return (
            padded[..., 2:, 1:-1]
            + padded[..., :-2, 1:-1]
            + padded[..., 1:-1, 2:]
            + padded[..., 1:-1, :-2]
        )

    def flip_energy(self, x: tf.Tensor) -> tf.Tensor:
        """Energy that flipping each spin alone would cost, H(after) - H(before): `[..., L, L]`.

        It is 2 s_i (J sum of neighbours + h): every bond of the site changes sign, and belongs to
        the site whole. A factor 1/2, right where the energy is a sum over sites, makes Metropolis
        sample J / 2.
        """
        return 2 * x * (self.coupling * self.neighbour_sum(x) + self.field)

    def correlation(self, x: tf.Tensor) -> tf.Tensor:
        """Mean of s_i s_j over pairs at distance r along either axis, r = 0 .. L / 2; periodic."""
        if self.boundary != "periodic":
            raise ValueError(f"boundary must be 'periodic' for correlations, got {self.boundary!r}")
        return tf.stack(
            [
                0.5 * sum(tf.reduce_mean(x * tf.roll(x, r, a), axis=[-2, -1]) for a in (-2, -1))
                for r in range(self.length // 2 + 1)
            ],
            axis=-1,
        )

    @functools.cached_property
    def exact(self) -> exact.IsingTorus | None:
        """The exact solution of the finite torus; None for other boundaries or J <= 0."""
        if self.boundary != "periodic" or self.coupling <= 0:
            return None
        return exact.IsingTorus(self.length, self.coupling, self.field)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "length": self.length,
            "coupling": self.coupling,
            "field": self.field,
            "boundary": self.boundary,
        }
