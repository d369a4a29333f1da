"""What the reproductions share: data, and a table of what networks are worth."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import systems
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import recipes

# Data.


def test_end_states_begin_with_the_initial_frames():
    system = systems.DoubleWell()
    data = recipes.end_state_data(system, 1, n_steps=10_000, stride=10, step_size=0.1)
    assert data.shape == (2 * 1001, 2)
    left, right = data[:1001], data[1001:]
    np.testing.assert_allclose(left[0], system.initial_state("left"), rtol=1e-6)
    np.testing.assert_allclose(right[0], system.initial_state("right"), rtol=1e-6)
    assert left[:, 0].max() < 0 < right[:, 0].min()
    assert np.all(np.abs(left[1] - left[0]) < 3)  # the second frame is ten steps on, not a start
    assert np.any(left[1] != left[0])


# What the figures compare with.


def test_what_the_network_buys_has_a_row_a_proposal(tmp_path):
    context = Context("buys", output=tmp_path)
    context.begin()
    good, bad = np.zeros(1000), np.zeros(1000)
    bad[0] = 30.0
    context.buys_table("none", [({"proposal": "a"}, bad), ({"proposal": "b"}, good)])
    context.finish()
    text = (context.directory / "report.html").read_text()
    assert "What the network buys" in text
    assert text.count('<span class="beyond">') == 2  # k-hat and effective samples of the first
