"""The report of one reproduction as HTML: verdicts first, then what they rest on."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boltzmann_tf.reproduction import html
from boltzmann_tf.reproduction.diagnostics import Diagnostic
from boltzmann_tf.reproduction.index import write_index
from boltzmann_tf.reproduction.layout import Cell, lay_out
from boltzmann_tf.reproduction.metrics import Metric

__all__ = [
    "Item",
    "Picture",
    "Section",
    "Table",
    "Text",
    "Verdicts",
    "marked",
    "render",
    "verdicts",
    "write_index",
]


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


Item = Section | Text | Picture | Table | Metric


@dataclasses.dataclass(frozen=True)
class Verdicts:
    """Metrics as a reader looks for them.

    Attributes:
      missed: those that did not pass, each with its section.
      passed: section -> those that passed, in the order of the calls.
    """

    missed: list[tuple[str, Metric]]
    passed: dict[str, list[Metric]]


def verdicts(items: Sequence[Item]) -> Verdicts:
    """Returns the metrics among what a report shows; those before any section are of ""."""
    section = ""
    found = Verdicts([], {})
    for item in items:
        if isinstance(item, Section):
            section = item.title
        elif isinstance(item, Metric) and item.passed:
            found.passed.setdefault(section, []).append(item)
        elif isinstance(item, Metric):
            found.missed.append((section, item))
    return found


def marked(items: Sequence[Item]) -> int:
    """Returns the number of diagnostics beyond their limits, in tables and beside metrics."""
    tables = sum(len(item.marked) for item in items if isinstance(item, Table))
    return tables + sum(len(item.marks) for item in items if isinstance(item, Metric))


def render(content: Mapping[str, Any], items: Sequence[Item], folder: Path) -> str:
    """Returns the report of one reproduction.

    Args:
      content: what `metrics.json` holds.
      items: what to show, in order.
      folder: of the figures, which go into the document.

    Returns:
      an HTML document that needs no other file.
    """
    body = [_header(content), _verdicts(verdicts(items)), _about(content["description"])]
    body += _sections(items, folder)
    if content["artifacts"]:
        links = "".join(
            f'<li><a href="{html.url(entry["path"])}"><code>{html.escape(entry["path"])}</code></a>'
            f" {html.escape(entry['description'])}</li>"
            for entry in content["artifacts"]
        )
        body.append(f"<h2>Files</h2>\n<ul>{links}</ul>")
    body.append(_provenance(content))
    return html.page(content["title"], "\n".join(filter(None, body)))


def _header(content: Mapping[str, Any]) -> str:
    metrics = content["metrics"]
    missed = sum(not metric["passed"] for metric in metrics)
    facts = [
        f"preset <strong>{html.escape(content['preset'])}</strong>",
        f"seed <strong>{content['seed']}</strong>",
        f"<strong>{html.duration(content['wall_time_s'])}</strong>",
        f"<strong>{html.number(content['energy_evaluations'])}</strong> energy evaluations",
    ]
    if not metrics:
        said = "There are no numbers, which counts as not passed."
    elif missed:
        said = f"{missed} of {len(metrics)} numbers not where they should be."
    else:
        said = f"{len(metrics)} of {len(metrics)} numbers where they should be."
    if content["error"]:
        said = f"The run ended early. {said}"
    lines = [
        f'<header><p class="kicker">boltzmann_tf · {html.escape(content["name"])}</p>',
        f"<h1>{html.escape(content['title'])}</h1>",
        f'<p class="verdict {"pass" if content["passed"] else "fail"}">'
        f"{html.badge(content['passed'])} {said}</p>",
        f'<p class="facts">{" · ".join(facts)}</p>',
    ]
    if content["diagnostics_beyond_limits"]:
        marked = html.counted(content["diagnostics_beyond_limits"], "diagnostic")
        lines.append(
            f"<p>{html.mark('Marked:')} {marked} beyond the limits, marked where they stand.</p>"
        )
    if content["error"]:
        lines.append(
            '<div class="error"><p>The run ended early; what follows is what it had until '
            f"then.</p><pre>{html.escape(content['error'])}</pre></div>"
        )
    return "\n".join(lines) + "</header>"


def _verdicts(found: Verdicts) -> str:
    """Returns what missed, then what passed, section by section."""
    parts = []
    if found.missed:
        metrics = [metric for _, metric in found.missed]
        parts.append(_metrics("Missed", metrics, [section for section, _ in found.missed]))
    for section, metrics in found.passed.items():
        number = len(metrics) + sum(own == section for own, _ in found.missed)
        parts.append(_metrics(f"{section or 'Numbers'}: {len(metrics)} of {number} pass", metrics))
    return "<h2>Verdicts</h2>\n" + "\n".join(parts) if parts else ""


def _metrics(caption: str, metrics: Sequence[Metric], sections: Sequence[str] = ()) -> str:
    rows = []
    for i, metric in enumerate(metrics):
        name = html.escape(metric.name)
        if sections and sections[i]:
            name += f'<span class="note">{html.escape(sections[i])}</span>'
        reference = html.escape(html.number(metric.reference))
        if metric.reference is not None:
            reference += f' <span class="kind">{html.escape(metric.reference_kind)}</span>'
        if metric.source:
            reference += f'<span class="note">{html.escape(metric.source)}</span>'
        rule = html.rule(metric.rule)
        if metric.justification:
            rule += f'<span class="note">{html.escape(metric.justification)}</span>'
        rows.append([html.badge(metric.passed), name, html.value(metric), reference, rule])
    return html.table(
        ["Verdict", "Quantity", "Value", "Reference", "Rule, and why"],
        rows,
        caption=caption,
        row_kinds=["pass" if metric.passed else "fail" for metric in metrics],
    )


def _about(description: str) -> str:
    return f"<h2>What this is</h2>\n{html.prose(description)}" if description.strip() else ""


def _sections(items: Sequence[Item], folder: Path) -> list[str]:
    """Returns all but the metrics; a section that held nothing else has no heading."""
    shown = [item for item in items if not isinstance(item, Metric)]
    parts = []
    for item, after in itertools.zip_longest(shown, shown[1:], fillvalue=Section("")):
        match item:
            case Section(title):
                if not isinstance(after, Section):
                    parts.append(f"<h2>{html.escape(title)}</h2>")
            case Text(text):
                parts.append(html.prose(text))
            case Picture(filename, caption):
                parts.append(html.picture(folder / filename, caption))
            case Table():
                parts.append(_table(item))
    return parts


def _table(table: Table) -> str:
    """Returns a table as it fits the page, with the limits of what is marked below it."""
    columns = list(dict.fromkeys(key for row in table.rows for key in row))
    rows = [[_cell(row.get(column)) for column in columns] for row in table.rows]
    parts = [
        html.grid(part, caption="continued" if later else table.title)
        for later, part in enumerate(lay_out(columns, rows))
    ]
    limits: dict[str, list[str]] = {}
    for column in columns:
        for found in (row.get(column) for row in table.rows):
            if isinstance(found, Diagnostic) and not found.good:
                limits.setdefault(found.limit, []).append(column)
    if limits:
        said = "; ".join(f"{', '.join(dict.fromkeys(of))}: {limit}" for limit, of in limits.items())
        parts.append(
            f'<p class="legend">{html.mark("Marked")} beyond its limit ({html.escape(said)})</p>'
        )
    return f'<div class="table">{"".join(parts)}</div>'


def _cell(value: Any) -> Cell:
    if not isinstance(value, Diagnostic):
        return Cell(html.number(_native(value)))
    note = f"{value.judged} effective" if value.judged and not value.good else ""
    return Cell(html.number(value.text), not value.good, note)


def _native(value: Any) -> Any:
    """Returns a NumPy scalar as the Python number it holds, and all else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value


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
