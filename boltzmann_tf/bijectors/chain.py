"""A chain of beads grown from one end: bond by bond, where the beads before leave room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import (
    instance,
    non_negative,
    positive,
    positive_int,
)
from boltzmann_tf._support.helmert import helmert
from boltzmann_tf._support.products import accurate
from boltzmann_tf.bijectors._boltzmann_table import BoltzmannTable
from boltzmann_tf.bijectors._bond_law import BondLaw
from boltzmann_tf.bijectors._chain_fields import FEATURES, WEIGHTS, ChainField, Grid, Seen
from boltzmann_tf.bijectors._chain_frames import angle_of, direction, frame_of, turned
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Bonds, Pairs, from_document, to_document

__all__ = ["ChainFlow"]

HOTTEST = 8.0  # temperature that a condition may have
COARSEST = 0.01  # of a bond's standard deviation: what places may be rounded to


@register
class ChainFlow(Bijector):
    """A chain grown bond by bond, by densities of its length and direction given all beads before.

    The length of a bond comes from its own law, that of an ideal chain, by tabulated quantiles;
    then the length, the angle to the bond before and the turn about it are drawn by exp(-field),
    which is a sum over the beads that are there: of their potential, and of bumps around them. A
    network makes the weights of both, bead by bead, of how far it is along the chain, of how
    crowded it is around it, and of the temperature: so the field knows what beads to come will make
    of the place, and which beads have no room left. Rosenbluth's growth is the same with the
    potential alone, which it starts as; without pairs it is exact, and there is no network.

    Latent coordinates are uniform in [0, 1], d for each bond. Configurations are coordinates
    without the mean, as those of `systems.Polymer` in open space. What is drawn by tables is drawn
    by their densities, so that weights are exact whatever their resolution.

        flow = ChainFlow(**polymer.growth, seed=0)
        prior = priors.UniformBox(np.zeros(flow.event_size), np.ones(flow.event_size))

    Source: Rosenbluth and Rosenbluth, J. Chem. Phys. 23, 356 (1955), for the growth.

    Args:
      n: beads.
      bond: potential of a bond, of one set of parameters.
      pairs: between beads; None for none.
      special: whether beads one, two and three bonds apart have that energy.
      bending: stiffness of bending (1 - cos) between one bond and the next.
      dimension: 2 or 3.
      temperature: T; None for a condition `[..., 1]` that is T.
      grid: numbers of places where fields are looked at, see `Grid`; a mapping or a `Grid`.
      hidden: widths of the hidden layers of the network.
      activation: of these.
      seed: of the initial weights.
      dtype: "float32" or "float64", which stiff bonds of long chains need.
      name: of the bijector.
    """

    def __init__(
        self,
        n: int,
        bond: Bonds,
        pairs: Pairs | None = None,
        *,
        special: Sequence[int] = (1, 1, 1),
        bending: float = 0.0,
        dimension: int = 3,
        temperature: float | None = 1.0,
        grid: Any = None,
        hidden: Sequence[int] = (32, 32),
        activation: str = "silu",
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._n = positive_int("n", n, minimum=2)
        self._bond: Bonds = instance("bond", from_document(bond), Bonds)
        given = from_document(pairs)
        self._pairs: Pairs | None = None if given is None else instance("pairs", given, Pairs)
        self._special = tuple(int(v) for v in special)
        self._bending = non_negative("bending", bending)
        if dimension not in (2, 3):
            raise ValueError(f"dimension must be 2 or 3, got {dimension!r}")
        self._d = int(dimension)
        self._t = None if temperature is None else positive("temperature", temperature)
        own = Grid(**(grid._asdict() if isinstance(grid, Grid) else dict(grid or {})))
        for key, value in own._asdict().items():
            positive_int(key, value, minimum=2)
        net = None
        if self._pairs is not None:
            net = MLP(
                FEATURES,
                WEIGHTS,
                hidden,
                activation=check_activation("activation", activation),
                zero_output=True,
                seed=seed,
                dtype=dtype,
            )
        super().__init__(
            (n - 1) * self._d,
            layers=[] if net is None else [net],
            condition_size=0 if self._t is not None else 1,
            dtype=dtype,
            name=name,
        )
        bonded = self._pairs if self._special[0] else None
        hottest = HOTTEST if self._t is None else self._t
        self._law = self._no_dependency(BondLaw.of(self._bond, bonded, self._d, hottest))
        mean, spread = self._law.moments(1.0 if self._t is None else self._t)
        rounded = float(np.finfo(self.dtype.as_numpy_dtype).eps) * n * mean
        if rounded > COARSEST * spread:
            raise ValueError(
                f"bond must vary by far more than the places of {n} beads are rounded to in "
                f"{self.dtype.name}, {rounded:.2g}, got a standard deviation of {spread:.2g}"
            )
        self._field = self._no_dependency(
            ChainField(n, self._d, self._pairs, self._special, self._bending, own, net)
        )
        self._given = self._no_dependency(
            {
                "n": n,
                "bond": to_document(self._bond),
                "pairs": None if self._pairs is None else to_document(self._pairs),
                "special": list(self._special),
                "bending": self._bending,
                "dimension": self._d,
                "temperature": self._t,
                "grid": dict(own._asdict()),
                "hidden": list(hidden),
                "activation": activation,
                "seed": seed,
            }
        )

    @property
    def dimension(self) -> int:
        """Of space: 2 or 3."""
        return self._d

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One bead after another."""
        return self._all(z, condition, inverse=False)

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The numbers that the bonds came from."""
        return self._all(x, condition, inverse=True)

    def _all(
        self, value: tf.Tensor, condition: tf.Tensor | None, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        shape, n, d = tf.shape(value), self._n, self._d
        flat = tf.reshape(value, [-1, n - 1, d])
        rows = tf.shape(flat)[0]
        one = tf.ones([rows], flat.dtype)
        t = one * self._t if condition is None else tf.reshape(condition, [-1])
        law = self._law.table(t)
        basis = tf.constant(helmert(n), flat.dtype)  # [n - 1, n]
        if inverse:
            beads = accurate(partial(tf.einsum, "kn,bkd->bnd"), basis, flat)
            beads -= beads[:, :1]
        else:
            beads = tf.zeros([rows, n, d], flat.dtype)
        given = tf.transpose(flat, [1, 0, 2])

        def step(k: tf.Tensor, beads: tf.Tensor, log_det: tf.Tensor, out: Any) -> Any:
            weights = self._field.weights(beads, k, t)
            seen = Seen(beads, k, t, weights, frame_of(beads, k, d))
            if inverse:
                bond = tf.gather(beads, k, axis=1) - tf.gather(beads, k - 1, axis=1)
                z, log_density = self._latent(bond, law, seen)
                return k + 1, beads, log_det + log_density, out.write(k - 1, z)
            bond, log_density = self._drawn(given[k - 1], law, seen)
            new = tf.gather(beads, k - 1, axis=1) + bond
            here = tf.cast(tf.equal(tf.range(n), k), flat.dtype)[None, :, None]
            beads = beads * (1 - here) + new[:, None] * here
            return k + 1, beads, log_det - log_density, out.write(k - 1, bond)

        out = tf.TensorArray(flat.dtype, n - 1, element_shape=[None, d])
        _, beads, log_det, out = tf.while_loop(
            lambda k, *_: k < n,
            step,
            (tf.constant(1), beads, tf.zeros_like(one), out),
            maximum_iterations=n - 1,
            parallel_iterations=1,
        )
        # Bond vectors to coordinates without the mean take n^(-d / 2) of the volume.
        constant = 0.5 * d * np.log(n)
        if inverse:
            found, log_det = tf.transpose(out.stack(), [1, 0, 2]), log_det + constant
        else:
            found, log_det = (
                accurate(partial(tf.einsum, "kn,bnd->bkd"), basis, beads),
                log_det - constant,
            )
        found = tf.reshape(found, shape)
        found.set_shape(value.shape)
        return found, tf.reshape(log_det, shape[:-1])

    # One bond: numbers of [0, 1] to its vector, and back.

    def _drawn(self, z: tf.Tensor, law: BoltzmannTable, seen: Seen) -> tuple[tf.Tensor, tf.Tensor]:
        """A bond of numbers `[batch, d]`, and the log of its density."""
        field, none = self._field, tf.zeros_like(z[:, 0])
        v, log_v = _through(field.of_lengths(self._law, law, seen), z[:, 0])
        r, log_r = self._law.drawn(law, v)
        c, log_c = none, none
        if self._d == 3:
            s, log_c = _through(field.of_cosines(r, seen), z[:, 1])
            c, log_c = 2 * s - 1, log_c - np.log(2)
        t, log_t = _through(field.of_angles(r, c, seen), z[:, -1])
        bond = r[:, None] * turned(seen.frame, direction(c, 2 * np.pi * t - np.pi, self._d))
        return bond, _sum(log_v, log_r, log_c, log_t)

    def _latent(
        self, bond: tf.Tensor, law: BoltzmannTable, seen: Seen
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The numbers `[batch, d]` of a bond, and the log of its density."""
        field, none = self._field, tf.zeros_like(bond[:, 0])
        r = tf.sqrt(tf.maximum(tf.reduce_sum(bond**2, axis=-1), 1e-20))
        local = tf.einsum("bij,bi->bj", seen.frame, bond) / r[:, None]
        v, log_r = self._law.share(law, r)
        first, log_v = _through(field.of_lengths(self._law, law, seen), v, inverse=True)
        c, log_c, parts = none, none, [first]
        if self._d == 3:
            c = tf.clip_by_value(local[:, 2], -1.0, 1.0)
            s, log_c = _through(field.of_cosines(r, seen), 0.5 * (c + 1), inverse=True)
            log_c -= np.log(2)
            parts.append(s)
        turn = (angle_of(local[:, 1], local[:, 0]) + np.pi) / (2 * np.pi)
        t, log_t = _through(field.of_angles(r, c, seen), turn, inverse=True)
        parts.append(t)
        return tf.stack(parts, axis=-1), _sum(log_v, log_r, log_c, log_t)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given}
        for name in ("event_size", "condition_size"):
            config.pop(name, None)
        return config


def _sum(*logs: tf.Tensor) -> tf.Tensor:
    """Of logs of densities, and that of a turn in [0, 1] to one in radians."""
    return tf.reduce_sum(tf.stack(logs), axis=0) - np.log(2 * np.pi)


def _through(
    table: BoltzmannTable | None, value: tf.Tensor, *, inverse: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """A number in [0, 1] by a table's density, or back, and its log; as it is without a table."""
    if table is None:
        return value, tf.zeros_like(value)
    return table.share(value) if inverse else table.drawn(value)
