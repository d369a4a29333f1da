"""g(r) and S(q) against what is known exactly, with weights and without, and their errors.

Gaussian scores of 6 are exceeded once in 5e8, so a hundred of them raise a false alarm once in 5e6.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import integrate, special, stats

from boltzmann_tf import estimators
from boltzmann_tf.estimators import CalibrationWarning, _pair_kernels, _streams
from boltzmann_tf.estimators import pair_distribution as g_of
from boltzmann_tf.estimators import structure_factor as s_of

SIDES = np.array([4.0, 5.0, 6.0])
WORST = 6.0


def uniform(m, n, dimension, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (m, n, dimension)) * SIDES[:dimension]


def score(found, exact):
    """The largest deviation in units of the stated error."""
    known = np.isfinite(found.standard_error)
    assert known.mean() > 0.5
    return np.max(np.abs(found.value - exact)[known] / found.standard_error[known])


def repulsion(r2):
    return 2.0 * np.exp(-r2)


@pytest.fixture(scope="module")
def pairs():
    """Two particles in the plane, uniform, with the weights of a repulsion: x and log-weights."""
    x = uniform(60_000, 2, 2, seed=1)
    d = x[:, 1] - x[:, 0]
    d -= SIDES[:2] * np.round(d / SIDES[:2])
    return x, -repulsion((d**2).sum(axis=1))


@pytest.fixture(scope="module")
def exact_pairs():
    """Its g(r) at bin averages, from quadratures, and a function of S(q)."""
    (a, b), edges = SIDES[:2] / 2, np.linspace(0, 2, 21)
    z = 4 * integrate.dblquad(lambda y, x: np.exp(-repulsion(x * x + y * y)), 0, a, 0, b)[0]
    shells = [
        integrate.quad(lambda r: 2 * np.pi * r * np.exp(-repulsion(r * r)), *pair)[0]
        for pair in zip(edges[:-1], edges[1:], strict=True)
    ]
    g = 0.5 * np.array(shells) / z * SIDES[:2].prod() / (np.pi * np.diff(edges**2))

    def s(n):
        q = 2 * np.pi * np.array(n) / SIDES[:2]
        wave = integrate.dblquad(
            lambda y, x: np.cos(q[0] * x) * np.cos(q[1] * y) * np.exp(-repulsion(x * x + y * y)),
            *(0, a, 0, b),
        )[0]
        return 1 + 4 * wave / z

    return edges, g, s


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_ideal_gas(dimension):
    """g = (N - 1) / N in every shell, 1 between two kinds; S = 1 at every wave vector."""
    x, sides = uniform(3000, 5, dimension), SIDES[:dimension]
    edges = np.linspace(0, 2, 11)
    g = g_of(x, edges=edges, lengths=sides)
    assert g.ideal == pytest.approx(0.8)
    assert score(g, 0.8) < WORST
    cross = g_of(x, edges=edges, lengths=sides, between=([0, 1], [2, 3, 4]))
    assert cross.ideal == 1.0
    assert score(cross, 1.0) < WORST
    within = g_of(x, edges=edges, lengths=sides, between=([1, 0], [0, 1]))
    assert within.ideal == 0.5
    assert score(within, 0.5) < WORST
    s = s_of(x, q_max=6.0, lengths=sides)
    assert score(s, 1.0) < WORST


def test_two_particles_by_quadrature(pairs, exact_pairs):
    (x, logs), (edges, g, s) = pairs, exact_pairs
    assert score(g_of(x, logs, edges=edges, lengths=SIDES[:2]), g) < WORST
    found = s_of(x, logs, q_max=2.1, lengths=SIDES[:2])
    # Lengths 2 pi / 5, 2 pi / 4 and (2 pi / 5, +-2 pi / 4).
    assert found.vectors.tolist() == [1, 1, 2]
    assert found.q == pytest.approx(2 * np.pi * np.array([0.2, 0.25, np.hypot(0.2, 0.25)]))
    assert score(found, [s([0, 1]), s([1, 0]), s([1, 1])]) < WORST


def test_planted_errors_are_seen(pairs, exact_pairs, monkeypatch):
    """Missing weights; each pair counted twice; a factor N - 1 for N."""
    (x, logs), (edges, g, s) = pairs, exact_pairs
    assert score(g_of(x, edges=edges, lengths=SIDES[:2]), g) > 3 * WORST
    assert score(s_of(x, q_max=1.3, lengths=SIDES[:2]), s([0, 1])) > 3 * WORST
    assert score(g_of(x, logs, edges=edges, lengths=SIDES[:2]), 2 * g) > 3 * WORST
    right = _pair_kernels.histogram

    def twice(*arguments):
        right(*arguments)
        arguments[-1][:] *= 2

    monkeypatch.setattr(_pair_kernels, "histogram", twice)
    assert score(g_of(x, logs, edges=edges, lengths=SIDES[:2]), g) > 3 * WORST


@pytest.mark.parametrize("edges", [np.arange(0, 2.1, 0.25), [0.0, 0.5, 0.75, 1.0, 1.9], [0.5, 1.0]])
@pytest.mark.parametrize("lengths", [SIDES, None])
def test_counts_are_those_of_numpy(edges, lengths):
    """Also of distances that lie on the edges: of a lattice with spacing 1/4."""
    rng = np.random.default_rng(3)
    lattice = rng.integers(-8, 9, (40, 9, 3)) / 4
    for x in (lattice, uniform(40, 9, 3)):
        d = x[:, :, None] - x[:, None]
        if lengths is not None:
            d -= lengths * np.floor(d / lengths + 0.5)
        r = np.sqrt((d**2).sum(axis=-1))[:, *np.triu_indices(9, 1)]
        found = g_of(x, edges=edges, lengths=lengths)
        assert found.counts.tolist() == np.histogram(r, edges)[0].tolist()


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_open_space(dimension):
    """Gaussian particles: chi distributed distances, and Debye's formula gives 1 + exp(-q^2)."""
    x = np.random.default_rng(4).normal(size=(20_000, 2, dimension))
    edges = np.linspace(0, 3, 13)
    g = g_of(x, edges=edges)
    assert np.isnan(g.ideal)
    exact = np.diff(stats.chi.cdf(edges, dimension, scale=np.sqrt(2))) / np.diff(edges)
    assert score(g, exact) < WORST
    q = np.array([0.0, 0.4, 1.0, 1.7])
    s = estimators.debye_structure_factor(x, q=q)
    assert s.value[0] == 2.0
    assert np.isnan(s.standard_error[0])
    assert score(s, 1 + np.exp(-(q**2))) < WORST


def test_debye_of_a_rigid_pair():
    q, r = np.array([0.3, 2.0, 5.0]), 1.3
    f = {1: np.cos, 2: special.j0, 3: lambda v: np.sin(v) / v}
    for dimension, function in f.items():
        x = np.zeros((3, 2, dimension))
        x[:, 1, 0] = r
        found = estimators.debye_structure_factor(x, q=q)
        assert found.value == pytest.approx(1 + function(q * r), rel=1e-12)
        assert np.all(np.isnan(found.standard_error))  # nothing ever moved


def test_a_crystal():
    """Bragg peaks of N where all phases agree, nothing elsewhere: square and cubic lattices."""
    for dimension, k in ((2, 6), (3, 4)):
        grid = np.stack(np.meshgrid(*[np.arange(k)] * dimension, indexing="ij"), -1)
        x = grid.reshape(1, -1, dimension) + 0.123
        n, peak = k**dimension, 2 * np.pi
        found = s_of(np.repeat(x, 2, 0), q_max=peak, lengths=k)
        assert found.q[-1] == pytest.approx(peak)
        assert found.vectors[-1] >= dimension
        # Of the vectors of this length those along the axes are the lattice's own.
        assert found.value[-1] * found.vectors[-1] == pytest.approx(dimension * n)
        assert found.value[:-1] == pytest.approx(0, abs=1e-10)


def test_wave_vectors_are_all_there_once():
    x = uniform(3, 7, 3)
    found = s_of(x, q_max=4.0, lengths=SIDES)
    n = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    q = 2 * np.pi * n / SIDES
    length = np.linalg.norm(q, axis=1)
    s = np.abs(np.exp(1j * x @ q.T).sum(axis=1)) ** 2 / 7
    assert 2 * found.vectors.sum() == np.sum((length > 0) & (length <= 4.0))
    for at, value, vectors in zip(found.q, found.value, found.vectors, strict=True):
        same = np.abs(length - at) < 1e-6
        assert same.sum() == 2 * vectors
        assert s[:, same].mean() == pytest.approx(value, rel=1e-9)
    shells = s_of(x, q_max=4.0, lengths=SIDES, width=1.0)
    assert shells.vectors.sum() == found.vectors.sum()
    assert shells.value @ shells.vectors == pytest.approx(found.value @ found.vectors)


def test_a_weight_is_a_number_of_copies():
    x, copies = uniform(50, 4, 3), np.arange(50) % 4
    edges = np.linspace(0, 2, 6)
    logs = np.log(np.maximum(copies, 1e-300)) + 1000.0
    logs[copies == 0] = -np.inf
    x[copies == 0] = np.nan  # outside the support
    for estimate in (
        lambda x, logs: g_of(x, logs, edges=edges, lengths=SIDES),
        lambda x, logs: s_of(x, logs, q_max=3.0, lengths=SIDES),
        lambda x, logs: estimators.debye_structure_factor(x, logs, q=[0.5, 1.0]),
    ):
        weighted, repeated = estimate(x, logs), estimate(np.repeat(x, copies, axis=0), None)
        assert weighted.value == pytest.approx(repeated.value, rel=1e-12)


def test_parts_and_streams_are_the_same_as_the_whole(monkeypatch):
    x, edges = uniform(999, 4, 3), np.linspace(0, 2, 6)
    logs = np.random.default_rng(0).normal(size=999)
    whole = g_of(x, logs, edges=edges, lengths=SIDES, n_blocks=20)
    plain = g_of(x, edges=edges, lengths=SIDES, n_blocks=20)

    def stream(weights):
        for k in range(0, 999, 77):
            part = slice(k, k + 77)
            yield x[part].astype(np.float64), None if weights is None else weights[part]

    monkeypatch.setattr(_streams, "PART", 500)
    for expected, given in ((whole, logs), (plain, None)):
        for found in (
            g_of(stream(given), edges=edges, lengths=SIDES, n_blocks=20),
            g_of(x, given, edges=edges, lengths=SIDES, n_blocks=20),
        ):
            assert found.value == pytest.approx(expected.value, rel=1e-12)
            assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-9)
    s = s_of(stream(logs), q_max=2.0, lengths=SIDES)
    assert s.value == pytest.approx(s_of(x, logs, q_max=2.0, lengths=SIDES).value, rel=1e-12)


def test_block_sums_are_blocks_of_consecutive_samples():
    rng = np.random.default_rng(1)
    columns, logs = rng.normal(size=(1000, 2)), rng.normal(size=1000) * 3
    sums = _streams.BlockSums(16, 2)
    for start in range(0, 1000, 90):
        sums.add(columns[start : start + 90], logs[start : start + 90])
    value, error = sums.averages()
    w = np.exp(logs)
    assert value == pytest.approx(w @ columns / w.sum())
    assert sums.size == 32  # 1000 / 32 blocks are between 16 and 32
    blocks = np.arange(1000) // 32
    left = np.stack(
        [w[blocks != b] @ columns[blocks != b] / w[blocks != b].sum() for b in range(32)]
    )
    assert error == pytest.approx(estimators.jackknife_error(left))


def test_errors_are_calibrated():
    """400 runs with weights: scores spread by 1, the deviation of which is 0.035."""
    scores = []
    for seed in range(400):
        x = uniform(200, 4, 2, seed=seed)
        logs = np.random.default_rng(seed + 1000).uniform(-1, 1, 200)
        g = g_of(x, logs, edges=[0.0, 1.0, 2.0], lengths=SIDES[:2])
        scores.append((g.value - g.ideal) / g.standard_error)
    assert np.all(np.abs(np.std(scores, axis=0) - 1) < 0.18)  # five deviations
    assert np.all(np.abs(np.mean(scores, axis=0)) < 0.25)


def test_chains_have_the_error_of_chains():
    """Configurations that stay for 20 draws: an error sqrt(20) times that of independent ones."""
    x = np.repeat(uniform(30 * 40, 4, 2).reshape(30, 40, 4, 2), 20, axis=1)
    edges = np.linspace(0, 2, 4)
    chains = g_of(x, edges=edges, lengths=SIDES[:2])
    fresh = g_of(x[:, ::20].reshape(-1, 4, 2), edges=edges, lengths=SIDES[:2])
    naive = g_of(x.reshape(-1, 4, 2), edges=edges, lengths=SIDES[:2], n_blocks=24_000)
    assert chains.value == pytest.approx(fresh.value, rel=1e-12)
    assert chains.standard_error == pytest.approx(fresh.standard_error, rel=0.6)
    assert np.all(naive.standard_error < 0.4 * chains.standard_error)


def test_bins_without_pairs_have_no_error():
    x = np.zeros((300, 2, 2))
    x[:, 1, 0] = 1.0
    x[0, 1, 0] = 0.1  # one block alone has a pair here
    g = g_of(x, edges=[0.0, 0.2, 0.5, 1.5], lengths=4.0)
    assert g.counts.tolist() == [1, 0, 299]
    assert g.value[1] == 0.0
    assert np.isnan(g.standard_error).tolist() == [True, True, False]


def test_heavy_weights_are_flagged(pairs):
    x = pairs[0][:2000]
    logs = stats.pareto.rvs(0.5, size=2000, random_state=0)
    with pytest.warns(CalibrationWarning, match="pair_distribution: "):
        g_of(x, np.log(logs), edges=[0.0, 1.0], lengths=SIDES[:2])
    with pytest.warns(CalibrationWarning, match="structure_factor: "):
        s_of(x, np.log(logs), q_max=2.0, lengths=SIDES[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g_of(x, pairs[1][:2000], edges=[0.0, 1.0], lengths=SIDES[:2])
