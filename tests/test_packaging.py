"""What `pip install` puts where: all below one name, and no file of the studies left out."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASK = """
import json
from setuptools import Distribution
import setuptools
found = {}
setuptools.setup = lambda **given: found.update(given)
exec(open("setup.py").read())
print(json.dumps([found["packages"], found["package_dir"]]))
"""


@pytest.fixture(scope="module")
def told():
    import json

    run = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


def test_one_name_is_taken_among_a_users_packages(told):
    packages, _ = told
    assert {name.split(".")[0] for name in packages} == {"boltzmann_tf"}


def test_every_module_is_in_a_package(told):
    packages, folders = told
    places = {folders.get(name, name.replace(".", "/")) for name in packages}
    for top in ("boltzmann_tf", "reproductions"):
        for file in (ROOT / top).rglob("*.py"):
            assert str(file.parent.relative_to(ROOT)) in places, file


def test_every_file_of_published_numbers_is_installed():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    data = settings["options.package_data"]
    for file in (ROOT / "reproductions").rglob("*.json"):
        package = ".".join(("boltzmann_tf", *file.parent.relative_to(ROOT).parts))
        patterns = data.get(package, "").split()
        assert any(file.match(pattern) for pattern in patterns), (package, file.name)
