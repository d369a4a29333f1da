"""Products of coordinates: with all digits, whatever the device does with single precision."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf._support import products
from boltzmann_tf._support.helmert import helmert


def coarse(a, b):
    """A product with ten bits of each number, as accelerators make it."""
    if a.dtype == tf.float32:
        a, b = (
            tf.bitcast(tf.bitwise.bitwise_and(tf.bitcast(v, tf.int32), ~0x1FFF), tf.float32)
            for v in (a, b)
        )
    return tf.matmul(a, b)  # fmt: skip


@pytest.mark.parametrize("accelerator", [False, True])
def test_all_digits(accelerator, monkeypatch):
    rows = tf.constant(np.random.default_rng(0).standard_normal((8, 50)), tf.float32)
    basis = helmert(8)
    exact = basis @ rows.numpy().astype(np.float64)
    devices = ["GPU:0"] if accelerator else []
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: devices)
    multiply = coarse if accelerator else tf.matmul
    found = products.accurate(multiply, tf.constant(basis, tf.float32), rows)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, exact, atol=2e-6)
    np.testing.assert_allclose(products.product(basis, rows), exact, atol=2e-6)
    # The planted error is one that would be seen.
    assert np.abs(coarse(tf.constant(basis, tf.float32), rows) - exact).max() > 1e-4
