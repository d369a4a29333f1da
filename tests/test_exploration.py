"""Exploration: its moves keep the Boltzmann density, and it finds what it was not told of."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest, norm

from boltzmann_tf import BoltzmannGenerator, Stage, System, realnvp, systems
from boltzmann_tf.exploration import Explorer


class Gaussian(System):
    event_shape = (2,)

    def energy(self, x):
        return 0.5 * (x[..., 0] ** 2 + (x[..., 1] / 2) ** 2)


N = 4000
FIXED = Stage(200, 1024, 0.0, ml=1.0, kl=1.0)  # a network that stays as it is


def explorer(system, initial, *, perturbed=0.2, **options):
    flow = laws.perturb(realnvp(2, blocks=2, hidden=(16,), seed=1), perturbed)
    return Explorer(
        BoltzmannGenerator(system, flow), initial, **{"seed": 3, "jit_compile": False} | options
    )


def distance(buffer):
    """Kolmogorov-Smirnov from the exact density, the larger of both coordinates."""
    return max(
        kstest(buffer[:, 0], norm.cdf).statistic, kstest(buffer[:, 1] / 2, norm.cdf).statistic
    )


def equilibrium():
    return np.random.default_rng(0).standard_normal((N, 2)) * [1, 2]


@pytest.mark.parametrize("tau", [1.0, 2.0])
def test_moves_keep_the_boltzmann_density(tau, monkeypatch):
    """KS of 4000 independent draws: false alarm 1e-6. Without the Jacobian it fails."""
    threshold = 2.7 / np.sqrt(N)
    x = equilibrium() * np.sqrt(tau)
    options = {"capacity": N, "step_size": 0.6, "temperature": tau}

    def run():
        e = explorer(Gaussian(), x, **options)
        # Every configuration once: draws with replacement would not be independent.
        e._step.buffer.assign(x)
        e.run(FIXED)
        return e

    e = run()
    assert 0.1 < e.acceptance.mean() < 0.95
    assert np.mean(np.any(e.buffer != x.astype(np.float32), axis=1)) > 0.9
    assert distance(e.buffer / np.sqrt(tau)) < threshold

    original = BoltzmannGenerator.to_configuration

    def without_jacobian(self, z, **condition):
        y, log_det = original(self, z, **condition)
        return y, 0 * log_det

    monkeypatch.setattr(BoltzmannGenerator, "to_configuration", without_jacobian)
    assert distance(run().buffer / np.sqrt(tau)) > threshold


def test_finds_the_other_well():
    system = systems.DoubleWell()
    rng = np.random.default_rng(0)
    start = system.initial_state("left") + 0.1 * rng.standard_normal((500, 2))
    e = explorer(system, start, perturbed=0.0, capacity=2000)
    assert not np.any(e.buffer[:, 0] > 0)
    e.run(Stage(300, 512, 1e-3, ml=1.0, kl=1.0, energy_high=1e4))
    assert np.any(e.buffer[:, 0] > 1)
    # Losses (one energy a generated sample) and moves (two a moved one).
    assert e.history.energy_evaluations == 300 * (512 + 2 * 512)
    assert len(e.history) == len(e.acceptance) == len(e.step_size) == 300


def test_step_size_follows_the_acceptance():
    e = explorer(Gaussian(), equilibrium(), perturbed=0.0, capacity=500, step_size=0.1)
    e.run(Stage(80, 64, 0.0, ml=1.0))
    assert np.all(e.step_size[:50] == np.float32(0.1))
    grown = 0.1 * 1.02 ** np.arange(1, 31)
    np.testing.assert_allclose(e.step_size[50:], grown, rtol=1e-5)
    # Far too large, and no acceptance: it shrinks. Never above 1.
    far = explorer(systems.DoubleWell(), np.full((10, 2), 30.0), capacity=100, step_size=1.0)
    far.run(Stage(80, 64, 0.0, ml=1.0))
    assert np.all(far.step_size <= 1)


def test_the_same_run_in_two_parts_and_from_the_same_seed():
    stage = Stage(20, 64, 1e-3, ml=1.0, kl=1.0)
    one, two, other = (explorer(Gaussian(), equilibrium(), capacity=300, seed=s) for s in (5, 5, 6))
    one.run(stage)
    for _ in range(2):
        two.run(Stage(10, 64, 1e-3, ml=1.0, kl=1.0))
    other.run(stage)
    assert np.array_equal(one.buffer, two.buffer)
    assert np.array_equal(one.history["kl"], two.history["kl"])
    assert not np.array_equal(one.buffer, other.buffer)


def test_relabel_is_applied():
    e = explorer(
        Gaussian(), equilibrium(), capacity=300, relabel=lambda x: np.abs(x), steps_per_call=5
    )
    assert np.all(e.buffer >= 0)
    e.run(Stage(10, 64, 1e-3, ml=1.0))
    assert np.all(e.buffer >= 0)


def test_overlaps_are_rejected():
    """From the dimer's lattice with a network that moves far: no NaN enters the buffer."""
    system = systems.SolvatedDimer()
    start = np.tile(system.initial_state("closed"), (10, 1))
    flow = realnvp(76, blocks=1, hidden=(8,))
    e = Explorer(
        BoltzmannGenerator(system, flow), start, capacity=50, step_size=1.0, jit_compile=False
    )
    e.run(Stage(10, 32, 1e-3, ml=1.0, kl=1.0))
    assert np.all(np.isfinite(e.buffer))
    assert np.all(np.isfinite(system.energy(tf.constant(e.buffer))))


def with_condition():
    return BoltzmannGenerator(Gaussian(), realnvp(2, blocks=1, hidden=(4,), condition_size=1))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: explorer(Gaussian(), np.zeros((3, 5))), ValueError, "initial must have shape"),
        (lambda: explorer(Gaussian(), [[np.nan, 0.0]]), ValueError, "initial must be finite"),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]], capacity=0), ValueError, "capacity must be"),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]], step_size=0), ValueError, "step_size must be"),
        (lambda: Explorer(with_condition(), [[0.0, 0.0]]), ValueError, "unconditional"),
        (
            lambda: explorer(Gaussian(), [[0.0, 0.0]]).run(Stage(5, ml=0.0, kl=1.0)),
            ValueError,
            "train on the buffer, ml > 0",
        ),
        (lambda: explorer(Gaussian(), [[0.0, 0.0]]).run([]), TypeError, "stage must be"),
    ],
)
def test_bad_input(call, error, said):
    with pytest.raises(error, match=said):
        call()
