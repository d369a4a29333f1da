"""What `dw4` and `lj13` share: Monte Carlo, agreement, log Z, and the whole study in small."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, estimators, sampling
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import dw4, lj13
from boltzmann_tf.reproductions.clusters import figures, simulations, tables, targets
from boltzmann_tf.reproductions.clusters.generators import Generated
from boltzmann_tf.reproductions.clusters.study import reproduce

SMALL = {
    "chains": 48,
    "draws": 40,
    "walks": 256,
    "densities": 20,
    "blocks": 1,
    "hidden": (8,),
    "iterations": 20,
    "samples": 1024,
}
PLANS = {"dw4": dw4.DW4, "lj13": lj13.LJ13}


def small(name, **others):
    return type("Small", (PLANS[name],), SMALL | others)("quick")


DW4 = small("dw4")


def context_of(name, folder):
    context = Context(name, output=folder)
    context.begin()
    return context


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    context = context_of("dw4", tmp_path_factory.mktemp("results"))
    found = simulations.simulate(context, DW4)
    assert context.energy_evaluations == 48 * 20 * (40 + 4) + 48 * 40
    return found


def test_monte_carlo_keeps_what_it_measures(simulated):
    system = DW4.system
    assert simulated.x.shape == (48, 40, 6)
    u = system.energy(tf.constant(simulated.x.reshape(-1, 6))).numpy().reshape(48, 40)
    np.testing.assert_allclose(simulated.energy, u, rtol=1e-12)
    d = system.pair_distances(simulated.x).numpy()
    for chain in (0, 47):
        counts, _ = np.histogram(d[chain], DW4.distances)
        np.testing.assert_allclose(simulated.distances[chain], counts / d[chain].size)
        counts, _ = np.histogram(u[chain], DW4.energies)
        np.testing.assert_allclose(simulated.energies[chain], counts / 40)
    assert simulated.energies.sum(axis=1) == pytest.approx(np.ones(48), abs=0.03)


def test_chains_of_one_start_are_together(tmp_path):
    """Steps too small to leave it."""
    still = small("dw4", steps=(1e-6,), stride=1)
    found = simulations.simulate(context_of("dw4", tmp_path), still)
    long = still.system.long_pairs(found.x).numpy()
    assert np.all(long[:24] == 1)  # rhombus
    assert np.all(long[24:] == 4)  # rectangle


# What it is held to.


def test_known_answers_have_their_sources():
    of_dw4, of_lj13 = (SimpleNamespace(name=name) for name in PLANS)
    energies = targets.known(of_dw4, DW4, "mean energy (kT)")
    assert list(energies) == ["quadrature", "another program"]
    (exact, _), (other, said) = energies.values()
    assert exact.value == pytest.approx(other.value, abs=4e-3)
    assert exact.standard_error == 0
    assert said["reference_kind"] == "simulation"
    assert list(targets.known(of_lj13, small("lj13"), "log Z")) == ["another program"]
    assert targets.known(of_dw4, DW4, "sum of squared distances from the centre") == {}


def verdicts(tmp_path, found, log_z=None):
    context = context_of("dw4", tmp_path)
    targets.quantities(context, DW4, found, log_z or Estimate(29.667, 0.01))
    targets.agreement(context, DW4, found)
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
    good = verdicts(tmp_path, mixed)
    assert all(good.values()), good
    turned = np.concatenate([mixed.energies[:24], mixed.energies[24:, ::-1]])
    planted = {
        "mean energy (kT)": verdicts(tmp_path, mixed._replace(energy=mixed.energy + 1.5)),
        "histogram of energies": verdicts(tmp_path, mixed._replace(energies=turned)),
        "histogram of distances of pairs": verdicts(
            tmp_path, mixed._replace(distances=np.roll(mixed.distances, 2, axis=1))
        ),
        "mean of x . grad u (kT)": verdicts(tmp_path, mixed._replace(x=1.1 * mixed.x)),
        "log Z": verdicts(tmp_path, mixed, Estimate(29.0, 0.01)),
    }
    for name, seen in planted.items():
        assert [k for k, passed in seen.items() if not passed] == [name]


# log Z.


def test_walks_from_a_trap_and_back_find_the_exact_log_z(simulated, tmp_path):
    """Within 5.5 errors, normal: 4e-8; and a factor of two in the trap would be seen."""
    context = context_of("dw4", tmp_path)
    plan = small("dw4", walks=480, densities=200)
    _, found = simulations.anneal(context, plan, simulated)
    # An energy and a sweep a step, there and back; a sweep before the way back.
    assert context.energy_evaluations == 2 * (2 * 480 * 200) + 480
    assert found.standard_error < 0.05
    exact = plan.system.exact.log_z()
    assert found.value == pytest.approx(exact, abs=5.5 * found.standard_error)
    # Planted: of a trap twice as stiff, log Z of the Gaussian is 3 log 2 less.
    assert 3 * np.log(2) > 5.5 * found.standard_error + 0.5


def log_z_rows(log_weight, held_out):
    shown = {}

    def table(title, rows):
        shown.update({row["log Z from"]: row for row in rows})

    context = SimpleNamespace(name="dw4", table=table)
    samples = Samples(*[np.zeros(len(log_weight))] * 4, log_weight)
    generated = Generated(None, None, samples, held_out, None, 1.0)
    walks = np.random.default_rng(1).normal(29, 1, 500)
    tables.log_z(context, DW4, walks, Estimate(29.7, 0.1), generated)
    return shown


def test_bridge_between_samples_and_what_does_not_overlap():
    """Normal log-weights of variance s^2: log Z is s^2 / 2 from the mean of either side."""
    rng = np.random.default_rng(0)
    row = log_z_rows(rng.normal(2.0, 1.0, 5000), rng.normal(3.0, 1.0, 5000))["BAR between both"]
    assert float(row["value"]) == pytest.approx(2.5, abs=6 * float(row["error"]))
    assert float(row["shared samples"]) > 1000
    row = log_z_rows(np.full(100, -1e3), np.full(100, 1e3))["BAR between both"]
    assert row["value"] == "too little overlap"
    assert float(row["shared samples"]) < 0.1


# The report.


def test_report_of_a_generator_that_is_a_scaling(simulated, tmp_path):
    context = context_of("dw4", tmp_path)
    flow = Scaling(6)
    flow.trainable_variables[0].assign(np.full(6, -np.log(2.2)))
    generator = BoltzmannGenerator(DW4.system, flow, jit_compile=False)
    samples = generator.sample(4096, seed=1)
    fresh = sampling.symmetrised(simulated.x.reshape(-1, 6), DW4.system, 500, seed=2)
    long, edges = DW4.system.long_pairs, DW4.isomers[1]
    coverage = estimators.coverage(
        long(samples.x).numpy(),
        edges=edges,
        reference_probability=np.histogram(long(simulated.x).numpy(), edges)[0],
    )
    whole = Generated(generator, None, samples, generator.log_weight(fresh), coverage, 1.0)
    figures.energies(context, DW4, simulated, whole)
    figures.distances(context, DW4, simulated, whole)
    tables.chains(context, DW4, simulated)
    tables.weights(context, DW4, simulated, whole)
    walks = np.random.default_rng(0).normal(29, 1, 500)
    tables.log_z(context, DW4, walks, Estimate(29.7, 0.1), whole)
    context.finish()
    text = (context.directory / "report.html").read_text(encoding="utf-8")
    for said in ("energies.png", "distances.png", "BAR between both", "quadrature (known)"):
        assert said in text


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_whole_study_in_small(name, tmp_path):
    context = context_of(name, tmp_path)
    reproduce(context, small(name))
    content = context.finish()
    assert {"energies.png", "distances.png", "training.png"} <= {
        p.name for p in context.directory.iterdir()
    }
    assert json.loads((context.directory / "metrics.json").read_text())["error"] is None
    assert len(content["metrics"]) == (8 if name == "dw4" else 6)
    assert BoltzmannGenerator.load(context.directory / "generator").sample(4).x.shape[0] == 4
