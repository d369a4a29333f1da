"""What systems that are made of another one have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import instance
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.documents import from_document, to_document

__all__ = ["Wrapped"]


class Wrapped(System):
    """A system made of another one, which passes on what it does not change.

    Shape, domain, conditions, coordinates, observables, states and pictures are those of the inner
    system. An exact reference is not: of another density it says nothing.

    Args:
      system: the inner one, or its document.

    Attributes:
      inner: that system, with what is its own.
    """

    def __init__(self, system: System | Mapping[str, Any]) -> None:
        given = from_document(system) if isinstance(system, Mapping) else system
        self.inner: System = instance("system", given, System)
        self.event_shape = self.inner.event_shape
        self.domain, self.bounds = self.inner.domain, self.inner.bounds
        self.condition_size = self.inner.condition_size
        self.compiles_with_xla = self.inner.compiles_with_xla
        self.reaction_coordinates = self.inner.reaction_coordinates
        self.observables = self.inner.observables

    @functools.cached_property
    def initial_states(self) -> Mapping[str, np.ndarray]:  # type: ignore[override]
        """Of the inner system."""
        return self.inner.initial_states

    @property
    def draw(self) -> Callable[..., Any]:
        """Pictures, where the inner system has them; their energies are its own."""
        return self.inner.draw  # type: ignore[attr-defined]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; None for what JSON cannot say."""
        return {"system": to_document(self.inner)}
