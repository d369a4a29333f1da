"""The index of all reproductions that ran, as HTML."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boltzmann_tf._support import files as _files
from boltzmann_tf._support.checks import instance, sequence
from boltzmann_tf.reproduction import html
from boltzmann_tf.reproduction.metrics import Metric

__all__ = ["write_index"]

_MAX_HEADLINES = 4


def write_index(output: str | os.PathLike[str], results: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `output/index.html`: a row for each reproduction, then its headlines and its misses.

    Args:
      output: the folder that holds the reproductions' folders.
      results: the contents of their `metrics.json`.

    Returns:
      the path of the index.
    """
    instance("output", output, (str, os.PathLike))
    # Those that failed first; the order is otherwise kept.
    results = sorted(sequence("results", results), key=lambda result: bool(result["passed"]))
    failed = sum(not result["passed"] for result in results)
    passed = not failed and bool(results)
    metrics = [metric for result in results for metric in result["metrics"]]
    good = sum(metric["passed"] for metric in metrics)
    seconds = html.duration(math.fsum(result["wall_time_s"] for result in results))
    body = [
        '<header><p class="kicker">boltzmann_tf</p><h1>Reproductions</h1>',
        f'<p class="verdict {"pass" if passed else "fail"}">{html.badge(passed)} '
        f"{len(results) - failed} of {len(results)} reproductions pass, {good} of {len(metrics)} "
        f"numbers where they should be, in {seconds}.</p></header>",
        _overview(results) if results else "",
        '<div class="cards">',
        *(_card(result) for result in results),
        "</div>",
    ]
    path = Path(output) / "index.html"
    _files.write_text(path, html.page("boltzmann_tf: reproductions", "\n".join(body)))
    return path


def _overview(results: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            html.badge(result["passed"]),
            f'<a href="{html.url(result["name"])}/report.html">{html.escape(result["title"])}</a>',
            _count(result),
            html.escape(result["preset"]),
            html.duration(result["wall_time_s"]),
        ]
        for result in results
    ]
    return html.table(
        ["Verdict", "Reproduction", "Numbers", "Preset", "Time"],
        rows,
        row_kinds=["pass" if result["passed"] else "fail" for result in results],
    )


def _count(result: Mapping[str, Any]) -> str:
    good = sum(metric["passed"] for metric in result["metrics"])
    marked = result.get("diagnostics_beyond_limits", 0)
    numbers = f"{good} of {len(result['metrics'])}"
    if marked:
        said = f"{html.counted(marked, 'diagnostic')} beyond the limits"
        numbers += f'<span class="note beyond">{html.mark("Marked:")} {said}</span>'
    return numbers


def _card(result: Mapping[str, Any]) -> str:
    """Returns one reproduction's headlines and misses, beside its picture."""
    folder = html.url(result["name"])
    by_name = {fields["name"]: Metric.from_dict(fields) for fields in result["metrics"]}
    missed = [metric for metric in by_name.values() if not metric.passed]
    headlines = [by_name[name] for name in result["headlines"]] or list(by_name.values())
    # A miss is always shown, however few were chosen as headlines.
    shown = missed + [metric for metric in headlines if metric.passed]
    shown = shown[: max(_MAX_HEADLINES, len(missed))]
    rows = [
        [
            html.badge(metric.passed),
            html.escape(metric.name),
            html.value(metric),
            html.rule(metric.rule),
        ]
        for metric in shown
    ]
    numbers = ""
    if rows:
        kinds = ["pass" if metric.passed else "fail" for metric in shown]
        numbers = html.table(["Verdict", "Quantity", "Value", "Rule"], rows, row_kinds=kinds)
    picture = ""
    if result["thumbnail"]:
        said = html.escape(f"A figure of: {result['title']}")
        picture = (
            f'<a class="thumbnail" href="{folder}/report.html">'
            f'<img src="{folder}/{html.url(result["thumbnail"])}" alt="{said}" loading="lazy"></a>'
        )
    error = ""
    if result["error"]:
        last = result["error"].strip().splitlines()[-1]
        error = f'<p class="error">{html.escape(last)}</p>'
    return (
        f'<section class="card">{picture}<div><h2><a href="{folder}/report.html">'
        f"{html.escape(result['title'])}</a></h2>"
        f'<p class="facts">{html.badge(result["passed"])} '
        f"<code>{html.escape(result['name'])}</code> · {len(by_name) - len(missed)} of "
        f"{len(by_name)} numbers</p>{error}{numbers}</div></section>"
    )
