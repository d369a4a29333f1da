"""When two losses are the same to what is compiled: of the user's, an object or its numbers."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import numpy as np

from boltzmann_tf._support.graph import CACHES, numbers_of
from boltzmann_tf.losses import (
    KullbackLeibler,
    Likelihood,
    Loss,
    ReactionCoordinate,
    WeightedLikelihood,
)

__all__ = ["STATELESS", "by_value", "compiled_in", "is_users", "unweighted"]

STATELESS = (Likelihood, WeightedLikelihood, KullbackLeibler)  # their classes say all of them


def is_users(loss: Loss) -> bool:
    """Whether its class is none of the package's own."""
    return type(loss) not in (*STATELESS, ReactionCoordinate)


def compiled_in(loss: Loss) -> tuple[Hashable, ...]:
    """What of a loss is compiled in: its class and its attributes, all but the weight.

    Numbers and texts are known by their values; functions, variables and all else are equal to
    themselves alone.
    """
    if any(getattr(kind, "__slots__", ()) for kind in type(loss).__mro__):
        return type(loss), Same(loss)  # attributes that cannot be listed
    own = {n: v for n, v in vars(loss).items() if n != "weight" and n not in CACHES}
    return type(loss), _told(own)


def by_value(told: Hashable) -> bool:
    """Whether nothing in what `compiled_in` says is known by identity alone."""
    return not isinstance(told, Same) and (not isinstance(told, tuple) or all(map(by_value, told)))


def unweighted(loss: Loss) -> Loss:
    """The loss as what is compiled may refer to it: for long, and for other losses equal to it.

    A copy without its weight, which may be a function that holds much; a loss that is known by
    identity as it is.
    """
    if not by_value(compiled_in(loss)):
        return loss
    found = copy.copy(loss)
    vars(found).pop("weight", None)
    return found


class Same:
    """Anything, equal to itself alone, whatever it says of itself."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other._thing is self._thing

    def __hash__(self) -> int:
        return id(self._thing)


def _told(value: Any) -> Hashable:
    if value is None:
        return None
    if isinstance(value, dict):
        return dict, tuple((_told(key), _told(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_told, value))
    # Not all that turns into numbers is known by them: a variable of Keras has others later.
    plain = isinstance(value, bool | int | float | str | np.generic | np.ndarray)
    numbers = numbers_of(value) if plain or hasattr(value, "told_by_numbers") else None
    return numbers if plain and numbers is not None else (Same(value), numbers)
