"""A continuous flow on a periodic square lattice that has the lattice's symmetries.

After Köhler, Klein and Noé, "Equivariant flows" (ICML 2020), and Gerdes, de Haan, Rainone,
Bondesan and Cheng, "Learning lattice quantum field theories with equivariant continuous flows"
(SciPost Phys. 15, 238, 2023): a shallow vector field whose divergence is known exactly.
"""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, positive_int
from boltzmann_tf._support.room import within
from boltzmann_tf._support.torus import cosines, hartley, transform
from boltzmann_tf.bijectors.base import Bijector, register
from boltzmann_tf.bijectors.conditioner import Parameters, split_seed

__all__ = ["LatticeFlow"]

TIME_BASIS = 4


@register
class LatticeFlow(Bijector):
    """Maps white noise on an L x L torus to a field, by a scaling of modes and a flow in time.

    First every Fourier mode is scaled; then x follows, from t = 0 to 1,

        dx/dt = E * x + sum_f D_f * tanh(C_f * x),

    where * is a convolution over the whole torus. The kernels C, D and E depend on t, and on the
    condition if there is one; they are equal at all sites and symmetric under reflections and the
    exchange of axes, and the field is odd. So the map commutes with translations, rotations,
    reflections and the flip x -> -x, and the density of its image has all these symmetries.

    The divergence is exact and cheap: tanh acts site by site, so its trace is
    `sum_f (C_f . D_f) sum_sites tanh'`. The classical Runge-Kutta scheme integrates both. Its
    error is that of a map whose log-determinant is slightly off: compare with `refined`.

    Args:
      length: L, at least 2; the event size is L^2, row by row.
      features: number of tanh features.
      steps: Runge-Kutta steps.
      condition_size: 0, or 1 for kernels that are polynomials of the condition.
      condition_range: values of the condition that are mapped to [-1, 1], (low, high).
      degree: of the polynomials.
      seed: of the initial kernels.
      dtype: "float32" or "float64".
      name: of the bijector.
    """

    def __init__(
        self,
        length: int,
        *,
        features: int = 16,
        steps: int = 6,
        condition_size: int = 0,
        condition_range: tuple[float, float] = (-1.0, 1.0),
        degree: int = 3,
        seed: int = 0,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        self._length = positive_int("length", length, minimum=2)
        self._features = positive_int("features", features)
        self._steps = positive_int("steps", steps)
        self._degree = positive_int("degree", degree, minimum=0) if condition_size else 0
        low, high = (float(v) for v in condition_range)
        if not low < high:
            raise ValueError(
                f"condition_range must be (low, high) with low < high, got {(low, high)}"
            )
        if condition_size not in (0, 1):
            raise ValueError(f"condition_size must be 0 or 1, got {condition_size!r}")
        self._range = (low, high)
        self._seed = seed
        within(length, length)
        orbits, multiplicity = _orbits(length)
        self._orbit_count = len(multiplicity)
        n = TIME_BASIS * (self._degree + 1)
        f, o = self._features, self._orbit_count
        self._shapes = {
            "scale": (self._degree + 1, o),
            "linear": (n, o),
            "inner": (n, f, o),
            "outer": (n, f, o),
        }
        layers = {k: Parameters(int(np.prod(s)), dtype=dtype) for k, s in self._shapes.items()}
        super().__init__(
            length**2,
            layers=list(layers.values()),
            condition_size=condition_size,
            dtype=dtype,
            name=name,
        )
        self._parameters = self._no_dependency(layers)
        _initialise(layers["inner"], self._shapes["inner"], multiplicity, split_seed(seed, 1)[0])
        self._hartley = hartley(length).astype(dtype)
        cosine = cosines(length)
        spectra = [(cosine @ (orbits == i) @ cosine).ravel() for i in range(o)]
        self._spectra = np.stack(spectra).astype(dtype)  # eigenvalues of each orbit's kernel
        self._multiplicity = multiplicity.astype(dtype)
        signature = [tf.TensorSpec([None, n], dtype) for n in (length**2, self._degree + 1)]
        self._eager = self._no_dependency(
            {
                direction: tf.function(
                    functools.partial(self._steps_of, direction),
                    input_signature=signature,
                    autograph=False,
                )
                for direction in (1, -1)
            }
        )

    def forward_and_log_det(
        self, z: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Scales the modes, then follows the flow from t = 0 to 1."""
        return self.forward_with_cost(z, condition=condition)[:2]

    def forward_with_cost(
        self, z: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """As `forward_and_log_det`, with the integral of the squared acceleration over time.

        The path of an optimal transport is straight and costs nothing; a crooked one is what the
        integrator gets wrong.
        """
        shape, z, basis = self._flat(z, condition)
        log_scale = self._kernel("scale", basis) @ self._spectra
        x = self._modes(self._modes(z) * tf.exp(log_scale))
        x, log_det, cost = self._integrate(1, x, basis)
        log_det += tf.reduce_sum(log_scale, axis=-1)
        return tf.reshape(x, shape), tf.reshape(log_det, shape[:-1]), tf.reshape(cost, shape[:-1])

    def inverse_and_log_det(
        self, x: tf.Tensor, *, condition: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Follows the flow back from t = 1 to 0, then unscales the modes."""
        shape, x, basis = self._flat(x, condition)
        z, log_det, _ = self._integrate(-1, x, basis)
        log_scale = self._kernel("scale", basis) @ self._spectra
        z = self._modes(self._modes(z) * tf.exp(-log_scale))
        log_det -= tf.reduce_sum(log_scale, axis=-1)
        return tf.reshape(z, shape), tf.reshape(log_det, shape[:-1])

    def match_modes(self, x: np.ndarray, condition: np.ndarray | None = None) -> None:
        """Sets the scaling of the modes so that noise has the spectrum of the data, `[n, N]`.

        Args:
          x: configurations.
          condition: of each, `[n, 1]`, where the flow takes one; the logarithm of the spectrum is
            fitted by polynomials to its values at each distinct condition.
        """
        x = finite_array("x", x, dtype=np.float64).reshape(-1, self.event_size)
        groups, powers = [x], np.ones([1, 1])
        if self.condition_size:
            rows = finite_array("condition", condition, last=1).reshape(-1)
            values = np.unique(rows)
            groups = [x[rows == v] for v in values]
            low, high = self._range
            c = (2 * values - low - high) / (high - low)
            powers = c[:, None] ** np.arange(self._degree + 1)
        modes = [transform(tf.constant(g), self._hartley.astype(np.float64)) for g in groups]
        spectrum = np.stack([0.5 * np.log(np.mean(np.square(m), axis=0)) for m in modes])
        kernels = np.linalg.lstsq(self._spectra.T.astype(np.float64), spectrum.T, rcond=None)[0].T
        scale = np.linalg.lstsq(powers, kernels, rcond=None)[0]
        self._parameters["scale"].vector.assign(scale.ravel())

    def refined(self, factor: int) -> LatticeFlow:
        """The same flow integrated in `factor` times as many steps, with copies of the weights."""
        positive_int("factor", factor)
        other = type(self)(**{**self.get_config(), "steps": factor * self._steps})
        other.assign_from(self)
        return other

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["event_size"]
        return {
            **config,
            "length": self._length,
            "features": self._features,
            "steps": self._steps,
            "condition_range": list(self._range),
            "degree": self._degree,
            "seed": self._seed,
        }

    # Internals.

    def _flat(
        self, value: tf.Tensor, condition: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The shape, `[batch, N]`, and powers of the condition `[batch or 1, degree + 1]`."""
        flat = tf.reshape(value, [-1, self.event_size])
        if condition is None:
            return tf.shape(value), flat, tf.ones([1, 1], value.dtype)
        low, high = self._range
        c = tf.reshape((2 * condition - low - high) / (high - low), [-1, 1])
        return tf.shape(value), flat, tf.concat([c**p for p in range(self._degree + 1)], axis=-1)

    def _kernel(self, name: str, basis: tf.Tensor) -> tf.Tensor:
        """Kernel values on the orbits: `basis` `[batch, b]` times the parameters `[b, ..., o]`."""
        parameters = tf.reshape(self._parameters[name](), self._shapes[name])
        return tf.tensordot(basis, parameters, 1)

    def _modes(self, x: tf.Tensor) -> tf.Tensor:
        return transform(x, self._hartley)

    def _field(
        self, x: tf.Tensor, t: tf.Tensor, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """dx/dt `[batch, N]` and its divergence `[batch]`."""
        time = tf.stack([tf.ones_like(t), 2 * t - 1, tf.cos(2 * np.pi * t), tf.cos(3 * np.pi * t)])
        size = TIME_BASIS * (self._degree + 1)
        basis = tf.reshape(time[:, None] * condition[:, None, :], [-1, size])
        linear, inner, outer = (self._kernel(n, basis) for n in ("linear", "inner", "outer"))
        modes = self._modes(x)
        hidden = tf.tanh(self._modes(modes[:, None] * (inner @ self._spectra)))
        out = tf.reduce_sum(self._modes(hidden) * (outer @ self._spectra), axis=1)
        out += modes * (linear @ self._spectra)
        overlap = tf.reduce_sum(inner * outer * self._multiplicity, axis=-1)
        slope = tf.reduce_sum(1 - hidden * hidden, axis=-1)
        divergence = tf.reduce_sum(overlap * slope, axis=-1) + self.event_size * linear[:, 0]
        return self._modes(out), divergence

    def _integrate(
        self, direction: int, x: tf.Tensor, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        # Eager callers would run thousands of small operations. Compiled ones must see the loop
        # itself: XLA takes its gradient only where shapes are known.
        steps = (
            self._eager[direction]
            if tf.executing_eagerly()
            else functools.partial(self._steps_of, direction)
        )
        return steps(x, condition)

    def _steps_of(
        self, direction: int, x: tf.Tensor, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Classical Runge-Kutta steps from t = 0 to 1, or back; x, log-determinant and cost."""
        h = direction / self._steps
        start = 0.0 if direction > 0 else 1.0

        def body(
            n: tf.Tensor, x: tf.Tensor, log_det: tf.Tensor, cost: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
            t = start + h * tf.cast(n, x.dtype)
            v1, d1 = self._field(x, t, condition)
            v2, d2 = self._field(x + h / 2 * v1, t + h / 2, condition)
            v3, d3 = self._field(x + h / 2 * v2, t + h / 2, condition)
            v4, d4 = self._field(x + h * v3, t + h, condition)
            x += h / 6 * (v1 + 2 * (v2 + v3) + v4)
            log_det += h / 6 * (d1 + 2 * (d2 + d3) + d4)
            cost += tf.reduce_sum((v4 - v1) ** 2, axis=-1) / abs(h)
            return n + 1, x, log_det, cost

        zero = tf.zeros(tf.shape(x)[:1], x.dtype)
        _, x, log_det, cost = tf.while_loop(
            lambda n, *_: n < self._steps,
            body,
            (tf.constant(0), x, zero, zero),
            maximum_iterations=self._steps,
        )
        return x, log_det, cost


def _orbits(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the displacements that symmetry makes equal, `[L, L]`, and counts them."""
    i = np.arange(length)
    distance = np.minimum(i, length - i)
    x, y = np.meshgrid(distance, distance, indexing="ij")
    key = np.minimum(x, y) + length * np.maximum(x, y)
    _, orbit, multiplicity = np.unique(key, return_inverse=True, return_counts=True)
    return orbit.reshape(length, length), multiplicity


def _initialise(
    layer: keras.layers.Layer, shape: tuple[int, ...], multiplicity: np.ndarray, seed: int
) -> None:
    """Random inner kernels around the site itself; the outer ones are zero, so no flow at first."""
    rng = np.random.default_rng(seed)
    value = np.zeros(shape)
    value[0] = 0.3 * rng.standard_normal(shape[1:]) / np.sqrt(multiplicity)
    value[0, :, 0] += rng.uniform(0.3, 1.5, shape[1])
    layer.vector.assign(value.ravel())
