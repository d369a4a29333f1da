"""Continuous flows integrated as finely as their weights need."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf.generator import BATCH_SIZE, BoltzmannGenerator

__all__ = ["Refined", "StepHalving"]


class Refined(NamedTuple):
    """A generator whose steps are as small as they need to be.

    Attributes:
      generator: the same map in that many steps.
      factor: its steps, as multiples of those of the generator that was given.
      log_z: what half the step would change log Z by.
      spread: standard deviation of what it would change log-weights by.
      converged: whether both are within what is accepted; the smallest step allowed may not do.
    """

    generator: BoltzmannGenerator
    factor: int
    log_z: float
    spread: float
    converged: bool


class StepHalving:
    """Halves the step of a continuous flow until its weights change no more.

    A weight is exact for a map whose Jacobian is known exactly. Steps that are too large make a
    map whose log-determinant is slightly off, and log Z with it: an error that no stated one
    holds, and that neither effective sizes nor k-hat show.

        halving = sampling.StepHalving(generator)
        found = halving.refined(condition=[2.0])
        samples = found.generator.sample(100_000, condition=[2.0])

    Integrations are compiled once each, whatever temperatures and conditions they serve.

    Args:
      generator: its bijector is integrated in steps, as `bijectors.LatticeFlow`: its `refined`
        gives another one.
    """

    def __init__(self, generator: BoltzmannGenerator) -> None:
        self.generator = instance("generator", generator, BoltzmannGenerator)
        self._made = {1: generator}
        if self._integrated(2).bijector is generator.bijector:
            raise ValueError(
                "generator must have a bijector that is integrated in steps, with `refined`, got "
                f"{type(generator.bijector).__name__}"
            )

    def refined(
        self,
        temperature: float = 1.0,
        *,
        condition: Any = None,
        log_z: float = 1e-3,
        spread: float = 0.03,
        most: int = 16,
        n: int = 4096,
        seed: int = 0,
        batch_size: int = BATCH_SIZE,
    ) -> Refined:
        """The coarsest integration that half the step changes by no more than is accepted.

        Both integrations map the same z, so that a few thousand tell small changes. The finer
        generator holds the weights of the one that was given as they are now.

        Args:
          temperature: tau.
          condition: of a conditional generator, `[condition_size]`.
          log_z: change of log Z that is accepted; below the errors that will be stated.
          spread: standard deviation of the change of log-weights that is accepted.
          most: largest factor of the number of steps; factors are powers of two.
          n: samples that are compared.
          seed: of z.
          batch_size: samples a batch.

        Returns:
          what was found; with `converged` False if even the largest factor was not enough.
        """
        temperature = positive("temperature", temperature)
        accepted = positive("log_z", log_z), positive("spread", spread)
        most, n = positive_int("most", most), positive_int("n", n, minimum=2)

        def log_weight(factor: int) -> np.ndarray:
            generator = self._integrated(factor)
            options = {"condition": condition, "batch_size": batch_size}
            return generator.sample(n, temperature, seed=seed, **options).log_weight

        factor, coarse = 1, log_weight(1)
        while True:
            fine = log_weight(2 * factor)
            change = float(logsumexp(fine) - logsumexp(coarse))
            with np.errstate(invalid="ignore"):
                # Without a weight in both is no change; in one of them, one beyond all limits.
                std = float(np.std(np.where(fine == coarse, 0.0, fine - coarse)))
            converged = abs(change) < accepted[0] and std < accepted[1]
            if converged or 2 * factor > most:
                return Refined(self._integrated(factor), factor, change, std, converged)
            factor, coarse = 2 * factor, fine

    def _integrated(self, factor: int) -> BoltzmannGenerator:
        """The generator in `factor` times as many steps, with the weights of now."""
        given = self.generator
        if factor not in self._made:
            self._made[factor] = BoltzmannGenerator(
                given.system,
                given.bijector.refined(factor),
                given.prior,
                jit_compile=given.jit_compile,
            )
        finer = self._made[factor]
        if factor > 1:
            finer.bijector.assign_from(given.bijector)
        return finer
