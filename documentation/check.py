"""Checks the site that was built: it asks no other server, and shows what it should.

python -m documentation.check [SITE]
"""

from __future__ import annotations

import html.parser
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["check", "foreign", "main", "missing", "studies"]

# What a browser loads by itself; a link of <a> is a reader's to follow.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
}
LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch"}
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")


class _Page(html.parser.HTMLParser):
    """Collects what a page loads, and how many formulas, pictures and rows of tables it has."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        given = {name: value or "" for name, value in attrs}
        address = given.get(LOADED.get(tag, ""))
        if tag == "link" and not LOADED_LINKS & set(given.get("rel", "").split()):
            address = None
        if address:
            self.loaded.append(address)
        self.loaded += [part.split()[0] for part in given.get("srcset", "").split(",") if part]
        self.loaded += IN_STYLE.findall(given.get("style", ""))


def read(page: Path) -> _Page:
    """Returns what a page of HTML holds."""
    found = _Page()
    text = page.read_text(encoding="utf-8")
    found.feed(text)
    for style in re.findall(r"<style.*?</style>", text, re.DOTALL):
        found.loaded += IN_STYLE.findall(style)
    return found


def foreign(site: Path) -> list[str]:
    """Returns what pages and styles of `site` load from another server."""
    found = []
    for page in sorted(site.rglob("*.html")):
        away = [a for a in read(page).loaded if urlsplit(a).netloc]
        found += [f"{page.relative_to(site)} loads {a}" for a in away]
    for style in sorted(site.rglob("*.css")):
        away = IN_STYLE.findall(style.read_text(encoding="utf-8"))
        found += [f"{style.relative_to(site)} loads {a}" for a in away]
    return found


def missing(site: Path) -> list[str]:
    """Returns what pages of `site` load from it and is not there."""
    found = []
    for page in sorted(site.rglob("index.html")):
        for address in read(page).loaded:
            path = unquote(urlsplit(address).path)
            if address.startswith("data:") or urlsplit(address).netloc or not path:
                continue
            place = site / path.lstrip("/") if path.startswith("/") else page.parent / path
            if not place.exists():
                found.append(f"{page.relative_to(site)} lacks {address}")
    return found


def studies(site: Path, names: Iterable[str]) -> list[str]:
    """Returns which of the studies `names` has no page with formulas, figures and numbers."""
    found = []
    for name in names:
        page = site / "studies" / name / "index.html"
        if not page.exists():
            found.append(f"the study {name} has no page")
            continue
        counts = read(page).counts
        found += [
            f"the page of the study {name} has no <{tag}>"
            for tag in ("math", "figure", "figcaption", "tr")
            if not counts.get(tag)
        ]
    return found


def check(site: Path, names: Iterable[str]) -> list[str]:
    """Returns all that is wrong with `site`, a line each."""
    if not (site / "index.html").exists():
        return [f"{site} holds no site: python -m zensical build --strict"]
    return foreign(site) + missing(site) + studies(site, names)


def main(arguments: list[str] | None = None) -> int:
    """Prints what is wrong; returns 1 where something is."""
    from boltzmann_tf.reproduction import registry  # noqa: PLC0415 - not to check a page

    given = sys.argv[1:] if arguments is None else arguments
    site = Path(given[0]) if given else Path("site")
    found = check(site, registry.names())
    print("\n".join(found) or f"{site}: nothing from elsewhere, and all studies are there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
