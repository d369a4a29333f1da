"""What studies are judged by: widening, families, shared reasons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from boltzmann_tf.estimators import Estimate
from boltzmann_tf.reproduction import Context, Plan, Series, Targets, by_preset, family_limit

X = np.arange(5.0)


@pytest.fixture(params=["quick", "paper"])
def context(request, tmp_path):
    return Context("a", request.param, tmp_path)


def test_preset_quick_widens_what_is_a_tolerance(context):
    w = 2.0 if context.quick else 1.0
    targets = Targets(context, label="net", source="quadrature")
    found = targets.close("log Z", Estimate(1.0, 0.01), 1.02, 0.05)
    assert (found.tolerance, found.standard_error, found.name) == (0.05 * w, 0.01, "net: log Z")
    assert found.source == "quadrature"
    assert found.justification == "a target set before any run; quick: twice as wide"
    assert targets.at_most("a", 1.0, 3.0).tolerance == 3.0 * w
    assert targets.at_most("b", 1.0, 3.0, slack=0.5).tolerance == 3.0 + 0.5 * w
    assert targets.at_least("c", 1.0, 0.4).tolerance == 0.4 / w
    assert targets.at_least("d", 1.0, 1.0, slack=0.1).tolerance == 1 - 0.1 * w
    fixed = targets.at_most("e", 1.0, 3.0, widened=False, source="other")
    assert (fixed.tolerance, fixed.source) == (3.0, "other")
    assert fixed.justification == "a target set before any run"
    assert targets.within("f", 1.0, 0.5, 1.5).tolerance == 0.5
    other = targets.of("b", reference_kind="simulation", why="because")
    assert other.close("log Z", 1.0, Estimate(1.0, 2.0), 0.1).reference_kind == "simulation"
    assert len(context.metrics) == 8


def test_one_number_lies_within_three_errors(context):
    targets = Targets(context)
    assert targets.within_errors("a", Estimate(1.0, 0.1), 1.29).passed
    assert not targets.within_errors("b", Estimate(1.0, 0.1), 1.31).passed
    both = targets.within_errors("c", Estimate(1.0, 0.3), Estimate(2.0, 0.4))
    assert both.tolerance == pytest.approx(1.5)
    assert not targets.within_errors("d", Estimate(1.0, np.nan), 1.0).passed
    with pytest.raises(ValueError, match="value of 'e' must be an estimate with an error"):
        targets.within_errors("e", 1.0, 1.0)


def test_a_family_is_held_to_its_own_false_alarms(context):
    """Exact: the largest of k normal deviations exceeds the limit in one of a thousand runs."""
    for k in (1, 5, 60, 1000):
        inside = (1 - 2 * norm.sf(family_limit(k))) ** k
        assert 1 - inside == pytest.approx(1e-3, rel=1e-9)
    targets, error = Targets(context), np.full(5, 0.1)
    found = Series("generator", X, X + 0.36, error)
    assert targets.agree("a", found, X).passed  # each 3.6 errors off: the limit of 5 is 3.72
    assert not targets.agree("b", Series("generator", X, X + 0.38, error), X).passed
    assert not targets.agree("c", Series("generator", X[:1], X[:1] + 0.31, error[:1]), X[:1]).passed
    pooled = targets.agree("d", [(found, X), (found, Series("exact", X, X))])
    assert pooled.tolerance == family_limit(10)
    assert "the largest of 10: a false alarm in 0.1% of runs" in pooled.justification
    holed = Series("generator", X, np.where(X == 2, np.nan, X), error)
    assert not targets.agree("e", holed, X).passed
    assert not targets.scores("f", [0.1, np.nan]).passed
    assert targets.scores("g", [-3.0, 1.0]).value == 3.0
    with pytest.raises(ValueError, match="scores of 'h' must hold at least one, got none"):
        targets.scores("h", [])


def test_a_family_of_right_numbers_seldom_fails():
    """4000 families of 20: the share that fails is one in a thousand, within 4 errors."""
    deviations = np.abs(np.random.default_rng(0).standard_normal((4000, 20))).max(axis=1)
    assert np.sum(deviations > family_limit(20)) <= 4 + 4 * 2
    assert np.sum(deviations > 3.0) > 100  # three errors of each would fail in 5 % of them


def test_stated_errors_are_held_to_a_limit(context):
    targets = Targets(context)
    one = Series("generator", [1.0, 2.0], [4.0, -1.0], [0.02, 0.01])
    two = Series("Monte Carlo", [1.0, 2.0], [4.0, -1.0], [0.03, 0.005])
    assert targets.stated("a", one, 0.1).value == 0.02
    assert targets.stated("b", [one, two], 0.1).value == 0.03
    assert targets.stated("c", [one, two], 0.1, relative=True).value == pytest.approx(0.01)
    with pytest.raises(ValueError, match="'exact' must have errors to be held, got none"):
        targets.stated("d", Series("exact", X, X), 0.1)


def test_a_metric_is_judged_once(context):
    targets = Targets(context)
    targets.at_most("a", 1.0, 2.0)
    with pytest.raises(ValueError, match="name of its own, got 'a' again"):
        targets.at_least("a", 1.0, 2.0)


class Small(Plan):
    steps = by_preset(10, 1000)  # of training
    sizes = by_preset((2,), paper=(2, 3, 4))
    sweeps = 8


def test_a_plan_gives_the_presets_values():
    assert (Small("quick").steps, Small("quick").sizes, Small("quick").sweeps) == (10, (2,), 8)
    assert (Small("paper").steps, Small("paper").sizes, Small("paper").sweeps) == (
        1000,
        (2, 3, 4),
        8,
    )


def test_a_plan_is_complete_and_does_not_change():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'paper'"):
        by_preset(1)
    with pytest.raises(ValueError, match="preset must be one of"):
        Small("slow")
    with pytest.raises(AttributeError, match="steps must be set in the class, got 3"):
        Small("quick").steps = 3
    with pytest.raises(AttributeError, match="typo must be set in the class, got 3"):
        Small("quick").typo = 3

    class Other:
        steps = by_preset(1, 2)

    with pytest.raises(TypeError, match="by_preset must be used in a Plan, got Other"):
        getattr(Other(), "steps")  # noqa: B009


def test_streams_have_seeds_by_name(tmp_path):
    one, two = Context("a", output=tmp_path), Context("a", output=tmp_path, seed=1)
    names = [("data",), ("data", 0), ("data", 1), ("training",), ("training", 1), ("data", 1, 0)]
    seeds = [c.seed_of(*name) for c in (one, two) for name in names]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert one.seed_of("data", 1) == Context("b", "paper", tmp_path).seed_of("data", 1)
    assert one.seed_of("data") == 1729703398  # the same on every machine, in every version
    with pytest.raises(ValueError, match="name must be a non-empty text, got ''"):
        one.seed_of("")
    with pytest.raises(ValueError, match="numbers must be an integer >= 0, got -1"):
        one.seed_of("data", -1)
