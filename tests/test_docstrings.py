"""Examples in docstrings are what a user would type, and what it would print."""

from __future__ import annotations

import doctest
import importlib
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg

PACKAGE = Path(bg.__file__).resolve().parent
NAMES = {"bg": bg, "np": np, "tf": tf}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def collected(package=PACKAGE, name="boltzmann_tf"):
    """The docstrings with examples of all modules, by their qualified names."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {}
    for path in sorted(package.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(package).with_suffix("").parts
            module = importlib.import_module(".".join((name, *parts)).removesuffix(".__init__"))
            for test in finder.find(module, globs=dict(NAMES)):
                if test.examples:
                    found[test.name.removeprefix(f"{name}.")] = test
    return found


EXAMPLES = collected()


def failures(test):
    """What a reader would see differ, or an empty text."""
    said = []
    with warnings.catch_warnings(), mpl.rc_context({"backend": "agg"}):
        warnings.simplefilter("error", bg.estimators.CalibrationWarning)
        doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_says(name):
    assert failures(EXAMPLES[name]) == ""


def test_there_are_many_and_of_every_room():
    assert len(EXAMPLES) >= 40
    rooms = {name.split(".")[0] for name in EXAMPLES}
    assert rooms >= {
        *("bijectors", "estimators", "exact", "generator", "plotting", "potentials", "priors"),
        *("reproduction", "systems", "training"),
    }


def test_no_example_is_skipped():
    marks = (doctest.SKIP, doctest.IGNORE_EXCEPTION_DETAIL)
    every = [example for test in EXAMPLES.values() for example in test.examples]
    assert not any(mark in example.options for example in every for mark in marks)
    # Each ends by showing something.
    assert all(test.examples[-1].want for test in EXAMPLES.values())


def test_a_wrong_digit_is_found():
    """The sister."""
    parser = doctest.DocTestParser()
    right, wrong = (
        parser.get_doctest(f">>> round(np.pi, 4)\n{value}\n", dict(NAMES), "planted", None, 0)
        for value in ("3.1416", "3.1415")
    )
    assert failures(right) == ""
    assert "Expected:\n    3.1415\nGot:\n    3.1416" in failures(wrong)
