"""What a step minimises: losses of a batch of data, and of a batch of generated configurations."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.graph import in_graph
from boltzmann_tf._support.random import uniform
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import Cut, Generated, KullbackLeibler, Loss, Mapped, cut_energy
from boltzmann_tf.training.loss_identity import is_users
from boltzmann_tf.training.step_shape import COUNTED, Data, StepShape

__all__ = ["Objective", "Part", "batch_index", "evaluated", "probed"]

PROBES = 12  # configurations of a batch by which losses are told apart


class Part(NamedTuple):
    """The losses that share a batch.

    Attributes:
      loss: their weighted sum, a scalar.
      values: what was measured, by the names of the metrics, scalars.
    """

    loss: tf.Tensor
    values: dict[str, tf.Tensor]


class Objective:
    """The objective of a step at the generator's present weights, as a sum of two parts.

    Args:
      generator: whose bijector is trained.
    """

    def __init__(self, generator: BoltzmannGenerator) -> None:
        self._generator = generator
        self._energy = in_graph(generator.system.training_energy)

    def parts(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> Iterator[Callable[[], Part]]:
        """The parts, as functions, so that the gradient of each can be taken by itself.

        Args:
          shape: of the step.
          data: configurations, and their conditions.
          control: the scheduled values at this step.
          seed: of the step, `[2]`.
        """
        data_seed, noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        if shape.of_data:
            yield lambda: self._of_data(shape, data, control, data_seed)
        if shape.of_generated:
            yield lambda: self._of_generated(shape, control, noise_seed)

    def _of_data(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> Part:
        index = batch_index(shape, seed, tf.shape(data.x)[0])
        x, condition = tf.gather(data.x, index), None
        if data.condition.shape[-1]:
            condition = tf.gather(data.condition, index)
        z, log_det = self._generator.to_latent(x, condition=condition)
        batch = Mapped(x, z, log_det, self._generator.prior, condition)
        cut = None
        if shape.weighs_data:
            tau = self._temperatures(shape)
            cut = self._cut(shape, x, tau, condition, control)
            batch = batch._replace(energy=cut.energy, temperature=tau)
        loss, values = _weighted(shape.of_data, batch, control)
        return Part(loss, values | _counts(cut))

    def _of_generated(
        self, shape: StepShape, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> Part:
        batch, cut, cost = self._generate(shape, control, seed)
        gauges = {"ess": _ess(batch, self._prior_energy(batch))}
        charged = (lambda: shape.path_cost * tf.reduce_mean(cost)) if shape.path_cost else None
        loss, values = _weighted(shape.of_generated, batch, control, charged)
        if "kl" not in values:
            gauges["kl"] = KullbackLeibler()(batch)
        return Part(loss, values | gauges | _counts(cut))

    def _generate(
        self, shape: StepShape, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tuple[Generated, Cut, tf.Tensor]:
        """A batch of generated configurations, sample i at temperature i modulo their number.

        Returns:
          the batch, its energies after the cut, and the bijector's path cost, `[batch]`.
        """
        n, dtype = len(shape.temperatures), self._generator.dtype
        tau = self._temperatures(shape)
        condition = None
        if shape.condition is not None:
            own = tf.random.experimental.stateless_fold_in(seed, 1)
            condition = shape.condition(shape.generated, own, dtype)
        z = self._generator.prior_sample(shape.generated, tau, seed, condition=condition)
        x, log_det, cost = self._generator.to_configuration_with_cost(z, condition=condition)
        cut = self._cut(shape, x, tau, condition, control)
        return Generated(z, x, log_det, cut.energy, tau, n, condition), cut, cost

    def _temperatures(self, shape: StepShape) -> tf.Tensor:
        """Of the configurations of a batch, one after another in turn."""
        n = len(shape.temperatures)
        tau = tf.constant(shape.temperatures, self._generator.dtype)
        return tf.tile(tau, [shape.generated // n])

    def _cut(
        self,
        shape: StepShape,
        x: tf.Tensor,
        tau: tf.Tensor,
        condition: tf.Tensor | None,
        control: dict[str, tf.Tensor],
    ) -> Cut:
        """Energies of configurations, each at its temperature, after the cut."""
        energy = self._energy
        if self._generator.system.condition_size:
            energy = lambda x: self._energy(x, condition)  # noqa: E731
        high, maximum = control["energy_high"], tf.constant(shape.energy_max, x.dtype)
        return cut_energy(energy, x, tau, high, maximum)

    def _prior_energy(self, batch: Generated) -> tf.Tensor:
        """Of generated samples, each at its temperature, `[batch]`."""
        prior = self._generator.prior
        condition = batch.condition if prior.condition_size else None
        return prior.energy(batch.z, batch.temperature, condition)


def batch_index(shape: StepShape, seed: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
    """Which of `n` data a step takes, with replacement."""
    return uniform([shape.examples], seed, tf.int32, maxval=n)


def evaluated(loss: Loss, batch: Mapped | Generated) -> tf.Tensor:
    """The loss of a batch; a user's with its Python control flow converted, as energies are."""
    value = tf.convert_to_tensor(in_graph(loss)(batch) if is_users(loss) else loss(batch))
    if value.shape.rank not in (0, None) or value.dtype != batch.z.dtype:
        raise ValueError(
            f"{type(loss).__name__} must return a scalar of dtype {batch.z.dtype.name}, got shape "
            f"{value.shape} and dtype {value.dtype.name}"
        )
    return value


def probed(loss: Loss, generator: BoltzmannGenerator, x: tf.Tensor | None = None) -> np.ndarray:
    """The value of a loss for a batch of made-up numbers, by which losses are told apart.

    Args:
      loss: of that generator.
      generator: whose system and bijector give the shapes.
      x: configurations, `[n, *event_shape]`; random ones for None.
    """
    rng, system, dtype = np.random.default_rng(0), generator.system, generator.dtype

    def normal(*shape: int) -> tf.Tensor:
        return tf.constant(rng.standard_normal(shape), dtype)

    x = normal(PROBES, *system.event_shape) if x is None else x
    n, size = len(x), generator.bijector.condition_size
    z, log_det, energy, tau = normal(n, system.event_size), normal(n), normal(n), tf.ones(n, dtype)
    condition = tf.constant(rng.uniform(0.5, 2, (n, size)), dtype) if size else None
    batch: Mapped | Generated = Generated(z, x, log_det, energy, tau, 1, condition)
    if loss.sees == "data":
        batch = Mapped(x, z, log_det, generator.prior, condition, energy, tau)
    return tf.function(functools.partial(evaluated, loss, batch), autograph=False)().numpy()


def _weighted(
    losses: Sequence[Loss],
    batch: Mapped | Generated,
    control: dict[str, tf.Tensor],
    charged: Callable[[], tf.Tensor] | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """The weighted sum of losses, and what is charged besides; and each loss by its name."""
    total: tf.Tensor | None = None
    values: dict[str, tf.Tensor] = {}
    for loss in losses:
        values[loss.name] = evaluated(loss, batch)
        term = control[loss.name] * values[loss.name]
        if total is not None:
            total += term
        else:  # what is charged comes second: the last bits of a sum depend on its order
            total = term if charged is None else term + charged()
    return total, values


def _counts(cut: Cut | None) -> dict[str, tf.Tensor]:
    """How many energies were not finite, and how many of the others have no finite gradient."""
    if cut is None:
        return {}
    counts = (tf.reduce_sum(cut.bad), tf.reduce_sum(cut.lost))
    return dict(zip(COUNTED, counts, strict=False))


def _ess(batch: Generated, prior_energy: tf.Tensor) -> tf.Tensor:
    """Kish's effective fraction of the batch under the training energy: a gauge, not a result."""
    log_weight = -batch.energy + batch.log_det + prior_energy
    # One group of weights a temperature: they have different normalisations.
    groups = tf.reshape(log_weight, [-1, batch.temperatures])
    first = tf.reduce_logsumexp(groups, axis=0)
    second = tf.reduce_logsumexp(2 * groups, axis=0)
    fraction = tf.exp(2 * first - second) / tf.cast(tf.shape(groups)[0], first.dtype)
    return tf.reduce_mean(tf.minimum(fraction, 1.0))  # rounding may lift it above 1
