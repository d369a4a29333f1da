"""The base class of all systems: what is sampled, said by its energy."""

from __future__ import annotations

import abc
import numbers
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import choice, instance, positive, positive_int
from boltzmann_tf.systems import _domain

__all__ = ["System", "with_density"]

WITHOUT_DENSITY = {
    "spins": "generate their continuous field (IsingField) and draw spins from it, or sample them "
    "by the moves of `sampling.ising_chain`",
    "unit vectors": "take them in coordinates that have one, as NematicAngles does, or sample them "
    "by `sampling.vector_sweeps`",
}

# Classes of systems that this module makes and must not know: they are subclasses of its own, and
# enter themselves.
MADE: dict[str, Callable[..., Any]] = {}


class System(abc.ABC):
    """A physical system, given by its energy u(x) in units of kT at reference temperature 1.

    A user's own system is a subclass with `event_shape` and `energy`, nothing more:

        class Harmonic(System):
            event_shape = (2,)

            def energy(self, x):
                return 0.5 * tf.reduce_sum(x**2, axis=-1)

    At relative temperature tau the reduced energy is u / tau. A system knows no bijector.

    Where not all of space is allowed, `domain` says so and `bounds` where it ends; the energy is
    +inf outside, and what is trained on has a wall there, by two methods of this class:

        class InTube(System):
            event_shape = (2,)
            domain = "box"
            bounds = ([0.0, -np.inf], [4.0, np.inf])

            def energy(self, x):
                return self.confined(x, x[..., 1] ** 2)

            def training_energy(self, x):
                return self.walled(x, x[..., 1] ** 2)

    A family of systems, one for each value of a condition (a volume, a coupling), sets
    `condition_size` and writes `energy(self, x, condition)`, with `condition` of shape
    `[batch, condition_size]`; a conditional bijector then serves the whole family.

    Attributes:
      event_shape: shape of one configuration.
      domain: "real", "box", "spins", "unit vectors" or "torus".
      bounds: (low, high) of a box or torus, numbers or arrays that broadcast to `event_shape`;
        infinite where a coordinate has none. Of angles, one period. The bounds themselves are
        inside, also as float32 rounds them.
      wall_stiffness: of the wall of `walled`, in kT per length squared.
      reaction_coordinates: name -> function from `[..., *event_shape]` to `[...]`, in TF ops.
      observables: name -> function of the same form.
      initial_states: name -> one configuration of shape `event_shape` in that state.
      exact: the exact reference of the system (from `boltzmann_tf.exact`), or None.
      condition_size: size of the condition that the energy takes, 0 for none.
      compiles_with_xla: whether XLA can compile the energy. Set it to False for one that leaves
        TensorFlow (`tf.numpy_function`, `tf.py_function`); samplers, generator and trainer then
        leave XLA out by themselves.
    """

    event_shape: tuple[int, ...]
    domain: str = "real"
    bounds: tuple[Any, Any] | None = None
    wall_stiffness: float = 200.0
    reaction_coordinates: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = MappingProxyType({})
    observables: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = MappingProxyType({})
    initial_states: Mapping[str, np.ndarray] = MappingProxyType({})
    exact: Any = None
    condition_size: int = 0
    compiles_with_xla: bool = True
    told_by_numbers = True  # to `_graph.numbers_of`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        choice(f"{cls.__name__}.domain", cls.domain, _domain.DOMAINS)
        # What is trained on must be the same system as what weights are of.
        own = next(c for c in cls.__mro__ if "training_energy" in vars(c))
        if "energy" in vars(cls) and own not in (cls, System):
            warnings.warn(
                f"{cls.__name__} gives an energy and must give its training_energy too, got that "
                f"of {own.__name__}",
                UserWarning,
                stacklevel=3,
            )

    @abc.abstractmethod
    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The true energy, in kT at reference temperature 1.

        Args:
          x: `[batch, *event_shape]`.
          *condition: one tensor `[batch, condition_size]` where `condition_size` > 0.

        Returns:
          `[batch]`, in TF ops, differentiable; +inf where x is forbidden.
        """

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The energy to train with: the true one unless a system regularises it.

        It may differ from `energy` where that has no useful gradient (hard walls, overlaps).
        Weights and reports always use `energy`.
        """
        return self.energy(x, *condition)

    def inside(self, x: tf.Tensor) -> tf.Tensor:
        """Whether configurations are in the domain: `[..., *event_shape]` to bool `[...]`."""
        return _domain.inside(self, x)

    def confined(self, x: tf.Tensor, energy: tf.Tensor) -> tf.Tensor:
        """The energy inside the domain, +inf outside: `[...]`."""
        return tf.where(self.inside(x), energy, tf.cast(np.inf, energy.dtype))

    def walled(self, x: tf.Tensor, energy: tf.Tensor) -> tf.Tensor:
        """The energy plus `wall_stiffness` times the squared distance from a box or torus: `[...]`.

        For training: an infinite wall has no gradient to learn from.
        """
        return energy + self.wall_stiffness * _domain.squared_distance(self, x)

    @property
    def event_size(self) -> int:
        """Number of coordinates of a configuration."""
        return int(np.prod(self.event_shape))

    @property
    def name(self) -> str:
        """Name in reports."""
        return type(self).__name__

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        return {}

    def initial_state(self, name: str) -> np.ndarray:
        """A starting configuration by the name of its state, of shape `event_shape`."""
        choice("initial state", name, self.initial_states)
        return np.array(self.initial_states[name], dtype=np.float64)

    def reaction_coordinate(self, name: str | None = None) -> Callable[[tf.Tensor], tf.Tensor]:
        """A reaction coordinate by name; the first one for None."""
        if not self.reaction_coordinates:
            raise ValueError(f"{self.name} must have reaction_coordinates for this, got none")
        name = next(iter(self.reaction_coordinates)) if name is None else name
        return self.reaction_coordinates[
            choice("reaction coordinate", name, self.reaction_coordinates)
        ]

    @staticmethod
    def from_energy(
        energy: Callable[[tf.Tensor], tf.Tensor],
        event_shape: Sequence[int],
        *,
        name: str | None = None,
        training_energy: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> System:
        """A system from a function, where a class of one's own would hold nothing else.

        Args:
          energy: from `[batch, *event_shape]` to `[batch]`, in kT at T = 1, in TF ops.
          event_shape: of one configuration.
          name: in reports; that of the function for None.
          training_energy: as `energy`, regularised; the true one for None.

        Examples:
          >>> bowl = bg.System.from_energy(lambda x: tf.reduce_sum(x**2, axis=-1), event_shape=(2,))
          >>> bowl.energy(tf.constant([[3.0, 0.0]])).numpy()
          array([9.], dtype=float32)
        """
        return MADE["function"](energy, event_shape, name=name, training_energy=training_energy)

    def __add__(self, other: System) -> System:
        if not isinstance(other, System):
            return NotImplemented
        return MADE["combination"]([(1.0, self), (1.0, other)])

    def __mul__(self, factor: float) -> System:
        if not isinstance(factor, numbers.Real | np.ndarray):
            return NotImplemented
        return MADE["combination"]([(positive("factor", factor), self)])

    __rmul__ = __mul__

    def check(self, dtype: tf.DType = tf.float32) -> None:
        """Raises unless `event_shape`, `energy` and the domain are of the stated form.

        The generator calls it at construction, so that a user's slip shows at once and by name.

        Args:
          dtype: of the configurations that the energy will be given.
        """
        shape = getattr(self, "event_shape", None)
        if not (
            isinstance(shape, tuple)
            and shape
            and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape)
        ):
            raise ValueError(
                f"{self.name}.event_shape must be a tuple of positive integers, got {shape!r}"
            )
        k = positive_int(f"{self.name}.condition_size", self.condition_size, minimum=0)
        try:
            energy = tf.function(self.energy).get_concrete_function(
                tf.TensorSpec([3, *shape], dtype),
                *([tf.TensorSpec([3, k], dtype)] if k else []),
            )
        except (TypeError, ValueError) as error:
            if dtype == tf.float32:
                raise
            raise ValueError(
                f"{self.name}.energy(x) must compute in {dtype.name}, which was asked for, got "
                f"{error}"
            ) from error
        found = energy.structured_outputs
        if found.shape != [3]:
            raise ValueError(
                f"{self.name}.energy(x) must return one energy a configuration, shape [batch], "
                f"got {found.shape} for x of shape {[3, *shape]}"
            )
        if not found.dtype.is_floating or found.dtype.size < dtype.size:
            raise ValueError(
                f"{self.name}.energy(x) must return {dtype.name} for x of {dtype.name}, got "
                f"{found.dtype.name}"
            )
        _domain.check_domain(self, dtype)


def with_density(name: str, system: Any) -> System:
    """Returns the system, or raises unless it has a density over real vectors."""
    instance(name, system, System)
    if system.domain in WITHOUT_DENSITY:
        raise ValueError(
            f"{name} must have a density over real vectors, got the {system.domain} of "
            f"{system.name}: {WITHOUT_DENSITY[system.domain]}"
        )
    return system
