"""One library's energies and gradients of Lennard-Jones clusters, in a process of its own.

Takes commands from standard input and answers with times, as `benchmarks.worker`. A library is a
function here, from float32 positions `[configurations, 13, 3]` to a function without arguments
that returns energies and gradients as arrays; each of them sees all pairs, without a cut.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import IO, Any

import numpy as np

__all__ = ["LIBRARIES", "clusters", "main"]

CONFIGURATIONS, PARTICLES = 1000, 13

Both = Callable[[], tuple[Any, Any]]


def clusters(seed: int = 0) -> np.ndarray:
    """Icosahedra about a centre, shaken, `[1000, 13, 3]` in float32, without their mean."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll([0.0, a, b * golden], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)]
    r = 1.08 / np.hypot(1, golden) * np.array([np.zeros(3), *corners])
    r = r + np.random.default_rng(seed).normal(scale=0.04, size=(CONFIGURATIONS, PARTICLES, 3))
    return (r - r.mean(1, keepdims=True)).astype(np.float32)


def _ours(r: np.ndarray) -> Both:
    import tensorflow as tf

    from boltzmann_tf.potentials import LennardJones
    from boltzmann_tf.systems import ParticleSystem

    system = ParticleSystem(n=PARTICLES, dimension=3, terms=[LennardJones()])
    # In the coordinates of the system, without the mean; the others' are the positions.
    x = tf.constant(system.configuration(r), tf.float32)

    @tf.function(jit_compile=True, autograph=False)
    def both(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = system.energy(x)
        return u, tape.gradient(u, x)

    return lambda: tuple(v.numpy() for v in both(x))  # type: ignore[return-value]


def _jax(r: np.ndarray, energy: Callable[[Any], Any]) -> Both:
    import jax

    both = jax.jit(jax.vmap(jax.value_and_grad(energy)))
    x = jax.numpy.asarray(r)
    return lambda: jax.block_until_ready(both(x))


def _jax_md(r: np.ndarray) -> Both:
    from jax_md import energy, smap, space

    # `energy.lennard_jones_pair` has a cut, and with an infinite one its gradient is NaN.
    metric = space.canonicalize_displacement_or_metric(space.free()[0])
    return _jax(r, smap.pair(energy.lennard_jones, metric, sigma=1.0, epsilon=1.0))


def _jnp(r: np.ndarray) -> Both:
    first, second = np.triu_indices(PARTICLES, 1)

    def energy(x: Any) -> Any:
        d = x[first] - x[second]
        sixth = (1 / (d * d).sum(-1)) ** 3
        return (4 * sixth * (sixth - 1)).sum()

    return _jax(r, energy)


def _torch(r: np.ndarray) -> Both:
    import torch

    first, second = map(torch.as_tensor, np.triu_indices(PARTICLES, 1))
    x = torch.as_tensor(r).requires_grad_()

    def both() -> tuple[Any, Any]:
        d = x[:, first] - x[:, second]
        sixth = (1 / (d * d).sum(-1)) ** 3
        u = (4 * sixth * (sixth - 1)).sum(-1)
        return u.detach(), torch.autograd.grad(u.sum(), x)[0]

    return both


LIBRARIES: dict[str, Callable[[np.ndarray], Both]] = {
    "boltzmann_tf": _ours,
    "jax-md": _jax_md,
    "JAX, pairs by index": _jnp,
    "PyTorch, eager, pairs by index": _torch,
}


def _serve(commands: IO[str], answers: IO[str], label: str) -> None:
    def answer(**values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    both = LIBRARIES[label](clusters())
    both()
    answer(ready=time.time())
    for line in commands:
        command, n = json.loads(line)
        if command == "agree":
            u, gradient = (np.asarray(v, np.float64) for v in both())
            # Orthonormal coordinates leave the length of a gradient as it is.
            length = np.linalg.norm(gradient.reshape(len(u), -1), axis=1)
            answer(energy=u[:8].tolist(), force=length[:8].tolist())
            continue
        best = float("inf")  # a call takes a millisecond, less than a turn of another process
        for _ in range(n):
            start = time.perf_counter()
            both()
            best = min(best, time.perf_counter() - start)
        answer(seconds=best)


def main() -> None:
    """`python -m benchmarks.cluster_worker LIBRARY`."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        _serve(sys.stdin, answers, sys.argv[1])


if __name__ == "__main__":
    main()
