"""Folders that are replaced as a whole: the old one stays until the new one is complete."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from boltzmann_tf._support.files import has_ended, own_mark

__all__ = ["begin_folder", "finish_folder"]

_RUNNING, _OLD = "running", "old"


def begin_folder(final: Path) -> Path:
    """Makes an empty folder beside `final`, in which to put what will replace it.

    What processes that ended in the middle have left is cleared away, or put back.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    for left in final.parent.glob(f".{final.name}-*.*"):
        mark = r"(([0-9a-f]{8})-(\d+))"
        found = re.fullmatch(rf"\.{re.escape(final.name)}-{mark}\.({_RUNNING}|{_OLD})", left.name)
        # One of this very process is of an earlier run.
        if not found or not (found[1] == own_mark() or has_ended(found[2], int(found[3]))):
            continue
        if found[4] == _OLD and not final.exists():  # ended between the two renames
            left.rename(final)
            continue
        if found[4] == _OLD:  # ended before its files had come along
            _bring(left, final)
        shutil.rmtree(left, ignore_errors=True)
    work = _aside(final, _RUNNING)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    return work


def finish_folder(work: Path, final: Path) -> None:
    """Puts the folder that `begin_folder` made in the place of `final`.

    Files of the old one that the new one has no others for, a user's notes say, come along.
    """
    old = _aside(final, _OLD)
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    try:
        work.rename(final)
    except BaseException:
        if old.exists() and not final.exists():
            old.rename(final)
        raise
    if old.exists():
        _bring(old, final)
    shutil.rmtree(old, ignore_errors=True)


def _bring(old: Path, final: Path) -> None:
    """Moves what `final` has no others for."""
    for left in old.iterdir():
        if not (final / left.name).exists():
            left.rename(final / left.name)


def _aside(final: Path, what: str) -> Path:
    return final.with_name(f".{final.name}-{own_mark()}.{what}")
