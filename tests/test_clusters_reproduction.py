"""What `dw4` and `lj13` share: Monte Carlo, symmetries, agreement, and the whole study in small."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators, systems
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import dw4, lj13
from boltzmann_tf.reproductions.clusters import (
    Sizes,
    annealing,
    generated,
    numbers,
    reference,
    reproduce,
    study,
)
from boltzmann_tf.reproductions.clusters.case import known
from boltzmann_tf.systems import LennardJonesCluster

SMALL = Sizes(chains=48, draws=40, iterations=20, samples=1024, annealed=(256, 20))
CASES = {"dw4": dw4.CASE, "lj13": lj13.CASE}


def context_of(name, folder):
    context = Context(name, output=folder)
    context.begin()
    return context


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    context = context_of("dw4", tmp_path_factory.mktemp("results"))
    found = reference.simulate(context, dw4.CASE, SMALL)
    sweeps = 48 * 20 * (40 + 4)
    assert context.energy_evaluations == sweeps + sweeps + 48 * 40  # by hand, and by the package
    return found


def test_monte_carlo_keeps_what_it_measures(simulated):
    system = dw4.CASE.system
    assert simulated.x.shape == (48, 40, 6)
    u = system.energy(tf.constant(simulated.x.reshape(-1, 6))).numpy().reshape(48, 40)
    np.testing.assert_allclose(simulated.energy, u, rtol=1e-12)
    r = system.positions(simulated.x).numpy()
    square = np.sum((r - r.mean(axis=-2, keepdims=True)) ** 2, axis=(-1, -2))
    np.testing.assert_allclose(simulated.square, square, rtol=1e-12)
    d = system.pair_distances(simulated.x).numpy()
    for chain in (0, 47):
        counts, _ = np.histogram(d[chain], dw4.CASE.distances)
        np.testing.assert_allclose(simulated.distances[chain], counts / d[chain].size)
    assert simulated.energies.sum(axis=1) == pytest.approx(np.ones(48), abs=0.03)


def test_chains_of_one_start_are_together(tmp_path):
    """Steps too small to leave it."""
    still = dataclasses.replace(dw4.CASE, steps=(1e-6,), stride=1)
    found = reference.simulate(context_of("dw4", tmp_path), still, SMALL)
    long = still.system.long_pairs(found.x).numpy()
    assert np.all(long[:24] == 1)  # rhombus
    assert np.all(long[24:] == 4)  # rectangle


@pytest.mark.parametrize("system", [systems.DoubleWell4(), LennardJonesCluster(4)])
def test_symmetrised_configurations_are_the_same_but_for_names_and_directions(system):
    rng = np.random.default_rng(0)
    state = system.initial_state(next(iter(system.initial_states)))
    x = np.stack([scale * state + 0.2 * rng.standard_normal(state.size) for scale in (1, 1.2)])
    found = reference.symmetrised(system, x, 4000, 1)
    u = system.energy(tf.constant(found)).numpy()
    each = system.energy(tf.constant(x)).numpy()
    distance = np.abs(u[:, None] - each)
    assert np.max(np.min(distance, axis=1)) < 1e-9 * np.abs(each).max()
    assert abs(np.mean(np.argmin(distance, axis=1)) - 0.5) < 6 * 0.5 / 4000**0.5
    # Labels: each particle is everywhere as often. Directions: moments of the shape, whatever its
    # labels, have none. Within six errors of means, 2e-9 each.
    r = system.positions(found).numpy()
    second = np.einsum("sni,snj->sij", r, r).reshape(4000, -1)
    second -= (
        np.eye(system.dimension).ravel() * np.sum(r**2, axis=(1, 2))[:, None] / system.dimension
    )
    for moment in (
        np.sum(r**2, axis=2) - np.mean(r**2) * system.dimension,
        second,
        np.sum(r**3, axis=1),
    ):
        mean, error = moment.mean(axis=0), moment.std(axis=0) / 4000**0.5
        assert np.all(np.abs(mean) < 6 * error + 1e-12)


def test_virial_of_a_cluster():
    system = LennardJonesCluster(3)
    x = system.configuration([[0, 0, 0], [1.1, 0, 0], [0, 0.9, 0]])[None]
    d = system.pair_distances(x).numpy()
    by_hand = np.sum(2 * 12 * (d**-6 - d**-12), axis=-1) + np.sum(x**2, axis=-1)
    np.testing.assert_allclose(reference.virial(system, x), by_hand, rtol=1e-12)


# What it is held to.


def test_known_answers_have_their_sources():
    energies = known(dw4.CASE, "mean energy (kT)")
    assert list(energies) == ["quadrature", "another program"]
    assert energies["quadrature"].value == pytest.approx(
        energies["another program"].value, abs=4e-3
    )
    assert energies["quadrature"].error == 0
    assert list(known(lj13.CASE, "log Z")) == ["another program"]
    assert known(dw4.CASE, "sum of squared distances from the centre") == {}


def verdicts(tmp_path, case, found, **answers):
    context = context_of(case.name, tmp_path)
    walked = SimpleNamespace(both=answers.get("log_z", Estimate(29.667, 0.01)))
    numbers.add_known(context, case, found, walked)
    numbers.add_agreement(context, case, found)
    return {m.name.split(",")[0].split(":")[0]: m.passed for m in context.metrics}


def test_each_error_is_seen_by_its_number(simulated, tmp_path):
    """The whole passes; each planted error fails where it belongs, and elsewhere not.

    Forty draws of 48 chains, the first of which are not far from their starts: the agreement of
    starts is that of chains dealt out anew.
    """
    order = np.random.default_rng(0).permutation(48)
    mixed = simulated._replace(
        energies=simulated.energies[order], distances=simulated.distances[order]
    )
    good = verdicts(tmp_path, dw4.CASE, mixed)
    assert all(good.values()), good
    shifted = mixed._replace(energy=mixed.energy + 1.5)
    turned = mixed._replace(
        energies=np.concatenate([mixed.energies[:24], mixed.energies[24:, ::-1]])
    )
    wide = mixed._replace(distances=np.roll(mixed.distances, 2, axis=1))
    scaled = mixed._replace(x=1.1 * mixed.x)
    planted = {
        "mean energy (kT)": verdicts(tmp_path, dw4.CASE, shifted),
        "histogram of energies": verdicts(tmp_path, dw4.CASE, turned),
        "histogram of distances of pairs": verdicts(tmp_path, dw4.CASE, wide),
        "mean of x . grad u (kT)": verdicts(tmp_path, dw4.CASE, scaled),
        "log Z": verdicts(tmp_path, dw4.CASE, mixed, log_z=Estimate(29.0, 0.01)),
    }
    for name, seen in planted.items():
        assert [k for k, passed in seen.items() if not passed] == [name]


# Annealing.


def test_walks_from_a_trap_and_back_find_the_exact_log_z(simulated, tmp_path):
    """Within 5.5 errors, normal: 4e-8; and a factor of two in the trap would be seen."""
    sizes = dataclasses.replace(SMALL, annealed=(480, 200))
    context = context_of("dw4", tmp_path)
    walks = annealing.anneal(context, dw4.CASE, sizes, simulated)
    # An energy and a sweep a step, there and back; by hand, and by the package.
    assert context.energy_evaluations == 2 * (2 * 2 * 480 * 200)
    exact = dw4.CASE.system.exact.log_z()
    assert walks.both.standard_error < 0.05
    assert walks.both.value == pytest.approx(exact, abs=5.5 * walks.both.standard_error)
    # Planted: of a trap twice as stiff, log Z of the Gaussian is 3 log 2 less.
    assert 3 * np.log(2) > 5.5 * walks.both.standard_error + 0.5


# The generator.


def made(log_weight, log_weight_of_reference):
    samples = Samples(*[np.zeros(len(log_weight))] * 4, log_weight)
    return generated.Generated(None, None, samples, log_weight_of_reference, None, 1.0)


def test_bridge_between_samples_and_what_does_not_overlap():
    """Normal log-weights of variance s^2: log Z is s^2 / 2 from the mean of either side."""
    rng = np.random.default_rng(0)
    found, shared = generated.bridge(made(rng.normal(2.0, 1.0, 5000), rng.normal(3.0, 1.0, 5000)))
    assert found.value == pytest.approx(2.5, abs=6 * found.standard_error)
    assert shared > 1000
    none, shared = generated.bridge(made(np.full(100, -1e3), np.full(100, 1e3)))
    assert none is None
    assert shared < 0.1


def test_report_of_a_generator_that_is_a_scaling(simulated, tmp_path):
    case, found = dw4.CASE, simulated
    context = context_of("dw4", tmp_path)
    flow = Scaling(6)
    flow.trainable_variables[0].assign(np.full(6, -np.log(2.2)))
    generator = BoltzmannGenerator(case.system, flow, jit_compile=False)
    samples = generator.sample(4096, seed=1)
    fresh = reference.symmetrised(case.system, found.x.reshape(-1, 6), 500, 2)
    log_q = np.asarray(generator.log_prob(fresh.astype(np.float32)), np.float64)
    log_weight = -case.system.energy(tf.constant(fresh)).numpy() - log_q
    long, edges = case.system.long_pairs, case.isomers[1]
    share, _ = np.histogram(long(found.x).numpy(), edges)
    coverage = estimators.coverage(
        long(samples.x).numpy(), edges=edges, reference_probability=share / share.sum()
    )
    whole = generated.Generated(generator, None, samples, log_weight, coverage, 1.0)
    walked = SimpleNamespace(
        both=Estimate(29.7, 0.1), log_weight=np.random.default_rng(0).normal(29, 1, 500)
    )
    study.show_energies(context, case, found, whole)
    study.show_distances(context, case, found, whole)
    study.show_generator(context, case, found, whole)
    study.show_log_z(context, case, walked, whole)
    context.finish()
    text = (context.directory / "report.html").read_text(encoding="utf-8")
    for said in ("energies.png", "distances.png", "BAR between both", "quadrature (known)"):
        assert said in text


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_whole_study_in_small(name, tmp_path):
    small = dataclasses.replace(
        CASES[name], sizes={"quick": SMALL}, network={"blocks": 1, "hidden": (8,)}
    )
    context = context_of(name, tmp_path)
    reproduce(context, small)
    content = context.finish()
    assert {"energies.png", "distances.png", "training.png"} <= {
        p.name for p in context.directory.iterdir()
    }
    assert json.loads((context.directory / "metrics.json").read_text())["error"] is None
    assert len(content["metrics"]) == (8 if name == "dw4" else 6)
    assert BoltzmannGenerator.load(context.directory / "generator").sample(4).x.shape[0] == 4
