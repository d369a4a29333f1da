"""The Ising model and its field: enumeration, the exact identity between them, planted errors."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator
from boltzmann_tf.bijectors import Scaling
from boltzmann_tf.systems import Ising, IsingField


@functools.cache
def states(length):
    """Every configuration, `[2^N, L, L]`."""
    every = itertools.product([-1.0, 1.0], repeat=length**2)
    return np.array(list(every)).reshape(-1, length, length)


def energy_by_bonds(s, coupling, field, periodic):
    """A sum over an explicit list of bonds, each with its two ends."""
    n = len(s)
    bonds = []
    for i, j in itertools.product(range(n), repeat=2):
        for a, b in ((i + 1, j), (i, j + 1)):
            if periodic or max(a, b) < n:
                bonds.append(((i, j), (a % n, b % n)))
    return -coupling * sum(s[a] * s[b] for a, b in bonds) - field * s.sum(), len(bonds)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("length", [2, 3, 5])
def test_energy_is_a_sum_over_bonds(length, boundary):
    system = Ising(length, 0.7, field=-0.3, boundary=boundary)
    for s in np.random.default_rng(0).choice([-1.0, 1.0], (8, length, length)):
        wanted, bonds = energy_by_bonds(s, 0.7, -0.3, boundary == "periodic")
        assert bonds == system.bonds
        assert float(system.energy(tf.constant(s[None]))[0]) == pytest.approx(wanted, abs=1e-12)


def flip_costs(system, s, factor=1.0):
    """What `flip_energy` says, times a factor, and what the total energy says."""
    said, seen = [], []
    before = system.energy(tf.constant(s[None])).numpy()[0]
    costs = system.flip_energy(tf.constant(s[None])).numpy()[0]
    for i, j in itertools.product(range(len(s)), repeat=2):
        other = s.copy()
        other[i, j] *= -1
        seen.append(system.energy(tf.constant(other[None])).numpy()[0] - before)
        said.append(factor * costs[i, j])
    return np.array(said), np.array(seen)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("length", [2, 3, 4])
def test_flip_energy_is_the_change_of_the_total(length, boundary):
    system = Ising(length, 1.3, field=0.4, boundary=boundary)
    for s in np.random.default_rng(1).choice([-1.0, 1.0], (4, length, length)):
        np.testing.assert_allclose(*flip_costs(system, s), atol=1e-12)
        said, seen = flip_costs(system, s, factor=0.5)  # the known trap, planted
        assert np.abs(said - seen).max() > 0.1


def test_correlations():
    system = Ising(4)
    s = np.random.default_rng(2).choice([-1.0, 1.0], (3, 4, 4))
    found = system.correlation(tf.constant(s)).numpy()
    assert found.shape == (3, 3)
    np.testing.assert_allclose(found[:, 0], 1)
    np.testing.assert_allclose(found[:, 1], -system.energy(tf.constant(s)).numpy() / 32)
    wanted = [np.mean([a[i, j] * a[(i + 2) % 4, j] for i in range(4) for j in range(4)]) for a in s]
    across = [np.mean([a[i, j] * a[i, (j + 2) % 4] for i in range(4) for j in range(4)]) for a in s]
    np.testing.assert_allclose(found[:, 2], (np.array(wanted) + across) / 2)


FIELDS = [
    (2, 2.3, {}),
    (2, 1.5, {"field": 0.3}),
    (3, 2.0, {"field": -0.2, "coupling": 0.8}),
    (3, 2.0, {"delta": 2.5}),
]


def log_joint(system, temperature, x):
    """log sum_s exp(-H / T) N(x; K~^(1/2) s, 1), with K~^(1/2) from a dense eigenproblem."""
    n = system.length
    s = states(n).reshape(-1, n * n)
    adjacency = np.zeros((n * n, n * n))
    for i, j in itertools.product(range(n), repeat=2):
        for a, b in ((i + 1, j), (i, j + 1)):
            one, two = i * n + j, (a % n) * n + b % n
            adjacency[one, two] += 1
            adjacency[two, one] += 1
    k = system.coupling / temperature * adjacency
    delta = 2 * system.log_z_offset() / n**2 - np.log(2 * np.pi)
    values, vectors = np.linalg.eigh(k + delta * np.eye(n * n))
    assert values.min() > 0
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    energy = Ising(n, system.coupling, system.field).energy(tf.constant(states(n))).numpy()
    square = np.sum((x.reshape(len(x), 1, -1) - s @ root) ** 2, axis=2)
    log = -energy / temperature - 0.5 * square - 0.5 * n**2 * np.log(2 * np.pi)
    top = log.max(axis=1, keepdims=True)
    return np.log(np.exp(log - top).sum(axis=1)) + top[:, 0], s, log


@pytest.mark.parametrize(("length", "temperature", "options"), FIELDS)
def test_the_density_is_the_spins_with_noise(length, temperature, options):
    """Point by point and with its constant: exp(-u) over Z_x / Z is the mixture over all spins."""
    system = IsingField(length, temperature, **options)
    x = 2 * np.random.default_rng(3).standard_normal((20, length, length))
    wanted, _, _ = log_joint(system, temperature, x)
    found = -system.energy(tf.constant(x)).numpy() - system.log_z_offset()
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("length", "temperature", "options"), FIELDS)
def test_spins_given_the_field_are_independent(length, temperature, options):
    """The posterior over all spins by Bayes has the means of `mean_spins`, and factorises."""
    system = IsingField(length, temperature, **options)
    x = np.random.default_rng(4).standard_normal((5, length, length))
    _, s, log = log_joint(system, temperature, x)
    posterior = np.exp(log - log.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = system.mean_spins(tf.constant(x)).numpy().reshape(5, -1)
    np.testing.assert_allclose(posterior @ s, mean, atol=1e-11)
    pairs = np.einsum("bs,si,sj->bij", posterior, s, s)
    off = ~np.eye(length**2, dtype=bool)
    product = mean[:, :, None] * mean[:, None]
    np.testing.assert_allclose(pairs[:, off], product[:, off], atol=1e-11)


def test_drawn_spins_have_their_means():
    """100 000 draws; a mean is off by 6 standard errors with probability 2e-9."""
    system = IsingField(3, 2.0, field=0.3)
    x = np.random.default_rng(5).standard_normal((1, 3, 3))
    mean = system.mean_spins(tf.constant(x)).numpy()[0]
    spins = system.draw_spins(np.repeat(x, 100_000, axis=0), seed=1)
    assert spins.dtype == np.int8
    assert set(np.unique(spins)) == {-1, 1}
    error = np.sqrt((1 - mean**2) / 100_000) + 1e-9
    assert np.all(np.abs(spins.mean(axis=0) - mean) < 6 * error)
    wrong = np.tanh(np.arctanh(mean) / 2)  # planted: sigmoid of once the field
    assert np.any(np.abs(spins.mean(axis=0) - wrong) > 6 * error)


def test_drawn_fields_have_their_mean_square():
    """x is K~^(1/2) s plus white noise, so <|x|^2> = N + <s K~ s>; 6 standard errors."""
    length, temperature = 2, 2.0
    system = IsingField(length, temperature)
    s = states(length)
    energy = Ising(length).energy(tf.constant(s)).numpy()
    p = np.exp(-energy / temperature)
    p /= p.sum()
    n = 100_000
    spins = s[np.random.default_rng(6).choice(len(s), n, p=p)]
    square = np.sum(system.draw_field(spins, seed=2).astype(np.float64) ** 2, axis=(1, 2))
    delta = 2 * system.log_z_offset() / 4 - np.log(2 * np.pi)
    # s K~ s: twice -H / T, as each bond stands on both sides of the diagonal, and N delta.
    wanted = 4 + p @ (-2 * energy / temperature) + 4 * delta
    assert abs(square.mean() - wanted) < 6 * square.std() / np.sqrt(n)


def test_a_family_is_its_members():
    family = IsingField(3, (1.5, 3.5), field=0.1)
    x = np.random.default_rng(7).standard_normal((2, 3, 3))
    together = family.energy(tf.constant(x), tf.constant([[1.7], [2.9]], tf.float64)).numpy()
    for row, temperature, value in zip(x, (1.7, 2.9), together, strict=True):
        single = IsingField(3, temperature, field=0.1)
        assert single.energy(tf.constant(row[None])).numpy()[0] == pytest.approx(value, rel=1e-12)
        assert single.log_z_offset() == pytest.approx(family.log_z_offset(temperature))


def test_spins_are_no_system_for_a_generator():
    with pytest.raises(ValueError, match="system must have a density over real vectors"):
        BoltzmannGenerator(Ising(2), Scaling(4))


SPINS = np.ones((2, 3, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Ising(1), ValueError, "length must be an integer >= 2, got 1"),
        (lambda: Ising(3, boundary="twisted"), ValueError, "boundary must be one of"),
        (lambda: Ising(3, np.nan), ValueError, "coupling must be a finite number"),
        (lambda: Ising(3, boundary="open").correlation(SPINS), ValueError, "boundary must be"),
        (lambda: IsingField(1, 2.0), ValueError, "length must be an integer >= 2, got 1"),
        (lambda: IsingField(4, 0.0), ValueError, "temperature must be a positive"),
        (lambda: IsingField(4, (2.0, 1.0)), ValueError, r"temperature must be .low, high."),
        (lambda: IsingField(4, (1.0, 2.0, 3.0)), ValueError, "temperature must be a number or"),
        (lambda: IsingField(4, 2.0, -1.0), ValueError, "coupling must be a positive"),
        (lambda: IsingField(4, 2.0, delta=2.0), ValueError, "delta must be above 2 for K~ to be"),
        (lambda: IsingField(4, (1.0, 2.0), delta=3.9), ValueError, "delta must be above 4 for"),
        (
            lambda: IsingField(3, 2.0).draw_field(0.5 * SPINS),
            ValueError,
            r"spins must be \+1 or -1, got 18 other value",
        ),
        (
            lambda: IsingField(3, 2.0).draw_field(SPINS[:, :2]),
            ValueError,
            r"spins must have shape \[..., 3, 3\], got \(2, 2, 3\)",
        ),
        (
            lambda: IsingField(3, 2.0).draw_spins(np.zeros((2, 4, 4))),
            ValueError,
            r"x must have shape \[..., 3, 3\], got \(2, 4, 4\)",
        ),
        (
            lambda: IsingField(3, 2.0).draw_spins(SPINS, temperature=1.0),
            ValueError,
            "temperature must be 2.0, got 1.0",
        ),
        (
            lambda: IsingField(3, (1.0, 2.0)).draw_spins(SPINS),
            ValueError,
            "temperature must be given for a family",
        ),
    ],
)
def test_bad_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()
