"""Sequence, scaling, whitening and box: what each promises beyond the laws."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from laws import evaluate, log_det_is_autodiff, perturb

import boltzmann_tf as bg
from boltzmann_tf import bijectors as bj

tfb = tfp.bijectors
RNG = np.random.default_rng(0)
Z = RNG.standard_normal((20, 3))


def coupling(seed=0, **kwargs):
    kwargs = {"hidden": (6,), "dtype": "float64", **kwargs}
    return perturb(bj.AffineCoupling(3, seed=seed, **kwargs), seed=seed)


def test_sequence_applies_its_list_in_order():
    parts = [coupling(0), bj.Box([-1.0] * 3, [2.0] * 3, dtype="float64"), coupling(1)]
    flow = bj.Sequence(parts)
    x, total = Z, 0
    for part in parts:
        x, log_det = part.forward_and_log_det(x)
        total = total + log_det
    value, log_det = flow.forward_and_log_det(Z)
    np.testing.assert_allclose(value, x, rtol=1e-13)
    np.testing.assert_allclose(log_det, total, rtol=1e-13)
    other = bj.Sequence(parts[::-1]).forward_and_log_det(Z)[0]
    assert np.abs(other - value).max() > 0.1
    assert flow.bijectors == parts


def test_sequence_is_tfp_chain_reversed():
    parts = [coupling(0), coupling(1, transformed="even"), coupling(2)]
    flow, chain = bj.Sequence(parts), tfb.Chain(parts[::-1])
    x, log_det = flow.forward_and_log_det(Z)
    np.testing.assert_allclose(chain.forward(tf.constant(Z)), x, rtol=1e-12)
    np.testing.assert_allclose(
        chain.forward_log_det_jacobian(tf.constant(Z), 1), log_det, rtol=1e-11, atol=1e-12
    )


def test_sequence_of_sequences():
    parts = [coupling(i) for i in range(4)]
    nested = bj.Sequence([parts[0], bj.Sequence(parts[1:3]), parts[3]])
    assert np.array_equal(nested.forward(Z), bj.Sequence(parts).forward(Z))
    assert len(nested.trainable_variables) == 4 * len(parts[0].trainable_variables)


@pytest.mark.parametrize(
    "plain",
    [
        tfb.Scale(tf.constant(3.0, tf.float64)),
        tfb.Shift(tf.constant([1.0, 2.0, 3.0], tf.float64)),
        tfb.Tanh(),
        tfb.Permute([2, 0, 1]),
        tfb.ScaleMatvecTriL(np.tril(np.ones((3, 3)) + np.eye(3))),
        tfb.Chain([tfb.Tanh(), tfb.Scale(tf.constant(0.5, tf.float64))]),
        tfb.Invert(coupling(7)),
    ],
    ids=lambda b: b.name,
)
def test_plain_tfp_bijectors_stand_in_a_sequence(plain):
    flow = bj.Sequence([coupling(0), plain, coupling(1)])
    evaluation = evaluate(flow, 0.5 * Z)
    log_det_is_autodiff(evaluation)
    np.testing.assert_allclose(evaluation.z_back, 0.5 * Z, atol=1e-8)
    np.testing.assert_allclose(evaluation.inverse_log_det, -evaluation.log_det, atol=1e-7)
    assert flow.forward_and_log_det(Z.reshape(4, 5, 3))[1].shape == (4, 5)
    assert flow.forward_and_log_det(Z[0])[1].shape == ()
    with pytest.raises(TypeError, match="must be a boltzmann_tf.bijectors.Bijector to be saved"):
        bj.serialize(flow)


def test_constant_jacobian_is_only_claimed_where_true():
    scaling, nice = bj.Scaling(3), bj.AdditiveCoupling(3, hidden=(4,))
    assert bj.Sequence([scaling, nice, tfb.Scale(2.0)]).is_constant_jacobian
    assert not bj.Sequence([scaling, bj.AffineCoupling(3, hidden=(4,))]).is_constant_jacobian


def test_scaling_follows_its_variable():
    scaling = bj.Scaling(2, dtype="float64")
    assert np.array_equal(scaling.forward(Z[:, :2]), Z[:, :2])
    z = tf.constant(Z[:, :2])
    before = scaling.forward_log_det_jacobian(z, 1)
    assert np.all(before.numpy() == 0)
    scaling.trainable_variables[0].assign([np.log(2.0), np.log(0.25)])
    # The paper's S: z = e^k x.
    np.testing.assert_allclose(scaling.inverse(Z[:, :2]), Z[:, :2] * [2, 0.25])
    fresh = scaling.forward_log_det_jacobian(tf.constant(Z[:, :2]), 1)
    np.testing.assert_allclose(fresh, np.log(2.0))


class TestWhitening:
    DATA = RNG.standard_normal((400, 4)) @ RNG.standard_normal((4, 4)) + [5, -300, 0, 1]

    def test_data_become_white(self):
        z = bj.Whitening.from_data(self.DATA, dtype="float64").inverse(self.DATA)
        np.testing.assert_allclose(np.mean(z, 0), 0, atol=1e-10)
        np.testing.assert_allclose(np.cov(z, rowvar=False), np.eye(4), atol=1e-10)

    def test_log_det_is_that_of_the_covariance(self):
        whitening = bj.Whitening.from_data(self.DATA, dtype="float64")
        expected = 0.5 * np.linalg.slogdet(np.cov(self.DATA, rowvar=False))[1]
        np.testing.assert_allclose(whitening.forward_and_log_det(self.DATA)[1], expected)
        np.testing.assert_allclose(whitening.inverse_and_log_det(self.DATA)[1], -expected)

    def test_identity_until_fitted(self):
        assert np.array_equal(bj.Whitening(4, dtype="float64").forward(self.DATA), self.DATA)

    def test_fit_keeps_nothing_trainable_and_is_in_the_variables(self):
        whitening = bj.Whitening.from_data(self.DATA)
        assert not whitening.trainable_variables
        assert len(whitening.variables) == 3

    def test_log_det_survives_saving(self, tmp_path):
        """The published code lost it (noe2019.md B7)."""
        data = self.DATA[:, :2]
        whitening = bj.Whitening.from_data(data)
        flow = bj.realnvp(2, blocks=1, hidden=(4,), last=[whitening])
        bg.BoltzmannGenerator(bg.systems.DoubleWell(), flow).save(tmp_path / "g")
        loaded = bg.BoltzmannGenerator.load(tmp_path / "g").bijector.bijectors[-1]
        value, log_det = loaded.inverse_and_log_det(data)
        expected = whitening.inverse_and_log_det(data)
        assert np.array_equal(value, expected[0])
        assert np.array_equal(log_det, expected[1])
        assert np.abs(log_det).min() > 0.1

    def test_far_from_the_origin_in_float32(self):
        data = 1000 + 0.1 * RNG.standard_normal((400, 2))
        z = bj.Whitening.from_data(data).inverse(data)
        np.testing.assert_allclose(np.cov(z, rowvar=False), np.eye(2), atol=1e-2)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (np.ones((50, 2)), "must span all 2 directions"),
            (np.outer(np.arange(9.0), [1, 2]), "must span all 2 directions"),
            (np.eye(2), "must hold more than 2 configurations, got 2"),
            (np.full((5, 2), np.nan), "data must be finite, got 10 NaN"),
            (np.ones(3), r"data must have 2 dimension\(s\), got shape \(3,\)"),
        ],
    )
    def test_bad_data(self, data, message):
        with pytest.raises(ValueError, match=message):
            bj.Whitening.from_data(data)


class TestBox:
    LOW, HIGH = [0.1, -np.inf, -7.3], [0.3, np.inf, -1.1]

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_stays_inside(self, dtype):
        """Also where sigmoid rounds to one and low + (high - low) to beyond high."""
        low = 3 * RNG.standard_normal(2000)
        high = low + np.exp(3 * RNG.standard_normal(2000))
        naive = low.astype(dtype) + (high - low).astype(dtype)
        assert dtype == "float64" or np.any(naive > high.astype(dtype))  # the danger is real
        z = np.concatenate([np.geomspace(1e-3, 1e4, 30), -np.geomspace(1e-3, 1e4, 30)])
        x = bj.Box(low, high, dtype=dtype).forward(np.outer(z, np.ones(2000)).astype(dtype)).numpy()
        assert np.all(x >= low.astype(dtype))
        assert np.all(x <= high.astype(dtype))

    def test_passes_the_free(self):
        z = np.geomspace(1e-3, 1e4, 30)[:, None] * np.ones(3)
        x = bj.Box(self.LOW, self.HIGH, dtype="float64").forward(z).numpy()
        assert np.array_equal(x[:, 1], z[:, 1])
        assert np.all(np.abs(x[:, [0, 2]]) < 8)

    def test_is_the_sigmoid(self):
        box = bj.Box(self.LOW, self.HIGH, dtype="float64")
        x, log_det = box.forward_and_log_det(Z)
        sigmoid = 1 / (1 + np.exp(-Z))
        np.testing.assert_allclose(x[:, 0], 0.1 + 0.2 * sigmoid[:, 0], rtol=1e-13)
        np.testing.assert_allclose(x[:, 2], -7.3 + 6.2 * sigmoid[:, 2], rtol=1e-13)
        slopes = np.log([0.2, 6.2] * (sigmoid * (1 - sigmoid))[:, [0, 2]]).sum(1)
        np.testing.assert_allclose(log_det, slopes, rtol=1e-12)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_data_on_and_beyond_the_wall_give_finite_latents(self, dtype):
        box = bj.Box([0.0, 0.0], [4.0, 4.0], dtype=dtype)
        x = np.array([[0, 4], [-1e-6, 4 + 1e-6], [-1e9, 1e9]], dtype)
        z, log_det = box.inverse_and_log_det(x)
        assert np.all(np.isfinite(z))
        assert np.all(np.isfinite(log_det))
        assert np.all(z[:, 0] < -10)
        assert np.all(z[:, 1] > 10)

    def test_config_keeps_the_bounds_to_the_last_bit(self):
        box = bj.Box(self.LOW, self.HIGH)
        for _ in range(5):
            document = json.loads(json.dumps(bj.serialize(box), allow_nan=False))
            assert document["config"]["lower"] == [0.1, "-inf", -7.3]
            assert document["config"]["upper"] == [0.3, "inf", -1.1]
            box = bj.deserialize(document)

    @pytest.mark.parametrize(
        ("low", "high", "message"),
        [
            ([1.0], [0.0], "lower must be below upper"),
            ([np.nan], [0.0], "lower must be below upper"),
            ([0.0, 1.0], [2.0], "vectors of one length"),
            ([0.0], [np.inf], "finite together"),
        ],
    )
    def test_bad_bounds(self, low, high, message):
        with pytest.raises(ValueError, match=message):
            bj.Box(low, high)
