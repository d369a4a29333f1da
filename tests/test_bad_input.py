"""Bad calls of every public function, class and command; the tables are in `bad_input`.

A new public name without a row fails here.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import re
import traceback

import pytest
import typer
from bad_input import (
    analysis,
    estimators,
    exact,
    generator,
    plotting,
    potentials,
    priors,
    reproduction,
    sampling,
    systems,
    training,
    trajectories,
)
from bad_input import bijectors as bijectors_
from typer.testing import CliRunner

import boltzmann_tf as bg
from boltzmann_tf.cli import app

TABLES = {
    "bijectors": bijectors_,
    "systems": systems,
    "potentials": potentials,
    "generator": generator,
    "training": training,
    "sampling": sampling,
    "estimators": estimators,
    "exact": exact,
    "plotting": plotting,
    "priors": priors,
    "reproduction": reproduction,
    "analysis": analysis,
    "trajectories": trajectories,
}
ROWS = {f"{room}-{i}": row for room, module in TABLES.items() for i, row in enumerate(module.ROWS)}
PUBLIC = (
    "analysis",
    "bijectors",
    "training.conditions",
    "estimators",
    "exact",
    "training.explorer",
    "training.recipes",
    "generator",
    "losses",
    "plotting",
    "potentials",
    "potentials.ops",
    "priors",
    "reproduction",
    "sampling",
    "training.schedules",
    "systems",
    "training",
    "trajectories",
)
# Public names that a user never calls with arguments of their own, and why.
WITHOUT_ARGUMENTS = {
    "Diagnostic": "returned by diagnose",
    "Ensemble": "returned by train",
    "History": "returned by fit",
    "Member": "in an ensemble",
    "Recipe": "a type, for hints",
    "WeightReport": "returned by weight_report",
    "discover": "lists files",
    "names": "lists files",
    "main_for": "the command line, whose rows are the commands",
    "Open": "has none",
    "by_preset": "takes any two values",
    **dict.fromkeys(
        (
            "arccos",
            "arctan2",
            "cos",
            "exp",
            "floor",
            "log",
            "maximum",
            "minimum",
            "sqrt",
            "tanh",
            "where",
        ),
        "of numbers: NumPy and TensorFlow refuse what is none",
    ),
}
ROOT = os.path.dirname(bg.__file__)
WRAPPERS = ("wrapper", "call", "__getattr__")  # of decorators, around what is called


@functools.cache
def outcome(name):
    """The exception of a row's call, and the names of what of the package it entered first."""
    call = ROWS[name][0]
    try:
        call()
    except Exception as error:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            code = frame.f_code
            if code.co_filename.startswith(ROOT) and code.co_name not in WRAPPERS:
                owner = frame.f_locals.get("self", frame.f_locals.get("cls"))
                kind = owner if inspect.isclass(owner) else type(owner)
                return error, {code.co_name, kind.__name__}
        return error, set()
    return None, set()


@pytest.mark.parametrize("name", ROWS)
def test_bad_call_is_refused_by_name(name):
    _, exception, pattern = ROWS[name]
    error, _ = outcome(name)
    assert error is not None, "no error"
    assert type(error) is exception, repr(error)
    assert re.search(pattern, str(error)), str(error)
    assert "in user code" not in str(error)  # before any tracing


def public_callables():
    """Names and objects of the public interface that take arguments of a user's."""
    found = {}
    for part in PUBLIC:
        module = importlib.import_module(f"boltzmann_tf.{part}")
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value):
                result = issubclass(value, tuple) and hasattr(value, "_fields")
                if result or issubclass(value, BaseException) or inspect.isabstract(value):
                    continue  # what functions return or raise, and what Python itself refuses
            if callable(value) and name not in WITHOUT_ARGUMENTS:
                found[name] = value
    return found


def test_every_public_function_and_class_has_a_row():
    entered = set().union(*(outcome(name)[1] for name in ROWS))
    missing = sorted(set(public_callables()) - entered)
    assert missing == [], f"{len(missing)} without a row"


def test_a_new_name_without_a_row_is_found(monkeypatch):
    def unheard_of():
        """Planted."""

    monkeypatch.setattr(bg.estimators, "unheard_of", unheard_of, raising=False)
    monkeypatch.setattr(bg.estimators, "__all__", [*bg.estimators.__all__, "unheard_of"])
    with pytest.raises(AssertionError, match="unheard_of"):
        test_every_public_function_and_class_has_a_row()


def test_no_exemption_outlives_its_name():
    names = {n for part in PUBLIC for n in importlib.import_module(f"boltzmann_tf.{part}").__all__}
    assert set(WITHOUT_ARGUMENTS) <= names


def test_the_table_is_long_enough():
    assert len(ROWS) + len(COMMANDS) >= 300


COMMANDS = {
    "reproduce nothing": (["reproduce", "nothing"], r"name must be one of .*'nothing'"),
    "reproduce preset": (["reproduce", "--all", "--preset", "slow"], r"preset must be .*'slow'"),
    "reproduce seed": (["reproduce", "--all", "--seed", "-1"], r"seed must be .*-1"),
    "reproduce what": (["reproduce"], r"NAME or --all must be given"),
    "reproduce jobs": (["reproduce", "--all", "--jobs", "0"], r"jobs must be .*0"),
    "reproduce both": (["reproduce", "toy", "--all"], r"NAME or --all must be given"),
    "list": (["list", "--nothing"], r"No such option"),
    "train parameter": (
        ["train", "double_well", "--output", "x", "--parameter", "a2"],
        r"NAME=VALUE",
    ),
    "train interval": (
        ["train", "double_well", "--output", "x", "--checkpoint-every", "0"],
        r"checkpoint_every must be",
    ),
    "train hidden": (
        ["train", "double_well", "--output", "x", "--hidden", "wide"],
        r"hidden must be widths",
    ),
    "train iterations": (
        ["train", "double_well", "--output", "x", "--iterations", "0"],
        r"iterations: .*0",
    ),
    "sample number": (
        ["sample", "nothing", "--n", "0", "--output", "x.npz"],
        r"n must be an integer >= 1, got 0",
    ),
    "sample output": (
        ["sample", "nothing", "--n", "5", "--output", "x.txt"],
        r"output must be a file name",
    ),
    "evaluate number": (["evaluate", "nothing", "--n", "0"], r"path must be a folder|n must be"),
    "train system": (["train", "nothing", "--output", "x"], r"system must be one of .*'nothing'"),
    "sample folder": (["sample", "nothing", "--n", "5", "--output", "x.npz"], r"path must be a"),
    "evaluate folder": (["evaluate", "nothing", "--n", "5"], r"path must be a folder .*nothing"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_bad_command_gets_one_line_and_exit_code_2(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, pattern = COMMANDS[name]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    line = result.stderr.strip().splitlines()[-1]
    assert re.search(pattern, result.stderr), result.stderr
    assert line.startswith(("Error: ", "\u2570")), line  # Typer's own are in a box
    assert list(tmp_path.iterdir()) == []


def test_every_command_has_a_row():
    commands = set(typer.main.get_command(app).commands)
    assert commands - {arguments[0] for arguments, _ in COMMANDS.values()} == set()
