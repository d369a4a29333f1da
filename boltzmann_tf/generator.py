"""The Boltzmann generator: a prior, a bijector and a system, with weights that make it exact."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import storage
from boltzmann_tf._ahead import ahead, mapped_ahead
from boltzmann_tf._checks import finite_array, instance, positive, positive_int, seed_int
from boltzmann_tf._graph import numbers_of, with_xla
from boltzmann_tf._random import normal
from boltzmann_tf._rows import Chunk, Form
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.streams import source
from boltzmann_tf.systems import System
from boltzmann_tf.systems.base import with_density

tfb = tfp.bijectors
tfd = tfp.distributions

__all__ = ["BoltzmannGenerator", "Samples"]

BATCH_SIZE = 4096  # of streamed sampling: full speed, and activations that stay in the cache


class Samples(NamedTuple):
    """Weighted samples, as NumPy arrays.

    Attributes:
      z: latent draws, `[n, D]`.
      x: configurations, `[n, *event_shape]`.
      log_q: log generated density at x, `[n]`.
      energy: true energy u(x) in kT at reference temperature 1 (not divided by tau), `[n]`.
      log_weight: `-u / tau - log_q`, float64 `[n]`; its log-mean-exp estimates log Z(tau).
    """

    z: np.ndarray
    x: np.ndarray
    log_q: np.ndarray
    energy: np.ndarray
    log_weight: np.ndarray

    @property
    def resolution(self) -> float:
        """Rounding of a log-weight in kT, for the `resolution` of `boltzmann_tf.estimators`.

        One unit in the last place of the larger of |u / tau| and |log q|, averaged with the
        weights: what a constant that the dtype cannot hold, or an order of summation, may shift
        all log-weights by. It does not see an energy that loses digits inside, as a difference of
        large numbers does. NaN where no sample has a weight.
        """
        log_q = np.asarray(self.log_q, np.float64)
        with np.errstate(invalid="ignore"):
            weight = np.exp(self.log_weight - self.log_weight.max())
            size = np.maximum(np.abs(self.log_weight + log_q), np.abs(log_q))
            weighted = float(np.sum((weight * size)[weight > 0]) / weight.sum())
        return float(np.finfo(self.log_q.dtype).eps) * weighted


class BoltzmannGenerator:
    """Generates configurations of `system` from Gaussian noise, with importance weights.

    At relative temperature tau the prior is N(0, tau I) and the reduced energy is u / tau; the
    weights use both (Noé et al. 2019, methods).

    Args:
      system: what to sample.
      bijector: the map from z to x, with `event_size` the number of coordinates of the system.
      prior: None for the standard normal; or a `tfd.Distribution` over `[D]`, which then allows
        tau = 1 only.
      jit_compile: whether XLA compiles sampling and densities, as in `Trainer`: without it the
        first sample comes earlier, and the random numbers are others. "auto" takes XLA unless the
        bijector or the system says no (`compiles_with_xla`).
    """

    def __init__(
        self,
        system: System,
        bijector: Bijector,
        prior: tfd.Distribution | None = None,
        *,
        jit_compile: bool | str = "auto",
    ) -> None:
        self.system = with_density("system", system)
        self.bijector = instance("bijector", bijector, Bijector)
        system.check(bijector.dtype)
        if bijector.event_size != system.event_size:
            raise ValueError(
                f"bijector must have the event_size of {system.name}, {system.event_size}, got "
                f"{bijector.event_size}"
            )
        if system.condition_size and bijector.condition_size != system.condition_size:
            raise ValueError(
                f"bijector must have the condition_size of {system.name}, {system.condition_size}, "
                f"got {bijector.condition_size}"
            )
        if prior is not None:
            instance("prior", prior, tfd.Distribution)
            if prior.event_shape != [system.event_size] or prior.batch_shape.rank:
                raise ValueError(
                    f"prior must have event shape [{system.event_size}] and no batch shape, got "
                    f"{prior.event_shape} and {prior.batch_shape}"
                )
            if prior.dtype != bijector.dtype:
                raise TypeError(
                    f"prior must have dtype {bijector.dtype.name} as the bijector, got "
                    f"{tf.as_dtype(prior.dtype).name}"
                )
        self.prior = prior
        self.jit_compile = with_xla(bijector, system, jit_compile=jit_compile)
        self._compiled: dict[str, Any] = {}
        self._numbers: Any = None

    @property
    def dtype(self) -> tf.DType:
        """float32 or float64: that of the bijector."""
        return self.bijector.dtype

    # Tensors in, tensors out: usable inside a `tf.function`.

    def prior_sample(self, n: int, temperature: Any, seed: tf.Tensor) -> tf.Tensor:
        """Draws z from N(0, tau I), `[n, D]`; `temperature` a scalar or `[n]`."""
        if self.prior is not None:
            return tf.cast(self.prior.sample(n, seed=seed), self.dtype)
        noise = normal([n, self.system.event_size], seed, self.dtype)
        return noise * tf.sqrt(tf.cast(temperature, self.dtype))[..., None]

    def prior_log_prob(self, z: tf.Tensor, temperature: Any) -> tf.Tensor:
        """log N(z; 0, tau I), `[n]`."""
        if self.prior is not None:
            return self.prior.log_prob(z)
        tau = tf.cast(temperature, self.dtype)
        size = self.system.event_size
        norm = 0.5 * size * (tf.math.log(tau) + tf.cast(np.log(2 * np.pi), self.dtype))
        return -tf.reduce_sum(z**2, axis=-1) / (2 * tau) - norm

    def to_configuration(
        self, z: tf.Tensor, *, condition: Any = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """x `[n, *event_shape]` and log|dx/dz| `[n]` of latent z `[n, D]`."""
        x, log_det = self.bijector.forward_and_log_det(z, condition=condition)
        return tf.reshape(x, [-1, *self.system.event_shape]), log_det

    def to_configuration_with_cost(
        self, z: tf.Tensor, *, condition: Any = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """As `to_configuration`, with the bijector's path cost `[n]`."""
        x, log_det, cost = self.bijector.forward_with_cost(z, condition=condition)
        return tf.reshape(x, [-1, *self.system.event_shape]), log_det, cost

    def to_latent(self, x: Any, *, condition: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z `[n, D]` and log|dz/dx| `[n]` of configurations x `[n, *event_shape]`."""
        x = tf.cast(x, self.dtype)
        if not x.shape[1:].is_compatible_with(self.system.event_shape):
            wanted = ", ".join(map(str, self.system.event_shape))
            raise ValueError(f"x must have shape [n, {wanted}], got {x.shape}")
        flat = tf.reshape(x, [-1, self.system.event_size])
        return self.bijector.inverse_and_log_det(flat, condition=condition)

    # Arrays in, arrays out: compiled and streamed.

    def sample_batches(
        self,
        n: int,
        temperature: float = 1.0,
        *,
        seed: int = 0,
        condition: Any = None,
        batch_size: int = BATCH_SIZE,
    ) -> Iterator[Samples]:
        """Yields `n` weighted samples in batches, in bounded memory.

        Args:
          n: number of samples in all.
          temperature: tau.
          seed: of the latent draws; the samples are a function of it, of `n` and `batch_size`.
          condition: `[condition_size]` for conditional bijectors and systems.
          batch_size: samples a batch.

        Yields:
          `Samples` of at most `batch_size`, while the next batch is computed.
        """
        n = positive_int("n", n)
        batch_size = positive_int("batch_size", batch_size)
        tau = self._temperature(temperature)
        seed = seed_int("seed", seed)
        # A power of two at most batch_size: few shapes, hence few compilations.
        batch = min(batch_size, 1 << (n - 1).bit_length())
        draw = self._function("sample", self._draw)
        options = self._conditions(condition)

        def one(i: int) -> Samples:
            count = min(batch, n - i * batch)
            out = draw(batch, tau, tf.constant([seed, i], tf.int32), **options)
            return Samples(*(part.numpy()[:count] for part in out))

        return ahead(one, -(-n // batch))

    def sample(
        self,
        n: int,
        temperature: float = 1.0,
        *,
        seed: int = 0,
        condition: Any = None,
        batch_size: int = BATCH_SIZE,
    ) -> Samples:
        """Draws `n` weighted samples; arguments as in `sample_batches`.

        Map, density, energy and weight come from one pass.
        """
        batches = self.sample_batches(
            n, temperature, seed=seed, condition=condition, batch_size=batch_size
        )
        return Samples(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))

    def log_prob(self, x: Any, temperature: float = 1.0, *, condition: Any = None) -> np.ndarray:
        """Log generated density at configurations, `[n]`.

        Args:
          x: configurations `[n, *event_shape]`: an array, or what need not be in memory: a
            `np.memmap`, HDF5 or Zarr dataset, a `tf.data.Dataset`, a function that returns an
            iterator of chunks `[k, *event_shape]`, or such an iterator. They are read in order,
            batch by batch; one pass is enough.
          temperature: tau.
          condition: of all of them, `[condition_size]`, for conditional bijectors and systems.
        """
        return self._evaluate(x, temperature, condition)[0]

    def log_weight(self, x: Any, temperature: float = 1.0, *, condition: Any = None) -> np.ndarray:
        """Log-weight `-u(x) / tau - log q(x)`, float64 `[n]`; arguments as of `log_prob`."""
        return self._evaluate(x, temperature, condition)[1]

    def as_distribution(self, temperature: float = 1.0) -> tfd.TransformedDistribution:
        """The generated density as a TFP distribution over `event_shape`."""
        tau = float(self._temperature(temperature))
        size = self.system.event_size
        prior = self.prior or tfd.MultivariateNormalDiag(
            tf.zeros(size, self.dtype), tf.fill([size], tf.cast(np.sqrt(tau), self.dtype))
        )
        bijector: tfb.Bijector = self.bijector
        if len(self.system.event_shape) > 1:
            bijector = tfb.Chain([tfb.Reshape(self.system.event_shape, [size]), bijector])
        return tfd.TransformedDistribution(prior, bijector, name="boltzmann_generator")

    # Files.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the generator to the folder `path`: a JSON document and an array file.

        A generator that is there already stays, and can be loaded, until the new one is complete;
        the document's replacement is the one moment of the change.

        Raises:
          TypeError: for a prior of one's own, or a bijector that cannot be written as JSON.
          ValueError: for variables that are NaN or infinite.
          OSError: with the file's name, for a folder that cannot be written to or has no room.
        """
        if self.prior is not None:
            raise TypeError("prior must be the standard normal to be saved, got a custom one")
        storage.save_generator(path, self)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        system: System | None = None,
        *,
        dtype: str | None = None,
    ) -> BoltzmannGenerator:
        """Reads a generator that `save` wrote.

        Args:
          path: the folder.
          system: the system; needed where it is not one of the package's own.
          dtype: "float32" or "float64" to have the generator in that precision whatever it was
            trained in; None for its own. Weights of training in float32, in float64: densities
            and energies without rounding in sums and determinants.

        Raises:
          ValueError: for files that are missing, truncated, altered or of another architecture.
        """
        given = system is not None
        system, bijector = storage.load_parts(path, system, dtype)
        try:
            return cls(system, bijector)
        except Exception as error:  # of TensorFlow, say, for a parameter beyond its numbers
            if given or isinstance(error, ValueError):
                raise
            raise ValueError(f"{path} describes no valid generator: {error}") from error

    # Internals.

    def _temperature(self, temperature: float) -> tf.Tensor:
        tau = positive("temperature", temperature)
        if self.prior is not None and tau != 1:
            raise ValueError(f"temperature must be 1 with a prior of one's own, got {tau}")
        return tf.constant(tau, self.dtype)

    def _function(self, name: str, function: Any) -> Any:
        numbers = numbers_of(self.system)
        if numbers != self._numbers:  # they are constants of what is compiled
            self._compiled.clear()
            self._numbers = numbers
            # A function of its own: AutoGraph serves the user's code and skips the package's.
            self._energy = tf.function(self.system.energy)
        if name not in self._compiled:
            # A partial, as in `steps`: no warning of retracing with the second generator.
            self._compiled[name] = tf.function(
                functools.partial(function),
                jit_compile=self.jit_compile,
                autograph=False,
            )
        return self._compiled[name]

    def _draw(self, n: int, tau: tf.Tensor, seed: tf.Tensor, condition: Any = None) -> Samples:
        z = self.prior_sample(n, tau, seed)
        x, log_det = self.to_configuration(z, condition=condition)
        log_q = self.prior_log_prob(z, tau) - log_det
        energy = self._energy_of(x, condition)
        return Samples(z, x, log_q, energy, _log_weight(energy, tau, log_q))

    def _density(
        self, x: tf.Tensor, tau: tf.Tensor, condition: Any = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        z, log_det = self.to_latent(x, condition=condition)
        log_q = self.prior_log_prob(z, tau) + log_det
        return log_q, _log_weight(self._energy_of(x, condition), tau, log_q)

    def _energy_of(self, x: tf.Tensor, condition: Any) -> tf.Tensor:
        size = self.system.condition_size
        if not size:
            return self._energy(x)
        return self._energy(x, tf.broadcast_to(condition, [tf.shape(x)[0], size]))

    def _conditions(self, condition: Any) -> dict[str, tf.Tensor]:
        """The keyword argument of a compiled function, or nothing."""
        size = self.bijector.condition_size
        if condition is None:
            if size:
                raise ValueError(f"condition must have shape [{size}] for this generator, got none")
            return {}
        if not size:
            raise ValueError("condition was given to a generator whose bijector takes none")
        value = finite_array("condition", condition, dtype=self.dtype.as_numpy_dtype)
        if value.shape != (size,):
            raise ValueError(
                f"condition must have shape [{size}] for this generator, got {value.shape}"
            )
        return {"condition": tf.constant(value)}

    def _evaluate(
        self, x: Any, temperature: float, condition: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = source(Form("x", self.system.event_shape, self.dtype.as_numpy_dtype), x)
        tau = self._temperature(temperature)
        density = self._function("density", self._density)
        options = self._conditions(condition)
        batches = rows.batches(BATCH_SIZE)
        first = next(batches)
        batch = min(BATCH_SIZE, 1 << (len(first.x) - 1).bit_length())

        def one(chunk: Chunk) -> list[np.ndarray]:
            # The last batch is filled up with copies, so that every call has one shape.
            full = tf.constant(np.resize(chunk.x, (batch, *chunk.x.shape[1:])))
            return [p.numpy()[: len(chunk.x)] for p in density(full, tau, **options)]

        parts = list(mapped_ahead(one, itertools.chain([first], batches)))
        log_q, log_weight = (np.concatenate(p) for p in zip(*parts, strict=True))
        return log_q, log_weight


def _log_weight(energy: tf.Tensor, tau: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """-u / tau - log q in float64; a NaN or infinite energy gets no weight, whatever q is there."""
    log_q = tf.cast(log_q, tf.float64)
    weight = -tf.cast(energy, tf.float64) / tf.cast(tau, tf.float64) - log_q
    # Where the energy overflows the density underflows, and inf - inf is not a number.
    none = tf.math.is_nan(energy) | (energy == tf.cast(np.inf, energy.dtype))
    return tf.where(none, tf.cast(-np.inf, tf.float64), weight)
