"""Diagnostics in tables: limits, marks, and what the report says of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from boltzmann_tf.reproduction import Context, Metric, chain_columns, diagnose
from boltzmann_tf.reproduction.diagnostics import recognise
from boltzmann_tf.sampling import Chains


@pytest.mark.parametrize(
    ("kind", "value", "n", "good", "text"),
    [
        ("R-hat", 1.004, None, True, "1.004"),
        ("R-hat", 1.45, None, False, "1.450 (limit: at most 1.01)"),
        ("R-hat", np.nan, None, False, "nan (limit: at most 1.01)"),
        ("k-hat", 0.69, None, True, "0.69"),
        ("k-hat", 1.05, None, False, "1.05 (limit: at most 0.7)"),
        ("k-hat", -np.inf, None, True, "-inf"),
        ("k-hat", np.inf, None, False, "inf (limit: at most 0.7)"),
        ("effective samples", 161, None, False, "161 (limit: at least 400)"),
        ("effective samples", 12_345.0, None, True, "12,345"),
        ("ESS fraction", 0.02, 50_000, True, "0.02"),
        ("ESS fraction", 0.02, 5000, False,
         "0.02 (limit: effective samples at least 400, 100 here)"),
        ("autocorrelation time", 2.0, 1000, True, "2.0"),
        ("autocorrelation time", 10.0, 1000, False,
         "10.0 (limit: effective samples at least 400, 100 here)"),
    ],
)  # fmt: skip
def test_limits(kind, value, n, good, text):
    found = diagnose(kind, value, n=n)
    assert found.good == good
    assert str(found) == text


def test_chains_have_their_diagnostics_for_each_observable():
    """Of independent draws both are good; of chains that each stay where they began neither is."""
    free = np.random.default_rng(0).normal(size=(8, 500))
    stuck = free + 10 * np.arange(8)[:, None]
    chains = Chains(free[..., None], free, np.full(8, 0.4), 0.25, steps=4000, seed=0)
    row = chain_columns(chains, {"u": free, "x": stuck})
    assert list(row) == [
        "acceptance", "step", "R-hat of u", "effective samples of u", "R-hat of x",
        "effective samples of x",
    ]  # fmt: skip
    assert (row["acceptance"], row["step"]) == ("0.40", "0.25")
    assert [value.good for value in list(row.values())[2:]] == [True, True, False, False]
    assert row["R-hat of x"] == diagnose("R-hat", chains.diagnostics(stuck)["r_hat"])


def test_bad_input():
    with pytest.raises(ValueError, match="kind must be"):
        diagnose("r-hat", 1.0)
    with pytest.raises(TypeError, match="n must be"):
        diagnose("ESS fraction", 0.5)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("k-hat", 1.05, "1.05 (limit: at most 0.7)"),
        ("Pareto k-hat", "1.05", "1.05 (limit: at most 0.7)"),
        ("ours: k-hat of the weights", np.float32(0.5), "0.50"),
        ("R-hat of u", "1.45", "1.45 (limit: at most 1.01)"),
        ("effective samples", "1,610", "1,610"),
        ("effective samples", 161, "161 (limit: at least 400)"),
    ],
)
def test_a_number_that_bears_the_name_of_a_diagnostic_is_one(name, value, text):
    assert str(recognise(name, value)) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k-hat", "–"),
        ("k-hat", None),
        ("k-hat", True),
        ("k-hats", 1.05),
        ("effective samples a second", 12.0),
        ("R-hat of u, limit", 1.45),
        ("ESS fraction", 0.002),  # of how many?
        ("k-hat", diagnose("k-hat", 1.05)),
    ],
)
def test_what_is_no_such_number_stays(name, value):
    assert recognise(name, value) is value


def rendered(tmp_path, rows, metric=None):
    context = Context("marks", output=tmp_path)
    context.begin()
    context.table("Chains", rows)
    context.add(metric or Metric.at_most("one", 0.0, 1.0))
    content = context.finish()
    return (context.directory / "report.html").read_text(encoding="utf-8"), content


MARK = '<span class="mark" aria-hidden="true">!</span><span class="unseen"> beyond its limit</span>'


def test_what_is_beyond_its_limit_is_marked_in_the_table_and_at_the_top(tmp_path, capsys):
    bad = [{"state": "right", "R-hat": diagnose("R-hat", 1.45), "k": diagnose("k-hat", 1.05),
            "f": diagnose("ESS fraction", 0.002, n=50_000)}]  # fmt: skip
    text, content = rendered(tmp_path, bad)
    top, table = text.split("<h2>Verdicts", 1)
    assert "3 diagnostics beyond the limits, marked" in top
    assert content["diagnostics_beyond_limits"] == 3
    for number in ("1.450", "1.05", "0.002"):
        assert f'<span class="beyond">{number} {MARK}</span>' in table
    assert '<span class="note">100 effective</span>' in table
    assert "(R-hat: at most 1.01; k: at most 0.7; f: effective samples at least 400)" in table
    said = " ".join(capsys.readouterr().err.split())
    assert "Chains: 3 diagnostics beyond the limits (R-hat, k, f)" in said


def test_what_is_beyond_its_limit_is_marked_where_it_was_written_as_a_text(tmp_path):
    text, _ = rendered(tmp_path, [{"state": "right", "R-hat of u": "1.45", "k-hat": f"{1.05:.2f}"}])
    assert f"1.45 {MARK}" in text
    assert f"1.05 {MARK}" in text


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        (Metric.at_most("ours: k-hat", 1.05, 2.0), "limit: at most 0.7"),
        (
            Metric.close("F", 0.0, 0.0, 1.0, diagnostics={"k-hat": diagnose("k-hat", 1.05)}),
            "k-hat 1.05 (limit: at most 0.7)",
        ),
        (
            Metric.at_least(
                "ours: ESS fraction", 0.01, 0.005,
                diagnostics={"ESS fraction": diagnose("ESS fraction", 0.01, n=2000)},
            ),
            "ESS fraction 0.01 (limit: effective samples at least 400, 20 here)",
        ),
    ],
)  # fmt: skip
def test_a_metric_that_passes_is_marked_all_the_same(tmp_path, capsys, metric, shown):
    text, content = rendered(tmp_path, [{"a": 1}], metric)
    assert content["passed"]
    assert content["diagnostics_beyond_limits"] == 1
    assert f'<span class="note beyond">{MARK} {shown}</span>' in text
    assert metric.name in capsys.readouterr().err
    assert Metric.from_dict(json.loads(json.dumps(metric.to_dict()))) == metric


def test_a_metric_with_good_diagnostics_is_not(tmp_path):
    good = Metric.at_most("F", 0.0, 1.0, diagnostics={"k-hat": diagnose("k-hat", 0.2)})
    text, content = rendered(tmp_path, [{"a": 1}], good)
    assert content["diagnostics_beyond_limits"] == 0
    assert 'class="mark"' not in text
    with pytest.raises(TypeError, match="diagnostics must be a Diagnostic, got 1.05"):
        Metric.at_most("F", 0.0, 1.0, diagnostics={"k-hat": 1.05})
    with pytest.raises(TypeError, match="diagnostics must be a Mapping, got 1.05"):
        Metric.at_most("F", 0.0, 1.0, diagnostics=1.05)


def test_what_is_within_its_limit_is_a_number(tmp_path, capsys):
    text, _ = rendered(tmp_path, [{"state": "left", "R-hat": diagnose("R-hat", 1.002)}])
    assert "diagnostics" not in text
    assert ">1.002</td>" in text
    assert "limits" not in capsys.readouterr().err
