"""Numbers that the studies do not compute stand in files, each with its source."""

from __future__ import annotations

import json

import pytest

from boltzmann_tf.reproduction import Numbers, registry


@pytest.fixture(scope="module")
def published():
    registry.load("dw4")  # makes the package of the studies importable
    from boltzmann_tf.reproductions.published import published

    return published


def without_source(found, place="", *, given=False):
    """Places of the numbers that no source stands beside, or above."""
    if isinstance(found, dict):
        given = given or bool(str(found.get("source", "")).strip())
        below = ((f"{place}.{key}", value) for key, value in found.items())
    elif isinstance(found, list):
        below = ((f"{place}[{i}]", value) for i, value in enumerate(found))
    else:
        number = isinstance(found, int | float)
        return [place] if number and not given else []
    return [p for where, value in below for p in without_source(value, where, given=given)]


def test_every_number_has_a_source(published):
    assert len(published.files()) >= 5
    for file in published.files():
        assert without_source(published(file), file) == []


def test_a_number_without_one_is_found():
    planted = {"a": {"source": "a paper", "x": [1.0]}, "b": [{"value": 2.0}], "c": {"source": " "}}
    planted["c"]["y"] = 3.0
    assert without_source(planted, "file") == ["file.b[0].value", "file.c.y"]


def test_what_is_read_is_what_the_file_holds(published):
    folder = registry.directory() / "published"
    for path in folder.glob("*.json"):
        assert published(path.stem) == json.loads(path.read_text(encoding="utf-8"))
    assert published("noe2019_dimer", "pairs", "closed", "kl") == 282.3


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("noe2018",), r"file must be one of \['clusters', .*got 'noe2018'"),
        (("nematic", "T"), r"key of nematic.json must be one of \['transition'\], got 'T'"),
        (
            ("noe2019_dimer", "pairs", "middle"),
            r"key of noe2019_dimer.json, pairs must be one of \[.*'closed', 'open'\], got 'middle'",
        ),
        (("nematic", "transition", "value", "x"), r"key of .*value must be one of \[\], got 'x'"),
    ],
)
def test_what_is_missing_is_named(published, keys, message):
    with pytest.raises(ValueError, match=message):
        published(*keys)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"folder must be a folder that is there, got .*nowhere"):
        Numbers(tmp_path / "nowhere")
