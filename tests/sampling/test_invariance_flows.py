"""Kernels that walk in configurations or through a flow leave the double well's density invariant.

From exact samples of `exact.DoubleWell`; the flow is an untrained one whose Jacobian is far from
constant. Annealing's Hamiltonian moves are between densities that have no exact samples; what they
leave is log Z and weighted averages, which `test_annealing` compares with closed forms, with a
planted error of its own.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf
from invariance import Kernel, both, leaves_its_target, planted_error_is_seen

from boltzmann_tf import BoltzmannGenerator, Samples, realnvp, sampling
from boltzmann_tf.systems import DoubleWell
from boltzmann_tf.training.explorer import Explorer

REPLICAS = 20_000
TAU = 1.5


class Well(DoubleWell):
    """A low barrier, so that a few steps cross it."""

    def __init__(self):
        super().__init__(a4=1.0, a2=2.0, a1=0.5, k=1.0)


class Steeper(Well):
    """The planted error of a walk that knows no flow."""

    def energy(self, x):
        return 1.25 * super().energy(x)


class WithoutJacobian(BoltzmannGenerator):
    """The planted error of a walk through a flow, that of the published one: no Jacobian."""

    def to_configuration(self, z, *, condition=None):
        x, log_det = super().to_configuration(z, condition=condition)
        return x, 0.0 * log_det


@functools.cache
def generator(kind=BoltzmannGenerator):
    flow = realnvp(2, blocks=1, hidden=(8,), seed=3)
    for v in flow.trainable_variables:
        v.assign(v * 2.0 + 0.1)
    return kind(Well(), flow)


def start(seed):
    return Well().exact.sample(REPLICAS, TAU, seed).astype(np.float32)


def statistics(x):
    x = x.astype(np.float64)
    a, b = x[:, 0], x[:, 1]
    u = np.asarray(WELL.energy(x))
    return np.stack([a, a**2, a > 0, b, b**2, a * b, a**2 * b, u, u**2], axis=1)


def walk(x, seed, system=None):
    options = {"n_steps": 6, "step_size": 0.7, "temperature": TAU, "seed": seed}
    return sampling.metropolis(system or WELL, x, stride=6, **options).x[:, -1]


def latent_walk(x, seed, kind=BoltzmannGenerator):
    options = {"n_steps": 6, "step_size": 0.7, "temperature": TAU, "seed": seed}
    return sampling.latent_metropolis(generator(kind), x, stride=6, **options).x[:, -1]


class Given(BoltzmannGenerator):
    """Its `sample` gives what was put there: exact samples and the flow's by turns."""

    given: Samples

    def sample(self, n, *args, **options):
        return Samples(*(part[:n] for part in self.given))


def independent(x, seed, lost=0.0):
    """Chains of three proposals each, that begin at the exact samples; `lost` of the Jacobian."""
    made = generator(Given)
    drawn = BoltzmannGenerator.sample(made, 3 * len(x), TAU, seed=seed)
    # log w = -u / tau - log q, and log q = log prior - log |dx / dz|.
    weight = drawn.log_weight - lost * made.to_configuration(drawn.z)[1].numpy()
    first = made.log_weight(x, TAU) + lost * made.to_latent(x)[1].numpy()
    out = np.empty_like(x)
    for i in range(len(x)):
        rows = slice(3 * i, 3 * i + 3)
        made.given = Samples(
            drawn.z[:4],
            np.concatenate([x[i : i + 1], drawn.x[rows]]),
            drawn.log_q[:4],
            drawn.energy[:4],
            np.concatenate([first[i : i + 1], weight[rows]]),
        )
        out[i] = sampling.independence_chain(made, 3, temperature=TAU, seed=i).x[-1]
    return out


def explored(x, seed, kind=BoltzmannGenerator):
    step = explorer(kind)._step
    move = tf.function(step._move)
    for i in range(6):
        x = move(tf.convert_to_tensor(x), tf.constant([seed, i]))[0]
    return x.numpy()


@functools.cache
def explorer(kind):
    options = {"capacity": 8, "step_size": 0.7, "temperature": TAU}
    return Explorer(generator(kind), np.zeros((8, 2), np.float32), **options)


WELL, STEEPER = Well(), Steeper()


def flow(move):
    return Kernel(
        start, move, statistics, lambda patch: functools.partial(move, kind=WithoutJacobian)
    )


KERNELS = {
    "metropolis": Kernel(
        start, walk, statistics, lambda patch: functools.partial(walk, system=STEEPER)
    ),
    "latent metropolis": flow(latent_walk),
    "exploration": flow(explored),
    "independence chain": Kernel(
        start, independent, statistics, lambda patch: functools.partial(independent, lost=1.0)
    ),
}


@pytest.mark.parametrize(("kernel", "planted"), both(KERNELS))
def test_the_target_is_invariant(kernel, planted, monkeypatch):
    if planted:
        planted_error_is_seen(kernel, monkeypatch)
    else:
        leaves_its_target(kernel)
