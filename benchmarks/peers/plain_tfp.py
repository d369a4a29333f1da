"""TensorFlow Probability alone: `tfb.RealNVP` in a `tfb.Chain`, in a `tf.function`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
import tf_keras

from benchmarks.work import CHUNK, Flow, Layers, Work, in_chunks

__all__ = ["build"]

tfb, tfd = tfp.bijectors, tfp.distributions


class _Network(tf.Module):
    def __init__(self, layers: Layers, activation: Callable) -> None:
        self.layers = [(tf.Variable(kernel), tf.Variable(bias)) for kernel, bias in layers]
        self.activation = activation

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        for kernel, bias in self.layers[:-1]:
            x = self.activation(x @ kernel + bias)
        kernel, bias = self.layers[-1]
        return x @ kernel + bias


class _Parameters(tf.Module):
    def __init__(self, coupling: dict[str, Layers]) -> None:
        self.shift = _Network(coupling["shift"], tf.nn.relu)
        self.scale = _Network(coupling["scale"], tf.tanh)

    def __call__(self, x: tf.Tensor, _: int, **__: object) -> tuple[tf.Tensor, tf.Tensor]:
        return self.shift(x), self.scale(x)


def _energy(x: tf.Tensor) -> tf.Tensor:
    x1 = x[:, 0]
    u = x1**4 - 6 * x1**2 + x1 + 0.5 * tf.reduce_sum(x[:, 1:] ** 2, axis=-1)
    return tf.where(u < 100, u, 100 + tf.math.log1p(tf.nn.relu(u - 100)))


class PlainTFP(Flow):
    def __init__(self, work: Work, *, xla: bool) -> None:
        half = work.size // 2
        couplings = [
            tfb.Invert(
                tfb.RealNVP(half if k % 2 else -half, shift_and_log_scale_fn=_Parameters(coupling))
            )
            for k, coupling in enumerate(work.weights())
        ]
        flow = tfb.Chain(couplings[::-1])
        base = tfd.MultivariateNormalDiag(tf.zeros(work.size))
        model = tfd.TransformedDistribution(base, flow)
        variables = list(model.trainable_variables)
        optimizer = tf_keras.optimizers.Adam(1e-4, jit_compile=False)
        optimizer.build(variables)
        data = tf.constant(work.data())
        self.parameters = sum(int(np.prod(v.shape)) for v in variables)
        self._work = work
        self._seed = 0

        @tf.function(jit_compile=xla)
        def step(seed: tf.Tensor) -> None:
            index = tf.random.stateless_uniform([work.batch], seed, 0, len(data), tf.int32)
            z = tf.random.stateless_normal([work.batch, work.size], seed)
            with tf.GradientTape() as tape:
                ml = -tf.reduce_mean(model.log_prob(tf.gather(data, index)))
                x, log_det = flow.forward(z), flow.forward_log_det_jacobian(z, 1)
                loss = ml + tf.reduce_mean(_energy(x) - log_det)
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

        @tf.function(jit_compile=xla)
        def weigh(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            z = tf.random.stateless_normal([CHUNK, work.size], seed)
            x, log_det = flow.forward(z), flow.forward_log_det_jacobian(z, 1)
            return x, 0.5 * tf.reduce_sum(z**2, axis=-1) + log_det - _energy(x)

        self._step, self._weigh = step, weigh
        self._density = tf.function(model.log_prob, jit_compile=xla)

    def _next(self) -> tf.Tensor:
        self._seed += 1
        return tf.constant([0, self._seed])

    def steps(self, n: int) -> None:
        for _ in range(n):
            self._step(self._next())

    def sample(self, n: int) -> np.ndarray:
        return np.concatenate([self._weigh(self._next())[1].numpy() for _ in range(n // CHUNK)])

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return in_chunks(lambda c: self._density(tf.constant(c)).numpy(), x)


def build(work: Work, *, xla: bool) -> Flow:
    """The work's network in TensorFlow Probability."""
    return PlainTFP(work, xla=xla)
