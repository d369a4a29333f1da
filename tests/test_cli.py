from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from typer.testing import CliRunner

import boltzmann_tf as bg
from boltzmann_tf import cli

SETTINGS = {"warm_up": 0, "samples": 200, "blocks": 1, "iterations": 999}


def invoke(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def python(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A generator trained for a few steps, the folder of it."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "config.json"
    config.write_text(json.dumps(SETTINGS))
    options = {"iterations": 10, "batch-size": 64, "hidden": "8,8", "seed": 3}
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    output = folder / "generator"
    result = invoke("train", "double_well", "--config", config, "--output", output, *flags)
    assert result.exit_code == 0, result.output
    return output


@pytest.mark.parametrize("arguments", [["--help"], ["reproduce", "--help"], ["--version"]])
def test_help_and_version_do_not_import_tensorflow(arguments):
    code = f"""
import sys
from boltzmann_tf import cli
try:
    cli.main({arguments!r})
except SystemExit as exit:
    assert not exit.code
print("tensorflow" in sys.modules, "keras" in sys.modules, "matplotlib" in sys.modules)
"""
    assert python(code).splitlines()[-1] == "False False False"


def test_verbose_lets_tensorflow_talk_and_the_default_does_not():
    code = """
import os, sys
from boltzmann_tf import cli
try:
    cli.main({arguments!r})
except SystemExit:
    pass
quiet = any(type(finder).__module__ == "boltzmann_tf._support.quiet" for finder in sys.meta_path)
print(quiet, os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
"""
    default = python(code.format(arguments=["list", "--nonsense"])).splitlines()[-1]
    verbose = python(code.format(arguments=["--verbose", "list", "--nonsense"])).splitlines()[-1]
    assert default == "True 3"
    assert verbose == "False 0"


def test_version_is_that_of_the_package():
    assert invoke("--version").stdout.strip() == f"boltzmann_tf {bg.__version__}"


def test_training_writes_a_generator_its_settings_and_no_checkpoint(trained):
    arrays = json.loads((trained / "generator.json").read_text())["arrays"]["file"]
    assert sorted(path.name for path in trained.iterdir()) == [
        "generator.json",
        "training.json",
        arrays,
    ]
    record = json.loads((trained / "training.json").read_text())
    # Options win over the file, the file over the defaults.
    assert record["config"]["iterations"] == 10
    assert record["config"]["samples"] == 200
    assert record["config"]["learning_rate"] == 1e-3
    # 2 draws of 20 steps and 2000 of burn-in for 100 walkers; 64 energies a step with J_KL.
    assert record["energy_evaluations"] >= 100 * (2000 + 2 * 20) + 64 * 10
    assert isinstance(bg.BoltzmannGenerator.load(trained).system, bg.systems.DoubleWell)


def test_the_stages_are_a_warm_up_by_example_and_then_all_losses():
    from boltzmann_tf.cli import commands
    from boltzmann_tf.cli import config as train_config

    config = train_config.TrainConfig(system="double_well", warm_up=5, rc=2.0, kl=0.5)
    data = np.array([[-1.5, 0.0], [2.5, 1.0]], np.float32)
    coordinate = bg.systems.get("double_well").reaction_coordinate()
    first, second = commands.stages(config, coordinate, data)
    assert (first.iterations, first.ml, first.kl, first.rc) == (5, 1.0, 0.0, 0.0)
    assert (second.ml, second.kl, second.rc) == (1.0, 0.5, 2.0)
    assert (second.rc_loss.lower, second.rc_loss.upper) == (-1.5, 2.5)
    assert second.controls()["learning_rate"][[0, -1]] == pytest.approx([1e-3, 0.0])


def test_samples_are_those_of_the_generator(trained, tmp_path):
    path = tmp_path / "new" / "samples.npz"
    arguments = ["--n", 20_001, "--temperature", 1.5, "--output", path, "--seed", 4]
    result = invoke("sample", trained, *arguments)
    assert result.exit_code == 0, result.output
    expected = bg.BoltzmannGenerator.load(trained).sample(20_001, 1.5, seed=4)
    with np.load(path) as found:
        assert set(found.files) == {*expected._fields, "temperature"}
        assert found["temperature"] == 1.5
        for name, array in expected._asdict().items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_sampling_leaves_nothing(trained, tmp_path, monkeypatch):
    def batches(self, *arguments, **options):
        yield self.sample(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(bg.BoltzmannGenerator, "sample_batches", batches, raising=True)
    monkeypatch.setattr(bg.BoltzmannGenerator, "sample", lambda self, n: _Samples(n))
    result = invoke("sample", trained, "--n", 100, "--output", tmp_path / "s.npz")
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


class _Samples:
    def __init__(self, n):
        self.z = np.zeros((n, 2))

    def _asdict(self):
        return {"z": self.z}


def test_evaluation_agrees_with_the_estimators(trained, tmp_path):
    path = tmp_path / "report.json"
    result = invoke("evaluate", trained, "--n", 2000, "--json", path, "--temperature", 2)
    assert result.exit_code == 0, result.output
    report = json.loads(path.read_text())
    weights = bg.BoltzmannGenerator.load(trained).sample(2000, 2.0).log_weight
    assert report["ess"] == pytest.approx(bg.estimators.effective_sample_size(weights))
    assert report["log_z"]["value"] == pytest.approx(bg.estimators.log_z(weights).value)
    spent = json.loads((trained / "training.json").read_text())["energy_evaluations"]
    assert report["energy_evaluations"] == spent + 2000
    for word in ("effective samples", "Pareto k-hat", "log Z", "coverage"):
        assert word in result.stdout


TRAIN = ["train", "double_well", "--output", "{tmp}/out"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "triple_well", "--output", "{tmp}/out"], "system must be one of"),
        ([*TRAIN, "--iterations", "0"], "iterations: Input should be greater than 0, got 0"),
        ([*TRAIN, "--learning-rate", "nan"], "learning_rate: Input should be a finite number"),
        ([*TRAIN, "--kl", "-1"], "kl: Input should be greater than or equal to 0, got -1.0"),
        ([*TRAIN, "--hidden", "a,b"], "hidden must be widths between commas"),
        ([*TRAIN, "--hidden", "0"], "hidden.0: Input should be greater than 0, got 0"),
        ([*TRAIN, "--seed", "-1"], "seed: Input should be greater than or equal to 0, got -1"),
        ([*TRAIN, "--ml", "0", "--kl", "0"], "one of ml, kl and rc must be positive"),
        ([*TRAIN, "--config", "{tmp}/unknown.json"], "setting: Extra inputs are not permitted"),
        ([*TRAIN, "--config", "{tmp}/list.json"], "config must hold a JSON object, got a list"),
        ([*TRAIN, "--config", "{tmp}/broken.json"], "config must be a JSON file"),
        ([*TRAIN, "--config", "{tmp}/absent.json"], "No such file"),
        ([*TRAIN, "--config", "{tmp}/coordinate.json"], "reaction coordinate must be one of"),
        (["train", "double_well", "--output", "{tmp}/list.json"], "output must be a folder"),
        (["sample", "{tmp}"], "path must be a folder that holds generator.json"),
        (["sample", "{trained}", "--n", "0"], "n must be an integer >= 1, got 0"),
        (["sample", "{trained}", "--temperature", "-1"], "temperature must be a positive"),
        (["sample", "{trained}", "--output", "{tmp}/s.txt"], "output must be a file name that"),
        (["sample", "{trained}", "--seed", "-1"], "seed must be an integer >= 0, got -1"),
        (["evaluate", "{tmp}"], "path must be a folder that holds generator.json"),
        (["evaluate", "{trained}", "--n", "-5"], "n must be an integer >= 1, got -5"),
        (["evaluate", "{trained}", "--temperature", "nan"], "temperature must be a positive"),
    ],
)
def test_bad_arguments_are_one_line_and_leave_nothing(trained, tmp_path, arguments, message):
    (tmp_path / "unknown.json").write_text('{"setting": 1}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "coordinate.json").write_text('{"reaction_coordinate": "none"}')
    before = sorted(tmp_path.iterdir())
    result = invoke(*(part.format(tmp=tmp_path, trained=trained) for part in arguments))
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("system", "parameters"),
    [
        ("double_well", ["a2=5"]),
        ("double_well_4", ["distance=3"]),
        ("ising_field", ["length=4", "temperature=2.5"]),
        ("lennard_jones_cluster", ["n=3", "epsilon=0.5"]),
        ("mueller_brown", []),
        ("nematic_angles", ["lattice=ring", "length=3"]),
        ("solvated_dimer", ["solvent=4", "box=1.5"]),
        ("spring_in_box", ["length=3"]),
    ],
)
def test_every_system_with_real_coordinates_can_be_configured(
    system, parameters, tmp_path, monkeypatch
):
    from boltzmann_tf.cli import commands
    from boltzmann_tf.training import History, Trainer

    built = []

    def data(config, system):
        x = np.stack([system.initial_state(name) for name in system.initial_states])
        return bg.sampling.Chains(x[:, None], x[:, :1], np.ones(len(x)), 0.1, 1, 0)

    def fit(self, *arguments, **options):
        built.append(self.generator)
        built.append(options["checkpoint_every"])
        return History()

    monkeypatch.setattr(commands, "_data", data)
    monkeypatch.setattr(Trainer, "fit", fit)
    flags = [part for text in parameters for part in ("--parameter", text)]
    flags += ["--hidden", "4", "--blocks", "1", "--checkpoint-every", "7"]
    result = invoke("train", system, "--output", tmp_path / "out", *flags)
    assert result.exit_code == 0, result.output
    assert built[1] == 7
    config = built[0].system.get_config()
    for text in parameters:
        name, value = text.split("=")
        assert str(config[name]) in (value, f"{value}.0")
    sample = built[0].sample(8)  # at least some of it where the system lives
    assert np.any(np.isfinite(sample.log_weight))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ising", "--parameter", "length=4"], "generate their continuous field (IsingField)"),
        (["nematic", *"--parameter lattice=ring --parameter length=3".split()], "nematic_angles"),
        (["ising_field"], "parameters of ising_field do not fit: "),
        (["ising_field", "--parameter", "length=4.5"], "parameters of ising_field do not fit: "),
        (["double_well", "--parameter", "a9=1"], "parameters of double_well do not fit: "),
        (["double_well", "--parameter", "a2"], "parameter must be NAME=VALUE, such as length=4"),
        (["double_well", *"--parameter a2=1 --parameter a2=2".split()], "name each once, got 'a2'"),
        (["double_well", "--parameter", "a2=six"], "a2 must be a finite number, got 'six'"),
        (["double_well", "--parameter", "a2={}"], "parameters.a2"),
        (["double_well", "--checkpoint-every", "0"], "checkpoint_every must be an integer >= 1"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(tmp_path, arguments, message):
    result = invoke("train", *arguments, "--output", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_found_before_the_first_step(tmp_path, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=40 << 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    result = invoke("train", "double_well", "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert re.search(r"output must have .* MiB free .* with 40 KiB", result.stderr)
    result = invoke("reproduce", "toy", "--output", tmp_path / "out", "--jobs", "1")
    assert result.exit_code == 2
    assert "output must have 20.0 MiB free" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    def refused(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    result = invoke("reproduce", "toy", "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert "can be written to" in result.stderr
    assert "Read-only file system" in result.stderr
    assert str(tmp_path / "out") in result.stderr


def test_a_damaged_record_is_named(trained, tmp_path):
    import shutil

    copy = shutil.copytree(trained, tmp_path / "copy")
    (copy / "training.json").write_text("{}")
    result = invoke("evaluate", copy, "--n", 100)
    assert result.exit_code == 2
    assert "training.json must be what train wrote" in result.stderr
