"""distrax (JAX): `SplitCoupling`s in a `Chain`."""

from __future__ import annotations

from typing import Any

import jax
from jax._src import core
from jax.interpreters import xla

# distrax imports TFP 0.25's JAX substrate, which looks for this where JAX had it until 0.6.
if not hasattr(xla, "pytype_aval_mappings"):
    xla.pytype_aval_mappings = core.pytype_aval_mappings

import distrax  # noqa: E402

from benchmarks.peers._jax import JaxFlow, network
from benchmarks.work import Flow, Work

__all__ = ["build"]


def build(work: Work) -> Flow:
    """The work's network in distrax."""

    def chain(parameters: Any) -> distrax.Chain:
        def coupling(k: int) -> distrax.Bijector:
            own = parameters[k]
            return distrax.Inverse(
                distrax.SplitCoupling(
                    work.size // 2,
                    1,
                    lambda x: (
                        network(own["shift"], jax.nn.relu, x),
                        network(own["scale"], jax.numpy.tanh, x),
                    ),
                    lambda p: distrax.ScalarAffine(shift=p[0], log_scale=p[1]),
                    swap=k % 2 == 0,
                )
            )

        return distrax.Chain([coupling(k) for k in reversed(range(2 * work.blocks))])

    return JaxFlow(
        work.weights(),
        lambda p, z: chain(p).forward_and_log_det(z),
        lambda p, x: chain(p).inverse_and_log_det(x),
        work,
    )
