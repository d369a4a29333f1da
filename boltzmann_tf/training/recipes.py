"""Recipes: stages of training, and between them new data, which the generator makes itself.

`annealed` is the training that this package recommends for a generator that is to have weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from boltzmann_tf._support.checks import (
    finite_array,
    instance,
    positive,
    positive_int,
    seed_int,
    sequence,
)
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.sampling.resampling import resample
from boltzmann_tf.sampling.tempered import tempered
from boltzmann_tf.training.schedules import Cosine, Linear
from boltzmann_tf.training.stages import History, Stage
from boltzmann_tf.training.trainer import Trainer

__all__ = ["Recipe", "Resample", "annealed", "follow", "spread"]

APART = 10_000  # between the seeds of two parts of a recipe


@dataclass(frozen=True)
class Resample:
    """New training data: the generator's own samples, resampled by their weights.

    They are in equilibrium, unlike short simulations from each state, so that likelihood and energy
    then pull the same way. The samples come from priors at several temperatures: what the prior at
    T = 1 hardly reaches would hardly be in the data, and would stay out of reach, with weights far
    above the others. Weights are truncated, so that an outlier of an untrained region does not make
    up nearly all of the data.

    Attributes:
      n: configurations.
      temperatures: of the priors that they come from.
    """

    n: int = 65_536
    temperatures: Sequence[float] = (1.0, 2.0)

    def __post_init__(self) -> None:
        positive_int("n", self.n, minimum=len(sequence("temperatures", self.temperatures)))
        for i, t in enumerate(self.temperatures):
            positive(f"temperatures[{i}]", t)

    def __call__(self, generator: BoltzmannGenerator, *, seed: int = 0) -> np.ndarray:
        """Configurations `[n, *event_shape]`; as many energies are computed."""
        samples = tempered(generator, self.temperatures, self.n, seed=seed)
        return samples.x[resample(samples.log_weight, self.n, truncated=True, seed=seed)]


Recipe = Sequence[Stage | Resample]
EQUILIBRIUM = Resample()
# Of every stage by energy.
SAFE: dict[str, Any] = {"kl": 1.0, "energy_high": 1e3, "clip_norm": 100.0}


def annealed(*, length: float = 1.0, resampled: Resample = EQUILIBRIUM) -> list[Stage | Resample]:
    """What this package trains with: example and energy, on data that come to equilibrium.

    Short runs from each state are not in equilibrium, so a likelihood on them and the energy pull
    different ways. After a first stage the data are replaced, twice, by the generator's own
    samples resampled by their weights; then both losses have one optimum, the energy narrowing
    what the likelihood keeps wide, and the learning rate goes to 0. The likelihood keeps its weight
    to the end, since it is what punishes a region given up; by energy alone the weights had rare
    outliers, and with a weight that fell on the way they had more of them.

        history = bg.recipes.follow(bg.Trainer(generator), bg.recipes.annealed(), data)

    Args:
      length: factor of all numbers of steps, 3500 in all for 1. With few of them a state may be
        lost when the generator makes its own data.
      resampled: where the data of the later stages come from.
    """
    steps = _steps(length)
    instance("resampled", resampled, Resample)
    towards_energy = {"ml": Linear(1.0, 0.3), "kl": Linear(0.2, 1)}
    return [
        Stage(steps(200), 256, Cosine(2e-3, 2e-3, warmup=0.2)),
        Stage(steps(800), 1024, Cosine(2e-3, 1e-3), **SAFE | towards_energy),
        resampled,
        Stage(steps(1000), 1024, Cosine(2e-3, 1e-3), ml=1.0, **SAFE),
        resampled,
        Stage(steps(1500), 1024, Cosine(1.5e-3), ml=1.0, **SAFE),
    ]


def spread(
    rc_loss: ReactionCoordinate,
    *,
    rc: Any = 1.0,
    length: float = 1.0,
    resampled: Resample = EQUILIBRIUM,
    **options: Any,
) -> list[Stage | Resample]:
    """After `annealed`: spreads the samples along a reaction coordinate, for barriers to be seen.

    The likelihood on equilibrium data stays on, so that no region of the target is given up and
    the weights remain bounded. They stay exact; profiles have small errors on barriers.

    Args:
      rc_loss: along which coordinates, and over what range.
      rc: weight of that loss.
      length: factor of the number of steps, 1000 for 1.
      resampled: where the data come from.
      **options: what else a `Stage` takes, `temperatures` for instance.
    """
    steps = _steps(length)
    instance("resampled", resampled, Resample)
    given = SAFE | {"ml": 0.2, "rc": rc, "rc_loss": rc_loss} | options
    return [resampled, Stage(steps(1000), 1024, Cosine(2e-3), **given)]


def follow(
    trainer: Trainer,
    recipe: Recipe,
    data: Any,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 1,
) -> History:
    """Trains by a recipe: `Trainer.fit` stage by stage, with data that change on the way.

    All data of a recipe are of one size, so that its steps compile once: that of the largest. The
    given ones are repeated to it, and as many are resampled each time.

    Args:
      trainer: of the generator. Its seed is that of the first part; each part has its own, or the
        steps of the next would see the noise of the first.
      recipe: stages, and `Resample` where the data are replaced.
      data: configurations to begin with, `[n, *event_shape]`.
      callbacks: Keras callbacks, of each stage in turn. One that stops training ends the recipe.
      verbose: 0 for silence, 1 for a progress bar a stage.

    Returns:
      the history of all stages; the energies of resampling count.
    """
    instance("trainer", trainer, Trainer)
    parts = sequence("recipe", recipe)
    for i, part in enumerate(parts):
        instance(f"recipe[{i}]", part, (Stage, Resample))
    if not any(isinstance(part, Stage) for part in parts):
        raise ValueError("recipe must hold at least one Stage, got none")
    dtype = trainer.generator.dtype.as_numpy_dtype
    x = finite_array("data", data, dtype=dtype)
    seed = seed_int("trainer.seed", trainer.seed)
    size = max([len(x), *(part.n for part in parts if isinstance(part, Resample))])
    x = np.resize(x, (size, *x.shape[1:]))
    histories, resampled = [], 0
    try:
        for number, part in enumerate(parts):
            trainer.seed = seed + APART * number
            if isinstance(part, Resample):
                x = Resample(size, part.temperatures)(trainer.generator, seed=trainer.seed)
                resampled += size
                continue
            histories.append(trainer.fit(x, part, callbacks=callbacks, verbose=verbose))
            if trainer.stop_training:
                break
    finally:
        trainer.seed = seed
    return _joined(histories, resampled)


def _joined(histories: Sequence[History], energies: int) -> History:
    """One history of several in a row; NaN where a part did not record what another did."""
    names = list(dict.fromkeys(name for h in histories for name in h.values))
    whole = History(
        {
            name: np.concatenate(
                [h.values.get(name, np.full(len(h), np.nan, np.float32)) for h in histories]
            )
            for name in names
        }
    )
    whole.stage_ends = np.cumsum([len(h) for h in histories]).tolist()
    whole.energy_evaluations = energies + sum(h.energy_evaluations for h in histories)
    return whole


def _steps(length: float) -> Callable[[int], int]:
    factor = positive("length", length)
    return lambda n: max(1, round(factor * n))
