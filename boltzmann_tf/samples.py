"""Weighted samples of a generator."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf import priors
from boltzmann_tf.priors import Prior

__all__ = ["Samples"]


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

    def kl_terms(
        self, prior: Prior, temperature: float = 1.0, *, condition: Any = None
    ) -> np.ndarray:
        """Terms of J_KL by the true energy, u / tau - log|dx/dz|, float64 `[n]`.

        Their mean is what `losses.KullbackLeibler` makes small, without its cut: an upper bound of
        the free energy -log Z(tau), plus the entropy of the prior. Differences of it between two
        generators are the published free-energy differences
        (`estimators.two_generator_difference`). The log-determinant is that of the density at the
        configuration over the prior's at z, so samples must come from one prior, as those of
        `BoltzmannGenerator.sample` do, and those of `sampling.tempered` do not.

        Args:
          prior: of the generator.
          temperature: tau that they were drawn at.
          condition: that they were drawn under, for a conditional prior.
        """
        log_p = priors.log_density(prior, self.z, temperature, condition)
        return self.energy.astype(np.float64) / temperature - (log_p - self.log_q)

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
        # The mixture of `sampling.tempered` is float64, of a map and energies that are not.
        parts = (self.log_q, self.energy)
        return max(float(np.finfo(part.dtype).eps) for part in parts) * weighted
