"""Beads that are to move together: gathered, weighed, and moved if they may."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann_tf.potentials._kernels import Compiled
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.sampling._uniform import uniform_open

__all__ = ["accepted_group", "put"]


@formula
def put(group: Any, g: Any, i: Any, q: Any) -> None:
    """Particle i is the g-th of the group, and goes to q."""
    members, slot, to = group
    members[g], slot[i] = i, g
    for k in range(to.shape[0]):
        to[k, g] = q[k]


@functools.lru_cache(maxsize=32)
def accepted_group(compiled: Compiled, dimension: int) -> Callable:
    """Metropolis' choice for a group of `size`: 1 if it moved, 1 if NaN. Empties the group."""
    group_change = compiled.group_change

    @formula
    def accept(x: Any, size: Any, group: Any, t: Any, model: Any, word: Any) -> Any:
        members, slot, to = group
        change = group_change(x, members[:size], slot, to, model[0], model[1])
        log_ratio = -change / t
        yes = log_ratio >= 0 or uniform_open(word) < np.exp(log_ratio)
        for g in range(size):
            i = members[g]
            slot[i] = -1
            if yes:
                for k in range(dimension):
                    x[k, i] = to[k, g]
        return (1 if yes else 0), (1 if np.isnan(log_ratio) else 0)

    return accept
