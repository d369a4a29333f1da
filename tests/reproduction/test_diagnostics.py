"""Diagnostics in tables: limits, marks, and what the report says of them."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf.reproduction import Context, Metric, diagnose


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


def test_bad_input():
    with pytest.raises(ValueError, match="kind must be"):
        diagnose("r-hat", 1.0)
    with pytest.raises(TypeError, match="n must be"):
        diagnose("ESS fraction", 0.5)


def rendered(tmp_path, rows):
    context = Context("marks", output=tmp_path)
    context.begin()
    context.table("Chains", rows)
    context.add(Metric.at_most("one", 0.0, 1.0))
    context.finish()
    return (context.directory / "report.html").read_text(encoding="utf-8")


def test_what_is_beyond_its_limit_is_marked_in_the_table_and_at_the_top(tmp_path, capsys):
    bad = [{"state": "right", "R-hat": diagnose("R-hat", 1.45), "k": diagnose("k-hat", 1.05)}]
    text = rendered(tmp_path, bad)
    top, table = text.split("<table", 1)
    assert ">2</span> of the diagnostics in tables beyond their limits" in top
    assert '1.450 <span class="badge fail">!</span><span class="note">at most 1.01' in table
    assert '1.05 <span class="badge fail">!</span><span class="note">at most 0.7' in table
    said = " ".join(capsys.readouterr().err.split())
    assert "Chains: 2 diagnostics beyond their limits (R-hat, k)" in said


def test_what_is_within_its_limit_is_a_number(tmp_path, capsys):
    text = rendered(tmp_path, [{"state": "left", "R-hat": diagnose("R-hat", 1.002)}])
    assert "diagnostics" not in text
    assert ">1.002</td>" in text
    assert "limits" not in capsys.readouterr().err
