"""A chain of beads grown from one end: bond by bond, where the beads before leave room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import (
    instance,
    non_negative,
    positive,
    positive_int,
)
from boltzmann_tf._support.helmert import helmert
from boltzmann_tf.bijectors._boltzmann_table import BoltzmannTable
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import MLP, check_activation
from boltzmann_tf.potentials import Bonds, Pairs, from_document, to_document

__all__ = ["ChainFlow"]

LENGTHS = 513  # nodes of the table of bond lengths
NEGLIGIBLE = 32.0  # kT: lengths whose energy lies this much higher do not occur
NEAREST2 = 0.3  # squared distance below which the potential of pairs is as there
HIGHEST = 12.0  # of that potential, kT: what lies above is as good as never drawn
REACH2 = 9.0  # of the widest of the bumps of a field, squared
BUMPS = 4  # exp(-r^2 / REACH2), and its second, fourth and eighth power: see `_field`
CROWDS = (1.5, 4.0, 12.0)  # squared ranges in which neighbours of a bead are counted
FEATURES = 9 + 2 * len(CROWDS)  # of a bead, that a network sees
UNSEEN = 1e-4  # share of the density that no field can take away


class Grid(NamedTuple):
    """Where a field is looked at.

    Attributes:
      lengths: of the next bond, at quantiles of its law.
      directions: that are averaged over for each of these.
      cosines: of the angle to the bond before, in space.
      turns: that are averaged over for each of these.
      angles: of the turn about the bond before; in the plane, of the bond itself.
    """

    lengths: int = 8
    directions: int = 32
    cosines: int = 33
    turns: int = 16
    angles: int = 96


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
      dtype: "float32" or "float64".
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
        self._grid = Grid(**(grid._asdict() if isinstance(grid, Grid) else dict(grid or {})))
        for key, value in self._grid._asdict().items():
            positive_int(key, value, minimum=2)
        layers = []
        self._net = None
        if self._pairs is not None:
            net = MLP(
                FEATURES,
                1 + BUMPS,
                hidden,
                activation=check_activation("activation", activation),
                zero_output=True,
                seed=seed,
                dtype=dtype,
            )
            layers.append(net)
        super().__init__(
            (n - 1) * self._d,
            layers=layers,
            condition_size=0 if self._t is not None else 1,
            dtype=dtype,
            name=name,
        )
        if layers:
            self._net = self._no_dependency(layers[0])
        self._given = self._no_dependency(
            {
                "n": n,
                "bond": to_document(self._bond),
                "pairs": None if self._pairs is None else to_document(self._pairs),
                "special": list(self._special),
                "bending": self._bending,
                "dimension": self._d,
                "temperature": self._t,
                "grid": dict(self._grid._asdict()),
                "hidden": list(hidden),
                "activation": activation,
                "seed": seed,
            }
        )
        self._lengths = self._no_dependency(self._bond_nodes())
        self._directions = self._no_dependency(_directions(self._grid.directions, self._d))

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
        law = self._law(t)
        basis = tf.constant(helmert(n), flat.dtype)  # [n - 1, n]
        if inverse:
            beads = tf.einsum("kn,bkd->bnd", basis, flat)
            beads -= beads[:, :1]
        else:
            beads = tf.zeros([rows, n, d], flat.dtype)
        given = tf.transpose(flat, [1, 0, 2])

        def step(k: tf.Tensor, beads: tf.Tensor, log_det: tf.Tensor, out: Any) -> Any:
            frame = _frame(beads, k, d)
            weights = self._weights(beads, k, t)
            seen = (beads, k, t, weights, frame)
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
            found, log_det = tf.einsum("kn,bnd->bkd", basis, beads), log_det - constant
        found = tf.reshape(found, shape)
        found.set_shape(value.shape)
        return found, tf.reshape(log_det, shape[:-1])

    # One bond: numbers of [0, 1] to its vector, and back.

    def _drawn(self, z: tf.Tensor, law: BoltzmannTable, seen: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """A bond of numbers `[batch, d]`, and the log of its density."""
        frame, none = seen[-1], tf.zeros_like(z[:, 0])
        v, log_v = _from(self._of_lengths(law, seen), z[:, 0])
        r, log_r = self._length(law, v)
        c, log_c = none, none
        if self._d == 3:
            s, log_c = _from(self._of_cosines(r, seen), z[:, 1])
            c, log_c = 2 * s - 1, log_c - np.log(2)
        t, log_t = _from(self._of_angles(r, c, seen), z[:, -1])
        bond = r[:, None] * _turned(frame, _direction(c, 2 * np.pi * t - np.pi, self._d))
        return bond, _sum(log_v, log_r, log_c, log_t)

    def _latent(
        self, bond: tf.Tensor, law: BoltzmannTable, seen: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The numbers `[batch, d]` of a bond, and the log of its density."""
        frame, none = seen[-1], tf.zeros_like(bond[:, 0])
        r = tf.sqrt(tf.maximum(tf.reduce_sum(bond**2, axis=-1), 1e-20))
        local = tf.einsum("bij,bi->bj", frame, bond) / r[:, None]
        v, log_r = self._quantile(law, r)
        first, log_v = _to(self._of_lengths(law, seen), v)
        c, log_c, parts = none, none, [first]
        if self._d == 3:
            c = tf.clip_by_value(local[:, 2], -1.0, 1.0)
            s, log_c = _to(self._of_cosines(r, seen), 0.5 * (c + 1))
            log_c -= np.log(2)
            parts.append(s)
        phi = _angle(local[:, 1], local[:, 0])
        t, log_t = _to(self._of_angles(r, c, seen), (phi + np.pi) / (2 * np.pi))
        parts.append(t)
        return tf.stack(parts, axis=-1), _sum(log_v, log_r, log_c, log_t)

    # The law of a bond's length.

    def _bond_nodes(self) -> tuple[float, float, np.ndarray]:
        """Smallest length, step, and energies at the nodes of a bond's table at T = 1."""
        hottest = 8.0 if self._t is None else self._t
        high = 1.0
        while True:
            r = np.linspace(0, high, 4 * LENGTHS)[1:]
            u = self._energy(r)
            beyond = u - (self._d - 1) * hottest * np.log(r) - NEGLIGIBLE * hottest
            lowest = np.min(u - (self._d - 1) * hottest * np.log(r))
            if beyond[-1] > lowest:
                break
            high *= 1.5
        there = np.flatnonzero(beyond <= lowest)
        low, high = max(r[there[0]] - r[0], 0.0), r[there[-1]]
        nodes = np.linspace(low, high, LENGTHS)
        return float(low), float(nodes[1] - nodes[0]), self._energy(np.maximum(nodes, 1e-3))

    def _energy(self, r: np.ndarray) -> np.ndarray:
        """Of a bond, that of its beads as a pair included."""
        own = [float(p) for p in self._bond.parameters.values()]
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            u = np.asarray(self._bond.function(r * r, *own), np.float64)
            if self._pairs is not None and self._special[0]:
                u = u + np.asarray(self._pairs.of_pair(r * r), np.float64)
        return np.where(np.isfinite(u), np.minimum(u, 1e6), 1e6)

    def _law(self, t: tf.Tensor) -> BoltzmannTable:
        """The density of bond lengths at temperatures `[batch]`, without its whole."""
        low, width, u = self._lengths
        r = np.maximum(low + width * np.arange(LENGTHS), 1e-3)
        u = tf.constant(u - u.min(), t.dtype)
        log_factor = (self._d - 1) * tf.constant(np.log(r), t.dtype) - u / t[:, None]
        factor = tf.exp(log_factor - tf.reduce_max(log_factor, axis=1, keepdims=True))
        # Where nothing is drawn the table must have a slope all the same.
        return BoltzmannTable.linear(factor + 1e-13, width)

    def _length(self, law: BoltzmannTable, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The bond length at a quantile, and the log of r^(1-d) times the density there."""
        whole = law.whole[:, 0]
        s, log_slope = law.shrunk((v * whole)[:, None])
        r = tf.maximum(s[:, 0] + self._lengths[0], 1e-6)
        return r, log_slope[:, 0] - tf.math.log(whole) - (self._d - 1) * tf.math.log(r)

    def _quantile(self, law: BoltzmannTable, r: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The way back."""
        whole = law.whole[:, 0]
        w, log_slope = law.stretched((r - self._lengths[0])[:, None])
        log_density = log_slope[:, 0] - tf.math.log(whole) - (self._d - 1) * tf.math.log(r)
        return w[:, 0] / whole, log_density

    # Fields.

    def _weights(self, beads: tf.Tensor, k: tf.Tensor, t: tf.Tensor) -> tf.Tensor | None:
        """Of the potential and the bumps of each bead that is there, `[batch, n, 1 + bumps]`."""
        if self._net is None:
            return None
        n, dtype = self._n, beads.dtype
        before = tf.cast(k - tf.range(n), dtype)  # bonds to the bead that is placed
        there = tf.cast(before > 0, dtype)
        placed = tf.cast(k, dtype)
        # What is around each bead and the chain as a whole, from distances alone.
        r2 = tf.reduce_sum((beads[:, :, None] - beads[:, None]) ** 2, axis=-1)
        crowds = [tf.reduce_sum(tf.exp(-r2 / s) * there, axis=2) / 5 for s in CROWDS]
        last = tf.gather(r2, k - 1, axis=1)
        mean = tf.reduce_sum(beads * there[:, None], axis=1, keepdims=True) / placed
        away = tf.reduce_sum((beads - mean) ** 2, axis=-1)
        spread = tf.reduce_sum(away * there, axis=1, keepdims=True) / placed
        one = tf.ones_like(away)
        hot = t[:, None]
        seen = tf.stack(
            [
                *crowds,
                tf.math.log(1 + away),
                tf.math.log(1 + last),
                one * before / n,
                one / tf.maximum(before, 1),
                one * (placed / n),
                one / (n - placed),
                one / hot,
                one * tf.math.log(hot),
                one * tf.math.log(1 + spread),
                *(one * tf.gather(crowd, k - 1, axis=1)[:, None] for crowd in crowds),
            ],
            axis=-1,
        )
        w = self._net(tf.reshape(seen, [-1, FEATURES]))
        w = tf.reshape(w, [-1, n, 1 + BUMPS]) + tf.one_hot(0, 1 + BUMPS, dtype=dtype)
        apart = [before > 1, (before > 3) | ((before > 2) & bool(self._special[2]))]
        apart[1] |= (before > 1) & (before < 3) & bool(self._special[1])
        masks = tf.stack([tf.cast(m, dtype) for m in (apart[1], *[apart[0]] * BUMPS)], axis=-1)
        return w * masks

    def _of_lengths(self, law: BoltzmannTable, seen: Any) -> BoltzmannTable | None:
        """The density of the quantile of the next bond's length."""
        if self._net is None:
            return None
        m, directions = self._grid.lengths, tf.constant(self._directions, law.factor.dtype)
        inner = tf.constant((np.arange(m) + 0.5) / m, law.factor.dtype)
        r = law.shrunk(inner[None] * law.whole)[0] + self._lengths[0]
        points = r[:, :, None, None] * _turned_all(seen[-1], directions)[:, None]
        cosine = directions[:, 2] if self._d == 3 else directions[:, 0]
        field = self._field(points, seen) + self._bend(cosine, seen)[:, None]
        values = _log_mean(-field)
        # From middles of cells to their ends, for a density that is linear between nodes.
        ends = [values[:, :1], 0.5 * (values[:, 1:] + values[:, :-1]), values[:, -1:]]
        return _table(tf.concat(ends, axis=1))

    def _of_cosines(self, r: tf.Tensor, seen: Any) -> BoltzmannTable | None:
        """The density of (cos + 1) / 2, cos that of the angle to the bond before."""
        if self._net is None and not self._bending:
            return None
        c = np.linspace(-1, 1, self._grid.cosines)
        phi = 2 * np.pi * (np.arange(self._grid.turns) + 0.5) / self._grid.turns
        s = np.sqrt(1 - c**2)[:, None]
        turns = np.stack(np.broadcast_arrays(s * np.cos(phi), s * np.sin(phi), c[:, None]), axis=-1)
        directions = tf.constant(turns.reshape(-1, 3), r.dtype)
        points = r[:, None, None] * _turned_all(seen[-1], directions)
        field = self._field(points, seen)
        field = tf.reshape(field, [-1, c.size, phi.size])
        bend = self._bend(tf.constant(c, r.dtype), seen)
        return _table(_log_mean(-field) - bend)

    def _of_angles(self, r: tf.Tensor, c: tf.Tensor, seen: Any) -> BoltzmannTable | None:
        """The density of the turn about the bond before; in the plane, of the angle to it."""
        if self._net is None and (self._d == 3 or not self._bending):
            return None
        m = self._grid.angles
        phi = tf.constant(2 * np.pi * np.arange(m) / m - np.pi, r.dtype)[None]
        one = tf.ones_like(r)[:, None]
        directions = _direction(c[:, None] * tf.ones_like(phi), phi * one, self._d)
        points = r[:, None, None] * tf.einsum("bij,bmj->bmi", seen[-1], directions)
        field = self._field(points, seen)
        if self._d == 2:
            field += self._bend(tf.cos(phi[0]), seen)
        return _table(-tf.concat([field, field[:, :1]], axis=1))

    def _bend(self, cosine: tf.Tensor, seen: Any) -> tf.Tensor:
        """Energy of cosines `[m]` over T, `[batch, m]`; the first bond has none before it."""
        _, k, t, *_ = seen
        there = tf.cast(k > 1, t.dtype) * self._bending
        return there * (1 - cosine)[None] / t[:, None]

    def _field(self, points: tf.Tensor, seen: Any) -> tf.Tensor:
        """At points `[batch, ..., d]` from the last bead, `[batch, ...]`."""
        beads, k, t, weights, _ = seen
        lead = tf.shape(points)[:-1]
        if weights is None:
            return tf.zeros(lead, points.dtype)
        last = tf.gather(beads, k - 1, axis=1)
        flat = tf.reshape(points, [lead[0], -1, self._d])
        from_beads = (last[:, None] - beads)[:, None]  # [batch, 1, n, d]
        r2 = tf.reduce_sum((flat[:, :, None] + from_beads) ** 2, axis=-1)
        u = self._pairs.of_pair(tf.maximum(r2, NEAREST2))
        pairs, *w = tf.unstack(weights[:, None], axis=-1)  # [batch, 1, n] each
        bump = tf.exp(-r2 / REACH2)
        second = bump * bump
        # Nested: of a plain sum in a loop TensorFlow makes one with a buffer that it then finds in
        # use.
        bumps = bump * (w[0] + bump * (w[1] + second * (w[2] + second * second * w[3])))
        field = pairs * tf.minimum(u / t[:, None, None], HIGHEST) + bumps
        return tf.reshape(tf.reduce_sum(field, axis=-1), lead)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), **self._given}
        for name in ("event_size", "condition_size"):
            config.pop(name, None)
        return config


def _sum(*logs: tf.Tensor) -> tf.Tensor:
    """Of logs of densities, and that of a turn in [0, 1] to one in radians."""
    return tf.reduce_sum(tf.stack(logs), axis=0) - np.log(2 * np.pi)


def _directions(m: int, dimension: int) -> np.ndarray:
    """m unit vectors, spread evenly, `[m, d]`."""
    if dimension == 2:
        phi = 2 * np.pi * (np.arange(m) + 0.5) / m
        return np.stack([np.cos(phi), np.sin(phi)], axis=1)
    z = 1 - (2 * np.arange(m) + 1) / m
    phi = np.pi * (3 - 5**0.5) * np.arange(m)
    s = np.sqrt(1 - z**2)
    return np.stack([s * np.cos(phi), s * np.sin(phi), z], axis=1)


def _direction(c: tf.Tensor, phi: tf.Tensor, dimension: int) -> tf.Tensor:
    """Unit vectors of a cosine and a turn, or in the plane of an angle, `[..., d]`."""
    if dimension == 2:
        return tf.stack([tf.cos(phi), tf.sin(phi)], axis=-1)
    s = tf.sqrt(tf.maximum(1 - c * c, 0))
    return tf.stack([s * tf.cos(phi), s * tf.sin(phi), c * tf.ones_like(phi)], axis=-1)


def _angle(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Of a vector; of none, any."""
    nowhere = (x == 0) & (y == 0)
    return tf.atan2(y, tf.where(nowhere, tf.ones_like(x), x))


def _frame(beads: tf.Tensor, k: tf.Tensor, d: int) -> tf.Tensor:
    """Axes as columns `[batch, d, d]`; those of the room for the first bond.

    In space the last one is along the bond before, in the plane the first.
    """
    last = tf.gather(beads, k - 1, axis=1) - tf.gather(beads, tf.maximum(k - 2, 0), axis=1)
    first = tf.one_hot(d - 1 if d == 3 else 0, d, dtype=beads.dtype)
    last = tf.where(k > 1, last, last + first)
    along = last / tf.sqrt(tf.maximum(tf.reduce_sum(last**2, -1, keepdims=True), 1e-20))
    if d == 2:
        x, y = along[:, 0], along[:, 1]
        return tf.stack([along, tf.stack([-y, x], axis=-1)], axis=-1)
    # Across: from the axis of the room that it is furthest from.
    least = tf.one_hot(tf.argmin(tf.abs(along), axis=-1), 3, dtype=beads.dtype)
    across = tf.linalg.cross(along, least)
    across /= tf.norm(across, axis=-1, keepdims=True)
    return tf.stack([across, tf.linalg.cross(along, across), along], axis=-1)


def _turned(frame: tf.Tensor, local: tf.Tensor) -> tf.Tensor:
    """Vectors `[batch, d]` from a frame's axes to those of the room."""
    return tf.einsum("bij,bj->bi", frame, local)


def _turned_all(frame: tf.Tensor, local: tf.Tensor) -> tf.Tensor:
    """The same vectors `[m, d]` in each frame, `[batch, m, d]`."""
    return tf.einsum("bij,mj->bmi", frame, local)


def _log_mean(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(values, axis=-1)


def _table(log_values: tf.Tensor) -> BoltzmannTable:
    """A density on [0, 1], linear between even nodes, from logs of its values `[batch, nodes]`."""
    p = tf.nn.softmax(log_values, axis=1) + UNSEEN / log_values.shape[1]
    return BoltzmannTable.linear(p, 1 / (log_values.shape[1] - 1))


def _from(table: BoltzmannTable | None, z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What a table's density makes of a uniform number, and the log of the density there."""
    if table is None:
        return z, tf.zeros_like(z)
    whole = table.whole[:, 0]
    value, log_slope = table.shrunk((z * whole)[:, None])
    return value[:, 0], log_slope[:, 0] - tf.math.log(whole)


def _to(table: BoltzmannTable | None, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The way back."""
    if table is None:
        return value, tf.zeros_like(value)
    whole = table.whole[:, 0]
    z, log_slope = table.stretched(value[:, None])
    return z[:, 0] / whole, log_slope[:, 0] - tf.math.log(whole)
