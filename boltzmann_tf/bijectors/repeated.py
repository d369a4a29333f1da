"""Many bijectors of one architecture, compiled as one."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance, sequence
from boltzmann_tf._support.room import claim
from boltzmann_tf.bijectors.base import Bijector, deserialize, register, serialize
from boltzmann_tf.bijectors.conditioner import named

__all__ = ["Repeated"]


@register
class Repeated(Bijector):
    """Bijectors of one architecture, applied one after the other in a loop: `Sequence`, for depth.

    Their variables are stacked, and one body is traced and compiled for all of them, so that the
    time to the first step does not grow with their number. The backward pass keeps only the input
    of each and computes its inside again, so that the memory of training hardly grows either; that
    costs a third more arithmetic a step. (Chen et al. 2016, arXiv:1604.06174.)

    First derivatives only: the backward pass is written by hand.

    Args:
      bijectors: what to apply, the first of the list first in `forward`. They may differ in their
        seeds and variables only.
      name: of the bijector.
    """

    # The variables of the one body are placeholders, which nobody must find and train.
    _TF_MODULE_IGNORED_PROPERTIES = frozenset(
        {*Bijector._TF_MODULE_IGNORED_PROPERTIES, "_body", "_slots"}
    )

    def __init__(self, bijectors: SequenceOf[Bijector], *, name: str | None = None) -> None:
        bijectors = sequence("bijectors", bijectors)
        if not bijectors:
            raise ValueError("bijectors must hold at least one bijector, got none")
        for i, bijector in enumerate(bijectors):
            instance(f"bijectors[{i}]", bijector, Bijector)
        documents = [serialize(b) for b in bijectors]
        for i, document in enumerate(documents):
            if architecture(document) != architecture(documents[0]):
                raise ValueError(
                    f"bijectors must be of one architecture, got bijectors[{i}] other than "
                    f"bijectors[0]: {architecture(document)}, {architecture(documents[0])}"
                )
        first = bijectors[0]
        values = [[v.numpy() for v in _keras_variables(b)] for b in bijectors]
        claim(sum(value.size for parts in values for value in parts))
        slots = _keras_variables(first)
        stack = _Stack(
            [np.stack(parts) for parts in zip(*values, strict=True)],
            [bool(v.trainable) for v in slots],
            dtype=first.dtype.name,
        )
        super().__init__(
            first.event_size,
            layers=[stack],
            condition_size=first.condition_size,
            dtype=first.dtype.name,
            is_constant_jacobian=first.is_constant_jacobian,
            name=name,
        )
        self._body = self._no_dependency(first)
        self._slots = self._no_dependency(tuple(slots))
        self._stack = self._no_dependency(stack)
        self._documents = self._no_dependency(tuple(documents))

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies the bijectors from the first to the last."""
        return self._loop(z, condition, inverse=False)

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Undoes the bijectors from the last to the first."""
        return self._loop(x, condition, inverse=True)

    def _compute_dtypes(self) -> set[str]:
        parts = [self._body, *(m for m in self._body.submodules if isinstance(m, Bijector))]
        return set().union(*(part._compute_dtypes() for part in parts))

    def get_config(self) -> dict[str, Any]:
        """The bijectors' documents."""
        return {"bijectors": list(self._documents), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Repeated:
        """Builds the bijectors and stacks them."""
        return cls([deserialize(d) for d in config["bijectors"]], name=config.get("name"))

    def _one(
        self, value: tf.Tensor, given: list[tf.Tensor], parts: list[tf.Tensor], *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One of the bijectors: the body, with `parts` in the place of its variables."""
        body = self._body
        method = body.inverse_and_log_det if inverse else body.forward_and_log_det
        with keras.StatelessScope(state_mapping=list(zip(self._slots, parts, strict=True))):
            out, log_det = method(value, **({"condition": given[0]} if given else {}))
        out.set_shape(value.shape)
        return out, log_det

    def _loop(
        self, value: tf.Tensor, condition: tf.Tensor | None, *, inverse: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        stacks = [tf.convert_to_tensor(v.value) for v in self._stack.variables]
        count = len(self._documents)

        def place(k: tf.Tensor) -> tf.Tensor:
            return count - 1 - k if inverse else k

        @tf.custom_gradient
        def run(value: tf.Tensor, given: list[tf.Tensor], stacks: list[tf.Tensor]) -> Any:
            kept = tf.TensorArray(
                value.dtype, count, element_shape=value.shape, clear_after_read=False
            )

            def forwards(k: tf.Tensor, x: tf.Tensor, log_det: tf.Tensor, kept: Any) -> Any:
                parts = [stack[place(k)] for stack in stacks]
                out, own = self._one(x, given, parts, inverse=inverse)
                return k + 1, out, log_det + own, kept.write(k, x)

            start = (0, value, tf.zeros(tf.shape(value)[:-1], value.dtype), kept)
            _, out, log_det, kept = tf.while_loop(
                lambda k, *_: k < count, forwards, start, maximum_iterations=count
            )

            def gradient(d_out: tf.Tensor, d_log_det: tf.Tensor) -> Any:
                def backwards(j: tf.Tensor, d_x: tf.Tensor, d_given: Any, slopes: Any) -> Any:
                    k = count - 1 - j
                    x = tf.ensure_shape(kept.read(k), value.shape)
                    parts = [stack[place(k)] for stack in stacks]
                    inputs = [x, *given, *parts]
                    with tf.GradientTape(watch_accessed_variables=False) as tape:
                        tape.watch(inputs)
                        outputs = self._one(x, given, parts, inverse=inverse)
                    own = tape.gradient(
                        outputs, inputs, [d_x, d_log_det], unconnected_gradients="zero"
                    )
                    d_given = [a + b for a, b in zip(d_given, own[1 : 1 + len(given)], strict=True)]
                    slopes = [
                        slope.write(place(k), d)
                        for slope, d in zip(slopes, own[1 + len(given) :], strict=True)
                    ]
                    return j + 1, own[0], d_given, slopes

                slopes = [tf.TensorArray(s.dtype, count, element_shape=s.shape[1:]) for s in stacks]
                start = (0, d_out, [tf.zeros_like(g) for g in given], slopes)
                _, d_value, d_given, slopes = tf.while_loop(
                    lambda j, *_: j < count, backwards, start, maximum_iterations=count
                )
                return d_value, d_given, [slope.stack() for slope in slopes]

            return (out, log_det), gradient

        return run(value, [] if condition is None else [condition], stacks)


@keras.saving.register_keras_serializable("boltzmann_tf")
class _Stack(keras.layers.Layer):
    """The variables of all the bijectors, each stacked along a first axis."""

    def __init__(self, values: list[np.ndarray], trainable: list[bool], **kwargs: Any) -> None:
        super().__init__(**named(kwargs, "stack"))
        for i, (value, train) in enumerate(zip(values, trainable, strict=True)):
            self.add_weight(
                shape=value.shape,
                initializer=keras.initializers.Constant(0.0),
                trainable=train,
                name=f"stack_{i}",
            ).assign(value)
        self.built = True


def _keras_variables(bijector: Bijector) -> list[Any]:
    """The Keras variables of a bijector and of the bijectors in it, in a fixed order."""
    parts = [bijector, *(m for m in bijector.submodules if isinstance(m, Bijector))]
    return [v for part in parts for layer in part._layers for v in layer.variables]


def architecture(document: Any) -> Any:
    """A bijector's document without what may differ between copies: seeds and names."""
    if isinstance(document, dict):
        return {k: architecture(v) for k, v in document.items() if k not in ("seed", "name")}
    if isinstance(document, list):
        return [architecture(v) for v in document]
    return document
