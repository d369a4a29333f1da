"""Training by example: the negative log-likelihood of data, plain or weighted."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import instance
from boltzmann_tf.losses.base import Loss, Mapped

__all__ = ["Likelihood", "WeightedLikelihood"]


class Likelihood(Loss):
    """J_ML, training by example: mean of `|z|^2 / 2 - log|dz/dx|` over data.

    It estimates the negative log-likelihood of the data under the generated density at tau = 1
    *without* the constant (D / 2) ln 2 pi, as published; so it can be negative. Its minimum for
    data from a density with entropy H is H - (D / 2) ln 2 pi. With another prior its energy stands
    in the place of |z|^2 / 2, which leaves no constant out unless the prior says so.

    Args:
      weight: factor in the objective, a number or a schedule.
    """

    name = "ml"
    sees = "data"

    def __call__(self, batch: Mapped) -> tf.Tensor:
        """The batch mean, a scalar."""
        return tf.reduce_mean(self.terms(batch))

    @staticmethod
    def terms(batch: Mapped) -> tf.Tensor:
        """The loss of each sample, `[batch]`."""
        instance("batch", batch, Mapped)
        return batch.prior_energy() - batch.log_det


class WeightedLikelihood(Likelihood):
    """J_ML with each sample weighted by its Boltzmann over its generated density.

    The published code's silent default (`weigh_ML`), here only on request: noisy, and with
    gradients through the weights, as published.

    Args:
      weight: factor in the objective, a number or a schedule.
    """

    needs_energy = True

    def __call__(
        self, batch: Mapped, energy: tf.Tensor | None = None, temperature: Any = None
    ) -> tf.Tensor:
        """The weighted mean.

        Args:
          batch: data in latent space.
          energy: cut reduced energy u(x) / tau of each, `[batch]`; None for the batch's own.
          temperature: tau of each weight, `[batch]` or scalar; None for the batch's own, or 1. The
            terms are those of tau = 1. One softmax goes over the mixed batch, as published: the
            normalisations of prior and Boltzmann density, which differ with tau, are left out, and
            few configurations at the highest tau may carry it.
        """
        if energy is None:
            energy = getattr(batch, "energy", None)
        if energy is None:
            raise ValueError("energy must be given to the weighted likelihood, got None")
        if temperature is None:
            temperature = 1.0 if batch.temperature is None else batch.temperature
        log_weight = -energy + batch.prior_energy(temperature) - batch.log_det
        return tf.reduce_sum(tf.nn.softmax(log_weight) * self.terms(batch))
