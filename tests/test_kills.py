"""Processes that are killed at any moment and started again end with the same numbers."""

from __future__ import annotations

import sys

import children
import pytest

SCRIPT = children.HERE / "kills.py"
JOBS = ("fit", "explorer", "train", "save", "monte_carlo", "reproduce")


def killed(jobs, n, seed, *options):
    """The trials of `kills.py`, by job."""
    command = [sys.executable, SCRIPT, ",".join(jobs), n, seed, *options]
    return children.said(command, timeout=7200)


def check(trials):
    for trial in trials:
        assert trial["same"], trial
    assert any(kill["killed"] for trial in trials for kill in trial["kills"])


@pytest.fixture(scope="module")
def two():
    return killed(JOBS, 2, 0, "--chain")


@pytest.mark.parametrize("job", JOBS)
def test_two_kills(two, job):
    check(two[job])


def test_a_loop_that_writes_one_file_after_another_is_found_out():
    assert not all(trial["same"] for trial in killed(["torn"], 20, 0)["torn"])


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_twenty_five_kills_under_xla(job):
    check(killed([job], 25, 1, "--xla")[job])
