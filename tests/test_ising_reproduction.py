"""The study `ising`: preset paper in miniature, and what its targets see."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow_probability as tfp

from boltzmann_tf import BoltzmannGenerator, Trainer, estimators, exact
from boltzmann_tf.bijectors import LatticeFlow, Scaling, Sequence
from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions import ising
from boltzmann_tf.reproductions.ising_model import generators, measured, plan, targets
from boltzmann_tf.reproductions.ising_model.measured import Measured
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, SINGLE, TORUS
from boltzmann_tf.sampling import FieldAverages, FieldSpins, Refined
from boltzmann_tf.systems import IsingField
from boltzmann_tf.training import History

pytestmark = pytest.mark.filterwarnings("ignore::boltzmann_tf.estimators.CalibrationWarning")

BRIEF = {
    **dict.fromkeys(("steps", "family_steps", "large_steps", "dense_steps", "ill_posed_steps"), 2),
    **{"samples": 600, "curve_samples": 300, "chain": 100, "simulated": 16, "critical": (8, 16)},
    **{"measurements": 10, "critical_measurements": 10, "sweeps": 500},
    "temperatures": (2.0, 3.0),
}


class Idle(Trainer):
    """Leaves flows as they are, whose steps take long to trace; dense networks learn."""

    def fit(self, data, stage, **options):
        if data is not None:
            return super().fit(data, stage, **options)
        return History({name: np.ones(40, np.float32) for name in ("loss", "kl", "ess")})


@pytest.mark.slow
def test_preset_paper_in_miniature(tmp_path, monkeypatch):
    """Every branch ends in the report, and every stream of random numbers has a name of its own."""
    for name, value in BRIEF.items():
        monkeypatch.setattr(plan.Plan, name, value)
    for module in ("generator", "training.loop"):  # XLA would take minutes
        monkeypatch.setattr(f"boltzmann_tf.{module}.with_xla", lambda *_, **__: False)
    monkeypatch.setattr(generators, "LatticeFlow", functools.partial(LatticeFlow, features=1))
    monkeypatch.setattr(generators, "Trainer", Idle)
    streams, seed_of = [], Context.seed_of

    def recorded(self, *name):
        streams.append(name)
        return seed_of(self, *name)

    monkeypatch.setattr(Context, "seed_of", recorded)
    context = Context("ising", preset="paper", output=tmp_path)
    context.begin()
    ising.run(context)
    context.finish()
    assert sorted(streams) == sorted(set(streams))
    names = [metric.name for metric in context.metrics]
    for length in (8, 16):
        for t in ("T = 1.8", "T_c", "T = 3"):
            assert f"L = {length}, {t}: log Z within three stated errors" in names
        assert f"L = {length}: largest change of log Z when the step is halved" in names
        assert f"Swendsen-Wang, L = {length}, T_c: energy a site" in names
    assert "C/N at 2 temperatures: largest stated relative error" in names
    assert "Wang-Landau, 8 x 8, T = 1.8: RMS error of F(M) (kT)" in names
    page = (context.directory / "report.html").read_text()
    assert "dense RealNVP, symmetrised" in page
    assert (context.directory / "generator").is_dir()


def spins(log_z, *, error=0.003, n=10_000):
    """Weights whose log Z has that error, and nothing else."""
    weights = np.random.default_rng(0).standard_normal(n) * error * np.sqrt(n)
    weights += log_z - estimators.log_z(weights).value
    nothing = np.zeros((n, 1))
    return FieldSpins(np.zeros((n, 8, 8), np.int8), nothing, nothing, weights, CRITICAL)


def verdicts(tmp_path, judge):
    context = Context("ising", preset="paper", output=tmp_path)
    judge(context)
    return [metric.passed for metric in context.metrics]


@pytest.mark.parametrize(("off", "passed"), [(0.0, True), (0.02, False), (-0.02, False)])
def test_log_z_is_held_in_size_and_in_errors(tmp_path, off, passed):
    known = {t: spins(TORUS.log_z(t) + off) for t in SINGLE}
    found = {
        t: Measured(own, Refined(None, 1, 0.0, 0.0, converged=True)) for t, own in known.items()
    }
    expected = [passed] * 6 + [True, True]  # the last two: effective size and stated error
    assert verdicts(tmp_path, lambda c: targets.log_z(c, 8, found)) == expected
    wide = {CRITICAL: found[CRITICAL]._replace(spins=spins(TORUS.log_z(CRITICAL), error=0.03))}
    assert verdicts(tmp_path, lambda c: targets.log_z(c, 8, wide))[-2:] == [False, False]


@pytest.mark.parametrize(("change", "passed"), [(9e-4, True), (-1.1e-3, False), (np.nan, False)])
def test_an_integration_that_has_not_converged_is_seen(tmp_path, change, passed):
    changes = (0.0, change)
    found = [Measured(spins(0.0), Refined(None, 16, own, 0.0, converged=False)) for own in changes]
    assert verdicts(tmp_path, lambda c: targets.integration(c, 8, found)) == [passed]


def averages(*, off=0.0, relative=0.002):
    found = {}
    for t in (2.0, 2.5, 3.0):
        known = (TORUS.energy_per_site, TORUS.mean_abs_magnetization, TORUS.heat_capacity_per_site)
        each = [Estimate(f(t), relative * abs(f(t))) for f in known]
        found[t] = FieldAverages(*each, Estimate(0.0, 0.0))
    value, error = found[2.5].heat_capacity
    found[2.5] = found[2.5]._replace(heat_capacity=Estimate(value + off * error, error))
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"off": 3.2}, [True] * 6),  # of three: not an alarm
        ({"off": 4.0}, [True] * 4 + [False, True]),
        ({"off": np.nan}, [True] * 4 + [False, False]),
        ({"relative": 0.011}, [True, False] * 3),
    ],
)
def test_averages_are_held_as_families(tmp_path, given, expected):
    assert verdicts(tmp_path, lambda c: targets.averages(c, averages(**given))) == expected


def test_symmetrised_weights_give_log_z_and_both_states(tmp_path):
    """Within five errors each, a false alarm in 1e-6; without its half the mixture is ln 2 off."""
    field = IsingField(4, 20.0)
    shift = tfp.bijectors.Shift(np.full(16, 0.4, np.float32))
    generator = BoltzmannGenerator(field, Sequence([Scaling(16), shift]), jit_compile=False)
    found = measured.measure_symmetrised(Context("ising", output=tmp_path), generator, 20_000)
    value, error = found.log_z
    assert abs(value - exact.IsingTorus(4).log_z(20.0)) < 5 * error < 0.1
    up, down = (np.mean(sign * found.magnetization > 0) for sign in (1, -1))
    assert abs(up - down) < 5 / np.sqrt(20_000)
