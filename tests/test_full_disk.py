"""Full and read-only disks: nothing is computed in vain, and what was there stays."""

from __future__ import annotations

import re
import subprocess
import sys

import children
import pytest

SCRIPT = children.HERE / "full_disk.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What `full_disk.py` says, on a file system of two megabytes in memory."""
    place = tmp_path_factory.mktemp("disk")
    mount = f"mount -t tmpfs -o size=2m tmpfs {place}"
    own = ["unshare", "--mount", "--map-root-user"]
    try:
        subprocess.run([*own, "sh", "-c", mount], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("file systems cannot be mounted here")
    return children.said(
        [*own, "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, SCRIPT, place]
    )


FULL, READ_ONLY = "No space left on device", "Read-only file system"
JOBS = {
    "fit": (FULL, r"c\.npz"),
    "save": (FULL, r"generator/weights-\w+\.npz"),
    "state": (FULL, r"run\.npz"),
    "train": (r"must have .* MiB free", "trained"),
    "reproduce": (FULL, "reproduce/results"),
    "ahead": (r"must have 293 KiB free", "results"),
}


@pytest.mark.parametrize("job", JOBS)
def test_what_does_not_fit_is_said_and_what_was_there_stays(found, job):
    first, full, read_only, again = found[job]
    reason, file = JOBS[job]
    for time in (first, again):
        assert time["error"] is None
    assert not first["same"]
    for time, said in ((full, reason), (read_only, READ_ONLY)):
        assert re.search(said, time["error"]), time["error"]
        assert re.search(file, time["error"]), time["error"]
        assert time["same"]
        assert time["steps"] == 0
