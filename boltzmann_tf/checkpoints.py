"""Training checkpoints: one array file from which a run goes on to the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boltzmann_tf.storage import load_arrays, save_arrays

if TYPE_CHECKING:
    from boltzmann_tf.loop import Loop
    from boltzmann_tf.stages import History, Stage
    from boltzmann_tf.step_shape import Data
    from boltzmann_tf.steps import TrainingStep

__all__ = ["Checkpoint", "fingerprint"]


def fingerprint(loop: Loop, stages: Sequence[Stage], data: Data) -> str:
    """Says which run a checkpoint belongs to: recipe, network, data, optimiser, seed, settings.

    Schedules count by their values, because a function prints differently in every process. What
    functions compute (reaction coordinates, the energy) is not seen.
    """
    digest = hashlib.sha256(data.x.numpy().tobytes())
    digest.update(data.condition.numpy().tobytes())
    for stage in stages:
        for values in stage.controls().values():
            digest.update(values.tobytes())
    bijector = loop.generator.bijector
    trained = {id(v) for v in bijector.trainable_variables}
    for variable in bijector.variables:
        if id(variable) not in trained:  # a whitening, fitted before
            digest.update(variable.numpy().tobytes())
    optimizer = loop.optimizer.get_config()
    recipe = [(s.iterations, s.shape().recipe()) for s in stages]
    shapes = [tuple(v.shape) for v in bijector.variables]
    return repr(
        (
            digest.hexdigest(),
            recipe,
            shapes,
            loop.seed,
            loop.replicas,
            {k: v for k, v in optimizer.items() if k not in ("name", "learning_rate")},
            *loop.settings,
        )
    )


class Checkpoint:
    """State of a training run in one .npz file, written under a temporary name and renamed.

    Args:
      path: of the file; ".npz" is appended where it lacks.
      fingerprint: text that says which run it is; another run's file is refused.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
        self._fingerprint = fingerprint

    def exists(self) -> bool:
        """Whether there is something to resume."""
        return self._path.is_file()

    def save(self, step: TrainingStep, history: History, position: tuple[int, int]) -> None:
        """Writes the state of the step, history and (stage, steps done in it)."""
        arrays = {
            "fingerprint": np.array(self._fingerprint),
            "position": np.array(position),
            "stage_ends": np.array(history.stage_ends, np.int64),
            "energy_evaluations": np.array(history.energy_evaluations),
        }
        arrays |= {name: variable.numpy() for name, variable in step.state.items()}
        arrays |= {f"history_{name}": values for name, values in history.values.items()}
        save_arrays(self._path, arrays)

    def restore(self, step: TrainingStep, history: History) -> tuple[int, int]:
        """Reads the file into the step and the history; returns the position."""
        try:
            arrays = load_arrays(self._path)
        except ValueError as error:
            raise ValueError(
                f"checkpoint {self._path} is truncated or was altered: {error}"
            ) from error
        if str(arrays.get("fingerprint")) != self._fingerprint:
            raise ValueError(
                f"checkpoint {self._path} belongs to another run (other stages, network, data, "
                "seed or settings): give a new path, or remove it"
            )
        try:
            for name, variable in step.state.items():
                variable.assign(arrays[name])
            history.values = {name: arrays[f"history_{name}"] for name in history.values}
            history.stage_ends = [int(n) for n in arrays["stage_ends"]]
            history.energy_evaluations = int(arrays["energy_evaluations"])
            stage, done = (int(n) for n in arrays["position"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"checkpoint {self._path} lacks or has a bad {error}") from error
        step.store_parameters()
        return stage, done
