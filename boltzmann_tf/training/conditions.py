"""Where the conditions of a conditional generator come from in training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import finite, non_negative, sequence
from boltzmann_tf._support.random import uniform

__all__ = ["BoxStates", "LogUniform", "Uniform"]


@dataclass(frozen=True)
class Uniform:
    """Conditions spread evenly over a box: a value of each component for each sample of a batch.

    Stratified: the range of each component is cut into as many pieces as there are samples, with
    one value in each, in an order of its own. A batch then covers the range every time.

    Attributes:
      low: lower end of each component.
      high: upper end of each component.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            values = sequence(name, getattr(self, name))
            checked = tuple(finite(f"{name}[{i}]", v) for i, v in enumerate(values))
            object.__setattr__(self, name, checked)  # a list becomes a tuple, which hashes
        if len(self.low) != len(self.high) or not all(
            a < b for a, b in zip(self.low, self.high, strict=True)
        ):
            raise ValueError(
                "low and high must have as many components, low below high in each, got "
                f"{self.low} and {self.high}"
            )

    @property
    def size(self) -> int:
        """Number of components."""
        return len(self.low)

    def __call__(self, n: int, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
        """`n` conditions, `[n, size]`, a function of the seed `[2]`."""
        return _stratified(self.low, self.high, n, seed, dtype)


class LogUniform(Uniform):
    """As `Uniform`, but even in the logarithm: the lower end, say of temperatures, gets more.

    Attributes:
      low: lower end of each component, positive.
      high: upper end of each component.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(value > 0 for value in self.low):
            raise ValueError(f"low must be positive in each component, got {self.low}")

    def __call__(self, n: int, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
        """`n` conditions, `[n, size]`, a function of the seed `[2]`."""
        low, high = (tuple(map(math.log, ends)) for ends in (self.low, self.high))
        return tf.exp(_stratified(low, high, n, seed, dtype))


@dataclass(frozen=True)
class BoxStates(Uniform):
    """States of a box of particles, (n, v) or (n, v, T): n whole numbers, v more than they need.

        BoxStates.of(system, volume=33.0)  # n = 1 .. most, all volumes that are large enough

    `low` and `high` are of n, of the share of the volume that is free, and of T: v is the volume
    that n particles need and this share of the rest of `volume`.

    Attributes:
      volume: the largest v.
      least: what n = 0, 1, ... particles need.
    """

    volume: float = 1.0
    least: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size not in (2, 3) or self.low[0] < 0 or self.low[1] < 0 or self.high[1] > 1:
            raise ValueError(
                "low and high must be of n >= 0, of a share in 0 .. 1, and perhaps of T, got "
                f"{self.low} and {self.high}"
            )
        checked = tuple(non_negative(f"least[{i}]", v) for i, v in enumerate(self.least))
        object.__setattr__(self, "least", checked)
        if len(checked) <= self.high[0] or max(checked) >= self.volume:
            raise ValueError(
                f"least must be of 0 .. {self.high[0]:g} particles and below volume, "
                f"{self.volume!r}, got {checked}"
            )

    @classmethod
    def of(
        cls,
        system: Any,
        *,
        volume: float,
        shares: tuple[float, float] = (0.02, 1.0),
        temperatures: tuple[float, float] | None = None,
    ) -> BoxStates:
        """All n of a system that has `most` and `least_volume`, as `systems.NeighbourLine`."""
        least = tuple(system.least_volume(n) for n in range(system.most + 1))
        t = () if temperatures is None else ((temperatures[0],), (temperatures[1],))
        low, high = (
            (end, share, *more)
            for end, share, more in zip(
                (1.0, float(system.most)), shares, t or ((), ()), strict=True
            )
        )
        return cls(low, high, volume=volume, least=least)

    def __call__(self, n: int, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
        """`n` conditions, `[n, size]`, a function of the seed `[2]`."""
        # Whole numbers, each as likely, the ends included.
        low, high = (self.low[0] - 0.5, *self.low[1:]), (self.high[0] + 0.5, *self.high[1:])
        count, share, *rest = tf.unstack(_stratified(low, high, n, seed, dtype), axis=-1)
        count = tf.clip_by_value(tf.round(count), self.low[0], self.high[0])
        needed = tf.gather(tf.constant(self.least, dtype), tf.cast(count, tf.int32))
        return tf.stack([count, needed + share * (self.volume - needed), *rest], axis=-1)


def _stratified(
    lower: tuple[float, ...], upper: tuple[float, ...], n: int, seed: tf.Tensor, dtype: tf.DType
) -> tf.Tensor:
    """One value in each of `n` equal pieces of each range, in an order of its own, `[n, size]`."""
    columns = []
    for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
        own = tf.random.experimental.stateless_fold_in(seed, i)
        first, second = tf.unstack(tf.random.experimental.stateless_split(own, 2))
        piece = uniform([n], first, dtype)
        piece += tf.cast(tf.range(n), dtype)
        order = tf.argsort(uniform([n], second))
        columns.append(low + (high - low) / n * tf.gather(piece, order))
    return tf.stack(columns, axis=-1)
