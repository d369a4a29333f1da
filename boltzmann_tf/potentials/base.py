"""The base class of all potentials: terms of an energy of particles, each a formula."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, instance
from boltzmann_tf._support.documents import plain
from boltzmann_tf._support.recorded import recorded
from boltzmann_tf.potentials._space import check_dimension
from boltzmann_tf.potentials.boxes import Box

__all__ = [
    "Bound",
    "Few",
    "Particles",
    "Potential",
    "chosen_parameters",
    "few",
    "index_of",
    "named",
    "slope",
]

MOST_PARAMETERS = 4  # of one formula
MOST_MEMBERS = 4  # particles of a term that is not of all pairs


class Particles:
    """What a potential is told of the particles that it acts on.

    Attributes:
      n: their number.
      dimension: 1, 2 or 3.
      box: where they are.
      bonded: pairs that bonds join, int64 [m, 2].
    """

    def __init__(self, n: int, dimension: int, box: Box, bonded: Any = ()) -> None:
        self.n, self.dimension, self.box = n, dimension, box
        self.bonded = np.array(bonded, np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class Bound:
    """A potential that knows its particles: what both engines compute with.

    Attributes:
      name: of the term.
      function: the formula, of what `invariant` says and of the parameters.
      parameters: numbers; of pairs also [n, n], of others also [terms].
      invariant: "pairs" (squared distances of all pairs of `mask`), "born" (all pairs, by
        `born.BornFormulas`), or, of the particles in `index`, one of `_space.INVARIANTS` or
        "positions"; "constant" for a number without them.
      index: particles of each term, int64 [terms, k]; None for each particle by itself.
      mask: which pairs, bool [n, n].
      cut: squared distance from which a pair has no energy, or None.
      shift: subtracted below the cut.
      low: squared distance below which `training` continues by the tangent, or None.
      high: that above which it does, or None.
      slopes: derivatives of the formula there.
      constant: energy that does not depend on where particles are.
    """

    name: str
    function: Any = None
    parameters: tuple[Any, ...] = ()
    invariant: str = "constant"
    index: np.ndarray | None = None
    mask: Any = None
    cut: Any = None
    shift: Any = 0.0
    low: Any = None
    high: Any = None
    slopes: tuple[Any, Any] = (0.0, 0.0)
    constant: float = 0.0


class Potential(abc.ABC):
    """A term of an energy of particles.

    The formula is a plain function of numbers, written once with arithmetic and the functions of
    `boltzmann_tf.potentials.ops`; TensorFlow and Numba compile the same lines.

    Attributes:
      name: of the term in its system.
      anchors: whether it changes when all particles are shifted alike.
    """

    name: str
    anchors: bool = False
    told_by_numbers = True  # to `_graph.numbers_of`
    _config: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = recorded(cls.__init__)  # type: ignore[method-assign]

    @abc.abstractmethod
    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""

    @property
    def bonds(self) -> np.ndarray:
        """Pairs that the term joins, int64 [m, 2]."""
        return np.empty((0, 2), np.int64)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        return plain(self._config, f"get_config() of {type(self).__name__}")

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self._config.items())
        return f"{type(self).__name__}({given})"


def chosen_parameters(function: Callable, given: Mapping[str, Any], after: int = 1) -> list[str]:
    """Names of a formula's parameters in its order, or raises unless they are those given."""
    if not callable(function):
        raise TypeError(f"function must be a function, got {function!r}")
    names = list(inspect.signature(function).parameters)[after:]
    if sorted(names) != sorted(given):
        raise ValueError(f"parameters of {function.__name__} must be {names}, got {sorted(given)}")
    if len(names) > MOST_PARAMETERS:
        raise ValueError(f"function must have at most {MOST_PARAMETERS} parameters, got {names}")
    return names


def named(name: str | None, function: Callable) -> str:
    """The name of a term: that of its formula for None, or raises."""
    return function.__name__ if name is None else instance("name", name, str)


def few(name: str, k: int) -> int:
    """The number of particles of a term, or raises where it is too large."""
    if k > MOST_MEMBERS:
        raise ValueError(f"{name} must be at most {MOST_MEMBERS} in each term, got {k}")
    return k


def index_of(
    name: str, value: Any, k: int, *, n: int | None = None, several: bool = False
) -> np.ndarray:
    """Particles of each term, int64 [terms, k], or raises."""
    array = np.asarray(value)
    if array.ndim == 1 and k == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != k or not array.size or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a list of {k} particle number(s) each, got {np.shape(value)} "
            f"{value!r}"[:300]
        )
    if np.any(array < 0) or (n is not None and np.any(array >= n)):
        wrong = array[(array < 0) | (array >= (n or np.inf))][0]
        wanted = "numbers >= 0" if n is None else f"numbers in 0 .. {n - 1}"
        raise ValueError(f"{name} must be particles' {wanted}, got {wrong}")
    rows = np.sort(array, axis=1)
    if np.any(rows[:, 1:] == rows[:, :-1]):
        raise ValueError(f"{name} must have different particles in each term, got {value!r}"[:300])
    if k > 1 and not several:
        # Read from either end a bond or an angle is the same.
        ends = np.where((array[:, :1] > array[:, -1:]), array[:, ::-1], array)
        if len(np.unique(ends, axis=0)) != len(ends):
            raise ValueError(f"{name} must not hold the same term twice, got {value!r}"[:300])
    return array.astype(np.int64)


def slope(function: Callable, at: Any, parameters: Sequence[Any]) -> Any:
    """The derivative of a formula with respect to its first argument, in float64."""
    shape = np.broadcast_shapes(np.shape(at), *map(np.shape, parameters))
    v = tf.constant(np.broadcast_to(at, shape), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(v)
        value = function(v, *(tf.constant(p, tf.float64) for p in parameters))
    found = tape.gradient(value, v).numpy()
    return float(found) if np.ndim(found) == 0 else found


class Few(Potential):
    """A formula of the positions of one particle or a few.

    Args:
      function: of a point (a tuple with one number for each dimension) where a term has one
        particle, of a tuple of points where it has more; then of the parameters, by name.
      particles: of each term, `[terms, k]`, or `[terms]` for one each; None for every particle.
      name: of the term; None for the formula's.
      anchors: whether it changes when all particles are shifted alike; None for what its class
        says, that positions do and distances and angles do not.
      **parameters: of the formula, numbers or [terms].
    """

    invariant = "positions"
    anchors = True
    members: int | None = None  # k, None for any
    several = False  # whether the same particles may have more than one term

    def __init__(
        self,
        function: Callable[..., Any],
        particles: Any = None,
        *,
        name: str | None = None,
        anchors: bool | None = None,
        **parameters: Any,
    ) -> None:
        self.function = function
        self._names = chosen_parameters(function, parameters)
        self.name = named(name, function)
        if anchors is not None:
            self.anchors = instance("anchors", anchors, bool)
        self._index: np.ndarray | None = None
        if particles is None and self.members:
            raise TypeError(f"particles must be {self.members} of each term, got None")
        if particles is not None:
            shape = np.shape(particles)
            k = self.members or (shape[1] if len(shape) == 2 else 1)
            few("particles", k)
            self._index = index_of("particles", particles, k, several=self.several)
        self.parameters = {
            key: finite_array(key, parameters[key], dtype=np.float64) for key in self._names
        }
        for key, value in self.parameters.items():
            if self._index is not None and value.shape not in ((), (len(self._index),)):
                raise ValueError(
                    f"{key} must be a number or have shape [{len(self._index)}], one for each "
                    f"term, got {value.shape}"
                )

    def training_range(self) -> tuple[Any, Any]:
        """Where, of the invariant, training continues by the tangent: below, above; or None."""
        return None, None

    def bind(self, particles: Particles) -> Bound:
        """The term for given particles, or raises where it does not fit them."""
        instance("particles", particles, Particles)
        if self._index is not None:
            k = self._index.shape[1]
            index_of("particles", self._index, k, n=particles.n, several=self.several)
            check_dimension(self.name, self.invariant, particles.dimension)
        else:
            for key, value in self.parameters.items():
                if value.shape not in ((), (particles.n,)):
                    raise ValueError(
                        f"{key} must be a number or have shape [{particles.n}], got {value.shape}"
                    )
        values = tuple(float(v) if v.ndim == 0 else v for v in self.parameters.values())
        low, high = self.training_range()
        below, above = (0.0 if v is None else slope(self.function, v, values) for v in (low, high))
        return Bound(
            self.name,
            self.function,
            values,
            self.invariant,
            self._index,
            low=low,
            high=high,
            slopes=(below, above),
        )
