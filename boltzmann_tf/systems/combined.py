"""Systems made of functions, and of other systems: no class of one's own needed."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive
from boltzmann_tf.systems.base import System

__all__ = ["Combination", "FromEnergy"]


def _same_bounds(first: tuple[Any, Any] | None, second: tuple[Any, Any] | None) -> bool:
    if first is None or second is None:
        return first is second
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class FromEnergy(System):
    """A system given by its energy as a function; made by `System.from_energy`.

    Args:
      energy: from `[batch, *event_shape]` to `[batch]`, in kT at T = 1, in TF ops.
      event_shape: of one configuration.
      name: in reports; that of the function for None.
      training_energy: as `energy`, regularised; the true one for None.
    """

    def __init__(
        self,
        energy: Callable[[tf.Tensor], tf.Tensor],
        event_shape: Sequence[int],
        *,
        name: str | None = None,
        training_energy: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> None:
        for argument, value in (("energy", energy), ("training_energy", training_energy)):
            if not callable(value) and not (argument == "training_energy" and value is None):
                raise TypeError(f"{argument} must be a function of x, got {value!r}")
        if isinstance(event_shape, numbers.Integral):
            event_shape = (int(event_shape),)
        self.event_shape = tuple(event_shape)
        self._energy, self._training_energy = energy, training_energy or energy
        self._name: str = name or getattr(energy, "__name__", None) or type(energy).__name__
        self.check()

    @property
    def name(self) -> str:
        """Name in reports."""
        return self._name

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The function's value."""
        return self._energy(x)

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The regularised function's, or the energy."""
        return self._training_energy(x)


class Combination(System):
    """A sum of multiples of systems: `0.7 * a + 0.3 * b`.

    A family of them walks from one system to another. Reaction coordinates, observables and states
    are those of all, the first that has a name wins; there is no exact reference.

    Args:
      terms: pairs (factor > 0, system), of one event shape and the same number of conditions.
    """

    def __init__(self, terms: Sequence[tuple[float, System]]) -> None:
        if not terms:
            raise ValueError("terms must hold at least one pair (factor, system), got none")
        flat: list[tuple[float, System]] = []
        for i, (factor, system) in enumerate(terms):
            number = positive(f"terms[{i}][0]", factor)
            instance(f"terms[{i}][1]", system, System)
            inner = system.terms if isinstance(system, Combination) else ((1.0, system),)
            flat += [(number * own, part) for own, part in inner]
        self.terms: tuple[tuple[float, System], ...] = tuple(flat)
        first = self.terms[0][1]
        for _, system in self.terms[1:]:
            for what in ("event_shape", "condition_size", "domain"):
                if getattr(system, what) != getattr(first, what):
                    raise ValueError(
                        f"systems of a sum must have one {what}, got {getattr(first, what)!r} of "
                        f"{first.name} and {getattr(system, what)!r} of {system.name}"
                    )
            if not _same_bounds(first.bounds, system.bounds):
                raise ValueError(
                    f"systems of a sum must have the same bounds, got {first.bounds} of "
                    f"{first.name} and {system.bounds} of {system.name}"
                )
        self.bounds = first.bounds
        self.event_shape, self.condition_size = first.event_shape, first.condition_size
        self.domain = first.domain
        self.compiles_with_xla = all(system.compiles_with_xla for _, system in self.terms)
        for what in ("reaction_coordinates", "observables", "initial_states"):
            merged: dict[str, Any] = {}
            for _, system in reversed(self.terms):
                merged |= getattr(system, what)
            setattr(self, what, merged)

    @property
    def name(self) -> str:
        """Name in reports."""
        return " + ".join(f"{factor:g} {system.name}" for factor, system in self.terms)

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The sum of the energies."""
        return tf.add_n([factor * system.energy(x, *condition) for factor, system in self.terms])

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The sum of the training energies."""
        return tf.add_n(
            [factor * system.training_energy(x, *condition) for factor, system in self.terms]
        )
