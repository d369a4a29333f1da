"""Bond lengths, angles and torsions of a molecule, and where they put its atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.helmert import helmert
from boltzmann_tf._support.products import product
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.z_matrix import ZMatrix, levels_of
from boltzmann_tf.potentials._space import INVARIANTS, SPACES

__all__ = ["InternalCoordinates"]

Rows = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # x, y, z of atoms, `[atoms, batch]` each
SPACE = SPACES[3, False]
TINY = 1e-12


@register
class InternalCoordinates(Bijector):
    """Maps bonds, angles, torsions and an orientation to positions without their mean.

    A latent vector holds, in the order of the rows of a z-matrix, n - 1 bond lengths, n - 2 angles
    in [0, pi], n - 3 torsions in [-pi, pi], and three numbers that say how the molecule is turned:
    the direction of its first bond, as an angle in [-pi, pi] and a cosine in [-1, 1], and a turn
    about it in [-pi, pi]. Uniform in these is uniform over rotations, whose volume is 8 pi^2: a
    generator of a molecule draws them so, and learns only the rest. Configurations are those of
    `systems.Molecule`, 3 (n - 1) coordinates in Helmert's basis.

    log|dx/dz| = sum over bonds of 2 log r + sum over angles of log sin(theta) - 3/2 log n, over all
    bonds and angles, those of the first three atoms as well.

    Args:
      z_matrix: a `ZMatrix`, or its rows `[n, 4]`.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self, z_matrix: ZMatrix | Any, *, dtype: str = "float32", name: str | None = None
    ) -> None:
        z = z_matrix if isinstance(z_matrix, ZMatrix) else ZMatrix(z_matrix)
        n = len(z)
        super().__init__(3 * n - 3, dtype=dtype, name=name)
        self._z = self._no_dependency(z)
        self._n = n
        self._levels = self._no_dependency(tuple(levels_of(z)))
        # Atoms are placed in the order of levels; `_order[k]` is the atom that comes as number k.
        order = np.concatenate([z.rows[:3, 0], *(z.rows[level, 0] for level in self._levels)])
        self._order = self._no_dependency(order)
        self._place = self._no_dependency(np.argsort(order))

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Internal coordinates to positions."""
        flat = tf.transpose(tf.reshape(z, [-1, self.event_size]))
        n = self._n
        bonds, angles, torsions, turns = tf.split(flat, [n - 1, n - 2, n - 3, 3], axis=0)
        placed = self._first_three(bonds, angles)
        for rows in self._levels:
            new = self._placed_next(placed, rows, bonds, angles, torsions)
            placed = tuple(tf.concat(pair, axis=0) for pair in zip(placed, new, strict=True))
        turned = _turned(placed, turns)
        # Helmert's basis leaves the mean out.
        basis = helmert(n)[:, self._order]
        x = tf.stack([product(basis, row) for row in turned], axis=-1)  # [n - 1, batch, 3]
        x = tf.reshape(tf.transpose(x, [1, 0, 2]), tf.shape(z))
        x.set_shape(z.shape)
        return x, tf.reshape(self._log_det(bonds, angles), tf.shape(z)[:-1])

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Positions to internal coordinates."""
        n = self._n
        flat = tf.reshape(tf.transpose(tf.reshape(x, [-1, n - 1, 3]), [2, 1, 0]), [3, n - 1, -1])
        back = helmert(n).T[self._z.rows[:, 0]]  # atoms in the order of the z-matrix
        rows = tuple(product(back, row) for row in tf.unstack(flat))
        place = {atom: k for k, atom in enumerate(self._z.rows[:, 0].tolist())}

        def of(invariant: str, members: list[Rows]) -> tf.Tensor:
            return INVARIANTS[invariant].of(SPACE)(*members, None)

        def points(first: int, count: int) -> list[Rows]:
            """The atoms of rows `first`, ... and their references."""
            index = [[place[a] for a in row[:count]] for row in self._z.rows[first:].tolist()]
            picked = [np.eye(n)[list(column)] for column in zip(*index, strict=True)]
            return [
                (rows[0][first:], rows[1][first:], rows[2][first:])
                if k == 0
                else tuple(product(matrix, row) for row in rows)
                for k, matrix in enumerate(picked)
            ]

        r2 = of("squared distance", points(1, 2))
        bonds = tf.sqrt(tf.maximum(r2, TINY))
        angles = of("angle", points(2, 3))
        parts = [bonds, angles]
        if n > 3:
            parts.append(of("torsion", points(3, 4)))
        z = tf.transpose(tf.concat([*parts, _turns(rows)], axis=0))
        z = tf.reshape(z, tf.shape(x))
        z.set_shape(x.shape)
        return z, -tf.reshape(self._log_det(bonds, angles), tf.shape(x)[:-1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "z_matrix": self._z.rows.tolist(),
            "dtype": self.dtype.name,
            "name": self.name,
        }

    def _log_det(self, bonds: tf.Tensor, angles: tf.Tensor) -> tf.Tensor:
        constant = tf.constant(1.5 * np.log(self._n), self.dtype)
        lengths = 2 * tf.reduce_sum(tf.math.log(tf.abs(bonds)), axis=0)
        return lengths + tf.reduce_sum(tf.math.log(tf.abs(tf.sin(angles))), axis=0) - constant

    def _first_three(self, bonds: tf.Tensor, angles: tf.Tensor) -> Rows:
        """The first at the origin, the second along z, the third in the half plane x > 0."""
        r, s, theta = bonds[0:1], bonds[1:2], angles[0:1]
        zero = tf.zeros_like(r)
        along = s * tf.cos(theta)
        # Bonded to the second, it lies back from there; bonded to the first, away from it.
        z = r - along if self._z.rows[2, 1] == self._z.rows[1, 0] else along
        x = s * tf.sin(theta)
        return (
            tf.concat([zero, zero, x], axis=0),
            tf.concat([zero, zero, zero], axis=0),
            tf.concat([zero, r, z], axis=0),
        )

    def _placed_next(
        self, placed: Rows, rows: np.ndarray, bonds: tf.Tensor, angles: tf.Tensor, torsions: Any
    ) -> Rows:
        """Atoms of some rows, whose references are there."""
        count = placed[0].shape[0]
        matrices = [np.eye(count)[self._place[self._z.rows[rows, k]]] for k in (1, 2, 3)]
        c, b, a = (tuple(product(m, row) for row in placed) for m in matrices)
        r, theta, phi = (
            tf.gather(bonds, rows - 1),
            tf.gather(angles, rows - 2),
            tf.gather(torsions, rows - 3),
        )
        along = _unit(SPACE.difference(c, b, None))
        normal = _unit(SPACE.cross(SPACE.difference(b, a, None), along))
        across = SPACE.cross(normal, along)
        sine = r * tf.sin(theta)
        parts = (-r * tf.cos(theta), sine * tf.cos(phi), sine * tf.sin(phi))
        new = [
            o + parts[0] * u + parts[1] * v + parts[2] * w
            for o, u, v, w in zip(c, along, across, normal, strict=True)
        ]
        return new[0], new[1], new[2]


def _unit(v: Rows) -> Rows:
    length = tf.sqrt(tf.maximum(SPACE.dot(v, v), TINY**2))
    return v[0] / length, v[1] / length, v[2] / length


def _turned(rows: Rows, turns: tf.Tensor) -> Rows:
    """Positions in own axes, turned: about the first bond, then to where that points."""
    azimuth, cosine, turn = tf.unstack(turns)
    sine = tf.sqrt(tf.maximum(1 - cosine * cosine, 0))
    x, y, z = rows
    ct, st, ca, sa = tf.cos(turn), tf.sin(turn), tf.cos(azimuth), tf.sin(azimuth)
    x, y = ct * x - st * y, st * x + ct * y
    x, z = cosine * x + sine * z, cosine * z - sine * x
    return ca * x - sa * y, sa * x + ca * y, z


def _turns(rows: Rows) -> tf.Tensor:
    """Direction of the first bond, and the turn about it, `[3, batch]`."""
    first, second, third = (tuple(row[k] for row in rows) for k in range(3))
    along = _unit(SPACE.difference(second, first, None))
    to = SPACE.difference(third, first, None)
    flat = (along[0] == 0) & (along[1] == 0)
    ax = tf.where(flat, tf.ones_like(along[0]), along[0])
    azimuth = tf.atan2(along[1], ax)
    ca, sa = tf.cos(azimuth), tf.sin(azimuth)
    cosine, sine = along[2], tf.sqrt(tf.maximum(along[0] ** 2 + along[1] ** 2, 0))
    x, y = ca * to[0] + sa * to[1], ca * to[1] - sa * to[0]
    x = cosine * x - sine * to[2]
    nowhere = (x == 0) & (y == 0)
    turn = tf.atan2(y, tf.where(nowhere, tf.ones_like(x), x))
    return tf.stack([azimuth, cosine, turn])
