"""Small pieces of the reports' HTML. Everything that comes in is escaped here, once."""

from __future__ import annotations

import base64
import html
import importlib.resources
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from boltzmann_tf.reproduction.layout import Block, Cell, is_line, is_number
from boltzmann_tf.reproduction.metrics import Metric

__all__ = [
    "badge",
    "counted",
    "duration",
    "escape",
    "grid",
    "mark",
    "measured",
    "number",
    "page",
    "picture",
    "prose",
    "rule",
    "signs",
    "table",
    "url",
    "value",
]


def escape(text: Any) -> str:
    """Returns text that is safe between tags and inside quoted attributes."""
    return html.escape(str(text), quote=True)


def url(path: str) -> str:
    """Returns a relative path as an escaped URL."""
    return escape(quote(path))


def number(value: Any) -> str:
    """Returns a value for reading: numbers to five digits, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.5g}".replace("-", "−") if math.isfinite(value) else str(value)
    text = str(value)
    return text.replace("-", "−") if is_number(text) else text


def counted(number: int, noun: str) -> str:
    """Returns "1 diagnostic", "2 diagnostics"."""
    return f"{number} {noun}" + "s" * (number != 1)


def measured(value: float | None, error: float | None) -> str:
    """Returns value ± error, both to the second digit of the error."""
    if value is None or not math.isfinite(value):
        return "not a number" if value is None or math.isnan(value) else str(value)
    if error is None or not math.isfinite(error) or error <= 0:
        return number(float(value))
    digits = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}".replace("-", "−")


def signs(text: str) -> str:
    """Returns a metric's rule with the signs of print, not escaped."""
    text = text.replace("<=", "≤").replace(">=", "≥").replace("- -", "+ ")
    return text.replace("-", "−")


def rule(text: str) -> str:
    """Returns a metric's rule with the signs of print, escaped."""
    return escape(signs(text))


def duration(seconds: float) -> str:
    """Returns a time for reading: "48 s", "3 min 20 s"."""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def badge(passed: bool) -> str:  # noqa: FBT001 - one argument, one meaning
    """Returns the verdict, by colour and word."""
    kind, word = ("pass", "pass") if passed else ("fail", "FAIL")
    return f'<span class="badge {kind}">{word}</span>'


def mark(said: str = "beyond its limit") -> str:
    """Returns the sign beside what is beyond its limit, with words for who cannot see it."""
    return f'<span class="mark" aria-hidden="true">!</span><span class="unseen"> {said}</span>'


def value(metric: Metric) -> str:
    """Returns the cell of a metric's value, with its diagnostics that are beyond their limits."""
    text = escape(measured(metric.value, metric.standard_error))
    for of, found in metric.marks.items():
        note = escape(f"limit: {found.limit}" if of == metric.name else f"{of} {found}")
        text += f'<span class="note beyond">{mark()} {note}</span>'
    return text


def _inline(text: str) -> str:
    text = escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)


def prose(text: str) -> str:
    """Returns paragraphs and lists of a text; a line that starts with `- ` begins an item."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in block.splitlines()]
        lead = []
        items: list[str] = []
        for line in lines:
            if line.startswith("- "):
                items.append(line[2:])
            elif items:
                items[-1] += f" {line}"
            else:
                lead.append(line)
        if lead and any(lead):
            parts.append(f"<p>{_inline(' '.join(lead))}</p>")
        if items:
            listed = "".join(f"<li>{_inline(item)}</li>" for item in items)
            parts.append(f"<ul>{listed}</ul>")
    return "\n".join(parts)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    row_kinds: Sequence[str] = (),
) -> str:
    """Returns a table of verdicts; on narrow screens a row becomes a card.

    Args:
      columns: names; the first is of verdicts and is not seen, the second of what is judged.
      rows: of cells that are HTML already.
      caption: above it.
      row_kinds: a class for each row.
    """
    unseen, *seen = map(escape, columns)
    head = f'<th scope="col"><span class="unseen">{unseen}</span></th>'
    head += "".join(f'<th scope="col">{column}</th>' for column in seen)
    body = []
    for index, (verdict, named, *others) in enumerate(rows):
        cells = f'<td>{verdict}</td><th scope="row">{named}</th>' + "".join(
            f'<td data-label="{column}">{cell}</td>'
            for column, cell in zip(seen[1:], others, strict=True)
        )
        kind = f' class="{row_kinds[index]}"' if row_kinds else ""
        body.append(f"<tr{kind}>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<table class="metrics">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def grid(shown: Block, *, caption: str = "") -> str:
    """Returns a table, or a part of one, as it was laid out."""
    form = "plain" + " compact" * shown.compact + " turned" * shown.turned
    numbers = [
        shown.turned or all(is_number(cell.text) for cell in column)
        for column in zip(*shown.body, strict=True)
    ]
    head = "".join(f"<tr>{_head(row, numbers, shown)}</tr>" for row in shown.head)
    body = []
    for row in shown.body:
        cells = ""
        for place, (cell, number) in enumerate(zip(row, numbers, strict=True)):
            key = place < shown.keys
            kinds = _classes(right=number and not key, line=is_line(cell.text))
            tag, scope = ("th", ' scope="row"') if key else ("td", "")
            cells += f"<{tag}{scope}{kinds}>{_shown(cell)}</{tag}>"
        body.append(f"<tr>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    # A screen narrower than the page that it is laid out for scrolls the table, by keyboard too.
    return (
        '<div class="scroll" tabindex="0" role="group" aria-label="table">'
        f'<table class="{form}">{title}<thead>{head}</thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _head(row: Sequence[Cell], right: Sequence[bool], shown: Block) -> str:
    """Cells of a row above the line; in the upper of several, equal neighbours are one."""
    scope = "row" if shown.turned else "col"
    parts = [f'<th scope="{scope}">{_shown(cell)}</th>' for cell in row[: shown.keys]]
    upper = len(shown.head) > 1 and row is shown.head[0]
    place = shown.keys
    for _, run in itertools.groupby(enumerate(row[place:]), lambda c: c[1] if upper else c[0]):
        cells = [cell for _, cell in run]
        span = f'group" colspan="{len(cells)}' if len(cells) > 1 else ""
        parts.append(f'<th scope="col{span}"{_classes(right=right[place])}>{_shown(cells[0])}</th>')
        place += len(cells)
    return "".join(parts)


def _classes(*, right: bool, line: bool = False) -> str:
    found = " ".join(["right"] * right + ["line"] * line)
    return f' class="{found}"' if found else ""


def _shown(cell: Cell) -> str:
    note = f'<span class="note">{escape(cell.note)}</span>' if cell.note else ""
    text = escape(cell.text)
    return f'<span class="beyond">{text} {mark()}</span>{note}' if cell.marked else text + note


def picture(path: Path, caption: str) -> str:
    """Returns a figure, its file inside, so that the page can be sent on its own."""
    source = link = url(path.name)
    if path.is_file():
        source = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
    said = escape(caption)
    return (
        f'<figure><a href="{link}"><img src="{source}" alt="{said}"></a>'
        f"<figcaption>{said}</figcaption></figure>"
    )


def page(title: str, body: str) -> str:
    """Returns a whole document, its style inside, so that the file can be sent on its own."""
    style = importlib.resources.files(__package__).joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
