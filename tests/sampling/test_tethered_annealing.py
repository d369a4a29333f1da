"""From tethered, hot particles to free, cold ones: exact log Z at every temperature.

Particles of a harmonic trap, in which everything is Gaussian: a generator that is off by a little,
legs of tethers and temperatures, and the closed form at their ends.
"""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import BoltzmannGenerator, estimators, sampling, systems
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.potentials import Tether
from boltzmann_tf.systems import AtTemperature, ParticleSystem, Tethered

TRAP = 20.0
SYSTEM = ParticleSystem(n=3, dimension=2, terms=[Tether([0.0, 0.0], TRAP)])
CENTRES = 0.01 * np.arange(6.0)


def generator(centres=CENTRES, hot=4.0, stiff=40.0):
    held = Tethered(AtTemperature(SYSTEM, hot), centres, stiff)
    flow = Scaling(6)
    flow.variables[0].assign(np.full(6, -np.log(0.11)))
    return BoltzmannGenerator(held, flow)


def annealed(temperatures, **options):
    given = {"loose": 5.0, "n_sweeps": 150, "latent_steps": 20, "seed": 3} | options
    return sampling.anneal_tethered(generator(), 1024, temperatures, **given)


def exact_log_z(temperature):
    """Of 6 coordinates in u = TRAP x^2 / 2 each."""
    return 3 * np.log(2 * np.pi * temperature / TRAP)


@pytest.mark.xla
def test_log_z_at_every_temperature():
    """Within six errors, false alarm 2e-9 each if normal; the planted error is another T."""
    found = annealed((2.0, 1.0, 0.5, 0.25))
    assert list(found) == [2.0, 1.0, 0.5, 0.25]
    for t, own in found.items():
        value, error = estimators.log_z(own.log_weight)
        assert error < 0.1
        assert abs(value - exact_log_z(t)) < 6 * error
        assert abs(value - exact_log_z(1.2 * t)) > 3 * error
        assert estimators.ess_fraction(own.log_weight) > 0.3
    one = estimators.weighted_average(SYSTEM.energy(found[1.0].x).numpy(), found[1.0].log_weight)
    assert abs(one.value - 3.0) < 6 * one.standard_error  # T / 2 a coordinate
    # Lower ones go on from the last, from `mobile` up each from the hot ones.
    cost = {t: own.energy_evaluations for t, own in found.items()}
    legs = {t: 1024 * (1 + round(150 * np.log(4 / t))) for t in (2.0, 1.0)}
    assert cost[2.0] - legs[2.0] == cost[1.0] - legs[1.0]
    step = 1024 * (1 + round(150 * np.log(2)))
    assert cost[0.5] == cost[1.0] + step
    assert cost[0.25] == cost[0.5] + step


def test_centres_that_follow_a_coordinate_are_asked_for():
    along = systems.CentresAlong(lambda x: 0 * x[..., 0], CENTRES[None])
    options = {"loose": 1.0, "n_sweeps": 5, "latent_steps": 2, "seed": 3}
    one = sampling.anneal_tethered(generator(), 64, [1.0], **options)[1.0]
    two = sampling.anneal_tethered(generator(along), 64, [1.0], **options)[1.0]
    np.testing.assert_allclose(one.x, two.x, atol=1e-4)
    np.testing.assert_allclose(one.log_weight, two.log_weight, atol=1e-3)


def test_a_path_bends_to_free_particles():
    path = sampling.tether_path(10, stiffness=(40.0, 0.0), temperature=(4.0, 1.0))
    assert path["stiffness"][0] == pytest.approx(40.0)
    assert path["stiffness"][-1] == 0
    falls = -np.diff(path["stiffness"])
    assert np.all(falls > 0)
    assert np.all(np.diff(falls) < 0)
    np.testing.assert_allclose(path["temperature"][5], 2.0)
    assert path["step_size"][-1] == pytest.approx(0.15 * 1.6)
    assert path["step_size"][0] == pytest.approx(0.15 * 4**0.25, rel=1e-3)


def test_temperatures_must_fall_from_that_of_the_generator():
    with pytest.raises(
        ValueError, match=r"temperatures must fall, from below 4 .*got \[1.0, 2.0\]"
    ):
        annealed((1.0, 2.0))
    with pytest.raises(ValueError, match="temperatures must fall, from below 4"):
        annealed((4.0,))
