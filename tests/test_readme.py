"""The README says what is true: its commands, and its Python, which is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def run(source):
    scope = {"__name__": "readme"}
    exec(compile(source, "README.md", "exec"), scope)
    return scope


def test_set_up_commands_come_first():
    first, second = (block.splitlines()[0] for block in blocks("bash")[:2])
    assert first == "pip install . && boltzmann-tf reproduce --all"
    assert second == "pip install '.[test]' && pytest"


def test_there_is_a_place_for_the_results():
    assert "<!-- results -->" in README


def exact_difference():
    """F(right) - F(left) of the example's system in kT; x2 factors out."""
    x = np.linspace(-6, 6, 240_001)
    weight = np.exp(-((x**2 - 2) ** 2) - 0.5 * x)
    return -np.log(weight[x > 0].sum() / weight[x < 0].sum())


def test_example(capsys):
    scope = run(blocks("python")[0])
    printed = capsys.readouterr().out
    value, error = map(
        float, re.search(r"Estimate\(value=(\S+), standard_error=(\S+)\)", printed).groups()
    )
    # Five stated errors: false alarm 6e-7.
    assert abs(value - exact_difference()) < 5 * error
    assert error < 0.02
    samples = scope["samples"]
    assert bg.estimators.ess_fraction(samples.log_weight) > 0.3
    # The sister: without the weights the same test fails.
    plain, error = bg.free_energy_difference(samples.x[:, 0], cut=0.0)
    assert abs(plain - exact_difference()) > 5 * error
    assert "effective samples" in bg.estimators.weight_report(samples.log_weight).summary()


def test_example_has_about_ten_lines():
    """Statements beside the system's three lines of physics."""
    lines = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(lines) <= 13


def test_own_bijector(tmp_path):
    scope = run(blocks("python")[1])
    flow = scope["flow"]
    shift = flow.bijectors[-1]
    assert len(shift.trainable_variables) == 1
    shift.trainable_variables[0].assign([0.5, -0.5])
    z = tf.constant([[0.1, 0.2]])
    x, log_det = flow.forward_and_log_det(z)
    again, inverse_log_det = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(again, z, atol=1e-6)
    np.testing.assert_allclose(log_det, -inverse_log_det, atol=1e-6)
    before = bg.BoltzmannGenerator(bg.systems.DoubleWell(), flow)
    before.save(tmp_path / "g")
    after = bg.BoltzmannGenerator.load(tmp_path / "g")
    np.testing.assert_array_equal(after.bijector.forward(z), x)


def test_own_system():
    rod = run(blocks("python")[2])["Rod"]()
    generator = bg.BoltzmannGenerator(rod, bg.bijectors.Scaling(1))
    s = generator.sample(64)
    np.testing.assert_array_equal(np.isneginf(s.log_weight), (s.x[:, 0] < 0) | (s.x[:, 0] > 1))
    x = tf.constant([[-0.5], [0.5]])
    assert rod.training_energy(x).numpy() == pytest.approx([50.0, 0.0])
    assert rod.initial_state("centre") == [0.5]
    assert rod.reaction_coordinate()(x).shape == [2]


@pytest.mark.parametrize(
    "path", re.findall(r"`([a-z_/]+(?:\.py|/))`", README.split("## Where things are")[1])
)
def test_paths_exist(path):
    root = Path(__file__).resolve().parents[1]
    assert any((root / part / path).exists() for part in ("", "boltzmann_tf", "tests"))
