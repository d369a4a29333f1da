"""Training checkpoints: one array file from which an interrupted run goes on to the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boltzmann_tf.storage import load_arrays, save_arrays

if TYPE_CHECKING:
    from boltzmann_tf.steps import TrainingStep
    from boltzmann_tf.training import History

__all__ = ["Checkpoint"]


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
        """Writes parameters, optimiser, history and (stage, steps done in it)."""
        arrays = {
            "fingerprint": np.array(self._fingerprint),
            "position": np.array(position),
            "stage_ends": np.array(history.stage_ends, np.int64),
            "energy_evaluations": np.array(history.energy_evaluations),
            "parameters": step.parameters.numpy(),
        }
        arrays |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(step.optimizer_variables)}
        arrays |= {f"history_{name}": values for name, values in history.values.items()}
        save_arrays(self._path, arrays)

    def restore(self, step: TrainingStep, history: History) -> tuple[int, int]:
        """Reads the file into the step and the history; returns the position."""
        arrays = load_arrays(self._path)
        if str(arrays.get("fingerprint")) != self._fingerprint:
            raise ValueError(
                f"checkpoint {self._path} belongs to another run (other stages, network, data or "
                "seed): give a new path, or remove it"
            )
        try:
            step.parameters.assign(arrays["parameters"])
            for i, variable in enumerate(step.optimizer_variables):
                variable.assign(arrays[f"optimizer_{i}"])
            history.values = {name: arrays[f"history_{name}"] for name in history.values}
            history.stage_ends = [int(n) for n in arrays["stage_ends"]]
            history.energy_evaluations = int(arrays["energy_evaluations"])
            stage, done = (int(n) for n in arrays["position"])
        except KeyError as error:
            raise ValueError(f"checkpoint {self._path} lacks {error}") from error
        step.store_parameters()
        return stage, done
