"""Networks of one architecture and recipe, trained from several seeds with one compilation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context
from boltzmann_tf.sampling import resample, tempered
from boltzmann_tf.training import History

__all__ = ["Ensemble", "Run", "Trainers", "Variant", "resampled"]

RESAMPLED = (1.0, 2.0)  # temperatures of the priors that new data come from


@dataclass(frozen=True)
class Variant:
    """How one kind of generator is built and trained.

    Attributes:
      name: in figures and tables.
      build: seed and training data -> bijector with initial weights.
      recipe: stages; an integer n between them replaces the data by n configurations that the
        generator made so far, resampled by their weights. These are in equilibrium, unlike short
        simulations from each state, so that likelihood and energy then pull the same way.
      seeds: number of networks in preset paper; preset quick trains one.
      quick: whether preset quick trains it at all.
      follows: name of a variant, trained before, from whose weights each network starts.
    """

    name: str
    build: Callable[[int, np.ndarray], Bijector]
    recipe: Sequence[Stage | int]
    seeds: int = 20
    quick: bool = True
    follows: str | None = None


@dataclass
class Run:
    """One trained network: its history and its weights."""

    seed: int
    history: History
    weights: list[np.ndarray]
    watch: Any = None

    @property
    def ended_in_nan(self) -> bool:
        """Whether the loss or a weight is not finite at the end."""
        finite = all(np.all(np.isfinite(w)) for w in self.weights)
        return not (finite and np.isfinite(self.history["loss"][-1]))

    def end(self, term: str, steps: int = 100) -> float:
        """Level of a loss at the end: its median over the last steps.

        Published values were read off curves with spikes; a mean would follow the spikes.
        """
        return float(np.median(self.history[term][-steps:].astype(np.float64)))


@dataclass
class Ensemble:
    """The networks of one variant, sharing one generator object and its compiled functions."""

    variant: Variant
    generator: BoltzmannGenerator
    runs: list[Run]

    def use(self, run: Run) -> BoltzmannGenerator:
        """The generator with the weights of one run."""
        _assign(self.generator, run.weights)
        return self.generator

    @property
    def nan_count(self) -> int:
        """Runs that ended in NaN."""
        return sum(run.ended_in_nan for run in self.runs)


def _assign(generator: BoltzmannGenerator, weights: Sequence[np.ndarray]) -> None:
    for variable, value in zip(generator.bijector.variables, weights, strict=True):
        variable.assign(value)


def resampled(generator: BoltzmannGenerator, n: int, seed: int) -> np.ndarray:
    """`n` configurations drawn from `n` weighted samples in proportion to their weights.

    The samples come from priors at T = 1 and 2: what the prior at T = 1 hardly reaches would hardly
    be in the data, and would stay out of reach, with weights far above the others.

    The weights are truncated at sqrt(n) times their mean (Ionides 2008) and normalised again, which
    keeps an outlier of an untrained region from making up nearly all of the data.
    """
    samples = tempered(generator, RESAMPLED, n, seed=seed)
    return samples.x[resample(samples.log_weight, n, truncated=True, seed=seed)]


class Trainers:
    """Generators and trainers by architecture, so that recipes of one network compile once.

    Args:
      context: of the report.
      system: what is sampled.
      quick_xla: whether preset quick uses XLA, too. One short training is over before XLA would
        have compiled its steps.
    """

    def __init__(self, context: Context, system: System, *, quick_xla: bool = False) -> None:
        self._context = context
        self._jit = "auto" if quick_xla or not context.quick else False
        self._system = system
        self._known: dict[Callable, tuple[BoltzmannGenerator, Trainer]] = {}
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
          watch: makes a callback for each network, which is kept in `Run.watch`.
        """
        context = self._context
        count = seeds or (1 if context.quick else variant.seeds)
        runs: list[Run] = []
        before = self._trained[variant.follows].runs if variant.follows else None
        for i, seed in enumerate(range(context.seed, context.seed + count)):
            context.log(f"{variant.name}: network {seed - context.seed + 1} of {count}")
            examples = data(seed)
            bijector = variant.build(seed, examples)
            if variant.build in self._known:
                self._known[variant.build][0].bijector.assign_from(bijector)
            else:
                generator = BoltzmannGenerator(self._system, bijector, jit_compile=self._jit)
                trainer = Trainer(generator, jit_compile=self._jit)
                self._known[variant.build] = (generator, trainer)
            generator, trainer = self._known[variant.build]
            if before is not None:
                _assign(generator, before[i].weights)
            callbacks = [] if watch is None else [watch(generator)]
            history = _follow(trainer, variant.recipe, examples, seed, callbacks)
            context.count_energy_evaluations(history.energy_evaluations)
            weights = [v.numpy() for v in generator.bijector.variables]
            runs.append(Run(seed, history, weights, *callbacks))
        ensemble = Ensemble(variant, self._known[variant.build][0], runs)
        self._trained[variant.name] = ensemble
        return ensemble


def _follow(
    trainer: Trainer,
    recipe: Sequence[Stage | int],
    data: np.ndarray,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> History:
    """Runs the recipe; the history spans all its stages."""
    whole = History()
    # The data are repeated to the size of those to come: one shape, one compilation.
    size = max([len(data), *(item for item in recipe if isinstance(item, int))])
    data = np.resize(data, (size, *data.shape[1:]))
    for number, item in enumerate(recipe):
        # A seed for each part: the steps of the next would else see the noise of the first.
        trainer.seed = seed + 10_000 * number
        if isinstance(item, Stage):
            history = trainer.fit(data, item, callbacks=callbacks, verbose=0)
            for name, values in history.values.items():
                whole.values[name] = np.concatenate([whole.values[name], values])
            whole.stage_ends.append(len(whole))
            whole.energy_evaluations += history.energy_evaluations
        else:
            data = resampled(trainer.generator, size, trainer.seed)
            whole.energy_evaluations += size
    return whole
