from __future__ import annotations

import json
import math

import numpy as np
import pytest

from boltzmann_tf.reproduction import Metric
from boltzmann_tf.reproduction.metrics import to_json

RULES = {
    "close": lambda v: Metric.close("m", v, 1.0, 0.5),
    "at_most": lambda v: Metric.at_most("m", v, 1.5),
    "at_least": lambda v: Metric.at_least("m", v, 0.5),
    "within": lambda v: Metric.within("m", v, 0.5, 1.5),
    "within_errors": lambda v: Metric.within_errors("m", v, 0.25, 1.0, errors=2.0),
}


@pytest.mark.parametrize("rule", RULES)
def test_passes_inside_and_on_the_edge_and_fails_just_outside(rule):
    make = RULES[rule]
    assert make(1.0).passed
    for edge, outwards in ((0.5, -1e-9), (1.5, 1e-9)):
        bounded = not (rule == "at_most" and edge == 0.5 or rule == "at_least" and edge == 1.5)
        assert make(edge).passed
        assert make(edge + outwards).passed != bounded


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_value_that_is_not_finite_never_passes(rule, value):
    assert not RULES[rule](value).passed


def test_not_even_when_it_is_said_to_have_passed():
    assert not Metric(name="m", value=math.nan, passed=True).passed


def test_a_reference_that_is_not_finite_fails_the_metric_and_not_the_run():
    assert not Metric.close("m", 1.0, math.nan, 0.5).passed
    assert not Metric.close("m", math.inf, math.inf, 0.5).passed


@pytest.mark.parametrize("error", [math.nan, 0.0, -1.0, math.inf])
def test_a_stated_error_that_is_none_fails_even_at_the_exact_value(error):
    metric = Metric.within_errors("m", 1.0, error, 1.0)
    assert not metric.passed
    assert metric.tolerance is None


def test_a_bound_is_an_exact_reference():
    assert Metric.at_most("m", 1.0, 2.0, reference_kind="bound").reference_kind == "exact"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Metric.close("m", 1.0, 1.0, 0.0), ValueError, "tolerance must be a positive"),
        (lambda: Metric.close("m", 1.0, 1.0, math.nan), ValueError, "tolerance must be a positive"),
        (lambda: Metric.at_most("m", 1.0, math.inf), ValueError, "limit must be a finite number"),
        (lambda: Metric.within("m", 1.0, 2.0, 1.0), ValueError, "low must be less than high"),
        (lambda: Metric.at_most("", 1.0, 2.0), ValueError, "name must be a non-empty text"),
        (lambda: Metric.at_most("m", "1", 2.0), TypeError, "value must be a number, got '1'"),
        (lambda: Metric.at_most("m", [1.0, 2.0], 2.0), ValueError, "value must be a single number"),
        (
            lambda: Metric.at_most("m", 1.0, 2.0, reference_kind="guess"),
            ValueError,
            "reference_kind must be one of",
        ),
        (
            lambda: Metric.within_errors("m", 1.0, 0.1, 1.0, errors=0),
            ValueError,
            "errors must be a positive",
        ),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def test_json_has_the_agreed_keys_and_is_strict():
    metric = Metric.close("log Z", np.float32("nan"), np.inf, 0.5, standard_error=np.float64(0.1))
    text = to_json({"metrics": [metric], "n": np.int64(3), "x": np.array([1.0, np.nan])})
    content = json.loads(text, parse_constant=refuse)
    assert set(content["metrics"][0]) >= {
        "name",
        "value",
        "standard_error",
        "reference",
        "reference_kind",
        "source",
        "tolerance",
        "passed",
    }
    assert content["metrics"][0]["value"] is None
    assert content["metrics"][0]["reference"] is None
    assert content["metrics"][0]["passed"] is False
    assert content["n"] == 3
    assert content["x"] == [1.0, None]


def test_the_parser_of_that_test_would_see_a_nan():
    with pytest.raises(AssertionError, match="NaN"):
        json.loads(json.dumps([math.nan]), parse_constant=refuse)
