"""Labels of identical particles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzmann_tf.sampling import relabel
from boltzmann_tf.systems import SolvatedDimer


@given(
    particles=st.integers(1, 5),
    fixed=st.integers(0, 2),
    dimension=st.integers(1, 3),
    spread=st.sampled_from([0.1, 1.0, 5.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_least_of_all_orders(particles, fixed, dimension, spread, seed):
    rng = np.random.default_rng(seed)
    n = particles + fixed
    reference = rng.standard_normal((n, dimension))
    x = reference + spread * rng.standard_normal((8, n, dimension))
    out, permuted = relabel(x.reshape(8, -1), reference.ravel(), fixed=fixed, dimension=dimension)
    out = out.reshape(x.shape)
    assert np.array_equal(out[:, :fixed], x[:, :fixed])

    def cost(y):
        return np.sum((y - reference) ** 2, axis=(1, 2))

    orders = [
        [*range(fixed), *(fixed + np.array(p))] for p in itertools.permutations(range(particles))
    ]
    least = np.min([cost(x[:, order]) for order in orders], axis=0)
    np.testing.assert_allclose(cost(out), least, rtol=1e-9)
    assert np.array_equal(permuted, np.any(out != x, axis=(1, 2)))


def test_undoes_a_shuffle_and_keeps_the_energy():
    system = SolvatedDimer()
    rng = np.random.default_rng(0)
    reference = system.lattice(1.5)
    x = reference + 0.1 * rng.standard_normal((300, 76))
    shuffled = x.reshape(300, 38, 2).copy()
    for row in shuffled:
        row[2:] = row[2 + rng.permutation(36)]
    out, permuted = relabel(shuffled.reshape(300, 76), reference, fixed=2)
    assert np.array_equal(out, x)
    assert permuted.mean() > 0.99
    np.testing.assert_allclose(system.energy(out), system.energy(x))


@pytest.mark.parametrize(
    ("x", "reference", "fixed", "said"),
    [
        (np.zeros((3, 8)), np.zeros(6), 0, "last dimension of 6"),
        (np.zeros((3, 5)), np.zeros(5), 0, "particles of 2 coordinates"),
        (np.zeros((3, 4)), np.zeros(4), 2, "more than fixed=2"),
        (np.full((3, 4), np.nan), np.zeros(4), 0, "x must be finite"),
    ],
)
def test_bad_input(x, reference, fixed, said):
    with pytest.raises(ValueError, match=said):
        relabel(x, reference, fixed=fixed)
