"""What `nematic` measures and fits, on data whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import BoltzmannGenerator, estimators, exact, sampling
from boltzmann_tf.estimators import Estimate, extrapolate_peaks
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics import (
    figures,
    generators,
    measured,
    pictures,
    plan,
    simulations,
    tables,
    targets,
)
from boltzmann_tf.systems import Nematic

# Finite sizes.


def test_a_peak_at_the_end_fails_the_metric_and_not_the_run(tmp_path):
    context = Context("nematic", output=tmp_path)
    context.begin()
    larger = simulations.peaks(context, {3: 16, 4: 16, 5: 16})
    nowhere = larger[3][1]._replace(position=Estimate(np.nan, np.nan))
    larger[3] = (larger[3][0], nowhere)
    tops = {n: curve.position for n, (_, curve) in larger.items()}
    fit = extrapolate_peaks(tops, dimension=3)
    assert np.isnan(fit.transition.value)
    figures.transition(context, larger, fit)
    tables.peaks(context, larger, fit)
    targets.transition(context, fit)
    assert [m.passed for m in context.metrics] == [False]
    context.finish()
    assert "without L = 3" in (context.directory / "report.html").read_text()


# The generators.


def test_a_walk_from_hot_to_cold_is_exact(tmp_path):
    """log Z within five stated errors at each temperature, and the root of the pair order."""
    seen, system = [], Nematic("complete", 3)
    for t, trained in generators.walk(system, plan.Walk((0.3, 0.5), first=40, then=20)):
        found = measured.measure(trained, 4000, seed=7)
        known = exact.FullyConnectedNematic(3)
        assert abs(found.log_z.value - known.log_z(t)) < 5 * found.log_z.standard_error
        value, error = measured.pair_order(system, found)
        assert abs(value - np.sqrt(known.pair_order(t))) < 5 * error
        assert found.evaluations == trained.evaluations + 4000
        seen.append((t, len(trained.losses[t])))
    assert seen == [(0.5, 40), (0.3, 20)]
    assert trained.evaluations == 60 * 256
    # From its file it knows its temperature, without being told the system.
    generators.fixed(trained).save(tmp_path / "generator")
    loaded = BoltzmannGenerator.load(tmp_path / "generator")
    assert loaded.system.nematic.coupling == pytest.approx(1 / 0.3)
    x = trained.angles.coordinates(found.vectors[:16]).astype(np.float32)
    maps = (trained.generator.bijector, loaded.bijector)
    for own, other in zip(*(b.inverse_and_log_det(x) for b in maps), strict=True):
        np.testing.assert_allclose(other, own, atol=1e-6)
    np.testing.assert_allclose(
        loaded.system.energy(x), trained.generator.system.energy(x), atol=1e-5
    )


def test_plans_cover_the_targets():
    for preset in map(plan.Plan, ("quick", "paper")):
        assert set(plan.CHAIN_TARGETS) <= set(preset.chain.temperatures)
        assert all(
            set(plan.ORIENTATION_TARGETS) <= set(w.temperatures) for w in preset.complete.values()
        )
        assert 8 in preset.complete
        assert 2 in preset.cubic
    paper = plan.Plan("paper").cubic
    assert {1.0, 1.3} <= set(paper[4].temperatures)
    for length in (2, 3):
        assert (min(paper[length].temperatures), max(paper[length].temperatures)) == (0.8, 1.5)


# The report.


def perfect(name, kind, simulated):
    """What a generator without any error would have measured: Monte Carlo's configurations."""
    found, known, averages = {}, simulated.system.exact, simulated.averages()
    for t, vectors in simulated.vectors.items():
        log_weight = np.random.default_rng(8).normal(0, 1e-3, len(vectors))
        log_weight += 0.0 if known is None else known.log_z(t)
        log_z = estimators.log_z(log_weight)
        found[t] = measured.Measured(
            vectors=vectors,
            energy=sampling.vector_energies(vectors, simulated.system),
            log_weight=log_weight,
            log_z=log_z,
            upper=log_z,
            ess=estimators.ess_fraction(log_weight),
            averages=averages[t],
            evaluations=len(vectors),
        )
    flow = generators.Trained(None, min(found), None)
    flow.losses |= {1.0: 3 - np.linspace(0, 1, 40), 0.5: 1 - np.linspace(0, 1, 20)}
    return measured.Lattice(name, kind, simulated.system, simulated, averages, found, flow)


@pytest.fixture(scope="module")
def lattices():
    """Perfect generators of a chain, a complete graph and a cube."""

    def run(name, kind, lattice, length, temperatures):
        options = {"n_rounds": 80, "n_ladders": 32, "seed": 9}
        found = sampling.nematic_tempering(Nematic(lattice, length), temperatures, **options)
        return perfect(name, kind, found)

    return (
        run("chain of 6", "", "chain", 6, plan.CHAIN_TARGETS),
        run("all with all, N = 4", "N = 4", "complete", 4, (0.15, 0.2, 0.3)),
        run("cubic, L = 2", "L = 2", "cubic", 2, (0.8, 1.5)),
    )


@pytest.fixture(scope="module")
def report(lattices, tmp_path_factory):
    """Figures and numbers of perfect generators."""
    line, graph, cube = lattices
    context = Context("nematic", output=tmp_path_factory.mktemp("report"))
    context.begin()
    larger = simulations.peaks(context, {3: 64, 4: 64})
    tops = {3: Estimate(1.125, 0.01), 4: Estimate(1.124, 0.01)}
    fit = extrapolate_peaks(tops, dimension=3)
    figures.chain(context, line)
    figures.complete(context, [graph])
    figures.orientations(context, graph)
    figures.cubic(context, [cube])
    figures.transition(context, larger, fit)
    figures.losses(context, lattices)
    pictures.show(context, cube)
    tables.what_limits(context, [cube])
    tables.weights(context, "weights", graph)
    tables.moves(context, lattices, larger)
    targets.chain(context, line)
    targets.complete(context, graph)
    targets.cubic(context, cube)
    targets.transition(context, fit)
    targets.maier_saupe(context)
    context.finish()
    return context


def test_perfect_generators_pass(report):
    """All but stated errors, which so few samples make too large, and 3 errors of many numbers."""
    for metric in report.metrics:
        if "error" not in metric.name and "standard errors" not in metric.rule:
            assert metric.passed, metric
        elif "|deviation|" in metric.name:
            assert metric.value < 6, metric
    assert len(report.metrics) == 18 + 8 + 7 + 1 + 2


def failed(context):
    return {m.name for m in context.metrics if not m.passed}


def with_weights(lattice, log_weight):
    """The same lattice, with other log-weights `[n]` and what follows from them."""
    found, sites = {}, lattice.system.sites
    for t, m in lattice.measured.items():
        own = log_weight(t, m)
        order = sampling.vector_order(m.vectors)
        averages = sampling.vector_averages(order, m.energy, own, temperature=t, sites=sites)
        found[t] = m._replace(log_weight=own, log_z=estimators.log_z(own), averages=averages)
    return lattice._replace(measured=found)


def test_a_wrong_constant_fails(lattices, tmp_path):
    """The planted error: log-weights 0.1 too large, which averages do not see."""
    line, graph, _ = lattices
    context = Context("nematic", output=tmp_path)
    targets.chain(context, with_weights(line, lambda t, m: m.log_weight + 0.1))
    targets.complete(context, with_weights(graph, lambda t, m: m.log_weight + 0.1))
    wrong = {name for name in failed(context) if "error of" not in name}
    assert {name for name in wrong if "log Z" in name} == {
        m.name for m in context.metrics if "log Z" in m.name and "error of" not in m.name
    }
    assert len([name for name in wrong if "log Z" in name]) == 4


def test_weights_of_another_temperature_fail(lattices, tmp_path):
    """The planted error: weights of a temperature 30 % above. S, u and orientations are wrong.

    So is log Z, whose weights are no longer constant. C changes less than 256 draws can tell; that
    with the square of the wrong temperature is found out.
    """
    _, graph, cube = lattices
    context = Context("nematic", output=tmp_path)

    def hotter(t, m):
        return m.log_weight + m.energy * (1 / t - 1 / (1.3 * t))

    targets.complete(context, with_weights(graph, hotter))
    targets.cubic(context, with_weights(cube, hotter))
    scored = {m.name for m in context.metrics if "|deviation|" in m.name}
    assert len(scored) == 4 + 3
    assert scored - failed(context) <= {m.name for m in context.metrics if ": C, " in m.name}

    heat = {}
    for t, m in cube.measured.items():
        wrong = Estimate(*(1.3**-2 * part for part in m.averages.heat_capacity))
        heat[t] = m._replace(averages=m.averages._replace(heat_capacity=wrong))
    context = Context("nematic", output=tmp_path)
    targets.cubic(context, cube._replace(measured=heat))
    assert [name for name in failed(context) if "|deviation|" in name and ": C, " in name]


def test_the_report_shows_its_figures(report):
    names = {path.stem for path in report.directory.glob("*.png")}
    wanted = {"chain", "complete", "cubic", "losses", "orientations", "pictures", "transition"}
    assert names == wanted
    page = (report.directory / "report.html").read_text()
    assert all(f"{name}.png" in page for name in wanted)
    assert "What limits the effective sample size" in page
    assert "single moves, smallest" in page
