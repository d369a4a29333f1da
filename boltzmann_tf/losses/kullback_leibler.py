"""Training by energy: how far the generated density is from the Boltzmann one."""

from __future__ import annotations

import tensorflow as tf

from boltzmann_tf._support.checks import instance
from boltzmann_tf.losses.base import Generated, Loss

__all__ = ["KullbackLeibler"]


class KullbackLeibler(Loss):
    """J_KL, training by energy: mean of `u(x) / tau - log|dx/dz|` over generated samples.

    It is KL(generated || Boltzmann) + H_Z(tau) - ln Z(tau), with H_Z the entropy of the prior at
    tau, (D / 2) ln(2 pi e tau) of the normal one; so it is bounded below by H_Z - ln Z, and is
    usually negative. Over several temperatures it is the mean over the mixed batch, as published.

    Args:
      weight: factor in the objective, a number or a schedule.
    """

    name = "kl"
    sees = "generated"

    def __call__(self, batch: Generated) -> tf.Tensor:
        """The batch mean, a scalar."""
        instance("batch", batch, Generated)
        return tf.reduce_mean(batch.energy - batch.log_det)
