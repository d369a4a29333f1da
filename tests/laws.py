"""The laws that each bijector must obey; those of systems are in `system_laws.py`.

A law is a function that raises `AssertionError`. The registries of bijectors and systems are in
`bijectors/test_bijector_laws.py` and `systems/test_system_laws.py`: a new class is one line there.
That the laws can fail is tested with planted errors (`bijectors/test_planted_errors.py`, and at
the end of `systems/test_system_laws.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf.bijectors import Bijector, deserialize, serialize

tfb, tfd = tfp.bijectors, tfp.distributions

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}  # DESIGN section 5, relative
# Inverting x amplifies its rounding by |J^-1|, and the laws allow that much. Points where it is
# more than this are left out: there the map has no inverse in this precision, however computed.
MOST_ROUNDING = 0.5


def near(what: str, value: Any, wanted: Any, allowed: Any) -> None:
    """Asserts |value - wanted| <= allowed, where NaN is never near."""
    value, wanted = np.asarray(value, np.float64), np.asarray(wanted, np.float64)
    assert value.shape == wanted.shape, f"{what}: shape {value.shape}, not {wanted.shape}"
    excess = np.abs(value - wanted) - allowed
    assert np.all(excess <= 0), f"{what}: off by up to {np.nanmax(np.abs(value - wanted)):.3g}"


def perturb(bijector: Any, scale: float = 0.3, seed: int = 0) -> Any:
    """Moves every trainable variable by normal noise: outputs that start at zero hide errors."""
    rng = np.random.default_rng(seed)
    for variable in bijector.trainable_variables:
        variable.assign_add(scale * rng.standard_normal(variable.shape).astype(variable.dtype.name))
    return bijector


def condition_for(bijector: Bijector, shape: tuple[int, ...], seed: int = 0) -> dict[str, Any]:
    """The keyword arguments of the bijector: a random condition of the batch shape, or nothing."""
    if not bijector.condition_size:
        return {}
    value = np.random.default_rng(seed).standard_normal((*shape, bijector.condition_size))
    return {"condition": tf.constant(value, bijector.dtype)}


class Evaluation(NamedTuple):
    """One batch through a bijector and back, in float64: what the pointwise laws look at."""

    dtype: str
    z: np.ndarray
    x: np.ndarray
    log_det: np.ndarray
    log_det_slope: np.ndarray
    jacobian: np.ndarray
    z_back: np.ndarray
    inverse_log_det: np.ndarray

    @property
    def tolerance(self) -> float:
        return TOLERANCE[self.dtype]

    @property
    def amplification(self) -> np.ndarray:
        """How much the inverse amplifies the rounding of x, `[n]`: by 1 / least singular value."""
        with np.errstate(divide="ignore"):
            amplification = 1 / np.linalg.svd(self.jacobian, compute_uv=False)[:, -1]
        return amplification * (1 + np.abs(self.x).max(-1))

    def rounding(self, amplification: np.ndarray) -> np.ndarray:
        """Error that rounding excuses, `[n]`."""
        return 16 * np.finfo(self.dtype).eps * amplification


def evaluate(bijector: Bijector, z: np.ndarray) -> Evaluation:
    """Maps `[n, D]` forward and back, with the autodiff Jacobian of the forward map.

    The Jacobian's D rows come from one backward pass over D copies of the batch. `log_det_slope` is
    the sum of |d log_det / dz|: how much the log-determinant amplifies the rounding of z.
    """
    n, size = z.shape
    inputs = tf.constant(z, bijector.dtype)
    options = condition_for(bijector, (n,))
    copies = tf.repeat(inputs, size, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(copies)
        repeated = {k: tf.repeat(v, size, axis=0) for k, v in options.items()}
        out, _ = bijector.forward_and_log_det(copies, **repeated)
        rows = tf.reduce_sum(out * tf.tile(tf.eye(size, dtype=bijector.dtype), [n, 1]))
    jacobian = tf.reshape(tape.gradient(rows, copies), [n, size, size])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        x, log_det = bijector.forward_and_log_det(inputs, **options)
    slope = tape.gradient(log_det, inputs, unconnected_gradients="zero")
    slope = tf.reduce_sum(tf.abs(slope), axis=-1)
    z_back, inverse_log_det = bijector.inverse_and_log_det(x, **options)
    parts = (inputs, x, log_det, slope, jacobian, z_back, inverse_log_det)
    assert all(part.dtype == bijector.dtype for part in parts), "dtype: not that of the bijector"
    return Evaluation(bijector.dtype.name, *(p.numpy().astype(np.float64) for p in parts))


def round_trip(e: Evaluation) -> None:
    """Inverse after forward is the identity."""
    allowed = e.tolerance * (1 + np.abs(e.z).max(-1))
    allowed = allowed + e.rounding(e.amplification)
    near("round trip", e.z_back, e.z, allowed[:, None])


def log_det_is_autodiff(e: Evaluation) -> None:
    """The log-determinant is that of the autodiff Jacobian."""
    sign, expected = np.linalg.slogdet(e.jacobian)
    assert np.all(sign != 0), "log_det: singular Jacobian"
    # Autodiff's entries carry the rounding of x, which matters where they are small themselves.
    amplification = np.linalg.cond(e.jacobian) + e.amplification
    amplification = amplification + e.log_det_slope * (1 + np.abs(e.z).max(-1))
    allowed = e.tolerance * (1 + np.abs(expected)) + e.rounding(amplification)
    near("log_det against autodiff", e.log_det, expected, allowed)


def inverse_log_det_is_minus_forward(e: Evaluation) -> None:
    """The inverse's log-determinant is minus the forward one."""
    allowed = e.tolerance * (1 + np.abs(e.log_det))
    allowed = allowed + (1 + e.log_det_slope) * e.rounding(e.amplification)
    near("inverse log_det", e.inverse_log_det, -e.log_det, allowed)


POINTWISE: tuple[Callable[[Evaluation], None], ...] = (
    round_trip,
    log_det_is_autodiff,
    inverse_log_det_is_minus_forward,
)


def pointwise(e: Evaluation) -> None:
    """Round trip and log-determinants, where the precision resolves the inverse."""
    resolved = e.rounding(e.amplification) <= MOST_ROUNDING
    assert resolved.mean() >= 0.25, "round trip: no inverse at most points"
    kept = Evaluation(e.dtype, *(part[resolved] for part in e[1:]))
    for law in POINTWISE:
        law(kept)


def tfp_methods_agree(bijector: Bijector, z: np.ndarray) -> None:
    """TFP's four methods give what the fused pair gives; also summed over two event axes."""
    z = z.astype(bijector.dtype.name).reshape(2, -1, bijector.event_size)
    options = condition_for(bijector, z.shape[:-1])
    x, log_det = (p.numpy() for p in bijector.forward_and_log_det(z, **options))
    back, inverse_log_det = (p.numpy() for p in bijector.inverse_and_log_det(x, **options))
    allowed = 10 * np.finfo(z.dtype).eps * (1 + np.abs(log_det).max() + np.abs(x).max())

    def fresh(value: np.ndarray) -> tf.Tensor:
        return tf.constant(value.copy())  # TFP remembers pairs by the identity of the tensor

    near("TFP forward", bijector.forward(fresh(z), **options), x, allowed)
    near("TFP inverse", bijector.inverse(fresh(x), **options), back, allowed + 1e-6 * np.abs(back))
    for ndims, total in ((1, lambda v: v), (2, lambda v: v.sum(-1))):
        forward = bijector.forward_log_det_jacobian(fresh(z), ndims, **options)
        inverse = bijector.inverse_log_det_jacobian(fresh(x), ndims, **options)
        near("TFP forward log-det", forward, total(log_det), allowed * z.shape[1])
        near("TFP inverse log-det", inverse, total(inverse_log_det), allowed * z.shape[1])


def is_trainable(bijector: Any, folder: Path) -> None:
    """Its variables are seen alone, in TFP's containers and by checkpoints, and get gradients."""
    size = bijector.event_size
    base = tfd.MultivariateNormalDiag(tf.zeros(size, bijector.dtype), tf.ones(size, bijector.dtype))
    chain = tfb.Chain([bijector])
    holders = (bijector, chain, tfd.TransformedDistribution(base, chain), tfb.Invert(bijector))
    for holder in holders:
        assert holder.trainable_variables, f"trainable_variables of {type(holder).__name__}: empty"
        assert len(holder.trainable_variables) == len(bijector.trainable_variables)
    x = np.random.default_rng(1).standard_normal((64, size)).astype(bijector.dtype.name)
    with tf.GradientTape() as tape:
        z, log_det = bijector.inverse_and_log_det(x, **condition_for(bijector, (64,)))
        loss = tf.reduce_mean(tf.reduce_sum(z**2, -1) / 2 - log_det)
    for variable, gradient in zip(
        bijector.trainable_variables,
        tape.gradient(loss, bijector.trainable_variables),
        strict=True,
    ):
        assert gradient is not None, f"{variable.name}: no gradient"
        assert np.any(gradient.numpy() != 0), f"{variable.name}: gradient of zeros"
    before = [v.numpy() for v in bijector.variables]
    path = tf.train.Checkpoint(bijector=bijector).write(str(folder / "checkpoint"))
    perturb(bijector, seed=5)
    tf.train.Checkpoint(bijector=bijector).read(path).assert_consumed()
    for variable, value in zip(bijector.variables, before, strict=True):
        assert np.array_equal(variable.numpy(), value), f"{variable.name}: not in the checkpoint"


def config_round_trips(bijector: Bijector) -> None:
    """Through JSON: the same document, and with the same variables the same map."""
    document = serialize(bijector)
    twin = deserialize(json.loads(json.dumps(document, allow_nan=False)))
    assert type(twin) is type(bijector)
    assert serialize(twin) == document, "config: changes in a round trip"
    assert twin.dtype == bijector.dtype, "config: loses the dtype"
    twin.assign_from(bijector)
    z = np.random.default_rng(2).standard_normal((8, bijector.event_size))
    options = condition_for(bijector, (8,))
    for mine, theirs in zip(
        bijector.forward_and_log_det(z, **options),
        twin.forward_and_log_det(z, **options),
        strict=True,
    ):
        assert np.array_equal(mine, theirs), "config: the twin is another map"


def batch_shapes(bijector: Bijector) -> None:
    """Events stand for themselves: [D], [n, D], [a, b, D] and unknown n give the same numbers."""
    size = bijector.event_size
    z = np.random.default_rng(3).standard_normal((6, size))
    condition = {k: v.numpy() for k, v in condition_for(bijector, (6,)).items()}
    for direction in ("forward_and_log_det", "inverse_and_log_det"):
        method = getattr(bijector, direction)
        value, log_det = method(z, **condition)
        allowed = 100 * np.finfo(bijector.dtype.name).eps * (1 + np.abs(value).max())
        for shape in ((2, 3), (6, 1), (1, 2, 3)):
            options = {k: v.reshape(*shape, -1) for k, v in condition.items()}
            out, out_log_det = method(z.reshape(*shape, size), **options)
            near(f"{direction} {shape}", out, np.reshape(value, (*shape, size)), allowed)
            near(f"{direction} {shape} log_det", out_log_det, np.reshape(log_det, shape), allowed)
        for i in range(2):
            options = {k: v[i] for k, v in condition.items()}
            out, out_log_det = method(z[i], **options)
            near(f"{direction} of one event", out, value[i], allowed)
            near(f"{direction} log_det of one event", out_log_det, log_det[i], allowed)
        specs = {
            k: tf.TensorSpec([None, v.shape[-1]], bijector.dtype) for k, v in condition.items()
        }
        traced = tf.function(method, autograph=False).get_concrete_function(
            tf.TensorSpec([None, size], bijector.dtype), **specs
        )
        static = traced.structured_outputs[0].shape
        assert static.as_list() == [None, size], f"{direction}: static shape {static}"


def far_gradients_are_finite(bijector: Bijector) -> None:
    """Values and gradients, of inputs and variables, are finite far outside the training range."""
    size = bijector.event_size
    direction = np.random.default_rng(4).standard_normal((4, size))
    rays = np.concatenate([direction, np.ones((1, size)), -np.ones((1, size)), np.zeros((1, size))])
    # 3 and 5 are the bounds of the splines under test: their ends count as outside and inside.
    points = np.concatenate([scale * rays for scale in (1.0, 3.0, 5.0, 30.0, 1e3)])
    inputs = tf.constant(points, bijector.dtype)
    options = condition_for(bijector, (len(points),))
    for method in (bijector.forward_and_log_det, bijector.inverse_and_log_det):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value, log_det = method(inputs, **options)
            total = tf.reduce_sum(value) + tf.reduce_sum(log_det)
        gradients = tape.gradient(total, [inputs, *bijector.trainable_variables])
        for what, part in zip(("value", "log_det"), (value, log_det), strict=True):
            assert np.all(np.isfinite(part)), f"{method.__name__}: {what} not finite far outside"
        for gradient in gradients:
            assert np.all(np.isfinite(gradient)), f"{method.__name__}: gradient not finite"


def dtypes_agree(single: Bijector, double: Bijector) -> None:
    """With the same variables the float32 map is the float64 one, rounded."""
    for target, source in zip(double.variables, single.variables, strict=True):
        target.assign(tf.cast(source, target.dtype))
    value = np.random.default_rng(6).standard_normal((16, single.event_size))
    for name in ("forward_and_log_det", "inverse_and_log_det"):
        value = value.astype(np.float32)
        rough = getattr(single, name)(value, **condition_for(single, (16,)))
        fine = getattr(double, name)(value.astype(np.float64), **condition_for(double, (16,)))
        for a, b in zip(rough, fine, strict=True):
            near(f"{name} in float32", a, b, 1e-4 * (1 + np.abs(b).max()))
        value = fine[0].numpy()  # the inverse is asked about points in the image


def xla_agrees(bijector: Bijector) -> None:
    """Compiled by XLA, forward and back give the numbers they give without."""
    z = np.random.default_rng(7).standard_normal((8, bijector.event_size))
    z = tf.constant(2 * z, bijector.dtype)
    options = condition_for(bijector, (8,))

    def both(value: tf.Tensor) -> list[tf.Tensor]:
        return [
            *bijector.forward_and_log_det(value, **options),
            *bijector.inverse_and_log_det(value, **options),
        ]

    for plain, fused in zip(
        both(z), tf.function(both, jit_compile=True, autograph=False)(z), strict=True
    ):
        tolerance = TOLERANCE[bijector.dtype.name]
        near("XLA", fused, plain, tolerance * (1 + np.abs(plain).max()))
