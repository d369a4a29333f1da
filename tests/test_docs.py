"""The pages of the documentation: their Python runs as it stands, page by page."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from pathlib import Path

import matplotlib as mpl
import pytest

from boltzmann_tf.reproduction import Context

DOCS = Path(__file__).resolve().parents[1] / "docs"
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
# What a reader sees above a block that is not run, with the reason:
#   ```python title="not run: needs two GPUs"
NOT_RUN = re.compile(r' title="not run: (\w.*)"')
LANGUAGES = {"bash", "json", "python", "text", "yaml"}
# Patterns in what each page prints, in order.
PRINTS = {
    "analysis": [r"^\[0\.0", r"Pressure\(value=2\.[67]\d+, .*ideal=0\.64"],
    "choosing": [
        r"^102400 0\.[5-9]\d+ Estimate\(value=0\.7[5-9]\d+",  # exact: 0.787
        r"^Estimate\(value=0\.3[1-5]\d+",
        r"^0\.0\d+$",
        r"^\d+ \d+\.\d+$",
    ],
    "evaluation": [
        r"^\(100000, 2\) \(100000,\) float64$",
        r"^effective samples +\d+",
        r"^0\.0$",  # a missed state
        r"^Estimate\(value=3\.[34]\d+",
        r"^3\.3799",
        r"^\(50,\) \(50,\) \(50,\)$",
    ],
    "gibbs": [
        r"^Estimate\(value=0\.[67]\d+.* Estimate\(value=0\.0",
        r"^65\.467\d+ \(0\.5618\d+, 0\.1294\d+\)",
        r"^Estimate\(value=8\.801",
        r"^0\.99",
    ],
    "index": [r"^Pareto k-hat", r"^Estimate\(value=3\.[34]\d+", r"^3\.3799"],
    "molecules": [r"-154\.61", r"^\d\.\d+e-1[56]$"],
    "own_bijector": [r"^\d\.\d+e-1[56] \d", r"^\d\.\d+e-1[56]$"],
    "own_study": [],
    "own_system": [r"'acceptance': 0\.", r"^\(1000, 2, 2\)$", r"^\[ 0\. inf\]$", "^True True$"],
    "particles": [r"'fene'", r"^-4\.38"],
    "polymers": [
        r"^28\.418\d+ 28\.956\d+ 5\.308",
        r"^3\.1859\d+ 0\.537",
        r"^Estimate\(value=1[3-6]\.",
        r"^0\.[6-9]",
    ],
    "priors": [r"^Estimate\(value=6\.\d+", r"^Exponential\(event_size=1, scale=1\.0\)$"],
    "reproductions": [],
    "training": [r"^stage 1 .* J_KL: 64 of 64 energies are NaN", r"^1 0 12800$"],
}
PAGES = sorted(path.stem for path in DOCS.glob("*.md") if "```python" in path.read_text("utf-8"))


def fences(page):
    """(line, language, what follows it, source) of each block of a page."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [(text[: m.start()].count("\n") + 1, *m.groups()) for m in FENCE.finditer(text)]


def run(page):
    """Runs the blocks of a page one after the other, with the lines of the page."""
    scope = {"__name__": "docs"}
    for line, language, more, source in fences(page):
        if language == "python" and not NOT_RUN.fullmatch(more):
            exec(compile("\n" * line + source, f"docs/{page}.md", "exec"), scope)
    return scope


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Files that a page writes, and figures that it draws, leave nothing behind.

    XLA would take minutes to compile what runs for seconds.
    """
    monkeypatch.chdir(tmp_path)
    for module in ("generator", "training.loop"):
        monkeypatch.setattr(f"boltzmann_tf.{module}.with_xla", lambda *_, **__: False)
    with mpl.rc_context({"backend": "agg"}):
        yield tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_and_prints_what_it_should(page, elsewhere, capsys):
    scope = run(page)
    printed = capsys.readouterr().out
    place = 0
    for pattern in PRINTS[page]:
        found = re.compile(pattern, re.MULTILINE).search(printed, place)
        assert found, (pattern, printed[place:])
        place = found.end()
    if page == "own_study":
        context = scope["context"]
        assert context.passed
        assert {"report.html", "metrics.json"} <= set(os.listdir(elsewhere / "results" / "spring"))
    if page == "reproductions":
        context = Context("mine", output=elsewhere)
        scope["run"](context)
        assert context.passed


def test_every_page_with_python_is_among_them():
    assert set(PRINTS) == set(PAGES)


def test_what_is_not_run_is_rare_and_says_why():
    odd = {
        (page, line): (language, more)
        for page in sorted(path.stem for path in DOCS.glob("*.md"))
        for line, language, more, _ in fences(page)
        if language not in LANGUAGES or more.strip()
    }
    assert all(NOT_RUN.fullmatch(more) for _, more in odd.values()), odd
    assert len(odd) <= 3


def test_an_error_in_a_page_is_found_at_its_line(tmp_path, monkeypatch):
    """The sister."""
    monkeypatch.setitem(globals(), "DOCS", tmp_path)
    text = 'A\n\n```python\nx = 1\n```\n\n```python title="not run: a reason"\n1 / 0\n```\n'
    (tmp_path / "page.md").write_text(text + "\n```python\nx += 1\nx.y\n```\n", encoding="utf-8")
    with pytest.raises(AttributeError) as error:
        run("page")
    assert error.traceback[-1].lineno + 1 == 13


# The reference.

ROOMS = "analysis bijectors estimators exact losses plotting potentials priors reproduction"
ROOMS += " sampling systems training trajectories"
ENTRY = re.compile(r"^::: (\S+)\n(?:    options:\n      members: (.+)\n)?", re.MULTILINE)


def reference():
    """What the reference is written from, (name, members) of each page: modules, and objects."""
    pages = sorted((DOCS / "reference").glob("*.md"))
    return [entry for page in pages for entry in ENTRY.findall(page.read_text(encoding="utf-8"))]


def shown(entries):
    """Names whose docstrings a reader finds: modules as a whole, and objects."""
    return [name for name, members in entries if members != "false"]


def public_modules():
    """Modules of the package without an underscore in their path."""
    package = DOCS.parent / "boltzmann_tf"
    for file in package.rglob("*.py"):
        parts = ("boltzmann_tf", *file.relative_to(package).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        if not any(part.startswith("_") for part in name.split(".")):
            yield name


def not_in(entries):
    """Public names whose module is none of the entries, nor they themselves."""
    names = shown(entries)
    missing, objects = [], [id(pkgutil.resolve_name(name)) for name in names]
    for name, members in entries:
        if members.startswith("["):
            module = pkgutil.resolve_name(name)
            objects += [id(getattr(module, member)) for member in members.strip("[]").split(", ")]
            names.remove(name)
    for room in ROOMS.split():
        package = importlib.import_module(f"boltzmann_tf.{room}")
        for name in package.__all__:
            found = getattr(package, name)
            place = getattr(found, "__module__", None)  # not of a number, a type or a module
            if callable(found) and place and place.startswith("boltzmann_tf."):
                if place not in names and id(found) not in objects:
                    missing.append(f"{room}.{name}")
    return missing


def test_every_public_module_is_on_one_page_of_the_reference():
    names = [name for name, _ in reference()]
    assert len(names) == len(set(names))
    modules = set(public_modules())
    assert modules - set(names) == set()
    for name in names:
        assert name in modules or pkgutil.resolve_name(name) is not None


def test_the_reference_has_all_that_is_public():
    assert not_in(reference()) == []


def test_a_module_that_is_left_out_is_found():
    """The sister; one without its members is as good as left out."""
    out = "boltzmann_tf.estimators.orientations"
    left = [(name, members) for name, members in reference() if name != out]
    assert len(not_in(left)) == 3
    assert not_in([*left, (out, "false")]) == not_in(left)
