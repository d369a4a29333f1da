"""flowjax (JAX): `Coupling`s in a `Chain`, with the work's two networks as conditioner."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import paramax
from flowjax.bijections import Affine, Chain, Coupling, Invert, Permute

from benchmarks.peers._jax import JaxFlow, network
from benchmarks.work import Flow, Work

__all__ = ["build"]


class _Parameters(eqx.Module):
    """Shift and log-scale of each moving coordinate, interleaved."""

    networks: Any

    def __call__(self, x: jax.Array) -> jax.Array:
        shift = network(self.networks["shift"], jax.nn.relu, x)
        scale = network(self.networks["scale"], jnp.tanh, x)
        return jnp.stack([shift, scale], -1).ravel()


def build(work: Work) -> Flow:
    """The work's network in flowjax."""
    half = work.size // 2
    affine = eqx.tree_at(lambda a: a.scale, Affine(), paramax.Parameterize(jnp.exp, jnp.zeros(())))
    plain = Coupling(
        jax.random.key(0),
        transformer=affine,
        untransformed_dim=half,
        dim=work.size,
        nn_width=1,
        nn_depth=1,
    )
    swap = Permute(jnp.roll(jnp.arange(work.size), half))

    def chain(parameters: Any) -> Chain:
        parts = []
        for k, own in enumerate(parameters):
            coupling = Invert(eqx.tree_at(lambda c: c.conditioner, plain, _Parameters(own)))
            parts += [coupling] if k % 2 else [swap, coupling, swap]
        return paramax.unwrap(Chain(parts))

    return JaxFlow(
        work.weights(),
        lambda p, z: jax.vmap(chain(p).transform_and_log_det)(z),
        lambda p, x: jax.vmap(chain(p).inverse_and_log_det)(x),
        work,
    )
