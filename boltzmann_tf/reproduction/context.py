"""What a reproduction writes to: its folder, its numbers, its figures, its report."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.metadata
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from rich.console import Console

from boltzmann_tf._support import files as _files
from boltzmann_tf._support.checks import choice, instance, positive_int, seed_int, sequence
from boltzmann_tf._support.counting import EnergyCount, count_energies, leave, listen
from boltzmann_tf._support.disk import check_folder
from boltzmann_tf._support.folders import begin_folder, finish_folder
from boltzmann_tf._version import __version__
from boltzmann_tf.reproduction import report
from boltzmann_tf.reproduction.diagnostics import recognise, weight_columns
from boltzmann_tf.reproduction.html import counted
from boltzmann_tf.reproduction.metrics import Metric, to_json
from boltzmann_tf.reproduction.seeds import Seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PRESETS", "Context", "check_output", "check_preset"]

PRESETS = ("quick", "paper")
_LIBRARIES = ("tensorflow", "tensorflow-probability", "keras", "numpy", "scipy")
_DPI = 150
_ROOM = 20 << 20  # bytes that a report with its figures may take


def check_preset(preset: str) -> str:
    """Returns `preset`, or raises unless it is "quick" or "paper"."""
    return str(choice("preset", preset, PRESETS))


def check_output(output: str | os.PathLike[str]) -> Path:
    """Returns `output` as a path, or raises unless it is or can become a folder to write to."""
    return check_folder("output", output)


class Saved(Protocol):
    """What writes itself into a folder, as generators do."""

    def save(self, directory: Any) -> Any:
        """Writes it."""


@dataclasses.dataclass
class Context:
    """The preset, the seed and the report of one run of a reproduction.

    The report shows all metrics first, by their sections, then sections, texts, figures and tables
    in the order of the calls. What it could not show is refused at once, not when the run ends.

    Attributes:
      name: of the reproduction.
      preset: "quick" (one seed, a minute or two) or "paper" (every variant, several seeds).
      output: folder of all reproductions; this one writes to `output/name`.
      seed: of every random number of the run.
      title: heading of the report.
      description: shown below the heading.
      metrics: added so far.
      executor: of other processes or machines, for calls that need nothing of each other (the
        networks of an ensemble); None where this process does all.
    """

    name: str
    preset: str = "quick"
    output: Path = Path("results")
    seed: int = 0
    title: str = ""
    description: str = ""
    metrics: list[Metric] = dataclasses.field(default_factory=list, init=False)
    executor: Executor | None = dataclasses.field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        check_preset(self.preset)
        self.seed = seed_int("seed", self.seed)
        self.output = check_output(self.output)
        self._items: list[report.Item] = []
        self._names: set[tuple[str, str]] = set()
        self._headlines: list[str] = []
        self._artifacts: list[dict[str, str]] = []
        self._thumbnail: str | None = None
        self._start = time.perf_counter()
        self._started = datetime.datetime.now(datetime.UTC)
        self._work: Path | None = None
        self._energies = EnergyCount()
        self._console = Console(stderr=True, highlight=False)

    @property
    def directory(self) -> Path:
        """The folder of this reproduction; while it runs, one aside that will take its place."""
        return self._work or self.output / self.name

    @property
    def quick(self) -> bool:
        """Whether the preset is "quick"."""
        return self.preset == "quick"

    @property
    def wide(self) -> float:
        """By how much tolerances are wider: 2 in preset quick, 1 in preset paper."""
        return 2.0 if self.quick else 1.0

    def seed_of(self, name: str, *numbers: int) -> int:
        """The seed of one stream of random numbers: `Seeds.of` of the run's seed."""
        return self.seeds.of(name, *numbers)

    @property
    def seeds(self) -> Seeds:
        """What gives them, for a function that other processes are to call."""
        return Seeds(self.seed)

    @property
    def passed(self) -> bool:
        """Whether there are metrics and all have passed."""
        return bool(self.metrics) and all(metric.passed for metric in self.metrics)

    @property
    def verdicts(self) -> report.Verdicts:
        """The metrics so far: those that missed, then those that passed by their sections."""
        return report.verdicts(self._items)

    @property
    def energy_evaluations(self) -> int:
        """Energies so far: all that the package computes from `begin` to `finish`, and others.

        The unit is that of `boltzmann_tf.energies_counted`; others are those of
        `count_energy_evaluations`.
        """
        return self._energies.number

    def section(self, title: str) -> None:
        """Starts a section of the report."""
        self._items.append(report.Section(_text("title", title)))

    def text(self, text: str) -> None:
        """Adds text: paragraphs between empty lines, `- ` lists, `code` and **bold**."""
        self._items.append(report.Text(instance("text", text, str)))

    def add(self, metric: Metric, *, headline: bool = False) -> Metric:
        """Adds a metric to the report and to `metrics.json`.

        Args:
          metric: with a name not used before in this run.
          headline: whether the index of all reproductions shows it.

        Returns:
          the metric.
        """
        instance("metric", metric, Metric)
        if any(other.name == metric.name for other in self.metrics):
            raise ValueError(f"metric must have a name of its own, got {metric.name!r} again")
        self.metrics.append(metric)
        if headline:
            self._headlines.append(metric.name)
        self._items.append(metric)
        if metric.marks:
            marks = ", ".join(f"{of} {mark}" for of, mark in metric.marks.items())
            self.log(f"{metric.name}: {marks}")
        return metric

    def table(self, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds a table without pass or fail.

        Args:
          title: its caption, which no other table of this run has.
          rows: at least one mapping; the keys of all rows, in order of appearance, are the
            columns. Values from `diagnose`, and numbers in a column that is named R-hat, k-hat or
            effective samples, are marked where they are beyond their limits, and logged.
        """
        self._only_once("title", _text("title", title), "table")
        listed = [dict(instance("rows", row, Mapping)) for row in sequence("rows", rows)]
        if not any(listed):
            raise ValueError(f"rows must be at least one with columns, got none for {title!r}")
        table = report.Table(
            title, [{str(name): recognise(str(name), row[name]) for name in row} for row in listed]
        )
        self._names.add(("title", title))
        self._items.append(table)
        if table.marked:
            columns = ", ".join(dict.fromkeys(table.marked))
            marked = counted(len(table.marked), "diagnostic")
            self.log(f"{title}: {marked} beyond the limits ({columns})")

    def figure(self, fig: Figure, filename: str, caption: str, *, thumbnail: bool = False) -> Path:
        """Saves a figure as PNG into the folder and shows it in the report.

        Args:
          fig: a matplotlib figure; it is closed.
          filename: a plain name such as "figure2.png", which no other figure of this run has.
          caption: what it shows, as in a paper; of this figure alone.
          thumbnail: whether the index shows this one; the first figure otherwise.

        Returns:
          the path of the file.
        """
        filename = _text("filename", filename)
        name = filename if filename.endswith(".png") else f"{filename}.png"
        if Path(name).name != name or name.startswith("."):
            raise ValueError(f"filename must be a plain file name, got {filename!r}")
        self._only_once("filename", name, "figure")
        self._only_once("caption", _text("caption", caption), "figure")
        if not callable(getattr(fig, "savefig", None)):
            raise TypeError(f"fig must be a matplotlib figure, got {fig!r}")
        path = self.directory / name
        with _files.atomic_path(path) as temporary:
            fig.savefig(temporary, format="png", dpi=_DPI)
        from matplotlib import pyplot

        pyplot.close(fig)
        self._names |= {("filename", name), ("caption", caption)}
        self._items.append(report.Picture(name, caption))
        if thumbnail or self._thumbnail is None:
            self._thumbnail = name
        return path

    def artifact(self, path: str | os.PathLike[str], description: str = "") -> Path:
        """Lists a file or folder, say a saved generator, in the report.

        Args:
          path: inside `directory`; a relative path is taken from there.
          description: what it is.

        Returns:
          the full path.
        """
        full = self.directory / path if not Path(path).is_absolute() else Path(path)
        inside = os.path.relpath(full.resolve(), self.directory.resolve())
        if inside.startswith(os.pardir):
            raise ValueError(f"path must be inside {self.directory}, got {str(path)!r}")
        if not full.exists():
            raise ValueError(f"path must exist, got {str(path)!r}")
        instance("description", description, str)
        entry = {"path": Path(inside).as_posix(), "description": description}
        if entry not in self._artifacts:
            self._artifacts.append(entry)
        return full

    def save(self, generator: Saved, folder: str, description: str) -> None:
        """Writes a generator into a folder of the report, and lists it there.

        Args:
          generator: with a method `save` that takes the folder.
          folder: its name.
          description: what it is.
        """
        generator.save(self.directory / _text("folder", folder))
        self.artifact(folder, description)

    def buys_table(
        self, without: str, rows: Sequence[tuple[Mapping[str, Any], np.ndarray]]
    ) -> None:
        """The table "What the network buys": weights beside those of a proposal without one.

        Args:
          without: what the proposal without a network is, for the caption.
          rows: columns of its own (the proposal, say, and T) and log-weights `[n]` of each row.
        """
        self.table(
            f"What the network buys: its weights beside those of {without}. A stated error means "
            "nothing where a diagnostic is marked",
            [dict(first) | weight_columns(log_weight) for first, log_weight in rows],
        )

    def _only_once(self, argument: str, value: str, kind: str) -> None:
        """Raises unless no figure, or table, of this run has `value` yet."""
        if (argument, value) in self._names:
            raise ValueError(f"{argument} must be that of one {kind} alone, got {value!r} again")

    def count_energy_evaluations(self, number: int) -> None:
        """Adds energies that the package does not count itself.

        These are those of other programs, and those that a system is asked for directly.
        """
        count_energies(positive_int("number", number, minimum=0), self._energies)

    def log(self, message: str) -> None:
        """Prints a line of progress with the time since the start to standard error."""
        elapsed = time.perf_counter() - self._start
        self._console.print(f"{self.name} {elapsed:6.1f} s  {message}", markup=False)

    def begin(self) -> None:
        """Makes a folder aside for this run; what an earlier one left stays until `finish`.

        From here on the energies that the package computes are counted, and the time.

        Raises:
          ValueError: where there is no room for a report.
          OSError: where the folder cannot be made.
        """
        check_folder("output", self.output, needed=_ROOM)
        self._work = begin_folder(self.output / self.name)
        self._start = time.perf_counter()
        self._started = datetime.datetime.now(datetime.UTC)
        listen(self._energies)

    def abandon(self) -> None:
        """Removes what this run has made; what an earlier one left stays."""
        leave(self._energies)
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work = None

    def finish(self, error: str | None = None) -> dict[str, Any]:
        """Writes `metrics.json` and `report.html`; the folder takes the place of an earlier one.

        Args:
          error: what ended the run before its end, or None; a run with an error has not passed.

        Returns:
          the content of `metrics.json`.
        """
        leave(self._energies)
        marked = report.marked(self._items)
        content = {
            "name": self.name,
            "title": self.title or self.name,
            "description": self.description,
            "passed": self.passed and error is None,
            "error": error,
            "preset": self.preset,
            "seed": self.seed,
            "command": f"boltzmann-tf reproduce {self.name} --preset {self.preset} "
            f"--seed {self.seed}",
            "started": self._started.isoformat(timespec="seconds"),
            "wall_time_s": round(time.perf_counter() - self._start, 3),
            "energy_evaluations": self.energy_evaluations,
            "versions": versions(),
            "machine": {"system": platform.platform(), "cpus": os.cpu_count()},
            "diagnostics_beyond_limits": marked,
            "metrics": [metric.to_dict() for metric in self.metrics],
            "headlines": self._headlines,
            "thumbnail": self._thumbnail,
            "artifacts": self._artifacts,
        }
        page = report.render(content, self._items, self.directory)
        _files.write_text(self.directory / "report.html", page)
        # Last, so that a metrics.json is the sign of a complete folder.
        _files.write_text(self.directory / "metrics.json", to_json(content))
        if self._work is not None:
            finish_folder(self._work, self.output / self.name)
            self._work = None
        return content


def _text(name: str, value: Any) -> str:
    """Returns `value`, or raises unless it is a text that is not empty."""
    if not instance(name, value, str).strip():
        raise ValueError(f"{name} must be a non-empty text, got {value!r}")
    return str(value)


def versions() -> dict[str, str]:
    """Returns the versions of Python, of this package and of the libraries the numbers rest on."""
    found = {"python": platform.python_version(), "boltzmann_tf": __version__}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found
