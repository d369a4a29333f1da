from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from reproduction.planted import PASSES, plant

import boltzmann_tf
from boltzmann_tf.reproduction import discover, load, names


def test_discovery_reads_titles_and_imports_nothing(planted, capsys):
    folder = planted(b_second=PASSES, a_first=PASSES, loud=True)
    (folder / "_helper.py").write_text("raise RuntimeError('imported')")
    (folder / "no_reproduction.py").write_text("raise RuntimeError('imported')")
    entries = discover()
    assert [(e.name, e.title) for e in entries] == [
        ("a_first", "The title of a_first"),
        ("b_second", "The title of b_second"),
    ]
    assert capsys.readouterr().out == ""
    load("a_first")
    assert capsys.readouterr().out == "imported a_first\n"  # so the test above would have seen it


def test_a_title_that_is_not_plain_text_falls_back_on_the_docstring(planted):
    folder = planted(one=PASSES)
    path = folder / "one.py"
    path.write_text(path.read_text().replace('"The title of one"', "title=TITLE"))
    assert discover()[0].title == "What one shows."


def test_loading_gives_the_function_its_title_and_its_description(planted):
    planted(one=PASSES)
    found = load("one")
    assert (found.name, found.title) == ("one", "The title of one")
    assert found.description == "What one shows.\n\nMore about it."
    assert load("one") is found


def test_files_import_their_neighbours_from_the_package(planted):
    folder = planted(
        one="from boltzmann_tf.reproductions import _helper\ncontext.append(_helper.VALUE)"
    )
    (folder / "_helper.py").write_text("VALUE = 3")
    seen = []
    load("one")(seen)
    assert seen == [3]


def test_unknown_and_misnamed_reproductions_are_refused(planted):
    planted(one=PASSES, declared="other")
    with pytest.raises(ValueError, match=r"name must be one of \['one'\], got 'two'"):
        load("two")
    with pytest.raises(ValueError, match="one.py must declare a reproduction named 'one'"):
        load("one")


def test_a_missing_folder_is_named(planted):
    folder = planted(one=PASSES)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="reproductions must be in"):
        names()


def test_found_beside_the_package_from_any_folder_and_before_a_namesake(tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    package = Path(boltzmann_tf.__file__).parent
    # Without the studies: an installed package has them within, which is looked at first.
    left_out = shutil.ignore_patterns("__pycache__", ".*", "reproductions")
    shutil.copytree(package, site / "boltzmann_tf", ignore=left_out)
    plant(site, right=PASSES)
    # `python -m` puts the current folder first on the path, and with it this namesake.
    plant(elsewhere, wrong=PASSES)
    run = subprocess.run(
        [sys.executable, "-m", "boltzmann_tf.cli", "reproduce", "right"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (elsewhere / "results" / "right" / "metrics.json").is_file()
