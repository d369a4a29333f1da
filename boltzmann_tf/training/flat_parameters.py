"""All parameters as one vector, and the optimiser that sees it.

Its per-variable operations, hundreds for a deep network, would otherwise take most of the tracing
and compile time.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

__all__ = ["FlatParameters"]


class FlatParameters:
    """A copy of the parameters as one vector, with its optimiser.

    The layers' own variables are written from that vector after each update, since the network
    reads them.

    Args:
      variables: of the layers.
      optimizer: a Keras optimiser that acts on each parameter by itself (Adam, SGD, ...); new.
      dtype: of the variables.
    """

    def __init__(
        self,
        variables: Sequence[tf.Variable],
        optimizer: keras.optimizers.Optimizer,
        dtype: tf.DType,
    ) -> None:
        self.variables = list(variables)
        self._sizes = [int(np.prod(v.shape)) for v in self.variables]
        self.vector = tf.Variable(tf.zeros([sum(self._sizes)], dtype), name="theta")
        self.load()
        self.optimizer = optimizer
        optimizer.build([self.vector])
        # Not every optimiser starts from zeros (Nadam, Adagrad).
        self._start = [v.numpy() for v in self.optimizer_variables]

    @property
    def optimizer_variables(self) -> list[tf.Variable]:
        """The optimiser's state."""
        return [v.value for v in self.optimizer.variables]

    def load(self) -> None:
        """Takes the layers' variables over."""
        # By way of NumPy: hundreds of eager operations would take several milliseconds.
        self.vector.assign(np.concatenate([v.numpy().ravel() for v in self.variables]))

    def store(self) -> None:
        """Writes the layers' variables; each step ends with it, so that they always agree."""
        parts = tf.split(self.vector, self._sizes)
        for variable, part in zip(self.variables, parts, strict=True):
            variable.assign(tf.reshape(part, variable.shape))

    def reset_optimizer(self) -> None:
        """Puts the optimiser's moments and step count back to where they started."""
        for variable, value in zip(self.optimizer_variables, self._start, strict=True):
            variable.assign(value)

    def finish_stage(self) -> None:
        """Lets the optimiser have its last word: averaged parameters, where it keeps an average."""
        if self.optimizer.use_ema:
            self.optimizer.finalize_variable_values([self.vector])
            self.store()

    def gradient(self, tape: tf.GradientTape, loss: tf.Tensor) -> tf.Tensor:
        """Of one loss: two long vectors add, and compile, faster than variable by variable."""
        gradients = tape.gradient(loss, self.variables, unconnected_gradients="zero")
        return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)

    def update(
        self,
        gradient: tf.Tensor,
        loss: tf.Tensor,
        learning_rate: tf.Tensor,
        clip_norm: float | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies the gradient unless it or the loss is not finite.

        Returns:
          the gradient's norm before it is clipped, and 1 where the step was skipped.
        """
        norm = tf.norm(gradient)
        skip = ~(tf.math.is_finite(norm) & tf.math.is_finite(loss))
        if clip_norm is not None:
            gradient *= tf.minimum(1.0, clip_norm / tf.maximum(norm, 1e-30))
        gradient = tf.where(skip, tf.zeros_like(gradient), gradient)
        state = (self.vector, *self.optimizer_variables)
        before = [tf.identity(v) for v in state]
        self.optimizer.learning_rate = tf.cast(learning_rate, tf.float32)
        self.optimizer.apply([gradient], [self.vector])
        # A skipped step leaves no trace, in the moments neither.
        for variable, old in zip(state, before, strict=True):
            variable.assign(tf.where(skip, old, variable))
        self.store()
        return norm, tf.cast(skip, gradient.dtype)
