"""Coverage tells a generator that lost a mode from one that did not; the report shows it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from boltzmann_tf import estimators as est

EDGES = np.array([-10.0, 0.0, 10.0])
FINE = np.linspace(-5, 5, 51)


def test_an_exact_sampler_attains_what_is_attainable():
    x = np.random.default_rng(0).normal(size=20_000)
    probability = np.diff(norm.cdf(FINE))
    found = est.coverage(x, edges=FINE, reference_probability=probability)
    # bins near the threshold of 10 hold less than 0.5 % together
    assert found.fraction == pytest.approx(found.attainable, abs=0.005)
    assert found.fraction > 0.99
    # the rarest bin asked for expects 10: a ratio below 0.02 (no sample) has p = e^-10 a bin,
    # and the seed is fixed
    assert found.worst_ratio > 0.1
    assert found.counts.sum() == 20_000


def test_a_lost_mode_is_seen_whatever_the_effective_size():
    x = -np.abs(np.random.default_rng(1).normal(size=5000))
    lost = est.coverage(x, edges=EDGES, reference_probability=[0.97, 0.03])
    assert lost.fraction == pytest.approx(0.97)
    assert lost.attainable == pytest.approx(1.0)
    assert lost.worst_ratio == 0.0
    assert lost.worst_bin == 1


def test_samples_of_zero_weight_visit_nothing():
    x = np.array([-1.0] * 100 + [1.0] * 100)
    weights = np.where(x > 0, -np.inf, 0.0)
    both = est.coverage(x, edges=EDGES, reference_probability=[0.5, 0.5])
    left = est.coverage(x, edges=EDGES, reference_probability=[0.5, 0.5], log_weights=weights)
    assert both.fraction == 1.0
    assert left.fraction == 0.5


def test_too_few_samples_to_tell_give_no_ratio():
    found = est.coverage([0.5], edges=EDGES, reference_probability=[0.5, 0.5])
    assert math.isnan(found.worst_ratio)
    assert found.worst_bin == -1
    assert found.attainable == 0.0


def test_the_summary_names_what_is_missing_and_what_is_there():
    log_weights = np.random.default_rng(2).normal(size=1000)
    bare = est.weight_report(log_weights).summary()
    assert "not measured: the effective size cannot see a lost mode" in bare
    assert "not counted" in bare
    cover = est.coverage(np.ones(1000), edges=EDGES, reference_probability=[0.5, 0.5])
    report = est.weight_report(
        log_weights, reference_log_weights=log_weights, coverage=cover, energy_evaluations=1234
    )
    assert "50.00% of the target" in report.summary()
    assert "1234" in report.summary()
    content = report.to_dict()
    assert content["coverage"]["counts"] == [0, 1000]
    assert content["log_z"]["value"] == report.log_z.value


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"edges": [0.0, 0.0, 1.0]}, ValueError, "edges must be at least 2 strictly increasing"),
        ({"reference_probability": [1.0]}, ValueError, "must have 2 values, one a bin, got 1"),
        ({"reference_probability": [-1.0, 2.0]}, ValueError, "must be >= 0 with a positive sum"),
        ({"minimum": 0}, ValueError, "minimum must be an integer >= 1, got 0"),
        ({"minimum": 1.5}, TypeError, "minimum must be an integer >= 1"),
        ({"log_weights": [0.0]}, ValueError, "log_weights must have 2 values"),
        ({"coordinate": [0.0, math.nan]}, ValueError, "coordinate must be finite wherever"),
    ],
)
def test_bad_coverage_calls(change, error, message):
    call = {"coordinate": [0.0, 1.0], "edges": EDGES, "reference_probability": [0.5, 0.5]} | change
    with pytest.raises(error, match=message):
        est.coverage(call.pop("coordinate"), **call)


def test_bad_report_calls():
    with pytest.raises(TypeError, match="coverage must be a Coverage, got 0.5"):
        est.weight_report([0.0, 1.0], coverage=0.5)
    with pytest.raises(ValueError, match="energy_evaluations must be an integer >= 0, got -1"):
        est.weight_report([0.0, 1.0], energy_evaluations=-1)
    with pytest.raises(ValueError, match="reference_log_weights must be finite"):
        est.weight_report([0.0, 1.0], reference_log_weights=[-math.inf])
