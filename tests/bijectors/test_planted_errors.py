"""The laws of bijectors can fail: each rejects a bijector that breaks it, and only it."""

from __future__ import annotations

import keras
import laws
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import bijectors as bj

tfb = tfp.bijectors

Z = np.random.default_rng(0).standard_normal((16, 2))


class Twice(bj.Bijector):
    """x = 2 z, correct: the base of the broken ones, which override one thing each."""

    def __init__(self, dtype: str = "float64") -> None:
        super().__init__(2, dtype=dtype)

    def value(self, z):
        return 2 * z

    def log_det(self, z):
        return tf.fill(tf.shape(z)[:-1], tf.cast(np.log(4.0), self.dtype))

    def back(self, x):
        return x / 2

    def forward_and_log_det(self, z):
        return self.value(z), self.log_det(z)

    def inverse_and_log_det(self, x):
        return self.back(x), -self.log_det(x)


class WrongSign(Twice):
    def log_det(self, z):
        return -super().log_det(z)


class WrongFactor(Twice):
    def log_det(self, z):
        return (1 + 1e-8) * super().log_det(z)


class ForgottenInInverse(Twice):
    """The published code's whitening after loading: no log-determinant on the way back."""

    def inverse_and_log_det(self, x):
        return x / 2, tf.zeros(tf.shape(x)[:-1], x.dtype)


class NotTheInverse(Twice):
    def back(self, x):
        return x / 2 + 1e-8


class TwoToOne(Twice):
    """The |x2 - x1| of the spring's first write-up: no inverse where z is negative."""

    def value(self, z):
        return 2 * tf.abs(z)


class Flattens(Twice):
    """Everything onto a line: a log-determinant of minus infinity."""

    def value(self, z):
        return tf.reduce_sum(z, axis=-1, keepdims=True) * tf.ones_like(z)


class Single(Twice):
    def log_det(self, z):
        return tf.cast(super().log_det(z), tf.float32)


class MixesTheBatch(Twice):
    def value(self, z):
        return 2 * z + tf.reduce_mean(z, axis=0)


class SplitDisagrees(Twice):
    def _inverse_log_det_jacobian(self, x):
        return self.log_det(x)


class NotFiniteFar(Twice):
    """An overflow selected away after it instead of before: its gradient is 0 * inf."""

    def value(self, z):
        return 2 * z + tf.where(tf.abs(z) > 20, 0.0 * z, 0 * tf.exp(z**2))


class Overflows(Twice):
    def log_det(self, z):
        return super().log_det(z) + tf.reduce_sum(tf.exp(tf.abs(z)) * 1e-300, axis=-1)


class RoughInSingle(Twice):
    def value(self, z):
        return 2 * z + (1e-2 if z.dtype == tf.float32 else 0)


class OtherWhenCompiled(Twice):
    def value(self, z):
        return (2 if tf.executing_eagerly() else 2.001) * z


class Untracked(tfb.Bijector):
    """What happens without the base class: TFP does not see the variables of Keras 3 layers."""

    event_size = 2

    def __init__(self) -> None:
        super().__init__(forward_min_event_ndims=1, dtype=tf.float64, parameters={})
        self._net = keras.layers.Dense(2, dtype="float64")
        self._net.build((None, 2))


class HalfLearned(bj.Scaling):
    """A gradient that never arrives."""

    def inverse_and_log_det(self, x):
        k = tf.stop_gradient(self._log_scale())
        return x * tf.exp(k), tf.fill(tf.shape(x)[:-1], tf.reduce_sum(k))


@bj.register
class ForgetsAnOption(bj.AffineCoupling):
    def get_config(self):
        return {k: v for k, v in super().get_config().items() if k != "scale_bound"}


@bj.register
class ForgetsDtype(bj.Scaling):
    def get_config(self):
        return {k: v for k, v in super().get_config().items() if k != "dtype"}


def pointwise(bijector):
    laws.pointwise(laws.evaluate(bijector, Z))


LAWS = (
    pointwise,
    lambda b: laws.tfp_methods_agree(b, Z),
    laws.batch_shapes,
    laws.far_gradients_are_finite,
    lambda b: laws.dtypes_agree(type(b)("float32"), b),
    laws.xla_agrees,
)
POINTWISE, TFP, BATCH, FAR, DTYPES, XLA = range(len(LAWS))

PLANTED = [
    (WrongSign, POINTWISE, "log_det against autodiff"),
    (WrongFactor, POINTWISE, "log_det against autodiff"),
    (ForgottenInInverse, POINTWISE, "inverse log_det"),
    (NotTheInverse, POINTWISE, "round trip"),
    (TwoToOne, POINTWISE, "round trip"),
    (Flattens, POINTWISE, "no inverse"),
    (Single, POINTWISE, "dtype"),
    (SplitDisagrees, TFP, "TFP inverse log-det"),
    (MixesTheBatch, BATCH, "forward_and_log_det"),
    (NotFiniteFar, FAR, "not finite"),
    (Overflows, FAR, "not finite"),
    (RoughInSingle, DTYPES, "in float32"),
    (OtherWhenCompiled, XLA, "XLA"),
]


@pytest.mark.parametrize("law", LAWS)
def test_the_base_of_the_broken_obeys(law):
    law(Twice())


@pytest.mark.parametrize(("broken", "law", "message"), PLANTED)
def test_law_rejects(broken, law, message):
    with pytest.raises(AssertionError, match=message):
        LAWS[law](broken())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Untracked, "trainable_variables of Untracked: empty"),
        (lambda: HalfLearned(2), "no gradient"),
        (lambda: bj.Whitening(2), "empty"),
    ],
)
def test_trainable_law_rejects(broken, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        laws.is_trainable(broken(), tmp_path)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda: ForgetsAnOption(2, scale_bound=0.1, hidden=(4,)), "another map"),
        (lambda: ForgetsDtype(2, dtype="float64"), "dtype"),
    ],
)
def test_config_law_rejects(broken, message):
    with pytest.raises(AssertionError, match=message):
        laws.config_round_trips(laws.perturb(broken()))


def test_initial_zeros_would_hide_an_error():
    """Why the laws perturb first: a wrong sign of the scale is invisible while it is zero."""

    class WrongScaling(bj.Scaling):
        def forward_and_log_det(self, z):
            x, log_det = super().forward_and_log_det(z)
            return x, -log_det

    pointwise(WrongScaling(2, dtype="float64"))
    with pytest.raises(AssertionError, match="autodiff"):
        pointwise(laws.perturb(WrongScaling(2, dtype="float64")))
