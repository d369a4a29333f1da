"""BAR and MBAR on harmonic wells, where f = log(k / 2 pi) / 2."""

from __future__ import annotations

import logging
import math
import warnings

import numpy as np
import pytest

from boltzmann_tf import estimators as est
from boltzmann_tf.estimators._connection import weakest_cut

SPRINGS = np.array([1.0, 2.0, 4.0])
EXACT = 0.5 * np.log(SPRINGS)
LOG_Z = 0.5 * math.log(2 * math.pi)


def work(rng, n, m):
    """Forward and reverse work between springs 1 and 4."""
    x, y = rng.normal(size=n), 0.5 * rng.normal(size=m)
    return 1.5 * x**2, -1.5 * y**2


def test_bar_is_exact_and_honest():
    scores = []
    for seed in range(200):
        found = est.bar(*work(np.random.default_rng(seed), 300, 600))
        scores.append((found.value - EXACT[2]) / found.standard_error)
    # SD 1 +- 0.05, mean 0 +- 0.07: over 5 sigma
    assert 0.7 < np.std(scores) < 1.3
    assert abs(np.mean(scores)) < 0.4


def test_bar_with_a_wrong_sign_is_seen():
    # the planted error: reverse work measured in the forward direction
    forward, reverse = work(np.random.default_rng(0), 5000, 5000)
    found = est.bar(forward, -reverse)
    assert abs(found.value - EXACT[2]) > 10 * found.standard_error


def test_bar_far_from_zero():
    forward, reverse = work(np.random.default_rng(1), 500, 500)
    near, far = est.bar(forward, reverse), est.bar(forward + 4000, reverse - 4000)
    assert far.value - 4000 == pytest.approx(near.value, abs=1e-6)
    assert far.standard_error == pytest.approx(near.standard_error, rel=1e-4)


@pytest.mark.parametrize("clash", [math.inf, 1e6])
def test_forbidden_samples_raise_the_free_energy(clash):
    # state 1 forbids half of state 0: f rises by log 2
    forward, reverse = work(np.random.default_rng(2), 4000, 4000)
    forward = np.r_[forward, np.full(4000, clash)]
    found = est.bar(forward, reverse)
    assert abs(found.value - EXACT[2] - math.log(2)) < 4.9 * found.standard_error  # 1e-6
    assert 0 < found.standard_error < 0.1


def test_log_z_bar_uses_both_sets():
    s, n = 0.6, 20_000  # narrow proposal: log_z alone has weights of infinite variance
    rng = np.random.default_rng(3)
    x, y = s * rng.normal(size=n), rng.normal(size=n)
    generated, reference = (-0.5 * v**2 + 0.5 * (v / s) ** 2 + math.log(s) + LOG_Z for v in (x, y))
    found = est.log_z_bar(generated, reference)
    assert abs(found.value - LOG_Z) < 4.9 * found.standard_error  # false alarm 1e-6
    assert found.standard_error < 0.02
    bounds = est.log_z_bounds(generated, reference)
    assert bounds.lower.value < found.value < bounds.upper.value


def shifted(rng, d, n=500, m=500):
    """Work between N(0, 1) and N(d, 1), whose free energies are equal."""
    return 0.5 * d**2 - d * rng.normal(size=n), d * (rng.normal(size=m) + d) - 0.5 * d**2


@pytest.mark.parametrize(("d", "shared"), [(4, 17.4), (6, 1.08)])
def test_a_few_shared_samples_make_an_honest_error(d, shared):
    """z-scores of 300 seeds: the bounds are over 4.8 sigma; Bennett's own error gives 1.13 at 6."""
    scores, sizes = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", est.CalibrationWarning)
        for seed in range(300):
            pair = shifted(np.random.default_rng(seed), d)
            found = est.bar(*pair)
            scores.append(found.value / found.standard_error)
            sizes.append(est.bar_overlap(*pair))
    assert 0.8 < np.std(scores) < 1.2
    assert np.median(sizes) == pytest.approx(shared, rel=0.25)


def test_sets_that_hardly_overlap_are_flagged_and_those_that_do_not_are_refused():
    rng = np.random.default_rng(0)
    with pytest.warns(est.CalibrationWarning, match="bar: the two sets must share 5 samples"):
        est.bar(*shifted(rng, 6))
    for d in (10, 14, 40, 1000):
        with pytest.raises(RuntimeError, match=r"bar: the two sets do not overlap.*got"):
            est.bar(*shifted(rng, d))
    with pytest.raises(RuntimeError, match="log_z_bar: the two sets do not overlap"):
        est.log_z_bar(np.full(9, -50.0), np.full(9, 50.0))
    # the planted error, by hand: without the limit a value stands for d = 1000, +- e^100000
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        est.bar(*shifted(rng, 4))


def test_perfect_overlap_has_no_error():
    assert est.bar(np.full(20, 0.3), np.full(10, -0.3)).value == pytest.approx(0.3, abs=1e-14)
    for found in (
        est.bar(np.full(20, 0.3), np.full(10, -0.3)),
        est.bar(np.full(3, 1e6), np.full(3, -1e6)),
        est.log_z_bar(np.full(500, 1.8), np.full(700, 1.8)),
    ):
        assert 0 <= found.standard_error < 1e-9
    assert est.log_z_bar(np.full(500, 1.8), np.full(700, 1.8)).value == pytest.approx(1.8)
    assert est.bar_overlap(np.full(20, 0.3), np.full(10, -0.3)) == pytest.approx(200 / 30)
    assert np.all(est.mbar(np.zeros((3, 60)), [10, 20, 30]).standard_error < 1e-9)


def test_a_single_sample_states_no_error():
    with pytest.warns(est.CalibrationWarning):
        found = est.bar([0.3], [-0.1])
    # of one sample each the root is between the works
    assert found.value == pytest.approx(0.2)
    assert math.isnan(found.standard_error)


def test_bar_solves_bennetts_equation_as_pymbar_does():
    pymbar = pytest.importorskip("pymbar")
    forward, reverse = work(np.random.default_rng(5), 400, 700)
    theirs = pymbar.other_estimators.bar(forward, reverse, uncertainty_method="MBAR")
    ours = est.bar(forward, reverse)
    assert ours.value == pytest.approx(theirs["Delta_f"], abs=1e-9)
    assert ours.standard_error == pytest.approx(theirs["dDelta_f"], rel=1e-6)


def harmonic(seed, n_k):
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(size=n) / np.sqrt(k) for n, k in zip(n_k, SPRINGS, strict=True)])
    return 0.5 * SPRINGS[:, None] * x**2


def test_mbar_of_three_springs():
    n_k = [1000, 500, 1500]
    found = est.mbar(harmonic(0, n_k), n_k)
    assert found.value[0] == 0
    # false alarm 1e-6 each
    assert np.all(np.abs(found.value - EXACT)[1:] < 4.9 * found.standard_error[1:])
    assert np.all(found.standard_error[1:] > 0)
    assert np.all(found.standard_error[1:] < 0.05)
    # the planted error: counts in the wrong order
    wrong = est.mbar(harmonic(0, n_k), [1500, 1000, 500])
    assert abs(wrong.value[2] - EXACT[2]) > 4.9 * found.standard_error[2]


def test_mbar_of_two_states_is_bar():
    energies = harmonic(1, [800, 0, 800])[[0, 2]]
    found = est.mbar(energies, [800, 800])
    step = energies[1] - energies[0]
    pair = est.bar(step[:800], -step[800:])
    assert found.value[1] == pytest.approx(pair.value, abs=1e-5)


def ladder(places, n, seed=0):
    """Reduced energies of unit Gaussians at `places`, n samples each; all f are equal."""
    places = np.asarray(places, float)
    x = np.concatenate([np.random.default_rng(seed).normal(size=n) + c for c in places])
    return 0.5 * (x - places[:, None]) ** 2, [n] * len(places)


def test_states_that_share_nothing_are_named(capfd, caplog):
    with pytest.raises(RuntimeError, match=r"mbar: states \[2, 3\] do not overlap with the others"):
        est.mbar(*ladder([0, 1, 30, 31], 3000))
    walls = np.array([[0.0] * 50 + [np.inf] * 50, [np.inf] * 50 + [0.0] * 50])
    with pytest.raises(RuntimeError, match="mbar: "):
        est.mbar(walls, [50, 50])
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert logging.getLogger("pymbar").level == logging.NOTSET
    # one state between joins them: the limit is on what connects, not on each pair
    with warnings.catch_warnings():
        warnings.simplefilter("error", est.CalibrationWarning)
        found = est.mbar(*ladder([0, 3, 6, 9], 200))
    assert np.all(np.abs(found.value[1:]) < 4.9 * found.standard_error[1:])  # false alarm 1e-6


def test_states_that_share_little_are_flagged():
    with pytest.warns(est.CalibrationWarning, match=r"mbar: states \[\d.*\] must share 5 samples"):
        est.mbar(*ladder([0, 5, 10], 200))


def test_a_state_without_samples_needs_light_weights():
    energies, counts = ladder([0, 1, 8], 300)
    with pytest.warns(est.CalibrationWarning, match=r"mbar, state 2: "):
        est.mbar(energies[:, :600], [*counts[:2], 0])


def test_an_unsolved_mbar_is_no_result(monkeypatch):
    """The planted error: a solver that stops and only logs it."""
    import pymbar

    class Stuck:
        def __init__(self, energies, counts):
            self.f_k = np.array([0.0, 1.0, 2.0])

    monkeypatch.setattr(pymbar, "MBAR", Stuck)
    with pytest.raises(RuntimeError, match="mbar: the equations were not solved"):
        est.mbar(harmonic(0, [50, 50, 50]), [50, 50, 50])


def test_mbar_errors_are_those_of_pymbar():
    import pymbar

    n_k = [300, 0, 500]
    energies = harmonic(3, [300, 200, 500])[:, np.r_[0:300, 500:1000]]
    theirs = pymbar.MBAR(energies, n_k).compute_free_energy_differences()
    ours = est.mbar(energies, n_k)
    np.testing.assert_allclose(ours.value, theirs["Delta_f"][0], atol=1e-9)
    np.testing.assert_allclose(ours.standard_error, theirs["dDelta_f"][0], rtol=1e-5)


def test_shared_samples_sum_to_those_of_each_state():
    n_k = [100, 50, 150]
    shared = est.mbar_overlap(harmonic(0, n_k), n_k)
    np.testing.assert_allclose(shared.sum(axis=1), n_k, rtol=1e-5)
    np.testing.assert_allclose(shared, shared.T)
    pair = harmonic(1, [80, 0, 80])[[0, 2]]
    step = pair[1] - pair[0]
    assert est.mbar_overlap(pair, [80, 80])[0, 1] == pytest.approx(
        est.bar_overlap(step[:80], -step[80:]), rel=1e-4
    )


def test_the_weakest_cut_of_all():
    """Against all 2^(K - 1) - 1 cuts of random networks."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        k = int(rng.integers(2, 7))
        shared = np.triu(rng.exponential(size=(k, k)) * (rng.random((k, k)) < 0.6), 1)
        shared = shared + shared.T
        bits = [[0, *(m >> i & 1 for i in range(k - 1))] for m in range(2 ** (k - 1))]
        masks = [np.array(b, bool) for b in bits]
        least = min(shared[m][:, ~m].sum() for m in masks if m.any())
        value, side = weakest_cut(shared)
        inside = np.isin(np.arange(k), side)
        assert value == pytest.approx(least, abs=1e-12)
        assert shared[inside][:, ~inside].sum() == pytest.approx(least, abs=1e-12)


def test_mbar_takes_walls():
    energies = harmonic(2, [500, 500, 0])[:2]
    energies[1, :250] = np.inf
    assert math.isfinite(est.mbar(energies, [500, 500]).value[1])


@pytest.mark.parametrize(
    ("energies", "n_k", "error", "message"),
    [
        ([0.0], [1], ValueError, r"reduced_energies must have shape \[K, N\], got \(1,\)"),
        ([[0.0, 1.0]], [1], ValueError, "n_k must be 1 counts >= 0 that sum to 2"),
        ([[0.0, 1.0]], [2.0], TypeError, "n_k must be an array of integers"),
        ([[0.0, math.nan]], [2], ValueError, "reduced_energies must be finite or .inf"),
        ([[0.0, math.inf]], [2], ValueError, "must be finite for a sample in its own state"),
        ([[0.0], [math.inf]], [1, 0], ValueError, r"finite somewhere in each state.* in \[1\]"),
        ("a", [2], TypeError, "reduced_energies must be an array of numbers, got str"),
    ],
)
def test_bad_mbar_calls(energies, n_k, error, message):
    with pytest.raises(error, match=message):
        est.mbar(energies, n_k)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        ([], r"work_forward must be a non-empty 1-D array, got shape \(0,\)"),
        ([math.nan], r"work_forward must be finite or \+inf, got 1 NaN or -inf of 1"),
        ([math.inf], "work_forward must hold a finite value"),
    ],
)
def test_bad_bar_calls(forward, message):
    with pytest.raises(ValueError, match=message):
        est.bar(forward, [0.0])
