"""Distributions of TensorFlow Probability as priors."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import instance
from boltzmann_tf._support.documents import plain
from boltzmann_tf.priors.base import Prior

tfd = tfp.distributions

__all__ = ["DistributionPrior"]

# What can be saved: names of classes, and of the arguments that say all about them.
SAVED = {
    "Independent": ("distribution", "reinterpreted_batch_ndims"),
    "Laplace": ("loc", "scale"),
    "Logistic": ("loc", "scale"),
    "MultivariateNormalDiag": ("loc", "scale_diag"),
    "MultivariateNormalTriL": ("loc", "scale_tril"),
    "Normal": ("loc", "scale"),
    "StudentT": ("df", "loc", "scale"),
    "Uniform": ("low", "high"),
}
# Arguments that do not change a density.
SILENT = ("name", "validate_args", "allow_nan_stats", "parameters")
DEEPEST = 3  # distributions in distributions


class DistributionPrior(Prior):
    """A `tfd.Distribution` as the prior, at temperature 1 only.

    A generator that is given a distribution makes one of it. It can be saved where it is one of a
    few classes of TFP with numbers as its arguments: `MultivariateNormalDiag`,
    `MultivariateNormalTriL`, or `Independent` of `Laplace`, `Logistic`, `Normal`, `StudentT` or
    `Uniform`.

    Args:
      distribution: over `[D]`, without a batch shape.
    """

    tempered = False

    def __init__(self, distribution: tfd.Distribution) -> None:
        instance("distribution", distribution, tfd.Distribution)
        shape = distribution.event_shape
        if shape.rank != 1 or shape[0] is None or distribution.batch_shape.rank:
            raise ValueError(
                f"distribution must have event shape [D] and no batch shape, got {shape} and "
                f"{distribution.batch_shape}"
            )
        super().__init__(int(shape[0]))
        self.wrapped = distribution

    def sample(
        self, n: int, temperature: Any, seed: Any, condition: Any = None, dtype: Any = tf.float32
    ) -> tf.Tensor:
        """Draws, `[n, event_size]`."""
        return tf.cast(self.wrapped.sample(n, seed=seed), dtype)

    def log_prob(
        self, z: tf.Tensor, temperature: Any, condition: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Log density, `[n]`; computed in the precision of the distribution."""
        return tf.cast(self.wrapped.log_prob(tf.cast(z, self.wrapped.dtype)), z.dtype)

    def distribution(
        self, temperature: float = 1.0, dtype: tf.DType = tf.float32
    ) -> tfd.Distribution:
        """The distribution itself."""
        return self.wrapped

    def check(self, dtype: tf.DType = tf.float32) -> None:
        """Raises unless the distribution has the dtype."""
        if self.wrapped.dtype != dtype:
            raise TypeError(
                f"prior must have dtype {dtype.name} as the bijector, got "
                f"{tf.as_dtype(self.wrapped.dtype).name}"
            )

    def get_config(self) -> dict[str, Any]:
        """The distribution's class and arguments, as JSON values.

        Raises:
          TypeError: for one that is not in the table of those that can be saved.
        """
        return {
            "dtype": tf.as_dtype(self.wrapped.dtype).name,
            "distribution": _document(self.wrapped),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DistributionPrior:
        """The prior of which `get_config` said this."""
        if set(config) != {"dtype", "distribution"} or config["dtype"] not in (
            "float32",
            "float64",
        ):
            raise ValueError(f"config must hold a dtype and a distribution, got {config!r}"[:300])
        return cls(_distribution(config["distribution"], config["dtype"]))


def _document(distribution: tfd.Distribution) -> dict[str, Any]:
    name = type(distribution).__name__
    given = {k: v for k, v in distribution.parameters.items() if k not in SILENT}
    wanted = SAVED.get(name, ())
    others = [k for k, v in given.items() if k not in wanted and v is not None and v is not False]
    if name not in SAVED or type(distribution) is not getattr(tfd, name) or others:
        told = f"{name} with {', '.join(others)}" if name in SAVED and others else name
        raise TypeError(
            "prior must be the standard normal, another of boltzmann_tf.priors or a distribution "
            f"of {', '.join(SAVED)} to be saved, got {told}"
        )
    parameters = {}
    for key in wanted:
        value = given.get(key)
        if isinstance(value, tfd.Distribution):
            value = _document(value)
        elif value is not None and key != "reinterpreted_batch_ndims":
            # In the digits that the distribution computes with.
            value = np.array(plain(value, f"{key} of {name}"), tf.as_dtype(distribution.dtype).name)
        parameters[key] = plain(value, f"{key} of {name}")
    return {"class": name, "parameters": parameters}


def _distribution(document: Any, dtype: str, depth: int = 0) -> tfd.Distribution:
    name = document.get("class") if isinstance(document, dict) else None
    if name not in list(SAVED) or set(document) != {"class", "parameters"} or depth > DEEPEST:
        raise ValueError(f"distribution must be one of {', '.join(SAVED)}, got {document!r}"[:300])
    given = document["parameters"]
    if not isinstance(given, dict) or set(given) != set(SAVED[name]):
        raise ValueError(f"{name} must have the parameters {SAVED[name]}, got {given!r}"[:300])
    arguments: dict[str, Any] = {}
    for key, value in given.items():
        if key == "distribution":
            arguments[key] = _distribution(value, dtype, depth + 1)
        elif value is None or key == "reinterpreted_batch_ndims":
            arguments[key] = value
        else:
            array = np.array(value, np.float64).astype(dtype)
            if not np.all(np.isfinite(array)):
                raise ValueError(f"{key} of {name} must be finite in {dtype}, got {value!r}"[:300])
            arguments[key] = array
    return getattr(tfd, name)(**arguments)
