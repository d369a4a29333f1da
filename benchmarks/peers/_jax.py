"""What the JAX libraries share: networks, losses and loops."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.work import CHUNK, Flow, Work, in_chunks

__all__ = ["JaxFlow", "network"]


def network(layers: Any, activation: Callable, x: jax.Array) -> jax.Array:
    """A multilayer perceptron with a linear output."""
    for kernel, bias in layers[:-1]:
        x = activation(x @ kernel + bias)
    kernel, bias = layers[-1]
    return x @ kernel + bias


def _energy(x: jax.Array) -> jax.Array:
    x1 = x[:, 0]
    u = x1**4 - 6 * x1**2 + x1 + 0.5 * (x[:, 1:] ** 2).sum(1)
    return jnp.where(u < 100, u, 100 + jnp.log1p(jax.nn.relu(u - 100)))


class JaxFlow(Flow):
    """Training and sampling with a pytree of parameters and its two maps.

    Args:
      parameters: pytree of arrays.
      to_x: (parameters, z) to x and log|dx/dz|.
      to_z: (parameters, x) to z and log|dz/dx|.
      work: to do.
    """

    def __init__(self, parameters: Any, to_x: Callable, to_z: Callable, work: Work) -> None:
        self._work = work
        self._arrays = jax.tree.map(jnp.asarray, parameters)
        self.parameters = sum(a.size for a in jax.tree.leaves(self._arrays))
        optimizer = optax.adam(1e-4)
        self._state = optimizer.init(self._arrays)
        self._key = jax.random.key(0)
        data = jnp.asarray(work.data())

        def loss(arrays: Any, key: jax.Array) -> jax.Array:
            first, second = jax.random.split(key)
            x = data[jax.random.randint(first, (work.batch,), 0, len(data))]
            z, log_det = to_z(arrays, x)
            ml = (0.5 * (z**2).sum(1) - log_det).mean()
            x, log_det = to_x(arrays, jax.random.normal(second, (work.batch, work.size)))
            return ml + (_energy(x) - log_det).mean()

        @functools.partial(jax.jit, donate_argnums=(0, 1))
        def step(arrays: Any, state: Any, key: jax.Array) -> tuple[Any, Any, jax.Array]:
            key, own = jax.random.split(key)
            updates, state = optimizer.update(jax.grad(loss)(arrays, own), state, arrays)
            return optax.apply_updates(arrays, updates), state, key

        @jax.jit
        def weigh(arrays: Any, key: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            key, own = jax.random.split(key)
            z = jax.random.normal(own, (CHUNK, work.size))
            x, log_det = to_x(arrays, z)
            return x, 0.5 * (z**2).sum(1) + log_det - _energy(x), key

        @jax.jit
        def density(arrays: Any, x: jax.Array) -> jax.Array:
            z, log_det = to_z(arrays, x)
            return log_det - 0.5 * (z**2).sum(1) - 0.5 * work.size * math.log(2 * math.pi)

        self._step, self._weigh, self._density = step, weigh, density

    def steps(self, n: int) -> None:
        for _ in range(n):
            self._arrays, self._state, self._key = self._step(self._arrays, self._state, self._key)
        jax.block_until_ready(self._arrays)

    def sample(self, n: int) -> np.ndarray:
        parts = []
        for _ in range(n // CHUNK):
            _, log_weight, self._key = self._weigh(self._arrays, self._key)
            parts.append(np.asarray(log_weight))
        return np.concatenate(parts)

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return in_chunks(lambda c: np.asarray(self._density(self._arrays, c)), x)
