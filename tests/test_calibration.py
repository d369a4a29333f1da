"""A small part of the table of calibration, and the errors it must find.

The whole of it is `python -m benchmarks calibration`, a thousand seeds a case.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # at the end: the package itself is the installed one

from benchmarks import calibration  # noqa: E402
from benchmarks.calibration.case import Case, Measured, evaluate, normal_scores  # noqa: E402

RUNS = 200
# The deviation of 200 scores is known to 1 / sqrt(398) = 5 %: these limits are five of those away,
# a false alarm of 6e-7 a case.
LOWER, UPPER = 0.75, 1.25
CHEAP = [  # milliseconds a run
    "log_z",
    "log_z_bounds, both",
    "weighted_average, mean",
    "free_energy_difference, counts",
    "populations",
    "reweighted_difference",
    "bar",
    "log_z_bar",
    "mean_with_error",
]
CASES = {f"{c.name}: {c.regime}": c for c in calibration.CASES if c.name in CHEAP}


@pytest.mark.parametrize("name", CASES)
def test_stated_errors_are_those_of_independent_runs(name):
    row = evaluate(CASES[name], RUNS)
    assert LOWER < row.deviation < UPPER, row
    assert abs(row.mean) < 5 / np.sqrt(RUNS) + 0.25, row  # a bias of a quarter is in the coverage


def tampered(case, factor):
    def measure(seeds):
        for one in case.measure(seeds):
            yield one._replace(standard_error=factor * np.asarray(one.standard_error))

    return Case(case.name, case.regime, measure)


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_an_error_off_by_a_square_root_of_two_is_found(factor):
    name = next(iter(CASES))
    row = evaluate(tampered(CASES[name], factor), RUNS)
    assert not LOWER < row.deviation < UPPER
    assert not row.holds


def test_a_missing_error_does_not_hold():
    def measure(seeds):
        for _ in seeds:
            yield Measured(0.0, float("nan"), 0.0)

    assert not evaluate(Case("none", "", measure), 10).holds


def test_few_blocks_are_mapped_from_students_law():
    t = stats.t.rvs(4, size=200_000, random_state=np.random.default_rng(0))
    assert np.std(t) > 1.3  # unmapped, five blocks would look wrong
    z = normal_scores(t, 4)
    assert np.std(z) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(normal_scores(np.array([-2.0, 0.0, 2.0]), np.inf), [-2, 0, 2])
    assert np.all(np.diff(normal_scores(np.linspace(-40, 40, 101), 4)) > 0)


def test_the_documentation_has_every_case():
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for case in calibration.CASES:
        assert f"| {case.name} | {case.regime} |" in text, case
