"""The losses of Boltzmann generators, each a callable with a name.

They see a batch that the training step has mapped once: data taken to latent space (`Mapped`), or
latent draws taken to configurations (`Generated`), so that several losses share one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf._checks import choice, finite_array, instance, positive, positive_int

__all__ = [
    "Cut",
    "Generated",
    "KullbackLeibler",
    "Likelihood",
    "Mapped",
    "ReactionCoordinate",
    "WeightedLikelihood",
    "cut_energy",
    "linlog",
    "safe_energy",
]


class Mapped(NamedTuple):
    """Data in latent space.

    Attributes:
      x: configurations, `[batch, ...]`.
      z: latent images, `[batch, D]`.
      log_det: log|dz/dx|, `[batch]`.
    """

    x: tf.Tensor
    z: tf.Tensor
    log_det: tf.Tensor


class Generated(NamedTuple):
    """Latent draws in configuration space.

    Attributes:
      z: draws from N(0, tau I), `[batch, D]`.
      x: configurations, `[batch, ...]`.
      log_det: log|dx/dz|, `[batch]`.
      energy: reduced training energy u / tau after the cut, `[batch]`.
      temperature: tau of each sample, `[batch]`.
      temperatures: number of temperatures; sample i is at temperature i modulo this.
    """

    z: tf.Tensor
    x: tf.Tensor
    log_det: tf.Tensor
    energy: tf.Tensor
    temperature: tf.Tensor
    temperatures: int


def linlog(energy: tf.Tensor, high: tf.Tensor, maximum: tf.Tensor) -> tf.Tensor:
    """The published energy cut: linear to `high`, then logarithmic, constant from `maximum`.

    `E` below high, `high + log(E - high + 1)` above, with E clamped at maximum first and
    non-finite values taken as maximum (Noé et al. 2019, supplement p. 3). For training only:
    weights from a cut energy are wrong. For a gradient that stays finite where the energy's own
    does not, use `safe_energy`.
    """
    energy = tf.convert_to_tensor(energy)
    if not energy.dtype.is_floating:
        raise TypeError(f"energy must be of a floating dtype, got {energy.dtype.name}")
    high, maximum = tf.cast(high, energy.dtype), tf.cast(maximum, energy.dtype)
    clamped = tf.minimum(tf.where(tf.math.is_finite(energy), energy, maximum), maximum)
    # The logarithm's argument is sanitised too: its unused branch must not make NaN gradients.
    above = tf.maximum(clamped - high, 0.0)
    return tf.where(clamped < high, clamped, high + tf.math.log1p(above))


class Cut(NamedTuple):
    """Energies after the cut, and what was wrong with them.

    Attributes:
      energy: reduced, `[batch]`; its gradient is finite.
      bad: 1 where the energy was NaN or infinite, `[batch]`.
      lost: 1 where the energy was finite and below `maximum`, and its gradient was not finite.
    """

    energy: tf.Tensor
    bad: tf.Tensor
    lost: tf.Tensor


def cut_energy(
    energy: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    temperature: tf.Tensor,
    high: tf.Tensor,
    maximum: tf.Tensor,
) -> Cut:
    """Reduced energies after the cut, with gradients that are finite for any energy function.

    Selecting after the fact does not stop NaN (0 times infinity), so the gradient of each
    configuration is formed here, from the energy's own gradient and the slope of the cut, and is
    zero where either is not finite or the energy is beyond `maximum`, as published. It is with
    respect to x alone: variables that the energy reads are not trained.

    Args:
      energy: the function of x to cut; its batch members must not interact.
      x: `[batch, ...]`.
      temperature: tau, `[batch]` or scalar; the cut acts on energy / tau, as published.
      high: where the logarithm starts, in kT.
      maximum: where the energy becomes constant, in kT.

    Returns:
      the cut reduced energy and two masks of what was not finite, `[batch]` each.
    """
    if not callable(energy):
        raise TypeError(f"energy must be a function of x, got {energy!r}")
    held = tf.stop_gradient(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(held)
        reduced = energy(held) / temperature
    slope = tape.gradient(reduced, held, unconnected_gradients="zero")
    bad = ~tf.math.is_finite(reduced)
    top, limit = tf.cast(high, x.dtype), tf.cast(maximum, x.dtype)
    clean = tf.where(bad, limit, reduced)
    cut_slope = tf.where(clean < top, tf.ones_like(clean), 1 / (1 + tf.nn.relu(clean - top)))
    cut_slope = tf.where(clean < limit, cut_slope, tf.zeros_like(clean))

    def column(v: tf.Tensor) -> tf.Tensor:
        return tf.reshape(v, [-1] + [1] * (x.shape.rank - 1))

    finite = tf.math.is_finite(slope)
    whole = tf.reduce_all(finite, axis=list(range(1, x.shape.rank)))
    lost = (clean < limit) & ~whole
    usable = finite & column(clean < limit)
    slope = tf.where(usable, slope, tf.zeros_like(slope)) * column(cut_slope)

    cut = with_slope(linlog(reduced, high, maximum), x, slope)
    masks = (tf.stop_gradient(tf.cast(mask, x.dtype)) for mask in (bad, lost))
    return Cut(cut, *masks)


def safe_energy(
    energy: Callable[[tf.Tensor], tf.Tensor],
    x: tf.Tensor,
    temperature: tf.Tensor,
    high: tf.Tensor,
    maximum: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """As `cut_energy`; returns the energy and the mask of those that were NaN or infinite."""
    return cut_energy(energy, x, temperature, high, maximum)[:2]


def with_slope(value: tf.Tensor, x: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """The values `[batch]` with `slope`, finite and of the shape of x, as their gradient in x.

    Not by `tf.custom_gradient`: each trace registers that for ever, and with it the whole graph,
    thousands of Python objects (TensorFlow 2.21).
    """
    usable = tf.math.is_finite(x)
    # Zero, with the derivative 1; where x is not finite, zero with the derivative 0.
    move = tf.where(usable, x, tf.zeros_like(x))
    move -= tf.stop_gradient(move)
    terms = tf.reshape(move * tf.stop_gradient(slope), [tf.shape(x)[0], -1])
    return tf.stop_gradient(value) + tf.reduce_sum(terms, axis=1)


class Likelihood:
    """J_ML, training by example: mean of `|z|^2 / 2 - log|dz/dx|` over data.

    It estimates the negative log-likelihood of the data under the generated density at tau = 1
    *without* the constant (D / 2) ln 2 pi, as published; so it can be negative. Its minimum for
    data from a density with entropy H is H - (D / 2) ln 2 pi.
    """

    name = "ml"

    def __call__(self, batch: Mapped) -> tf.Tensor:
        """The batch mean, a scalar."""
        return tf.reduce_mean(self.terms(batch))

    @staticmethod
    def terms(batch: Mapped) -> tf.Tensor:
        """The loss of each sample, `[batch]`."""
        instance("batch", batch, Mapped)
        return 0.5 * tf.reduce_sum(batch.z**2, axis=-1) - batch.log_det


class WeightedLikelihood(Likelihood):
    """J_ML with each sample weighted by its Boltzmann over its generated density.

    The published code's silent default (`weigh_ML`), here only on request: noisy, and with
    gradients through the weights, as published.
    """

    def __call__(
        self,
        batch: Mapped,
        energy: tf.Tensor | None = None,
        temperature: tf.Tensor | float = 1.0,
    ) -> tf.Tensor:
        """The weighted mean.

        Args:
          batch: data in latent space.
          energy: cut reduced energy u(x) / tau of each, `[batch]`.
          temperature: tau of each weight, `[batch]` or scalar; the terms are those of tau = 1. One
            softmax goes over the mixed batch, as published: the normalisations of prior and
            Boltzmann density, which differ with tau, are left out, and few configurations at the
            highest tau may carry it.
        """
        if energy is None:
            raise ValueError("energy must be given to the weighted likelihood, got None")
        prior = 0.5 * tf.reduce_sum(batch.z**2, axis=-1) / temperature
        log_weight = -energy + prior - batch.log_det
        return tf.reduce_sum(tf.nn.softmax(log_weight) * self.terms(batch))


class KullbackLeibler:
    """J_KL, training by energy: mean of `u(x) / tau - log|dx/dz|` over generated samples.

    It is KL(generated || Boltzmann) + H_Z(tau) - ln Z(tau), with H_Z = (D / 2) ln(2 pi e tau) the
    entropy of the prior; so it is bounded below by H_Z - ln Z, and is usually negative. Over
    several temperatures it is the mean over the mixed batch, as published.
    """

    name = "kl"

    def __call__(self, batch: Generated) -> tf.Tensor:
        """The batch mean, a scalar."""
        instance("batch", batch, Generated)
        return tf.reduce_mean(batch.energy - batch.log_det)


class ReactionCoordinate:
    """J_RC, which spreads generated samples evenly along one or two reaction coordinates.

    Samples are binned softly: Gaussian kernels at `bins` centres a coordinate, from `lower` to
    `upper`, of width (upper - lower) / bins, normalised over the bins, then averaged over the
    batch to h. Two forms:

    - "entropy", the paper's: J_RC = sum h ln h, with minimum -ln(number of bins);
    - "log_bins", what the authors ran for the one-dimensional cases: J_RC = -sum ln h, which
      punishes empty bins harder; its minimum is n ln n (26.377 for 11 bins).

    With several temperatures, h is taken for each and the losses are averaged.

    Along a coordinate with a period, `upper` is `lower` plus the period, the centres are the
    middles of equal bins, and kernels reach around: each is the sum of its nearest three images.

    Args:
      coordinates: one or two functions from `[batch, ...]` to `[batch]`.
      lower: lower end of the range of each coordinate.
      upper: upper end of the range of each coordinate.
      bins: number of bins a coordinate.
      form: "log_bins" or "entropy".
      period: of each coordinate, None for a line: one value, or one for each coordinate.
    """

    name = "rc"

    def __init__(
        self,
        coordinates: Callable | Sequence[Callable],
        lower: float | Sequence[float],
        upper: float | Sequence[float],
        *,
        bins: int = 11,
        form: str = "log_bins",
        period: float | None | Sequence[float | None] = None,
    ) -> None:
        given = coordinates if isinstance(coordinates, list | tuple) else (coordinates,)
        if len(given) not in (1, 2) or not all(map(callable, given)):
            raise TypeError(f"coordinates must be one or two functions, got {coordinates!r}")
        self.coordinates = tuple(given)
        self.lower = np.atleast_1d(finite_array("lower", lower))
        self.upper = np.atleast_1d(finite_array("upper", upper))
        shape = (len(self.coordinates),)
        if self.lower.shape != shape or self.upper.shape != shape:
            raise ValueError(
                f"lower and upper must have one value for each of the {shape[0]} coordinates, got "
                f"{lower!r} and {upper!r}"
            )
        if not np.all(self.lower < self.upper):
            raise ValueError(f"lower must be below upper, got {lower!r} and {upper!r}")
        self.period = self._checked_period(period)
        self.bins = positive_int("bins", bins, minimum=2)
        self.form = choice("form", form, ("log_bins", "entropy"))
        # The published floors under the kernels, so that a sample far outside has some bin.
        self.floor = positive("floor", 1e-6 if len(self.coordinates) == 1 else 1e-8)

    def _checked_period(
        self, period: float | None | Sequence[float | None]
    ) -> tuple[float | None, ...]:
        n = len(self.coordinates)
        each: tuple[Any, ...] = tuple(period) if isinstance(period, list | tuple) else (period,) * n
        if len(each) != n:
            raise ValueError(
                f"period must have one value for each of the {n} coordinates, got {period!r}"
            )
        for i, own in enumerate(each):
            if own is None:
                continue
            own = positive("period", own)
            span = self.upper[i] - self.lower[i]
            if not np.isclose(span, own, rtol=1e-6, atol=0.0):
                raise ValueError(f"period must be upper - lower, {span:.8g}, got {own!r}")
        return tuple(None if own is None else float(own) for own in each)

    @property
    def minimum(self) -> float:
        """The value for evenly filled bins."""
        n = self.bins ** len(self.coordinates)
        return float(n * np.log(n) if self.form == "log_bins" else -np.log(n))

    def histogram(self, x: tf.Tensor, temperatures: int = 1) -> tf.Tensor:
        """The soft histogram h, `[temperatures, bins ** number of coordinates]`."""
        kernel: tf.Tensor | None = None
        for coordinate, low, high, period in zip(
            self.coordinates, self.lower, self.upper, self.period, strict=True
        ):
            places = np.linspace(low, high, self.bins)
            if period is not None:
                places = low + period * (np.arange(self.bins) + 0.5) / self.bins
            centres = tf.constant(places, x.dtype)
            width = tf.constant((high - low) / self.bins, x.dtype)
            # The coordinate is clipped so that its square cannot overflow.
            r = tf.clip_by_value(coordinate(x), -1e6, 1e6)
            away = r[:, None] - centres
            if period is None:
                part = tf.exp(-(away**2) / (2 * width**2))
            else:
                away -= period * tf.stop_gradient(tf.round(away / period))
                images = [(away + k * period) ** 2 for k in (-1.0, 0.0, 1.0)]
                part = tf.add_n([tf.exp(-image / (2 * width**2)) for image in images])
            kernel = part if kernel is None else kernel[:, :, None] * part[:, None, :]
        flat = tf.reshape(kernel, [-1, self.bins ** len(self.coordinates)]) + self.floor
        flat /= tf.reduce_sum(flat, axis=1, keepdims=True)
        return tf.reduce_mean(tf.reshape(flat, [-1, temperatures, flat.shape[1]]), axis=0)

    def __call__(self, batch: Generated) -> tf.Tensor:
        """The loss averaged over temperatures, a scalar."""
        h = self.histogram(batch.x, batch.temperatures)
        terms = -tf.math.log(h) if self.form == "log_bins" else h * tf.math.log(h)
        return tf.reduce_mean(tf.reduce_sum(terms, axis=1))
