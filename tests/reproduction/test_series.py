"""Quantities over a parameter from one source."""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf.estimators import Estimate, Estimates
from boltzmann_tf.reproduction import Series

T = np.array([1.0, 2.0, 4.0])


def test_of_a_function_and_of_what_was_found():
    exact = Series.of("exact", T, lambda t: t**2)
    np.testing.assert_array_equal(exact.value, T**2)
    assert exact.error is None
    found = Series.over("generator", {t: Estimate(t**2 + 1, 0.5) for t in T}, kind="L = 4")
    assert found.label == "generator, L = 4"
    np.testing.assert_array_equal((found - exact).value, np.ones(3))
    np.testing.assert_array_equal((found - exact).error, found.error)
    np.testing.assert_array_equal((found * -2.0).error, np.ones(3))
    numbers = Series.over("generator", {1.0: {"a": 3}, 2.0: {"a": 4}}, lambda m: m["a"])
    np.testing.assert_array_equal(numbers.value, [3, 4])
    assert numbers.error is None
    assert list(found)[1] == (2.0, 5.0, 0.5)


def test_scores_combine_the_errors_of_both():
    found = Series("generator", T, [1.0, 2.0, 3.0], [0.3, 0.3, 0.3])
    other = Series("Monte Carlo", T, [1.5, 2.0, 2.0], [0.4, 0.4, 0.4])
    np.testing.assert_allclose(found.scores(other), [1, 0, 2])
    np.testing.assert_allclose(found.scores([1.3, 2.0, 3.0]), [1, 0, 0])
    np.testing.assert_allclose(found.scores(lambda t: 0 * t + 2), [1 / 0.3, 0, 1 / 0.3])
    # Without errors nothing passes idly, not even what is the same.
    assert np.all(np.isinf(Series("a", T, T).scores(Series("b", T, T))))
    bad = Series("generator", T, [1.0, np.nan, 3.0], [0.3, 0.3, np.nan])
    assert np.isnan(bad.scores(found)[1:]).all()


def test_means_of_points_in_order():
    """What is left at the end is left out; float32 is added up in float64."""
    found = Series("generator", np.arange(7), [0, 2, 4, 6, 1, 3, 99], np.ones(7), kind="L = 4")
    means = found.means(2)
    assert (means.label, means.error) == ("generator, L = 4", None)
    np.testing.assert_array_equal(means.x, [0.5, 2.5, 4.5])
    np.testing.assert_array_equal(means.value, [1, 5, 2])
    assert len(found.means(8)) == 0
    many = Series("a", np.arange(3), np.array([2.0**24, 1.0, 1.0], np.float32))
    assert many.means(3).value[0] == (2.0**24 + 2) / 3


def test_other_lengths_and_other_places_are_refused():
    with pytest.raises(ValueError, match=r"x, value and error of 'a' must be of one length \[n\]"):
        Series("a", T, T[:2])
    with pytest.raises(ValueError, match=r"x, value and error of 'a, b' must be"):
        Series("a", T, T, np.ones(2), kind="b")
    with pytest.raises(ValueError, match="source must be a non-empty text, got ''"):
        Series("", T, T)
    with pytest.raises(ValueError, match=r"'b' must be at the same x as 'a', \[1.0, 2.0, 4.0\]"):
        Series("a", T, T).beside(Series("b", T + 1e-6, T))
    with pytest.raises(ValueError, match="what 'a' is held against must have 3 values"):
        Series("a", T, T) - np.ones(2)
    with pytest.raises(ValueError, match="found must hold at least one result of 'a', got none"):
        Series.over("a", {})


def test_estimates_print_and_subtract_themselves():
    one = Estimate(1.25, 0.03)
    assert f"{one:.2f}" == "1.25 ± 0.03"
    assert f"{one}" == repr(one)
    difference = one - Estimate(1.0, 0.04)
    assert difference.value == 0.25
    assert difference.standard_error == pytest.approx(0.05)
    with pytest.raises(TypeError):
        one - 1.0
    several = Estimates(np.arange(6.0).reshape(2, 3), 0.1 * np.ones((2, 3)))
    assert several.at(1, 2) == Estimate(5.0, 0.1)


def test_a_density_counts_what_lies_outside():
    """Four values, of weights 1, 1, 2, 4, the last one outside: 2/8 and 2/8 in bins of 0.5, 1."""
    edges = [0.0, 0.5, 1.5]
    found = Series.density("generator", [0.1, 0.4, 1.0, 9.0], edges, weights=[1, 1, 2, 4])
    np.testing.assert_allclose(found.x, [0.25, 1.0])
    np.testing.assert_allclose(found.value, [0.5, 0.25])
    rows = Series.density("generator", [[0.1, 1.0], [9.0, 9.0]], edges, weights=[1, 3])
    np.testing.assert_allclose(rows.value, [1 / 8 / 0.5, 1 / 8])
    np.testing.assert_allclose(Series.density("x", [], edges, kind="none").value, [0, 0])
