"""What `double_well` and `mueller_brown` measure and judge, on samples whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from boltzmann_tf import Trainer, recipes, systems
from boltzmann_tf.generator import Samples
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import double_well, mueller_brown
from boltzmann_tf.reproductions.figure2 import figures, measured, tables, targets

EDGES = np.concatenate([np.linspace(-2.2, 0.0, 12), np.linspace(0.1, 2.2, 22)])  # of two widths
EXACT = systems.DoubleWell().exact


@pytest.fixture(scope="module")
def case():
    return replace(double_well.double_well(double_well.Plan("quick")), edges=EDGES)


def weightless(x):
    none = np.zeros(len(x))
    return Samples(x, x, none, none, none)


# Answers along the reaction coordinate.


def test_the_profile_of_a_case_is_the_exact_one(case):
    """Minus log density of each bin, from a fine quadrature of exp(-u)."""
    x = np.linspace(-6.0, 6.0, 1_200_001)
    u = EXACT.energy(np.stack([x, 0 * x], axis=-1))
    mass, _ = np.histogram(x, EDGES, weights=np.exp(u.min() - u))
    wanted = -np.log(mass / np.diff(EDGES))
    np.testing.assert_allclose(case.profile, wanted - wanted.min(), atol=2e-3)
    # The sister: without the widths of the bins it is off by the logarithm of their ratio.
    assert np.abs(np.log(mass.max() / mass) - case.profile).max() > 0.5


def test_differences_and_coverage_of_exact_samples(case):
    """Exact samples: within 6 stated errors, false alarm 2e-9; both basins are visited."""
    x = EXACT.sample(200_000, 2.0, seed=0)
    value, error = case.difference(weightless(x), seed=0)
    assert abs(value - EXACT.free_energy_difference(2.0)) < 6 * error
    assert abs(value - EXACT.free_energy_difference(1.0)) > 6 * error
    assert case.coverage(weightless(x)).fraction == pytest.approx(1.0)
    assert case.coverage(weightless(x[x[:, 0] < 0])).worst_ratio == 0


def test_states_of_the_mueller_brown_potential_leave_out_the_middle():
    case = mueller_brown.mueller_brown(mueller_brown.Plan("quick"))
    x = case.exact.sample(200_000, 2.0, seed=0)
    np.testing.assert_allclose(case.along(x), 0.7 * (x[:, 0] - x[:, 1]))
    value, error = case.difference(weightless(x), seed=0)
    assert abs(value - case.exact.free_energy_difference(2.0)) < 6 * error
    whole = np.log(np.mean(case.along(x) < -1.0) / np.mean(case.along(x) > -1.0))
    assert abs(whole - value) > 6 * error
    assert len(case.coverage(weightless(x)).counts) == 3


class Perfect:
    """A generator of exact samples, each `copies` times."""

    def __init__(self, copies):
        self.copies = copies

    def sample(self, n, temperature, *, seed):
        rng = np.random.default_rng(seed)
        x = np.tile(EXACT.sample(n // self.copies, temperature, rng), (self.copies, 1))
        return weightless(rng.permutation(x))


@pytest.mark.parametrize(("copies", "passed"), [(1, True), (9, False)])
def test_stated_errors_are_calibrated(case, tmp_path, monkeypatch, copies, passed):
    """Of independent samples they are honest; of 9 copies each they are three times too small."""
    monkeypatch.setattr(measured, "TEMPERATURES", (1.0, 2.0, 4.0))  # where both states have many
    context = Context("double_well", output=tmp_path)
    ensemble = SimpleNamespace(use=lambda: Perfect(copies))
    scores = measured.calibration(context, measured.Trained(case, ensemble, [], None))
    targets.calibration(context, {"ours": scores})
    assert [m.passed for m in context.metrics] == [passed]
    assert abs(context.metrics[0].value - copies**0.5) < 0.35 * copies**0.5


# Every branch of the paper presets, in miniature: they end in a report.


class Brief(Trainer):
    """Ten small steps a stage at most."""

    def fit(self, data, stages, **options):
        brief = replace(stages, iterations=min(stages.iterations, 10), batch_size=64)
        return super().fit(data, brief, **options)


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr("boltzmann_tf.training.ensembles.Trainer", Brief)
    for module in ("generator", "training.loop", "sampling.random_walk"):  # XLA takes a minute
        monkeypatch.setattr(f"boltzmann_tf.{module}.with_xla", lambda *_, **__: False)
    for module in (measured, tables, figures):
        monkeypatch.setattr(module, "SAMPLES", 2000)
    monkeypatch.setattr(measured, "EVALUATED", 1)
    monkeypatch.setattr(measured, "SHOWN", 1000)
    monkeypatch.setattr(tables, "SHOWN", 1000)


@pytest.mark.slow
@pytest.mark.parametrize("study", [double_well, mueller_brown])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # networks of ten steps lose states
@pytest.mark.filterwarnings("ignore::boltzmann_tf.estimators.CalibrationWarning")
def test_studies(study, brief, tmp_path, monkeypatch):
    monkeypatch.setattr(study.Plan, "networks", 2)
    monkeypatch.setattr(study.Plan, "additive", 1)
    for name in ("annealed", "spread"):
        recipe = partial(getattr(recipes, name), resampled=recipes.Resample(2000))
        monkeypatch.setattr(study, name, recipe)
    calibration = measured.calibration
    monkeypatch.setattr(study, "calibration", lambda *a, **_: calibration(*a, n=3000))
    context = Context("figure2", "paper", tmp_path)
    context.begin()
    study.run(context)
    found = {m["name"]: m for m in context.finish()["metrics"]}
    for said in (
        "published KL+RC: J_KL", "ours: ESS fraction", "ours KL+RC: RMSE of the profile (kT)",
        "NICE KL+RC: networks that ended in NaN, of 1", "ours: networks that ended in NaN, of 2",
        "published KL+RC: ΔF at T = 1 within three stated errors (kT)",
        "published KL+RC: standard deviation of 60 z-scores of ΔF",
    ):  # fmt: skip
        assert said in found
    wells = study is double_well
    assert found["ours: J_KL above its bound (kT)"]["tolerance"] == (0.015 if wells else 0.03)
    assert ("NICE ML+KL: ΔF at T = 0.5 (kT)" in found) == wells
    report = (context.directory / "report.html").read_text()
    assert "Figure S2" in report
    assert "the same, prior at T = 1 alone" in report
    assert (context.directory / "training_modes.png").exists()
    assert json.loads((context.directory / "generator" / "generator.json").read_text())
