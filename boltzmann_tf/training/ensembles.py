"""Networks of one architecture and recipe, trained from several seeds with one compilation.

How much of a result is the network's chance, its initial weights and its noise, only several of
them tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies, energies_counted
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import System
from boltzmann_tf.training.recipes import Recipe, follow
from boltzmann_tf.training.stages import History
from boltzmann_tf.training.trainer import Trainer

__all__ = ["Ensemble", "EnsembleTrainer", "Member"]

Build = Callable[[int, np.ndarray], Bijector]
Watch = Callable[[BoltzmannGenerator], keras.callbacks.Callback]
_Job = tuple[Build, Recipe, np.ndarray, int, Sequence[np.ndarray] | None, Watch | None]


@dataclass(frozen=True)
class Member:
    """One trained network.

    Attributes:
      seed: of its initial weights and its training.
      history: of its training.
      weights: values of its variables at the end.
      watch: the callback that was made for it, or None.
    """

    seed: int
    history: History
    weights: Sequence[np.ndarray]
    watch: Any = None

    @property
    def ended_in_nan(self) -> bool:
        """Whether the loss or a weight is not finite at the end."""
        finite = all(np.all(np.isfinite(w)) for w in self.weights)
        return not (finite and np.isfinite(self.history["loss"][-1]))

    def end(self, term: str, steps: int = 100) -> float:
        """Level of a loss at the end: its median over the last steps, which spikes do not move.

        Args:
          term: name of the loss in the history.
          steps: how many.
        """
        last = self.history[term][-positive_int("steps", steps) :]
        return float(np.median(last.astype(np.float64)))


@dataclass(frozen=True)
class Ensemble:
    """Networks that share one generator object, and with it its compiled functions.

    Attributes:
      name: in what is printed.
      generator: with the weights of the member that was used, or trained, last.
      members: one a seed.
    """

    name: str
    generator: BoltzmannGenerator
    members: Sequence[Member]

    def use(self, member: Member | None = None) -> BoltzmannGenerator:
        """The generator, with the weights of a member, the first for None, from now on."""
        _assign(self.generator, (member or self.members[0]).weights)
        return self.generator

    def end(self, term: str, steps: int = 100) -> float:
        """Median of a loss at the end of training, over members; arguments as of `Member.end`."""
        return float(np.median([member.end(term, steps) for member in self.members]))

    @property
    def nan_count(self) -> int:
        """Members that ended in NaN."""
        return sum(member.ended_in_nan for member in self.members)

    @property
    def energy_evaluations(self) -> int:
        """Energies that the training of all members asked for."""
        return sum(member.history.energy_evaluations for member in self.members)


class EnsembleTrainer:
    """Trains ensembles of a system; those that are built alike share one compilation.

        def build(seed, data):
            return bg.realnvp(2, blocks=4, seed=seed)

        trainer = EnsembleTrainer(system)
        ensemble = trainer.train(build, bg.recipes.annealed(), data, seeds=range(5))
        for member in ensemble.members:
            generator = ensemble.use(member)
            print(member.seed, estimators.ess_fraction(generator.sample(10_000).log_weight))

    Args:
      system: what is sampled.
      jit_compile: whether XLA compiles, as in `Trainer`. One short training is over before XLA
        would have compiled its steps.
      log: what is told of each network, `print` for instance; None for silence.
      executor: where networks are trained, each by a call of its own, if there is more than one:
        a `concurrent.futures.ProcessPoolExecutor`, or `get_executor()` of a Dask client. It must
        be able to send the system and the functions that `train` is given. The numbers are those
        of training here, to rounding where the processes have other numbers of threads. None
        trains them here.
    """

    def __init__(
        self,
        system: System,
        *,
        jit_compile: bool | str = "auto",
        log: Callable[[str], object] | None = None,
        executor: Executor | None = None,
    ) -> None:
        if executor is not None:
            instance("executor", executor, Executor)
        self._executor = executor
        self._system = instance("system", system, System)
        self._jit_compile = jit_compile
        self._log = log
        self._known: dict[Build, tuple[BoltzmannGenerator, Trainer]] = {}

    def train(
        self,
        build: Build,
        recipe: Recipe,
        data: Any,
        *,
        seeds: Iterable[int] = range(5),
        start: Ensemble | None = None,
        watch: Watch | None = None,
        name: str | None = None,
    ) -> Ensemble:
        """Trains one network a seed.

        Args:
          build: from a seed and training data to a bijector with initial weights, of the same
            architecture each time. Calls with the same function share one generator.
          recipe: stages, with `recipes.Resample` between them where data are replaced.
          data: configurations, `[n, *event_shape]`, or a function from a seed to them.
          seeds: of the networks.
          start: an ensemble of the same architecture, from whose weights each network starts: the
            i-th from the i-th.
          watch: from the generator to a callback, one for each network; kept in `Member.watch`.
          name: of the ensemble; that of the function for None.
        """
        if not callable(build):
            raise TypeError(f"build must be a function of seed and data, got {build!r}")
        numbers = [seed_int(f"seeds[{i}]", s) for i, s in enumerate(seeds)]
        if not numbers:
            raise ValueError("seeds must hold at least one seed, got none")
        if start is not None and len(instance("start", start, Ensemble).members) < len(numbers):
            raise ValueError(
                f"start must have a member for each of {len(numbers)} seeds, got "
                f"{len(start.members)}"
            )
        title = str(name or getattr(build, "__name__", type(build).__name__))
        jobs = []
        for i, seed in enumerate(numbers):
            examples = finite_array("data", data(seed) if callable(data) else data, dtype=None)
            first = None if start is None else start.members[i].weights
            jobs.append((build, recipe, examples, seed, first, watch))
        members = list(self._members(title, jobs))
        if build not in self._known:  # all were trained elsewhere
            self._built(build, build(numbers[0], jobs[0][2]))
        ensemble = Ensemble(title, self._known[build][0], members)
        ensemble.use(members[-1])
        return ensemble

    def _members(self, title: str, jobs: Sequence[_Job]) -> Iterator[Member]:
        """Trains a network for each, here or elsewhere; yields them in their order."""
        log = self._log or (lambda _: None)
        if self._executor is None or len(jobs) == 1:
            for i, job in enumerate(jobs, 1):
                log(f"{title}: network {i} of {len(jobs)}")
                yield self._member(*job)
            return
        log(f"{title}: {len(jobs)} networks at once")
        settings = (self._system, self._jit_compile)
        running = [self._executor.submit(_train, settings, job) for job in jobs]
        for i, future in enumerate(running, 1):
            member, energies = future.result()
            count_energies(energies)  # where it was trained nobody has asked
            log(f"{title}: network {i} of {len(jobs)} is trained")
            yield member

    def _member(
        self,
        build: Build,
        recipe: Recipe,
        data: np.ndarray,
        seed: int,
        start: Sequence[np.ndarray] | None,
        watch: Watch | None,
    ) -> Member:
        """Trains one network."""
        generator, trainer = self._built(build, build(seed, data))
        if start is not None:
            _assign(generator, start)
        callbacks = [] if watch is None else [watch(generator)]
        trainer.seed = seed
        history = follow(trainer, recipe, data, callbacks=callbacks, verbose=0)
        weights = [v.numpy() for v in generator.bijector.variables]
        return Member(seed, history, weights, *callbacks)

    def _built(self, build: Build, bijector: Bijector) -> tuple[BoltzmannGenerator, Trainer]:
        """The generator and trainer of an architecture, with the weights of the bijector."""
        instance("what build returns", bijector, Bijector)
        if build in self._known:
            self._known[build][0].bijector.assign_from(bijector)
        else:
            generator = BoltzmannGenerator(self._system, bijector, jit_compile=self._jit_compile)
            trainer = Trainer(generator, jit_compile=self._jit_compile)
            self._known[build] = (generator, trainer)
        return self._known[build]


def _train(settings: tuple[System, bool | str], job: _Job) -> tuple[Member, int]:
    """Trains one network in another process; returns how many energies that took, too."""
    system, jit_compile = settings
    with energies_counted() as count:
        member = EnsembleTrainer(system, jit_compile=jit_compile)._member(*job)
    if isinstance(member.watch, keras.callbacks.Callback):
        member.watch.set_model(None)  # which stays here
    return member, count.number


def _assign(generator: BoltzmannGenerator, weights: Sequence[np.ndarray]) -> None:
    for variable, value in zip(generator.bijector.variables, weights, strict=True):
        variable.assign(value)
