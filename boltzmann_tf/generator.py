"""The Boltzmann generator: a prior, a bijector and a system, with weights that make it exact."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import priors, storage
from boltzmann_tf._support.ahead import ahead, mapped_ahead
from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive,
    positive_int,
    seed_int,
    whole_numbers_held,
)
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import numbers_of, with_xla
from boltzmann_tf._support.rows import Chunk, Form
from boltzmann_tf._support.streams import source
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.priors import Prior
from boltzmann_tf.samples import Samples
from boltzmann_tf.systems import System
from boltzmann_tf.systems.base import with_density

tfb = tfp.bijectors
tfd = tfp.distributions

__all__ = ["BoltzmannGenerator", "Samples"]

BATCH_SIZE = 4096  # of streamed sampling: full speed, and activations that stay in the cache


class BoltzmannGenerator:
    """Generates configurations of `system` from noise, with importance weights.

    At relative temperature tau the prior is N(0, tau I), or what another one says, and the reduced
    energy is u / tau; the weights use both (Noé et al. 2019, methods).

    Args:
      system: what to sample.
      bijector: the map from z to x, with `event_size` the number of coordinates of the system.
      prior: of `boltzmann_tf.priors`, or one's own; None for the standard normal; or a
        `tfd.Distribution` over `[D]`, which then allows tau = 1 only.
      jit_compile: whether XLA compiles sampling and densities, as in `Trainer`: without it the
        first sample comes earlier, and the random numbers are others. "auto" takes XLA unless the
        bijector or the system says no (`compiles_with_xla`), and not for draws that are over
        before it would have compiled them (`Bijector.small_batch`).

    Examples:
      >>> generator = bg.BoltzmannGenerator(bg.systems.DoubleWell(), bg.bijectors.Scaling(2))
      >>> s = generator.sample(100, seed=0)
      >>> s.x.shape, s.log_weight.dtype
      ((100, 2), dtype('float64'))
    """

    def __init__(
        self,
        system: System,
        bijector: Bijector,
        prior: Prior | tfd.Distribution | None = None,
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
        self.prior = priors.of_generator(
            prior,
            event_size=system.event_size,
            condition_size=bijector.condition_size,
            dtype=bijector.dtype,
        )
        self.jit_compile = with_xla(bijector, system, jit_compile=jit_compile)
        self._small_batch = bijector.small_batch if jit_compile == "auto" else 0
        self._compiled: dict[tuple[str, bool], Any] = {}
        self._numbers: Any = None

    @property
    def dtype(self) -> tf.DType:
        """float32 or float64: that of the bijector."""
        return self.bijector.dtype

    # Tensors in, tensors out: usable inside a `tf.function`.

    def prior_sample(
        self, n: int, temperature: Any, seed: tf.Tensor, *, condition: Any = None
    ) -> tf.Tensor:
        """Draws z from the prior, `[n, D]`; `temperature` a scalar or `[n]`."""
        size = self.prior.condition_size
        condition = tf.broadcast_to(condition, [n, size]) if size else None
        return self.prior.sample(n, temperature, seed, condition, self.dtype)

    def prior_log_prob(self, z: tf.Tensor, temperature: Any, *, condition: Any = None) -> tf.Tensor:
        """Log density of the prior at z, `[n]`."""
        size = self.prior.condition_size
        condition = tf.broadcast_to(condition, [tf.shape(z)[0], size]) if size else None
        return self.prior.log_prob(z, temperature, condition)

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
        temperature: Any = 1.0,
        *,
        seed: int = 0,
        condition: Any = None,
        batch_size: int = BATCH_SIZE,
    ) -> Iterator[Samples]:
        """Yields `n` weighted samples in batches, in bounded memory.

        Args:
          n: number of samples in all.
          temperature: tau, or one for each sample, `[n]`.
          seed: of the latent draws; the samples are a function of it, of `n` and `batch_size`.
          condition: for conditional bijectors and systems: `[condition_size]`, or one for each
            sample, `[n, condition_size]`.
          batch_size: samples a batch.

        Yields:
          `Samples` of at most `batch_size`, while the next batch is computed.
        """
        n = positive_int("n", n)
        batch_size = positive_int("batch_size", batch_size)
        tau = self._temperature(temperature, n)
        seed = seed_int("seed", seed)
        # A power of two at most batch_size: few shapes, hence few compilations.
        batch = min(batch_size, 1 << (n - 1).bit_length())
        small = n <= self._small_batch  # and not a stream of small batches
        draw = self._function("sample", self._draw, jit_compile=self.jit_compile and not small)
        given = _in_batches(batch, tau=tau, condition=self._conditions(condition, n))

        def one(i: int) -> Samples:
            count = min(batch, n - i * batch)
            out = draw(batch, seed=tf.constant([seed, i], tf.int32), **given(i * batch, count))
            samples = Samples(*(part.numpy()[:count] for part in out))
            count_energies(count)
            return samples

        return ahead(one, -(-n // batch))

    def sample(
        self,
        n: int,
        temperature: Any = 1.0,
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

    def log_prob(self, x: Any, temperature: Any = 1.0, *, condition: Any = None) -> np.ndarray:
        """Log generated density at configurations, `[n]`.

        Args:
          x: configurations `[n, *event_shape]`: an array, or what need not be in memory: a
            `np.memmap`, HDF5 or Zarr dataset, a `tf.data.Dataset`, a function that returns an
            iterator of chunks `[k, *event_shape]`, or such an iterator. They are read in order,
            batch by batch; one pass is enough.
          temperature: tau; where x is no stream also one for each configuration, `[n]`.
          condition: for conditional bijectors and systems: of all of them, `[condition_size]`;
            where x is no stream also one for each, `[n, condition_size]`.
        """
        return self._over_rows(self._function("log_prob", self._log_q), x, temperature, condition)

    def log_weight(self, x: Any, temperature: Any = 1.0, *, condition: Any = None) -> np.ndarray:
        """Log-weight `-u(x) / tau - log q(x)`, float64 `[n]`; arguments as of `log_prob`."""
        # Two functions, of which `log_prob` shares the first: a map takes long to compile.
        log_prob = self._function("log_prob", self._log_q)
        weigh = self._function("weigh", self._weigh)

        def log_weight(x: tf.Tensor, **given: tf.Tensor) -> tf.Tensor:
            return weigh(x, log_prob(x, **given), **given)

        return self._over_rows(log_weight, x, temperature, condition, energies=True)

    def as_distribution(self, temperature: float = 1.0) -> tfd.TransformedDistribution:
        """The generated density as a TFP distribution over `event_shape`."""
        tau = float(self._temperature(temperature))
        size = self.system.event_size
        prior = self.prior.distribution(tau, self.dtype)
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
          TypeError: for a distribution as prior that is not one of the few that can be saved, or
            a bijector or prior that cannot be written as JSON.
          ValueError: for variables that are NaN or infinite.
          OSError: with the file's name, for a folder that cannot be written to or has no room.
        """
        storage.save_generator(path, self)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        system: System | None = None,
        *,
        prior: Prior | type[Prior] | None = None,
        dtype: str | None = None,
    ) -> BoltzmannGenerator:
        """Reads a generator that `save` wrote.

        Args:
          path: the folder.
          system: the system; needed where it is not one of the package's own.
          prior: needed likewise: the prior, which must be the one that was saved, or its class.
          dtype: "float32" or "float64" to have the generator in that precision whatever it was
            trained in; None for its own. Weights of training in float32, in float64: densities
            and energies without rounding in sums and determinants.

        Raises:
          ValueError: for files that are missing, truncated, altered or of another architecture.
        """
        given = system is not None
        system, bijector, prior = storage.load_parts(path, system, dtype, prior=prior)
        try:
            return cls(system, bijector, prior)
        except Exception as error:  # of TensorFlow, say, for a parameter beyond its numbers
            if given or isinstance(error, ValueError):
                raise
            raise ValueError(f"{path} describes no valid generator: {error}") from error

    # Internals.

    def _temperature(self, temperature: Any, n: int | None = None) -> np.ndarray:
        """tau as an array of the dtype: one, or `n` of them where `n` is given."""
        if n is None or np.ndim(temperature) == 0:
            taus = np.array(positive("temperature", temperature))
        else:
            taus = finite_array("temperature", temperature)
            if taus.shape != (n,) or np.any(taus <= 0):
                raise ValueError(
                    f"temperature must be a positive number or {n} of them, got shape {taus.shape} "
                    f"and the least {taus.min()}"
                )
        self.prior.check_temperatures("temperature", taus.ravel().tolist())
        return taus.astype(self.dtype.as_numpy_dtype)

    def _function(self, name: str, function: Any, *, jit_compile: bool | None = None) -> Any:
        jit_compile = self.jit_compile if jit_compile is None else jit_compile
        if self._told() != self._numbers:  # they are constants of what is compiled
            self._compiled.clear()
            self._numbers = self._told()
            # A function of its own: AutoGraph serves the user's code and skips the package's.
            self._energy = tf.function(self.system.energy)
        key = name, jit_compile
        if key not in self._compiled:
            # A partial, as in `steps`: no warning of retracing with the second generator.
            self._compiled[key] = tf.function(
                functools.partial(function), jit_compile=jit_compile, autograph=False
            )
        compiled = self._compiled[key]

        def called(*args: Any, **kwargs: Any) -> Any:
            traces = compiled.experimental_get_tracing_count()
            out = compiled(*args, **kwargs)
            if compiled.experimental_get_tracing_count() > traces:
                self._numbers = self._told()  # tracing itself may have changed some
            return out

        return called

    def _told(self) -> Any:
        return numbers_of(self.system), numbers_of(self.prior)

    def _draw(self, n: int, tau: tf.Tensor, seed: tf.Tensor, condition: Any = None) -> Samples:
        z = self.prior_sample(n, tau, seed, condition=condition)
        x, log_det = self.to_configuration(z, condition=condition)
        log_q = self.prior_log_prob(z, tau, condition=condition) - log_det
        energy = self._energy_of(x, condition)
        return Samples(z, x, log_q, energy, _log_weight(energy, tau, log_q))

    def _log_q(self, x: tf.Tensor, tau: tf.Tensor, condition: Any = None) -> tf.Tensor:
        z, log_det = self.to_latent(x, condition=condition)
        return self.prior_log_prob(z, tau, condition=condition) + log_det

    def _weigh(
        self, x: tf.Tensor, log_q: tf.Tensor, tau: tf.Tensor, condition: Any = None
    ) -> tf.Tensor:
        return _log_weight(self._energy_of(x, condition), tau, log_q)

    def _energy_of(self, x: tf.Tensor, condition: Any) -> tf.Tensor:
        size = self.system.condition_size
        if not size:
            return self._energy(x)
        return self._energy(x, tf.broadcast_to(condition, [tf.shape(x)[0], size]))

    def _conditions(self, condition: Any, n: int | None) -> np.ndarray | None:
        """One condition `[condition_size]`, one for each of n samples if given, or none."""
        size = self.bijector.condition_size
        if condition is None:
            if size:
                raise ValueError(f"condition must have shape [{size}] for this generator, got none")
            return None
        if not size:
            raise ValueError("condition was given to a generator whose bijector takes none")
        whole_numbers_held("condition", condition, self.dtype.as_numpy_dtype)
        value = finite_array("condition", condition, dtype=self.dtype.as_numpy_dtype)
        if value.shape not in ((size,), (n, size)):
            each = "" if n is None else f", or [{n}, {size}] for one a sample"
            raise ValueError(
                f"condition must have shape [{size}] for this generator{each}, got {value.shape}"
            )
        return value

    def _over_rows(
        self,
        function: Callable[..., tf.Tensor],
        x: Any,
        temperature: Any,
        condition: Any,
        *,
        energies: bool = False,
    ) -> np.ndarray:
        """What a compiled function gives for each configuration, `[n]`.

        Args:
          function: of x, tau and condition, to `[batch]`.
          x: as of `log_prob`.
          temperature: tau.
          condition: likewise.
          energies: whether it computes one of each.
        """
        rows = source(Form("x", self.system.event_shape, self.dtype.as_numpy_dtype), x)
        tau = self._temperature(temperature, rows.rows)
        conditions = self._conditions(condition, rows.rows)
        batches = rows.batches(BATCH_SIZE)
        first = next(batches)
        batch = min(BATCH_SIZE, 1 << (len(first.x) - 1).bit_length())
        given = _in_batches(batch, tau=tau, condition=conditions)

        def one(chunk: Chunk) -> np.ndarray:
            # The last batch is filled up with copies, so that every call has one shape.
            count = len(chunk.x)
            full = tf.constant(np.resize(chunk.x, (batch, *chunk.x.shape[1:])))
            found = function(full, **given(int(chunk.rows[0]), count)).numpy()[:count]
            if energies:
                count_energies(count)
            return found

        return np.concatenate(list(mapped_ahead(one, itertools.chain([first], batches))))


def _in_batches(
    batch: int, *, tau: np.ndarray, condition: np.ndarray | None
) -> Callable[[int, int], dict[str, tf.Tensor]]:
    """What compiled functions are given of a batch, from its first row and number of rows.

    One temperature or condition is given as it is; of those with one a sample the rows, filled up
    with copies to the size of a batch.
    """
    one, each = {}, {}
    for name, value, rank in (("tau", tau, 0), ("condition", condition, 1)):
        if value is not None and value.ndim > rank:
            each[name] = value
        elif value is not None:
            one[name] = tf.constant(value)

    def given(first: int, count: int) -> dict[str, tf.Tensor]:
        rows = {name: value[first : first + count] for name, value in each.items()}
        filled = {n: tf.constant(np.resize(v, (batch, *v.shape[1:]))) for n, v in rows.items()}
        return {**one, **filled}

    return given


def _log_weight(energy: tf.Tensor, tau: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """-u / tau - log q in float64; a NaN or infinite energy gets no weight, whatever q is there."""
    log_q = tf.cast(log_q, tf.float64)
    weight = -tf.cast(energy, tf.float64) / tf.cast(tau, tf.float64) - log_q
    # Where the energy overflows the density underflows, and inf - inf is not a number.
    none = tf.math.is_nan(energy) | (energy == tf.cast(np.inf, energy.dtype))
    return tf.where(none, tf.cast(-np.inf, tf.float64), weight)
