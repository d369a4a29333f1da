"""Training on several replicas: equal numbers where they must be, own noise for each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distributed")
    script = Path(__file__).with_name("distributed_run.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_one_replica_is_training_without_a_strategy(result):
    assert result["replicas"] == [1, 1, 2]
    for single, plain in zip(result["single"], result["plain"], strict=True):
        np.testing.assert_allclose(single, plain, rtol=1e-5)


def test_gradients_are_averaged(result):
    """Every share of the data has the same J_ML: a sum in place of the mean would differ."""
    np.testing.assert_allclose(result["shared"], result["alone"], rtol=1e-5)


def test_a_loss_of_a_users_own_is_averaged(result):
    alone, shared = result["sizes"]
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert np.max(np.abs(np.subtract(alone[0], result["alone"]))) > 1e-3  # it acts


def test_every_replica_draws_its_own_noise(result):
    first, second = result["shares"]
    assert abs(first - second) > 1e-3  # the same noise twice would not show otherwise
    assert result["loss"] == pytest.approx((first + second) / 2, rel=1e-5)


def test_replicas_hold_the_same_parameters(result):
    for first, second in result["copies"]:
        np.testing.assert_array_equal(first, second)
    assert result["energies"] == 6 * 32


def test_a_resumed_run_is_the_uninterrupted_run(result):
    assert result["halted"] == 4
    assert result["steps"] == 6
    np.testing.assert_array_equal(result["resumed"], result["whole"])


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("outside the scope", "ValueError: generator must be built inside strategy.scope()"),
        ("odd batch", "ValueError: batch_size must be a multiple of the 2 replicas"),
        ("no strategy", "TypeError: strategy must be"),
        ("other number", "belongs to another run"),
    ],
)
def test_bad_calls(result, case, text):
    assert text in result[case]
