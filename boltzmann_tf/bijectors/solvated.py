"""A chain in a periodic square and the solvent around it: grown, then filled up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf._support.helmert import helmert
from boltzmann_tf._support.products import accurate
from boltzmann_tf.bijectors._insertion_field import PARTS, InsertionField
from boltzmann_tf.bijectors.base import Bijector, deserialize, register, serialize
from boltzmann_tf.bijectors.chain import ChainFlow
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Pairs, from_document, to_document

__all__ = ["SolvatedChainFlow"]

LEVELS = 2  # places of the solvent are drawn to a 16th of a cell, where its cores are steep


@register
class SolvatedChainFlow(Bijector):
    """A chain that is grown anywhere in a periodic square, and solvent put in around it.

    The first bead is anywhere, the chain is that of a `ChainFlow`, which sees its beads as in open
    space, and solvent particles are put in one after another by a density on a grid, from a field
    of the beads and one of the solvent that is there, see `InsertionFlow`: with weights that a
    network makes of how much of the solvent is there.

    Latent coordinates are uniform in [0, 1]. Configurations are those of `systems.Polymer` with a
    solvent in a periodic square around the origin; bonds are to nearest images, so that a bond of
    half the side must be as good as impossible.

        pairs = potentials.LennardJones(epsilon=0.25)  # the system's at a fourth of its strength
        soft = systems.Polymer(8, dimension=2, pairs=pairs, solvent=32, box=box)
        flow = SolvatedChainFlow(ChainFlow(**soft.growth), 32, soft.lengths[0], pairs)

    Args:
      chain: a flow of a chain in the plane, without a condition; or its document.
      solvent: particles of the solvent.
      side: of the square.
      pairs: between particles.
      temperature: T of the solvent.
      grid: cells along each side.
      hidden: widths of the hidden layers of the network.
      activation: of these.
      seed: of the initial weights.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        chain: ChainFlow | Mapping[str, Any],
        solvent: int,
        side: float,
        pairs: Pairs,
        *,
        temperature: float = 1.0,
        grid: int = 40,
        hidden: Sequence[int] = (32, 32),
        activation: str = "silu",
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        own = deserialize(dict(chain)) if isinstance(chain, Mapping) else chain
        flow: ChainFlow = instance("chain", own, ChainFlow)
        if flow.dimension != 2 or flow.condition_size or flow.dtype != tf.as_dtype(dtype):
            raise ValueError(
                f"chain must be in the plane, at one temperature and of {dtype}, got dimension "
                f"{flow.dimension}, a condition of {flow.condition_size} and {flow.dtype.name}"
            )
        self._n = flow.event_size // 2 + 1
        self._m = positive_int("solvent", solvent)
        self._side = positive("side", side)
        self._pairs: Pairs = instance("pairs", from_document(pairs), Pairs)
        self._temperature = positive("temperature", temperature)
        self._grid = positive_int("grid", grid, minimum=2)
        net = MLP(
            3,
            2 * PARTS,
            hidden,
            activation=check_activation("activation", activation),
            zero_output=True,
            seed=seed,
            dtype=dtype,
        )
        super().__init__(2 * (self._n + self._m), layers=[net], dtype=dtype, name=name)
        self._chain = flow
        self._net = self._no_dependency(net)
        self._field = self._no_dependency(
            InsertionField(self._pairs, self._temperature, self._grid, LEVELS)
        )
        self._given = self._no_dependency(
            {
                "chain": serialize(flow),
                "solvent": self._m,
                "side": self._side,
                "pairs": to_document(self._pairs),
                "temperature": self._temperature,
                "grid": self._grid,
                "hidden": list(hidden),
                "activation": activation,
                "seed": seed,
            }
        )

    def forward_and_log_det(self, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The first bead, the bonds, the solvent."""
        flat = tf.reshape(z, [-1, self._n + self._m, 2])
        rows = tf.shape(flat)[0]
        bonds, log_chain = self._chain.forward_and_log_det(
            tf.reshape(flat[:, 1 : self._n], [rows, 2 * (self._n - 1)])
        )
        basis = tf.constant(helmert(self._n), flat.dtype)
        beads = accurate(
            partial(tf.einsum, "kn,bkd->bnd"), basis, tf.reshape(bonds, [rows, self._n - 1, 2])
        )
        beads = flat[:, :1] + (beads - beads[:, :1]) / self._side
        solvent, log_solvent = self._filled(flat[:, self._n :], beads, inverse=False)
        both = tf.concat([beads, solvent], axis=1)
        x = self._side * (both - tf.floor(both) - 0.5)
        return self._shaped(x, log_chain + log_solvent + self._constant, z)

    def inverse_and_log_det(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The numbers that they came from."""
        both = tf.reshape(x, [-1, self._n + self._m, 2]) / self._side + 0.5
        rows, beads, solvent = tf.shape(both)[0], both[:, : self._n], both[:, self._n :]
        steps = beads[:, 1:] - beads[:, :-1]
        steps -= tf.round(steps)
        first = beads[:, :1]
        unwrapped = self._side * tf.concat([0 * first, tf.cumsum(steps, axis=1)], axis=1)
        basis = tf.constant(helmert(self._n), both.dtype)
        bonds = accurate(partial(tf.einsum, "kn,bnd->bkd"), basis, unwrapped)
        bonds = tf.reshape(bonds, [rows, 2 * (self._n - 1)])
        z, log_chain = self._chain.inverse_and_log_det(bonds)
        parts = [first, tf.reshape(z, [rows, self._n - 1, 2])]
        filled, log_solvent = self._filled(solvent, beads, inverse=True)
        z = tf.concat([*parts, filled], axis=1)
        return self._shaped(z, log_chain + log_solvent - self._constant, x)

    @property
    def _constant(self) -> float:
        """log of what the scale and the mean of the chain do to volumes, from numbers to places."""
        # A chain's coordinates without the mean to its bonds: n^(d / 2), see `ChainFlow`.
        return float(2 * (self._m + 1) * np.log(self._side) + np.log(self._n))

    def _filled(
        self, value: tf.Tensor, beads: tf.Tensor, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        one = tf.ones_like(value[:, 0, 0])
        side2 = self._side**2 * one
        # First those of the solvent, then those of the beads.
        first = tf.one_hot(0, 2 * PARTS, dtype=one.dtype) + tf.one_hot(
            PARTS, 2 * PARTS, dtype=one.dtype
        )

        def weights(k: tf.Tensor) -> tf.Tensor:
            left = 1 - tf.cast(k, one.dtype) / self._m
            seen = tf.stack([left, tf.math.log(left), tf.sqrt(left)])[None]
            return one[:, None] * (first + self._net(seen))

        return self._field.filled(
            value, side2, weights, count=self._m * one, inverse=inverse, others=beads
        )

    def _shaped(
        self, value: tf.Tensor, log_det: tf.Tensor, like: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shape = tf.shape(like)
        found = tf.reshape(value, shape)
        found.set_shape(like.shape)
        return found, tf.reshape(log_det, shape[:-1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given}
        del config["event_size"]
        return config
