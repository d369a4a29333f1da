"""Tables fit a page 1000 pixels wide, by the metrics of the widest of the usual fonts."""

from __future__ import annotations

import functools

import matplotlib as mpl
import pytest
from matplotlib.ft2font import FT2Font

from boltzmann_tf.reproduction.layout import PAGE, Block, Cell, is_line, is_number, lay_out

FOLDER = f"{mpl.get_data_path()}/fonts/ttf/"
# Pixels of text in cells and heads, and the padding of both sides, as in report.css.
SIZES = {False: (14.0, 0.82 * 16, 19.2), True: (0.78 * 16, 0.72 * 16, 12.8)}


font_of = functools.cache(FT2Font)


@functools.cache
def measured(text, size, *, bold=False):
    font = font_of(f"{FOLDER}DejaVuSans{'-Bold' if bold else ''}.ttf")
    font.set_size(size, 72)
    font.set_text(text, 0)
    return font.get_width_height()[0] / 64


def width(block):
    """What a browser needs at least: no line of a cell, no word of a head is broken."""
    size, head_size, padding = SIZES[block.compact]
    total = 0.0
    for column in zip(*block.head, *block.body, strict=True):
        head, body = column[: len(block.head)], column[len(block.head) :]
        words = [measured(w, head_size, bold=True) for cell in head for w in cell.text.split()]
        for cell in body:
            lines = [cell.text] if is_line(cell.text) else cell.text.split()
            extra = measured("  ! ", size) if cell.marked else 0.0
            words += [measured(line, size, bold=cell.marked) + extra for line in lines]
            words += [measured(w, 0.85 * size) for w in cell.note.split()]
        total += max(words, default=0.0) + padding
    return total


def cells(columns, rows):
    return columns, [[Cell(value) for value in row] for row in rows]


def contents(blocks):
    """Cells by the names of their row and column, whatever the layout."""
    found = {}
    for block in blocks:
        rows = [*block.head, *block.body]
        if block.turned:
            rows = [list(row) for row in zip(*rows, strict=True)]
        columns = [cell.text for cell in rows[0]]
        for row in rows[1:]:
            found |= {(row[0].text, c): v.text for c, v in zip(columns, row, strict=True)}
    return found


VARIANTS = [
    "published ML+KL",
    "published KL+RC",
    "published ML",
    "ours",
    "ours KL+RC",
    "ours, late",
]
# The columns of figure 2's table of weights.
WEIGHTS = [
    "variant", "networks", "ended in NaN", "steps skipped", "ESS fraction", "Pareto k-hat",
    "the largest", "J_KL above bound", "basin coverage", "worst basin ratio", "profile RMSE (kT)",
    "the same, prior at T = 1 alone", "estimator error as published", "training energies",
]  # fmt: skip


def numbers(n, text="−0.1234 ± 0.0123"):
    return [text] * n


TABLES = {
    "narrow": cells(["T", "value"], [["1", "2"]]),
    "weights": cells(WEIGHTS, [[v, *numbers(13, "0.0123")] for v in VARIANTS]),
    "one row": cells([f"a quantity, {i}" for i in range(14)], [numbers(14)]),
    "many rows": cells(
        ["n", *(f"quantity number {i}" for i in range(13))],
        [[str(j), *numbers(13)] for j in range(40)],
    ),
    "texts": cells(
        ["system", *(f"found {i}" for i in range(6))],
        [[v, *(["left 12, right 103, and the barrier between them"] * 6)] for v in VARIANTS],
    ),
    "long words": cells(["a" * 30, "b"], [["c" * 50, "d" * 20], ["e", "f"]]),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_part_fits_the_page_and_nothing_is_lost(name):
    columns, rows = TABLES[name]
    blocks = lay_out(columns, rows)
    assert all(width(block) <= PAGE for block in blocks)
    known = {(r[0].text, c): v.text for r in rows for c, v in zip(columns, r, strict=True)}
    assert contents(blocks) == known


@pytest.mark.parametrize("marked", [False, True], ids=["plain", "marked"])
@pytest.mark.parametrize("text", ["−0.1234 ± 0.0123", "1234567890", "0.12", "a few words each"])
def test_tables_of_any_number_of_columns_fit(text, marked):
    for n in range(2, 40):
        columns = [f"WEIGHTED MEAN {i}" for i in range(n)]
        blocks = lay_out(columns, [[Cell(text, marked)] * n] * 12)
        assert max(map(width, blocks)) <= PAGE, n


def test_the_same_tables_do_not_all_fit_as_they_are():
    """The sister: what is measured here can be too wide."""
    columns, rows = TABLES["weights"]
    plain = Block([[Cell(c) for c in columns]], [list(row) for row in rows], 1, compact=True)
    assert width(plain) > PAGE


@pytest.mark.parametrize(
    ("name", "parts", "turned", "compact"),
    [
        ("narrow", 1, False, False),
        ("weights", 1, True, False),
        ("one row", 1, True, False),
        ("many rows", 3, False, True),
    ],
)
def test_how_they_are_laid_out(name, parts, turned, compact):
    blocks = lay_out(*TABLES[name])
    assert len(blocks) == parts
    assert {(block.turned, block.compact) for block in blocks} == {(turned, compact)}


def test_columns_that_name_the_rows_stand_in_each_part():
    columns = ["variant", "T", *(f"quantity number {i}" for i in range(12))]
    rows = [[Cell(v), Cell(t), *map(Cell, numbers(12))] for v in VARIANTS for t in "123"]
    blocks = lay_out(columns, rows)
    assert len(blocks) > 1
    for block in blocks:
        assert block.keys == 2
        assert [cell.text for cell in block.head[0][:2]] == ["variant", "T"]
        assert [tuple(row[:2]) for row in block.body] == [tuple(row[:2]) for row in rows]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_no_layout_makes_fit_is_shown_all_the_same(n):
    """A word wider than the page; its table scrolls."""
    columns, rows = cells([f"c{i}" for i in range(n)], [["x" * 300] * n, ["y" * 300] * n])
    blocks = lay_out(columns, rows)
    assert all(block.compact for block in blocks)
    assert contents(blocks).keys() == {(r[0].text, c) for r in rows for c in columns}


def test_rows_that_nothing_tells_apart_are_named_by_the_first_column():
    (block,) = lay_out(["a", "b"], [[Cell("1"), Cell("2")]] * 2)
    assert block.keys == 1


@pytest.mark.parametrize(
    "text", ["1", "−1.5", "1,234", "12\u202f345", "1.2e−05", "0.1 ± 0.2", "12%", "2x", "–", "nan",
             "−inf", "7.1 (read)", ""]
)  # fmt: skip
def test_numbers(text):
    assert is_number(text)


@pytest.mark.parametrize("text", ["ours", "1 to 2", "e5", "T = 1", "-", "7.02, 6.98"])
def test_no_numbers(text):
    assert not is_number(text)
