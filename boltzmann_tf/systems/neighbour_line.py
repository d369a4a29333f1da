"""A box of particles on a line, any number of them, of which neighbours interact."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import potentials
from boltzmann_tf._support.checks import (
    choice,
    finite,
    instance,
    non_negative,
    positive_int,
)
from boltzmann_tf._support.sticks import log_rests, points_left
from boltzmann_tf.potentials import Pairs
from boltzmann_tf.systems.base import System

__all__ = ["NeighbourLine"]


class NeighbourLine(System):
    """n particles on a line of length L, as a family: the condition is (n, L), or (n, L, T).

    Configurations are `most` breaks in [0, 1], in which the ideal gas in order has a uniform
    density: see `gaps`. Breaks beyond those of n particles are noise. The energy is U / T and
    minus the logarithm of what hard cores leave of the volume, so that of a generator

        Q(n, L) = 1 / n! integral of exp(-U / T) = L^n / n! <exp(-energy)>.

    Args:
      most: largest n.
      pairs: of neighbours alone; None for none.
      boundary: "walls", or "ring": there the first particle is anywhere, and of two the pair counts
        once, the nearer way round.
      core: distance below which there are no neighbours; where `pairs` is as good as infinite below
        it, nothing is lost.
      margin: distance that particles keep from walls.
      attraction: a, of a term -a n^2 / L.
      itself: whether a particle feels its own attraction: n^2, or n (n - 1).
      tempered: whether the condition has a temperature.
    """

    domain = "box"

    def __init__(
        self,
        most: int,
        pairs: Pairs | None = None,
        *,
        boundary: str = "walls",
        core: float = 0.0,
        margin: float = 0.0,
        attraction: float = 0.0,
        itself: bool = True,
        tempered: bool = False,
    ) -> None:
        self.most = positive_int("most", most)
        given = potentials.from_document(pairs)
        self.pairs = None if given is None else instance("pairs", given, Pairs)
        self.boundary = choice("boundary", boundary, ("walls", "ring"))
        self.core = non_negative("core", core)
        self.margin = non_negative("margin", margin)
        if self.margin and boundary == "ring":
            raise ValueError(f"margin must be 0 on a ring, got {margin!r}")
        self.attraction = finite("attraction", attraction)
        self.itself = instance("itself", itself, bool)
        self.tempered = instance("tempered", tempered, bool)
        self.event_shape = (self.most,)
        self.condition_size = 3 if tempered else 2
        self.bounds = (np.zeros(self.most), np.ones(self.most))

    def points(self, n: Any) -> Any:
        """How many breaks n particles have: on a ring one fewer, as the first is anywhere."""
        return tf.maximum(n - 1, 0) if self.boundary == "ring" else n

    def free_length(self, n: Any, length: Any) -> Any:
        """What cores and margins leave of L, for n >= 1."""
        if self.boundary == "ring":
            return length - self.core * tf.where(n > 1, n, tf.zeros_like(n))
        return length - self.core * tf.maximum(n - 1, 0) - 2 * self.margin

    def least_volume(self, n: int) -> float:
        """The length that n particles need at least."""
        if positive_int("n", n, minimum=0) == 0:
            return 0.0
        if self.boundary == "ring":
            return self.core * n if n > 1 else 0.0
        return self.core * (n - 1) + 2 * self.margin

    def uniform(self, n: int) -> float:
        """c of the energy -c / L of n particles as a whole, in kT at T = 1."""
        return self.attraction * n * (n if self.itself else n - 1)

    def gaps(self, x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Lengths between neighbours without their cores: `[batch, most]` to `[batch, most + 1]`.

        Between walls the first is that from the wall to the first particle, and the one after the
        last particle that to the other wall; on a ring they go once round.
        """
        n, length = condition[:, 0], condition[:, 1]
        rests = log_rests(x, points_left(self.points(n), self.most))
        free = tf.maximum(self.free_length(n, length), 0)
        ends = tf.exp(tf.concat([tf.zeros_like(rests[:, :1]), rests], axis=-1))
        last = tf.zeros_like(ends[:, :1])
        pieces = ends - tf.concat([ends[:, 1:], last], axis=-1)
        # Where there are no more breaks, the rest stands after the last of them.
        place = tf.range(self.most + 1, dtype=n.dtype)
        after = tf.equal(place, self.points(n)[:, None])
        pieces = tf.where(after, tf.exp(rests[:, -1:]), pieces)
        inside = place <= self.points(n)[:, None]
        return free[:, None] * tf.where(inside, pieces, tf.zeros_like(pieces))

    def positions(self, x: Any, condition: Any) -> np.ndarray:
        """Places in order, float64 `[batch, most]`; NaN where there is no particle.

        On a ring the first is at 0.
        """
        c = tf.convert_to_tensor(condition, tf.float64)
        gaps = self.gaps(tf.convert_to_tensor(x, tf.float64), c).numpy()
        n = c.numpy()[:, :1]
        place = np.arange(self.most)
        if self.boundary == "ring":
            gaps = np.concatenate([np.zeros((len(gaps), 1)), gaps[:, :-1]], axis=1)
        found = self.margin + np.cumsum(gaps[:, : self.most], axis=1) + self.core * place
        return np.where(place < n, found, np.nan)

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """U / T less the logarithm of the free volume, `[batch]`; +inf where n do not fit."""
        (c,) = condition
        n, length = c[:, 0], c[:, 1]
        t = c[:, 2] if self.tempered else tf.ones_like(n)
        free = self.free_length(n, length)
        room = tf.where(n > 0, free, length)
        safe = tf.where(room > 0, room, tf.ones_like(room))
        ideal = self.points(n) * tf.math.log(safe / length)
        each = n * n if self.itself else n * (n - 1)
        u = self._neighbours(x, c) - self.attraction * each / length
        u = tf.where(n > 0, u / t - ideal, tf.zeros_like(u))
        return self.confined(x, tf.where(room > 0, u, tf.cast(np.inf, u.dtype)))

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The same: breaks cannot leave their interval, and cores leave finite energies."""
        return self.energy(tf.clip_by_value(x, 0.0, 1.0), *condition)

    def _neighbours(self, x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Sum of the pair energies of neighbours, `[batch]`."""
        n = condition[:, 0]
        if self.pairs is None:
            return tf.zeros_like(n)
        gaps, place = self.gaps(x, condition), tf.range(self.most + 1, dtype=n.dtype)
        first, last = (1, n) if self.boundary == "walls" else (0, n)
        counted = (place >= first) & (place < last[:, None])
        if self.boundary == "ring":
            two = tf.minimum(gaps[:, :1], gaps[:, 1:2])
            gaps = tf.where((n == 2)[:, None], two, gaps)
            counted &= ((n > 2)[:, None]) | (place == 0)
            counted &= (n > 1)[:, None]
        r2 = tf.where(counted, (gaps + self.core) ** 2, tf.ones_like(gaps))
        u = self.pairs.of_pair(r2)
        return tf.reduce_sum(tf.where(counted, u, tf.zeros_like(u)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("most", "boundary", "core", "margin", "attraction", "itself", "tempered")
        document = None if self.pairs is None else potentials.to_document(self.pairs)
        return {name: getattr(self, name) for name in names} | {"pairs": document}
