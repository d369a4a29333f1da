"""Nematic liquid crystals on lattices: Lebwohl and Lasher's model, in unit vectors."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import exact
from boltzmann_tf._support.checks import choice, finite, finite_array, positive_int
from boltzmann_tf.systems._domain import UNIT
from boltzmann_tf.systems.base import System

__all__ = ["Nematic", "check_unit_vectors", "nematic_order"]

LATTICES = ("chain", "ring", "cubic", "complete")


def check_unit_vectors(name: str, value: Any, sites: int) -> np.ndarray:
    """Returns unit vectors `[..., N, 3]` as float64, or raises unless all are of length one."""
    u = finite_array(name, value, last=3, dtype=np.float64)
    if u.ndim < 2 or u.shape[-2] != sites:
        raise ValueError(f"{name} must have shape [..., {sites}, 3], got {u.shape}")
    square = np.sum(u * u, axis=-1)
    worst = square.ravel()[np.argmax(np.abs(square - 1))]
    if abs(worst - 1) > UNIT:
        raise ValueError(f"{name} must be unit vectors, got one of length {np.sqrt(worst):.6g}")
    return u


def check_event_shape(name: str, x: Any, event_shape: tuple[int, ...]) -> None:
    """Raises unless the last axes of x, as far as they are known, are `event_shape`.

    Another number of vectors has an energy, too, which is none of this system.
    """
    shape = tf.TensorShape(x.shape if hasattr(x, "shape") else np.shape(x))
    k = len(event_shape)
    if shape.rank is None or (shape.rank >= k and shape[-k:].is_compatible_with(event_shape)):
        return
    wanted = ", ".join(str(n) for n in event_shape)
    raise ValueError(f"{name} must have shape [..., {wanted}], got {list(shape)}")


def order_tensor(u: tf.Tensor) -> tf.Tensor:
    """Q, the mean over sites of (3 u u^T - 1) / 2: `[..., N, 3]` to `[..., 3, 3]`."""
    n = tf.cast(tf.shape(u)[-2], u.dtype)
    return 1.5 * tf.matmul(u, u, transpose_a=True) / n - 0.5 * tf.eye(3, dtype=u.dtype)


def nematic_order(u: tf.Tensor) -> tf.Tensor:
    """S, the largest eigenvalue of Q: `[..., N, 3]` to `[...]`.

    Of N vectors without order it is not zero but of the order of 1 / sqrt(N): compare it with the
    same of other samples of the same size.
    """
    # Not by the cubic's closed form: where eigenvalues are equal it has no gradient.
    return tf.linalg.eigvalsh(order_tensor(u))[..., -1]


class Nematic(System):
    """H = -eps sum over bonds of P2(u_i . u_j) - h sum of P2(u_i . z), P2(x) = (3 x^2 - 1) / 2.

    u and -u are the same: only squares of scalar products count. (With P1, the scalar product
    itself, this would be the Heisenberg model.) Energies are in the unit of eps; k_B = 1.

    A generator takes `NematicAngles`, the same in coordinates that a flow can generate.

    Source: Lebwohl and Lasher, Phys. Rev. A 6, 426 (1972); for "complete", Maier and Saupe 1959.

    Args:
      lattice: "chain" (open), "ring", "cubic" (three dimensions, periodic), or "complete": each
        pair has a bond of strength eps / N, so that eps is Maier and Saupe's U.
      length: spins of a chain, a ring or a complete graph; L of the L x L x L cubic lattice, where
        for L = 2 neighbours share two bonds.
      coupling: eps.
      field: h, along z.

    Examples:
      >>> chain = bg.systems.Nematic("chain", 3)
      >>> chain.energy(tf.constant([[[0.0, 0.0, 1.0]] * 3])).numpy()  # two bonds
      array([-2.], dtype=float32)
    """

    domain = "unit vectors"
    reaction_coordinates = {"order": nematic_order}
    observables = {"order": nematic_order}

    def __init__(
        self, lattice: str, length: int, coupling: float = 1.0, field: float = 0.0
    ) -> None:
        self.lattice = choice("lattice", lattice, LATTICES)
        self.length = positive_int("length", length, minimum=3 if lattice == "ring" else 2)
        self.coupling = finite("coupling", coupling)
        self.field = finite("field", field)
        self.event_shape = (self.sites, 3)

    @property
    def sites(self) -> int:
        """N."""
        return self.length**3 if self.lattice == "cubic" else self.length

    @property
    def bonds(self) -> int:
        """Number of bonds."""
        n = self.sites
        return {"chain": n - 1, "ring": n, "cubic": 3 * n, "complete": n * (n - 1) // 2}[
            self.lattice
        ]

    @property
    def bond_strength(self) -> float:
        """eps, or eps / N where each pair has a bond."""
        return self.coupling / (self.sites if self.lattice == "complete" else 1)

    @property
    def neighbours(self) -> np.ndarray:
        """Of each site, each as often as it has bonds: int64 `[N, most]`, -1 for none."""
        n = self.sites
        site = np.arange(n)
        if self.lattice == "complete":
            return np.array([np.delete(site, i) for i in site])
        if self.lattice == "cubic":
            grid = site.reshape([self.length] * 3)
            rolled = [np.roll(grid, step, axis).ravel() for axis in range(3) for step in (1, -1)]
            return np.stack(rolled, axis=1)
        table = np.stack([site - 1, site + 1], axis=1)
        if self.lattice == "ring":
            return table % n
        return np.where(table == n, -1, table)

    @property
    def bond_matrix(self) -> np.ndarray:
        """Strengths of the bonds that each pair of sites shares, added up: `[N, N]`.

        With 3 / 2 T of it as `couplings` a `DirectorFlow` starts near the density at T.
        """
        matrix, table = np.zeros([self.sites, self.sites]), self.neighbours
        site, which = np.nonzero(table >= 0)
        np.add.at(matrix, (site, table[site, which]), self.bond_strength)
        return matrix

    @functools.cached_property
    def initial_states(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        """All along z, and independent directions."""
        disordered = np.random.default_rng(0).standard_normal(self.event_shape)
        return {
            "aligned": np.tile([0.0, 0.0, 1.0], (self.sites, 1)),
            "disordered": disordered / np.linalg.norm(disordered, axis=-1, keepdims=True),
        }

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        """H in the unit of eps: `[..., N, 3]` to `[...]`; +inf unless all are of length one.

        The square of a length may be off by 1e-4. `sampling.vector_energies` raises instead.

        Raises:
          ValueError: for another number of vectors, or of components.
        """
        check_event_shape("x", x, self.event_shape)
        squares = self._squares(x)
        bonds = 1.5 * squares - 0.5 * self.bonds
        total = -self.bond_strength * bonds
        if self.field:
            total -= self.field * tf.reduce_sum(1.5 * x[..., 2] ** 2 - 0.5, axis=-1)
        return self.confined(x, total)

    def _squares(self, u: tf.Tensor) -> tf.Tensor:
        """Sum over bonds of (u_i . u_j)^2."""
        if self.lattice == "chain":
            return _summed(u[..., 1:, :], u[..., :-1, :])
        if self.lattice == "ring":
            return _summed(u, tf.roll(u, 1, axis=-2))
        if self.lattice == "cubic":
            shape = tf.concat([tf.shape(u)[:-2], [self.length] * 3, [3]], axis=0)
            grid = tf.reshape(u, shape)
            return tf.add_n(
                [
                    tf.reduce_sum(
                        tf.reduce_sum(grid * tf.roll(grid, 1, axis), axis=-1) ** 2,
                        axis=[-3, -2, -1],
                    )
                    for axis in (-4, -3, -2)
                ]
            )
        products = tf.matmul(u, u, transpose_b=True)
        products = tf.linalg.set_diag(products, tf.zeros_like(u[..., 0]))
        return 0.5 * tf.reduce_sum(products * products, axis=[-2, -1])

    @functools.cached_property
    def exact(self) -> Any:
        """The exact solution of chain, ring and complete graph; None in a field or for eps <= 0."""
        if self.field or self.coupling <= 0 or self.lattice == "cubic":
            return None
        if self.lattice == "complete":
            return exact.FullyConnectedNematic(self.sites, self.coupling)
        return exact.NematicChain(self.sites, self.coupling, periodic=self.lattice == "ring")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "lattice": self.lattice,
            "length": self.length,
            "coupling": self.coupling,
            "field": self.field,
        }


def _summed(u: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.reduce_sum(u * v, axis=-1) ** 2, axis=-1)
