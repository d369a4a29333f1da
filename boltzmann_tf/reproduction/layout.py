"""How a table is laid out so that it fits a page: as it is, turned on its side, or in parts.

Widths are estimates in pixels, on the safe side for the widest of the fonts that the reports' style
names; nothing here knows HTML.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["PAGE", "Block", "Cell", "is_line", "is_number", "lay_out"]

PAGE = 940  # pixels for a table on a page 1000 wide, within its margins
_MOST_KEYS = 3  # columns that name the rows
_HEAD_LINES = 4  # that a column's head may take
_BOLD = 1.1  # times as wide as the same in regular type
_NARROW, _WIDE = " .,:;'|!ijlft()[]", "mw%±−+=<>≤≥"
_LINE = 16  # characters of a text that stay on a line; longer ones are wrapped at spaces

_NUMBER = re.compile(
    r"([+−-]?\d[\d.,\u202f]*(e[+−-]?\d+)?( ± \d\S*)?[%x]?( \(\w+\))?|[−-]?inf|nan|–)?",
    re.IGNORECASE,
)


class Cell(NamedTuple):
    """What stands in a cell.

    Attributes:
      text: of it.
      marked: whether it is beyond a limit.
      note: below it, in small.
    """

    text: str
    marked: bool = False
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Block:
    """A table that fits the page, or a part of one.

    Attributes:
      head: rows above the line.
      body: rows below it.
      keys: leading cells of each row that name it.
      compact: whether it needs small print to fit.
      turned: whether the columns of the data are its rows.
    """

    head: list[list[Cell]]
    body: list[list[Cell]]
    keys: int
    compact: bool = False
    turned: bool = False


def is_number(text: str) -> bool:
    """Whether a cell holds a number (with an error, say), or nothing."""
    return _NUMBER.fullmatch(text) is not None


def is_line(text: str) -> bool:
    """Whether a cell is not to be wrapped."""
    return is_number(text) or len(text) <= _LINE


def lay_out(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    """Returns the blocks that show a table, one below the other.

    Of what fits the page in one block the first: the table as it is, the same in small print, the
    table turned on its side. Where nothing does, the columns are split, and the leading ones, which
    name the rows, stand in each part.

    Args:
      columns: names, at least one.
      rows: of as many cells, at least one.
    """
    plain = Block([[Cell(name) for name in columns]], [list(row) for row in rows], _keys(rows))
    for block in (plain, _turned(plain)):
        for compact in (False, True):
            if block.body and _width(block, compact=compact) <= PAGE:
                return [dataclasses.replace(block, compact=compact)]
    return _split(plain)


def _keys(rows: Sequence[Sequence[Cell]]) -> int:
    """Leading columns that tell the rows apart, one where few do not."""
    for keys in range(1, min(_MOST_KEYS, len(rows[0])) + 1):
        if len({tuple(cell.text for cell in row[:keys]) for row in rows}) == len(rows):
            return keys
    return 1


def _turned(block: Block) -> Block:
    """Columns as rows; those that name the rows become the head."""
    everything = [list(column) for column in zip(*block.head, *block.body, strict=True)]
    return Block(everything[: block.keys], everything[block.keys :], keys=1, turned=True)


def _split(block: Block) -> list[Block]:
    """The fewest parts of about as many columns each that fit, in small print."""
    rest = len(block.head[0]) - block.keys
    for number in range(2, rest + 1):
        ends = [round(i * rest / number) for i in range(number + 1)]
        parts = [_part(block, *pair) for pair in itertools.pairwise(ends)]
        if all(_width(part, compact=True) <= PAGE for part in parts):
            return parts
    return [_part(block, i, i + 1) for i in range(rest)] or [_part(block, 0, 0)]


def _part(block: Block, first: int, last: int) -> Block:
    def cut(row: list[Cell]) -> list[Cell]:
        return row[: block.keys] + row[block.keys + first : block.keys + last]

    head, body = [cut(row) for row in block.head], [cut(row) for row in block.body]
    return dataclasses.replace(block, head=head, body=body, compact=True)


def _width(block: Block, *, compact: bool) -> float:
    """Of all columns at their narrowest, in pixels; the sizes are those of `report.css`."""
    size, head_size, padding = (12.5, 11.6, 13) if compact else (14, 13.2, 19.5)
    total = 0.0
    for column in zip(*block.head, *block.body, strict=True):
        head, body = column[: len(block.head)], column[len(block.head) :]
        widths = [_BOLD * head_size * _head_em(cell.text) for cell in head]
        total += padding + max(widths + [size * _cell_em(cell) for cell in body])
    return total


def _em(text: str) -> float:
    """Width of a text in units of its size."""
    narrow = sum(character in _NARROW for character in text)
    wide = sum(character.isupper() or character in _WIDE for character in text)
    return 0.4 * narrow + 0.9 * wide + 0.64 * (len(text) - narrow - wide)


def _cell_em(cell: Cell) -> float:
    """Of what cannot be wrapped, or should not be; the mark is as wide as two letters."""
    width = _em(cell.text) if is_line(cell.text) else max(_LINE * 0.64, _longest(cell.text))
    marked = _BOLD * width + 1.7 if cell.marked else width
    return max(marked, 0.85 * _longest(cell.note))


def _head_em(text: str) -> float:
    return max(_longest(text), _em(text) / _HEAD_LINES)


def _longest(text: str) -> float:
    return max(map(_em, text.split()), default=0.0)
