"""Priors: what a generator draws in latent space, at a temperature and under a condition.

from boltzmann_tf import priors

prior = priors.Mixture([[-2.0, 0.0], [2.0, 0.0]], scales=0.7)
generator = bg.BoltzmannGenerator(system, bijector, prior=prior)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import finite_array, instance, positive
from boltzmann_tf._support.documents import differences, plain, summary
from boltzmann_tf.priors.base import Prior
from boltzmann_tf.priors.circles import Circles
from boltzmann_tf.priors.mixture import Mixture
from boltzmann_tf.priors.normal import MeanFreeNormal, Normal
from boltzmann_tf.priors.of_distribution import DistributionPrior
from boltzmann_tf.priors.uniform_box import UniformBox

tfd = tfp.distributions

# One line a prior: its name in files.
REGISTRY: dict[str, type[Prior]] = {
    "circles": Circles,
    "distribution": DistributionPrior,
    "mean_free_normal": MeanFreeNormal,
    "mixture": Mixture,
    "normal": Normal,
    "uniform_box": UniformBox,
}

__all__ = [
    "REGISTRY",
    "Circles",
    "DistributionPrior",
    "MeanFreeNormal",
    "Mixture",
    "Normal",
    "Prior",
    "UniformBox",
    "from_document",
    "is_standard",
    "log_density",
    "of_generator",
    "to_document",
]


def is_standard(prior: Prior) -> bool:
    """Whether it is the standard normal, which a generator has where none is given."""
    return type(instance("prior", prior, Prior)) is Normal


def log_density(
    prior: Prior, z: Any, temperature: float = 1.0, condition: Any = None
) -> np.ndarray:
    """Log density of latent vectors in float64, whatever precision they were drawn in, `[n]`.

    Weights and sums that are made of it keep their digits.

    Args:
      prior: a prior.
      z: latent vectors, `[n, event_size]`.
      temperature: tau, of all of them.
      condition: of a conditional prior, `[condition_size]` or one for each, `[n, condition_size]`.
    """
    instance("prior", prior, Prior)
    z = finite_array("z", z, ndim=2, last=prior.event_size)
    tau, size = positive("temperature", temperature), prior.condition_size
    prior.check_temperatures("temperature", [tau])
    if bool(size) != (condition is not None):
        wanted = f"have {size} component(s)" if size else "be None"
        raise ValueError(f"condition must {wanted} for this prior, got {condition!r}")
    if is_standard(prior):  # of arrays at once; for a mixture of temperatures it adds up
        return -np.sum(z**2, axis=1) / (2 * tau) - 0.5 * prior.event_size * np.log(2 * np.pi * tau)
    given = None
    if size:
        given = finite_array("condition", condition, last=size)
        given = tf.constant(np.broadcast_to(given, (len(z), size)))
    return prior.log_prob(tf.constant(z), tf.constant(tau, tf.float64), given).numpy()


def of_generator(
    prior: Prior | tfd.Distribution | None,
    *,
    event_size: int,
    condition_size: int,
    dtype: tf.DType,
) -> Prior:
    """The prior of a generator of these sizes, or raises where what is given is none.

    Args:
      prior: a prior, a distribution over `[event_size]`, or None for the standard normal.
      event_size: number of coordinates of the system.
      condition_size: of the bijector.
      dtype: of the bijector.
    """
    if prior is None:
        return Normal(event_size)
    instance("prior", prior, (Prior, tfd.Distribution))
    if isinstance(prior, tfd.Distribution):
        if prior.event_shape != [event_size] or prior.batch_shape.rank:
            raise ValueError(
                f"prior must have event shape [{event_size}] and no batch shape, got "
                f"{prior.event_shape} and {prior.batch_shape}"
            )
        prior = DistributionPrior(prior)
    if getattr(prior, "event_size", None) != event_size:
        raise ValueError(
            f"prior must have the event_size of the system, {event_size}, got "
            f"{getattr(prior, 'event_size', None)}"
        )
    if prior.condition_size not in (0, condition_size):
        raise ValueError(
            f"prior must have condition_size 0 or that of the bijector, {condition_size}, got "
            f"{prior.condition_size}"
        )
    if not is_standard(prior):
        prior.check(dtype)
    return prior


def to_document(prior: Prior) -> dict[str, Any]:
    """The prior as a small JSON document: name and configuration.

    Of a user's class the name is None, and "class" says what it is called.
    """
    for name, cls in REGISTRY.items():
        if type(prior) is cls:
            return {"name": name, "config": plain(prior.get_config(), "get_config() of prior")}
    return {
        "name": None,
        "class": type(prior).__name__,
        "config": plain(prior.get_config(), "get_config() of prior"),
    }


def from_document(document: Any, given: Prior | type[Prior] | None = None) -> Prior:
    """Builds the prior that `to_document` described.

    Only classes of the table above are ever constructed, or the one that is given.

    Args:
      document: the description.
      given: the prior that it must be of, needed for one of a user's own, or its class.

    Raises:
      ValueError: for a description of none, or of another than `given`.
    """
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        raise ValueError(f"document must be an object with name and config, got {document!r}"[:300])
    name = document.get("name")
    if name is not None and name not in list(REGISTRY):
        raise ValueError(f"document names an unknown prior: {name!r}"[:300])
    if given is None:
        if name is None:
            raise ValueError(
                f"prior must be given: this generator's, {document.get('class')!r}, is not one of "
                "the package's own"[:300]
            )
        return REGISTRY[name].from_config(document["config"])
    if isinstance(given, type) and issubclass(given, Prior):
        here = REGISTRY.get(name) if name is not None else None
        if here is not None and given is not here:
            raise ValueError(f"prior must be a {here.__name__} as saved, got {given.__name__}")
        given = given.from_config(document["config"])
    instance("prior", given, Prior)
    found = differences(document, to_document(given))
    if found:
        raise ValueError(f"prior must be the one that was saved, got another: {summary(found)}")
    return given
