"""The base class of all bijectors: a fused map with its log-determinant, and Keras variables seen.

Direction, said once: `forward` maps latent z to configuration x, `inverse` maps x to z, and
`log_det` is always the log absolute Jacobian determinant of the map just taken.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import choice, positive_int
from boltzmann_tf._support.documents import plain
from boltzmann_tf._support.room import claim_part, within

tfb = tfp.bijectors

__all__ = ["Bijector", "deserialize", "register", "serialize"]

_PACKAGE = "boltzmann_tf"


def register(cls: type) -> type:
    """Class decorator: makes a bijector known to Keras serialization and to `deserialize`."""
    if not isinstance(cls, type):
        raise TypeError(f"cls must be a class, got {cls!r} of type {type(cls).__name__}")
    return keras.saving.register_keras_serializable(_PACKAGE)(cls)


def serialize(bijector: Bijector) -> dict[str, Any]:
    """The bijector's architecture as a small JSON document; its variables are not in it."""
    if not isinstance(bijector, Bijector):
        raise TypeError(
            "bijector must be a boltzmann_tf.bijectors.Bijector to be saved, got "
            f"{type(bijector).__name__}; wrap a plain TFP bijector in a registered subclass"
        )
    name = keras.saving.get_registered_name(type(bijector))
    if keras.saving.get_registered_object(name) is not type(bijector):
        raise TypeError(
            f"bijector class {type(bijector).__name__} is not registered: decorate it with "
            "boltzmann_tf.bijectors.register to save it"
        )
    return {"class": name, "config": bijector.get_config()}


def deserialize(document: dict[str, Any]) -> Bijector:
    """Builds the bijector that `serialize` described.

    Only registered subclasses of `Bijector` are ever constructed: no module named in a file is
    imported and nothing is unpickled.
    """
    if not isinstance(document, dict) or set(document) != {"class", "config"}:
        raise ValueError(
            f"document must be an object with 'class' and 'config', got {str(document)[:80]!r}"
        )
    cls = keras.saving.get_registered_object(str(document["class"]))
    if not (isinstance(cls, type) and issubclass(cls, Bijector)):
        raise ValueError(f"document must name a registered bijector, got {document['class']!r}")
    return cls.from_config(document["config"])


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a fused method of a subclass with the conversion and shape check all share."""

    @functools.wraps(method)
    def wrapper(
        self: Bijector, value: Any, *, condition: Any = None, **kwargs: Any
    ) -> tuple[tf.Tensor, tf.Tensor]:
        tensor = self._checked_input(value, method.__name__)
        if self.condition_size:
            kwargs["condition"] = self._checked_condition(condition, tensor)
        elif condition is not None:
            raise ValueError(
                f"condition was given to {type(self).__name__}, which takes none (condition_size=0)"
            )
        return method(self, tensor, **kwargs)

    wrapper._is_checked = True  # type: ignore[attr-defined]
    return wrapper


def _plain_config(method: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Wraps a subclass's `get_config`: what it returns can be written to a file, or it raises."""

    @functools.wraps(method)
    def wrapper(self: Bijector) -> dict[str, Any]:
        return plain(method(self), f"get_config() of {type(self).__name__}")

    return wrapper


class Bijector(tfb.Bijector):
    """An invertible map whose value and log-determinant come from one pass.

    A subclass creates its Keras layers, calls `super().__init__(event_size, layers=...)` and
    writes two methods, each returning `(value, log_det)` with `log_det` of the batch shape:

        def forward_and_log_det(self, z): ...   # z -> x
        def inverse_and_log_det(self, x): ...   # x -> z

    TFP's `forward`, `inverse` and the two log-det methods derive from them, so the object works
    in `tfb.Chain`, `tfb.Invert` and `tfd.TransformedDistribution`. The fused pair is there
    because TFP's split interface evaluates every network twice. With `condition_size` > 0 both
    methods also take a keyword `condition` of shape `[..., condition_size]`.

    `tf.Module` does not see the variables of Keras 3 layers (tensorflow#84019), so this class
    holds the raw `tf.Variable`s of its layers: without that, `trainable_variables` is silently
    empty and nothing trains.

    Args:
      event_size: number D of coordinates; inputs have shape `[..., D]`.
      layers: built Keras layers whose variables belong to the bijector.
      condition_size: size of the keyword `condition`, 0 for none.
      dtype: "float32" or "float64".
      is_constant_jacobian: whether the log-determinant is the same for every input.
      name: of the bijector.

    Attributes:
      small_batch: samples up to which a generator that decides itself (`jit_compile="auto"`) draws
        without XLA, whose compilation would take longer than such draws; 0 for never, which is
        right for maps that XLA makes much faster.
    """

    small_batch: int = 0

    def __init__(
        self,
        event_size: int,
        *,
        layers: Sequence[keras.layers.Layer] = (),
        condition_size: int = 0,
        dtype: str = "float32",
        is_constant_jacobian: bool = False,
        name: str | None = None,
    ) -> None:
        self._event_size = positive_int("event_size", event_size)
        self._condition_size = positive_int("condition_size", condition_size, minimum=0)
        within(self._event_size)
        claim_part()
        choice("dtype", _dtype_name(dtype), ("float32", "float64"))
        super().__init__(
            forward_min_event_ndims=1,
            is_constant_jacobian=is_constant_jacobian,
            dtype=tf.as_dtype(dtype),
            parameters={},
            name=name or type(self).__name__,
        )
        for layer in layers:
            if not layer.built:
                raise ValueError(
                    f"layers must be built before they are given to a bijector, got {layer.name}"
                )
        # Two layers of wrapping on purpose: the layers stay out of tf.Module's sight (it would
        # find nothing in them), their raw variables are in it.
        self._layers = self._no_dependency(tuple(layers))
        self._layer_variables = [v.value for layer in layers for v in layer.variables]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("forward_and_log_det", "forward_with_cost", "inverse_and_log_det"):
            method = cls.__dict__.get(name)
            if method is not None and not getattr(method, "_is_checked", False):
                setattr(cls, name, _checked(method))
        if "get_config" in cls.__dict__:
            cls.get_config = _plain_config(cls.__dict__["get_config"])  # type: ignore[method-assign]

    @property
    def event_size(self) -> int:
        """Number of coordinates of an event."""
        return self._event_size

    @property
    def condition_size(self) -> int:
        """Size of the keyword `condition`, 0 for none."""
        return self._condition_size

    @property
    def compiles_with_xla(self) -> bool:
        """Whether XLA is the better compiler of this map, which it is with one exception.

        On CPUs it widens products in bfloat16 to float32, while TensorFlow's own kernels compute
        them faster than those in float32 (`python -m benchmarks precision`).
        """
        parts = [self, *(part for part in self.submodules if isinstance(part, Bijector))]
        coarse = any("bfloat16" in part._compute_dtypes() for part in parts)
        return not coarse or bool(tf.config.list_physical_devices("GPU"))

    def _compute_dtypes(self) -> set[str]:
        """Of its own layers; those of bijectors in it are theirs."""
        return {layer.compute_dtype for layer in self._layers}

    def forward_and_log_det(self, z: Any, *, condition: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps latent z to configuration x.

        Args:
          z: `[..., event_size]`.
          condition: `[..., condition_size]`, only where `condition_size` > 0.

        Returns:
          x of the shape of z, and log|det dx/dz| of the batch shape.
        """
        raise TypeError(f"{type(self).__name__} must define forward_and_log_det(z)")

    def inverse_and_log_det(self, x: Any, *, condition: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Maps configuration x to latent z.

        Args:
          x: `[..., event_size]`.
          condition: `[..., condition_size]`, only where `condition_size` > 0.

        Returns:
          z of the shape of x, and log|det dz/dx| of the batch shape.
        """
        raise TypeError(f"{type(self).__name__} must define inverse_and_log_det(x)")

    def forward_with_cost(
        self, z: Any, *, condition: Any = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """As `forward_and_log_det`, with a cost of the path from z to x, `[...]`.

        A map that solves a differential equation has numerical errors, which training exploits
        unless they cost something (`Stage.path_cost`). Other maps have no path and no cost.
        """
        x, log_det = self.forward_and_log_det(z, condition=condition)
        return x, log_det, tf.zeros_like(log_det)

    def refined(self, factor: int) -> Bijector:
        """The same map with its numerical errors made smaller.

        A map that solves a differential equation in steps defines it: a copy, its weights copied
        too, that takes `factor` times as many. Other maps have no such errors, and are returned
        themselves. `sampling.StepHalving` finds how many steps there must be.

        Args:
          factor: >= 1.
        """
        positive_int("factor", factor)
        return self

    # TFP's four methods, and what its distributions ask of a bijector.

    def _forward(self, z: tf.Tensor, **condition: Any) -> tf.Tensor:
        return self.forward_and_log_det(z, **condition)[0]

    def _inverse(self, x: tf.Tensor, **condition: Any) -> tf.Tensor:
        return self.inverse_and_log_det(x, **condition)[0]

    def _forward_log_det_jacobian(self, z: tf.Tensor, **condition: Any) -> tf.Tensor:
        return self.forward_and_log_det(z, **condition)[1]

    def _inverse_log_det_jacobian(self, x: tf.Tensor, **condition: Any) -> tf.Tensor:
        return self.inverse_and_log_det(x, **condition)[1]

    @classmethod
    def _parameter_properties(cls, dtype: Any) -> dict[str, Any]:
        return {}  # no tensor-valued constructor arguments, hence no batch of bijectors

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values. Subclasses extend it.

        What a subclass returns is brought to JSON's types: numbers and arrays of NumPy, tuples and
        dtypes become numbers, lists and names. Anything else is a `TypeError` that names its place.
        """
        config = {"event_size": self.event_size, "dtype": self.dtype.name, "name": self.name}
        if self.condition_size:
            config["condition_size"] = self.condition_size
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Bijector:
        """Builds the bijector from `get_config()`; its variables start afresh."""
        return cls(**config)

    def assign_from(self, other: Bijector) -> None:
        """Copies the variables of a bijector of the same architecture into this one.

        Compiled functions stay valid, so one compilation serves many networks (several seeds).

        Args:
          other: the bijector to copy from.
        """
        mine, theirs = self.variables, other.variables
        if [v.shape for v in mine] != [v.shape for v in theirs]:
            raise ValueError(
                f"other must have the architecture of this {type(self).__name__} "
                f"({len(mine)} variables), got {type(other).__name__} with {len(theirs)} variables "
                "of other shapes"
            )
        for target, source in zip(mine, theirs, strict=True):
            target.assign(source)

    def _variables_cast(self) -> None:
        """What follows when the variables were read from a file of another precision."""

    def _checked_input(self, value: Any, method: str) -> tf.Tensor:
        argument = "z" if method.startswith("forward") else "x"
        if tf.is_tensor(value) and value.dtype != self.dtype:
            raise TypeError(
                f"{argument} must have dtype {self.dtype.name} as this {type(self).__name__}, got "
                f"{value.dtype.name}"
            )
        try:
            tensor = tf.convert_to_tensor(value, dtype=self.dtype, name=argument)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{argument} must be an array of {self.dtype.name}, got {type(value).__name__}: "
                f"{error}"
            ) from error
        if tensor.shape.rank is not None and (
            tensor.shape.rank < 1 or tensor.shape[-1] not in (None, self.event_size)
        ):
            raise ValueError(
                f"{argument} must have shape [..., {self.event_size}] for this "
                f"{type(self).__name__}, got {tensor.shape}"
            )
        return tensor

    def _checked_condition(self, condition: Any, value: tf.Tensor) -> tf.Tensor:
        wanted = f"condition must have shape [..., {self.condition_size}]"
        if condition is None:
            raise ValueError(f"{wanted} for this {type(self).__name__}, got none")
        tensor = tf.convert_to_tensor(condition, dtype=self.dtype)
        if tensor.shape.rank is not None and (
            tensor.shape.rank < 1 or tensor.shape[-1] != self.condition_size
        ):
            raise ValueError(f"{wanted} for this {type(self).__name__}, got {tensor.shape}")
        shape = tf.concat([tf.shape(value)[:-1], [self.condition_size]], axis=0)
        return tf.broadcast_to(tensor, shape)


def _dtype_name(dtype: Any) -> str:
    try:
        return tf.as_dtype(dtype).name
    except TypeError:
        return str(dtype)
