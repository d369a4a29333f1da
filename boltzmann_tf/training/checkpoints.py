"""Training checkpoints: one array file from which a run goes on to the same numbers."""

from __future__ import annotations

import errno
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.arrays import Header
from boltzmann_tf._support.documented import (
    DamagedError,
    open_documented,
    previous_of,
    write_documented,
)
from boltzmann_tf._support.documents import differences, summary
from boltzmann_tf.training.history import HeldOut
from boltzmann_tf.training.run_identity import fingerprint, frozen_variables

if TYPE_CHECKING:
    from boltzmann_tf.training.contracts import Run
    from boltzmann_tf.training.history import History

__all__ = ["Checkpoint", "fingerprint"]

FORMAT = 2
VALIDATION = "validation"  # of the run, and the names of its arrays; in files of runs that have it
OTHER = "one of an earlier version of this package, or no checkpoint: give a new path, or remove it"
FROZEN_CLOSE = 1e-4  # of the largest number of a variable that is not trained


class Checkpoint:
    """State of a training run in one .npz file, written under a temporary name and renamed.

    A document in it says which run it is, where in it, and what arrays there are. The file before
    it is kept beside it.

    Args:
      path: of the file; ".npz" is appended where it lacks.
      run: which run it is (`run_document`); another run's file is refused.
      loop: whose state it is.
      history: of the run.
    """

    def __init__(self, path: Path, run: dict[str, Any], loop: Run, history: History) -> None:
        self._path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
        self._run = run
        self._step = loop.steps
        self._history = history
        self._frozen = frozen_variables(loop.generator.bijector)

    def start(self, position: tuple[int, int]) -> tuple[int, int]:
        """Goes on from the file if there is one; writes it, before any work is done.

        So that a folder which cannot be written to, or has no room for the file and, beside it,
        the next one, is known at once. Where the file is damaged, the one before it is taken.

        Args:
          position: where the run begins otherwise.

        Returns:
          the position from which it goes on.

        Raises:
          ValueError: for a file of another run, damaged as the one before it, or impossible.
          OSError: where it cannot be written.
        """
        if self._path.is_dir():
            raise IsADirectoryError(
                errno.EISDIR, "checkpoint must be a file, got a folder", str(self._path)
            )
        before = previous_of(self._path)
        if self._path.exists():
            try:
                position = self.restore(self._path)
            except DamagedError as error:
                if not before.exists():
                    raise
                position = self.restore(before)
                warnings.warn(
                    f"{error}: the run goes on from {before.name}, the one before it", stacklevel=4
                )
        else:
            self._write(position)
            before.unlink(missing_ok=True)
        self._write(position)
        return position

    def save(self, position: tuple[int, int]) -> None:
        """Writes the state of the step, history and (stage, steps done in it).

        The file that was there is kept under another name, `previous_of`.
        """
        self._write(position, keep_previous=True)

    def _write(self, position: tuple[int, int], *, keep_previous: bool = False) -> None:
        arrays = {name: variable.numpy() for name, variable in self._variables.items()}
        arrays |= {f"history_{n}": values for n, values in self._history.values.items()}
        if VALIDATION in self._run:
            found = self._history.validation._asdict()
            arrays |= {f"{VALIDATION}_{n}": values for n, values in found.items()}
        document = {
            "format": FORMAT,
            "position": [int(n) for n in position],
            "stage_ends": [int(n) for n in self._history.stage_ends],
            "energy_evaluations": int(self._history.energy_evaluations),
            "run": self._run,
        }
        write_documented(self._path, document, arrays, keep_previous=keep_previous)

    def restore(self, path: Path) -> tuple[int, int]:
        """Reads a file into the step and the history; returns the position.

        Nothing is changed unless all of it fits.
        """
        where = f"checkpoint {path}"
        with open_documented(path, where=where, number=FORMAT, what=OTHER) as file:
            document = self._document(file.document, where)
            found = differences(document["run"], self._run)
            if found:
                raise ValueError(
                    f"{where} belongs to another run: {summary(found)}: give a new path, or "
                    "remove it"
                )
            file.check_description()
            steps = self._check_headers(file.headers, where)
            position = self._check_position(document, steps, where)
            arrays = file.read()
        self._check_values(arrays, where)
        held_out = HeldOut()
        if VALIDATION in self._run:
            held_out = HeldOut(*(arrays[f"{VALIDATION}_{n}"] for n in HeldOut._fields))
            if np.any(np.diff(held_out.steps, prepend=0, append=steps + 1) < 1):
                raise ValueError(
                    f"{where} must have evaluations after rising numbers of steps from 1 to "
                    f"{steps}, got {held_out.steps.tolist()}"
                )
        for name, variable in self._variables.items():
            variable.assign(arrays[name])
        self._history.values = {n: arrays[f"history_{n}"] for n in self._history.values}
        self._history.validation = held_out
        self._history.stage_ends = document["stage_ends"]
        self._history.energy_evaluations = document["energy_evaluations"]
        self._step.store_parameters()
        return position

    @property
    def _variables(self) -> dict[str, tf.Variable]:
        return {**self._step.state, **self._frozen}

    def _document(self, document: dict[str, Any], where: str) -> dict[str, Any]:
        lists = all(
            isinstance(document.get(key), list) and all(type(n) is int for n in document[key])
            for key in ("position", "stage_ends")
        )
        if not (
            lists
            and len(document["position"]) == 2
            and type(document.get("energy_evaluations")) is int
            and isinstance(document.get("run"), dict)
        ):
            raise ValueError(f"{where} has a document with entries missing or of another type")
        return document

    def _check_headers(self, headers: dict[str, Header], where: str) -> int:
        """Raises unless they are those of this run; returns the number of steps in the history."""
        wanted = {
            name: str(Header(np.dtype(v.dtype.as_numpy_dtype), tuple(v.shape)))
            for name, v in self._variables.items()
        }
        losses = headers.get("history_loss")
        steps = losses.shape[0] if losses is not None and len(losses.shape) == 1 else 0
        history = str(Header(np.dtype(np.float32), (steps,)))
        wanted |= {f"history_{name}": history for name in self._history.values}
        if VALIDATION in self._run:
            evaluated = headers.get(f"{VALIDATION}_steps")
            own = evaluated.shape if evaluated is not None and len(evaluated.shape) == 1 else (0,)
            for name, values in HeldOut()._asdict().items():
                wanted[f"{VALIDATION}_{name}"] = str(Header(values.dtype, own))
        for name in [*wanted, *(n for n in headers if n not in wanted)]:
            found = str(headers[name]) if name in headers else "none"
            if wanted.get(name, "absent") != found:
                raise ValueError(
                    f"{where} lacks or has a bad array: {name} must be "
                    f"{wanted.get(name, 'absent')}, got {found}"
                )
        return steps

    def _check_position(self, document: dict[str, Any], steps: int, where: str) -> tuple[int, int]:
        plan = [int(stage["iterations"]) for stage in self._run["stages"]]
        stage, done = document["position"]
        ends, energies = document["stage_ends"], document["energy_evaluations"]
        if not (0 <= stage < len(plan) and 0 <= done <= plan[stage]):
            raise ValueError(
                f"{where} must be at a position in the plan of {plan} steps, got step {done} of "
                f"stage {stage}"
            )
        # Fewer than the plan says where a callback ended a stage; more where an explorer was
        # interrupted before, without a checkpoint.
        if steps < done:
            raise ValueError(
                f"{where} must have a history of at least {done} steps at step {done} of stage "
                f"{stage}, got {steps}"
            )
        if not (stage <= len(ends) <= stage + 1 and ends == sorted(ends)) or any(
            not 0 <= end <= steps for end in ends
        ):
            raise ValueError(
                f"{where} must have the ends of {stage} or {stage + 1} stages within {steps} "
                f"steps, got {ends}"
            )
        if energies < 0:
            raise ValueError(f"{where} must have energy_evaluations >= 0, got {energies}")
        return stage, done

    def _check_values(self, arrays: dict[str, np.ndarray], where: str) -> None:
        for name, variable in self._variables.items():
            array = arrays[name]
            if array.dtype.kind in "iu" and np.any(array < 0):
                raise ValueError(f"{where} must have a count >= 0 in {name}, got {array.min()}")
            if not np.all(np.isfinite(array)):
                raise ValueError(f"{where} must have finite numbers in {name}, got NaN or infinity")
            if name in self._frozen:
                here = variable.numpy()
                off = np.max(np.abs(array - here), initial=0.0)
                if off > FROZEN_CLOSE * np.max(np.abs(here), initial=0.0):
                    raise ValueError(
                        f"{where} belongs to another run: {variable.name}, which is not trained, "
                        f"differs by up to {off:.3g}: give a new path, or remove it"
                    )
