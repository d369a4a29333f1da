"""Ensembles of networks as the studies train them: how many, and whether at all, by the preset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from boltzmann_tf import BoltzmannGenerator, System
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context
from boltzmann_tf.training import Ensemble, EnsembleTrainer
from boltzmann_tf.training.recipes import Recipe

__all__ = ["Trainers", "Variant"]


@dataclass(frozen=True)
class Variant:
    """How one kind of generator is built and trained.

    Attributes:
      name: in figures and tables.
      build: seed and training data -> bijector with initial weights.
      recipe: stages, and where the data are replaced by the generator's own.
      seeds: number of networks in preset paper; preset quick trains one.
      quick: whether preset quick trains it at all.
      follows: name of a variant, trained before, from whose weights each network starts.
    """

    name: str
    build: Callable[[int, np.ndarray], Bijector]
    recipe: Recipe
    seeds: int = 20
    quick: bool = True
    follows: str | None = None


class Trainers:
    """Trains the variants of a system, and knows them by their names.

    Args:
      context: of the report.
      system: what is sampled.
      quick_xla: whether preset quick uses XLA, too. One short training is over before XLA would
        have compiled its steps.
    """

    def __init__(self, context: Context, system: System, *, quick_xla: bool = False) -> None:
        jit_compile = "auto" if quick_xla or not context.quick else False
        self._context = context
        self._trainer = EnsembleTrainer(system, jit_compile=jit_compile, log=context.log)
        self._trained: dict[str, Ensemble] = {}

    def train(
        self,
        variant: Variant,
        data: Callable[[int], np.ndarray],
        *,
        seeds: int | None = None,
        watch: Callable[[BoltzmannGenerator], keras.callbacks.Callback] | None = None,
    ) -> Ensemble:
        """Trains the networks of a variant.

        Args:
          variant: what to build and how to train it.
          data: seed -> training configurations.
          seeds: number of networks; by default `variant.seeds`, or 1 in preset quick.
          watch: makes a callback for each network, which is kept in `Member.watch`.
        """
        context = self._context
        count = seeds or (1 if context.quick else variant.seeds)
        ensemble = self._trainer.train(
            variant.build,
            variant.recipe,
            data,
            seeds=range(context.seed, context.seed + count),
            start=self._trained[variant.follows] if variant.follows else None,
            watch=watch,
            name=variant.name,
        )
        self._trained[variant.name] = ensemble
        return ensemble
