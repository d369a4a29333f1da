"""Several pairs of generators, one a state: the trajectories and the averages."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import sampling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproductions.solvated_dimer import published_pairs, reference


@pytest.mark.slow  # 19 s, of a number that does not change
def test_two_sweeps_move_the_solvent_as_far_as_a_hundred_of_the_published_moves():
    """Steps of 0.02 for all particles at once, in mean squares, from equilibrium."""
    start = reference.frames("open", 128, seed=3, walkers=64)
    chain = sampling.particle_state(start, seed=1)
    one, _ = sampling.particle_sweeps(
        chain, published_pairs.SWEEPS, system=reference.SYSTEM, step_size=0.2
    )
    all_at_once = sampling.metropolis(
        reference.SYSTEM, start.astype(np.float32), n_steps=100, stride=100, burn_in=1,
        step_size=0.02, seed=2,
    )  # fmt: skip
    assert all_at_once.acceptance.mean() == pytest.approx(0.16, abs=0.02)
    moved = [np.mean((x - start)[:, 4:] ** 2) for x in (one.x, np.asarray(all_at_once.x)[:, -1])]
    assert moved[0] / moved[1] == pytest.approx(1.1, abs=0.3)


def test_a_trajectory_is_one_walker():
    x = published_pairs.trajectory("closed", 50, seed=0)
    assert x.shape == (50, 76)
    step = np.mean((x[1:] - x[:-1])[:, 4:] ** 2)
    far = np.mean((x[25:] - x[:-25])[:, 4:] ** 2)
    assert step < 0.6 * far  # its neighbours are alike, walkers' would not be


def test_mean_of_pairs_has_the_error_of_their_scatter():
    each = [{1.0: Estimate(v, 0.01), 2.0: Estimate(2 * v, 0.01)} for v in (1.0, 2.0, 6.0)]
    found = published_pairs.averaged(each)
    assert found[1.0].value == pytest.approx(3.0)
    assert found[1.0].standard_error == pytest.approx(np.sqrt(7 / 3))  # variance 7 of three
    assert found[2.0].standard_error == pytest.approx(2 * np.sqrt(7 / 3))
    assert published_pairs.averaged(each[:1]) == each[0]
