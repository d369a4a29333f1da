"""Trains on two replicas; run by `test_distributed` in a process of its own.

A process decides on its devices once, before TensorFlow's first operation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorflow as tf

CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras  # noqa: E402
import numpy as np  # noqa: E402

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, realnvp, systems  # noqa: E402
from boltzmann_tf.bijectors import Scaling  # noqa: E402
from boltzmann_tf.losses import Likelihood, Loss  # noqa: E402

BATCH, SEED = 32, 3
DATA = np.tile([[0.7, -0.4]], (10, 1))  # the same row: J_ML is the same for every share


class Size(Loss):
    """A user's own: the same for every share of these data."""

    name = "size"
    sees = "data"

    def __call__(self, batch):
        return tf.reduce_mean(batch.z**2)


def generator(bijector):
    return BoltzmannGenerator(systems.DoubleWell(), bijector)


def theta(trainer):
    return np.concatenate([w.ravel() for w in trainer.get_weights()])


def fit(strategy, stage, checkpoint=None, optimizer=None, build=lambda: Scaling(2)):
    if strategy is None:
        made = generator(build())
    else:
        with strategy.scope():
            made = generator(build())
    trainer = Trainer(made, optimizer, strategy, seed=SEED, steps_per_call=4)
    history = trainer.fit(DATA, stage, verbose=0, checkpoint=checkpoint)
    return trainer, history


def message(call):
    try:
        call()
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


@tf.function(jit_compile=True)  # as the replicas draw: XLA has its own normal numbers
def share_energy(own):
    noise_seed = tf.unstack(tf.random.experimental.stateless_split(own, 2))[1]
    z = tf.random.stateless_normal([BATCH // 2, 2], noise_seed)
    return tf.reduce_mean(systems.DoubleWell().energy(z))


def energy_of_shares():
    """J_KL of the identity at step 0, from each replica's own noise."""
    fold = tf.random.experimental.stateless_fold_in
    seed = fold(tf.constant([SEED, 0]), 0)
    return [float(share_energy(fold(seed, index))) for index in range(2)]


def main(folder: Path) -> None:
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    example = Stage(6, BATCH, 1e-2)
    both = Stage(6, BATCH, 1e-2, kl=1.0, temperatures=(1.0, 2.0))
    plain, plain_history = fit(None, both)
    single, single_history = fit(one, both)
    alone, _ = fit(None, example)
    shared, _ = fit(two, example)
    own = Stage(6, BATCH, 1e-2, losses=[Likelihood(), Size(weight=3.0)])
    sizes = [(theta(t).tolist(), h["size"].tolist()) for t, h in (fit(None, own), fit(two, own))]
    descent = Stage(1, BATCH, 1e-3, ml=0.0, kl=1.0, energy_high=1e6)
    _, first = fit(two, descent, optimizer=keras.optimizers.SGD())

    def network():
        return realnvp(2, blocks=1, hidden=(4,), seed=1)

    path = folder / "run.npz"
    whole, whole_history = fit(two, both, build=network)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    with two.scope():
        halted = generator(network())
    trainer = Trainer(halted, None, two, seed=SEED, steps_per_call=4)
    halted_history = trainer.fit(DATA, both, verbose=0, checkpoint=path, callbacks=[Stop()])
    resumed, resumed_history = fit(two, both, checkpoint=path, build=network)
    result = {
        "replicas": [plain.replicas, single.replicas, shared.replicas],
        "plain": [theta(plain).tolist(), plain_history["loss"].tolist()],
        "single": [theta(single).tolist(), single_history["loss"].tolist()],
        "alone": theta(alone).tolist(),
        "shared": theta(shared).tolist(),
        "sizes": sizes,
        "copies": [
            [copy.numpy().tolist() for copy in variable.values]
            for variable in whole.generator.bijector.trainable_variables
        ],
        "loss": float(first["kl"][0]),
        "shares": energy_of_shares(),
        "energies": whole_history.energy_evaluations,
        "halted": len(halted_history),
        "whole": theta(whole).tolist(),
        "resumed": theta(resumed).tolist(),
        "steps": len(resumed_history),
        "outside the scope": message(lambda: Trainer(generator(Scaling(2)), None, two)),
        "odd batch": message(lambda: fit(two, Stage(1, 3))),
        "no strategy": message(lambda: Trainer(generator(Scaling(2)), None, "mirrored")),
        "other number": message(lambda: fit(None, both, checkpoint=path, build=network)),
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
