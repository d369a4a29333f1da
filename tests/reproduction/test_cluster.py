"""Studies and trainings on a Dask cluster of two workers on this machine."""

from __future__ import annotations

import json
import os
import socket
import sys

import numpy as np
import pytest
from reproduction.planted import PASSES

import boltzmann_tf as bg
from boltzmann_tf import cli
from boltzmann_tf.reproduction import cluster as clusters
from boltzmann_tf.reproduction import registry, runner
from boltzmann_tf.training import EnsembleTrainer, Observer

distributed = pytest.importorskip("distributed")

NUMBERS = """
import numpy as np
value = float(np.random.default_rng(context.seed_of("a number")).normal())
context.add(Metric.close("a number", value, value, 0.1, justification="planted"))
(context.directory / "folder").mkdir()
(context.directory / "folder" / "numbers.txt").write_text(str(value))
context.artifact("folder", "numbers")
"""

# Waits for two of the others to be running, then dies, once.
KILLED = """
import os, pathlib, signal, time
mark = pathlib.Path({mark!r})
if not mark.exists():
    mark.write_text(str(os.getpid()))
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def local():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


@pytest.fixture
def finds(local, planted):
    """Plants studies, here and on the workers."""

    def make(**bodies):
        folder = planted(**bodies)
        with distributed.Client(local, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            client.run(registry.use_directory, str(folder))

    return make


def numbers(result):
    return [(m["name"], m["value"]) for m in result["metrics"]]


def test_a_worker_is_killed_and_nothing_is_lost(finds, local, tmp_path):
    mark = tmp_path / "killed"
    bodies = {"a": KILLED.format(mark=str(mark)) + NUMBERS, "b": NUMBERS, "c": NUMBERS}
    finds(**bodies)
    names = list(bodies)
    address = local.scheduler_address
    found = runner.reproduce_each(names, "quick", tmp_path / "away", 3, scheduler=address)
    assert mark.read_text() != str(os.getpid())
    here = runner.reproduce_each(names, "quick", tmp_path / "here", 3)
    assert [r["passed"] for r in found] == [True] * 3
    assert list(map(numbers, found)) == list(map(numbers, here))
    for name, result in zip(names, found, strict=True):
        place = tmp_path / "away" / name
        assert json.loads((place / "metrics.json").read_text()) == result
        assert (
            float((place / "folder" / "numbers.txt").read_text()) == result["metrics"][0]["value"]
        )
        assert (place / "report.html").is_file()
    assert sorted(p.name for p in (tmp_path / "away").iterdir()) == names


def test_a_study_that_raises_is_a_failure_of_its_own(finds, local, tmp_path):
    finds(a=PASSES + 'raise RuntimeError("planted")', b=PASSES)
    options = {"scheduler": local.scheduler_address}
    a, b = runner.reproduce_each(["a", "b"], "quick", tmp_path, 0, **options)
    assert "RuntimeError: planted" in a["error"]
    assert b["passed"]


def test_networks_are_trained_on_the_cluster_with_the_numbers_of_here(local):
    system = bg.systems.DoubleWell()
    data = np.random.default_rng(0).normal(size=(200, 2))

    def build(seed, _):
        return bg.realnvp(2, blocks=2, hidden=(8,), seed=seed)

    def train(executor):
        trainer = EnsembleTrainer(system, executor=executor, jit_compile=False)
        options = {"seeds": range(3), "watch": lambda _: Observer(spread, every=5)}
        with bg.energies_counted() as count:
            recipe = [bg.Stage(10, 64, ml=1.0, kl=1.0)]
            ensemble = trainer.train(build, recipe, data, **options)
        return ensemble, count.number

    def spread(generator, step):
        return float(generator.sample(100, seed=step).x.var())

    with distributed.Client(local, set_as_default=False) as client:
        away, energies = train(client.get_executor(pure=False))
    here, counted = train(None)
    assert energies == counted
    for one, other in zip(away.members, here.members, strict=True):
        assert one.watch.steps == other.watch.steps
        np.testing.assert_allclose(one.watch.seen, other.watch.seen, rtol=1e-5)
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        for mine, theirs in zip(one.weights, other.weights, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    last = zip(away.generator.bijector.variables, away.members[-1].weights, strict=True)
    assert all(np.array_equal(v.numpy(), w) for v, w in last)
    assert np.isfinite(away.use(away.members[2]).sample(10).log_weight).all()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(clusters, "PATIENCE", 1.0)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SystemExit) as left:
            cli.main(["reproduce", "--all", "--scheduler", address, "--output", str(tmp_path)])
    assert left.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"scheduler must be the address of one that answers within 1 s, got '{address}'" in said


def test_without_dask_the_extra_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit) as left:
        cli.main(["reproduce", "--all", "--scheduler", "tcp://x:1", "--output", str(tmp_path)])
    assert left.value.code == 2
    assert "pip install 'boltzmann_tf[cluster]'" in capsys.readouterr().err


def test_workers_of_another_version_take_no_part(local, monkeypatch, finds, tmp_path):
    finds(a=PASSES, b=PASSES)
    with distributed.Client(local, set_as_default=False) as client:
        first, second = client.scheduler_info(n_workers=-1)["workers"]
        run = distributed.Client.run
        other = clusters.versions() | {"boltzmann_tf": "0.0.1"}

        def lies(self, function, *args, **kwargs):
            found = run(self, function, *args, **kwargs)
            return found | {first: other} if function is clusters.versions else found

        monkeypatch.setattr(distributed.Client, "run", lies)
        said = f"worker {first} takes no part: boltzmann_tf 0.0.1 where this is"
        with (
            pytest.warns(RuntimeWarning, match=said),
            clusters.cluster(local.scheduler_address) as c,
        ):
            assert {c.executor.submit(os.getpid).result() for _ in range(4)} == {
                client.run(os.getpid)[second]
            }
        monkeypatch.setattr(
            distributed.Client, "run", lambda *_, **__: {first: other, second: ImportError("none")}
        )
        with (
            pytest.warns(RuntimeWarning),
            pytest.raises(ValueError, match="scheduler must have a worker with boltzmann_tf"),
            clusters.cluster(local.scheduler_address),
        ):
            pytest.fail("there is none to work with")
