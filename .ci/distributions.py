"""Builds the sdist and the wheel, and says what each has too much or too little.

    python .ci/distributions.py SOURCE FOLDER

SOURCE holds the files of the repository and nothing else, and is left as it is. FOLDER gets
boltzmann_tf-*.tar.gz and the wheel that is built from it; one built from SOURCE must be the same.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

# Files of the repository that serve the repository alone.
NOT_IN_SDIST = (".ci/", ".gitignore", ".mypy/")
WRITTEN_BY_BUILD = ("PKG-INFO", "boltzmann_tf.egg-info/")
PACKAGES = {"boltzmann_tf/": "boltzmann_tf/", "reproductions/": "boltzmann_tf/reproductions/"}


def main(source: Path, folder: Path) -> int:
    """Builds, and returns how many files are wrong."""
    files = {p.relative_to(source).as_posix() for p in source.rglob("*") if not p.is_dir()}
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp) / "source"
        shutil.copytree(source, copy, symlinks=True)
        build(copy, folder)  # the sdist, and the wheel from it
        build(copy, Path(tmp) / "direct", "--wheel")
        wheel, direct = contents(folder), contents(Path(tmp) / "direct")
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {m.name.partition("/")[2] for m in archive.getmembers() if not m.isdir()}
    installed = {
        there + name.removeprefix(here)
        for here, there in PACKAGES.items()
        for name in files
        if name.startswith(here)
    }
    wrong = differ(
        "sdist",
        {name for name in packed if not name.startswith(WRITTEN_BY_BUILD)},
        {name for name in files if not name.startswith(NOT_IN_SDIST)},
    )
    wrong += differ("wheel", {name for name in wheel if ".dist-info/" not in name}, installed)
    for name in sorted(wheel.keys() | direct.keys()):
        if wheel.get(name) != direct.get(name):
            print(f"not the same in wheels from sdist and from the repository: {name}")
            wrong += 1
    print(f"sdist: {len(packed)} files; wheel: {len(wheel)} files; {wrong} of them wrong")
    return wrong


def build(source: Path, folder: Path, *options: str) -> None:
    """Runs `python -m build`, silent unless it fails."""
    command = [sys.executable, "-m", "build", *options, "--outdir", str(folder), str(source)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)


def contents(folder: Path) -> dict[str, str]:
    """Digests of the files of the wheel in a folder, without its own list of them."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not name.endswith(("/", ".dist-info/RECORD"))
        }


def differ(what: str, found: set[str], expected: set[str]) -> int:
    """Prints what is missing and what should not be there."""
    for name in sorted(expected - found):
        print(f"missing in the {what}: {name}")
    for name in sorted(found - expected):
        print(f"should not be in the {what}: {name}")
    return len(expected ^ found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])) > 0)
