"""Couplings and RealNVP against their published formulas, written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from laws import perturb

from boltzmann_tf import bijectors as bj

tfb, tfd = tfp.bijectors, tfp.distributions

RELU = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh}


def batch(size, n=32, seed=0):
    return 1.5 * np.random.default_rng(seed).standard_normal((n, size))


def network(layer, value):
    """The multilayer perceptron: hidden layers with an activation, a linear output."""
    weights = [v.numpy() for v in layer.variables]
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        value = RELU[layer.activation](value @ kernel + bias)
    return value @ weights[-2] + weights[-1]


def paper_block(block, x, bound):
    """Noé et al. 2019, noe2019.md section 1.8: x to z, channels 0, 1, 0, 1, ..."""
    second, first = (half._networks for half in block._couplings.bijectors)

    def scale(nets, seen):
        raw = network(nets["scale"], seen)
        return raw if bound is None else bound * np.tanh(raw / bound)

    x1, x2 = x[:, 0::2], x[:, 1::2]
    s1, t1 = scale(first, x1), network(first["shift"], x1)
    y2 = x2 * np.exp(s1) + t1
    s2, t2 = scale(second, y2), network(second["shift"], y2)
    z = np.empty_like(x)
    z[:, 0::2], z[:, 1::2] = x1 * np.exp(s2) + t2, y2
    return z, s1.sum(1) + s2.sum(1)


@pytest.mark.parametrize("size", [2, 3, 6])
@pytest.mark.parametrize("bound", [None, 0.5])
def test_realnvp_block_is_the_papers(size, bound):
    block = perturb(bj.RealNVPBlock(size, hidden=(7, 5), scale_bound=bound, dtype="float64"))
    x = batch(size)
    z, log_det = block.inverse_and_log_det(x)
    expected = paper_block(block, x, bound)
    np.testing.assert_allclose(z, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(log_det, expected[1], rtol=1e-12, atol=1e-12)
    other = 0.5001 if bound else 5.0
    assert not np.allclose(z, paper_block(block, x, other)[0], rtol=1e-9)  # and would be seen


def test_nice_block_is_the_papers():
    block = perturb(bj.RealNVPBlock(5, coupling="additive", hidden=(7,), dtype="float64"))
    m1, m2 = (half._networks["shift"] for half in block._couplings.bijectors)
    x = batch(5)
    z = x.copy()
    z[:, 1::2] -= network(m2, z[:, 0::2])
    z[:, 0::2] -= network(m1, z[:, 1::2])
    np.testing.assert_allclose(block.inverse(x), z, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("blocks", "count"), [(4, 166416), (5, 208020)])
def test_published_parameter_counts(blocks, count):
    flow = bj.realnvp(2, blocks=blocks, hidden=(100, 100))
    assert sum(int(tf.size(v)) for v in flow.trainable_variables) == count


def test_default_activations_are_the_papers():
    networks = bj.AffineCoupling(2)._networks
    assert networks["shift"].activation == "relu"
    assert networks["scale"].activation == "tanh"
    chosen = bj.AffineCoupling(2, shift_activation="tanh", scale_activation="relu")._networks
    assert (chosen["shift"].activation, chosen["scale"].activation) == ("tanh", "relu")


@pytest.mark.parametrize("coupling", ["affine", "additive", "spline"])
def test_new_networks_keep_the_volume(coupling):
    flow = bj.realnvp(3, blocks=2, hidden=(8,), coupling=coupling)
    x, log_det = flow.forward_and_log_det(batch(3))
    np.testing.assert_allclose(log_det, 0, atol=1e-5 if coupling == "spline" else 0)
    moved = np.abs(x - batch(3)).max()
    assert moved < 1e-5 if coupling == "spline" else moved > 0.1  # shifts do not start at 0


@pytest.mark.parametrize("kind", [bj.AffineCoupling, bj.AdditiveCoupling])
def test_zero_shift_starts_as_the_identity(kind):
    z = batch(4).astype(np.float32)
    assert np.array_equal(kind(4, zero_shift=True, hidden=(8,)).forward(z), z)


def test_additive_coupling_always_keeps_the_volume():
    coupling = perturb(bj.AdditiveCoupling(4, hidden=(8,)))
    assert np.array_equal(coupling.forward_and_log_det(batch(4))[1], np.zeros(32))
    assert coupling.is_constant_jacobian
    assert not bj.AffineCoupling(4, hidden=(8,)).is_constant_jacobian


@pytest.mark.parametrize(
    ("transformed", "moving"),
    [("even", [0, 2, 4]), ("odd", [1, 3]), ([True, True, False, False, True], [0, 1, 4])],
)
def test_only_the_transformed_move_and_only_the_others_matter(transformed, moving):
    coupling = perturb(bj.AffineCoupling(5, transformed=transformed, hidden=(8,), dtype="float64"))
    z = batch(5)
    x = coupling.forward(z).numpy()
    assert sorted(np.flatnonzero((x != z).any(0))) == moving
    z[:, moving] += 1  # an affine function of the moving ones: equal steps, equal differences
    one = coupling.forward(z).numpy() - x
    z[:, moving] += 1
    two = coupling.forward(z).numpy() - x
    np.testing.assert_allclose(two, 2 * one, rtol=1e-9)


def test_scale_bound_bounds_the_scale():
    coupling = perturb(bj.AffineCoupling(2, hidden=(8,), scale_bound=0.7), 30.0)
    log_det = coupling.forward_and_log_det(batch(2))[1].numpy()
    assert 0.6 < np.abs(log_det).max() <= 0.7 + 1e-6
    free = perturb(bj.AffineCoupling(2, hidden=(8,), scale_bound=None), 30.0)
    assert np.abs(free.forward_and_log_det(batch(2))[1]).max() > 0.8


def test_seeds():
    def variables(seed):
        return [v.numpy() for v in bj.realnvp(3, blocks=2, hidden=(6,), seed=seed).variables]

    first, again, other = variables(3), variables(3), variables(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    kernels = [v for v in first if v.ndim == 2 and v.any()]
    for i, a in enumerate(kernels):  # no two networks start as copies
        assert not any(a.shape == b.shape and np.array_equal(a, b) for b in kernels[i + 1 :])


CONDITIONAL = {
    "affine": lambda: bj.AffineCoupling(3, condition_size=2, hidden=(8,)),
    "additive": lambda: bj.AdditiveCoupling(3, condition_size=2, hidden=(8,)),
    "spline": lambda: bj.SplineCoupling(3, condition_size=2, hidden=(8,)),
    "block": lambda: bj.RealNVPBlock(3, condition_size=2, hidden=(8,)),
    "realnvp": lambda: bj.realnvp(3, blocks=2, condition_size=2, hidden=(8,), scaling=True),
}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_conditions_matter_row_by_row(name):
    flow = perturb(CONDITIONAL[name]())
    z = batch(3, n=4).astype(np.float32)
    condition = np.zeros((4, 2), np.float32)
    x = flow.forward_and_log_det(z, condition=condition)[0].numpy()
    condition[1] = [0.5, -1]
    changed = flow.forward_and_log_det(z, condition=condition)[0].numpy()
    assert list(np.flatnonzero((np.abs(changed - x) > 1e-6).any(1))) == [1]
    shared = flow.forward_and_log_det(z, condition=[0.5, -1.0])[0].numpy()  # one for all
    np.testing.assert_allclose(shared[1], changed[1], rtol=1e-5, atol=1e-6)


def test_conditions_pass_through_tfp():
    flow = perturb(bj.AffineCoupling(3, condition_size=1, hidden=(8,), name="flow"))
    z, condition = batch(3).astype(np.float32), np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    expected, log_det = flow.forward_and_log_det(z, condition=condition)
    chain = tfb.Chain([flow])
    np.testing.assert_allclose(
        chain.forward(tf.constant(z), flow={"condition": condition}), expected, rtol=1e-6
    )
    base = tfd.MultivariateNormalDiag(np.zeros(3, np.float32), np.ones(3, np.float32))
    value = tfd.TransformedDistribution(base, flow).log_prob(
        tf.constant(expected.numpy()), bijector_kwargs={"condition": condition}
    )
    np.testing.assert_allclose(value, base.log_prob(z) - log_det, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, r"condition must have shape \[\.\.\., 1\] for this AffineCoupling, got none"),
        ({"condition": np.zeros((32, 2), np.float32)}, r"shape \[\.\.\., 1\].*got \(32, 2\)"),
    ],
)
def test_missing_and_misshapen_conditions(kwargs, message):
    flow = bj.AffineCoupling(3, condition_size=1, hidden=(4,))
    with pytest.raises(ValueError, match=message):
        flow.forward_and_log_det(batch(3), **kwargs)
    with pytest.raises(ValueError, match="condition was given to Scaling"):
        bj.Scaling(3).forward_and_log_det(batch(3), condition=[1.0])
