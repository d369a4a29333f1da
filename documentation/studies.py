"""Writes the pages of the studies from the results of a run: its figures and its numbers.

    python -m documentation.studies RESULTS [--check]

RESULTS is what `boltzmann-tf reproduce --all --output RESULTS` has written. A study NAME has the
page `docs/studies/NAME.md`; what stands between its marks is written here, and all else by hand.
Pictures go to `docs/studies/pictures/NAME`. With `--check` nothing is written: the pages are held
against the results, by their figures and by the names of their numbers, not by values.
"""

from __future__ import annotations

import argparse
import dataclasses
import html.parser
import io
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from boltzmann_tf.reproduction import html as texts
from boltzmann_tf.reproduction.metrics import Metric

__all__ = ["Figure", "Study", "compared", "main", "read_results", "write"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
WIDTH, BYTES = 1200, 62_000  # of a figure: pixels, and what its file may take
SMALL_WIDTH, SMALL_BYTES = 480, 16_000  # of one in the gallery
DPI = 150  # of the figures of a report
QUALITIES = (88, 80, 72, 64, 56, 48)
LIBRARIES = (
    "boltzmann_tf",
    "python",
    "tensorflow",
    "tensorflow-probability",
    "keras",
    "numpy",
    "scipy",
)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of a report.

    Attributes:
      name: of its file, without the ending.
      caption: what it shows.
      section: the heading above it, or "".
    """

    name: str
    caption: str
    section: str


@dataclasses.dataclass(frozen=True)
class Study:
    """One study as a run has left it.

    Attributes:
      folder: of its results.
      content: of its `metrics.json`.
      figures: in the order of the report.
    """

    folder: Path
    content: dict[str, Any]
    figures: list[Figure]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.content["name"])

    @property
    def metrics(self) -> list[Metric]:
        """Its numbers."""
        return [Metric.from_dict(fields) for fields in self.content["metrics"]]


class _Report(html.parser.HTMLParser):
    """Finds headings, and figures with their captions, in a report."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[Figure] = []
        self._section = self._link = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h2", "figure", "figcaption"):
            self._text = ""
        if tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "h2":
            self._section = self._text.strip()
        elif tag == "figcaption":
            self.figures.append(Figure(Path(self._link).stem, self._text.strip(), self._section))


def read_results(results: Path) -> list[Study]:
    """Returns the studies of a folder of results, by name."""
    studies = []
    for file in sorted(results.glob("*/metrics.json")):
        report = _Report()
        report.feed((file.parent / "report.html").read_text(encoding="utf-8"))
        content = json.loads(file.read_text(encoding="utf-8"))
        studies.append(Study(file.parent, content, report.figures))
    if not studies:
        raise SystemExit(f"{results} holds no results of `boltzmann-tf reproduce`")
    return studies


def write(studies: Iterable[Study], docs: Path = DOCS) -> None:
    """Writes the pages and pictures of `studies`, and the gallery of the first page."""
    for study in studies:
        page = docs / "studies" / f"{study.name}.md"
        text = page.read_text(encoding="utf-8") if page.exists() else _blank(study)
        _, _, below = text.partition("\n")
        text = f"# {study.content['title']}\n{below}"
        page.write_text(_between(text, "run", _generated(study)), encoding="utf-8")
        _pictures(study, docs / "studies" / "pictures" / study.name)
    first = docs / "index.md"
    text = first.read_text(encoding="utf-8")
    first.write_text(_between(text, "gallery", _gallery(docs)), encoding="utf-8")


def compared(studies: Iterable[Study], docs: Path = DOCS) -> list[str]:
    """Returns what is not the same in the pages and in the results: none, one line, or several."""
    found = []
    pages = {page.stem: page for page in (docs / "studies").glob("*.md")}
    ran = {study.name: study for study in studies}
    found += [f"{name}: a page, and no results" for name in sorted(set(pages) - set(ran))]
    found += [f"{name}: results, and no page" for name in sorted(set(ran) - set(pages))]
    for name in sorted(set(pages) & set(ran)):
        study, text = ran[name], pages[name].read_text(encoding="utf-8")
        command = study.content["command"]
        if command not in text:
            found.append(f"{name}: the page is not of `{command}`")
        shown = re.findall(rf"^\[!\[.*?\]\(pictures/{name}/(\w+)\.webp\)", text, re.MULTILINE)
        found += _differences(name, "figure", shown, [figure.name for figure in study.figures])
        _, _, run = text.partition("<!-- run -->")
        shown = re.findall(r"^\| (.+?) \| [^|]+ \|", run, re.MULTILINE)
        shown = [cell for cell in shown if cell != "quantity"]
        wanted = [_cell(metric.name) for metric in study.metrics]
        found += _differences(name, "number", shown, wanted)
        pictures = docs / "studies" / "pictures" / name
        for figure in study.figures:
            if not (pictures / f"{figure.name}.webp").exists():
                found.append(f"{name}: no file of the picture {figure.name}")
    return found


def _differences(study: str, kind: str, shown: list[str], wanted: list[str]) -> list[str]:
    if shown == wanted:
        return []
    found = [f"{study}: {kind} {name!r} is not on the page" for name in wanted if name not in shown]
    found += [
        f"{study}: {kind} {name!r} is only on the page" for name in shown if name not in wanted
    ]
    return found or [f"{study}: {kind}s are in another order on the page"]


def _between(text: str, mark: str, new: str) -> str:
    """Returns `text` with `new` between the comments <!-- mark --> and <!-- /mark -->."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"the page must hold {start} and {end}")
    return f"{before}{start}\n\n{new.strip()}\n\n{end}{after}"


def _blank(study: Study) -> str:
    return f"# {study.content['title']}\n\n<!-- run -->\n<!-- /run -->\n"


def _generated(study: Study) -> str:
    content, metrics = study.content, study.metrics
    passed = sum(metric.passed for metric in metrics)
    versions = ", ".join(f"{of} {content['versions'][of]}" for of in LIBRARIES)
    cost = [
        f"{texts.duration(content['wall_time_s'])} on {content['machine']['cpus']} cores",
        f"{texts.number(content['energy_evaluations'])} energy evaluations",
    ]
    parts = [
        "## One run",
        f"```bash\n{content['command']}\n```",
        f"Preset `{content['preset']}`, {passed} of {len(metrics)} numbers within their "
        f"tolerances, {', '.join(cost)} ({versions}).",
    ]
    section = ""
    for figure in study.figures:
        if figure.section != section:
            section = figure.section
            parts.append(f"### {_text(section)}")
        file = f"pictures/{study.name}/{figure.name}.webp"
        size = f'{{ width="{_width(study.folder / figure.name)}" }}'
        picture = f"[![Figure: {figure.name.replace('_', ' ')}]({file}){size}]({file})"
        caption = f"<figcaption>{_text(figure.caption)}</figcaption>"
        parts.append(f'<figure markdown="span">\n{picture}\n{caption}\n</figure>')
    numbers = f'<div class="numbers" markdown>\n\n{_numbers(metrics)}\n\n</div>'
    parts += ["### Numbers", numbers]
    return "\n\n".join(parts)


def _width(file: Path) -> int:
    """Returns the width of a figure on a page, in pixels: that in inches is kept."""
    with Image.open(file.with_suffix(".png")) as picture:
        return round(96 * picture.width / DPI)


def _numbers(metrics: Iterable[Metric]) -> str:
    lines = [
        "| quantity | value | reference | tolerance, and why | passed |",
        "|---|---|---|---|---|",
    ]
    for metric in metrics:
        reference = texts.number(metric.reference)
        if metric.reference is not None:
            reference += f" ({metric.reference_kind})"
        reference = _joined(reference, metric.source)
        rule = _joined(texts.signs(metric.rule), metric.justification)
        value = texts.measured(metric.value, metric.standard_error)
        verdict = "yes" if metric.passed else "**no**"
        cells = [_cell(metric.name), _cell(value), reference, rule, verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _joined(first: str, note: str) -> str:
    return _cell(first) + (f"<br>*{_cell(note)}*" if note else "")


def _cell(text: str) -> str:
    """Returns text for a cell of a table; long names of Python may break at their dots."""
    text = _text(text).replace("|", "&#124;")
    return re.sub(r"(?<=[a-z_])\.(?=[A-Za-z_])", ".<wbr>", text)


def _text(text: str) -> str:
    """Returns text whose signs mean nothing to Markdown."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\*_`$])", r"\\\1", " ".join(text.split()))


def _gallery(docs: Path) -> str:
    """Returns a picture of each study, a link to its page, in the order of the reproductions."""
    items = []
    table = (docs / "reproductions.md").read_text(encoding="utf-8")
    for name in dict.fromkeys(re.findall(r"\]\(studies/(\w+)\.md\)", table)):
        page = (docs / "studies" / f"{name}.md").read_text(encoding="utf-8")
        title = page.splitlines()[0].removeprefix("# ")
        items.append(f"- [![](studies/pictures/{name}/small.webp) {title}](studies/{name}.md)")
    return '<div class="gallery" markdown>\n\n' + "\n".join(items) + "\n\n</div>"


def _pictures(study: Study, folder: Path) -> None:
    """Writes the figures of a study, compact, and a small one; others of the folder go."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    for figure in study.figures:
        file = study.folder / f"{figure.name}.png"
        (folder / f"{figure.name}.webp").write_bytes(_compact(file, WIDTH, BYTES))
    thumbnail = study.content["thumbnail"]
    if thumbnail:
        small = _compact(study.folder / thumbnail, SMALL_WIDTH, SMALL_BYTES)
        (folder / "small.webp").write_bytes(small)


def _compact(file: Path, widest: int, most: int) -> bytes:
    """Returns a picture as WebP: no wider than `widest`, as good as `most` bytes allow."""
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    data = b""
    for width in (widest, round(0.85 * widest), round(0.7 * widest)):
        scaled = picture
        if picture.width > width:
            height = round(picture.height * width / picture.width)
            scaled = picture.resize((width, height), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            memory = io.BytesIO()
            scaled.save(memory, "WEBP", quality=quality, method=6)
            data = memory.getvalue()
            if len(data) <= most:
                return data
    return data


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks; returns 1 where pages and results differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of `boltzmann-tf reproduce --all`")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    given = parser.parse_args(arguments)
    studies = read_results(given.results)
    if not given.check:
        write(studies)
        return 0
    found = compared(studies)
    print("\n".join(found) or f"the pages of {len(studies)} studies show what they should")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
