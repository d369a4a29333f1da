"""One study, from its beginning to its report, in whatever process."""

from __future__ import annotations

import errno
import sys
import traceback
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

from boltzmann_tf.reproduction import registry, report
from boltzmann_tf.reproduction.context import Context

__all__ = ["Outcome", "Task", "run_study", "run_task"]

NO_ROOM = {errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Task(NamedTuple):
    """What another process must know of a study."""

    name: str
    preset: str
    seed: int
    output: str = ""  # folder of all reproductions
    studies: str = ""  # folder that they are found in


class Outcome(NamedTuple):
    """What a study ends with."""

    content: dict[str, Any]  # of metrics.json
    verdicts: report.Verdicts


def run_task(task: Task) -> Outcome:
    """Runs a study that another process asks for."""
    registry.use_directory(task.studies)
    return run_study(Context(task.name, task.preset, Path(task.output), task.seed))


def run_study(context: Context, executor: Executor | None = None) -> Outcome:
    """Runs a study and writes its report.

    Args:
      context: not begun.
      executor: for calls that can be made elsewhere, see `Context.executor`.

    Returns:
      its numbers; with an error, where the study raised one.

    Raises:
      OSError: where there is no room for a report; an earlier one stays.
    """
    _quiet_figures()
    context.executor = executor
    context.begin()
    try:
        return Outcome(context.finish(_error_of(context)), context.verdicts)
    except BaseException:  # an interrupt, or no room for the report: the earlier one stays
        context.abandon()
        raise


def _quiet_figures() -> None:
    """Draws without a display, whatever the user's matplotlib is set to."""
    import matplotlib as mpl

    mpl.use("Agg")


def _error_of(context: Context) -> str | None:
    """Runs the study; returns what ended it before its end, or None."""
    context.log(f"preset {context.preset}, seed {context.seed}")
    try:
        reproduction = registry.load(context.name)
        context.title = reproduction.title
        context.description = reproduction.description
        reproduction.run(context)
    except Exception as error:
        said = traceback.format_exc()
        print(said, file=sys.stderr)
        if isinstance(error, OSError) and error.errno in NO_ROOM:  # nor is there for a report
            place = error.filename or str(context.output / context.name)
            raise OSError(error.errno, error.strerror, place) from error
        return said
    return None
