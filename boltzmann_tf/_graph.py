"""A user's Python functions in the package's graphs."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

__all__ = ["in_graph"]


def in_graph(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """The function with its Python control flow converted, inline in the caller's graph.

    Not a `tf.function` of its own: its gradient would receive small integers, such as the axes of a
    transposition, from the other side of a call, where XLA does not see that they are constants. It
    would take all that they might depend on, noise and parameters, for constants of the program,
    and compile the step again at every call.
    """

    def inline(*args: tf.Tensor) -> tf.Tensor:
        return function(*args)

    return tf.autograph.to_graph(inline)
