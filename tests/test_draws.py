"""Samples drawn while a generator is trained."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, bijectors, systems
from boltzmann_tf.training import Draws


def test_draws_are_of_every_call_and_of_the_weights_of_then():
    generator = BoltzmannGenerator(systems.DoubleWell(), bijectors.Scaling(2), jit_compile=False)
    draws = Draws(generator, 50, temperatures=(1.0, 2.0), keep=lambda s: s, seed=3)
    trainer = Trainer(generator, steps_per_call=5, jit_compile=False, seed=0)
    data = np.random.default_rng(0).standard_normal((100, 2))
    trainer.fit(data, Stage(15, 20, 0.05), callbacks=[draws], verbose=0)
    for t, kept in draws.kept.items():
        assert len(kept) == 3
        assert kept[0].x.shape == (50, 2)
        # Other noise each time, and more of it at T = 2.
        assert not np.allclose(kept[0].z, kept[1].z)
        np.testing.assert_allclose(kept[0].z, np.sqrt(t) * draws.kept[1.0][0].z, rtol=1e-6)
    last = draws.kept[1.0][-1]
    np.testing.assert_allclose(generator.to_configuration(last.z)[0], last.x, rtol=1e-5)
    first = draws.kept[1.0][0]
    assert not np.allclose(generator.to_configuration(first.z)[0], first.x, rtol=1e-3)
    again = Draws(generator, 50, keep=lambda s: s.z, seed=3)
    again.on_train_batch_end(0)
    np.testing.assert_array_equal(again.kept[1.0][0], first.z)
