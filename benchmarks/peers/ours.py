"""This package."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from benchmarks.work import Flow, Work
from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer, realnvp

__all__ = ["build"]


class Well(System):
    """A double well in one coordinate, harmonic in the others."""

    def __init__(self, size: int) -> None:
        self.event_shape = (size,)

    def energy(self, x: tf.Tensor) -> tf.Tensor:
        x1 = x[..., 0]
        return x1**4 - 6 * x1**2 + x1 + 0.5 * tf.reduce_sum(x[..., 1:] ** 2, axis=-1)


class Ours(Flow):
    def __init__(self, work: Work, dtype: str, *, repeated: bool, jit_compile: bool | str) -> None:
        flow = realnvp(
            work.size,
            blocks=work.blocks,
            hidden=work.hidden,
            scale_bound=None,
            repeated=repeated,
            dtype=dtype,
        )
        arrays = [
            array
            for coupling in work.weights()
            for name in ("shift", "scale")
            for layer in coupling[name]
            for array in layer
        ]
        if repeated:  # the arrays of all blocks stacked, in the order of those of one
            count = len(arrays) // work.blocks
            arrays = [np.stack(arrays[i::count]) for i in range(count)]
        for variable, array in zip(flow.trainable_variables, arrays, strict=True):
            variable.assign(array)
        self.parameters = sum(a.size for a in arrays)
        self._generator = BoltzmannGenerator(Well(work.size), flow)
        self._trainer = Trainer(self._generator, steps_per_call=work.steps, jit_compile=jit_compile)
        self._work = work
        # Positions 0, 2, .., 1, 3, .. hold what the work calls the first and the second half.
        self._order = np.argsort(np.r_[0 : work.size : 2, 1 : work.size : 2])
        self._data = work.data()[:, self._order]

    def steps(self, n: int) -> None:
        stage = Stage(n, self._work.batch, 1e-4, ml=1.0, kl=1.0)
        self._trainer.fit(self._data, stage, verbose=0)

    def sample(self, n: int) -> np.ndarray:
        return self._generator.sample(n).log_weight

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._generator.log_prob(x[:, self._order]))


def build(
    work: Work,
    dtype: str = "float32",
    *,
    repeated: bool = False,
    jit_compile: bool | str = "auto",
) -> Flow:
    """The work's network in this package."""
    return Ours(work, dtype, repeated=repeated, jit_compile=jit_compile)
