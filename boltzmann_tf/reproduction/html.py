"""Small pieces of the reports' HTML. Everything that comes in is escaped here, once."""

from __future__ import annotations

import html
import importlib.resources
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

__all__ = [
    "badge",
    "duration",
    "escape",
    "measured",
    "number",
    "page",
    "prose",
    "rule",
    "table",
    "url",
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
    return str(value)


def measured(value: float | None, error: float | None) -> str:
    """Returns value ± error, both to the second digit of the error."""
    if value is None or not math.isfinite(value):
        return "not a number" if value is None or math.isnan(value) else str(value)
    if error is None or not math.isfinite(error) or error <= 0:
        return number(float(value))
    digits = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}".replace("-", "−")


def rule(text: str) -> str:
    """Returns a metric's rule with the signs of print, escaped."""
    return escape(text.replace("<=", "≤").replace(">=", "≥").replace("-", "−"))


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


def badge(passed: bool | None, text: str | None = None) -> str:  # noqa: FBT001 - one argument, one meaning
    """Returns the coloured verdict; None is neither."""
    kind = {True: "pass", False: "fail", None: "none"}[passed]
    return f'<span class="badge {kind}">{escape(text or kind)}</span>'


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
    kind: str = "",
    row_kinds: Sequence[str] = (),
) -> str:
    """Returns a table of cells that are HTML already; on narrow screens a row becomes a card."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = []
    for index, row in enumerate(rows):
        cells = "".join(
            f'<td data-label="{escape(column)}">{cell}</td>'
            for column, cell in zip(columns, row, strict=True)
        )
        row_kind = f' class="{row_kinds[index]}"' if row_kinds else ""
        body.append(f"<tr{row_kind}>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table class="{escape(kind)}">{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
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
