"""The continuous partner of the Ising model: a field from which spins are drawn exactly."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite, finite_array, positive, positive_int, seed_int
from boltzmann_tf._support.torus import cosines, hartley, transform
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.ising import Ising, check_spins

__all__ = ["IsingField"]

MARGIN = 0.1  # of delta above the smallest that keeps K~ positive definite


class IsingField(System):
    """The Hubbard-Stratonovich field of the Ising model on an L x L torus, in white coordinates.

    With K = J / T, A the adjacency matrix of the torus and K~ = K A + delta I positive definite,

        p(phi) ~ exp(-phi^T K~^-1 phi / 2) prod_i 2 cosh(phi_i + h / T).

    Given the field the spins are independent, P(s_i = +1 | phi) = sigmoid(2 (phi_i + h / T)), and
    given the spins the field is Gaussian; so averages over the *discrete* spins follow without
    bias from weighted samples of the field. Here the coordinates are x, with phi = K~^(1/2) x, the
    Fourier-preconditioned form: x is K~^(1/2) s plus white noise of variance one, and

        u(x) = |x|^2 / 2 - sum_i log 2 cosh(phi_i + h / T),
        log Z_x = log Z_Ising + N delta / 2 + (N / 2) log 2 pi    (`log_z_offset`).

    In phi, log Z_phi = log Z_x + log det K~ / 2. The temperature is in K: sample the generator at
    its own `temperature=1`. Source: Hubbard, Phys. Rev. Lett. 3, 77 (1959).

    Args:
      length: L, at least 2.
      temperature: T in the unit of J; or (low, high) for the family of all temperatures between,
        with T as the one component of the condition.
      coupling: J > 0.
      field: h, in the unit of J.
      delta: added to K A; None for 0.1 more than the smallest that works. The smaller, the
        smoother the density.
    """

    domain = "real"

    def __init__(
        self,
        length: int,
        temperature: float | tuple[float, float],
        coupling: float = 1.0,
        field: float = 0.0,
        *,
        delta: float | None = None,
    ) -> None:
        self.length = positive_int("length", length, minimum=2)
        self.coupling = positive("coupling", coupling)
        self.field = finite("field", field)
        self.event_shape = (length, length)
        if isinstance(temperature, tuple | list):
            if len(temperature) != 2:
                raise ValueError(f"temperature must be a number or (low, high), got {temperature}")
            low, high = (positive(f"temperature[{i}]", t) for i, t in enumerate(temperature))
            if not low < high:
                raise ValueError(f"temperature must be (low, high), low < high, got {temperature}")
            self.temperature: float | tuple[float, float] = (low, high)
            self.condition_size = 1
        else:
            low = self.temperature = positive("temperature", temperature)
        cosine = cosines(length)[1]
        self._adjacency = 2 * (cosine[:, None] + cosine[None, :]).ravel()  # its eigenvalues
        smallest = -self._adjacency.min() * coupling / low  # largest at the lowest temperature
        self.delta = None if delta is None else finite("delta", delta)
        if self.delta is not None and self.delta <= smallest:
            raise ValueError(
                f"delta must be above {smallest:.6g} for K~ to be positive definite at T = {low:g},"
                f" got {delta!r}"
            )
        self.spins = Ising(length, coupling, field)
        self.initial_states = {"centre": np.zeros(self.event_shape)}

    # The energy.

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """u(x) in kT: `[batch, L, L]` (and T `[batch, 1]`) to `[batch]`."""
        x = tf.convert_to_tensor(x)
        argument = self.local_field(x, *condition)
        size = tf.abs(argument)  # log 2 cosh without overflow
        cosh = tf.reduce_sum(size + tf.math.log1p(tf.exp(-2 * size)), axis=[-2, -1])
        return 0.5 * tf.reduce_sum(x * x, axis=[-2, -1]) - cosh

    def local_field(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """phi_i + h / T, to which spin i alone responds: `[batch, L, L]`."""
        t = self._temperature(x, condition)
        return self._filter(x, t, 0.5) + self.field / t[..., None]

    def mean_spins(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """<s_i> given the field, tanh(phi_i + h / T); products for i != j are <s_i s_j>."""
        return tf.tanh(self.local_field(x, *condition))

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The true energy: it is smooth everywhere."""
        return self.energy(x, *condition)

    # Between field and spins.

    def draw_spins(
        self,
        x: Any,
        *,
        temperature: Any = None,
        draws: int | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Spins given the field, int8: an exact draw.

        Args:
          x: fields in white coordinates, `[n, L, L]`.
          temperature: as in `temperatures`.
          draws: configurations of each field, independent of each other given it; None for one.
          seed: of the draw.

        Returns:
          `[n, L, L]`, or `[n, draws, L, L]`.
        """
        x = np.asarray(x)
        x = x.astype(np.float64 if x.dtype == np.float64 else np.float32, copy=False)
        if x.ndim < 2 or x.shape[-2:] != self.event_shape:
            raise ValueError(
                f"x must have shape [..., {self.length}, {self.length}], got {x.shape}"
            )
        rng = np.random.default_rng(seed_int("seed", seed))
        local = self.local_field(tf.constant(x), *self._condition(len(x), temperature)).numpy()

        def drawn() -> np.ndarray:
            # u < sigmoid(2 a) without the exponential: logit(u), a logistic number, below 2 a. Of
            # 53 bits: a u of float32 is 0 once in 2^24 draws, which is a spin up in any field.
            return np.where(rng.logistic(size=x.shape) < 2 * local, 1, -1).astype(np.int8)

        if draws is None:
            return drawn()
        return np.stack([drawn() for _ in range(positive_int("draws", draws))], axis=1)

    def draw_field(self, spins: Any, *, temperature: Any = None, seed: int = 0) -> np.ndarray:
        """The field given spins, `[n, L, L]` float32: K~^(1/2) s plus white noise, an exact draw.

        From equilibrium spins it makes equilibrium fields.

        Args:
          spins: `[n, L, L]`, +1 or -1.
          temperature: as in `temperatures`.
          seed: of the draw.
        """
        s = tf.constant(check_spins("spins", spins, self.length), tf.float32)
        rng = np.random.default_rng(seed_int("seed", seed))
        t = self._temperature(s, self._condition(len(s), temperature))
        mean = self._filter(s, t, 0.5).numpy()
        return mean + rng.standard_normal(mean.shape, np.float32)

    def temperatures(self, n: int, temperature: Any = None) -> np.ndarray:
        """T of each of n fields, `[n]`: of the system, or, where it is a family, of those given.

        Args:
          n: fields.
          temperature: T; needed where the system is a family: one, or one for each, `[n]`.
        """
        known = None if self.condition_size else float(self.temperature)  # type: ignore[arg-type]
        if temperature is None:
            if known is None:
                raise ValueError("temperature must be given for a family, got None")
            return np.full(n, known)
        t = finite_array("temperature", temperature)
        if t.shape not in ((), (n,)) or np.any(t <= 0):
            raise ValueError(f"temperature must be > 0, a number or [{n}], got {temperature!r}")
        if known is not None and np.any(t != known):
            raise ValueError(f"temperature must be {known}, got {temperature}")
        return np.broadcast_to(t, [n])

    def log_z_offset(self, temperature: float | None = None) -> float:
        """log Z of this density minus log Z of the spins."""
        t = float(self.temperatures(1, temperature)[0])
        n = self.length**2
        smallest = -self._adjacency.min() * self.coupling / t
        delta = smallest + MARGIN if self.delta is None else self.delta
        return 0.5 * n * (delta + np.log(2 * np.pi))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        t = self.temperature
        return {
            "length": self.length,
            "temperature": list(t) if isinstance(t, tuple) else t,
            "coupling": self.coupling,
            "field": self.field,
            "delta": self.delta,
        }

    # Internals.

    def _condition(self, n: int, temperature: Any) -> tuple[tf.Tensor, ...]:
        t = self.temperatures(n, temperature)
        return (tf.constant(t[:, None], tf.float32),) if self.condition_size else ()

    def _temperature(self, x: tf.Tensor, condition: tuple[tf.Tensor, ...]) -> tf.Tensor:
        """T as `[batch, 1]`, or `[1, 1]`."""
        if condition:
            return tf.cast(condition[0], x.dtype)
        return tf.fill([1, 1], tf.constant(self.temperature, x.dtype))

    def _filter(self, x: tf.Tensor, t: tf.Tensor, power: float) -> tf.Tensor:
        """K~ to a power, applied to `[batch, L, L]`."""
        matrix = self._hartley.astype(x.dtype.as_numpy_dtype)
        flat = tf.reshape(x, [-1, self.length**2])
        eigenvalues = self.eigenvalues(t)
        return tf.reshape(
            transform(transform(flat, matrix) * eigenvalues**power, matrix), tf.shape(x)
        )

    def eigenvalues(self, t: tf.Tensor) -> tf.Tensor:
        """Of K~: T `[batch, 1]` to `[batch, N]`, in the order of the torus' transform."""
        adjacency = tf.constant(self._adjacency, t.dtype)
        scaled = self.coupling / t * adjacency
        if self.delta is not None:
            return scaled + tf.constant(self.delta, t.dtype)
        return scaled - self.coupling / t * float(self._adjacency.min()) + MARGIN

    @functools.cached_property
    def _hartley(self) -> np.ndarray:
        return hartley(self.length)
