"""What goes works on, and says since when, until when, and what to use instead."""

from __future__ import annotations

import sys
import types
import warnings

import pytest
from typing_extensions import deprecated

from boltzmann_tf._support.deprecated import KEPT, first_without, going, renamed


@pytest.fixture
def module(monkeypatch):
    """One whose function `new` was called `old`."""
    made = types.ModuleType("made")
    made.__all__ = ["new"]
    made.new = lambda: 1
    made.__getattr__ = renamed("made", {"old": "new"}, since="0.9")
    monkeypatch.setitem(sys.modules, "made", made)
    return made


def test_a_name_is_kept_for_two_minor_versions():
    assert KEPT == 2
    assert first_without("0.9") == "0.12"  # 0.9, which deprecates, 0.10 and 0.11 have it
    assert first_without("1.0") == "1.3"


def test_an_old_name_is_the_new_object_and_says_so(module):
    with pytest.warns(
        DeprecationWarning, match=r"^made\.old is deprecated since version 0\.9 "
    ) as w:
        assert module.old is module.new
    assert str(w[0].message).endswith("goes in 0.12 at the earliest: use made.new")
    assert w[0].filename == __file__  # where it was asked for


def test_an_old_name_can_be_imported(module):
    with pytest.warns(DeprecationWarning, match=r"use made\.new$") as w:
        from made import old
    assert old is module.new
    assert w[0].filename == __file__


def test_new_and_unknown_names_are_as_in_any_module(module):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert module.new() == 1
        with pytest.raises(AttributeError, match="module 'made' has no attribute 'older'"):
            _ = module.older


def test_a_function_that_goes():
    @deprecated(going("old", "bg.new", since="0.3"))
    def old():
        return 2

    with pytest.warns(DeprecationWarning, match=r"old is deprecated .* 0\.6 .*: use bg\.new"):
        assert old() == 2


@pytest.mark.parametrize("since", ["0", "0.1.2", "next"])
def test_since_is_a_minor_version(since):
    with pytest.raises(ValueError, match="unpack|literal"):
        first_without(since)
