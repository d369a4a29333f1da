from __future__ import annotations

import json
import re

import pytest
from reproduction.planted import INTERRUPTED, MISSES, NOTHING, PASSES, RAISES
from typer.testing import CliRunner

from boltzmann_tf import cli
from boltzmann_tf.reproduction import main_for, reproduce_all, run_reproduction


def invoke(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("body", "passes"), [(PASSES, True), (MISSES, False), (RAISES, False), (NOTHING, False)]
)
def test_the_verdict_of_a_run(planted, tmp_path, body, passes):
    planted(one=body)
    assert run_reproduction("one", output=tmp_path) is passes
    content = json.loads((tmp_path / "one" / "metrics.json").read_text())
    assert content["passed"] is passes
    assert (content["error"] is not None) == (body == RAISES)


@pytest.mark.parametrize(
    ("body", "code"), [(PASSES, 0), (MISSES, 1), (RAISES, 1), (NOTHING, 1), (INTERRUPTED, 130)]
)
def test_the_exit_code_of_the_command(planted, tmp_path, body, code):
    planted(one=body)
    result = invoke("reproduce", "one", "--output", tmp_path)
    assert result.exit_code == code, result.output


LONG = """
context.section("Free energies, reweighted")
context.add(Metric.within_errors(
    "ours, of several networks: F(right) - F(left) at T = 0.5 (kT), reweighted",
    -1.234567, 0.001234, -1.2345))
context.add(Metric.at_least("ours: k-hat", 1.05, 0.1))
context.section("Numbers")
context.add(Metric.close("published: J_KL", -7.9512, -8.95, 0.1, standard_error=0.00123))
"""


def test_what_a_terminal_shows_fits_80_columns_and_begins_with_what_missed(
    planted, tmp_path, capsys, monkeypatch
):
    planted(one=LONG)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    run_reproduction("one", output=tmp_path)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    (last,) = (line for line in lines if line.startswith("one: FAIL"))
    assert max(len(line) for line in lines if line != last) <= 80  # it ends with a path
    text = "\n".join(lines)
    words = ["The title", "Missed", "FAIL", "−7.9512 ± 0.0012", "|value + 8.95| ≤ 0.1"]
    words += ["Free energies", "pass", "−1.2346 ± 0.0012", "! limit: at most 0.7"]
    words += ["1 diagnostic beyond", "one: FAIL"]
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_one_that_raises_does_not_stop_the_others_but_all_fail(planted, tmp_path):
    planted(a_raises=RAISES, b_passes=PASSES)
    assert reproduce_all(output=tmp_path) is False
    result = json.loads((tmp_path / "b_passes" / "metrics.json").read_text())
    assert result["passed"] is True
    report = (tmp_path / "a_raises" / "report.html").read_text(encoding="utf-8")
    assert "RuntimeError: planted &lt;b&gt;error&lt;/b&gt;" in report
    assert "good" in report  # what it had until then
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "a_raises/report.html" in index
    assert "b_passes/report.html" in index


def test_all_succeed_when_each_does(planted, tmp_path):
    planted(a=PASSES, b=PASSES)
    assert reproduce_all(output=tmp_path) is True
    assert invoke("reproduce", "--all", "--jobs", "1", "--output", tmp_path).exit_code == 0


COUNT = 'open(context.output / f"{context.name}.runs", "a").write("x")\n'
COUNTS = COUNT + PASSES
FIRST = 'if len(open(context.output / f"{context.name}.runs").read()) == 1:\n    raise '


def runs(folder):
    return {path.stem: len(path.read_text()) for path in folder.glob("*.runs")}


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_has_come_to_its_end_is_not_repeated(planted, tmp_path, jobs):
    planted(
        passes=COUNTS,
        raises=COUNTS + FIRST + 'RuntimeError("planted")\n',
        stops=COUNTS + FIRST + "KeyboardInterrupt\n",
    )
    with pytest.raises(KeyboardInterrupt):
        reproduce_all(output=tmp_path)
    assert runs(tmp_path) == {"passes": 1, "raises": 1, "stops": 1}
    before = (tmp_path / "passes" / "metrics.json").read_bytes()
    result = invoke("reproduce", "--all", "--resume", "--output", tmp_path, "--jobs", "1")
    assert result.exit_code == 0
    assert runs(tmp_path) == {"passes": 1, "raises": 2, "stops": 2}
    assert (tmp_path / "passes" / "metrics.json").read_bytes() == before
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f"{name}/report.html" in index for name in ("passes", "raises", "stops"))
    # Where everything is done, nothing runs, whatever the number of jobs.
    assert reproduce_all(output=tmp_path, jobs=jobs, resume=True)
    assert runs(tmp_path) == {"passes": 1, "raises": 2, "stops": 2}


@pytest.mark.parametrize("options", [{"seed": 1}, {"preset": "paper"}])
def test_what_was_finished_otherwise_is_repeated(planted, tmp_path, options):
    planted(one=COUNTS)
    assert reproduce_all(output=tmp_path)
    assert reproduce_all(output=tmp_path, resume=True, **options)
    assert runs(tmp_path) == {"one": 2}


def test_a_report_that_is_no_report_is_repeated(planted, tmp_path):
    planted(one=COUNTS)
    (tmp_path / "one").mkdir()
    for content in ("[]", "{", '{"name": "one"}'):
        (tmp_path / "one" / "metrics.json").write_text(content)
        assert reproduce_all(output=tmp_path, resume=True)
    assert runs(tmp_path) == {"one": 3}


def test_an_interrupt_leaves_no_verdict_and_no_half_file(planted, tmp_path):
    planted(one=INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        run_reproduction("one", output=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["planted"]


def test_the_options_reach_the_run(planted, tmp_path):
    planted(one="import json\ncontext.log(json.dumps([context.preset, context.seed]))\n" + PASSES)
    result = invoke("reproduce", "one", "--preset", "paper", "--seed", 7, "--output", tmp_path)
    assert result.exit_code == 0
    assert '["paper", 7]' in result.stderr
    assert json.loads((tmp_path / "one" / "metrics.json").read_text())["seed"] == 7


def test_a_script_is_a_command_line_of_its_own(planted, tmp_path, monkeypatch):
    planted(one=MISSES)
    monkeypatch.setattr("sys.argv", ["one.py", "--output", str(tmp_path), "--seed", "4"])
    with pytest.raises(SystemExit) as info:
        main_for("one")
    assert info.value.code == 1
    assert json.loads((tmp_path / "one" / "metrics.json").read_text())["seed"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NAME or --all must be given, one of the two; names: one"),
        (["one", "--all"], "NAME or --all must be given, one of the two; names: one"),
        (["two"], "name must be one of ['one'], got 'two'"),
        (["one", "--preset", "fast"], "preset must be one of ['quick', 'paper'], got 'fast'"),
        (["one", "--seed", "-1"], "seed must be an integer >= 0, got -1"),
        (["--all", "--seed", "-1"], "seed must be an integer >= 0, got -1"),
        (["one", "--output", __file__], "output must be a folder, got"),
    ],
)
def test_bad_arguments_are_one_line_and_run_nothing(planted, capfd, arguments, message):
    planted(one="print('ran')\n" + PASSES)
    result = invoke("reproduce", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert "ran" not in result.stdout


def test_a_value_error_inside_a_run_is_a_failure_and_not_a_bad_argument(planted, tmp_path):
    planted(one="raise ValueError('inside')")
    result = invoke("reproduce", "one", "--output", tmp_path)
    assert result.exit_code == 1
    assert "FAIL (ValueError: inside)" in result.stdout
