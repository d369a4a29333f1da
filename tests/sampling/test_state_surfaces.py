"""Two boxes from one generator of a box, against exact sums."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import (
    BoltzmannGenerator,
    Cosine,
    Stage,
    Trainer,
    bijectors,
    estimators,
    exact,
    potentials,
    priors,
    sampling,
    systems,
)
from boltzmann_tf.training.conditions import BoxStates


def of_line(system, **options):
    """A generator of a line, the ideal gas of what cores leave."""
    flow = bijectors.GapFlow(
        system.most,
        system.pairs,
        boundary=system.boundary,
        core=system.core,
        margin=system.margin,
        tempered=system.tempered,
        dtype="float64",
        **options,
    )
    prior = priors.UniformBox(np.zeros(system.most), np.ones(system.most))
    return BoltzmannGenerator(system, flow, prior, jit_compile=False)


def test_rods_need_no_training():
    """P(N1) = 1 / (N + 1), log Z, and joint weights that hardly vary."""
    rods = systems.NeighbourLine(6, core=1.0, margin=0.5)
    generator = of_line(rods)
    surfaces = sampling.state_surfaces(generator, 6, 15.0, n_samples=2, n_nodes=32)
    known = exact.GibbsJoint(exact.HardRods(), 6, 15.0)
    p = surfaces.number_probabilities(6, 15.0)
    np.testing.assert_allclose(p.value, 1 / 7, atol=1e-5)
    assert surfaces.log_z(6, 15.0).value == pytest.approx(known.log_z, abs=1e-4)
    assert surfaces.ess[1:].min() > 0.999
    both = sampling.gibbs_samples(generator, surfaces.joint(6, 15.0), 4000, seed=1)
    found = estimators.log_z(both.log_weight)
    assert estimators.ess_fraction(both.log_weight) > 0.98
    assert abs(found.value - known.log_z) < 5 * found.standard_error + 1e-6
    shares = np.bincount(both.n, minlength=7) / 4000
    np.testing.assert_allclose(shares, 1 / 7, atol=0.03)


def test_weights_of_square_wells_are_right():
    """Without training, on two rings: log Z within five of its errors. Planted: another T."""
    T, n, length = 0.9, 4, 12.0
    pairs = potentials.SquareWell(1.0)
    wells = systems.NeighbourLine(n, pairs, boundary="ring", core=1.0, tempered=True)
    generator = of_line(wells)
    surfaces = sampling.state_surfaces(
        generator, n, length, temperature=T, n_nodes=64, n_samples=400
    )
    both = sampling.gibbs_samples(
        generator, surfaces.joint(n, length), 30_000, temperature=T, seed=2
    )
    found = estimators.log_z(both.log_weight)
    for own, agrees in ((T, True), (0.7, False)):
        known = exact.GibbsJoint(exact.SquareWellRods(), n, length, own).log_z
        assert (abs(found.value - known) < 5 * found.standard_error) == agrees


def test_surfaces_say_how_sure_they_are():
    """Errors of log Z from the spread of surfaces: z-scores of twelve runs."""
    T, n, length = 0.9, 3, 9.0
    wells = systems.NeighbourLine(
        n, potentials.SquareWell(1.0), boundary="ring", core=1.0, tempered=True
    )
    generator = of_line(wells)
    known = exact.GibbsJoint(exact.SquareWellRods(), n, length, T).log_z
    scores = []
    for seed in range(12):
        found = sampling.state_surfaces(
            generator, n, length, temperature=T, n_nodes=24, n_samples=60, n_surfaces=6, seed=seed
        ).log_z(n, length)
        scores.append((found.value - known) / found.standard_error)
    assert 0.3 < np.sqrt(np.mean(np.square(scores))) < 2.5


def test_a_flow_of_gaps_learns_its_neighbours():
    """The joint effective size: with the potential in the flow, without it, and then trained."""
    n, length = 4, 11.0
    line = systems.NeighbourLine(
        n, potentials.LennardJones(), core=0.8, attraction=3.0, itself=False
    )
    generator = of_line(line)
    bare = bijectors.GapFlow(n, core=0.8, dtype="float64")
    plain = BoltzmannGenerator(line, bare, generator.prior, jit_compile=False)
    fluid = exact.NeighbourPoints(lambda r: 4 * (r**-12.0 - r**-6.0), length, attraction=3.0)
    joint = exact.GibbsJoint(fluid, n, length)
    before = [sampling.gibbs_samples(g, joint, 4000).log_weight for g in (plain, generator)]
    # Examples of the first for the second, one of eight at each (n, L) by the weights.
    states = BoxStates.of(line, volume=length)(6000, tf.constant([1, 0]), tf.float32).numpy()
    drawn = generator.sample(48_000, condition=np.repeat(states, 8, axis=0), seed=3)
    noise = np.random.default_rng(3).gumbel(size=(6000, 8))
    chosen = np.argmax(drawn.log_weight.reshape(6000, 8) + noise, axis=1)
    x = drawn.x.reshape(6000, 8, n)[np.arange(6000), chosen]
    stage = Stage(400, 256, Cosine(4e-3))
    Trainer(plain, jit_compile=False).fit(x, stage, data_condition=states, verbose=0)
    after = sampling.gibbs_samples(plain, joint, 4000).log_weight
    none, known, learned = (estimators.ess_fraction(w) for w in (*before, after))
    assert known > 0.85 > 0.7 > none
    assert learned > none + 0.2
    found = estimators.log_z(after)
    assert abs(found.value - joint.log_z) < 5 * found.standard_error


def test_temperatures_and_numbers_that_were_not_sampled_are_refused():
    surfaces = sampling.state_surfaces(
        of_line(systems.NeighbourLine(2)), 2, 5.0, n_samples=2, n_nodes=4
    )
    with pytest.raises(ValueError, match=r"temperature must be that of the generator, 1, got 2"):
        surfaces.mean.log_q(1, 3.0, 2.0)
    with pytest.raises(ValueError, match=r"n must be at most 2, got 3"):
        surfaces.mean.log_q(3, 3.0)
