"""The base class of all priors: what is drawn in latent space, and with what density."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import positive_int
from boltzmann_tf._support.documents import plain
from boltzmann_tf._support.recorded import recorded

tfd = tfp.distributions

__all__ = ["Prior", "as_tensor"]


def as_tensor(temperature: Any, dtype: tf.DType) -> tf.Tensor:
    """A temperature in the dtype; a Python number does not pass through float32 on its way."""
    if isinstance(temperature, int | float):
        return tf.constant(temperature, dtype)
    return tf.cast(temperature, dtype)


class Prior(abc.ABC):
    """A family of densities over latent vectors, one for each relative temperature tau.

    What a temperature does is for each prior to say: a Boltzmann generator has exact weights for
    whatever family it is, as long as `log_prob` is the density that `sample` draws from.

    A user's own prior is a subclass with these two methods:

        class Exponential(Prior):
            def __init__(self, event_size, scale=1.0):
                super().__init__(event_size)
                self.scale = scale

            def sample(self, n, temperature, seed, condition=None, dtype=tf.float32):
                e = tf.random.stateless_gamma([n, self.event_size], seed, 1.0, dtype=dtype)
                return self.scale * tf.cast(temperature, dtype)[..., None] * e

            def log_prob(self, z, temperature, condition=None):
                width = self.scale * tf.cast(temperature, z.dtype)
                size = self.event_size
                log_p = -tf.reduce_sum(z, axis=-1) / width - size * tf.math.log(width)
                return tf.where(tf.reduce_all(z >= 0, axis=-1), log_p, -np.inf)

    Priors have no trainable variables: training moves the bijector alone.

    Args:
      event_size: number D of latent coordinates.

    Attributes:
      event_size: number D of latent coordinates.
      condition_size: size of the condition that the two methods take, 0 for none; a generator's
        bijector then takes a condition of this size, too.
      tempered: whether it is defined at temperatures other than 1.
    """

    condition_size: int = 0
    tempered: bool = True
    told_by_numbers = True  # to `_graph.numbers_of`
    _config: dict[str, Any]

    @recorded
    def __init__(self, event_size: int) -> None:
        self.event_size = positive_int("event_size", event_size)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = recorded(cls.__init__)  # type: ignore[method-assign]

    @abc.abstractmethod
    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws latent vectors.

        Args:
          n: their number.
          temperature: tau, a scalar or `[n]`.
          seed: int32 `[2]`; the draws are a function of it.
          condition: `[n, condition_size]`, or None where that is 0.
          dtype: float32 or float64.

        Returns:
          `[n, event_size]` of the dtype.
        """

    @abc.abstractmethod
    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Log density, normalised over latent space, of the dtype of z.

        Args:
          z: `[n, event_size]`.
          temperature: tau, a scalar or `[n]`.
          condition: `[n, condition_size]`, or None where that is 0.

        Returns:
          `[n]`; -inf where nothing is drawn.
        """

    def energy(
        self, z: tf.Tensor, temperature: Any = 1.0, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """What training sees in the place of `-log_prob`, `[n]`; arguments as of that.

        It may leave out a constant, and continue by a finite wall where the density ends.
        """
        return -self.log_prob(z, temperature, condition)

    def score(self, z: tf.Tensor, temperature: Any) -> tf.Tensor:
        """The gradient of `log_prob` with respect to z, `[n, event_size]`."""
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = self.log_prob(z, temperature)
        return tape.gradient(value, z, unconnected_gradients="zero")

    def distribution(
        self, temperature: float = 1.0, dtype: tf.DType = tf.float32
    ) -> tfd.Distribution:
        """The prior at one temperature as a TFP distribution over `[event_size]`."""
        if self.condition_size:
            raise ValueError(
                f"prior must be unconditional to be a distribution, got {type(self).__name__} "
                f"with condition_size={self.condition_size}"
            )
        return _Distribution(self, temperature, dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        given = getattr(self, "_config", {})
        return plain(given, f"get_config() of {type(self).__name__}")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Prior:
        """The prior of which `get_config` said this."""
        return cls(**config)

    def check_temperatures(self, name: str, temperatures: Iterable[float]) -> None:
        """Raises unless the prior is defined at the temperatures; `name` is the argument's."""
        if self.tempered:
            return
        for tau in temperatures:
            if tau != 1:
                raise ValueError(f"{name} must be 1 with a prior of one's own, got {tau}")

    def check(self, dtype: tf.DType = tf.float32) -> None:
        """Raises unless both methods are of the stated form.

        The generator calls it at construction, so that a user's slip shows at once and by name.

        Args:
          dtype: of the latent vectors.
        """
        name = type(self).__name__
        size = positive_int(f"{name}.event_size", getattr(self, "event_size", None))
        k = positive_int(f"{name}.condition_size", self.condition_size, minimum=0)
        n = 3 if size != 3 else 4  # so that the two cannot be mistaken for each other
        condition = tf.ones([n, k], dtype) if k else None
        tau = tf.ones([n], dtype)
        found: dict[str, tuple[tf.Tensor, list[int]]] = {}
        for method, shape in (("sample", [n, size]), ("log_prob", [n])):
            try:
                if method == "sample":
                    value = self.sample(n, tau, tf.constant([0, 1], tf.int32), condition, dtype)
                else:
                    value = self.log_prob(found["sample"][0], tau, condition)
            except (TypeError, ValueError, tf.errors.OpError) as error:
                raise ValueError(
                    f"{name}.{method} must take its arguments in {dtype.name} with one temperature "
                    f"a sample, got {error}"
                ) from error
            if not tf.is_tensor(value) or value.shape != shape or value.dtype != dtype:
                got = f"{getattr(value, 'dtype', type(value))} {np.shape(value)}"
                raise ValueError(
                    f"{name}.{method} must return {dtype.name} of shape {shape} for n={n}, got "
                    f"{got}"
                )
            if not np.all(np.isfinite(value.numpy())):
                raise ValueError(
                    f"{name}.{method} must be finite for what is drawn, got {value.numpy()}"
                )
            found[method] = value, shape

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in getattr(self, "_config", {}).items())
        return f"{type(self).__name__}({given})"


class _Distribution(tfd.Distribution):
    """A prior at one temperature, as TFP's transformed distributions need it."""

    def __init__(self, prior: Prior, temperature: float, dtype: tf.DType) -> None:
        self._prior, self._temperature = prior, as_tensor(temperature, dtype)
        super().__init__(
            dtype=dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={},
            name=type(prior).__name__,
        )

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.zeros([0], tf.int32)

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self._prior.event_size])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self._prior.event_size])

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        seed = tfp.random.sanitize_seed(seed)
        return self._prior.sample(n, self._temperature, seed, None, self.dtype)

    def _log_prob(self, z: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(z, [-1, self._prior.event_size])
        return tf.reshape(self._prior.log_prob(flat, self._temperature), tf.shape(z)[:-1])

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: Any = None) -> dict[str, Any]:
        return {}
