"""What a loss is, and what it sees.

The training step maps a batch once: data are taken to latent space (`Mapped`), latent draws to
configurations (`Generated`). All losses of a step that see the one or the other share that pass.
"""

from __future__ import annotations

import abc
from typing import Any, NamedTuple

import tensorflow as tf

from boltzmann_tf._support.checks import non_negative
from boltzmann_tf.priors import Prior
from boltzmann_tf.priors.normal import standard_energy

__all__ = ["Generated", "Loss", "Mapped"]


class Mapped(NamedTuple):
    """Data in latent space.

    Attributes:
      x: configurations, `[batch, ...]`.
      z: latent images, `[batch, D]`.
      log_det: log|dz/dx|, `[batch]`.
      prior: of the generator; None for the standard normal.
      condition: of each, `[batch, condition_size]`, where there are conditions.
      energy: reduced training energy u(x) / tau after the cut, `[batch]`, where a loss of the step
        needs it; its gradient does not reach the parameters, since x are data.
      temperature: tau of each energy, `[batch]`, where there are energies.
    """

    x: tf.Tensor
    z: tf.Tensor
    log_det: tf.Tensor
    prior: Prior | None = None
    condition: tf.Tensor | None = None
    energy: tf.Tensor | None = None
    temperature: tf.Tensor | None = None

    def prior_energy(self, temperature: Any = 1.0) -> tf.Tensor:
        """The prior's energy at z, `[batch]`: |z|^2 / (2 tau) of the normal one."""
        if self.prior is None:
            return standard_energy(self.z, temperature)
        condition = self.condition if self.prior.condition_size else None
        return self.prior.energy(self.z, temperature, condition)


class Generated(NamedTuple):
    """Latent draws in configuration space.

    Attributes:
      z: draws from the prior at tau, `[batch, D]`.
      x: configurations, `[batch, ...]`.
      log_det: log|dx/dz|, `[batch]`.
      energy: reduced training energy u / tau after the cut, `[batch]`.
      temperature: tau of each sample, `[batch]`.
      temperatures: number of temperatures; sample i is at temperature i modulo this.
      condition: of each, `[batch, condition_size]`, where there are conditions.
    """

    z: tf.Tensor
    x: tf.Tensor
    log_det: tf.Tensor
    energy: tf.Tensor
    temperature: tf.Tensor
    temperatures: int
    condition: tf.Tensor | None = None


class Loss(abc.ABC):
    """A term of what training minimises: a function of a batch, with a name and a weight.

    A subclass writes `name`, `sees` and `__call__`, and no more than that: `Stage(losses=[...])`
    takes it, and its value stands under its name in the history, beside the progress bar, in
    TensorBoard, in callbacks and in checkpoints.

    Its parameters are attributes, and its value is a function of them and of the batch. A loss is
    compiled anew where one of them has changed, and a checkpoint of a run with other ones is
    refused (those whose names begin with an underscore are seen by what they do to the value).
    Several replicas (`tf.distribute`) each see a share of the batch, and the values are averaged.

    Attributes:
      name: of the metric, an identifier; no other loss of the stage may have it.
      sees: "data" for batches of `Mapped`, "generated" for batches of `Generated`.
      weight: factor in the objective: a number >= 0, or a schedule over the stage (see
        `boltzmann_tf.training.schedules`).
      minimum: the least value, where it is known.

    Args:
      weight: as above.
    """

    name: str
    sees: str
    weight: Any = 1.0
    minimum: float | None = None

    def __init__(self, *, weight: Any = 1.0) -> None:
        self.weight = weight if callable(weight) else non_negative("weight", weight)

    @property
    def needs_energy(self) -> bool:
        """Whether it reads the energies of its batch; a subclass may say so by an attribute.

        Those of data are asked for only where a loss needs them, and the batch is then floored to
        a multiple of the stage's temperatures. A step none of whose energies is finite has taught
        such a loss nothing (`Stage.max_bad_steps`). By default, what sees generated
        configurations needs their energies, and what sees data does not.
        """
        return self.sees == "generated"

    @abc.abstractmethod
    def __call__(self, batch: Any) -> tf.Tensor:
        """The loss of a batch, a scalar of the batch's dtype.

        It is differentiated with respect to the network's parameters, by way of `x`, `z`,
        `log_det` and `energy`. It is traced by TensorFlow, Python's control flow included.
        """
