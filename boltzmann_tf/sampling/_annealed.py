"""What annealing returns, and the errors that can be stated from it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf.estimators import CalibrationWarning, Estimate, Estimates
from boltzmann_tf.sampling._batches import FEW, average_of_parts, log_z_of_parts

__all__ = ["Annealed"]

BLOCKS = 400  # of a jackknife over independent samples


class Annealed(NamedTuple):
    """Weighted samples, as NumPy arrays.

    Resampled ones are not independent, however equal their weights: only batches are. `log_z` and
    `average` state errors from the spread of the batches then. The functions of
    `boltzmann_tf.estimators` take samples for independent; given such weights they state errors
    that may be tens of times too small, and a `CalibrationWarning`.

    Attributes:
      z: latent, `[n, D]`.
      x: configurations, `[n, *event_shape]`.
      energy: true energy u(x) in kT at reference temperature 1, `[n]`.
      log_weight: for the Boltzmann density at tau, float64 `[n]`; its log-mean-exp estimates log Z,
        with the error of `log_z`.
      bias: of the annealing's target at x, `[n]`; `log_weight - bias` are the weights for it.
      ancestor: the sample of its batch that each came from, `[n]`; 0, 1, .. without resampling.
      batch: that each sample was annealed in; batches are independent, `[n]`.
      acceptance: mean at each of the steps, `[steps]`.
      step_size: of the integrator at each of the steps, `[steps]`.
      energy_evaluations: number of energies and gradients in all, pilot runs included.
    """

    z: np.ndarray
    x: np.ndarray
    energy: np.ndarray
    log_weight: np.ndarray
    bias: np.ndarray
    ancestor: np.ndarray
    batch: np.ndarray
    acceptance: np.ndarray
    step_size: np.ndarray
    energy_evaluations: int

    @property
    def independent(self) -> int:
        """Number of independent parts: of samples, or of batches if any of them was resampled.

        Errors that `log_z` and `average` state are known to 1 / sqrt(2 (independent - 1)).
        """
        batches = 1 + int(self.batch[-1])
        own = np.arange(len(self.z)) % (len(self.z) // batches)
        return len(self.z) if np.array_equal(self.ancestor, own) else batches

    def log_z(self) -> Estimate:
        """log Z(tau) with its error, NaN for a single batch that was resampled."""
        self._warn_of_few("log_z")
        return log_z_of_parts(self.log_weight, self.independent)

    def average(
        self, values: Any, *, function: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> Estimate | Estimates:
        """Boltzmann average of values `[n]` or `[n, k]`, or a function of k averages, with error.

        As `estimators.weighted_average`, but by a jackknife over what is independent; the error is
        NaN for a single batch that was resampled. With indicators of two states as values and
        `function=lambda m: np.log(m[0] / m[1])` it is their free-energy difference.

        Args:
          values: finite where the weight is not zero.
          function: of the k averages, to a number or an array.
        """
        self._warn_of_few("average")
        parts = self.independent
        if parts == len(self.z):
            parts = min(parts, BLOCKS)  # of independent samples, as good as all of them
        return average_of_parts(values, self.log_weight, parts, function)

    def _warn_of_few(self, name: str) -> None:
        if 1 < self.independent < FEW:
            warnings.warn(
                f"Annealed.{name}: its error comes from the spread of independent batches, which "
                f"must be at least {FEW} to know it to a quarter, got {self.independent}",
                CalibrationWarning,
                stacklevel=3,
            )

    def ess_fraction(self) -> float:
        """Kish's effective fraction of the weights for the target, as if descendants were equal.

        The weights of samples with a common ancestor count as one: after resampling, equal weights
        say little.
        """
        size = len(self.z) // (1 + int(self.batch[-1]))
        log_weight = np.asarray(self.log_weight) - self.bias
        weight = np.exp(log_weight - log_weight.max())
        family = np.bincount(self.batch * size + self.ancestor, weight, minlength=len(weight))
        # rounding may lift it above 1
        return min(1.0, float(family.sum() ** 2 / np.sum(family**2) / len(weight)))
