"""A system at another temperature, by its energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from boltzmann_tf._support.checks import positive
from boltzmann_tf.systems.base import System
from boltzmann_tf.systems.wrapped import Wrapped

__all__ = ["AtTemperature"]


class AtTemperature(Wrapped):
    """u(x) / T of any system, in training too.

    A generator's own temperature widens its noise, which says nothing where latent space has an end
    or no scale (spheres, circles, boxes): there a temperature must come by the energy. It also lets
    a generator at temperature 1 be trained warmer than it is used.

        warm = systems.AtTemperature(system, 1.1)

    T is a number, which becomes a constant of what is compiled, or a variable, which may be
    assigned at any time: generators, trainers and samplers then go on at the new temperature, and
    compile nothing anew. So a flow walks from hot to cold:

        temperature = tf.Variable(4.0, trainable=False, dtype=tf.float64)
        generator = BoltzmannGenerator(systems.AtTemperature(system, temperature), bijector)
        for t in (4.0, 2.0, 1.0):
            temperature.assign(t)
            trainer.fit(None, stage)

    There is no exact reference: that of the inner system takes T as its argument.

    A generator of it can be saved, and loaded without giving the system, where one of the inner
    system can; of a variable, the value of then.

    Args:
      system: u, or its document.
      temperature: T > 0: a number, or a scalar `tf.Variable`.
    """

    def __init__(
        self, system: System | Mapping[str, Any], temperature: float | tf.Variable
    ) -> None:
        super().__init__(system)
        self.temperature = temperature
        if isinstance(temperature, tf.Variable):
            if temperature.shape.rank != 0 or not temperature.dtype.is_floating:
                raise ValueError(
                    "temperature must be a number or a scalar variable of one, got shape "
                    f"{temperature.shape} of {temperature.dtype.name}"
                )
            positive("temperature", float(temperature.numpy()))
        else:
            self.temperature = positive("temperature", temperature)

    @property
    def name(self) -> str:
        """Name in reports."""
        t = self.temperature
        return f"{self.inner.name} at T" + ("" if isinstance(t, tf.Variable) else f" = {t:g}")

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """u(x) / T: `[batch, *event_shape]` to `[batch]`."""
        return self._over_t(self.inner.energy(x, *condition))

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The inner system's training energy over T: its walls as well."""
        return self._over_t(self.inner.training_energy(x, *condition))

    def _over_t(self, u: tf.Tensor) -> tf.Tensor:
        t = self.temperature
        return u / (tf.cast(t, u.dtype) if isinstance(t, tf.Variable) else t)

    def check(self, dtype: tf.DType = tf.float32) -> None:
        """Raises as the inner system does."""
        self.inner.check(dtype)
        super().check(dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the system is None where JSON cannot say it."""
        t = self.temperature
        number = float(t.numpy()) if isinstance(t, tf.Variable) else t
        return {**super().get_config(), "temperature": number}
