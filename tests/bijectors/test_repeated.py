"""`Repeated` is `Sequence`, in values and in gradients; only the loop is other."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, Stage, Trainer, bijectors, realnvp, systems

SIZE, COUNT = 4, 3


def couplings(**options):
    return [
        laws.perturb(
            bijectors.AffineCoupling(
                SIZE, hidden=(8,), condition_size=1, seed=s, dtype="float64", **options
            ),
            seed=s,
        )
        for s in range(COUNT)
    ]


@pytest.fixture(scope="module")
def pair():
    parts = couplings()
    return bijectors.Repeated(parts), bijectors.Sequence(parts)


def slopes(bijector, direction, value, condition):
    """Values, and the gradients of a function of all of them: of inputs, then of each variable."""
    with tf.GradientTape() as tape:
        tape.watch([value, condition])
        out, log_det = getattr(bijector, f"{direction}_and_log_det")(value, condition=condition)
        loss = tf.reduce_sum(out**3) + tf.reduce_sum(tf.sin(log_det))
    variables = list(bijector.trainable_variables)
    gradients = tape.gradient(loss, [value, condition, *variables])
    return [out, log_det, *gradients[:2]], gradients[2:]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_it_equals_the_sequence(pair, direction, compiled):
    rng = np.random.default_rng(1)
    value, condition = tf.constant(rng.normal(size=(5, SIZE))), tf.constant(rng.normal(size=(5, 1)))
    found, wanted = (
        tf.function(lambda v, c, b=b: slopes(b, direction, v, c), jit_compile=compiled)(
            value, condition
        )
        for b in pair
    )
    for a, b in zip(found[0], wanted[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    # The sequence's gradients, coupling by coupling, stacked.
    per_coupling = len(wanted[1]) // COUNT
    assert len(found[1]) == per_coupling
    for i, stacked in enumerate(found[1]):
        parts = [wanted[1][c * per_coupling + i] for c in range(COUNT)]
        np.testing.assert_allclose(stacked, tf.stack(parts), rtol=1e-9, atol=1e-12)


def test_it_trains_as_the_sequence_does():
    """The same seeds give the same networks, and the same losses to rounding."""
    data = np.random.default_rng(0).normal(size=(200, 2))
    losses = []
    for repeated in (False, True):
        flow = realnvp(2, blocks=3, hidden=(8,), repeated=repeated, dtype="float64", seed=2)
        trainer = Trainer(BoltzmannGenerator(systems.DoubleWell(), flow), seed=1)
        losses.append(trainer.fit(data, Stage(20, 50, ml=1.0, kl=1.0), verbose=0)["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_what_it_refuses():
    with pytest.raises(ValueError, match="bijectors must hold at least one"):
        bijectors.Repeated([])
    with pytest.raises(TypeError, match=r"bijectors\[1\] must be a Bijector"):
        bijectors.Repeated([*couplings()[:1], "coupling"])
    with pytest.raises(ValueError, match=r"one architecture, got bijectors\[1\]"):
        bijectors.Repeated([*couplings()[:1], *couplings(transformed="even")[:1]])
