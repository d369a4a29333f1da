"""Every bijector obeys every law. A new bijector is one line in `BIJECTORS`."""

from __future__ import annotations

import functools
from collections.abc import Callable

import laws
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given
from hypothesis import strategies as st

from boltzmann_tf import bijectors as bj

tfb = tfp.bijectors

NET = {"hidden": (8,), "seed": 1}
SPLINE = {"bins": 5, "bound": 3.0}


def whitened(size, dtype, **options):
    rng = np.random.default_rng(size)
    data = rng.standard_normal((50, size)) @ rng.standard_normal((size, size)) + 3
    return bj.Whitening.from_data(data, dtype=dtype, **options)


def boxed(size, dtype, free=0):
    low = np.where(np.arange(size) < free, -np.inf, np.linspace(-1.3, 0.7, size))
    high = np.where(np.arange(size) < free, np.inf, np.linspace(0.9, 4.1, size))
    return bj.Box(low, high, dtype=dtype)


@bj.register
class Carried(bj.Bijector):
    """By the condition."""

    def forward_and_log_det(self, z, *, condition):
        return z + condition, tf.zeros_like(z[..., 0])

    def inverse_and_log_det(self, x, *, condition):
        return x - condition, tf.zeros_like(x[..., 0])


def marginals(size, dtype):
    data = np.random.default_rng(size).standard_exponential((200, size)) * 3 - 1
    return bj.Marginals.from_data(data, bins=6, dtype=dtype)


def triangular(size, dtype):
    """The first coordinate by itself, the others given it."""
    first = bj.ElementwiseSpline(1, dtype=dtype, **SPLINE)
    if size == 2:  # a coupling needs two coordinates
        return bj.Triangular(first, Carried(1, condition_size=1, dtype=dtype))
    rest = bj.realnvp(size - 1, blocks=2, condition_size=1, dtype=dtype, **NET)
    return bj.Triangular(first, rest)


def mixed(size, dtype):
    """Own and plain TFP bijectors in one sequence."""
    scale = tf.constant(np.linspace(0.5, 2, size), dtype)
    coupling = bj.AffineCoupling(size, dtype=dtype, **NET)
    return bj.Sequence([tfb.Scale(tf.constant(-1.7, dtype)), coupling, tfb.Scale(scale)])


BIJECTORS: dict[str, Callable[[int, str], bj.Bijector]] = {
    "affine": lambda d, t: bj.AffineCoupling(d, dtype=t, **NET),
    "affine_even": lambda d, t: bj.AffineCoupling(d, transformed="even", dtype=t, **NET),
    "affine_mask": lambda d, t: bj.AffineCoupling(
        d, transformed=[i in (0, d // 2 + 1) for i in range(d)], dtype=t, **NET
    ),
    "affine_unbounded": lambda d, t: bj.AffineCoupling(d, scale_bound=None, dtype=t, **NET),
    "affine_conditional": lambda d, t: bj.AffineCoupling(d, condition_size=2, dtype=t, **NET),
    "additive": lambda d, t: bj.AdditiveCoupling(d, dtype=t, **NET),
    "additive_conditional": lambda d, t: bj.AdditiveCoupling(d, condition_size=1, dtype=t, **NET),
    "spline": lambda d, t: bj.SplineCoupling(d, dtype=t, **NET, **SPLINE),
    "spline_conditional": lambda d, t: bj.SplineCoupling(
        d, condition_size=1, dtype=t, **NET, **SPLINE
    ),
    "elementwise_spline": lambda d, t: bj.ElementwiseSpline(d, dtype=t, **SPLINE),
    "scaling": lambda d, t: bj.Scaling(d, dtype=t),
    "whitening": whitened,
    "standardization": functools.partial(whitened, rotate=False),
    "marginals": marginals,
    "box": boxed,
    "box_partly": functools.partial(boxed, free=1),
    "realnvp_block": lambda d, t: bj.RealNVPBlock(d, dtype=t, **NET),
    "nice_block": lambda d, t: bj.RealNVPBlock(d, coupling="additive", dtype=t, **NET),
    "spline_block": lambda d, t: bj.RealNVPBlock(d, coupling="spline", dtype=t, **NET, **SPLINE),
    "conditional_block": lambda d, t: bj.RealNVPBlock(d, condition_size=1, dtype=t, **NET),
    "realnvp": lambda d, t: bj.realnvp(
        d, blocks=2, scaling=True, last=[whitened(d, t)], dtype=t, **NET
    ),
    "repeated": lambda d, t: bj.realnvp(d, blocks=3, repeated=True, dtype=t, **NET),
    "repeated_conditional": lambda d, t: bj.Repeated(
        [bj.AffineCoupling(d, condition_size=2, dtype=t, hidden=(8,), seed=s) for s in (1, 2)]
    ),
    "triangular": triangular,
    "sequence_with_tfp": mixed,
}
FIXED = {
    "whitening",
    "standardization",
    "marginals",
    "box",
    "box_partly",
}  # nothing to learn in them
UNSAVED = {"sequence_with_tfp"}  # a plain TFP bijector has no configuration

names = pytest.mark.parametrize("name", BIJECTORS)


@functools.cache
def built(name: str, size: int = 3, dtype: str = "float32") -> bj.Bijector:
    return laws.perturb(BIJECTORS[name](size, dtype))


def points(size, seed, scale):
    """Batches in and far outside the splines' interval of [-3, 3]."""
    z = scale * np.random.default_rng(seed).standard_normal((24, size))
    return np.clip(z, -10, 10)


inputs = given(
    size=st.integers(2, 7),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 1.0, 3.0, 10.0]),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@names
def test_pointwise(name, dtype):
    @inputs
    def check(size, seed, scale):
        laws.pointwise(laws.evaluate(built(name, size, dtype), points(size, seed, scale)))

    check()


@names
def test_tfp_methods(name):
    laws.tfp_methods_agree(built(name), points(3, 0, 1.0))
    laws.tfp_methods_agree(built(name, 2, "float64"), points(2, 1, 2.0))


@pytest.mark.parametrize("name", [n for n in BIJECTORS if n not in FIXED])
def test_trainable(name, tmp_path):
    laws.is_trainable(built(name), tmp_path)


@pytest.mark.parametrize("name", sorted(FIXED))
def test_fixed(name):
    assert not built(name).trainable_variables


@pytest.mark.parametrize("name", [n for n in BIJECTORS if n not in UNSAVED])
def test_config(name):
    laws.config_round_trips(built(name))
    laws.config_round_trips(built(name, 4, "float64"))


@pytest.mark.parametrize("name", [n for n in BIJECTORS if n not in UNSAVED])
def test_config_keeps_the_seed(name):
    one = BIJECTORS[name](3, "float32")
    two = bj.deserialize(bj.serialize(one))
    if name not in ("whitening", "standardization", "marginals") and not name.startswith(
        "realnvp"
    ):  # these hold fitted variables
        for a, b in zip(one.variables, two.variables, strict=True):
            assert np.array_equal(a, b)


@names
def test_batch_shapes(name):
    laws.batch_shapes(built(name))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@names
def test_far_gradients(name, dtype):
    laws.far_gradients_are_finite(built(name, 3, dtype))


@names
def test_dtypes(name):
    laws.dtypes_agree(built(name), BIJECTORS[name](3, "float64"))


@names
def test_xla(name):
    laws.xla_agrees(built(name))
