"""Keras layers that hold what a bijector learns.

`MLP` computes the parameters of a coupling from the coordinates that stay fixed; `Parameters` is
a free vector for maps without an input. Both are built at construction, because a bijector must
own all its variables before anything is traced (see `boltzmann_tf.bijectors.base`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import positive_int
from boltzmann_tf._support.room import claim

__all__ = [
    "MIXED",
    "MLP",
    "Parameters",
    "check_activation",
    "check_hidden",
    "named",
    "split_seed",
    "variable_dtype",
]

MIXED = "mixed_bfloat16"  # Keras's name of the policy


def variable_dtype(dtype: str) -> str:
    """The dtype of variables and coordinates where `dtype` may be the policy "mixed_bfloat16"."""
    return "float32" if dtype == MIXED else dtype


def split_seed(seed: int, count: int) -> list[int]:
    """Derives `count` independent integer seeds from one."""
    positive_int("seed", seed, minimum=0)
    positive_int("count", count)
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count, np.uint32) >> 1]


def check_hidden(hidden: Sequence[int], name: str = "hidden") -> tuple[int, ...]:
    """Returns the hidden widths as a tuple of positive integers, or raises."""
    if isinstance(hidden, int | np.integer) or not isinstance(hidden, Sequence):
        raise TypeError(
            f"{name} must be a sequence of layer widths such as (100, 100), got {hidden!r}"
        )
    return tuple(positive_int(f"{name}[{i}]", width) for i, width in enumerate(hidden))


def check_activation(name: str, value: str) -> str:
    """Returns the activation's name, or raises if Keras does not know it.

    Only names are taken: a name can be written to a configuration file, a function cannot.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a Keras activation, got {value!r}")
    try:
        keras.activations.get(value)
    except ValueError as error:
        raise ValueError(f"{name} must be the name of a Keras activation, got {value!r}") from error
    return value


def named(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    """A layer's arguments with a name, where they have none.

    Keras would count its layers in their names, and TensorFlow keeps a kernel of 35 KiB for each
    name of a variable that it has seen (2.21).
    """
    return {**arguments, "name": arguments.get("name") or name}


@keras.saving.register_keras_serializable("boltzmann_tf")
class MLP(keras.layers.Layer):
    """A multilayer perceptron with a linear output, built at construction.

    Glorot-uniform kernels and zero biases, the Keras defaults that the published networks used.

    Args:
      input_size: number of inputs.
      output_size: number of outputs.
      hidden: widths of the hidden layers; the linear output layer is not counted. (The `nl_layers`
        of the published code does count it.)
      activation: name of the Keras activation of the hidden layers.
      zero_output: start with an output layer of zeros, so that the output is 0 at first.
      seed: of the initial kernels.
      **kwargs: `name` and `dtype` of the Keras layer. With the policy "mixed_bfloat16" products
        and activations are in bfloat16, variables and outputs in float32.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        hidden: Sequence[int] = (100, 100),
        *,
        activation: str = "relu",
        zero_output: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**named(kwargs, "mlp"))
        self.input_size = positive_int("input_size", input_size)
        self.output_size = positive_int("output_size", output_size)
        self.hidden = check_hidden(hidden)
        self.activation = check_activation("activation", activation)
        self.zero_output = bool(zero_output)
        self.seed = seed
        self._activate = keras.activations.get(activation)
        sizes = (self.input_size, *self.hidden, self.output_size)
        seeds = split_seed(seed, len(sizes) - 1)
        self._dense = []
        for i, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            last = i == len(sizes) - 2
            claim(n_in + 1, n_out)
            initializer = (
                "zeros" if last and zero_output else keras.initializers.GlorotUniform(seed=seeds[i])
            )
            kernel = self.add_weight(
                shape=(n_in, n_out), initializer=initializer, name=f"kernel_{i}"
            )
            bias = self.add_weight(shape=(n_out,), initializer="zeros", name=f"bias_{i}")
            self._dense.append((kernel, bias))
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps `[..., input_size]` to `[..., output_size]`."""
        # One flat matrix product a layer: products over several batch axes are slower.
        flat = inputs if len(inputs.shape) == 2 else tf.reshape(inputs, [-1, self.input_size])
        for kernel, bias in self._dense[:-1]:
            flat = self._activate(tf.nn.bias_add(tf.matmul(flat, kernel.value), bias.value))
        kernel, bias = self._dense[-1]
        flat = tf.nn.bias_add(tf.matmul(flat, kernel.value), bias.value)
        flat = tf.cast(flat, self.variable_dtype)
        if len(inputs.shape) == 2:
            return flat
        return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [self.output_size]], axis=0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "input_size": self.input_size,
            "output_size": self.output_size,
            "hidden": list(self.hidden),
            "activation": self.activation,
            "zero_output": self.zero_output,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("boltzmann_tf")
class Parameters(keras.layers.Layer):
    """A learned vector: the conditioner of a map that depends on no coordinate.

    Args:
      size: number of parameters; all start at zero.
      trainable: whether an optimiser changes them.
      **kwargs: `name` and `dtype` of the Keras layer.
    """

    def __init__(self, size: int, *, trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(trainable=trainable, **named(kwargs, "parameters"))
        self.size = positive_int("size", size)
        claim(self.size)
        self.vector = self.add_weight(
            shape=(self.size,), initializer="zeros", trainable=trainable, name="vector"
        )
        self.built = True

    def call(self, inputs: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the vector, of shape `[size]`; the inputs are ignored."""
        del inputs
        return tf.convert_to_tensor(self.vector.value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "size": self.size, "trainable": self.trainable}
