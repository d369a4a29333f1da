"""Reproductions in processes of their own; the children run planted reproductions of no work."""

from __future__ import annotations

import json
import os
from concurrent.futures import Executor, Future

import cloudpickle
import pytest
from reproduction.planted import MISSES, PASSES, RAISES

from boltzmann_tf._support.processes import Processes
from boltzmann_tf.reproduction import Context, parallel, registry, runner
from boltzmann_tf.reproduction.parallel import available_cores, run_studies
from boltzmann_tf.reproduction.study import Outcome

# Waits for the other of two: ends at once where both run at the same time.
MEETS = """
import os, pathlib, time
folder = pathlib.Path(context.output)
(folder / f"{context.name}.here").touch()
end = time.monotonic() + 30
while len(list(folder.glob("*.here"))) < 2 and time.monotonic() < end:
    time.sleep(0.02)
met = len(list(folder.glob("*.here"))) == 2
limits = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
threads = max(int(os.environ[name]) for name in limits)
context.add(Metric.at_least("met", float(met), 1.0, justification="planted"))
context.add(Metric.at_least("threads", float(threads), 0.0, justification="planted"))
"""


@pytest.fixture
def run(planted, tmp_path):
    """Runs planted reproductions in processes; their numbers in the order of their names."""

    def outcomes(jobs=2, preset="quick", seed=0, **bodies):
        planted(**bodies)
        contexts = [Context(name, preset, tmp_path / "out", seed) for name in bodies]
        with Processes(jobs, threads=max(1, available_cores() // jobs)) as executor:
            found = {context.name: o.content for context, o in run_studies(contexts, executor)}
        return [found[name] for name in bodies]

    return outcomes


def test_results_come_in_order_with_each_ones_verdict(run, tmp_path, monkeypatch):
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    results = run(a=MEETS, b=MEETS)
    assert [r["name"] for r in results] == ["a", "b"]
    assert all(r["passed"] for r in results), results
    threads = {m["name"]: m["value"] for m in results[0]["metrics"]}["threads"]
    assert threads == max(1, available_cores() // 2)  # the cores are shared
    assert json.loads((tmp_path / "out" / "b" / "metrics.json").read_text()) == results[1]


def test_the_longest_begin_and_results_are_in_order(planted, tmp_path, monkeypatch):
    folder = planted(a=PASSES, b=PASSES, c=PASSES)
    source = (folder / "b.py").read_text()
    (folder / "b.py").write_text(source.replace('title of b")', 'title of b", minutes=2.5)'))
    begun = []

    def run(contexts, *_):
        begun.extend(context.name for context in contexts)
        for context in reversed(contexts):
            yield context, Outcome(context.finish(), context.verdicts)

    monkeypatch.setattr(runner, "run_studies", run)
    found = runner.reproduce_each(["a", "b", "c"], "quick", tmp_path / "out", 0, jobs=2)
    assert begun == ["b", "a", "c"]
    assert [result["name"] for result in found] == ["a", "b", "c"]


def test_a_child_that_is_done_ends_without_a_word(run, capfd):
    run(a=PASSES)
    # Python aborts here where a thread of the child waits within a buffered standard input.
    assert "Fatal" not in capfd.readouterr().err


def test_a_miss_and_an_exception_are_failures_of_their_own(run):
    passes, misses, raises = run(a=PASSES, b=MISSES, c=RAISES)
    assert passes["passed"] is True
    assert (misses["passed"], misses["error"]) == (False, None)
    assert raises["passed"] is False
    assert "RuntimeError: planted" in raises["error"]


def test_a_crash_without_a_report_is_a_failure_and_no_earlier_report_stands_in(run, tmp_path):
    earlier = tmp_path / "out" / "a"
    earlier.mkdir(parents=True)
    (earlier / "metrics.json").write_text('{"name": "a", "passed": true}')
    exits = "import os\nos._exit(3)"
    killed = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    first, second = run(a=PASSES + exits, b=killed)
    assert (first["passed"], second["passed"]) == (False, False)
    assert first["error"] == "its process ended with exit code 3 (2 times) without an answer"
    assert "exit code -9" in second["error"]
    assert json.loads((earlier / "metrics.json").read_text()) == first
    assert "exit code 3" in (earlier / "report.html").read_text(encoding="utf-8")


def test_a_child_without_room_leaves_the_earlier_report(run, tmp_path):
    earlier = tmp_path / "out" / "a"
    earlier.mkdir(parents=True)
    (earlier / "metrics.json").write_text('{"name": "a", "passed": true}')
    full = "raise OSError(28, 'No space left on device')"
    with pytest.raises(OSError, match=r"No space left on device: .*a'"):
        run(a=full, b=PASSES)
    assert json.loads((earlier / "metrics.json").read_text())["passed"]


def test_preset_seed_and_the_callers_environment_reach_the_process(run, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")  # the user's own choice stays
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    body = PASSES + "import os\nassert os.environ['TF_NUM_INTRAOP_THREADS'] == '7'\n"
    body += "assert os.environ['PYTHONPATH'] == '/nowhere'\n"
    (result,) = run(jobs=1, preset="paper", seed=5, a=body)
    assert result["passed"], result["error"]
    assert (result["preset"], result["seed"]) == ("paper", 5)


# Dies the first time, and says when it is there again.
DIES_ONCE = (
    """
import os, pathlib
mark = pathlib.Path(context.output) / f"{context.name}.died"
if not mark.exists():
    mark.touch()
    os._exit(9)
"""
    + PASSES
)


def test_a_study_whose_process_dies_runs_again_and_the_others_go_on(run):
    results = run(a=DIES_ONCE, b=PASSES, c=PASSES)
    assert [r["passed"] for r in results] == [True] * 3


def test_a_process_serves_several_studies(run, tmp_path):
    body = PASSES + "import os\ncontext.text(f'PID {os.getpid()}.')\n"
    run(jobs=1, a=body, b=body)
    pids = [
        (tmp_path / "out" / name / "report.html").read_text().split("PID ")[1].split(".")[0]
        for name in "ab"
    ]
    assert pids[0] == pids[1] != str(os.getpid())


def test_the_function_of_the_first_version_still_runs_studies(planted, tmp_path):
    planted(a=PASSES, b=MISSES)
    contexts = [Context(name, output=tmp_path) for name in "ab"]
    with pytest.warns(DeprecationWarning, match="use processes and run_studies"):
        found = parallel.run_processes(contexts, 2)
    assert [result["passed"] for result in found] == [True, False]


def test_an_executor_makes_calls_elsewhere_and_hands_on_what_they_raise():
    with Processes(2) as executor:
        assert list(executor.map(lambda x: x * x, range(5))) == [0, 1, 4, 9, 16]
        with pytest.raises(ZeroDivisionError):
            executor.submit(lambda: 1 / 0).result()


def test_a_shutdown_that_does_not_wait_lets_calls_end():
    executor = Processes(1)
    running = executor.submit(pow, 2, 10)
    executor.shutdown(wait=False)
    assert running.result(60) == 1024
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(pow, 2, 10)


class Sent(Exception):  # noqa: N818 - no error
    """All was sent."""


class Sender(Executor):
    """Sends calls to nowhere."""

    def submit(self, fn, /, *args, **kwargs):
        cloudpickle.loads(cloudpickle.dumps((fn, args, kwargs)))
        future = Future()
        future.set_exception(Sent())
        return future


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy", "double_well", "mueller_brown", "two_generators"])
def test_what_studies_train_can_be_sent_to_other_processes(name, tmp_path):
    context = Context(name, "paper", tmp_path)
    context.executor = Sender()
    with pytest.raises(Sent):
        registry.load(name).run(context)
