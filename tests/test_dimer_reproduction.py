"""The parts of the dimer's reproduction, against exact answers."""

from __future__ import annotations

import laws
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from boltzmann_tf import BoltzmannGenerator, bijectors, estimators, systems
from boltzmann_tf.estimators import Estimate, Profile, Umbrella
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import free_energies
from boltzmann_tf.reproductions.solvated_dimer import (
    flows,
    generators,
    hamiltonian_exchange,
    measured,
    published_profiles,
    reference,
    snapshots,
    tethered,
)
from boltzmann_tf.reproductions.solvated_dimer import published_umbrella as pu
from boltzmann_tf.reproductions.solvated_dimer.generators import Trained
from boltzmann_tf.reproductions.solvated_dimer.plan import PLANS
from boltzmann_tf.systems.solvated_dimer import dimer_distance
from boltzmann_tf.training import History

GRID = np.linspace(0.4, 2.7, 46 * 10 + 1)
D = 0.5 * (GRID[1:] + GRID[:-1])
DATA = reference.SYSTEM.lattice(1.5) + 0.1 * np.random.default_rng(0).standard_normal((3000, 76))


def known(temperature=1.0):
    """Windows joined without error: the dimer's own potential."""
    log_p = -reference.length_energy(D) / temperature
    log_p -= logsumexp(log_p)
    edges = GRID[::10]
    return Umbrella(edges, np.ones(46), log_p, np.tile(log_p, (4, 1)), np.zeros(31))


def test_windows_from_a_profile():
    centres = np.array(pu.PUBLISHED["umbrella"]["centres"])
    found = pu.window_free_energies(known(), centres)
    x = np.linspace(0.4, 2.7, 20_001)
    exact = -logsumexp(-reference.length_energy(x) - 200 * (x - centres[:, None]) ** 2, axis=1)
    np.testing.assert_allclose(found, exact - exact.min(), atol=2e-3)


def test_published_reading_is_right_at_one_temperature_only():
    centres = np.array(pu.PUBLISHED["umbrella"]["centres"])
    one = pu.read_as_published(known(), 1.0, centres)
    assert one.right == pytest.approx(one.as_published, abs=1e-12)
    # The chain of ratios is the free energy of the windows.
    f = pu.window_free_energies(known(), centres)
    is_open = centres >= 1.5
    assert one.right == pytest.approx(logsumexp(-f[~is_open]) - logsumexp(-f[is_open]), abs=1e-6)
    for t in (0.5, 2.0):
        two = pu.read_as_published(known(t), t, centres)
        assert abs(two.right - two.as_published) > 0.2


def test_exchange_difference_by_mbar():
    """Exact draws at each level: within five jackknife errors of quadrature, and 0.15 kT."""
    scales = np.linspace(1.0, 0.02**0.5, 10) ** 2
    rng = np.random.default_rng(1)
    v = reference.length_energy(D)
    lengths = np.empty((10, 500, 16))
    for k, scale in enumerate(scales):
        p = np.exp(-scale * (v - v.min()))
        lengths[k] = rng.choice(D, (500, 16), p=p / p.sum())
    found = hamiltonian_exchange._restricted_difference(lengths, scales)
    p = np.exp(-(v - v.min()))
    exact = np.log(p[D <= 1.5].sum() / p[D > 1.5].sum())
    assert found.standard_error < 0.15
    assert abs(found.value - exact) < 5 * found.standard_error
    # Planted: scales taken for one another.
    wrong = hamiltonian_exchange._restricted_difference(lengths, scales**0.7)
    assert abs(wrong.value - exact) > 5 * found.standard_error


@pytest.mark.parametrize("coupling", ["affine", "spline"])
def test_flow_is_invertible_and_holds_the_lengths(coupling):
    lengths = np.random.default_rng(2).uniform(0.7, 2.35, 5000)
    flow = flows.flow(DATA, lengths, blocks=4, hidden=(8,), coupling=coupling, seed=0)
    laws.perturb(flow, 0.02)
    z = np.random.default_rng(3).standard_normal((200, 76)).astype(np.float32)
    x, log_det = flow.forward_and_log_det(z)
    back, inverse_log_det = flow.inverse_and_log_det(x)
    np.testing.assert_allclose(back, z, atol=2e-3)
    np.testing.assert_allclose(log_det, -inverse_log_det, atol=2e-3)
    d = dimer_distance(x.numpy())
    assert d.min() > 0.6
    assert np.mean(d < 1.3) == pytest.approx(0.6 / 1.65, abs=0.15)
    # Every coordinate but the length is moved by some coupling, and stays by another.
    moving = np.array(
        [b.get_config()["transformed"] for b in flow.bijectors[0].rest.bijectors[1:-1]]
    )
    assert np.all(moving.any(axis=0))
    assert not np.any(moving.all(axis=0))
    other = flows.with_lengths(flow, lengths[lengths < 1.0])
    d = dimer_distance(other.forward(z).numpy())
    assert np.mean(d < 1.01) > 0.98
    assert len(other.trainable_variables) == len(flow.trainable_variables)
    laws.config_round_trips(flow)


def test_spread_lengths():
    data = np.concatenate(
        [np.tile(reference.SYSTEM.initial_state(s), (100, 1)) for s in ("closed", "open")]
    )
    d = flows.spread_lengths(data, seed=0)
    assert np.mean((d > 1.3) & (d < 1.7)) == pytest.approx(0.6 * 0.4 / 1.65, abs=0.02)
    closed = np.mean(np.abs(d - 1.05) < 1e-6)
    assert closed == pytest.approx(0.3, abs=0.01)


def test_lengths_of_one_state():
    d = flows.lengths_within(DATA, 1.0, 2.0, seed=0)
    assert d.min() >= 1.0
    assert d.max() <= 2.0
    own = np.hypot(*(DATA[:, :2] - DATA[:, 2:4]).T)
    own = own[(own > 1.0) & (own < 2.0)]
    wanted = 0.5 * (0.2 + np.mean(own > 1.8))
    assert np.mean(d > 1.8) == pytest.approx(wanted, abs=0.01)


def spread(noise, n=40_000):
    """Samples even along d, whose weights undo a profile but for noise."""
    rng = np.random.default_rng(4)
    d = rng.uniform(0.7, 2.3, n)
    x = np.zeros((n, 76))
    x[:, 2] = d
    return tethered.AnnealedDimer(x, -20 * (d - 1.5) ** 2 + noise * rng.standard_normal(n), 0)


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_effective_fraction_of_the_spread_target(noise):
    """That of log-normal weights, exp(-noise^2), whatever the profile along d."""
    found = spread(noise)
    assert found.spread_ess() == pytest.approx(np.exp(-(noise**2)), abs=0.03)
    assert estimators.ess_fraction(found.log_weight) < 0.6


def test_log_z_is_the_log_mean_weight():
    found = spread(0.0)
    exact = np.log(np.sqrt(np.pi / 20) / 1.6)
    assert abs(found.log_z().value - exact) < 5 * found.log_z().standard_error
    assert found.log_z().standard_error < 0.02


def test_tethers_add_to_a_hot_energy():
    rng = np.random.default_rng(0)
    centres = tethered.Centres(rng.standard_normal((3, 76)))
    system = tethered.tethered_dimer(centres)
    x = DATA[:5]
    d = dimer_distance(x)
    places = centres.at(d)
    a, b, c = centres.coefficients
    np.testing.assert_allclose(places[2], a + d[2] * (b + d[2] * c))
    np.testing.assert_allclose(centres(tf.constant(x)), places)
    wanted = reference.SYSTEM.energy(tf.constant(x)) / tethered.HOT
    wanted += tethered.STIFF * np.sum((x - places)[:, 4:] ** 2, axis=1)
    np.testing.assert_allclose(system.energy(tf.constant(x)).numpy(), wanted, rtol=1e-10)
    np.testing.assert_allclose(system.training_energy(tf.constant(x)).numpy(), wanted, rtol=1e-10)


def test_annealing_from_tethered_particles(tmp_path):
    """Trained for a moment: weights are finite, temperatures follow each other, costs add up."""
    context = Context("dimer", output=tmp_path)
    frames = np.concatenate([reference.frames(s, 128, seed=0) for s in ("closed", "open")])
    hot = tethered.train(
        context, frames, flows.spread_lengths(frames, 0), iterations=9, blocks=1, hidden=(8,),
        seed=0,
    )  # fmt: skip
    found = tethered.anneal(context, hot, 64, (2.0, 1.0, 0.5), sweeps=20, latent_steps=3, seed=0)
    assert list(found) == [2.0, 1.0, 0.5]
    for a in found.values():
        alive = np.isfinite(a.log_weight)
        assert np.mean(alive) > 0.9
        inside = reference.in_order(a.x[alive])
        np.testing.assert_array_equal(inside, a.x[alive])
    np.testing.assert_allclose(
        dimer_distance(found[0.5].x), dimer_distance(found[1.0].x), rtol=1e-9
    )
    assert found[0.5].energies == found[1.0].energies + 64 * 15
    # As even as they were generated, not where the hot particles would have them.
    assert 0.05 < np.mean(np.abs(dimer_distance(found[1.0].x) - 1.5) < 0.2) < 0.4


def test_the_closed_variant_is_trained_warm_and_judged_at_one(tmp_path):
    context = Context("dimer", output=tmp_path)
    wide = np.linspace(0.7, 2.3, 1000)
    flow = flows.flow(DATA, wide, blocks=1, hidden=(8,), coupling="affine", seed=0)
    spread = Trained(
        "ours", BoltzmannGenerator(reference.SYSTEM, flow, jit_compile=False), History()
    )
    closed = generators.equilibrium(context, spread, DATA, iterations=2, seed=0)
    assert len(closed.history) == 2
    drawn = closed.generator.sample(2000, seed=1)
    np.testing.assert_allclose(drawn.energy, reference.energies(drawn.x), rtol=1e-4)
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
    found = measured.regions(x, np.array([50.0, 60.0, 70.0, 90.0]))
    assert found["closed"] == measured.Region(0.5, 55.0, 1.0)
    assert found["open"].low == 0.0
    assert np.isnan(measured.regions(x[:1], np.array([50.0]))["open"].median)
    generator = BoltzmannGenerator(reference.SYSTEM, bijectors.Scaling(76))
    samples = generator.sample(100, seed=1)
    # The identity: u alone, without a Jacobian.
    assert measured.kl_loss(samples).value == pytest.approx(np.mean(samples.energy), rel=1e-6)


def test_minima_and_barrier():
    p = known().profile()
    assert measured.minima(p).value == pytest.approx(4.4, abs=0.3)
    assert measured.barrier(p).value == pytest.approx(17.9, abs=0.3)
    assert estimators.profile_rmse(p, p.free_energy) == 0


def test_noise_does_not_raise_the_barrier():
    """At the reference's extrema, unlike at its own; and an empty bin there is no barrier."""
    p = known().profile()
    rng = np.random.default_rng(0)
    noisy = [
        p._replace(
            free_energy=p.free_energy + 0.5 * rng.standard_normal(p.centers.size),
            standard_error=np.full(p.centers.size, 0.5),
        )
        for _ in range(400)
    ]
    own = np.array([measured.barrier(q).value for q in noisy]) - measured.barrier(p).value
    at = np.array([measured.barrier(q, p).value for q in noisy]) - measured.barrier(p).value
    assert np.mean(own) > 0.3
    assert abs(np.mean(at)) < 4 * np.sqrt(0.5) / 20  # a false alarm in 1 of 16,000
    assert measured.barrier(noisy[0], p).standard_error == pytest.approx(np.sqrt(0.5))
    top = measured.extrema(p)[1]
    empty = p._replace(free_energy=np.where(np.arange(p.centers.size) == top, np.nan, p[2]))
    assert np.isnan(measured.barrier(empty, p).value)


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
    found = free_energies.bound(samples, 1.0)
    assert found.value == pytest.approx(measured.kl_loss(kept).value, rel=1e-6)
    # At T = 2 a Gaussian's own loss is its entropy: u / T with u = T |z|^2 / 2 + log|dx/dz|.
    hot = BoltzmannGenerator(reference.SYSTEM, flow).sample(2000, 2.0, seed=1)
    log_det = -np.sum(flow.bijectors[0].variables[0]) + np.sum(
        flow.bijectors[1].forward_and_log_det(hot.z)[1][:1]
    )
    energy = 0.5 * np.sum(hot.z**2, axis=1)
    own = free_energies.bound(hot._replace(energy=energy), 2.0)
    assert own.value == pytest.approx(np.mean(energy) / 2 - log_det, abs=0.05)


def test_bootstrapped_profiles():
    rng = np.random.default_rng(4)
    d = rng.uniform(0.8, 2.2, 20_000)
    log_weight = -2 * d - 900  # no weight is a number by itself
    edges = np.array([0.3, 0.8, 1.5, 2.2])
    f = snapshots.bootstrapped(d, log_weight, edges=edges, n=20, seed=1)
    assert np.all(np.isnan(f[:, 0]))
    assert np.mean(f[:, 2] - f[:, 1]) == pytest.approx(1.4, abs=0.05)
    assert 0.005 < np.std(f[:, 2] - f[:, 1]) < 0.05
    # One sample that carries all: a resample has it or not.
    log_weight[0] = 0.0
    one = snapshots.bootstrapped(d, log_weight, edges=edges, n=200, seed=1)
    lost = one[:, [1, 2]][:, int(d[0] > 1.5)] > 500
    assert np.mean(lost) == pytest.approx(np.exp(-1), abs=0.15)


def test_average_of_profiles():
    edges = np.array([0.7, 0.8, 1.0, 1.4, 1.8, 2.2, 2.4])
    a = np.array([5.0, 0.0, 4.0, 8.0, 1.0, 9.0])
    b = np.array([5.0, 2.0, 4.0, np.nan, 1.0, 9.0]) + 100
    c = np.array([5.0, 4.0, np.nan, np.nan, 1.0, 9.0]) - 7
    p = snapshots.averaged(np.stack([a, b, c]), edges)
    # Bins 1 and 4 are common; aligned there, bin 1 reads -0.5, 0.5, 1.5 and bin 4 the negative.
    np.testing.assert_allclose(p.free_energy[[1, 4]], [0.5 + 0.5, 0.0])
    assert p.free_energy[2] == pytest.approx((3.5 + 2.5) / 2 + 0.5)
    assert p.standard_error[2] == pytest.approx(0.5)
    assert p.standard_error[1] == pytest.approx(np.std([0, 1, 2]))
    # One value alone is no average, and ends of the range are not shown.
    assert np.all(np.isnan(p.free_energy[[0, 3, 5]]))
    assert np.all(np.isnan(p.standard_error[[0, 3, 5]]))
    with pytest.raises(ValueError, match="in common"):
        snapshots.averaged(np.full((2, 6), np.nan), edges)


def test_one_order_only():
    x = np.stack([reference.SYSTEM.lattice(1.5, 1.0)] * 3)
    x[1, 4:8] = x[1, [6, 7, 4, 5]]
    x[2, 9] = np.nan
    samples = Samples(x, x, np.arange(3.0), np.arange(3.0), np.arange(3.0))
    kept = published_profiles.in_one_order(samples)
    assert kept.log_weight.tolist() == [0.0]


def test_snapshots_leave_the_network_as_it_was(tmp_path):
    context = Context("dimer", output=tmp_path)
    flow = bijectors.Sequence([bijectors.Scaling(76), bijectors.Whitening.from_data(DATA)])
    generator = BoltzmannGenerator(reference.SYSTEM, flow, jit_compile=False)
    before = [v.numpy() for v in flow.trainable_variables]
    found = snapshots.snapshots(
        context, Trained("published", generator, History()), DATA, (1.0, 2.0),
        count=3, samples=500, seed=0,
    )  # fmt: skip
    for average in found.values():
        assert len(average.each) == 3
        assert np.isfinite(average.mean.profile.free_energy).any()
    assert context.energy_evaluations > 2 * 3 * 500
    for v, value in zip(flow.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_the_average_is_held_in_the_place_of_the_single_network(tmp_path):
    def of(barrier):
        f = np.interp(centres, [0.5, 0.925, 1.525, 2.025, 2.6], [9, 0, barrier, 5, 9])
        p = Profile(centres, reference.EDGES, f, f, f, f)
        return measured.Reweighted(p, Estimate(5.0, 1.0), 0.1, np.nan, 1.0, 10, 10)

    centres = 0.5 * (reference.EDGES[1:] + reference.EDGES[:-1])
    each = [of(19.0), of(23.0)]
    history = History(stage_ends=[30], energy_evaluations=7992 * 38)
    history.values |= {"kl": np.full(30, 300.0), "rc": np.full(30, 27.0)}
    published = published_profiles.Published(
        {t: snapshots.Averaged(of(21.0), each) for t in (0.5, 1.0)},
        {0.5: of(40.0), 1.0: of(20.0)},
        {0.5: 0.9, 1.0: 0.8},
        Trained("published, nine temperatures", None, history),
        PLANS["paper"],
    )
    held = {t: {"published, alone": of(1.0), "ours, alone": of(2.0)} for t in (0.5, 1.0)}
    shown = {t: dict(series) for t, series in held.items()}
    scatter = published.hold(held, shown)
    (name,) = scatter[1.0]
    for t in (0.5, 1.0):
        assert scatter[t][name] is each
        assert list(held[t]) == ["ours, alone", name]
        assert list(shown[t]) == [
            "ours, alone", name, "published, nine temperatures, shortened",
        ]  # fmt: skip
    context = Context("dimer", output=tmp_path)
    context.begin()
    published.explain(context)
    context.finish()
    said = (context.directory / "report.html").read_text()
    assert "1/100 of the published" in said
    assert "barriers of 19.0 to 23.0" in said
