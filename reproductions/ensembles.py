"""Networks of one architecture and recipe, trained from several seeds with one compilation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context
from boltzmann_tf.training import History

__all__ = ["Ensemble", "Run", "Trainers", "Variant"]


@dataclass(frozen=True)
class Variant:
    """How one kind of generator is built and trained.

    Attributes:
      name: in figures and tables.
      build: seed and training data -> bijector with initial weights.
      recipe: the stages of training.
      seeds: number of networks in preset paper; preset quick trains one.
      quick: whether preset quick trains it at all.
    """

    name: str
    build: Callable[[int, np.ndarray], Bijector]
    recipe: Sequence[Stage]
    seeds: int = 20
    quick: bool = True


@dataclass
class Run:
    """One trained network: its history and its weights."""

    seed: int
    history: History
    weights: list[np.ndarray]

    @property
    def ended_in_nan(self) -> bool:
        """Whether the loss or a weight is not finite at the end."""
        finite = all(np.all(np.isfinite(w)) for w in self.weights)
        return not (finite and np.isfinite(self.history["loss"][-1]))

    def end(self, term: str, steps: int = 50) -> float:
        """Mean of a loss term over the last steps, as the published values were read."""
        return float(np.mean(self.history[term][-steps:], dtype=np.float64))


@dataclass
class Ensemble:
    """The networks of one variant, sharing one generator object and its compiled functions."""

    variant: Variant
    generator: BoltzmannGenerator
    runs: list[Run]

    def use(self, run: Run) -> BoltzmannGenerator:
        """The generator with the weights of one run."""
        for variable, value in zip(self.generator.bijector.variables, run.weights, strict=True):
            variable.assign(value)
        return self.generator

    @property
    def nan_count(self) -> int:
        """Runs that ended in NaN."""
        return sum(run.ended_in_nan for run in self.runs)


class Trainers:
    """Generators and trainers by architecture, so that recipes of one network compile once."""

    def __init__(self, context: Context, system: System) -> None:
        self._context = context
        self._system = system
        self._known: dict[Callable, tuple[BoltzmannGenerator, Trainer]] = {}

    def train(
        self, variant: Variant, data: Callable[[int], np.ndarray], *, seeds: int | None = None
    ) -> Ensemble:
        """Trains the networks of a variant.

        Args:
          variant: what to build and how to train it.
          data: seed -> training configurations.
          seeds: number of networks; by default `variant.seeds`, or 1 in preset quick.
        """
        context = self._context
        count = seeds or (1 if context.quick else variant.seeds)
        runs = []
        for seed in range(context.seed, context.seed + count):
            context.log(f"{variant.name}: network {seed - context.seed + 1} of {count}")
            examples = data(seed)
            bijector = variant.build(seed, examples)
            if variant.build in self._known:
                self._known[variant.build][0].bijector.assign_from(bijector)
            else:
                generator = BoltzmannGenerator(self._system, bijector)
                self._known[variant.build] = (generator, Trainer(generator))
            generator, trainer = self._known[variant.build]
            trainer.seed = seed
            history = trainer.fit(examples, variant.recipe, verbose=0)
            context.count_energy_evaluations(history.energy_evaluations)
            runs.append(Run(seed, history, [v.numpy() for v in generator.bijector.variables]))
        return Ensemble(variant, self._known[variant.build][0], runs)
