"""The parts of the dimer's reproduction, against exact answers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from boltzmann_tf import BoltzmannGenerator, bijectors, estimators, sampling, systems
from boltzmann_tf.estimators import Estimate, Profile, Umbrella
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.solvated_dimer import (
    generators,
    measured,
    published_profiles,
    reference,
    targets,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer import published_umbrella as pu
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.plan import DimerPlan
from boltzmann_tf.sampling import WeightedParticles
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training import History

GRID = np.linspace(0.4, 2.7, 46 * 10 + 1)
D = 0.5 * (GRID[1:] + GRID[:-1])
DATA = reference.SYSTEM.lattice(1.5) + 0.1 * np.random.default_rng(0).standard_normal((3000, 76))


def length_energy(d):
    q = 2 * (d - 1.5)
    return 2.0 * q - 25.0 * q**2 + 10.0 * q**4


def known(temperature=1.0):
    """Windows joined without error: the dimer's own potential."""
    log_p = -length_energy(D) / temperature
    log_p -= logsumexp(log_p)
    edges = GRID[::10]
    return Umbrella(edges, np.ones(46), log_p, np.tile(log_p, (4, 1)), np.zeros(31))


def test_windows_from_a_profile():
    found = known().biased_free_energies(pu.CENTRES, pu.STIFFNESS)
    x = np.linspace(0.4, 2.7, 20_001)
    exact = -logsumexp(-length_energy(x) - 200 * (x - pu.CENTRES[:, None]) ** 2, axis=1)
    np.testing.assert_allclose(found, exact - exact.min(), atol=2e-3)


def test_published_reading_is_right_at_one_temperature_only():
    right, as_published = pu.read_as_published(known(), 1.0)
    assert right == pytest.approx(as_published, abs=1e-12)
    # The chain of ratios is the free energy of the windows.
    f = known().biased_free_energies(pu.CENTRES, pu.STIFFNESS)
    is_open = pu.CENTRES >= 1.5
    assert right == pytest.approx(logsumexp(-f[~is_open]) - logsumexp(-f[is_open]), abs=1e-6)
    found = pu.readings({t: known(t) for t in (0.5, 0.7, 2.0)})
    assert list(found) == [0.5, 2.0]
    for read in found.values():
        assert abs(read.right - read.as_published) > 0.2
    assert found[2.0].published.value == pytest.approx((3.37 + 3.3 + 3.07) / 3)


def test_spread_lengths():
    data = np.concatenate(
        [np.tile(reference.SYSTEM.initial_state(s), (100, 1)) for s in ("closed", "open")]
    )
    d = generators.spread_lengths(data, seed=0)
    assert np.mean((d > 1.3) & (d < 1.7)) == pytest.approx(0.6 * 0.4 / 1.65, abs=0.02)
    closed = np.mean(np.abs(d - 1.05) < 1e-6)
    assert closed == pytest.approx(0.3, abs=0.01)


def test_lengths_of_one_state():
    d = generators.lengths_within(DATA, (1.0, 2.0), seed=0)
    assert d.min() >= 1.0
    assert d.max() <= 2.0
    own = np.hypot(*(DATA[:, :2] - DATA[:, 2:4]).T)
    own = own[(own > 1.0) & (own < 2.0)]
    wanted = 0.5 * (0.2 + np.mean(own > 1.8))
    assert np.mean(d > 1.8) == pytest.approx(wanted, abs=0.01)


def test_tethers_add_to_a_hot_energy():
    rng = np.random.default_rng(0)
    centres = systems.CentresAlong(dimer_distance, rng.standard_normal((3, 76)))
    system = tethered.tethered_dimer(centres)
    x = DATA[:5]
    wanted = reference.SYSTEM.energy(tf.constant(x)) / tethered.HOT
    wanted += tethered.STIFF * np.sum((x - centres(x))[:, 4:] ** 2, axis=1)
    np.testing.assert_allclose(system.energy(tf.constant(x)).numpy(), wanted, rtol=1e-10)
    np.testing.assert_allclose(system.training_energy(tf.constant(x)).numpy(), wanted, rtol=1e-10)


class Moment(DimerPlan):
    """Hardly any training and annealing."""

    hidden = (8,)
    tethered_steps = 9
    annealed = 64
    annealing_sweeps = 20


def test_annealing_from_tethered_particles(tmp_path):
    """Trained for a moment: weights are finite, temperatures follow each other, costs add up."""
    context, plan = Context("dimer", output=tmp_path), Moment("quick")
    frames = np.concatenate([reference.frames(s, 128, seed=0) for s in ("closed", "open")])
    lengths = generators.spread_lengths(frames, 0)
    hot = tethered.train(context, "all lengths", frames, lengths, plan)
    found = tethered.anneal(context, "all lengths", hot, (2.0, 1.0, 0.5), plan)
    assert list(found) == [2.0, 1.0, 0.5]
    for a in found.values():
        alive = np.isfinite(a.log_weight)
        assert np.mean(alive) > 0.9
        inside = reference.in_order(a.x[alive])
        np.testing.assert_array_equal(inside, a.x[alive])
    np.testing.assert_allclose(
        dimer_distance(found[0.5].x), dimer_distance(found[1.0].x), rtol=1e-9
    )
    assert found[0.5].energy_evaluations == found[1.0].energy_evaluations + 64 * 15
    # As even as they were generated, not where the hot particles would have them.
    assert 0.05 < np.mean(np.abs(dimer_distance(found[1.0].x) - 1.5) < 0.2) < 0.4


def test_effective_fraction_of_the_spread_target():
    """That of log-normal weights, exp(-noise^2), whatever the profile along d."""
    rng = np.random.default_rng(4)
    d = rng.uniform(0.7, 2.3, 40_000)
    x = np.zeros((40_000, 76))
    x[:, 2] = d
    log_weight = -20 * (d - 1.5) ** 2 + 0.5 * rng.standard_normal(d.size)
    found = measured.annealed(Context("dimer"), WeightedParticles(x, log_weight, 7))
    assert found.spread_ess == pytest.approx(np.exp(-0.25), abs=0.03)
    assert found.ess < 0.6
    assert (found.energies, found.samples) == (7, 40_000)


def test_the_closed_variant_is_trained_warm_and_judged_at_one(tmp_path):
    context = Context("dimer", output=tmp_path)
    wide = np.linspace(0.7, 2.3, 1000)
    flow = bijectors.dimer_flow(DATA, wide, blocks=1, hidden=(8,))
    spread = Trained(
        "ours", BoltzmannGenerator(reference.SYSTEM, flow, jit_compile=False), History()
    )
    closed = generators.equilibrium(context, spread, DATA, 2)
    assert len(closed.history) == 2
    drawn = closed.generator.sample(2000, seed=1)
    np.testing.assert_allclose(
        drawn.energy, sampling.particle_energies(drawn.x, reference.SYSTEM), rtol=1e-4
    )
    d, given = dimer_distance(drawn.x), dimer_distance(DATA)
    assert np.mean(d) == pytest.approx(np.mean(given), abs=5 * np.std(given) / np.sqrt(2000))
    x = tf.constant(DATA[:5], tf.float32)
    true = reference.SYSTEM
    warm = systems.AtTemperature(true, generators.WARM)
    for name in ("energy", "training_energy"):
        ratio = getattr(true, name)(x) / getattr(warm, name)(x)
        np.testing.assert_allclose(ratio, generators.WARM, rtol=1e-6)


def test_regions_and_loss():
    x = np.stack([reference.SYSTEM.lattice(d, 1.0) for d in (1.0, 1.2, 1.5, 2.0)])
    found = measured.regions(x)
    assert found["closed"].tolist() == [True, True, False, False]
    assert found["open"].tolist() == [False, False, False, True]
    generator = BoltzmannGenerator(reference.SYSTEM, bijectors.Scaling(76))
    samples = generator.sample(100, seed=1)
    # The identity: u alone, without a Jacobian.
    assert measured.bound(samples).value == pytest.approx(np.mean(samples.energy), rel=1e-6)


def test_coverage_of_an_empty_region_is_missed(tmp_path):
    context = Context("dimer", output=tmp_path)
    x = np.stack([reference.SYSTEM.lattice(d, 1.0) for d in (1.0, 1.2, 1.5)])
    samples = Samples(x, x, np.zeros(3), np.array([50.0, 60.0, 70.0]), np.zeros(3))
    targets.coverage(context, samples, {region: np.full(4, 56.0) for region in measured.REGIONS})
    found = {m.name: m for m in context.metrics}
    assert found["ours: median energy, closed (kT)"].value == 55.0
    assert found["ours: median energy, closed (kT)"].passed
    assert np.isnan(found["ours: median energy, open (kT)"].value)
    assert not found["ours: median energy, open (kT)"].passed
    assert not found["ours: share of samples, open"].passed


def test_minima_and_barrier():
    p = known().profile()
    at = estimators.profile_extrema(p, measured.TOP)
    assert at.difference(p).value == pytest.approx(4.4, abs=0.3)
    assert at.barrier(p).value == pytest.approx(17.9, abs=0.3)
    assert estimators.profile_rmse(p, p.free_energy) == 0


def test_bound_is_the_energy_loss():
    """At T = 1 the mean of u - log|dx/dz|, but for energies over the median + 50 kT."""
    flow = bijectors.Sequence([bijectors.Scaling(76), bijectors.Whitening.from_data(DATA)])
    flow.bijectors[0].variables[0].assign(np.full(76, 1.5))
    samples = BoltzmannGenerator(reference.SYSTEM, flow).sample(2000, seed=1)
    energy = 50 + np.sum(samples.x**2, axis=1) + 100 * (np.arange(2000) % 10 == 0)
    low = energy < np.median(energy) + 50
    assert 0.85 < low.mean() < 0.95
    samples = samples._replace(energy=energy, log_weight=-energy - samples.log_q)
    kept = Samples(*(part[low] for part in samples))
    found = measured.bound(samples, 1.0, over=measured.OVER)
    assert found.value == pytest.approx(measured.bound(kept).value, rel=1e-6)
    # At T = 2 a Gaussian's own loss is its entropy: u / T with u = T |z|^2 / 2 + log|dx/dz|.
    hot = BoltzmannGenerator(reference.SYSTEM, flow).sample(2000, 2.0, seed=1)
    log_det = -np.sum(flow.bijectors[0].variables[0]) + np.sum(
        flow.bijectors[1].forward_and_log_det(hot.z)[1][:1]
    )
    energy = 0.5 * np.sum(hot.z**2, axis=1)
    own = measured.bound(hot._replace(energy=energy), 2.0)
    assert own.value == pytest.approx(np.mean(energy) / 2 - log_det, abs=0.05)


def test_one_order_only():
    x = np.stack([reference.SYSTEM.lattice(1.5, 1.0)] * 3)
    x[1, 4:8] = x[1, [6, 7, 4, 5]]
    x[2, 9] = np.nan
    samples = Samples(x, x, np.arange(3.0), np.arange(3.0), np.arange(3.0))
    kept = published_profiles.in_one_order(samples)
    assert kept.log_weight.tolist() == [0.0]


def test_snapshots_leave_the_network_as_it_was(tmp_path):
    class Few(DimerPlan):
        snapshots, samples, temperatures = 3, 500, (1.0, 2.0)

    context = Context("dimer", output=tmp_path)
    flow = bijectors.Sequence([bijectors.Scaling(76), bijectors.Whitening.from_data(DATA)])
    generator = BoltzmannGenerator(reference.SYSTEM, flow, jit_compile=False)
    before = [v.numpy() for v in flow.trainable_variables]
    trained = Trained("published", generator, History())
    found = published_profiles.snapshots(context, trained, DATA, Few("quick"))
    assert list(found) == [1.0, 2.0]
    for average in found.values():
        assert len(average.each) == 3
        assert average.mean.energies == 3 * 500
        assert np.isfinite(average.mean.profile.free_energy).any()
    for v, value in zip(flow.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_what_is_said_of_published_profiles(tmp_path):
    def of(barrier):
        f = np.interp(centres, [0.5, 0.925, 1.525, 2.025, 2.6], [9, 0, barrier, 5, 9])
        p = Profile(centres, reference.EDGES, f, f, f, f)
        return measured.Reweighted(p, Estimate(5.0, 1.0), 0.1, 1.0, 10, 10)

    centres = 0.5 * (reference.EDGES[1:] + reference.EDGES[:-1])
    history = History(stage_ends=[30], energy_evaluations=7992 * 38)
    history.values |= {"kl": np.full(30, 300.0), "rc": np.full(30, 27.0)}
    nine = published_profiles.Nine(
        Trained("published, nine temperatures", None, history), {1.0: of(20.0)}, {1.0: 0.8}
    )
    average = published_profiles.Averaged(of(21.0), [of(19.0), of(23.0)])
    context = Context("dimer", output=tmp_path)
    context.begin()
    published_profiles.explain(context, average, nine, DimerPlan("paper"))
    context.finish()
    said = (context.directory / "report.html").read_text()
    assert "1/100 of the published" in said
    assert "barriers of 19.0 to 23.0" in said
    assert "kept: 0.80 at T = 1" in said


def test_averages_are_held_with_the_scatter_of_what_they_are_of(tmp_path):
    """Ours has no error, an average that of its parts, at the extrema of the reference."""
    umbrella = known()
    windows = reference.Windows({}, {1.0: umbrella}, 0.0)
    p = windows.profile(1.0)

    def of(raised):
        top = estimators.profile_extrema(p, measured.TOP).top
        f = np.where(np.arange(p.centers.size) == top, p.free_energy + raised, p.free_energy)
        own = p._replace(free_energy=f)
        return measured.Reweighted(own, Estimate(5.0, 1.0), 0.1, 1.0, 10, 10)

    context = Context("dimer", preset="paper", output=tmp_path)
    series = {"ours, alone": of(2.0), "published, 2 snapshots averaged": of(1.0)}
    targets.alone(context, windows, {1.0: series}, {1.0: [of(0.0), of(2.0)]})
    ours, _, average, _ = context.metrics
    assert ours.value - ours.reference == pytest.approx(2.0)
    assert ours.standard_error is None
    assert not ours.passed  # more than 1.5 kT
    assert average.standard_error == pytest.approx(1.0)
    assert average.passed
