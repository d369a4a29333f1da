"""Running reproductions: one, some or all, each to its report and its verdict."""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from boltzmann_tf._support.checks import choice, positive_int, seed_int
from boltzmann_tf.reproduction import html, registry
from boltzmann_tf.reproduction.context import Context, check_output, check_preset, versions
from boltzmann_tf.reproduction.index import write_index
from boltzmann_tf.reproduction.metrics import Metric
from boltzmann_tf.reproduction.parallel import processes, run_studies
from boltzmann_tf.reproduction.study import Outcome, run_study

__all__ = ["main_for", "reproduce_all", "reproduce_each", "run_reproduction"]


def run_reproduction(
    name: str,
    preset: str = "quick",
    output: str | os.PathLike[str] = "results",
    seed: int = 0,
) -> bool:
    """Runs one reproduction and writes `output/name/`.

    An exception in the reproduction is printed and written into its report; it does not leave
    this function, so that the others go on. An interrupt does leave it, and the error of a full
    disk: then the report of an earlier run stays.

    Args:
      name: one of `boltzmann_tf.reproduction.names()`.
      preset: "quick" or "paper".
      output: folder of all reproductions.
      seed: of every random number, in 0 .. 2**31 - 1.

    Returns:
      whether it ran to its end and every metric passed.

    Raises:
      ValueError: for an argument that is none of these, before anything runs.
      OSError: where the report cannot be written.
    """
    return bool(reproduce_each([name], preset, output, seed)[0]["passed"])


def reproduce_all(
    preset: str = "quick",
    output: str | os.PathLike[str] = "results",
    seed: int = 0,
    jobs: int = 1,
    *,
    resume: bool = False,
    scheduler: str | None = None,
) -> bool:
    """Runs every reproduction and writes `output/index.html`.

    Args:
      preset: "quick" or "paper".
      output: folder of all reproductions.
      seed: of every random number, in 0 .. 2**31 - 1.
      jobs: processes that run them; 1 runs them in this one.
      resume: whether those that have come to their end before, with the same preset, seed and
        versions, keep their reports and are not run again.
      scheduler: address of a Dask cluster to run them on, instead of processes of this machine.

    Returns:
      whether all have passed.
    """
    results = reproduce_each(
        registry.names(), preset, output, seed, jobs, resume=resume, scheduler=scheduler
    )
    index = write_index(output, results)
    Console(highlight=False).print(f"Index: {index}", markup=False, soft_wrap=True)
    return bool(results) and all(result["passed"] for result in results)


def reproduce_each(
    names: Sequence[str],
    preset: str,
    output: str | os.PathLike[str],
    seed: int,
    jobs: int = 1,
    *,
    resume: bool = False,
    scheduler: str | None = None,
) -> list[dict[str, Any]]:
    """Runs the named reproductions; arguments as `reproduce_all`.

    One alone runs in this process; what it can do in several (the networks of an ensemble), others
    do.

    Returns:
      the content of each one's `metrics.json`.
    """
    known = {entry.name: entry for entry in registry.discover()}
    for name in names:
        choice("name", name, known)
    check_preset(preset)
    seed_int("seed", seed)
    folder = check_output(output)
    positive_int("jobs", jobs)
    contexts = [
        Context(name, preset, folder, seed, title=known[name].title)
        for name in dict.fromkeys(names)
    ]
    done = {c.name: found for c in contexts if resume and (found := _finished(c)) is not None}
    for context in contexts:
        if context.name in done:
            context.log(f"done before, report: {context.directory / 'report.html'}")
    left = [context for context in contexts if context.name not in done]
    if jobs > 1 or scheduler is not None:
        left.sort(key=lambda context: -known[context.name].minutes)  # none is left for the end
    for context, outcome in _run(left, jobs, scheduler):
        done[context.name] = outcome.content
        _print(outcome, context)
    return [done[context.name] for context in contexts]


def _run(
    contexts: Sequence[Context], jobs: int, scheduler: str | None
) -> Iterator[tuple[Context, Outcome]]:
    """Runs studies wherever; yields each when it is done."""
    if scheduler is not None and contexts:
        from boltzmann_tf.reproduction.cluster import cluster

        with cluster(scheduler) as others:
            if len(contexts) == 1:
                yield contexts[0], run_study(contexts[0], others.executor)
            else:
                yield from run_studies(contexts, *others)
        return
    with processes(jobs) as executor:
        if executor is not None and len(contexts) > 1:
            yield from run_studies(contexts, executor)
        else:
            for context in contexts:
                yield context, run_study(context, executor)


def _finished(context: Context) -> dict[str, Any] | None:
    """What an earlier run of the same study has left, where it came to its end."""
    wanted = {
        "name": context.name,
        "preset": context.preset,
        "seed": context.seed,
        "error": None,
        "versions": versions(),
    }
    try:
        found = json.loads((context.directory / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(found, dict) and all(found.get(key) == v for key, v in wanted.items())
    return found if same else None


def _print(outcome: Outcome, context: Context) -> None:
    """Prints the metrics, those that missed first, and the verdict."""
    result, found = outcome
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)  # a log has no width; do not fold at 80
    console.print()
    console.print(Text(result["title"], style="bold"))
    if found.missed:
        console.print(_table("Missed", [metric for _, metric in found.missed]))
    for section, metrics in found.passed.items():
        console.print(_table(section or "Numbers", metrics))
    if result["diagnostics_beyond_limits"]:
        marked = html.counted(result["diagnostics_beyond_limits"], "diagnostic")
        console.print(f"[bold red]![/] {marked} beyond the limits, see the report")
    verdict = "pass" if result["passed"] else "FAIL"
    if result["error"]:
        verdict += f" ({result['error'].strip().splitlines()[-1]})"
    console.print(
        f"{context.name}: {verdict} in {html.duration(result['wall_time_s'])}, "
        f"report: {context.directory / 'report.html'}",
        markup=False,
        soft_wrap=True,
    )


def _table(title: str, metrics: Sequence[Metric]) -> Table:
    """Returns verdicts as they fit 80 columns: the rule says the reference, the report why."""
    table = Table(box=box.SIMPLE_HEAD, title=Text(title, "bold"), title_justify="left")
    values = [html.measured(metric.value, metric.standard_error) for metric in metrics]
    table.add_column("")
    table.add_column("quantity", ratio=3)
    table.add_column("value", justify="right", min_width=max(map(len, values)))
    table.add_column("rule", ratio=2)
    for metric, measured in zip(metrics, values, strict=True):
        value = Text(measured)
        for of, mark in metric.marks.items():
            said = f"limit: {mark.limit}" if of == metric.name else f"{of} {mark}"
            value.append(f"\n! {said}", style="red")
        verdict = Text("pass", "green") if metric.passed else Text("FAIL", "bold red")
        table.add_row(verdict, Text(metric.name), value, Text(html.signs(metric.rule)))
    return table


def main_for(name: str) -> None:
    """Is the command line of one reproduction's file: `--preset`, `--output`, `--seed`.

    Args:
      name: of the reproduction.

    Raises:
      SystemExit: always; 0 passed, 1 a metric missed or the run failed, 2 a bad argument.
    """
    # By its name, as a shell would: the command line stands above this room.
    sys.argv[:] = ["boltzmann-tf", "reproduce", name, *sys.argv[1:]]
    runpy.run_module("boltzmann_tf.cli", run_name="__main__")
