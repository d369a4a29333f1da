"""Two ways to a generator of two coupled boxes: `python -m benchmarks gibbs_joint`.

Summed: one generator q(x | n, v) of a box, trained over all n and v; Q(n, v) by its weights, N1 and
V1 by exact summation, joint states drawn from the sum. Learned: as one might first think of it,
networks for N1, for V1 given N1 and for both boxes, trained together on the joint energy

    E[ln q(N1) + ln q(V1 | N1) + ln q(x1) + ln q(x2) + U1 + U2 - N1 ln V1 - N2 ln V2 + ln N1! N2!],

the sum over N1 taken exactly, V1 and the boxes by samples. Both see as many energies in training.
The fluid is that of `gibbs`, Lennard-Jones neighbours with an attraction, whose joint distribution
is known.
"""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.special import gammaln

from boltzmann_tf import (
    BoltzmannGenerator,
    Cosine,
    Stage,
    Trainer,
    estimators,
    exact,
    priors,
    sampling,
)
from boltzmann_tf.bijectors import GapFlow, splines
from boltzmann_tf.potentials import LennardJones
from boltzmann_tf.systems import NeighbourLine
from boltzmann_tf.training.conditions import BoxStates

__all__ = ["run"]

N, VOLUME = 12, 33.0
STEPS, BATCH = 500, 39 * (N + 1)  # of both boxes each
DRAWN = 20_000
BINS = 24  # of the spline of V1, for each N1


def _system() -> NeighbourLine:
    return NeighbourLine(N, LennardJones(), core=0.8, attraction=3.0, itself=False)


def _generator(seed: int) -> BoltzmannGenerator:
    system = _system()
    flow = GapFlow(N, system.pairs, core=0.8, seed=seed)
    return BoltzmannGenerator(system, flow, priors.UniformBox(np.zeros(N), np.ones(N)))


class Learned(tf.Module):
    """q(N1) and q(V1 | N1) beside the generator of a box, which both boxes share."""

    def __init__(self, generator: BoltzmannGenerator) -> None:
        super().__init__()
        self.generator, self.system = generator, generator.system
        self.logits = tf.Variable(tf.zeros([N + 1]))
        self.knots = tf.Variable(tf.zeros([N + 1, 3 * BINS + 1]))
        self.least = tf.constant([self.system.least_volume(n) for n in range(N + 1)], tf.float32)

    def volumes(self, n: tf.Tensor, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """V1 of uniform numbers, and its log-density."""
        low = tf.gather(self.least, n)
        room = VOLUME - low - tf.gather(self.least, N - n)
        knots = splines.free_knots(tf.gather(self.knots, n), BINS, 1.0)
        moved, log_slope = splines.spline_forward(2 * u - 1, knots, 1.0)
        return low + room * 0.5 * (moved + 1), -log_slope - tf.math.log(room)

    def terms(self, n: tf.Tensor, u: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        """Minus the log-weight of joint states, given N1, without ln q(N1)."""
        v, log_q = self.volumes(n, u)
        total = log_q
        for k, (count, volume) in enumerate(((n, v), (N - n, VOLUME - v))):
            count = tf.cast(count, tf.float32)
            c = tf.stack([count, volume], axis=-1)
            x, log_det = self.generator.bijector.forward_and_log_det(z[k], condition=c)
            total += self.system.training_energy(x, c) - log_det
            total += tf.math.lgamma(count + 1) - count * tf.math.log(volume)
        return total

    @tf.function(jit_compile=True)
    def loss_and_gradients(self, seed: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Of a batch with each N1 as often."""
        n = tf.repeat(tf.range(N + 1), BATCH // (N + 1))
        u = tf.random.stateless_uniform([BATCH], seed, 1e-6, 1 - 1e-6)
        z = tf.random.stateless_uniform([2, BATCH, N], seed + 1)
        variables = [self.logits, self.knots, *self.generator.bijector.trainable_variables]
        with tf.GradientTape() as tape:
            each = tf.reshape(self.terms(n, u, z), [N + 1, -1])
            each = tf.where(each > 1e3, 1e3 + tf.math.log(each / 1e3), each)
            log_p = tf.nn.log_softmax(self.logits)
            loss = tf.reduce_sum(tf.exp(log_p) * (log_p + tf.reduce_mean(each, axis=1)))
        return loss, tape.gradient(loss, variables)

    def train(self, seed: int) -> None:
        """By the joint energy."""
        variables = [self.logits, self.knots, *self.generator.bijector.trainable_variables]
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, STEPS, warmup_target=8e-3, warmup_steps=75
        )
        optimizer = keras.optimizers.Adam(rate, global_clipnorm=10.0)
        for step in range(STEPS):
            _, gradients = self.loss_and_gradients(tf.constant([seed, 2 * step]))
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """N1 of joint states, and their log-weights."""
        log_p = tf.nn.log_softmax(self.logits).numpy().astype(np.float64)
        rng = np.random.default_rng(seed)
        n = rng.choice(N + 1, DRAWN, p=np.exp(log_p) / np.exp(log_p).sum()).astype(np.int32)
        u = rng.uniform(1e-6, 1 - 1e-6, DRAWN).astype(np.float32)
        v, log_q = (np.asarray(a, np.float64) for a in self.volumes(tf.constant(n), tf.constant(u)))
        log_weight = -log_q - log_p[n]
        for k, (count, volume) in enumerate(((n, v), (N - n, VOLUME - v))):
            condition = np.stack([count, volume], axis=1).astype(np.float64)
            found = self.generator.sample(DRAWN, seed=seed + 1 + k, condition=condition)
            log_weight += found.log_weight + count * np.log(volume) - gammaln(count + 1)
        return n, log_weight


def _summed(seed: int) -> tuple[BoltzmannGenerator, float]:
    generator = _generator(seed)
    condition = BoxStates.of(generator.system, volume=VOLUME)
    stage = Stage(
        STEPS, 2 * BATCH, Cosine(8e-3, warmup=0.05), ml=0.0, kl=1.0, energy_high=1e3,
        clip_norm=10.0, condition=condition,
    )  # fmt: skip
    start = time.process_time()
    Trainer(generator, seed=seed).fit(None, stage, verbose=0)
    return generator, time.process_time() - start


def run(repeats: int = 1) -> dict[str, Any]:
    """Trains both once for each of `repeats` seeds.

    Returns:
      for each way the joint effective fraction, log Z less the exact one, the largest error of
      P(N1) and CPU seconds of training: means over the seeds.
    """
    fluid = exact.NeighbourPoints(lambda r: 4 * (r**-12.0 - r**-6.0), VOLUME, attraction=3.0)
    known = exact.GibbsJoint(fluid, N, VOLUME)
    p = known.number_probabilities()
    rows: dict[str, list[dict[str, float]]] = {"summed": [], "learned": []}
    for seed in range(repeats):
        generator, seconds = _summed(seed)
        surfaces = sampling.state_surfaces(generator, N, VOLUME, n_samples=200, seed=seed)
        joint = surfaces.joint(N, VOLUME)
        both = sampling.gibbs_samples(generator, joint, DRAWN, seed=seed)
        rows["summed"].append(
            {
                "joint_ess": float(estimators.ess_fraction(both.log_weight)),
                "log_z_error": joint.log_z - known.log_z,
                "largest_error_of_P(N1)": float(np.abs(joint.number_probabilities() - p).max()),
                "cpu_s": seconds,
            }
        )
        learned, start = Learned(_generator(seed)), time.process_time()
        learned.train(seed)
        seconds = time.process_time() - start
        n, log_weight = learned.draw(seed)
        counted = estimators.weighted_average(n[:, None] == np.arange(N + 1), log_weight)
        rows["learned"].append(
            {
                "joint_ess": float(estimators.ess_fraction(log_weight)),
                "log_z_error": estimators.log_z(log_weight).value - known.log_z,
                "largest_error_of_P(N1)": float(np.abs(counted.value - p).max()),
                "cpu_s": seconds,
            }
        )
    return {
        way: {key: float(np.mean([row[key] for row in each])) for key in each[0]}
        for way, each in rows.items()
    }
