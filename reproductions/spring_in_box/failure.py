"""The first attempt at the spring in a box, what went wrong with it, and the cures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, plotting, realnvp, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.ensembles import Trainers, Variant
from boltzmann_tf.training import Member

__all__ = ["failing", "show_failure", "watch"]

EXACT = systems.SpringInBox().exact
L = systems.SpringInBox().length


class HardWall(systems.SpringInBox):
    """The system as first tried: the wall is infinite in training too, and has no gradient."""

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The true energy."""
        return self.energy(x)


def unbounded(seed: int, data: np.ndarray) -> Bijector:
    """The first attempt's network: RealNVP with unbounded scales."""
    del data
    return realnvp(2, blocks=4, hidden=(32, 32), scale_bound=None, seed=seed)


class Variance(keras.callbacks.Callback):
    """Records the variance of generated x1 during training."""

    def __init__(self, generator: BoltzmannGenerator, every: int) -> None:
        super().__init__()
        self._generator, self._every = generator, every
        self.steps: list[int] = []
        self.values: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Samples every `every` steps."""
        del logs
        if batch % self._every == 0:
            x1 = self._generator.sample(4096, seed=batch).x[:, 0].astype(np.float64)
            self.steps.append(batch)
            with np.errstate(invalid="ignore"):  # of a flow that has diverged
                self.values.append(float(np.var(x1)))


def watch(generator: BoltzmannGenerator) -> Variance:
    """The variance of x1 every 100 steps."""
    return Variance(generator, 100)


def failing(
    context: Context,
    generic: Callable[[int, np.ndarray], Bijector],
    data: Callable[[int], np.ndarray],
    length: int,
) -> dict[str, Member]:
    """Networks by energy alone: the wall without a gradient, and the wall with too much of it."""
    # As it was then: nothing stopped it.
    recipe = [Stage(length, 512, 2e-3, ml=0.0, kl=1.0, max_bad_steps=None)]
    attempts = {
        "infinite wall, unbounded": (HardWall(), unbounded),
        "steep wall, energy only": (systems.SpringInBox(wall_stiffness=1e5), generic),
    }
    return {
        name: Trainers(context, system)
        .train(Variant(name, build, recipe), data, seeds=1, watch=watch)
        .members[0]
        for name, (system, build) in attempts.items()
    }


def show_failure(context: Context, length: int, runs: Mapping[str, Member]) -> None:
    """The first attempt, its causes one by one, and the cures.

    Args:
      context: of the report.
      length: iterations of each run.
      runs: name -> network that was trained under `watch`.
    """
    context.section("The first attempt (2019), and why it failed")
    context.text(
        "An earlier attempt at this system saw its loss blow up at long training times, and "
        "generated too little variance. Both come from the wall. **An infinite wall has no "
        "gradient**: outside, the energy is a constant to the optimiser, and with **unbounded "
        "scales** the Jacobian term rewards expansion without end, until the numbers overflow. A "
        "wall that is finite but very steep has a gradient, and then the energy loss, which "
        "punishes any probability where there should be none, pulls the generated density away "
        "from the walls: the variance of x1 stays below L²/12. The cures: (a) a wall of moderate "
        "steepness in training only, likelihood beside energy, bounded scales and a clipped "
        "gradient; (b) a flow that ends in the box and cannot leave it."
    )
    steps = np.arange(length)
    with np.errstate(invalid="ignore"):
        loss = {
            name: {"x": steps[::10], "y": np.clip(run.history["kl"][::10], -2, 200), "lw": 1.0}
            for name, run in runs.items()
        }
    bound = {"x": [0, length], "y": [EXACT.optimal_kl_loss(1.0)] * 2, "style": "--"}
    exact = {"x": [0, length], "y": [L**2 / 12] * 2, "style": "--", "color": "black"}
    variance = {
        name: {
            "x": run.watch.steps,
            "y": np.clip(np.nan_to_num(run.watch.values, nan=90, posinf=90), 0, 90),
        }
        for name, run in runs.items()
    }
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("iteration", "J_KL (kT), clipped at 200"),
                    "title": "energy loss",
                    "yscale": "symlog",
                    "series": {**loss, "lower bound (exact)": {**bound, "color": "black"}},
                },
                {
                    "labels": ("iteration", "variance of generated x1, clipped at 90"),
                    "title": "too much, too little, right",
                    "yscale": "log",
                    "ylim": (0.3, 100),
                    "series": {**variance, "exact, L²/12": exact},
                },
            ],
            columns=2,
            panel=(5.4, 3.8),
        ),
        "failure_and_cure.png",
        "Left: the energy loss. With an infinite wall it sits far above its bound or is not "
        "finite; the steps that would have been NaN were skipped and counted (table). Right: the "
        "variance of x1; at the upper end it has diverged or is not finite.",
    )
    context.table(
        f"After {length} iterations",
        [
            {
                "run": name,
                "J_KL": f"{np.mean(run.history['kl'][-50:]):.3f}",
                "steps skipped": run.history.skipped,
                "non-finite energies": run.history.non_finite,
                "variance of x1 (exact 1.333)": f"{run.watch.values[-1]:.3f}",
            }
            for name, run in runs.items()
        ],
    )
