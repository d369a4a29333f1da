"""The compiled training step: losses, gradient and optimiser in one function, many steps a call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.graph import in_graph, numbers_of
from boltzmann_tf._support.random import uniform
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import (
    Cut,
    Generated,
    KullbackLeibler,
    Likelihood,
    Mapped,
    WeightedLikelihood,
    cut_energy,
)
from boltzmann_tf.training import shared_steps as _compiled
from boltzmann_tf.training.step_shape import CONTROLS, COUNTED, METRICS, Data, StepShape

__all__ = ["TrainingStep"]


class TrainingStep:
    """Runs blocks of steps on one flat copy of the parameters.

    What is compiled is shared with the steps of other generators of the same architecture, system
    and optimiser, where that can be told (`_compiled.key_of`): it belongs to a step of its own,
    the engine, which takes the state over for a call.

    The optimiser sees a single vector: its per-variable operations, hundreds for a deep network,
    would otherwise take most of the tracing and compile time. The layers' own variables are
    written from that vector inside each step, since the network reads them.

    Args:
      generator: whose bijector is trained.
      optimizer: a Keras optimiser that acts on each parameter by itself (Adam, SGD, ...).
      steps_per_call: the most steps of one call.
      jit_compile: whether XLA compiles them.
    """

    replicas = 1
    metrics: tuple[str, ...] = METRICS

    def __init__(
        self,
        generator: BoltzmannGenerator,
        optimizer: keras.optimizers.Optimizer,
        steps_per_call: int,
        *,
        jit_compile: bool = True,
    ) -> None:
        self._generator = generator
        self._optimizer = optimizer
        self._energy = in_graph(generator.system.training_energy)
        self._steps_per_call = steps_per_call
        self._variables = list(generator.bijector.trainable_variables)
        self._sizes = [int(np.prod(v.shape)) for v in self._variables]
        self.parameters = tf.Variable(tf.zeros([sum(self._sizes)], generator.dtype), name="theta")
        self.load_parameters()
        optimizer.build([self.parameters])
        # Not every optimiser starts from zeros (Nadam, Adagrad).
        self._optimizer_start = [v.numpy() for v in self.optimizer_variables]
        # By which callbacks have scaled the stages' learning rates; the loop multiplies with it.
        self.rate_factor = tf.Variable(1.0, dtype=tf.float64, trainable=False, name="rate_factor")
        self._jit_compile = jit_compile
        self._compiled = _compiled.Recent()  # by shape
        self._engines: dict[StepShape, TrainingStep] = {}
        self._numbers: Hashable = None
        # Found once: to look through a deep network takes as long as half a training step.
        self._fixed = [v for v in generator.bijector.variables if not v.trainable]
        self._lock = threading.RLock()

    def note(self) -> None:
        """Keeps the numbers of the system as they are now: tracing itself may have changed some."""
        self._numbers = self._told()

    def _told(self) -> Hashable:
        return numbers_of(self._generator.system), numbers_of(self._generator.prior)

    def refresh(self) -> None:
        """Lets what is compiled go where numbers of system or prior have changed since then."""
        if self._told() != self._numbers:
            self._engines.clear()
            self._compiled.clear()
            self.note()

    @property
    def optimizer_variables(self) -> list[tf.Variable]:
        """The optimiser's state."""
        return [v.value for v in self._optimizer.variables]

    @property
    def state(self) -> dict[str, tf.Variable]:
        """All that a run goes on from, by name."""
        optimizer = {f"optimizer_{i}": v for i, v in enumerate(self.optimizer_variables)}
        return {"parameters": self.parameters, "rate_factor": self.rate_factor} | optimizer

    def load_parameters(self) -> None:
        """Takes the layers' variables over."""
        # By way of NumPy: hundreds of eager operations would take several milliseconds.
        self.parameters.assign(np.concatenate([v.numpy().ravel() for v in self._variables]))

    def store_parameters(self) -> None:
        """Writes the layers' variables; each step ends with it, so that they always agree."""
        parts = tf.split(self.parameters, self._sizes)
        for variable, part in zip(self._variables, parts, strict=True):
            variable.assign(tf.reshape(part, variable.shape))

    def reset_optimizer(self) -> None:
        """Puts the optimiser's moments and step count back to where they started."""
        for variable, value in zip(self.optimizer_variables, self._optimizer_start, strict=True):
            variable.assign(value)

    def finish_stage(self) -> None:
        """Lets the optimiser have its last word: averaged parameters, where it keeps an average."""
        if self._optimizer.use_ema:
            self._optimizer.finalize_variable_values([self.parameters])
            self.store_parameters()

    def loss_energies(self, shape: StepShape) -> int:
        """Energies that a step's losses ask for."""
        return shape.energies_per_step

    def energies_per_step(self, shape: StepShape) -> int:
        """Energies that a step asks for."""
        return self.loss_energies(shape)

    def __call__(
        self, shape: StepShape, data: Data, controls: np.ndarray, seed: int, start: int
    ) -> np.ndarray:
        """Takes steps; returns their metrics, float32 `[steps, len(self.metrics)]`.

        Args:
          shape: what is compiled in.
          data: configurations for J_ML, and their conditions `[n, condition_size]`.
          controls: `[steps, len(CONTROLS)]`, the values of `CONTROLS` at each step.
          seed: of the run.
          start: number of the first step in the run.
        """
        count = len(controls)
        padded = np.zeros(
            (self._steps_per_call, len(CONTROLS)), self._generator.dtype.as_numpy_dtype
        )
        padded[:count] = controls
        engine = self._engine(shape)
        function = engine._function(shape)
        self._compiled[shape] = function
        with engine._lock:
            if engine is not self:
                engine._take(self)
            out = function(
                data,
                tf.constant(padded),
                tf.constant([seed, 0], tf.int32),
                tf.constant(start, tf.int32),
                tf.constant(count, tf.int32),
            ).numpy()
            if engine is not self:
                self._take(engine)
                _compiled.copy_variables(engine._variables, self._variables)
        return out[:count]

    def _function(self, shape: StepShape) -> Callable:
        """The compiled steps of a shape, on the variables of this object."""
        # Without AutoGraph, whose source conversion would take a second or two; a user's
        # energy still gets it (`in_graph`). A partial, because TensorFlow counts traces by code
        # object and would warn of retracing with the second trainer.
        return self._compiled.found(
            shape,
            lambda: tf.function(
                functools.partial(self._steps, shape),
                jit_compile=self._jit_compile,
                autograph=False,
            ),
        )

    def _engine(self, shape: StepShape) -> TrainingStep:
        """The step that compiled code belongs to: one for all of a key, or this one."""
        if shape not in self._engines:
            self._engines[shape] = self._shared_engine(shape) or self
        return self._engines[shape]

    def _shared_engine(self, shape: StepShape) -> TrainingStep | None:
        kind = self._kind()
        replaced = any(callable(v) and hasattr(type(self), n) for n, v in vars(self).items())
        if kind is None or replaced:
            return None
        place = _compiled.place_of(self._generator.system, shape)
        key = _compiled.key_of(self._generator, self._optimizer, shape)
        if place is None or key is None:
            return None
        engine = place.found((*kind, *key), self._twin)
        with engine._lock:
            same = _compiled.trusted(self._generator, engine._generator)
        return engine if same else None

    def _kind(self) -> tuple[Hashable, ...] | None:
        """What distinguishes steps of one key; None for a class that does not share."""
        if type(self) is not TrainingStep:
            return None
        settings = (self._steps_per_call, self._jit_compile)
        return (*settings, *_compiled.methods_of(TrainingStep))

    def _twin(self) -> TrainingStep:
        """A step like this one, on variables of its own."""
        return TrainingStep(*self._twin_parts(), jit_compile=self._jit_compile)

    def _twin_parts(self) -> tuple[BoltzmannGenerator, keras.optimizers.Optimizer, int]:
        optimizer = type(self._optimizer).from_config(self._optimizer.get_config())
        return _compiled.template_of(self._generator), optimizer, self._steps_per_call

    def _take(self, other: TrainingStep) -> None:
        """Takes over the state of another step of the same kind."""
        _compiled.copy_variables(other._everything(), self._everything())

    def _everything(self) -> list[tf.Variable]:
        """The state, and what the bijector holds besides its parameters."""
        return [*self.state.values(), *self._fixed]

    def _steps(
        self,
        shape: StepShape,
        data: Data,
        controls: tf.Tensor,
        seed: tf.Tensor,
        start: tf.Tensor,
        count: tf.Tensor,
    ) -> tf.Tensor:
        # The state is in the flat vector: the layers of an engine hold another trainer's.
        self.store_parameters()
        metrics = tf.TensorArray(
            tf.float32, self._steps_per_call, element_shape=[len(self.metrics)]
        )

        def body(i: tf.Tensor, metrics: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            step_seed = tf.random.experimental.stateless_fold_in(seed, start + i)
            control = dict(zip(CONTROLS, tf.unstack(controls[i]), strict=True))
            return i + 1, metrics.write(i, self._step(shape, data, control, step_seed))

        # Not a loop over `tf.range(count)`: XLA takes a range's length for a constant of the
        # program, and would compile again for every count.
        loop = tf.while_loop(lambda i, _: i < count, body, (tf.constant(0), metrics))
        return loop[1].stack()

    def _step(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tf.Tensor:
        gradient, values = self._gradient(shape, data, control, seed)
        norm, skipped = self._update(shape, gradient, values["loss"], control)
        values["gradient_norm"], values["skipped"] = norm, skipped
        return tf.stack([tf.cast(values[name], tf.float32) for name in METRICS])

    def _gradient(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The gradient of the objective as one vector, and the metrics known before the update."""
        data_seed, noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        dtype = self._generator.dtype
        values = {name: tf.constant(np.nan, dtype) for name in METRICS}
        values |= {name: tf.constant(0, dtype) for name in COUNTED}
        loss = tf.constant(0, dtype)
        gradient = tf.zeros_like(self.parameters)
        if shape.ml:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self._variables)
                values["ml"], cut = self._data_loss(shape, data, control, data_seed)
                part = control["ml"] * values["ml"]
            loss += part
            gradient += self._flat_gradient(tape, part)
            _count(values, cut)
        if shape.kl or shape.rc:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self._variables)
                batch, cut, cost = self._generate(shape, control, noise_seed)
                _count(values, cut)
                values["ess"] = _ess(batch, self._prior_energy(batch))
                values["kl"] = KullbackLeibler()(batch)
                part = control["kl"] * values["kl"]
                if shape.path_cost:
                    part += shape.path_cost * tf.reduce_mean(cost)
                if shape.rc_loss is not None:
                    values["rc"] = shape.rc_loss(batch)
                    part += control["rc"] * values["rc"]
            loss += part
            gradient += self._flat_gradient(tape, part)
        values["loss"] = loss
        return gradient, values

    def _flat_gradient(self, tape: tf.GradientTape, loss: tf.Tensor) -> tf.Tensor:
        """Of one loss: two long vectors add, and compile, faster than variable by variable."""
        gradients = tape.gradient(loss, self._variables, unconnected_gradients="zero")
        return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)

    def _data_loss(
        self, shape: StepShape, data: Data, control: dict[str, tf.Tensor], seed: tf.Tensor
    ) -> tuple[tf.Tensor, Cut | None]:
        """J_ML of a batch, and the energies of its weights where it has weights."""
        index = self._index(shape, seed, tf.shape(data.x)[0])
        x, condition = tf.gather(data.x, index), self._rows(data.condition, index)
        z, log_det = self._generator.to_latent(x, condition=condition)
        batch = Mapped(x, z, log_det, self._generator.prior, condition)
        if not shape.weighted_ml:
            return Likelihood()(batch), None
        tau = self._temperatures(shape)
        cut = cut_energy(
            self._energy_at(condition),
            x,
            tau,
            control["energy_high"],
            tf.constant(shape.energy_max, x.dtype),
        )
        return WeightedLikelihood()(batch, cut.energy, tau), cut

    @staticmethod
    def _index(shape: StepShape, seed: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        """Which of `n` data a step takes, with replacement."""
        return uniform([shape.examples], seed, tf.int32, maxval=n)

    def _temperatures(self, shape: StepShape) -> tf.Tensor:
        """Of the configurations of a batch, one after another in turn."""
        n = len(shape.temperatures)
        tau = tf.constant(shape.temperatures, self._generator.dtype)
        return tf.tile(tau, [shape.generated // n])

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
        cut = cut_energy(
            self._energy_at(condition),
            x,
            tau,
            control["energy_high"],
            tf.constant(shape.energy_max, dtype),
        )
        return Generated(z, x, log_det, cut.energy, tau, n, condition), cut, cost

    def _prior_energy(self, batch: Generated) -> tf.Tensor:
        """Of generated samples, each at its temperature, `[batch]`."""
        prior = self._generator.prior
        condition = batch.condition if prior.condition_size else None
        return prior.energy(batch.z, batch.temperature, condition)

    def _energy_at(self, condition: tf.Tensor | None) -> Callable[[tf.Tensor], tf.Tensor]:
        """The training energy as a function of x alone."""
        if not self._generator.system.condition_size:
            return self._energy
        return lambda x: self._energy(x, condition)

    def _rows(self, condition: tf.Tensor, index: tf.Tensor) -> tf.Tensor | None:
        return tf.gather(condition, index) if condition.shape[-1] else None

    def _update(
        self,
        shape: StepShape,
        gradient: tf.Tensor,
        loss: tf.Tensor,
        control: dict[str, tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies the gradient unless it or the loss is not finite.

        Returns:
          the gradient's norm, and 1 where the step was skipped.
        """
        norm = tf.norm(gradient)
        skip = ~(tf.math.is_finite(norm) & tf.math.is_finite(loss))
        if shape.clip_norm is not None:
            gradient *= tf.minimum(1.0, shape.clip_norm / tf.maximum(norm, 1e-30))
        gradient = tf.where(skip, tf.zeros_like(gradient), gradient)
        before = [tf.identity(v) for v in (self.parameters, *self.optimizer_variables)]
        self._optimizer.learning_rate = tf.cast(control["learning_rate"], tf.float32)
        self._optimizer.apply([gradient], [self.parameters])
        # A skipped step leaves no trace, in the moments neither.
        for variable, old in zip((self.parameters, *self.optimizer_variables), before, strict=True):
            variable.assign(tf.where(skip, old, variable))
        self.store_parameters()
        return norm, tf.cast(skip, gradient.dtype)


def _count(values: dict[str, tf.Tensor], cut: Cut | None) -> None:
    """Adds the energies that were not finite, and those that have no finite gradient."""
    if cut is not None:
        values["non_finite"] += tf.reduce_sum(cut.bad)
        values["non_finite_gradient"] += tf.reduce_sum(cut.lost)


def _ess(batch: Generated, prior_energy: tf.Tensor) -> tf.Tensor:
    """Kish's effective fraction of the batch under the training energy: a gauge, not a result."""
    log_weight = -batch.energy + batch.log_det + prior_energy
    # One group of weights a temperature: they have different normalisations.
    groups = tf.reshape(log_weight, [-1, batch.temperatures])
    first = tf.reduce_logsumexp(groups, axis=0)
    second = tf.reduce_logsumexp(2 * groups, axis=0)
    fraction = tf.exp(2 * first - second) / tf.cast(tf.shape(groups)[0], first.dtype)
    return tf.reduce_mean(tf.minimum(fraction, 1.0))  # rounding may lift it above 1
