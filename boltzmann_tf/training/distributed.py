"""The training step on several devices or machines, by `tf.distribute`.

Data parallelism: every replica forms the gradient of its share of the batch in compiled code of
its own, the gradients are averaged, and the update is the one of `steps`.
"""

from __future__ import annotations

import dataclasses
import functools

import keras
import tensorflow as tf

from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.step_shape import COUNTED, Data, StepShape
from boltzmann_tf.training.steps import TrainingStep

__all__ = ["DistributedStep"]


class DistributedStep(TrainingStep):
    """As `TrainingStep`, with the batch shared among the replicas of a strategy.

    Each replica takes its loss over its own share, and the losses are averaged: J_RC's histograms
    and the weights of a weighted J_ML are those of a share.

    Args:
      generator: whose bijector is trained; built inside `strategy.scope()`, so that every replica
        holds a copy of its variables.
      optimizer: a Keras optimiser.
      steps_per_call: the most steps of one call.
      strategy: a synchronous strategy, such as `tf.distribute.MirroredStrategy`.
      jit_compile: whether XLA compiles what one replica does; it cannot compile the exchange.
    """

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        strategy: tf.distribute.Strategy,
        *,
        jit_compile: bool = True,
    ) -> None:
        self._strategy = strategy
        self.replicas = int(strategy.num_replicas_in_sync)
        for variable in generator.bijector.variables:
            if self.replicas > 1 and not isinstance(variable, tf.distribute.DistributedValues):
                raise ValueError(
                    "generator must be built inside strategy.scope(), got the variable "
                    f"{variable.name} on one device for {self.replicas} replicas"
                )
        super().__init__(generator, optimizer, steps_per_call, jit_compile=False)
        self._jit_replica = jit_compile

    def loss_energies(self, shape: StepShape) -> int:
        """Energies that a step's losses ask for, over all replicas."""
        return self.replicas * self._share(shape).energies_per_step

    def _share(self, shape: StepShape) -> StepShape:
        """What one replica does."""
        share, rest = divmod(shape.batch_size, self.replicas)
        if rest or share < len(shape.temperatures):
            raise ValueError(
                f"batch_size must be a multiple of the {self.replicas} replicas, with at least "
                f"{len(shape.temperatures)} samples for each, got {shape.batch_size}"
            )
        return dataclasses.replace(shape, batch_size=share)

    def _gradient(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        share = self._share(shape)
        compiled = tf.function(
            functools.partial(super()._gradient, share),
            jit_compile=self._jit_replica,
            autograph=False,
        )

        def replica() -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            # One replica sees the noise that it would see without a strategy.
            own = seed
            if self.replicas > 1:
                own = tf.random.experimental.stateless_fold_in(seed, tf.cast(index, tf.int32))
            return compiled(data, control, own)

        results = self._strategy.run(replica)
        gradient, values = tf.nest.map_structure(
            lambda v: self._strategy.reduce(tf.distribute.ReduceOp.MEAN, v, axis=None), results
        )
        for name in COUNTED:
            values[name] *= self.replicas
        return gradient, values
