"""What the package compiles, and how a user's functions get into it."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from boltzmann_tf.bijectors import Bijector

__all__ = ["in_graph", "with_xla"]


def with_xla(bijector: Bijector, *, jit_compile: bool | str) -> bool:
    """Whether XLA compiles functions of the bijector: as told, or where it is the better one."""
    if jit_compile not in (True, False, "auto"):
        raise ValueError(f"jit_compile must be True, False or 'auto', got {jit_compile!r}")
    return bijector.compiles_with_xla if jit_compile == "auto" else bool(jit_compile)


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
