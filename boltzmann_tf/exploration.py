"""Adaptive exploration: training on a buffer that Metropolis steps in latent space carry along.

Noé et al. 2019, "adaptive sampling" (figure 4 of the notebooks). From configurations of one state,
each iteration trains on a batch of the buffer by example and on generated ones by energy, then
moves that batch by a Metropolis step in the latent space of the network as it is now. What the
steps find is what the network learns next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._checks import finite_array, instance, positive, positive_int, seed_int
from boltzmann_tf._graph import in_graph, with_xla
from boltzmann_tf._random import normal, uniform
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.stages import History, Stage
from boltzmann_tf.step_shape import Data, StepShape
from boltzmann_tf.steps import TrainingStep

__all__ = ["Explorer"]

WINDOW = 50  # iterations whose acceptance the step size follows; fixed before that
RAISE, LOWER = 0.2, 0.02  # acceptance above which steps grow, below which they shrink
LARGEST, SMALLEST = 1.0, 0.001


class Explorer:
    """A generator, a buffer of configurations, and the loop that extends both.

    Call `run` as often as you like and look at `buffer` in between.

    Args:
      generator: unconditional, with the standard normal prior; trained in place.
      initial: configurations of the known state, `[n, *event_shape]`.
      capacity: of the buffer, which starts with draws from `initial`.
      optimizer: a new Keras optimiser; Adam for None.
      step_size: of the latent moves at the start, in units of sqrt(tau). After 50 iterations it
        grows by 2 % an iteration where the acceptance of the last 50 is above 0.2, to at most 1,
        and shrinks where it is below 0.02, as published.
      temperature: tau of the moves.
      relabel: applied to what has moved between calls of the compiled loop, and to `initial`; from
        and to `[n, *event_shape]`, say `sampling.relabel` of identical particles; None for nothing.
      seed: of everything.
      steps_per_call: iterations between two of them.
      jit_compile: as in `Trainer`.
    """

    def __init__(
        self,
        generator: BoltzmannGenerator,
        initial: Any,
        *,
        capacity: int = 10_000,
        optimizer: keras.optimizers.Optimizer | None = None,
        step_size: float = 0.1,
        temperature: float = 1.0,
        relabel: Callable[[np.ndarray], np.ndarray] | None = None,
        seed: int = 0,
        steps_per_call: int = 10,
        jit_compile: bool | str = "auto",
    ) -> None:
        instance("generator", generator, BoltzmannGenerator)
        if generator.prior is not None or generator.bijector.condition_size:
            raise ValueError(
                "generator must be unconditional with the standard normal prior, got "
                f"condition_size={generator.bijector.condition_size} and prior={generator.prior}"
            )
        shape = generator.system.event_shape
        dtype = generator.dtype.as_numpy_dtype
        x = finite_array("initial", initial, ndim=1 + len(shape), dtype=dtype)
        if x.shape[1:] != shape:
            raise ValueError(
                f"initial must have shape [n, {', '.join(map(str, shape))}], got {x.shape}"
            )
        x = x if relabel is None else relabel(x)
        self.generator = generator
        self.seed = seed_int("seed", seed)
        self.steps_per_call = positive_int("steps_per_call", steps_per_call)
        chosen = np.random.default_rng(seed).integers(
            len(x), size=positive_int("capacity", capacity)
        )
        self._relabel = relabel
        optimizer = keras.optimizers.Adam() if optimizer is None else optimizer
        instance("optimizer", optimizer, keras.optimizers.Optimizer)
        self._step = _ExplorationStep(
            generator,
            optimizer,
            self.steps_per_call,
            x[chosen],
            positive("step_size", step_size),
            positive("temperature", temperature),
            jit_compile=with_xla(generator.bijector, jit_compile=jit_compile),
        )
        self._ordered = self.buffer
        self.history = History()
        self._traces: list[np.ndarray] = []

    @property
    def buffer(self) -> np.ndarray:
        """The configurations as they are now, `[capacity, *event_shape]`."""
        return np.array(self._step.buffer.numpy())  # a copy: TensorFlow may share its memory

    @property
    def acceptance(self) -> np.ndarray:
        """Of the latent moves at each iteration so far."""
        return np.concatenate([np.zeros(0), *(t[:, 0] for t in self._traces)])

    @property
    def step_size(self) -> np.ndarray:
        """Of the latent moves at each iteration so far."""
        return np.concatenate([np.zeros(0), *(t[:, 1] for t in self._traces)])

    def run(self, stage: Stage) -> History:
        """Trains and moves for the iterations of a stage; the optimiser goes on where it was.

        Args:
          stage: loss weights, batch size, learning rate; its likelihood is of the buffer.

        Returns:
          The history of all iterations so far, `energy_evaluations` of losses and moves included.
        """
        instance("stage", stage, Stage)
        controls = np.stack(list(stage.controls().values()), axis=1)
        shape = stage.shape()
        if shape.condition is not None or not shape.ml:
            raise ValueError("stage must train on the buffer, ml > 0, without a condition")
        nothing = Data(tf.zeros([1]), tf.zeros([1, 0], self.generator.dtype))
        self._step.load_parameters()
        for start in range(0, stage.iterations, self.steps_per_call):
            block = controls[start : start + self.steps_per_call]
            metrics = self._step(shape, nothing, block, self.seed, len(self.history))
            self.history.append(metrics)
            self._traces.append(self._step.trace.numpy()[: len(block)])
            # Of the loss, and of each moved configuration before and after.
            each = self._step.energies_per_step(shape) + 2 * shape.batch_size
            self.history.energy_evaluations += len(block) * each
            if self._relabel is not None:
                self._put_in_order()
        return self.history

    def _put_in_order(self) -> None:
        """Relabels what has moved since the last time."""
        buffer = self.buffer
        axes = tuple(range(1, buffer.ndim))
        moved = np.any(buffer != self._ordered, axis=axes)
        if np.any(moved):
            buffer[moved] = self._relabel(buffer[moved])  # type: ignore[misc]
            self._step.buffer.assign(buffer)
        self._ordered = buffer


class _ExplorationStep(TrainingStep):
    """A training step on the buffer, followed by a Metropolis step of its batch."""

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        buffer: np.ndarray,
        step_size: float,
        temperature: float,
        *,
        jit_compile: bool,
    ) -> None:
        super().__init__(generator, optimizer, steps_per_call, jit_compile=jit_compile)
        dtype = generator.dtype
        self.buffer = tf.Variable(buffer, dtype=dtype)
        self.trace = tf.Variable(tf.zeros([steps_per_call, 2], dtype))
        self._true_energy = in_graph(generator.system.energy)
        self._temperature = temperature
        self._size = tf.Variable(step_size, dtype=dtype)
        self._accepted = tf.Variable(tf.zeros([WINDOW], dtype))
        self._iteration = tf.Variable(0)

    def _step(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tf.Tensor:
        buffer = tf.convert_to_tensor(self.buffer)
        metrics = super()._step(shape, data._replace(x=buffer), control, seed)
        # The seed from which the loss took its batch.
        data_seed, noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        index = uniform([shape.batch_size], data_seed, tf.int32, maxval=tf.shape(buffer)[0])
        x, accepted = self._move(tf.gather(buffer, index), noise_seed)
        self.buffer.scatter_update(tf.IndexedSlices(x, index))
        self._adapt(accepted)
        return metrics

    def _move(self, x: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A Metropolis step in z of exp(-u / tau) |dx/dz|, with the network as it is now."""
        generator = self._generator
        noise, choice = tf.unstack(
            tf.random.experimental.stateless_split(
                tf.random.experimental.stateless_fold_in(seed, 7), 2
            )
        )
        tau = tf.constant(self._temperature, x.dtype)
        z, inverse_log_det = generator.to_latent(x)
        proposed = z + self._size * tf.sqrt(tau) * normal(tf.shape(z), noise, x.dtype)
        y, log_det = generator.to_configuration(proposed)
        log_ratio = log_det + inverse_log_det
        log_ratio += (self._true_energy(x) - self._true_energy(y)) / tau
        # A NaN is a rejection; so is a configuration that left the numbers.
        finite = tf.reduce_all(tf.math.is_finite(tf.reshape(y, [tf.shape(y)[0], -1])), axis=-1)
        threshold = tf.math.log(uniform(tf.shape(log_ratio), choice, x.dtype))
        accepted = (threshold < log_ratio) & finite
        mask = tf.reshape(accepted, [-1] + [1] * (x.shape.rank - 1))
        return tf.where(mask, y, x), tf.reduce_mean(tf.cast(accepted, x.dtype))

    def _adapt(self, accepted: tf.Tensor) -> None:
        """Writes the trace and follows the acceptance."""
        place = self._iteration % self._steps_per_call
        row = tf.stack([accepted, tf.convert_to_tensor(self._size)])
        self.trace.scatter_update(tf.IndexedSlices(row[None], place[None]))
        slot = self._iteration % WINDOW
        self._accepted.scatter_update(tf.IndexedSlices(accepted[None], slot[None]))
        self._iteration.assign_add(1)
        mean = tf.reduce_mean(self._accepted)
        factor = tf.where(mean > RAISE, 1.02, tf.where(mean < LOWER, 0.98, 1.0))
        factor = tf.where(self._iteration < WINDOW, 1.0, factor)
        size = tf.clip_by_value(self._size * tf.cast(factor, mean.dtype), SMALLEST, LARGEST)
        self._size.assign(size)
