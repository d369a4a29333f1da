"""The report of one reproduction and the index of all of them, as HTML."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boltzmann_tf._support import files as _files
from boltzmann_tf._support.checks import instance, sequence
from boltzmann_tf.reproduction import html
from boltzmann_tf.reproduction.diagnostics import Diagnostic
from boltzmann_tf.reproduction.metrics import Metric

__all__ = ["Item", "Metrics", "Picture", "Section", "Table", "Text", "render", "write_index"]

_MAX_HEADLINES = 4


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading."""

    title: str


@dataclasses.dataclass(frozen=True)
class Text:
    """Paragraphs."""

    text: str


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure by its file name in the report's folder."""

    filename: str
    caption: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Numbers without a verdict, one mapping a row; those that are a `Diagnostic` have one."""

    title: str
    rows: list[dict[str, Any]]

    @property
    def marked(self) -> list[str]:
        """Columns of the diagnostics beyond their limits, one entry for each."""
        return [
            column
            for row in self.rows
            for column, value in row.items()
            if isinstance(value, Diagnostic) and not value.good
        ]


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Metrics that were added one after the other."""

    metrics: list[Metric]


Item = Section | Text | Picture | Table | Metrics


def render(content: Mapping[str, Any], items: Sequence[Item]) -> str:
    """Returns the report of one reproduction.

    Args:
      content: what `metrics.json` holds.
      items: what to show, in order.

    Returns:
      an HTML document that refers to its figures by relative path.
    """
    marked = sum(len(item.marked) for item in items if isinstance(item, Table))
    body = [_header(content, marked), *(_item(item) for item in items)]
    if content["artifacts"]:
        links = "".join(
            f'<li><a href="{html.url(entry["path"])}"><code>{html.escape(entry["path"])}</code></a>'
            f" {html.escape(entry['description'])}</li>"
            for entry in content["artifacts"]
        )
        body.append(f"<h2>Files</h2>\n<ul>{links}</ul>")
    body.append(_provenance(content))
    return html.page(content["title"], "\n".join(body))


def write_index(output: str | os.PathLike[str], results: Sequence[Mapping[str, Any]]) -> Path:
    """Writes `output/index.html`, one row a reproduction.

    Args:
      output: the folder that holds the reproductions' folders.
      results: the contents of their `metrics.json`.

    Returns:
      the path of the index.
    """
    instance("output", output, (str, os.PathLike))
    results = sequence("results", results)
    passed = all(result["passed"] for result in results) and bool(results)
    metrics = [metric for result in results for metric in result["metrics"]]
    good = sum(metric["passed"] for metric in metrics)
    seconds = html.duration(sum(result["wall_time_s"] for result in results))
    body = [
        '<header><p class="kicker">boltzmann_tf</p><h1>Reproductions</h1>',
        f"<p>{html.badge(passed)} {good} of {len(metrics)} numbers where they should be, "
        f"{sum(r['passed'] for r in results)} of {len(results)} reproductions pass, "
        f"in {seconds}.</p></header>",
        '<div class="cards">',
        *(_card(result) for result in results),
        "</div>",
    ]
    path = Path(output) / "index.html"
    _files.write_text(path, html.page("boltzmann_tf: reproductions", "\n".join(body)))
    return path


def _header(content: Mapping[str, Any], marked: int) -> str:
    metrics = content["metrics"]
    missed = [metric["name"] for metric in metrics if not metric["passed"]]
    facts = [
        f"preset <strong>{html.escape(content['preset'])}</strong>",
        f"seed <strong>{content['seed']}</strong>",
        f"<strong>{html.duration(content['wall_time_s'])}</strong>",
        f"<strong>{html.number(content['energy_evaluations'])}</strong> energy evaluations",
    ]
    lines = [
        f'<header><p class="kicker">boltzmann_tf · {html.escape(content["name"])}</p>',
        f"<h1>{html.escape(content['title'])}</h1>",
        f'<p class="facts">{html.badge(content["passed"])} {" · ".join(facts)}</p>',
    ]
    if metrics:
        lines.append(f"<p>{len(metrics) - len(missed)} of {len(metrics)} numbers where they should")
        lines.append("be." + (" Missed:" if missed else "") + "</p>")
    else:
        lines.append("<p>There are no numbers, which counts as not passed.</p>")
    if missed:
        lines.append("<ul>" + "".join(f"<li>{html.escape(name)}</li>" for name in missed) + "</ul>")
    if marked:
        lines.append(
            f"<p>{html.badge(None, str(marked))} of the diagnostics in tables beyond their limits, "
            "marked there.</p>"
        )
    if content["error"]:
        lines.append(
            '<div class="error"><p>The run ended early; what follows is what it had until '
            f"then.</p><pre>{html.escape(content['error'])}</pre></div>"
        )
    lines.append(html.prose(content["description"]))
    return "\n".join(lines) + "</header>"


def _item(item: Item) -> str:
    match item:
        case Section(title):
            return f"<h2>{html.escape(title)}</h2>"
        case Text(text):
            return html.prose(text)
        case Picture(filename, caption):
            source = html.url(filename)
            return (
                f'<figure><a href="{source}"><img src="{source}" alt="{html.escape(caption)}"></a>'
                f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            )
        case Table(title, rows):
            columns = list(dict.fromkeys(key for row in rows for key in row))
            cells = [[_cell(row.get(column)) for column in columns] for row in rows]
            return html.table(columns, cells, caption=title, kind="plain")
        case Metrics(metrics):
            return _metrics(metrics)


def _cell(value: Any) -> str:
    """Returns a cell of a table; a diagnostic beyond its limit is marked, with the limit."""
    if not isinstance(value, Diagnostic):
        return html.escape(html.number(_native(value)))
    text = html.escape(value.text.replace("-", "−"))
    if value.good:
        return text
    note = f'<span class="note">{html.escape(value.limit)}</span>'
    return f"{text} {html.badge(passed=False, text='!')}{note}"


def _native(value: Any) -> Any:
    """Returns a NumPy scalar as the Python number it holds, and all else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value


def _metrics(metrics: Sequence[Metric]) -> str:
    rows = []
    for metric in metrics:
        reference = html.escape(html.number(metric.reference))
        if metric.reference is not None:
            reference += f' <span class="kind">{html.escape(metric.reference_kind)}</span>'
        if metric.source:
            reference += f'<span class="note">{html.escape(metric.source)}</span>'
        rule = html.rule(metric.rule)
        if metric.justification:
            rule += f'<span class="note">{html.escape(metric.justification)}</span>'
        value = html.escape(html.measured(metric.value, metric.standard_error))
        rows.append([html.badge(metric.passed), html.escape(metric.name), value, reference, rule])
    return html.table(
        ["", "Quantity", "Value", "Reference", "Rule, and why"],
        rows,
        kind="metrics",
        row_kinds=["pass" if metric.passed else "fail" for metric in metrics],
    )


def _provenance(content: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    machine = content["machine"]
    rows = [
        ("Command", f"<code>{html.escape(content['command'])}</code>"),
        ("Started", html.escape(content["started"])),
        ("Wall time", html.escape(html.duration(content["wall_time_s"]))),
        ("Energy evaluations", html.escape(html.number(content["energy_evaluations"]))),
        ("Versions", html.escape(versions)),
        ("Machine", f"{html.escape(machine['system'])}, {html.escape(machine['cpus'])} CPUs"),
        ("Numbers", '<a href="metrics.json"><code>metrics.json</code></a>'),
    ]
    pairs = "".join(f"<dt>{html.escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return f"<h2>Provenance</h2>\n<dl>{pairs}</dl>"


def _card(result: Mapping[str, Any]) -> str:
    """Returns one reproduction's row of the index."""
    folder = html.url(result["name"])
    by_name = {metric["name"]: metric for metric in result["metrics"]}
    missed = [metric for metric in result["metrics"] if not metric["passed"]]
    headlines = [by_name[name] for name in result["headlines"]] or result["metrics"]
    # A miss is always shown, however few were chosen as headlines.
    shown = missed + [metric for metric in headlines if metric["passed"]]
    rows = [
        [
            html.badge(metric["passed"]),
            html.escape(metric["name"]),
            html.escape(html.measured(metric["value"], metric["standard_error"])),
            html.rule(metric["rule"]),
        ]
        for metric in shown[: max(_MAX_HEADLINES, len(missed))]
    ]
    picture = ""
    if result["thumbnail"]:
        picture = (
            f'<a class="thumbnail" href="{folder}/report.html">'
            f'<img src="{folder}/{html.url(result["thumbnail"])}" alt=""></a>'
        )
    good = len(result["metrics"]) - len(missed)
    error = ""
    if result["error"]:
        last = result["error"].strip().splitlines()[-1]
        error = f'<p class="error">{html.escape(last)}</p>'
    numbers = html.table(["", "Quantity", "Value", "Rule"], rows, kind="metrics") if rows else ""
    return (
        f'<section class="card">{picture}<div><h2><a href="{folder}/report.html">'
        f"{html.escape(result['title'])}</a></h2>"
        f'<p class="facts">{html.badge(result["passed"])} '
        f"<code>{html.escape(result['name'])}</code> · {good} of {len(result['metrics'])} · "
        f"preset {html.escape(result['preset'])} · "
        f"{html.duration(result['wall_time_s'])}</p>{error}{numbers}</div></section>"
    )
