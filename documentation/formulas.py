r"""Formulas between dollar signs become MathML when the site is built.

An extension of Python-Markdown: `$x$` in a line, and a paragraph `$$ ... $$` on its own. Browsers
show MathML themselves, so that a page needs no script and asks no other server. What `\qquad` parts
may stand below each other where a page is narrow. A formula that cannot be read ends the build.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Extension, Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.inlinepatterns import InlineProcessor
from math_core import LatexError, LatexToMathML

__all__ = ["Formulas", "makeExtension", "mathml"]

# No blank next to the signs, and no digit behind: prices and shell prompts stay what they are.
INLINE = r"(?<![\\$])\$(?![\s$])([^$]+?)(?<!\s)\$(?![\d$])"
BLOCK = re.compile(r"\s*\$\$(.+)\$\$\s*", re.DOTALL)
MACROS = {"dd": r"\mathrm{d}", "e": r"\mathrm{e}"}


def mathml(formula: str, *, block: bool = False) -> str:
    """Returns a formula of LaTeX as MathML.

    Args:
      formula: without the signs around it.
      block: whether it stands on a line of its own.

    Raises:
      ValueError: where it cannot be read.
    """
    try:
        return LatexToMathML(macros=MACROS).convert_with_local_state(
            " ".join(formula.split()), displaystyle=block
        )
    except LatexError as error:
        raise ValueError(f"no formula: {formula!r} ({error})") from error


class _Inline(InlineProcessor):
    def handleMatch(  # noqa: N802 - the name that Python-Markdown calls
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int]:
        return self.md.htmlStash.store(mathml(m.group(1))), m.start(0), m.end(0)


class _Block(BlockProcessor):
    def test(self, parent: Element, block: str) -> bool:
        return BLOCK.fullmatch(block) is not None

    def run(self, parent: Element, blocks: list[str]) -> None:
        found = BLOCK.fullmatch(blocks.pop(0))
        assert found is not None
        box = SubElement(parent, "div", {"class": "formula"})
        parts = [mathml(part, block=True) for part in found.group(1).split(r"\qquad")]
        box.text = self.parser.md.htmlStash.store("".join(parts))


class Formulas(Extension):
    """The extension; the name of this module in the list of extensions is enough."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Puts formulas before escapes and emphasis, but after code."""
        md.inlinePatterns.register(_Inline(INLINE, md), "formula", 185)
        md.parser.blockprocessors.register(_Block(md.parser), "formula", 175)


def makeExtension(**options: Any) -> Formulas:  # noqa: N802
    """Returns the extension, for Python-Markdown."""
    return Formulas(**options)
