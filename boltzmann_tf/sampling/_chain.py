"""The compiled chain of random-walk Metropolis.

Not `tfp.mcmc`'s kernel. That draws the number it accepts by in the precision of the log-density,
and one of float32 is exactly 0 once in 2^23 draws, which accepts any move (`_random.log_uniform`).
It also takes the random numbers that XLA is slow at, and with them 1.7 times the time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._graph import kept
from boltzmann_tf._random import log_uniform, normal

__all__ = ["Target", "kernel"]


class Target(NamedTuple):
    """What chains walk on.

    Attributes:
      log_prob: from `[chains, ...]` and `argument` to `[chains]`, in TF ops.
      owner: of the compiled functions, which live as long as it does.
      argument: of `log_prob`, which may differ from run to run of one compiled function.
      jit_compile: whether XLA compiles it.
      remedy: for energies that are too large for their precision.
      numbers: that became constants of the compiled functions, see `numbers_of`.
    """

    log_prob: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    owner: Any
    argument: tf.Tensor
    jit_compile: bool
    remedy: str
    numbers: Hashable = ()


def kernel(target: Target, n_stored: int) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The compiled chain, of whatever stride; kept with its owner.

    It returns the stored states and their log-densities, and of each chain how many of all its
    steps were accepted, and rejected for a log-density that is no number.
    """

    def chain(
        state: tf.Tensor, size: tf.Tensor, seed: tf.Tensor, stride: tf.Tensor, argument: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        n = state.shape[0]

        def log_prob(x: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(tf.cast(target.log_prob(x, argument), tf.float64), [n])

        def step(
            k: tf.Tensor,
            state: tf.Tensor,
            value: tf.Tensor,
            accepted: tf.Tensor,
            not_finite: tf.Tensor,
        ) -> tuple[tf.Tensor, ...]:
            own = tf.random.experimental.stateless_fold_in(seed, k)
            noise, choice = tf.unstack(tf.random.experimental.stateless_split(own, 2))
            proposed = state + size * normal(state.shape, noise, state.dtype)
            after = log_prob(proposed)
            bad = tf.math.is_nan(after) | (after == np.inf)
            taken = (log_uniform([n], choice) < after - value) & ~bad
            mask = tf.reshape(taken, [n] + [1] * (state.shape.rank - 1))
            return (
                k + 1,
                tf.where(mask, proposed, state),
                tf.where(taken, after, value),
                # Counted in integers: a float32 stands still at 2^24.
                accepted + tf.cast(taken, tf.int32),
                not_finite + tf.cast(bad, tf.int32),
            )

        def draw(
            i: tf.Tensor, carried: tuple[tf.Tensor, ...], x: tf.TensorArray, values: tf.TensorArray
        ) -> tuple[Any, ...]:
            end = (i + 1) * stride
            carried = tf.while_loop(
                lambda k, *_: k < end, step, (i * stride, *carried), parallel_iterations=1
            )[1:]
            return i + 1, carried, x.write(i, carried[0]), values.write(i, carried[1])

        none = tf.zeros([n], tf.int32)
        _, (_, _, accepted, not_finite), x, values = tf.while_loop(
            lambda i, *_: i < n_stored,
            draw,
            (
                tf.constant(0),
                (state, log_prob(state), none, none),
                tf.TensorArray(state.dtype, n_stored, element_shape=state.shape),
                tf.TensorArray(tf.float64, n_stored, element_shape=[n]),
            ),
            parallel_iterations=1,
        )
        return x.stack(), values.stack(), accepted, not_finite

    def make() -> Callable[..., tuple[tf.Tensor, ...]]:
        # A partial, as in `steps`: no warning of retracing with the fifth chain. Without AutoGraph,
        # which a user's functions get by themselves.
        return tf.function(
            functools.partial(chain), jit_compile=target.jit_compile, autograph=False
        )

    return kept(target.owner, ("chain", n_stored, target.jit_compile, target.numbers), make)
