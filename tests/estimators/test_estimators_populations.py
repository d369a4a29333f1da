"""Populations of regions: enumeration, closed forms, honest errors."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy.stats import norm

from boltzmann_tf import estimators as est

STATES = {"left": (-math.inf, 0.0), "right": (0.0, math.inf), "middle": (-1.0, 1.0)}


def tilted(seed, n):
    """x from N(0, 1), weighted to N(0.5, 1)."""
    x = np.random.default_rng(seed).standard_normal(n)
    return x, 0.5 * x + 7.0  # a constant must not matter


def exact():
    at = norm(0.5)
    return np.array([at.cdf(0), at.sf(0), at.cdf(1) - at.cdf(-1)])


def test_shares_of_the_weight_by_hand():
    found = est.populations(
        [0.0, 1.0, 2.0, 3.0],
        np.log([1.0, 2.0, 3.0, 4.0]),
        regions={
            "low": (0, 2),
            "others": (1, 9),
            "mask": np.array([True, False, True, False]),
        },
        n_blocks=4,
    )
    np.testing.assert_allclose(found.probability, [0.3, 0.9, 0.4], rtol=1e-14)
    np.testing.assert_allclose(found.effective_samples, [9 / 5, 81 / 29, 16 / 10], rtol=1e-14)
    # the jackknife, sample by sample
    w, inside = np.array([1.0, 2, 3, 4]), np.array([1.0, 1, 0, 0])
    left = [(w @ inside - w[i] * inside[i]) / (10 - w[i]) for i in range(4)]
    assert found.standard_error[0] == pytest.approx(math.sqrt(3 / 4 * 4 * np.var(left)))
    assert found.population("low") == (found.probability[0], found.standard_error[0])


def z_scores(scale):
    """Of three populations and a difference, 200 seeds."""
    scores = []
    p = exact()
    for seed in range(200):
        x, w = tilted(seed, 2000)
        found = est.populations(x, w, regions=STATES, n_blocks=500)
        step = found.free_energy_difference("left", "right")
        scores.append(
            [
                *(found.probability - p) / found.standard_error,
                (step.value - math.log(p[0] / p[1])) / step.standard_error,
            ]
        )
    return np.std(scores, axis=0) * scale


def test_errors_are_honest():
    # SD 1 +- 0.05: the bounds are over 5 sigma
    found = z_scores(1.0)
    assert np.all((found > 0.75) & (found < 1.25))
    # the planted error: populations taken as independent misjudge the difference by sqrt(2)
    x, w = tilted(0, 2000)
    both = est.populations(x, w, regions=STATES)
    p, e = both.probability, both.standard_error
    assert both.free_energy_difference("left", "right").standard_error > 1.3 * math.hypot(
        e[0] / p[0], e[1] / p[1]
    )
    # what is left and what is right is all: one variance, opposite covariance
    assert both.covariance[0, 1] == pytest.approx(-both.covariance[0, 0])


def test_the_difference_is_that_of_free_energy_difference():
    x, w = tilted(1, 5000)
    own = est.populations(x, w, regions=STATES).free_energy_difference("left", "right")
    other = est.free_energy_difference(x, w, cut=0.0)
    assert own.value == pytest.approx(other.value, rel=1e-12)
    assert own.standard_error == pytest.approx(other.standard_error, rel=0.2)
    assert est.populations(x, w, regions=STATES).free_energy_difference("left", "left") == (0, 0)


def test_regions_across_the_end_of_a_period():
    angle = np.random.default_rng(2).uniform(-math.pi, math.pi, 20_000)
    regions = {"trans": (math.pi - 0.5, math.pi + 0.5), "same": (-math.pi - 0.5, -math.pi + 0.5)}
    found = est.populations(angle, regions=regions, period=2 * math.pi)
    # 0.013 is 5 sigma of 20,000 samples
    assert found.probability[0] == pytest.approx(1 / (2 * math.pi), abs=0.013)
    assert found.probability[0] == found.probability[1]
    # the planted error: no period, half of the region
    half = est.populations(angle, regions=regions)
    assert half.probability[0] == pytest.approx(0.5 / (2 * math.pi), abs=0.013)


def test_a_whole_period_holds_all_and_low_may_be_above_high():
    """As for `free_energy_difference`; the remainder of -1e-20 rounds to the period itself."""
    angle = np.array([-1e-20, 0.1, 3.0])
    regions = {"all": (0.0, 2 * math.pi), "end": (2.9, -3.0), "same": (2.9, 2 * math.pi - 3.0)}
    found = est.populations(angle, regions=regions, period=2 * math.pi)
    np.testing.assert_allclose(found.probability, [1.0, 1 / 3, 1 / 3])
    # the planted error: images by the remainder alone
    assert np.mod(-1e-20, 2 * math.pi) == 2 * math.pi


def test_boxes_of_several_coordinates():
    x = np.random.default_rng(3).uniform(size=(20_000, 2))
    found = est.populations(x, regions={"corner": ((0, 0.5), (0, 0.5))}, period=[None, 1.0])
    assert found.probability[0] == pytest.approx(0.25, abs=0.016)  # 5 sigma


def test_empty_and_full_regions_state_no_error():
    x = np.linspace(0.0, 1.0, 100)
    regions = {"none": (2.0, 3.0), "all": (-1.0, 2.0), "half": (-1.0, 0.5)}
    found = est.populations(x, regions=regions)
    np.testing.assert_allclose(found.probability, [0.0, 1.0, 0.5])
    assert np.array_equal(np.isnan(found.standard_error), [True, True, False])
    step = found.free_energy_difference("half", "none")
    assert step.value == math.inf
    assert math.isnan(step.standard_error)


def test_few_samples_in_a_region_and_heavy_weights_are_flagged():
    x = np.arange(1000.0)
    with pytest.warns(est.CalibrationWarning, match="20 effective .* must be in region 'rare'"):
        est.populations(x, regions={"rare": (0, 5)})
    with pytest.warns(est.CalibrationWarning, match="must be outside region 'most'.* got 5.0"):
        est.populations(x, regions={"most": (5, 2000)})
    heavy = 0.8 * np.random.default_rng(4).exponential(size=1000)
    with pytest.warns(est.CalibrationWarning, match="populations: Pareto k-hat"):
        est.populations(x, heavy, regions={"half": (0, 500)})
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        est.populations(x, np.zeros(1000), regions={"half": (0, 500)})


def test_samples_without_weight_are_nowhere():
    found = est.populations(
        [0.0, math.nan, 1.0], [0.0, -math.inf, 0.0], regions={"a": np.array([True, True, False])}
    )
    assert found.probability[0] == 0.5
    assert found.effective_samples[0] == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"coordinate": np.zeros((1, 1, 1))}, ValueError, r"coordinate must have shape \[n\] or"),
        (
            {"coordinate": [0.0, math.nan]},
            ValueError,
            "coordinate must be finite where.* got 1",
        ),
        ({"log_weights": [0.0]}, ValueError, "log_weights must have 2 values"),
        ({"regions": {}}, TypeError, "regions must be a mapping of names to regions, got {}"),
        ({"regions": [(0, 1)]}, TypeError, "regions must be a mapping of names to regions"),
        (
            {"regions": {"a": (1, 0)}},
            ValueError,
            r"\['a'\] must be a pair with low < high, got \(1",
        ),
        ({"regions": {"a": (0, 1, 2)}}, ValueError, r"must be 1 interval\(s\) .* got shape \(3,\)"),
        ({"regions": {"a": np.array([True])}}, ValueError, r"regions\['a'\] must have shape \(2,"),
        (
            {"regions": {"a": (0, 3)}, "period": 2.0},
            ValueError,
            "no longer than the period 2",
        ),
        ({"period": [1.0, 2.0]}, ValueError, "period must be one number, or 1, one a coordinate"),
        ({"period": -1.0}, ValueError, "period must be a positive finite number, got -1.0"),
        ({"n_blocks": 1}, ValueError, "n_blocks must be an integer >= 2"),
    ],
)
def test_bad_calls(change, error, message):
    call = {"coordinate": [0.0, 1.0], "regions": {"a": (0.0, 0.5)}} | change
    with pytest.raises(error, match=message):
        est.populations(call.pop("coordinate"), call.pop("log_weights", None), **call)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="name must be one of left, right, middle, got 'top'"):
        est.populations([0.0, 1.0], regions=STATES).population("top")
