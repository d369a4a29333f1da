"""Runs that end before their end: what stays on disk, and which processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from reproduction.planted import PASSES, plant

from boltzmann_tf._support import files as _files
from boltzmann_tf._support.folders import begin_folder, finish_folder
from boltzmann_tf.reproduction import Context, runner

# Says that it is there, then waits for much longer than a test does.
WAITS = """
import os, pathlib, time
(pathlib.Path(context.output) / f"{context.name}.pid").write_text(str(os.getpid()))
time.sleep(120)
"""

PARENT = """
from boltzmann_tf.reproduction import registry
registry.use_directory({planted!r})
from boltzmann_tf import cli
cli.main(["reproduce", "a", "b", "--jobs", "2", "--output", {output!r}])
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def family(tmp_path, signals_as_in_a_shell):
    """A parent with two children that wait; their process numbers."""
    planted = str(plant(tmp_path / "planted", a=WAITS, b=WAITS))
    output = tmp_path / "out"
    output.mkdir()
    code = PARENT.format(planted=planted, output=str(output))
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=os.getcwd())
    files = [output / "a.pid", output / "b.pid"]
    found = wait_for(lambda: all(f.exists() and f.read_text() for f in files))
    assert found or parent.kill()
    pids = [int(f.read_text()) for f in files]
    yield parent, pids
    for pid in (parent.pid, *pids):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    parent.wait()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks processes up in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_children_end_with_their_parent(family, number):
    parent, pids = family
    assert all(map(alive, pids))
    parent.send_signal(number)
    assert wait_for(lambda: not any(map(alive, pids)), 30)
    code = parent.wait(30)
    assert code == (-number if number == signal.SIGKILL else 128 + number)


def test_an_earlier_report_stays_until_the_new_one_is_whole(tmp_path):
    first = Context("demo", output=tmp_path)
    first.begin()
    (first.directory / "old.txt").write_text("old")
    first.finish()
    second = Context("demo", output=tmp_path)
    second.begin()
    (second.directory / "new.txt").write_text("new")
    final = tmp_path / "demo"
    assert sorted(p.name for p in final.iterdir()) == ["metrics.json", "old.txt", "report.html"]
    second.finish()
    assert second.directory == final
    names = ["metrics.json", "new.txt", "old.txt", "report.html"]
    assert sorted(p.name for p in final.iterdir()) == names
    assert list(tmp_path.iterdir()) == [final]


def test_a_full_disk_keeps_the_earlier_report(tmp_path, monkeypatch):
    first = Context("demo", output=tmp_path)
    first.begin()
    before = first.finish()
    second = Context("demo", output=tmp_path)
    second.begin()
    write = _files.write_text

    def full(path, content):
        if path.name == "metrics.json":  # the report has fitted, the numbers have not
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(_files, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        second.finish()
    assert json.loads((tmp_path / "demo" / "metrics.json").read_text()) == before
    assert (tmp_path / "demo" / "report.html").is_file()


def dead_process():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_what_killed_runs_left_is_cleared_and_a_torn_switch_mended(tmp_path):
    final, here = tmp_path / "demo", _files._machine()
    pid = dead_process()
    for what in ("running", "old"):
        (tmp_path / f".demo-{here}-{pid}.{what}").mkdir()
    (tmp_path / f".demo-{here}-{pid}.old" / "report.html").write_text("whole")
    # of one that lives, and of one on another machine, whose number says nothing here
    kept = {f".demo-{here}-{os.getppid()}.running", f".demo-{'0' * 8}-{pid}.running"}
    for name in kept:
        (tmp_path / name).mkdir()
    work = begin_folder(final)
    assert (final / "report.html").read_text() == "whole"
    assert {p.name for p in tmp_path.iterdir()} == {"demo", work.name} | kept
    (work / "report.html").write_text("new")
    finish_folder(work, final)
    assert (final / "report.html").read_text() == "new"


def test_an_interrupted_run_leaves_the_earlier_report(planted, tmp_path):
    from boltzmann_tf.reproduction import runner

    planted(a=PASSES)
    assert runner.run_reproduction("a", output=tmp_path / "out")
    planted(a=PASSES + "raise KeyboardInterrupt\n")
    import sys as system

    for name in [key for key in system.modules if key.startswith("boltzmann_tf.reproductions")]:
        del system.modules[name]
    with pytest.raises(KeyboardInterrupt):
        runner.run_reproduction("a", output=tmp_path / "out")
    content = json.loads((tmp_path / "out" / "a" / "metrics.json").read_text())
    assert content["passed"] is True


def test_files_that_were_to_come_along_do_after_a_kill(tmp_path):
    """Killed when the new folder stood in its place, and the old one's notes beside it."""
    final = tmp_path / "demo"
    final.mkdir()
    (final / "report.html").write_text("new")
    old = tmp_path / f".demo-{_files._machine()}-{dead_process()}.old"
    old.mkdir()
    for name in ("report.html", "notes.txt"):
        (old / name).write_text("old")
    begin_folder(final)
    assert not old.exists()
    assert (final / "report.html").read_text() == "new"
    assert (final / "notes.txt").read_text() == "old"


def test_a_switch_that_fails_puts_the_earlier_report_back(tmp_path, monkeypatch):
    final = tmp_path / "demo"
    final.mkdir()
    (final / "report.html").write_text("old")
    work = begin_folder(final)
    rename = Path.rename

    def failing(self, target):
        if self == work:
            raise OSError(5, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="Input/output"):
        finish_folder(work, final)
    assert (final / "report.html").read_text() == "old"


def test_time_is_that_of_the_study(planted, tmp_path):
    planted(a="import time\ntime.sleep(1.5)\n" + PASSES, b=PASSES)
    first, second = runner.reproduce_each(["a", "b"], "quick", tmp_path / "out", 0)
    assert first["wall_time_s"] > 1.5
    assert second["wall_time_s"] < 1.5
